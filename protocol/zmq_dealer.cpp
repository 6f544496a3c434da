#include "protocol/zmq_dealer.hpp"

#include <utility>

#include "common/ensure.hpp"
#include "common/event_loop.hpp"
#include "common/hex.hpp"
#include "common/ids.hpp"
#include "protocol/zmq_dealer_thread.hpp"

namespace switchyard::protocol {

/// The loop's side. News from the thread finds it through a weak pointer, so that none arrives after the end.
struct ZmqDealer::Parts {
  Callbacks callbacks;
  std::uint64_t up = 0;    ///< the connection that stands; 0: none
  std::uint64_t past = 0;  ///< connections up to this one are over for the loop, whatever the thread still tells
  std::unique_ptr<ZmqDealerThread> thread;

  void hear(ZmqDealerThread::Up news) {
    if (news.connection <= past) return;
    up = news.connection;
    callbacks.on_up(up, *from_hex(random_hex(16)));
  }
  void hear(ZmqDealerThread::Down news) {
    if (news.connection <= past) return;
    past = news.connection;
    up = 0;
    callbacks.on_down(news.loss);
  }
  void hear(ZmqDealerThread::Frame frame) {
    thread->frame_done(frame.bytes.size());
    if (frame.channel == Channel::control && (up == 0 || frame.connection != up)) return;
    callbacks.on_frame(frame.channel, std::move(frame.bytes));
  }
};

ZmqDealer::ZmqDealer(const Settings& settings, EventLoop& loop, Callbacks callbacks)
    : parts_(std::make_shared<Parts>()) {
  check_zmq_library();
  parts_->callbacks = std::move(callbacks);
  parts_->thread = std::make_unique<ZmqDealerThread>(
      settings, [&loop, weak = std::weak_ptr<Parts>(parts_)](ZmqDealerThread::News news) {
        loop.post([weak, news = std::move(news)]() mutable {
          const auto parts = weak.lock();
          if (!parts) return;
          std::visit([&](auto& what) { parts->hear(std::move(what)); }, news);
        });
      });
}

ZmqDealer::~ZmqDealer() { parts_->thread.reset(); }

bool ZmqDealer::send(Channel channel, std::string frame) {
  if (parts_->up == 0) return false;
  return parts_->thread->send(channel, parts_->up, std::move(frame));
}

/// Only a connection that stands is dropped: one that is being dialled is young enough.
void ZmqDealer::redial() {
  if (parts_->up == 0) return;
  parts_->past = parts_->up;
  parts_->up = 0;
  parts_->thread->redial();
}

}  // namespace switchyard::protocol
