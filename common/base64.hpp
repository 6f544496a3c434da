#pragma once

#include <string>
#include <string_view>

namespace switchyard {

/// RFC 4648 with padding, in one line. Pure.
std::string base64(std::string_view bytes);

}  // namespace switchyard
