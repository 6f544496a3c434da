#pragma once

#include <cstdint>
#include <string>

#include "protocol/zmq_curve_keys.hpp"
#include "protocol/zmq_socket.hpp"

/// The one place where a socket that strangers can reach is made, and the proof that it refuses them.
namespace switchyard::protocol {

/// What a listening socket may hold for one peer.
struct ListenerLimits {
  std::int64_t frame_bytes_max = 0;
  int send_queue_frames_max = 0;
};

/// A ROUTER that only admits what the ZAP handler of the same context admits, already bound. The handler must be bound
/// before: this cannot be asked of libzmq, so prove_listener() tries it from outside.
ZmqSocket make_listener(ZmqContext& context, const std::string& address, const CurveKeyPair& keys,
                        const ListenerLimits& listener_limits);

/// Dials the bound address as anybody could: with `canary`, which must get in, and with `stranger`, which must be
/// turned away by name (ZAP status 400). Throws TransportError otherwise: a coordinator that would talk to strangers
/// does not start. Blocks for a few round trips; the handler must be answering on another thread.
void prove_listener(const std::string& bound_address, const std::string& server_public_key, const CurveKeyPair& canary,
                    const CurveKeyPair& stranger);

}  // namespace switchyard::protocol
