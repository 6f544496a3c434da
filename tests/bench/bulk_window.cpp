// What several chunks under way at once are worth: the agent's own fetch over its own bulk connection, once with one
// chunk at a time and once with its window.
//
//   bench_bulk_window MEBIBYTES
//
// It prints the ports of its coordinator, "CONTROL BULK", and reads those that its agent shall dial, so that a slow
// link may be put between the two; then the two speeds in MiB/s. See bulk.py.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "agent/executors/release_fetch.hpp"
#include "agent/link/blob_client.hpp"
#include "agent/link/coordinator_session.hpp"
#include "common/crypto.hpp"
#include "common/file_descriptor.hpp"
#include "common/limits.hpp"
#include "common/log.hpp"
#include "tests/unit/agent_link/coordinator_double.hpp"

namespace switchyard::agent {
namespace {

const HostId host("bench");
const ReleaseId release(std::string(64, 'a'));

/// The same source without its window.
class OneAtATime final : public BlobSource {
 public:
  explicit OneAtATime(BlobSource& source) : source_(source) {}
  std::string fetch(const ReleaseId& wanted, bool manifest, std::uint64_t offset, std::uint32_t length,
                    std::int64_t deadline_boot_ms, const std::stop_token& stop) override {
    return source_.fetch(wanted, manifest, offset, length, deadline_boot_ms, stop);
  }
  void begin(const ReleaseId&, std::uint64_t, std::uint32_t) override {}
  void give_up(const ReleaseId&, std::uint64_t) override {}

 private:
  BlobSource& source_;
};

protocol::ArtifactManifest manifest_of(const std::string& archive) {
  protocol::ArtifactManifest manifest;
  manifest.bytes = archive.size();
  manifest.chunk_bytes = static_cast<std::uint32_t>(limits::chunk_bytes_max);
  for (std::size_t at = 0; at < archive.size(); at += manifest.chunk_bytes) {
    manifest.chunks.push_back(sha256(std::string_view(archive).substr(at, manifest.chunk_bytes)));
  }
  return manifest;
}

double mebibytes_per_second(BlobSource& source, const protocol::ArtifactManifest& manifest, const Clock& clock) {
  const FileDescriptor file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  StepContext context;
  context.deadline_boot_ms = clock.boot_ms() + 600'000;
  const std::int64_t began = clock.boot_ms();
  ReleaseFetch(source, release, context).complete(file.get(), manifest, 0);
  const auto ms = static_cast<double>(clock.boot_ms() - began);
  return static_cast<double>(manifest.bytes) / 1048576.0 / (ms / 1000.0);
}

int run(std::size_t mebibytes) {
  const std::string archive(mebibytes << 20, 'x');
  const protocol::ArtifactManifest manifest = manifest_of(archive);
  testing::CoordinatorDouble coordinator(
      [&](const HostId&, const protocol::Envelope& heard) -> std::vector<protocol::Message> {
        if (std::holds_alternative<protocol::Hello>(heard.message)) {
          protocol::Welcome welcome;
          welcome.host = host;
          return {welcome};
        }
        const auto* wish = std::get_if<protocol::BlobGet>(&heard.message);
        if (wish == nullptr) return {};
        return {protocol::Blob{wish->release, false, wish->offset, archive.substr(wish->offset, wish->length), false}};
      });
  const protocol::CurveKeyPair keys = protocol::generate_curve_keys();
  coordinator.allow(host, keys.public_key);
  SystemClock clock;
  EventLoop loop;
  CoordinatorSession* talk = nullptr;
  BlobClient client(clock, [&](protocol::BlobGet wish) { loop.post([&talk, wish] { talk->send(wish); }); });
  std::jthread worker;
  CoordinatorSession::Callbacks callbacks;
  callbacks.hello = [] { return protocol::Hello{}; };
  callbacks.welcomed = [&](std::uint64_t, const protocol::Welcome&, std::uint64_t) {
    worker = std::jthread([&] {
      OneAtATime single(client);
      client.fetch(release, false, 0, 1, clock.boot_ms() + 60'000, {});  // the bulk connection stands
      const double alone = mebibytes_per_second(single, manifest, clock);
      std::printf("%.1f %.1f\n", alone, mebibytes_per_second(client, manifest, clock));
      loop.stop();
    });
  };
  callbacks.message = [&](std::uint64_t, protocol::Message message) {
    if (auto* blob = std::get_if<protocol::Blob>(&message)) client.deliver(std::move(*blob));
  };
  callbacks.ended = [] {};
  callbacks.every_ping = [] {};
  const protocol::Endpoint near = coordinator.endpoint();
  std::printf("%d %d\n", int{near.control_port}, int{near.bulk_port});
  std::fflush(stdout);
  int control = 0, bulk = 0;
  if (std::scanf("%d %d", &control, &bulk) != 2) return EXIT_FAILURE;
  const protocol::Endpoint dialled{near.host, static_cast<std::uint16_t>(control), static_cast<std::uint16_t>(bulk)};
  CoordinatorSession session({{dialled}, {coordinator.public_key()}, keys}, loop, clock, std::move(callbacks));
  talk = &session;
  loop.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace switchyard::agent

int main(int count, char** words) {
  const int mebibytes = count == 2 ? std::atoi(words[1]) : 0;
  if (mebibytes <= 0 || mebibytes > 1024) {
    std::fputs("usage: bench_bulk_window MEBIBYTES\n", stderr);
    return EXIT_FAILURE;
  }
  switchyard::log::set_up("bench_bulk_window", switchyard::log::Level::error);
  return switchyard::agent::run(static_cast<std::size_t>(mebibytes));
}
