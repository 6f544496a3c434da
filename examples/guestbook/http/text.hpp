#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// The small text formats of the web.
namespace guestbook::http {

std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);

/// "a=1&b=x+y" as names and values, decoded. Nothing if a percent sequence is broken.
std::optional<std::map<std::string, std::string>> decode_form(std::string_view text);
std::string encode_form(const std::map<std::string, std::string>& fields);

std::string escape_html(std::string_view text);

/// A whole number without sign, or nothing.
std::optional<unsigned long long> parse_number(std::string_view text);

std::string reason_phrase(int status);
/// "Thu, 20 Nov 2025 15:36:00 GMT"
std::string date_now();

}  // namespace guestbook::http
