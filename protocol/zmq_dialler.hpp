#pragma once

#include <cstdint>
#include <string>

#include "protocol/zmq_curve_keys.hpp"
#include "protocol/zmq_socket.hpp"

namespace switchyard::protocol {

struct DiallerLimits {
  std::int64_t frame_bytes_max = 0;
  int send_queue_frames_max = 0;
};

/// The events that decide how a dial went, and that it is over.
extern const int dial_events;

/// A DEALER that talks to one server key only and dials once: libzmq's own reconnection is off, since every connection
/// is a new session, and whoever owns the socket must know. Not yet connected.
ZmqSocket make_dialler(ZmqContext& context, const std::string& server_public_key, const CurveKeyPair& keys,
                       const DiallerLimits& dialler_limits);

}  // namespace switchyard::protocol
