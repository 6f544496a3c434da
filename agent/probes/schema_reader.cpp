#include "agent/probes/schema_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/probes/database_session.hpp"
#include "agent/probes/schema_dump.hpp"
#include "agent/system/child_process.hpp"
#include "common/error.hpp"
#include "common/limits_snapshots.hpp"

namespace switchyard::agent {
namespace {

/// A file that is not there: libpq would look for one of root's otherwise.
constexpr const char* no_file = "/nonexistent";
/// Where Debian keeps the authorities that the host trusts; libpq before 16 knows no name for them.
constexpr const char* trusted_authorities = "/etc/ssl/certs/ca-certificates.crt";

SchemaReading unread(std::string code, std::string why) {
  SchemaReading reading;
  reading.code = std::move(code);
  reading.fact.why_not = std::move(why);
  return reading;
}

/// The version in `15` or `pgsql-15`; 0: there is none.
int version_in(std::string_view name) {
  const std::size_t digits = name.find_first_of("0123456789");
  if (digits == std::string_view::npos) return 0;
  int version = 0;
  std::from_chars(name.data() + digits, name.data() + name.size(), version);
  return version;
}

/// One line of a password file, for every server: pg_dump is told of one.
std::string password_line(const std::string& password) {
  std::string line = "*:*:*:*:";
  for (const char c : password) {
    if (c == ':' || c == '\\') line += '\\';
    line += c;
  }
  return line + "\n";
}

void add_tls(const protocol::TlsDemand& tls, std::vector<std::string>& environment) {
  const bool verifies = tls.mode != protocol::TlsMode::require;
  const std::string authorities = tls.authorities.empty() ? trusted_authorities : tls.authorities;
  environment.push_back(std::string("PGSSLMODE=") + (tls.mode == protocol::TlsMode::require     ? "require"
                                                     : tls.mode == protocol::TlsMode::verify_ca ? "verify-ca"
                                                                                                : "verify-full"));
  environment.push_back("PGSSLROOTCERT=" + (verifies ? authorities : no_file));
}

/// Where to, and as whom: by variables, for a name of a database among the arguments could be taken for more than a
/// name.
std::vector<std::string> environment_for(const protocol::DatabaseProbe& probe, bool with_password) {
  std::vector<std::string> environment = {
      "PGHOST=" + probe.host, "PGPORT=" + std::to_string(probe.port), "PGUSER=" + probe.user,
      "PGDATABASE=" + probe.database, "PGAPPNAME=switchyard", "PGCONNECT_TIMEOUT=5", "PGGSSENCMODE=disable",
      // Known from version 16 on.
      "PGREQUIREAUTH=scram-sha-256,none", std::string("PGSSLCERT=") + no_file, std::string("PGSSLKEY=") + no_file,
      std::string("PGPASSFILE=") + (with_password ? "/proc/self/fd/0" : no_file)};
  if (!probe.tls) {
    environment.push_back("PGSSLMODE=disable");
    return environment;
  }
  add_tls(*probe.tls, environment);
  // Whoever has not proven to be the host must prove to know the password, and to be where TLS ends.
  const bool proven = probe.tls->mode == protocol::TlsMode::verify_full;
  if (with_password && !proven) environment.push_back("PGCHANNELBINDING=require");
  return environment;
}

std::vector<std::string> dump_command(const std::filesystem::path& program) {
  return {program.string(),
          "--schema-only",
          "--no-owner",
          "--no-privileges",
          "--no-password",
          "--encoding=UTF8",
          "--lock-wait-timeout=" + std::to_string(limits::schema_lock_ms_max)};
}

std::string newest_query(const protocol::MigrationTable& migrations) {
  std::string table = migrations.table;
  const std::size_t point = table.find('.');
  if (point != std::string::npos) table.replace(point, 1, "\".\"");
  return "SELECT \"" + migrations.column + "\" FROM \"" + table + "\" ORDER BY \"" + migrations.order +
         "\" DESC NULLS LAST LIMIT 1";
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c < 0 || (c >= ' ' && c != 127); });
}

/// What the database says before and after the dump.
struct SignedIn {
  std::optional<std::string> password;
  std::string migration;
  std::string why;  ///< not empty: it did not come to that
};

SignedIn look_in(const protocol::SchemaDemand& demand, const std::filesystem::path& credentials) {
  SignedIn found;
  DatabaseSession session = sign_in_to(demand.database, credentials, limits::schema_connect_ms_max, {});
  found.why = session.why;
  found.password = std::move(session.password);
  if (!session.client || !demand.migrations) return found;
  std::string why;
  const auto newest = session.client->ask_value(newest_query(*demand.migrations), why);
  const std::string table =
      "the newest migration in the table " + demand.migrations->table + " of " + database_text(demand.database);
  if (!newest) {
    found.why = table + " cannot be read: " + why;
  } else if (newest->size() > limits::migration_bytes_max || !is_printable(*newest)) {
    found.why = table + " is no name of one line; name the column that has the names (`column`)";
  } else {
    found.migration = *newest;
  }
  return found;
}

