#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/clock.hpp"
#include "coordinator/store/state_store.hpp"

namespace switchyard::fleet {

/// Somebody was turned away.
struct Turned {
  std::string operation;  ///< enrol.refuse, agent.refuse, connection.refuse
  std::string object;     ///< token, host, or empty
  std::string origin;     ///< address, or the peer's name
  std::string why;
  std::uint64_t count = 1;
  bool known = false;  ///< by its key or token: strangers, however many, do not keep its row back
  std::string principal = "stranger";
  std::string token = {};        ///< the mark of his token
  std::string environment = {};  ///< in which he wanted to act
};

/// Of an address: each try has another port.
inline std::string without_port(const std::string& origin) { return origin.substr(0, origin.rfind(':')); }

/// Puts refusals of strangers into the audit without letting them fill it: one row per source with a count, and the
/// next one of that source only after a pause that doubles; so many sources; so many rows an hour. What cannot be
/// written yet is added up and comes with the next row. Who is known by his key is bounded by the fleet's size alone:
/// what he does must not be hidden by a flood of strangers. Owned by the composition root; loop thread.
class RefusalBook {
 public:
  RefusalBook(store::StateStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  void note(const Turned& turned);
  /// To be called now and then. Throws StoreError: nothing was written, and nothing is lost.
  void write_due();

 private:
  struct Source {
    Turned turned;  ///< with the count since the last row
    std::int64_t since_wall_ms = 0;
    std::int64_t due_boot_ms = 0;
    std::int64_t pause_ms = 0;
  };
  store::AppendAudit row_of(const Source& source) const;

  store::StateStore& store_;
  const Clock& clock_;
  std::map<std::string, Source> sources_;
  std::int64_t hour_began_boot_ms_ = 0;
  std::size_t rows_this_hour_ = 0;
};

}  // namespace switchyard::fleet
