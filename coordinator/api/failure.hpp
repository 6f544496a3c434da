#pragma once

#include <exception>
#include <string>

#include "coordinator/api/http_message.hpp"

namespace switchyard::api {

/// An error body of the API itself.
Response refusal(int status, const std::string& code, const std::string& message);

/// What a caller is told when an operation threw. InputError is the caller's mistake (400), a conflict is 409. The rest
/// is ours (503, 500): it is logged here, and its details stay in the log, but for a full disk, where somebody must
/// act.
Response response_to_error(const std::exception& error);

}  // namespace switchyard::api
