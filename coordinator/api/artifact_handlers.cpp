#include <charconv>

#include "common/error.hpp"
#include "coordinator/api/answers.hpp"
#include "coordinator/api/handlers.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/api/parameters.hpp"
#include "coordinator/api/request_bodies.hpp"

namespace switchyard::api {
namespace {

std::uint32_t chunk_index(const std::string& text) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) throw InputError("a chunk's index is a whole number");
  return index;
}

}  // namespace

void put_artifact_manifest(fleet::Operations& operations, const Request& request, Respond respond) {
  const ReleaseId release = checked_release(request.parameters[0]);
  respond(response_of(operations.begin_artifact(request.caller, release, request.body), views::missing_chunks_body));
}

void put_artifact_chunk(fleet::Operations& operations, const Request& request, Respond respond) {
  const ReleaseId release = checked_release(request.parameters[0]);
  respond(response_of(operations.put_chunk(request.caller, release, chunk_index(request.parameters[1]), request.body)));
}

void complete_artifact(fleet::Operations& operations, const Request& request, Respond respond) {
  const ReleaseId release = checked_release(request.parameters[0]);
  const bodies::ArtifactLabel label = bodies::artifact_label(request.body);
  respond(response_of(operations.complete_artifact(request.caller, release, label.component, label.version)));
}

void get_artifacts(fleet::Operations& operations, const Request& request, Respond respond) {
  refuse_unknown_query(request, {});
  respond({200, views::artifacts_body(operations.artifacts(request.caller)), {}});
}

}  // namespace switchyard::api
