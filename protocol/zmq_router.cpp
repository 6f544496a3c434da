#include "protocol/zmq_router.hpp"

#include <map>
#include <utility>

#include "common/event_loop.hpp"
#include "common/log.hpp"
#include "protocol/zmq_listener.hpp"
#include "protocol/zmq_router_thread.hpp"

namespace switchyard::protocol {

/// The loop's side. Frames that the thread posts find it through a weak pointer, so that none arrives after the end.
struct ZmqRouter::Parts {
  struct Peer {
    std::uint64_t grant = 0;
    std::string public_key;
    std::map<Channel, std::uint64_t> newest;  ///< connection
  };

  OnFrame on_frame;
  std::map<HostId, Peer> peers;
  std::map<std::uint64_t, HostId> by_grant;
  std::map<std::string, HostId> by_key;
  std::uint64_t last_grant = 0;
  std::unique_ptr<ZmqRouterThread> thread;

  void arrive(ZmqRouterThread::Frame frame) {
    thread->frame_done(frame.bytes.size());
    const auto known = by_grant.find(frame.grant);
    if (known == by_grant.end()) return;  // taken back while the frame was on its way through the process
    const HostId peer = known->second;
    std::uint64_t& newest = peers.at(peer).newest[frame.channel];
    if (frame.connection > newest) newest = frame.connection;
    on_frame({peer, frame.channel, frame.connection, std::move(frame.bytes)});
  }

  void take_back(const HostId& peer) {
    const auto found = peers.find(peer);
    if (found == peers.end()) return;
    thread->disallow(found->second.grant);
    by_grant.erase(found->second.grant);
    by_key.erase(found->second.public_key);
    peers.erase(found);
  }
};

ZmqRouter::ZmqRouter(const Settings& settings, EventLoop& loop, OnFrame on_frame) : parts_(std::make_shared<Parts>()) {
  check_zmq_library();
  parts_->on_frame = std::move(on_frame);
  const CurveKeyPair canary = generate_curve_keys();
  const CurveKeyPair stranger = generate_curve_keys();
  parts_->thread = std::make_unique<ZmqRouterThread>(
      settings, stranger.public_key, [&loop, weak = std::weak_ptr<Parts>(parts_)](ZmqRouterThread::Frame frame) {
        loop.post([weak, frame = std::move(frame)]() mutable {
          if (const auto parts = weak.lock()) parts->arrive(std::move(frame));
        });
      });
  const std::uint64_t grant = ++parts_->last_grant;
  parts_->thread->allow(grant, canary.public_key);
  for (const std::string& address : {parts_->thread->control_address(), parts_->thread->bulk_address()}) {
    prove_listener(address, settings.keys.public_key, canary, stranger);
  }
  parts_->thread->disallow(grant);
  log::info("listening for agents; the self-test turned a stranger's key away",
            {{"control", parts_->thread->control_address()}, {"bulk", parts_->thread->bulk_address()}});
}

ZmqRouter::~ZmqRouter() { parts_->thread.reset(); }

bool ZmqRouter::allow(const HostId& peer, const std::string& public_key) {
  const auto holder = parts_->by_key.find(public_key);
  if (holder != parts_->by_key.end()) return holder->second == peer;
  parts_->take_back(peer);
  const std::uint64_t grant = ++parts_->last_grant;
  parts_->thread->allow(grant, public_key);
  parts_->peers[peer] = {grant, public_key, {}};
  parts_->by_grant[grant] = peer;
  parts_->by_key[public_key] = peer;
  return true;
}

void ZmqRouter::disallow(const HostId& peer) { parts_->take_back(peer); }

bool ZmqRouter::send(const HostId& host, Channel channel, std::string frame) {
  const auto found = parts_->peers.find(host);
  if (found == parts_->peers.end()) return false;
  const auto newest = found->second.newest.find(channel);
  if (newest == found->second.newest.end()) return false;
  return parts_->thread->send(channel, newest->second, std::move(frame));
}

std::vector<RefusedDial> ZmqRouter::take_refused() { return parts_->thread->take_refused(); }

std::string ZmqRouter::control_address() const { return parts_->thread->control_address(); }
std::string ZmqRouter::bulk_address() const { return parts_->thread->bulk_address(); }

}  // namespace switchyard::protocol
