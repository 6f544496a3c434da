#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "api/database.hpp"

/// What people wrote. Which fields an entry has beyond author and message is a matter of the release.
namespace guestbook {

/// The client's text cannot become an entry; the text says why.
struct BadEntry : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Entries {
 public:
  /// Throws std::runtime_error if the release names a field that this program does not know.
  Entries(Database& database, std::vector<std::string> fields);

  struct Page {
    bool is_empty = true;
    std::string json;
  };
  /// The newest entries with a number above `after`, newest first.
  Page newest(unsigned long long after, unsigned long long count_max) const;

  /// Adds the entry that the JSON text describes, and returns it as JSON with its number. The request id makes that
  /// happen once, however often the same request is carried out. Throws BadEntry and DatabaseError.
  std::string add(const std::string& json, const std::string& request_id) const;

 private:
  std::string columns() const;
  bool has_field(const std::string& name) const;

  Database& database_;
  const std::vector<std::string> fields_;
};

}  // namespace guestbook
