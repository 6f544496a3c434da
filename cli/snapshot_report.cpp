#include "cli/errors.hpp"
#include "cli/snapshot_report.hpp"

#include <algorithm>

#include "cli/table.hpp"
#include "cli/time_text.hpp"

namespace switchyard::cli {
namespace {

std::string or_none(const std::string& text) { return text.empty() ? "-" : text; }

std::string semicolons(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& one : texts) list += (list.empty() ? "" : "; ") + one;
  return list;
}

std::string files_text(const SnapshotPlace& place) {
  if (place.files.empty()) return "-";
  const std::size_t absent = place.files.size() - std::min<std::size_t>(place.files.size(), place.files_present);
  return std::to_string(place.files.size()) + (absent == 0 ? "" : ", " + std::to_string(absent) + " of them absent");
}

std::string unit_text(const SnapshotPlace& place) {
  return or_none(place.unit_state) + (place.enablement.empty() ? "" : ", " + place.enablement);
}

/// Where the bytes of its release are.
std::string bytes_text(const SnapshotPlace& place) {
  if (place.present.value_or(false)) return "on the host";
  return place.kept ? "fetched again" : "gone";
}

std::string now_text(const SnapshotPlace& place) {
  if (place.state == "same") return "as saved";
  return or_none(semicolons(place.differences));
}

std::size_t count_of(const Snapshot& snapshot, const std::string& state) {
  return static_cast<std::size_t>(std::count_if(snapshot.places.begin(), snapshot.places.end(),
                                                [&](const SnapshotPlace& place) { return place.state == state; }));
}

/// `15.18` of `15.18 (Debian 15.18-0+deb12u1)`
std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

std::string schemas_text(const Snapshot& snapshot) {
  Table table({"HOST", "COMPONENT", "DATABASE", "ON", "SERVER", "SCHEMA", "MIGRATION", "BYTES"});
  std::string files;
  for (const SnapshotPlace& place : snapshot.places) {
    for (const SnapshotSchema& schema : place.schemas) {
      table.add({place.host, place.component, schema.database, schema.database_host, first_word(schema.server_version),
                 schema.sha256.substr(0, 12), or_none(schema.migration), std::to_string(schema.bytes)});
      files += "Schema of " + schema.database + ", on host " + place.host + ": " + schema.file + "\n";
    }
  }
  return table.empty() ? std::string() : "\n" + table.text() + files;
}

}  // namespace

std::string snapshot_text(const Snapshot& snapshot) {
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += name + value + "\n";
  };
  line("Snapshot:    ", snapshot.id);
  line("Environment: ", snapshot.environment);
  line("Name:        ", snapshot.name);
  line("Version:     ", snapshot.version);
  line("Made:        ", date_text(snapshot.created_ms) + " by " + snapshot.author);
  line("Reason:      ", snapshot.reason);
  line("Checksum:    ", snapshot.checksum + (snapshot.whole ? ", whole" : ", CORRUPT: it is not what was written"));
  Table table({"HOST", "COMPONENT", "VERSION", "RELEASE", "SLOT", "UNIT", "CONFIGURATION", "FILES", "BYTES", "NOW"});
  for (const SnapshotPlace& place : snapshot.places) {
    table.add({place.host, place.component, or_none(place.version), place.release.substr(0, 12), or_none(place.slot),
               unit_text(place), or_none(place.configuration.substr(0, 12)), files_text(place), bytes_text(place),
               now_text(place)});
  }
  if (!table.empty()) text += "\n" + table.text();
  text += schemas_text(snapshot);
  if (!snapshot.since.empty()) {
    text += "\nServes under this name since, and is left as it is: " + semicolons(snapshot.since) + "\n";
  }
  text += snapshot.why_not.empty() ? "\nBring it back: switchyard snapshot restore " + snapshot.id + " --reason WHY\n"
                                   : "\nIt cannot be restored now: " + snapshot.why_not + "\n";
  return text;
}

std::string read_back_text(const Snapshot& snapshot) {
  const std::size_t left = count_of(snapshot, "left");
  const std::size_t asked = snapshot.places.size() - left;
  std::string text = "Read back: " + std::to_string(count_of(snapshot, "same")) + " of " + how_many(asked, "place") +
                     (asked == 1 ? " is" : " are") + " as snapshot " + snapshot.id + " says.\n";
  for (const SnapshotPlace& place : snapshot.places) {
    if (place.state == "same") continue;
    text += "  " + place.component + " on " + place.host + ": " + now_text(place) + "\n";
  }
  if (!snapshot.since.empty()) text += "It says nothing of: " + semicolons(snapshot.since) + "\n";
  return text;
}

bool has_schemas(const Snapshot& snapshot) {
  return std::any_of(snapshot.places.begin(), snapshot.places.end(),
                     [](const SnapshotPlace& place) { return !place.schemas.empty(); });
}

bool is_as_saved(const Snapshot& snapshot) {
  return count_of(snapshot, "same") + count_of(snapshot, "left") == snapshot.places.size();
}

ExitStatus report_read_back(Context& context, const std::string& id) {
  const std::string path = "/v1/snapshots/" + path_part(id);
  Snapshot snapshot = read_snapshot(context.api.get(path));
  std::string not_compared;
  if (has_schemas(snapshot)) {
    // The restore is over, however this ends.
    try {
      snapshot = read_snapshot(context.api.get(path + "?schemas=1"));
    } catch (const RefusedError& error) {
      not_compared = error.what();
    } catch (const UnreachableError& error) {
      not_compared = error.what();
    }
  }
  // In JSON the deployment is the answer, and there is room for one.
  std::ostream& out = context.console.json ? context.console.notes : context.console.out;
  out << read_back_text(snapshot);
  if (!not_compared.empty()) {
    out << "Schemas of databases were not compared: " << not_compared << "\nAsk again: switchyard snapshot show " << id
        << " --schemas\n";
  }
  return is_as_saved(snapshot) && not_compared.empty() ? ExitStatus::done : ExitStatus::unresolved;
}

}  // namespace switchyard::cli
