#pragma once

#include <map>
#include <string>

#include "program/release.hpp"

/// The page that people see, made from two templates of the release: page.html and entry.html.
namespace guestbook {

class Page {
 public:
  /// Throws std::runtime_error if a template is not there.
  explicit Page(const Release& release);

  /// `entries_json` is the API's answer to GET /entries. Throws std::runtime_error if it is not what was expected.
  std::string render(const std::string& entries_json) const;

 private:
  const std::string page_;
  const std::string entry_;
  const std::map<std::string, std::string> about_;  ///< release and slot
};

}  // namespace guestbook
