#pragma once

#include <stdexcept>
#include <string>

/// The operating errors of the system, one tree. Expected outcomes (a probe that fails, a step that exits 1) are values
/// and never thrown. Errors are caught at five places only: per message (transport), per event (loop), per step
/// (step runner), per request (api) and in main().
namespace switchyard {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Input that a person wrote is wrong: a manifest, a configuration file, an argument. what() says file:line:column.
struct InputError : Error {
  using Error::Error;
};
/// Bytes from a peer or from disk are not what the format allows.
struct DecodeError : Error {
  using Error::Error;
};
struct StoreError : Error {
  using Error::Error;
};
/// The store's disk is full: nothing can be written until somebody has made room, and what is known can be read.
struct StoreFullError : StoreError {
  using StoreError::StoreError;
};
/// The store says that another coordinator holds a newer epoch: this process must end.
struct StaleEpochError : StoreError {
  using StoreError::StoreError;
};
struct TransportError : Error {
  using Error::Error;
};
struct CryptoError : Error {
  using Error::Error;
};
/// A system call failed; errno is captured at once.
struct SysError : Error {
  SysError(int error_number, const std::string& what);
  int error_number;
};

/// Throws SysError with the present errno.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace switchyard
