#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

/// What an HTTP conversation consists of, as plain values.
namespace guestbook::http {

struct Request {
  std::string method;
  std::string path;                            ///< without the query, as it was sent
  std::string query;                           ///< what followed the '?', as it was sent
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string id;  ///< X-Request-Id of the client, or one that was drawn for it
  bool keep_alive = true;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace guestbook::http
