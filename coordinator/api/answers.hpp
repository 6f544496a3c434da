#pragma once

#include <utility>

#include "coordinator/api/http_message.hpp"
#include "coordinator/api/json_views.hpp"
#include "coordinator/fleet/rehearsal.hpp"

namespace switchyard::api {

inline Response response_of(const fleet::Refusal& refusal) {
  if (refusal.code == fleet::rehearsed_code) return {refusal.status, views::rehearsal_body(refusal.message), {}};
  return {refusal.status, views::error_body(refusal.code, refusal.message, refusal.details), {}};
}

/// The response to an operation's answer: the view of its value, or the refusal.
template <class T, class View>
Response response_of(const fleet::Answer<T>& answer, View view, int status = 200) {
  if (const auto* refusal = std::get_if<fleet::Refusal>(&answer)) return response_of(*refusal);
  return {status, view(std::get<T>(answer)), {}};
}

/// For operations that only say that it was done.
inline Response response_of(const fleet::Answer<bool>& answer) {
  return response_of(answer, [](bool) { return views::ok_body(); });
}

}  // namespace switchyard::api
