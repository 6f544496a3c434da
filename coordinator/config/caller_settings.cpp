#include "coordinator/config/caller_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/error.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"
#include "common/nearest.hpp"

namespace switchyard::config {
namespace {

/// What is shown of a value, or why it cannot be used.
struct Looked {
  std::string shown;
  std::string problem;
};

Looked wrong(const std::string& must_be) { return {"", must_be}; }

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    std::string item = text.substr(from, end - from);
    item.erase(0, std::min(item.find_first_not_of(' '), item.size()));
    item.erase(item.find_last_not_of(' ') + 1);
    items.push_back(std::move(item));
    from = end + 1;
  }
  return items;
}

Looked look_at_environments(const std::string& text) {
  std::string shown;
  for (const std::string& name : split_list(text)) {
    if (!is_name(name)) return wrong("names of environments with commas between them: staging,production");
    shown += (shown.empty() ? "" : ",") + name;
  }
  return {shown, ""};
}

Looked look_at_strategy(const std::string& text) {
  const std::vector<std::string_view> known = {"blue-green", "rolling", "canary", "recreate"};
  if (std::find(known.begin(), known.end(), text) != known.end()) return {text, ""};
  return wrong("one of blue-green, rolling, canary, recreate" + did_you_mean(text, known));
}

/// 300, 300s, 5m
template <unsigned most>
Looked look_at_seconds(const std::string& text) {
  unsigned seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  const std::string unit(stop, end);
  const unsigned factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : 0;
  if (error != std::errc() || factor == 0 || seconds == 0 || seconds > most / factor) {
    return wrong("a time from 1s to " + std::to_string(most) + "s: 300, 300s or 5m");
  }
  return {std::to_string(seconds * factor) + "s", ""};
}

Looked look_at_boolean(const std::string& text) {
  if (text == "true" || text == "1") return {"true", ""};
  if (text == "false" || text == "0") return {"false", ""};
  return wrong("true or false");
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

Looked look_at_word(const std::string& text) { return is_printable(text) ? Looked{text, ""} : wrong("a single word"); }

/// With the user and password of an address left out.
Looked look_at_url(const std::string& text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  const std::string rest = text.substr(scheme);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::size_t at = rest.substr(0, end).rfind('@');
  const std::size_t host = at == std::string::npos ? 0 : at + 1;
  if (scheme == 0 || host >= end || !is_printable(text)) return wrong("an address: https://staging.example.com");
  return {text.substr(0, scheme) + (host > 0 ? "***@" : "") + rest.substr(host), ""};
}

Looked look_at_secret(const std::string& text) {
  return is_printable(text) ? Looked{"<set>", ""} : wrong("one word, without blanks");
}

/// Empty ones do not count, as they do not for the coordinator.
Looked look_at_secrets(const std::string& text) {
  std::vector<std::string> items = split_list(text);
  std::erase_if(items, [](const std::string& item) { return item.empty(); });
  const bool usable = !items.empty() && std::all_of(items.begin(), items.end(), is_printable);
  if (!usable) return wrong("tokens with commas between them");
  return {"<" + std::to_string(items.size()) + " set>", ""};
}

Looked look_at_repository(const std::string& text) {
  const std::size_t slash = text.find('/');
  const bool shaped = is_printable(text) && slash != std::string::npos && slash > 0 && slash + 1 < text.size() &&
                      text.find('/', slash + 1) == std::string::npos;
  return shaped ? Looked{text, ""} : wrong("owner/repository");
}

Looked look_at_path(const std::string& text) {
  return text.starts_with('/') && is_printable(text) ? Looked{text, ""} : wrong("an absolute path");
}

struct Known {
  const char* name;
  const char* fallback;
  Looked (*look)(const std::string&);
  SettingReader reader = SettingReader::nobody_yet;
};
constexpr std::array known_settings = {
    Known{"DEPLOYMENT_ENVIRONMENTS", "", look_at_environments, SettingReader::command},
    Known{"DEPLOYMENT_STRATEGY", "", look_at_strategy, SettingReader::command},
    Known{"HEALTH_CHECK_TIMEOUT", "60s", look_at_seconds<limits::check_deadline_seconds_max>, SettingReader::command},
    Known{"ROLLBACK_ENABLED", "true", look_at_boolean, SettingReader::command},
    Known{"LOG_ANALYSIS_MODEL", "gemini-2.0-flash", look_at_word},
    Known{"INTEGRATION_TEST_TIMEOUT", "600s", look_at_seconds<limits::check_timeout_seconds_max>,
          SettingReader::command},
    Known{"STAGING_URL", "", look_at_url, SettingReader::templates},
    Known{"PRODUCTION_URL", "", look_at_url, SettingReader::templates},
    Known{"GITHUB_TOKEN", "", look_at_secret},
    Known{"GITHUB_REPOSITORY", "", look_at_repository},
    Known{"DEPLOYMENT_ADMIN_TOKENS", "", look_at_secrets, SettingReader::coordinator},
    Known{"DEPLOYMENT_AUDIT_LOG", "", look_at_path, SettingReader::coordinator},
};

}  // namespace

std::vector<CallerSetting> read_caller_settings(
    const std::function<std::optional<std::string>(const std::string& name)>& caller) {
  std::vector<CallerSetting> settings;
  for (const Known& known : known_settings) {
    CallerSetting setting{known.name, known.fallback, false, "", known.reader};
    // Scripts set a variable to nothing to take it back.
    if (const auto text = caller(known.name); text && !text->empty()) {
      Looked looked = known.look(*text);
      setting.is_set = true;
      setting.value = std::move(looked.shown);
      if (!looked.problem.empty()) {
        setting.problem = std::string("the environment variable ") + known.name + " must be " + looked.problem;
      }
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

model::ManifestDefaults manifest_defaults(const std::vector<CallerSetting>& settings) {
  const auto find = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&](const CallerSetting& setting) { return setting.name == name; });
    if (found == settings.end() || !found->is_set) return std::nullopt;
    if (!found->problem.empty()) throw InputError(found->problem);
    return found->value;
  };
  // They are shown as 300s, whatever the caller wrote.
  const auto seconds = [&](std::string_view name) -> std::optional<std::uint32_t> {
    const auto text = find(name);
    if (!text) return std::nullopt;
    return static_cast<std::uint32_t>(std::stoul(*text));
  };
  model::ManifestDefaults defaults;
  if (const auto strategy = find("DEPLOYMENT_STRATEGY")) defaults.strategy = model::strategy_from_name(*strategy);
  defaults.check_deadline_s = seconds("HEALTH_CHECK_TIMEOUT");
  defaults.test_timeout_s = seconds("INTEGRATION_TEST_TIMEOUT");
  if (const auto enabled = find("ROLLBACK_ENABLED")) defaults.rollback_on_failure = *enabled == "true";
  return defaults;
}

}  // namespace switchyard::config
