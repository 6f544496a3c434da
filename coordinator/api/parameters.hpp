#pragma once

#include <cstddef>
#include <string>

#include "common/ids.hpp"
#include "coordinator/api/http_message.hpp"

/// Checks of single values that come with a request. Each throws InputError that names the value.
namespace switchyard::api {

/// A name by is_name().
const std::string& checked_name(const std::string& text, const char* what);
/// 64 lower-case hexadecimal digits.
ReleaseId checked_release(const std::string& text);
/// A whole number of the query, or `otherwise` when it is not there. Above `most` it is taken as `most`.
std::size_t number_of(const Request& request, const char* key, std::size_t otherwise, std::size_t most);
/// Refuses query keys that the route does not know, so that a mistyped filter is not ignored.
void refuse_unknown_query(const Request& request, std::initializer_list<std::string_view> known);

}  // namespace switchyard::api
