#include "agent/executors/configuration_executor.hpp"

#include <utility>

#include "agent/executors/allowed_paths.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/configuration_box.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint32_t directory_mode = 0700;
constexpr std::uint32_t file_mode = 0600;

bool is_digest(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// One part of a path, and no hidden one.
bool is_file_name(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' && text.find('/') == std::string::npos;
}

std::optional<std::string> read_file(const Directory& root, const std::string& relative) {
  const std::optional<FileDescriptor> file = root.find_file(relative);
  if (!file) return std::nullopt;
  std::string bytes(limits::credential_output_bytes_max, '\0');
  bytes.resize(read_fully(file->get(), bytes.data(), bytes.size(), relative));
  return bytes;
}

}  // namespace

std::string configuration_directory(const HostPaths& paths, const protocol::EnsureConfiguration& wanted) {
  return (paths.components / wanted.component / "configuration" / wanted.digest).string();
}

ConfigurationExecutor::ConfigurationExecutor(const HostPaths& paths, FileExecutor& files, CredentialCipher& cipher,
                                             SecretKey secret_key, SecretMask& mask)
    : paths_(paths), files_(files), cipher_(cipher), secret_key_(std::move(secret_key)), mask_(mask) {}

protocol::StepResult ConfigurationExecutor::run(const protocol::Action& action, const StepContext& context) {
  const auto& wanted = std::get<protocol::EnsureConfiguration>(action);
  if (!is_digest(wanted.digest) || !is_file_name(wanted.file)) {
    return failed("bad_request", "the configuration of " + wanted.component + " names no place of its own");
  }
  const std::string directory = configuration_directory(paths_, wanted);
  const std::string path = directory + "/" + wanted.file;
  const auto content = protocol::open_configuration(secret_key_(), wanted);
  if (content) mask_.add(content->secrets);
  const auto found = find_allowed(paths_, path);
  if (const auto* refusal = std::get_if<PathRefusal>(&found)) {
    return failed("path_not_allowed", path + " may not be touched: " + refusal->why);
  }
  const auto& place = std::get<AllowedPlace>(found);
  const std::optional<std::string> present = read_file(place.root, place.relative);
  if (!content) {
    if (present) {
      return done(
          false,
          path + " was there already; it cannot be compared, since it was sealed to another key of this " + "host");
    }
    return failed("sealed_to_another", "the configuration of " + wanted.component +
                                           " was sealed to another key than this host's; deploy anew");
  }
  const std::size_t slash = place.relative.rfind('/');
  const std::string parent = place.relative.substr(0, slash);
  place.root.ensure_directory(parent.substr(0, parent.rfind('/')), directory_mode);
  place.root.ensure_directory(parent, directory_mode);
  if (!wanted.encrypted) return write(wanted, path, content->text, context);
  if (present && cipher_.decrypt(wanted.file, *present) == content->text) {
    // Whoever made it has made it for root alone, or that is put right here.
    return write(wanted, path, *present, context);
  }
  protocol::StepResult result = write(wanted, path, cipher_.encrypt(wanted.file, content->text), context);
  if (result.state != protocol::StepState::done) return result;
  const std::optional<std::string> after = read_file(place.root, place.relative);
  if (after && cipher_.decrypt(wanted.file, *after) == content->text) return result;
  return failed("changed_meanwhile", path + " was encrypted and reads differently: something else writes it, or " +
                                         "systemd-creds has another key than before");
}

protocol::StepResult ConfigurationExecutor::write(const protocol::EnsureConfiguration& wanted, const std::string& path,
                                                  const std::string& text, const StepContext& context) {
  protocol::EnsureFile file;
  file.path = path;
  file.content = text;
  file.mode = file_mode;
  protocol::StepResult result = files_.run(file, context);
  // The digest of a short secret tells the secret.
  result.evidence.clear();
  result.evidence["configuration"] = wanted.digest;
  return result;
}

}  // namespace switchyard::agent