SchemaReading reading_of(const protocol::DatabaseProbe& probe, const ProcessOutcome& outcome, std::int64_t dump_ms) {
  const std::string what = "the schema of " + database_text(probe);
  if (outcome.timed_out) {
    return unread("timeout",
                  what + " was not read: pg_dump did not end within " + std::to_string(dump_ms / 1'000) + " s");
  }
  if (outcome.truncated) {
    return unread("too_large", what + " has more than " + std::to_string(limits::schema_bytes_max) +
                                   " bytes; take it out of schemas_to_backup: it needs a backup of its own");
  }
  if (outcome.exit_status != 0) {
    return unread("schema_unread", what + " was not read: pg_dump ended with status " +
                                       std::to_string(outcome.exit_status) + ": " + outcome.errors);
  }
  const auto dump = read_schema_dump(outcome.output);
  if (!dump) return unread("schema_unread", what + " was not read: what pg_dump wrote has no end, or no head");
  SchemaReading reading;
  reading.fact.server_version = dump->server_version;
  reading.fact.dump_version = dump->dump_version;
  reading.fact.sha256 = dump->sha256;
  reading.fact.bytes = outcome.output.size();
  reading.text = outcome.output;
  return reading;
}

}  // namespace

std::optional<std::filesystem::path> find_pg_dump(const std::filesystem::path& programs) {
  std::optional<std::filesystem::path> newest;
  int newest_version = 0;
  const auto look_at = [&](const std::filesystem::path& place, std::string_view name) {
    const std::filesystem::path program = place / "bin/pg_dump";
    const int version = version_in(name);
    if (version <= newest_version || ::access(program.c_str(), X_OK) != 0) return;
    newest = program;
    newest_version = version;
  };
  std::error_code none;  // a directory that is not there has no entries
  for (const auto& entry : std::filesystem::directory_iterator(programs / "lib/postgresql", none)) {
    look_at(entry.path(), entry.path().filename().string());
  }
  for (const auto& entry : std::filesystem::directory_iterator(programs, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("pgsql-")) look_at(entry.path(), name);
  }
  if (newest) return newest;
  const std::filesystem::path only = programs / "bin/pg_dump";
  if (::access(only.c_str(), X_OK) == 0) return only;
  return std::nullopt;
}

SchemaReading SchemaReader::read(const protocol::SchemaDemand& demand, std::int64_t left_ms) const {
  SchemaReading reading;
  try {
    reading = read_unmasked(demand, left_ms);
  } catch (const Error& error) {
    reading = unread("error", error.what());
  }
  reading.fact.name = demand.name;
  mask_.apply(reading.fact.why_not);
  return reading;
}

SchemaReading SchemaReader::read_unmasked(const protocol::SchemaDemand& demand, std::int64_t left_ms) const {
  // To sign in before, and for the newest migration after.
  const std::int64_t dump_ms =
      std::min<std::int64_t>(limits::schema_dump_ms_max, left_ms - 2 * std::int64_t{limits::schema_connect_ms_max});
  if (dump_ms < limits::schema_lock_ms_max) {
    return unread("timeout", "the schema of " + database_text(demand.database) +
                                 " was not read: the databases before it took all the time that there is");
  }
  const auto program = find_pg_dump(places_.programs);
  if (!program) {
    return unread("no_pg_dump",
                  "there is no pg_dump on this host; install the client programs of PostgreSQL, of the "
                  "server's version or a newer one (Debian: apt install postgresql-client)");
  }
  const SignedIn before = look_in(demand, places_.credentials);
  if (!before.why.empty()) return unread("schema_unread", before.why);
  if (before.password && before.password->find_first_of("\r\n") != std::string::npos) {
    return unread("schema_unread", "the credential `" + demand.database.credential +
                                       "` has more than one line, which pg_dump does not take; give the user another");
  }
  const std::string input = before.password ? password_line(*before.password) : std::string();
  SchemaReading reading = reading_of(demand.database,
                                     run_process({.argv = dump_command(*program),
                                                  .input = input,
                                                  .timeout_ms = static_cast<int>(dump_ms),
                                                  .output_bytes_max = limits::schema_bytes_max,
                                                  .environment = environment_for(demand.database, !input.empty())}),
                                     dump_ms);
  if (!reading.known() || !demand.migrations) return reading;
  const SignedIn after = look_in(demand, places_.credentials);
  if (!after.why.empty()) return unread("schema_unread", after.why);
  if (after.migration != before.migration) {
    return unread("changed_meanwhile", database_text(demand.database) +
                                           " was migrated while its schema was read (from " + before.migration +
                                           " to " + after.migration + "); try again");
  }
  reading.fact.migration = after.migration;
  return reading;
}

}  // namespace switchyard::agent
