#pragma once

#include "cli/context.hpp"
#include "cli/exit_status.hpp"
#include "cli/offline.hpp"
#include "cli/options.hpp"

/// One function per verb, each in a file of its own name. They ask the coordinator, print, and say how it went; errors
/// are thrown and become an exit status in run.cpp.
namespace switchyard::cli {

ExitStatus run_command(Context& context, const DeployStart& options);
ExitStatus run_command(Context& context, const DeploySimulate& options);
ExitStatus run_command(Context& context, const PlanShow& options);
ExitStatus run_command(Context& context, const DeployStatus& options);
ExitStatus run_command(Context& context, const DeployList& options);
ExitStatus run_command(Context& context, const DeployCancel& options);
ExitStatus run_command(Context& context, const DeployHold& options);
ExitStatus run_command(Context& context, const DeployResume& options);
ExitStatus run_command(Context& context, const DeployPromote& options);
ExitStatus run_command(Context& context, const DeployResolve& options);
ExitStatus run_command(Context& context, const RollbackStart& options);
ExitStatus run_command(Context& context, const RollbackTargets& options);
ExitStatus run_command(Context& context, const RollbackStatus& options);
ExitStatus run_command(Context& context, const RollbackList& options);
ExitStatus run_command(Context& context, const ServingStatus& options);
ExitStatus run_command(Context& context, const AgentsList& options);
ExitStatus run_command(Context& context, const AgentsTokenCreate& options);
ExitStatus run_command(Context& context, const AgentsRevoke& options);
ExitStatus run_command(Context& context, const Recover& options);
ExitStatus run_command(Context& context, const KeysShow& options);
ExitStatus run_command(Context& context, const KeysRenew& options);
ExitStatus run_command(Context& context, const HostsList& options);
ExitStatus run_command(Context& context, const HostsAdd& options);
ExitStatus run_command(Context& context, const HostsRemove& options);
ExitStatus run_command(Context& context, const HostsReplace& options);
ExitStatus run_command(Context& context, const AuditList& options);
ExitStatus run_command(Context& context, const AuditVerify& options);
ExitStatus run_command(Context& context, const AuditExportAll& options);
ExitStatus run_command(Context& context, const TokensCreate& options);
ExitStatus run_command(Context& context, const TokensList& options);
ExitStatus run_command(Context& context, const TokensRevoke& options);
ExitStatus run_command(Context& context, const ApprovalsList& options);
ExitStatus run_command(Context& context, const ApprovalsShow& options);
ExitStatus run_command(Context& context, const ApprovalsDecide& options);
ExitStatus run_command(Context& context, const HealthRegister& options);
ExitStatus run_command(Context& context, const HealthRun& options);
ExitStatus run_command(Context& context, const HealthList& options);
ExitStatus run_command(Context& context, const HealthRemove& options);
ExitStatus run_command(Context& context, const TotpEnrol& options);
ExitStatus run_command(Context& context, const TotpReset& options);
ExitStatus run_command(Context& context, const SecretsSet& options);
ExitStatus run_command(Context& context, const SecretsList& options);
ExitStatus run_command(Context& context, const SecretsRm& options);
ExitStatus run_command(Context& context, const SnapshotCreate& options);
ExitStatus run_command(Context& context, const SnapshotList& options);
ExitStatus run_command(Context& context, const SnapshotShow& options);
ExitStatus run_command(Context& context, const SnapshotRestore& options);
ExitStatus run_command(Context& context, const SnapshotRm& options);
// These need no coordinator.
ExitStatus validate(const Console& console, const Validate& options);
ExitStatus config_show(Offline& offline, const ConfigShow& options);
ExitStatus config_validate(Offline& offline, const ConfigValidate& options);
ExitStatus config_list(Offline& offline, const ConfigList& options);
ExitStatus config_render(Offline& offline, const ConfigRender& options);

}  // namespace switchyard::cli
