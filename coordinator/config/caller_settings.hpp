#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/model/manifest.hpp"

namespace switchyard::config {

/// Who acts on a setting.
enum class SettingReader {
  nobody_yet,   ///< it is read and checked, and nothing acts on it
  command,      ///< the command line, in the environment of whoever calls it
  templates,    ///< only templates, where the environment's file names it
  coordinator,  ///< the coordinator, in its own environment: what the caller has set means nothing to it
};

/// An environment variable of whoever calls the command that Switchyard itself knows (docs/configuration.md).
struct CallerSetting {
  std::string name;
  std::string value;    ///< as it may be shown: of secrets only that they are there
  bool is_set = false;  ///< false: `value` is the default; empty: there is none
  std::string problem;  ///< why the value cannot be used; empty: it can
  SettingReader reader = SettingReader::nobody_yet;
};

/// All of them, in the order of the documentation. Pure.
std::vector<CallerSetting> read_caller_settings(
    const std::function<std::optional<std::string>(const std::string& name)>& caller);

/// What those that are set say where a manifest says nothing. Throws InputError when one of them cannot be used. Pure.
model::ManifestDefaults manifest_defaults(const std::vector<CallerSetting>& settings);

}  // namespace switchyard::config
