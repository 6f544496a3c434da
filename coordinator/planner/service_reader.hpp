#pragma once

#include "common/yaml_reader.hpp"
#include "coordinator/model/manifest.hpp"

namespace switchyard::planner {

/// The parts of a component that say what runs and where its traffic comes in. All throw InputError.
model::Service read_service(const YamlNode& node);
/// One entry of `run:`. The component's user and timeout are those of a command that names none.
/// argv of a program that is run by itself. The program is a path: of the release, or absolute.
std::vector<std::string> read_run_words(const YamlNode& command);
/// A user's name.
std::string read_user(const YamlNode& node);
model::RunCommand read_run(const YamlNode& node, const model::Component& component);
model::Ports read_ports(const YamlNode& node);
/// Sets `traffic` and `haproxy`.
void read_traffic(const YamlNode& node, model::Component& component);

}  // namespace switchyard::planner
