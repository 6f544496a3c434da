#include "protocol/zmq_dialler.hpp"

#include <zmq.h>

#include "common/limits.hpp"

namespace switchyard::protocol {

const int dial_events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED |
                        ZMQ_EVENT_CLOSED;

ZmqSocket make_dialler(ZmqContext& context, const std::string& server_public_key, const CurveKeyPair& keys,
                       const DiallerLimits& dialler_limits) {
  ZmqSocket socket(context, ZMQ_DEALER);
  socket.set(ZMQ_CURVE_SERVERKEY, server_public_key);
  socket.set(ZMQ_CURVE_PUBLICKEY, keys.public_key);
  socket.set(ZMQ_CURVE_SECRETKEY, keys.secret);
  socket.set(ZMQ_RECONNECT_IVL, -1);
  // Frames are taken only once the connection stands, so none is kept for a later session.
  socket.set(ZMQ_IMMEDIATE, 1);
  socket.set(ZMQ_CONNECT_TIMEOUT, static_cast<int>(limits::dial_ms_max));
  socket.set(ZMQ_HANDSHAKE_IVL, limits::handshake_ms_max);
  socket.set(ZMQ_MAXMSGSIZE, dialler_limits.frame_bytes_max);
  socket.set(ZMQ_HEARTBEAT_IVL, static_cast<int>(limits::ping_interval_ms));
  socket.set(ZMQ_HEARTBEAT_TIMEOUT, static_cast<int>(limits::session_silence_ms_max));
  socket.set(ZMQ_HEARTBEAT_TTL, static_cast<int>(limits::session_silence_ms_max));
  socket.set(ZMQ_SNDHWM, dialler_limits.send_queue_frames_max);
  socket.set(ZMQ_RCVHWM, limits::receive_queue_frames_max);
  socket.set(ZMQ_LINGER, limits::linger_ms_max);
  return socket;
}

}  // namespace switchyard::protocol
