#include "web/page.hpp"

#include <nlohmann/json.hpp>

#include "http/text.hpp"

namespace guestbook {

namespace {

/// Puts values in place of {{name}}; a name without a value becomes nothing.
std::string fill(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string filled;
  std::size_t done = 0;
  while (true) {
    const auto open = text.find("{{", done);
    const auto close = text.find("}}", open == std::string::npos ? text.size() : open);
    if (close == std::string::npos) return filled + text.substr(done);
    filled += text.substr(done, open - done);
    const auto value = values.find(text.substr(open + 2, close - open - 2));
    if (value != values.end()) filled += value->second;
    done = close + 2;
  }
}

std::string as_text(const nlohmann::json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

}  // namespace

Page::Page(const Release& release)
    : page_(read_file(release.directory / "page.html")),
      entry_(read_file(release.directory / "entry.html")),
      about_({{"release", http::escape_html(release.version)}, {"slot", http::escape_html(release.slot)}}) {}

std::string Page::render(const std::string& entries_json) const {
  std::string entries;
  const auto answer = nlohmann::json::parse(entries_json);
  for (const auto& entry : answer.at("entries")) {
    std::map<std::string, std::string> values;
    for (const auto& [name, value] : entry.items()) values[name] = http::escape_html(as_text(value));
    entries += fill(entry_, values);
  }
  auto values = about_;
  values["entries"] = entries;
  return fill(page_, values);
}

}  // namespace guestbook
