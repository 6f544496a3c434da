#include "protocol/check_order.hpp"

#include "common/error.hpp"
#include "common/limits.hpp"
#include "protocol/step_fields.hpp"

namespace switchyard::protocol {

template <class Archive>
void fields(Archive& archive, Like<CheckOrder> auto& order) {
  archive(1, order.request);
  archive.required(2, order.host);
  archive(3, order.not_after_wall_ms);
  archive(4, order.checks);
}

namespace {

/// The purpose goes first.
std::string statement(std::string_view order) {
  Packer out;
  out.array(2);
  out.text("switchyard check order 1");
  out.bytes(sha256(order));
  return sha256(out.take());
}

}  // namespace

RunChecks sign_order(const CheckOrder& order, const SigningKeyPair& key) {
  std::string bytes = pack(order);
  if (bytes.size() > limits::check_order_bytes_max) {
    throw Error("the checks for " + order.host.str() + " take " + std::to_string(bytes.size()) +
                " bytes, more than a frame carries; run fewer at once");
  }
  std::string signature = sign(key, statement(bytes));
  return {std::move(bytes), std::move(signature)};
}

CheckOrder decode_order(std::string_view bytes) { return unpack<CheckOrder>(bytes); }
std::string encode_probe(const ProbeSpec& probe) { return pack(probe); }
ProbeSpec decode_probe(std::string_view bytes) { return unpack<ProbeSpec>(bytes); }

std::optional<std::string> refuse_order(const RunChecks& run, const HostId& self, std::string_view plan_public_key) {
  if (!verify_signature(plan_public_key, statement(run.order), run.signature)) {
    return "the order's signature is not by the pinned plan key";
  }
  try {
    const CheckOrder order = decode_order(run.order);
    if (order.host != self) return "the order is for host " + order.host.str() + ", not for " + self.str();
    if (order.request.empty() || order.request.size() > limits::check_request_bytes_max) return "the order has no name";
    if (order.checks.empty()) return "the order names no check";
    if (order.checks.size() > limits::checks_per_order_max) {
      return "the order names more than " + std::to_string(limits::checks_per_order_max) + " checks";
    }
  } catch (const DecodeError& error) {
    return std::string("the order cannot be read: ") + error.what();
  }
  return std::nullopt;
}

}  // namespace switchyard::protocol
