#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "protocol/message_fields.hpp"
#include "protocol/zmq_curve_keys.hpp"
#include "tests/attack/raw_peer.hpp"
#include "tests/golden/sample_filler.hpp"

/// The messages of the bus, each with every field set: a new one is attacked without anybody thinking of it.
namespace switchyard::attack {

/// A HELLO that says that another coordinator was obeyed would be the end of all service here.
template <class Body>
protocol::Message sample_of() {
  if constexpr (std::is_same_v<Body, protocol::Hello>) return honest_hello();
  if constexpr (std::is_same_v<Body, protocol::Enrol>) {
    return protocol::Enrol{"new-host", protocol::generate_curve_keys().public_key, "0"};
  }
  return protocol::golden::sample<Body>();
}

/// One message of every type.
template <class Visit>
void for_every_message(const Visit& visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(sample_of<std::variant_alternative_t<I, protocol::Message>>()), ...);
  }
  (std::make_index_sequence<std::variant_size_v<protocol::Message>>{});
}

inline std::string name_of(const protocol::Message& message) {
  return std::string(protocol::message_name(protocol::type_of(message)));
}

/// `own-plan-ack`: names of hosts have no underscore in these tests.
inline std::string host_for(const char* prefix, const protocol::Message& message) {
  std::string host = prefix + name_of(message);
  for (char& c : host) c = c == '_' ? '-' : c;
  return host;
}

}  // namespace switchyard::attack
