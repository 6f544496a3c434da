#include <array>

#include "common/error.hpp"
#include "protocol/message_fields.hpp"

/// Frame = [head, an array][body, a map]. The head is
///   [magic 0xD7, protocol u8, type u16, epoch u64, session 16 bytes, seq u64, re u64, deadline_ms u32].
/// The deadline is not used yet (every message has its own), and is written as 0 and read past.
namespace switchyard::protocol {
namespace {

constexpr std::uint64_t magic = 0xD7;
constexpr std::size_t head_elements = 8;
constexpr std::size_t session_bytes = 16;
constexpr std::size_t kinds = std::variant_size_v<Message>;

/// The type numbers of all alternatives, found once by asking each.
template <std::size_t... I>
std::array<MessageType, kinds> all_types(std::index_sequence<I...>) {
  return {type_of(Message(std::in_place_index<I>))...};
}

/// An empty message of that type; nothing if there is none.
template <std::size_t... I>
std::optional<Message> message_of(std::uint64_t type, std::index_sequence<I...> all) {
  static const std::array<MessageType, kinds> types = all_types(all);
  std::optional<Message> message;
  ((static_cast<std::uint64_t>(types[I]) == type ? void(message.emplace(std::in_place_index<I>)) : void()), ...);
  return message;
}

bool is_bulk(MessageType type) { return type == MessageType::blob; }

}  // namespace

std::string encode(const Envelope& envelope) {
  ENSURE(envelope.session.size() == session_bytes);
  const MessageType type = type_of(envelope.message);
  Packer out;
  out.array(head_elements);
  out.unsigned_number(magic);
  out.unsigned_number(envelope.protocol);
  out.unsigned_number(static_cast<std::uint64_t>(type));
  out.unsigned_number(envelope.epoch);
  out.bytes(envelope.session);
  out.unsigned_number(envelope.seq);
  out.unsigned_number(envelope.re);
  out.unsigned_number(0);
  std::visit([&](const auto& body) { pack_record(out, body); }, envelope.message);
  const std::size_t bytes_max = is_bulk(type) ? limits::bulk_frame_bytes_max : limits::control_frame_bytes_max;
  if (out.size() > bytes_max) {
    throw TransportError("a " + std::string(message_name(type)) + " message of " + std::to_string(out.size()) +
                         " bytes does not fit into a frame of " + std::to_string(bytes_max));
  }
  return out.take();
}

Envelope decode(std::string_view frame) {
  if (frame.size() > limits::bulk_frame_bytes_max) throw DecodeError("the frame is longer than any frame may be");
  Unpacker in(frame);
  if (in.array() != head_elements) in.fail("the head of a frame has " + std::to_string(head_elements) + " elements");
  if (in.unsigned_number(0xFF) != magic) in.fail("not a frame of this protocol");
  Envelope envelope;
  envelope.protocol = static_cast<std::uint8_t>(in.unsigned_number(std::numeric_limits<std::uint8_t>::max()));
  const std::uint64_t type = in.unsigned_number(std::numeric_limits<std::uint16_t>::max());
  envelope.epoch = in.unsigned_number(std::numeric_limits<std::uint64_t>::max());
  envelope.session = in.bytes(session_bytes);
  if (envelope.session.size() != session_bytes) in.fail("a session has 16 bytes");
  envelope.seq = in.unsigned_number(std::numeric_limits<std::uint64_t>::max());
  envelope.re = in.unsigned_number(std::numeric_limits<std::uint64_t>::max());
  in.unsigned_number(std::numeric_limits<std::uint32_t>::max());

  std::optional<Message> message = message_of(type, std::make_index_sequence<kinds>{});
  if (!message) throw UnknownMessageError("this version knows no message type " + std::to_string(type));
  envelope.message = *std::move(message);
  if (!is_bulk(type_of(envelope.message)) && frame.size() > limits::control_frame_bytes_max) {
    in.fail("the frame is longer than a control frame may be");
  }
  std::visit([&](auto& body) { unpack_record(in, body); }, envelope.message);
  in.finish();
  return envelope;
}

}  // namespace switchyard::protocol
