#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace switchyard::fleet {

/// A value that is to be blackened, and the environment that it is of.
struct EnvironmentValue {
  std::string environment;
  std::string value;
};

/// Values by environment, no more than so many bytes. What is too much goes from the environment that has the most, its
/// oldest first: whoever may fill one environment does not push out the values of another. One thread.
class BoundedValues {
 public:
  explicit BoundedValues(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  BoundedValues(const BoundedValues&) = delete;
  BoundedValues& operator=(const BoundedValues&) = delete;

  /// It is the newest of its environment from now on. What is too short to be masked is passed over. Returns how many
  /// went for it.
  std::size_t add(const EnvironmentValue& added);
  void add_to(std::set<std::string>& values) const;
  /// Those of some environments only.
  void add_to(std::set<std::string>& values, const std::set<std::string>& environments) const;
  /// Which have any.
  void add_environments_to(std::set<std::string>& environments) const;

 private:
  struct Values {
    std::list<std::string> oldest_first;
    std::map<std::string_view, std::list<std::string>::iterator> places;  ///< the names are the list's own texts
    std::size_t bytes = 0;
  };
  static std::size_t cost(const std::string& value);
  void forget_one();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::map<std::string, Values> environments_;
};

}  // namespace switchyard::fleet
