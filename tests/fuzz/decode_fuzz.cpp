// libFuzzer target: bytes from a peer. What is read must be what would be written, and nothing may crash or take memory
// out of proportion (run with -rss_limit_mb=256 -malloc_limit_mb=16).
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "protocol/artifact.hpp"
#include "protocol/enrolment.hpp"
#include "protocol/message.hpp"

namespace {

using namespace switchyard;

template <class Try>
void may_refuse(Try attempt) {
  try {
    attempt();
  } catch (const DecodeError&) {
  } catch (const InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      may_refuse([&] {
        const protocol::Envelope read = protocol::decode(bytes);
        ENSURE(protocol::decode(protocol::encode(read)) == read);
      });
      break;
    case 1:
      may_refuse([&] { protocol::encode_slice(protocol::decode_slice(bytes)); });
      break;
    case 2:
      may_refuse([&] { protocol::encode_header(protocol::decode_header(bytes)); });
      break;
    case 3:
      may_refuse([&] { protocol::encode_artifact(protocol::decode_artifact(bytes)); });
      break;
    default:
      may_refuse([&] { protocol::encode_enrolment(protocol::decode_enrolment(bytes)); });
      break;
  }
  return 0;
}
