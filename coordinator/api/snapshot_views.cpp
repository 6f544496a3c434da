#include "coordinator/api/snapshot_views.hpp"

#include <nlohmann/json.hpp>

namespace switchyard::api::views {
namespace {

using nlohmann::json;

std::string_view state_word(fleet::PlaceNow::State state) {
  switch (state) {
    case fleet::PlaceNow::State::same:
      return "same";
    case fleet::PlaceNow::State::different:
      return "different";
    case fleet::PlaceNow::State::unknown:
      return "unknown";
    case fleet::PlaceNow::State::left:
      return "left";
  }
  return "unknown";
}

json now_view(const fleet::PlaceNow& now) {
  return {{"state", state_word(now.state)},
          {"differences", now.differences},
          {"present", now.present ? json(*now.present) : json(nullptr)},
          {"kept", now.kept}};
}

/// Not as whom it is read, nor with which credential: that is the manifest's.
json schema_view(const model::SavedSchema& schema) {
  return {{"name", schema.demand.name},
          {"database", schema.demand.database.database},
          {"database_host", schema.demand.database.host},
          {"port", schema.demand.database.port},
          {"server_version", schema.fact.server_version},
          {"pg_dump_version", schema.fact.dump_version},
          {"sha256", schema.fact.sha256},
          {"bytes", schema.fact.bytes},
          {"migration", schema.fact.migration},
          {"file", schema.fact.file}};
}

json place_view(const model::SnapshotPlace& place) {
  json schemas = json::array();
  for (const model::SavedSchema& schema : place.schemas) schemas.push_back(schema_view(schema));
  return {{"host", place.host.str()},
          {"component", place.component},
          {"version", place.version},
          {"release", place.serving.release.str()},
          {"slot", place.serving.slot},
          {"unit", place.serving.unit},
          {"unit_state", place.unit_state},
          {"enablement", place.enablement},
          {"configuration", place.configuration},
          {"deployment", place.deployment.str()},
          {"origin", place.origin.str()},
          {"files", place.files},
          {"files_present", place.files_present},
          {"schemas", std::move(schemas)}};
}

json snapshot_view(const fleet::SnapshotView& view) {
  json places = json::array();
  for (std::size_t i = 0; i < view.row.places.size(); ++i) {
    json place = place_view(view.row.places[i]);
    if (i < view.now.size()) place["now"] = now_view(view.now[i]);
    places.push_back(std::move(place));
  }
  return {{"id", view.row.id.str()},
          {"environment", view.row.environment},
          {"name", view.row.name},
          {"version", model::versions_of(view.row)},
          {"author", view.row.author},
          {"reason", view.row.reason},
          {"created_ms", view.row.created_wall_ms},
          {"checksum", view.row.checksum},
          {"whole", view.whole},
          {"why_not", view.why_not},
          {"since", view.since},
          {"places", std::move(places)}};
}

/// What a host wrote may be no UTF-8.
std::string snapshot_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string snapshot_body(const fleet::SnapshotView& view) { return snapshot_text(snapshot_view(view)); }

std::string snapshots_body(const std::vector<fleet::SnapshotView>& views) {
  json list = json::array();
  for (const fleet::SnapshotView& view : views) list.push_back(snapshot_view(view));
  return snapshot_text({{"snapshots", std::move(list)}});
}

}  // namespace switchyard::api::views
