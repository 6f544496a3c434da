#include "cli/artifact_upload.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>

#include "cli/errors.hpp"
#include "cli/live_screen.hpp"
#include "cli/time_text.hpp"
#include "common/error.hpp"
#include "common/printable.hpp"
#include "coordinator/artifact/artifact_packer.hpp"
#include "coordinator/artifact/program_lookup.hpp"
#include "coordinator/planner/unit_file.hpp"

namespace switchyard::cli {
namespace {

std::string read_chunk(const artifact::PackedArtifact& packed, std::uint32_t index) {
  const std::uint64_t offset = std::uint64_t{index} * packed.content.chunk_bytes;
  if (offset >= packed.content.bytes) throw DecodeError("the coordinator asks for a chunk that the artifact has not");
  std::string bytes(std::min<std::uint64_t>(packed.content.chunk_bytes, packed.content.bytes - offset), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(packed.archive.descriptor(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("reading the packed artifact");
    if (got == 0) throw Error("the packed artifact " + packed.archive.path().string() + " was cut short meanwhile");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::string bar_line(const std::string& component, std::uint64_t sent, std::uint64_t total) {
  constexpr std::size_t width = 30;
  const std::size_t full = total == 0 ? width : static_cast<std::size_t>(sent * width / total);
  const std::uint64_t percent = total == 0 ? 100 : sent * 100 / total;
  return "Uploading " + component + "  [" + std::string(full, '#') + std::string(width - full, '.') + "] " +
         std::to_string(percent) + " %  " + size_text(sent) + " of " + size_text(total);
}

void note(Context& context, const std::string& component, const artifact::PackedArtifact& packed,
          const std::string& what_became) {
  context.console.notes << component << ": release " << packed.release.str().substr(0, 12) << ", "
                        << size_text(packed.content.bytes) << ", " << what_became << "\n";
}

/// Sends one artifact. What another upload has sent before is not sent again.
class Upload {
 public:
  Upload(Context& context, const std::string& component, const artifact::PackedArtifact& packed)
      : context_(context), component_(component), packed_(packed), path_("/v1/artifacts/" + packed.release.str()) {}

  void run(const std::string& version) {
    const auto missing = read_missing_chunks(context_.api.put_octets(path_ + "/manifest", packed_.manifest));
    {
      LiveScreen screen(context_.console);
      send(missing, screen);
    }
    context_.api.post(path_ + "/complete", write_texts({{"component", component_}, {"version", version}}));
    const std::string how = missing.empty() ? "is there already" : "sent " + size_text(sent_);
    note(context_, component_, packed_, how);
  }

 private:
  void send(const std::vector<std::uint32_t>& missing, LiveScreen& screen) {
    std::uint64_t total = 0;
    for (const std::uint32_t index : missing) total += chunk_bytes(index);
    for (const std::uint32_t index : missing) {
      if (context_.interrupt.pressed()) throw InterruptedError();
      screen.draw({cut_to(bar_line(component_, sent_, total), context_.console.width)});
      context_.api.put_octets(path_ + "/chunks/" + std::to_string(index), read_chunk(packed_, index));
      sent_ += chunk_bytes(index);
    }
  }
  std::uint64_t chunk_bytes(std::uint32_t index) const {
    const std::uint64_t offset = std::min(packed_.content.bytes, std::uint64_t{index} * packed_.content.chunk_bytes);
    return std::min<std::uint64_t>(packed_.content.chunk_bytes, packed_.content.bytes - offset);
  }

  Context& context_;
  const std::string& component_;
  const artifact::PackedArtifact& packed_;
  std::string path_;
  std::uint64_t sent_ = 0;
};

artifact::PackedArtifact pack(const model::Component& component, const std::filesystem::path& directory) {
  const bool tarball = component.artifact.directory.empty();
  try {
    return tarball ? artifact::pack_tarball(directory / component.artifact.tarball)
                   : artifact::pack_directory(directory / component.artifact.directory);
  } catch (const InputError& error) {
    // The packer knows files, and not which line of the manifest named them.
    throw InputError(component.artifact.where + ": component `" + component.name + "`: " + error.what());
  }
}

void check_program(const model::Component& component, const std::vector<std::string>& command, const std::string& where,
                   const artifact::PackedArtifact& packed) {
  std::set<std::string> programs;
  try {
    programs = planner::programs_in_release(component, command);
  } catch (const InputError& error) {
    throw InputError(where + ": component `" + component.name + "`: " + error.what());
  }
  for (const std::string& program : programs) {
    const auto trouble = artifact::program_trouble(packed.entries, component.shared, program);
    if (!trouble) continue;
    throw InputError(where + ": component `" + component.name + "` runs `" + command.front() + "`, but the artifact " +
                     *trouble);
  }
}

/// Known here, and otherwise found out on every host.
void check_programs(const model::Component& component, const artifact::PackedArtifact& packed) {
  check_program(component, component.service.command, component.service.command_where, packed);
  for (const model::RunCommand& run : component.runs) {
    check_program(component, run.command, run.where, packed);
    check_program(component, run.undo, run.where, packed);
  }
  for (const model::HookCommand& hook : component.hooks) {
    check_program(component, hook.command, hook.where, packed);
    check_program(component, hook.undo, hook.where, packed);
  }
}

}  // namespace

void provide_artifacts(Context& context, const model::Manifest& manifest, const std::filesystem::path& directory,
                       ArtifactUse use, DeployBody& body) {
  for (const model::Component& component : manifest.components) {
    if (component.artifact.empty()) continue;
    if (context.interrupt.pressed()) throw InterruptedError();
    const model::ArtifactSource& source = component.artifact;
    LiveScreen screen(context.console);
    screen.draw({cut_to("Packing " + component.name + " from " + printable(source.directory + source.tarball),
                        context.console.width)});
    const artifact::PackedArtifact packed = pack(component, directory);
    screen.clear();
    check_programs(component, packed);
    body.artifacts.emplace(component.name, packed.release.str());
    if (use == ArtifactUse::send) {
      Upload(context, component.name, packed).run(manifest.version);
    } else {
      body.artifact_sizes.emplace(component.name, ArtifactSize{packed.content.bytes, packed.content.unpacked_bytes});
      note(context, component.name, packed, "not sent");
    }
  }
}

}  // namespace switchyard::cli
