#pragma once

#include <cstdint>
#include <string>

#include "protocol/plan.hpp"

namespace switchyard::forecast {

/// What a component serves on a host, by the steps that have ended there: which of its two units run, and to which of
/// them its switch leads. Owned by the simulation; refers to the slice. Pure.
class ServingState {
 public:
  explicit ServingState(const protocol::SliceComponent& planned);

  /// A step that ended well, or the undo of one: what it had to make so is so.
  void take(const protocol::Action& done);
  /// A step that was cut off: it may have had its effect.
  void doubt(const protocol::Action& cut_off);

  /// new, old, both (a share of the traffic), nothing, or not known.
  std::string text() const;

 private:
  enum class Fact : std::uint8_t { no, yes, unknown };
  struct Side {
    Fact runs = Fact::no;
    Fact reached = Fact::no;  ///< the switch leads there, or there is none
  };

  static Fact serves(const Side& side);
  /// `certain`: of what is not so already it is not known whether it is so now.
  void change(const protocol::Action& action, bool certain);

  const protocol::SliceComponent& planned_;
  Side old_, new_;
};

}  // namespace switchyard::forecast
