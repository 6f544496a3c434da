#pragma once

#include <functional>
#include <string>

#include "agent/executors/executor.hpp"
#include "agent/executors/file_executor.hpp"
#include "agent/system/credential_cipher.hpp"
#include "common/secret_mask.hpp"

namespace switchyard::agent {

/// EnsureConfiguration: opens the box with this host's key and makes the file, for root alone, in a directory that is
/// named after the configuration's digest, so that every slot keeps its own. What is there is compared first, and read
/// back afterwards; one that is kept encrypted is decrypted for that in memory only. No result says anything of the
/// content, and from here on the mask knows its secrets: before the service that it is for can print them. Several may
/// run at once, for different components.
class ConfigurationExecutor final : public Executor {
 public:
  /// `secret_key`: the agent's own, in Z85; asked for when a box is opened.
  using SecretKey = std::function<std::string()>;
  ConfigurationExecutor(const HostPaths& paths, FileExecutor& files, CredentialCipher& cipher, SecretKey secret_key,
                        SecretMask& mask);
  protocol::StepResult run(const protocol::Action& action, const StepContext& context) override;

 private:
  protocol::StepResult write(const protocol::EnsureConfiguration& wanted, const std::string& path,
                             const std::string& text, const StepContext& context);

  HostPaths paths_;
  FileExecutor& files_;
  CredentialCipher& cipher_;
  SecretKey secret_key_;
  SecretMask& mask_;
};

/// /srv/api/configuration/<digest>: where a component's configuration with that digest lies.
std::string configuration_directory(const HostPaths& paths, const protocol::EnsureConfiguration& wanted);

}  // namespace switchyard::agent
