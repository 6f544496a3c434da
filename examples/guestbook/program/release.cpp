#include "program/release.hpp"

#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "http/text.hpp"
#include "program/environment.hpp"

namespace guestbook {

namespace {

void read_features(const std::filesystem::path& path, Release& release) {
  const auto features = nlohmann::json::parse(read_file(path));
  release.entry_fields = features.value("entry_fields", std::vector<std::string>());
  if (!features.contains("spool")) return;
  release.spool_directory = environment_or("GUESTBOOK_SPOOL", features["spool"].at("directory"));
  release.is_spool_required = features["spool"].at("required");
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text.str();
}

Release read_release() {
  const auto beside_program = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  Release release;
  release.directory = environment_or("RELEASE", beside_program.string());
  const std::string version = read_file(release.directory / "VERSION");
  release.version = http::trim(std::string_view(version).substr(0, version.find('\n')));
  release.slot = environment_or("SLOT", "main");
  const auto features = release.directory / "features.json";
  if (std::filesystem::exists(features)) read_features(features, release);
  return release;
}

http::Response describe(const Release& release) {
  const nlohmann::json text = {{"release", release.version}, {"slot", release.slot}, {"pid", ::getpid()}};
  return {.status = 200, .content_type = "application/json", .body = text.dump() + "\n", .headers = {}};
}

}  // namespace guestbook
