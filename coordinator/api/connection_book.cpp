#include "coordinator/api/connection_book.hpp"

namespace switchyard::api {

ConnectionBook::Place ConnectionBook::place_for(const std::string& user) const {
  std::size_t own = 0;
  std::optional<Number> oldest;
  std::optional<Number> oldest_own;
  for (const auto& [number, connection] : open_) {
    const bool same = connection.user == user;
    if (same) ++own;
    if (connection.proven) continue;
    if (!oldest) oldest = number;
    if (same && !oldest_own) oldest_own = number;
  }
  if (own >= bounds_.per_user) return {oldest_own.has_value(), oldest_own};
  if (open_.size() >= bounds_.all) return {oldest.has_value(), oldest};
  return {true, std::nullopt};
}

ConnectionBook::Number ConnectionBook::enter(const std::string& user) {
  const Number number = next_++;
  open_.emplace(number, Connection{user, false});
  return number;
}

void ConnectionBook::prove(Number number) {
  const auto found = open_.find(number);
  if (found != open_.end()) found->second.proven = true;
}

}  // namespace switchyard::api
