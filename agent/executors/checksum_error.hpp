#pragma once

#include "common/error.hpp"

namespace switchyard::agent {

/// Bytes are not those of which the digest is known: of an archive as the bulk socket gave it, or of a copy on the
/// disk.
struct ChecksumError : Error {
  using Error::Error;
};

}  // namespace switchyard::agent
