#pragma once

#include "coordinator/store/sqlite_database.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::store {

/// Carries out the writes of one transaction that its caller has begun. Throws ConflictError and StoreError.
class SqliteWriter {
 public:
  explicit SqliteWriter(SqliteDatabase& database) : database_(database) {}

  void operator()(const PutDeployment& write);
  void operator()(const PutPlan& write);
  void operator()(const PutDecision& write);
  void operator()(const TakeLock& write);
  void operator()(const ReleaseLocks& write);
  void operator()(const PutHost& write);
  void operator()(const PutToken& write);
  void operator()(const UseToken& write);
  void operator()(const AddApiToken& write);
  void operator()(const RevokeApiToken& write);
  void operator()(const PutApproval& write);
  void operator()(const PutTotp& write);
  void operator()(const DropTotp& write);
  void operator()(const UseTotp& write);
  void operator()(const PutCheck& write);
  void operator()(const DropCheck& write);
  void operator()(const PutSecret& write);
  void operator()(const DropSecret& write);
  void operator()(const PutPolicies& write);
  void operator()(const PutServing& write);
  void operator()(const AddSnapshot& write);
  void operator()(const DropSnapshot& write);
  void operator()(const PutArtifact& write);
  void operator()(const DropArtifact& write);
  void operator()(const PutSource& write);
  void operator()(const PutRequestKey& write);
  void operator()(const AppendTimeline& write);
  void operator()(const AppendAudit& write);
  void operator()(const SetRestored& write);

 private:
  /// The one text that a query gives; nothing without a row.
  std::optional<std::string> find_text(std::string_view sql, const std::string& key);

  SqliteDatabase& database_;
};

}  // namespace switchyard::store
