#include "common/error.hpp"

#include <cerrno>
#include <system_error>

namespace switchyard {

SysError::SysError(int number, const std::string& what)
    : Error(what + ": " + std::generic_category().message(number)), error_number(number) {}

void throw_errno(const std::string& what) {
  const int number = errno;
  throw SysError(number, what);
}

}  // namespace switchyard
