#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace switchyard::agent {

/// A password or key that a check signs in with: the file of that name in the host's own directory of credentials,
/// without the line end. A plan names it and never holds it; and it names no path, so that it cannot have another file
/// of this host sent anywhere. Nothing, and `why`, when it cannot be had.
std::optional<std::string> read_credential(const std::filesystem::path& directory, const std::string& name,
                                           std::string& why);

}  // namespace switchyard::agent
