#pragma once

#include <string>

#include "common/yaml_reader.hpp"
#include "protocol/step.hpp"

namespace switchyard::planner {

using ProbeKind = decltype(protocol::ProbeSpec::kind);

/// The `type` and the `config` of a health check. Texts may hold variables, which are checked and not yet filled in.
/// Throws InputError.
ProbeKind read_probe_kind(const YamlNode& check);

/// A text whose variables are checked where the text stands.
std::string checked_text(const YamlNode& node);
/// An http:// address, its variables checked.
std::string read_url(const YamlNode& node);
std::vector<std::uint16_t> read_expected_status(const YamlNode& config);
std::map<std::string, std::string> read_headers(const YamlNode& config);

/// The `config` of a smoke suite (smoke_reader.cpp).
protocol::SmokeProbe read_smoke(const YamlNode& config);

}  // namespace switchyard::planner
