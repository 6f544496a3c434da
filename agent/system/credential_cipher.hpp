#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace switchyard::agent {

/// Seam: what systemd encrypts a credential with, so that it alone decrypts it when a service starts
/// (LoadCredentialEncrypted=). Real: SystemdCreds. Blocking; any thread.
class CredentialCipher {
 public:
  virtual ~CredentialCipher() = default;
  /// Throws SysError when systemd cannot.
  virtual std::string encrypt(const std::string& name, const std::string& text) = 0;
  /// Nothing when it was not encrypted on this host under this name.
  virtual std::optional<std::string> decrypt(const std::string& name, const std::string& sealed) = 0;
};

/// The program systemd-creds of the host, with the host's key (and TPM, where there is one). Texts go by its standard
/// input and output, never by an argument or a file.
class SystemdCreds final : public CredentialCipher {
 public:
  std::string encrypt(const std::string& name, const std::string& text) override;
  std::optional<std::string> decrypt(const std::string& name, const std::string& sealed) override;
};

}  // namespace switchyard::agent
