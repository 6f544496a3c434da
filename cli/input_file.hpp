#pragma once

#include <cstddef>
#include <string>

namespace switchyard::cli {

/// The whole of a file that a person named. Throws InputError when it cannot be read or is larger than `bytes_max`.
std::string read_input_file(const std::string& path, std::size_t bytes_max);

}  // namespace switchyard::cli
