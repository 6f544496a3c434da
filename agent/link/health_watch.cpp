#include "agent/link/health_watch.hpp"

#include <stop_token>
#include <variant>

namespace switchyard::agent {
namespace {

/// One look at it is work for the host, or for somebody else.
bool is_costly(const protocol::ProbeSpec& probe) {
  return std::holds_alternative<protocol::StorageProbe>(probe.kind) ||
         std::holds_alternative<protocol::ResourcesProbe>(probe.kind);
}

}  // namespace

std::vector<protocol::ProbeSpec> due_probes(std::vector<protocol::ProbeSpec> probes, unsigned round, bool doubted) {
  if (round % limits::health_costly_rounds != 0 && !doubted) std::erase_if(probes, is_costly);
  return probes;
}

/// What one look at all probes found.
struct HealthWatch::Look {
  std::string trouble;                            ///< empty: none
  std::map<std::string, std::string> identities;  ///< probe → the process that it saw
};

struct HealthWatch::Watched {
  std::vector<protocol::ProbeSpec> probes;
  std::stop_source stop;
  std::uint64_t number = 0;  ///< a verdict of an earlier watch of the same component is not this one's
  EventLoop::Timer timer;
  bool healthy = true;
  bool doubted = false;  ///< healthy, and the last look was not good
  bool untold = false;   ///< nothing was told of it by this process
  unsigned bad_rounds = 0;
  unsigned rounds = 0;                            ///< of these probes
  std::map<std::string, std::string> identities;  ///< as first seen
};

HealthWatch::HealthWatch(EventLoop& loop, WorkerPool& workers, Prober& prober, Changed changed, std::int64_t round_ms)
    : loop_(loop), workers_(workers), prober_(prober), changed_(std::move(changed)), round_ms_(round_ms) {}
HealthWatch::~HealthWatch() {
  for (auto& [key, watched] : watched_) watched->stop.request_stop();
}

void HealthWatch::start(const StartWatch& watch) {
  auto watched = std::make_unique<Watched>();
  for (const protocol::ProbeSpec& probe : watch.probes) {
    if (probe.critical) watched->probes.push_back(probe);
  }
  if (watched->probes.empty()) return;
  const Key key{watch.deployment, watch.component};
  watched->number = ++last_number_;
  watched->untold = watch.unseen;
  if (const auto before = watched_.find(key); before != watched_.end()) {
    before->second->stop.request_stop();
    watched->healthy = before->second->healthy;
    watched->doubted = before->second->doubted;
    watched->untold = watched->untold || before->second->untold;
    watched->bad_rounds = before->second->bad_rounds;
    watched->identities = before->second->identities;
  }
  watched->timer = loop_.after(round_ms_, [this, key] { look(key); });
  watched_[key] = std::move(watched);
}

void HealthWatch::stop(const StopWatch& watch) {
  std::erase_if(watched_, [&](auto& entry) {
    if (entry.first.first != watch.deployment) return false;
    entry.second->stop.request_stop();
    return true;
  });
}

void HealthWatch::look(const Key& key) {
  const auto found = watched_.find(key);
  if (found == watched_.end()) return;
  const Watched& watched = *found->second;
  std::vector<protocol::ProbeSpec> probes = due_probes(watched.probes, watched.rounds, watched.bad_rounds > 0);
  const bool queued = workers_.submit(
      [this, key, number = watched.number, probes = std::move(probes), stop = watched.stop.get_token()] {
        Look all;
        for (const protocol::ProbeSpec& probe : probes) {
          const ProbeTry seen = prober_.try_once(probe, stop);
          if (!seen.ok) all.trouble = probe.name + ": " + seen.detail;
          if (!seen.ok || stop.stop_requested()) break;
          if (!seen.identity.empty()) all.identities[probe.name] = seen.identity;
        }
        if (stop.stop_requested()) return;
        loop_.post([this, key, number, all] { judge(key, number, all); });
      });
  if (!queued) {
    // Workers that are all busy tell nothing of the component: look again later.
    found->second->timer = loop_.after(round_ms_, [this, key] { look(key); });
    return;
  }
  found->second->timer = loop_.after(limits::health_slow_ms, [this, key] {
    const auto slow = watched_.find(key);
    if (slow != watched_.end()) tell(key, *slow->second, slow->second->healthy, "the look at it takes long");
  });
}

void HealthWatch::judge(const Key& key, std::uint64_t number, const Look& seen) {
  const auto found = watched_.find(key);
  if (found == watched_.end() || found->second->number != number) return;
  Watched& watched = *found->second;
  watched.timer = loop_.after(round_ms_, [this, key] { look(key); });
  ++watched.rounds;
  std::string trouble = seen.trouble;
  watched.bad_rounds = trouble.empty() ? 0 : watched.bad_rounds + 1;
  for (const auto& [probe, identity] : seen.identities) {
    const auto [first, is_new] = watched.identities.try_emplace(probe, identity);
    if (is_new || first->second == identity) continue;
    // No number of good rounds makes up for it: a service that dies and is started again is quickly well each time.
    trouble = probe + ": the process of the service ended, and another one runs in its place";
    watched.bad_rounds = limits::health_bad_rounds;
  }
  const bool healthy = watched.bad_rounds < limits::health_bad_rounds && (watched.healthy || trouble.empty());
  tell(key, watched, healthy, trouble);
}

void HealthWatch::tell(const Key& key, Watched& watched, bool healthy, const std::string& detail) {
  const bool doubted = healthy && !detail.empty();
  if (healthy == watched.healthy && doubted == watched.doubted && !watched.untold) return;
  watched.untold = false;
  watched.healthy = healthy;
  watched.doubted = doubted;
  changed_({key.first, key.second, healthy, detail});
}

}  // namespace switchyard::agent
