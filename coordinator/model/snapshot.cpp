#include "coordinator/model/snapshot.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

#include "common/crypto.hpp"

namespace switchyard::model {
namespace {

constexpr std::int64_t day_ms = 24LL * 3'600'000;

/// Numbers and texts in a row, each with its length: no two different snapshots have the same bytes.
class SnapshotBytes {
 public:
  void add(std::string_view text) {
    bytes_ += std::to_string(text.size());
    bytes_ += ':';
    bytes_ += text;
  }
  void add_number(std::int64_t number) { add(std::to_string(number)); }
  void add_place(const SnapshotPlace& place) {
    add(place.host.str());
    add(place.component);
    add_number(static_cast<std::int64_t>(place.serving.kind));
    add(place.serving.slot);
    add(place.serving.release.str());
    add(place.serving.unit);
    add(place.version);
    add(place.unit_state);
    add(place.enablement);
    add(place.configuration);
    add(place.deployment.str());
    add(place.origin.str());
    add(place.origin_digest);
    add_number(static_cast<std::int64_t>(place.files.size()));
    for (const std::string& file : place.files) add(file);
    add_number(place.files_present);
  }
  void add_schema(const SavedSchema& schema) {
    const protocol::DatabaseProbe& database = schema.demand.database;
    const protocol::TlsDemand tls = database.tls.value_or(protocol::TlsDemand{});
    const protocol::MigrationTable migrations = schema.demand.migrations.value_or(protocol::MigrationTable{});
    add(schema.demand.name);
    add(database.host);
    add_number(database.port);
    for (const std::string& text : {database.user, database.database, database.query, database.credential}) add(text);
    add_number(database.tls ? 1 + static_cast<std::int64_t>(tls.mode) : 0);
    add(tls.authorities);
    add_number(schema.demand.migrations ? 1 : 0);
    for (const std::string& text : {migrations.table, migrations.column, migrations.order}) add(text);
    const protocol::SchemaFact& fact = schema.fact;
    for (const std::string& text : {fact.name, fact.server_version, fact.dump_version, fact.sha256}) add(text);
    add_number(static_cast<std::int64_t>(fact.bytes));
    for (const std::string& text : {fact.migration, fact.file, fact.why_not}) add(text);
  }
  const std::string& all() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace

std::string checksum_of(const SnapshotRow& snapshot) {
  SnapshotBytes bytes;
  bytes.add("switchyard snapshot 1");
  bytes.add(snapshot.id.str());
  bytes.add(snapshot.environment);
  bytes.add(snapshot.name);
  bytes.add(snapshot.author);
  bytes.add(snapshot.reason);
  bytes.add_number(snapshot.created_wall_ms);
  bytes.add_number(static_cast<std::int64_t>(snapshot.places.size()));
  for (const SnapshotPlace& place : snapshot.places) bytes.add_place(place);
  // After all the rest, so that a snapshot without any has the checksum that it had before there were schemas.
  const bool any = std::any_of(snapshot.places.begin(), snapshot.places.end(),
                               [](const SnapshotPlace& place) { return !place.schemas.empty(); });
  if (!any) return sha256_hex(bytes.all());
  for (const SnapshotPlace& place : snapshot.places) {
    bytes.add_number(static_cast<std::int64_t>(place.schemas.size()));
    for (const SavedSchema& schema : place.schemas) bytes.add_schema(schema);
  }
  return sha256_hex(bytes.all());
}

bool is_whole(const SnapshotRow& snapshot) { return snapshot.checksum == checksum_of(snapshot); }

bool is_on_same_host(const protocol::DatabaseProbe& database) {
  // A name that begins with 127. is a name.
  in_addr address{};
  const bool numeric = ::inet_pton(AF_INET, database.host.c_str(), &address) == 1;
  constexpr std::uint32_t loopback = 127;
  return database.host == "localhost" || database.host == "::1" || (numeric && ntohl(address.s_addr) >> 24 == loopback);
}

void read_shared_schemas_once(std::vector<SnapshotPlace>& places) {
  std::set<std::tuple<std::string, std::string, std::uint16_t, std::string>> read;
  for (SnapshotPlace& place : places) {
    std::erase_if(place.schemas, [&](const SavedSchema& schema) {
      const protocol::DatabaseProbe& database = schema.demand.database;
      if (is_on_same_host(database)) return false;
      return !read.insert({place.component, database.host, database.port, database.database}).second;
    });
  }
}

std::string versions_of(const SnapshotRow& snapshot) {
  std::set<std::string> versions;
  for (const SnapshotPlace& place : snapshot.places) {
    if (!place.version.empty()) versions.insert(place.version);
  }
  std::string text;
  for (const std::string& version : versions) text += (text.empty() ? "" : ", ") + version;
  return text;
}

std::vector<SnapshotId> snapshots_to_drop(const std::vector<SnapshotRow>& newest_first,
                                          const SnapshotRetention& retention, const std::set<SnapshotId>& in_use,
                                          std::int64_t now_wall_ms) {
  std::vector<SnapshotId> drop;
  std::size_t kept = 0;
  for (const SnapshotRow& row : newest_first) {
    const bool old = retention.days > 0 && row.created_wall_ms < now_wall_ms - day_ms * retention.days;
    const bool beyond = kept >= retention.keep;
    if ((old || beyond) && !in_use.contains(row.id)) {
      drop.push_back(row.id);
    } else {
      ++kept;
    }
  }
  return drop;
}

}  // namespace switchyard::model
