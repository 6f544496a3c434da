#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchyard::agent {

/// What stands in the text that pg_dump writes of a schema.
struct SchemaDump {
  std::string server_version;  ///< 15.18 (Debian 15.18-0+deb12u1)
  std::string dump_version;    ///< of the program
  std::string sha256;          ///< of the definitions
  bool operator==(const SchemaDump&) const = default;
};

/// Nothing when it is no whole dump: pg_dump says at the end that it has come to it. Pure.
std::optional<SchemaDump> read_schema_dump(std::string_view text);

/// The definitions of a whole dump. Left out are its head and its foot: they name programs and settings, and a word
/// that is drawn anew for every dump (\restrict). The same schema has the same definitions, however often it is written
/// down by the same version of pg_dump. Pure.
std::string_view definitions_of(std::string_view text);

}  // namespace switchyard::agent
