#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <variant>

#include "common/clock.hpp"
#include "protocol/transport.hpp"
#include "protocol/zmq_dealer.hpp"
#include "protocol/zmq_socket.hpp"

namespace switchyard::protocol {

/// The thread inside ZmqDealer. It owns the sockets; commands come by a bounded queue from one other thread, and what
/// happens leaves by `tell`, called on this thread.
class ZmqDealerThread {
 public:
  struct Up {
    std::uint64_t connection = 0;
  };
  struct Down {
    std::uint64_t connection = 0;
    LinkLoss loss = LinkLoss::lost;
  };
  struct Frame {
    Channel channel = Channel::control;
    std::uint64_t connection = 0;  ///< control only
    std::string bytes;
  };
  using News = std::variant<Up, Down, Frame>;
  using Tell = std::function<void(News)>;

  ZmqDealerThread(ZmqDealer::Settings settings, Tell tell);
  ~ZmqDealerThread();

  /// `connection`: a control frame leaves on this connection or not at all.
  bool send(Channel channel, std::uint64_t connection, std::string frame);
  void redial();
  void frame_done(std::size_t bytes);

 private:
  struct Send {
    Channel channel;
    std::uint64_t connection;
    std::string frame;
  };
  struct Redial {};
  struct End {};
  using Command = std::variant<Send, Redial, End>;
  /// A socket and the monitor that tells how its one dial went.
  struct Dial {
    ZmqSocket socket;
    ZmqMonitor monitor;
    std::int64_t give_up_boot_ms = 0;  ///< while not up
    bool up = false;
  };

  void post(Command command);
  void run();
  void wait();
  long wait_ms() const;
  void carry_out_commands();
  void carry_out(Send& command);
  void carry_out(Redial&);
  void carry_out(End&) { ending_ = true; }
  void dial_control();
  void dial_bulk();
  void watch_control();
  void watch_bulk();
  void lose_control(LinkLoss loss);
  ZmqSocket make_socket(std::size_t frame_bytes_max, int queue_frames_max);
  void receive(Channel channel, ZmqSocket& socket);
  std::int64_t redial_delay_ms(LinkLoss loss);

  const ZmqDealer::Settings settings_;
  Tell tell_;
  SystemClock clock_;
  std::minstd_rand random_;
  ZmqContext context_;
  std::optional<Dial> control_;
  std::optional<Dial> bulk_;
  std::uint64_t connection_ = 0;  ///< dials of the control socket so far
  std::size_t endpoint_ = 0;
  std::size_t server_key_ = 0;
  unsigned failures_ = 0;            ///< dials in a row that did not stand
  std::size_t round_dials_ = 0;      ///< of those, since every endpoint had its turn
  bool turned_away_ = false;         ///< the key was refused in this round
  unsigned refused_rounds_ = 0;      ///< rounds in a row in which it was
  std::int64_t redial_boot_ms_ = 0;  ///< while control_ is empty
  std::int64_t bulk_used_boot_ms_ = 0;
  bool ending_ = false;

  ZmqWake wake_;
  std::mutex mutex_;  ///< guards commands_
  std::deque<Command> commands_;
  std::atomic<std::size_t> leaving_bytes_{0};    ///< in commands_
  std::atomic<std::size_t> delivered_bytes_{0};  ///< and not yet done
  std::jthread thread_;
};

}  // namespace switchyard::protocol
