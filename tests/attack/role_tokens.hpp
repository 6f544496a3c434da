#pragma once

#include <array>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "coordinator/access/principal.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/api/router.hpp"
#include "tests/attack/attacked.hpp"

namespace switchyard::attack {

/// An API token of every kind, with every role, for production, for staging and for all environments, and what the
/// program lets each of them do. The store holds a deployment and a rollback of production for the routes to act on.
class RoleTokens {
 public:
  static constexpr std::array kinds = {access::Kind::person, access::Kind::ci, access::Kind::ai};
  static constexpr std::array roles = {access::Role::viewer, access::Role::operator_, access::Role::approver,
                                       access::Role::admin};

  /// Stops the program and starts it again: machines get roles that the API gives to persons only. It must outlive
  /// this.
  explicit RoleTokens(Attacked& attacked);

  /// For each kind and role the grants that are let in: `ps*`, or `-`. By a good request, which is only rehearsed; what
  /// is refused is asked in earnest too. Kinds and roles in the order of the arrays above.
  std::vector<std::string> cells(const api::Route& route, bool overriding_freeze = false) const;

  /// The same as the line of tests/golden/access/routes.txt, which is about these very cells.
  static std::string table_row(const std::string& route, const std::vector<std::string>& cells);
  /// As lines of matrix.txt.
  static std::string matrix_lines(const std::string& what, const std::vector<std::string>& cells);

 private:
  using Key = std::tuple<access::Kind, access::Role, std::string>;

  struct Request {
    std::string method;
    std::string path;
    std::string body;
    std::string content_type;
  };

  void make(const Key& key);
  Request request_for(const api::Route& route, bool overriding_freeze) const;
  int status(const Request& request, const std::string& token, bool rehearsed) const;
  std::string cell(const Request& request, access::Kind kind, access::Role role) const;

  Attacked& attacked_;
  std::map<Key, std::string> tokens_;
  std::string changes_;                               ///< of the store, as SQL
  std::map<std::string, std::string> operation_ids_;  ///< by `POST /v1/plans`, from docs/openapi.yaml
};

}  // namespace switchyard::attack
