#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/limits_snapshots.hpp"
#include "common/secret_mask.hpp"
#include "protocol/save_order.hpp"

namespace switchyard::agent {

/// A schema as it is now. Of one that could not be read `fact` says why, and `code` says it in a word.
struct SchemaReading {
  protocol::SchemaFact fact;
  std::string text;  ///< what pg_dump wrote
  std::string code;
  bool known() const { return code.empty(); }
};

/// Reads schemas by PostgreSQL's own pg_dump, which the host must have. It is signed in to the database first, by the
/// client that checks use: a server that would have the password in clear, or is not who it must be, is not asked any
/// further. pg_dump finds the password in its standard input, a file in memory: it is in no file system, no list of
/// arguments and no environment. Blocking, at most about 40 seconds; any thread.
class SchemaReader {
 public:
  struct Places {
    std::filesystem::path credentials;  ///< as for checks
    std::filesystem::path programs = "/usr";
  };
  SchemaReader(Places places, const SecretMask& mask) : places_(std::move(places)), mask_(mask) {}
  /// `left_ms`: what would take longer is given up, and not begun when there is too little left. Never throws an Error.
  SchemaReading read(const protocol::SchemaDemand& demand, std::int64_t left_ms = limits::save_order_ms) const;

 private:
  SchemaReading read_unmasked(const protocol::SchemaDemand& demand, std::int64_t left_ms) const;

  Places places_;
  const SecretMask& mask_;
};

/// The newest pg_dump below `programs` (/usr): one reads servers of its own version and older ones. Not the one in
/// /usr/bin where Debian's stand beside it: that is a script that chooses by the host's own clusters.
std::optional<std::filesystem::path> find_pg_dump(const std::filesystem::path& programs);

}  // namespace switchyard::agent
