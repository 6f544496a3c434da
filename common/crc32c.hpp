#pragma once

#include <cstdint>
#include <string_view>

namespace switchyard {

/// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as in RFC 3720 appendix B.4. Finds torn and flipped bytes; it
/// is no protection against somebody who means it.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace switchyard
