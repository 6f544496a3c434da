#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace switchyard::simulation {

/// What must be true of a fleet, told in its own words: who asked for what, what the coordinator answered, and what
/// clients then reach. It shares no code with the product, and knows nothing of states, messages or journals.
class ReferenceModel {
 public:
  /// Host and component; the release that serves there, "" for nothing.
  using Place = std::pair<std::string, std::string>;
  using Fleet = std::map<Place, std::string>;
  enum class End : std::uint8_t { open, all_new, all_old };

  // --- what people do and are told ---
  /// The coordinator said yes: these places shall serve these releases.
  void started(const std::string& id, const Fleet& wanted, const std::set<std::string>& left_out, bool calm);
  /// The coordinator said yes: what `undone` changed shall be as before.
  void rollback_started(const std::string& id, const std::string& undone, bool calm);
  /// One host is brought to what `target` brought to the others.
  void converge_started(const std::string& id, const std::string& target, const std::string& host);
  void cancelled(const std::string& id);
  /// Something went wrong while it ran, so that it may end either way.
  void disturbed();
  void ended(const std::string& id, End end);
  /// What the coordinator knew for some time is lost; it will find out again what became of it.
  void store_was_restored();
  /// It is asked, and knows nothing of these.
  void forgotten_but(const std::set<std::string>& known);
  /// A release whose checks never pass.
  void bad_release(const std::string& release) { bad_.insert(release); }

  // --- what is then to be found ---
  const Fleet& fleet() const { return fleet_; }
  /// Where the fleet is being changed right now, and so may be either.
  bool changing(const Place& place) const;
  /// Hosts that were left out of something that was done, and are not there yet.
  bool behind(const std::string& host) const { return behind_.contains(host); }
  void know_behind(std::set<std::string> hosts) { behind_ = std::move(hosts); }
  bool knows(const std::string& id) const { return deployments_.contains(id); }
  bool can_be_rolled_back(const std::string& id) const;
  bool anything_open() const;
  std::vector<std::string> take_complaints() { return std::exchange(complaints_, {}); }

 private:
  struct Deployment {
    Fleet wanted, before;
    Fleet asked_for;  ///< with those who were left out
    bool calm = true;
    bool cancelled = false;
    bool whole = true;  ///< nobody was left out
    bool lost = false;  ///< the coordinator may have forgotten how to undo it
    End end = End::open;
  };
  void open(const std::string& id, Fleet wanted, bool calm);
  void complain(const std::string& text) { complaints_.push_back("model: " + text); }
  bool hopeless(const Deployment& deployment) const;

  Fleet fleet_;
  std::map<std::string, Deployment> deployments_;
  std::set<std::string> bad_;
  std::set<std::string> behind_;
  std::vector<std::string> complaints_;
};

}  // namespace switchyard::simulation
