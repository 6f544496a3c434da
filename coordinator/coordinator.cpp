#include "coordinator/coordinator.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "common/clock.hpp"
#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/file_system.hpp"
#include "common/log.hpp"
#include "common/service_notify.hpp"
#include "common/worker_pool.hpp"
#include "coordinator/api/http_server.hpp"
#include "coordinator/audit_file.hpp"
#include "coordinator/fleet/allow_list.hpp"
#include "coordinator/fleet/audit.hpp"
#include "coordinator/fleet/audit_text_log.hpp"
#include "coordinator/fleet/fleet.hpp"
#include "coordinator/fleet/loop_timers.hpp"
#include "coordinator/key_files.hpp"
#include "coordinator/store/audit_check.hpp"
#include "coordinator/store/migrations.hpp"
#include "coordinator/store/sqlite_store.hpp"
#include "protocol/zmq_router.hpp"

namespace switchyard {
namespace {

std::filesystem::path prepare_state(const CoordinatorConfig& config) {
  PosixFileSystem files;
  files.create_directories(config.state_directory, 0700);
  files.create_directories(config.state_directory / "artifacts", 0700);
  if (!config.api.unix_socket.empty()) files.create_directories(config.api.unix_socket.parent_path(), 0755);
  finish_taking_keys(config.state_directory);
  return config.state_directory;
}

/// Root can read everything; who runs the coordinator cannot.
void check_owners(const std::filesystem::path& state) {
  struct stat directory {};
  if (::stat(state.c_str(), &directory) != 0) return;
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(state)) {
    struct stat file {};
    if (::lstat(entry.path().c_str(), &file) != 0 || file.st_uid == directory.st_uid) continue;
    throw InputError(entry.path().string() + " belongs to user " + std::to_string(file.st_uid) + ", but " +
                     state.string() + " to user " + std::to_string(directory.st_uid) +
                     ", as whom the coordinator runs: it could not write this file. Give it to that user (chown)");
  }
}

/// While it lives, root is the user whom the state belongs to: keys are good only when they are their reader's own, and
/// what root makes here (the lock of the store) the coordinator could not open.
class AsOwnerOf {
 public:
  explicit AsOwnerOf(const std::filesystem::path& state) : user_(::geteuid()), group_(::getegid()) {
    struct stat directory {};
    if (user_ != 0) return;
    if (::stat(state.c_str(), &directory) != 0 || ::setegid(directory.st_gid) != 0 ||
        ::seteuid(directory.st_uid) != 0) {
      throw_errno("becoming the owner of " + state.string());
    }
  }
  ~AsOwnerOf() {
    if (user_ == 0) ENSURE(::seteuid(user_) == 0 && ::setegid(group_) == 0);
  }
  AsOwnerOf(const AsOwnerOf&) = delete;
  AsOwnerOf& operator=(const AsOwnerOf&) = delete;

 private:
  uid_t user_;
  gid_t group_;
};

/// What of the store cannot be used without the vault's key.
std::vector<std::string> hanging_on_vault_key(const store::StateStore& store) {
  std::vector<std::string> things;
  for (const std::string& person : store.totp_persons()) things.push_back("the authenticator app of " + person);
  for (const model::SecretRow& row : store.secrets()) {
    if (!row.removed()) things.push_back("the secret " + row.name + " of " + row.environment);
  }
  return things;
}

void check_store(const std::filesystem::path& state, const std::filesystem::path& file) {
  const store::SqliteStore store(file, store::SqliteStore::Access::shared);
  refuse_lost_vault_key(state, hanging_on_vault_key(store));
  const store::AuditCheck check = store::check_audit(store);
  if (!check.broken_row) return;
  throw InputError("the audit of " + file.string() + " is not as it was written: row " +
                   std::to_string(*check.broken_row) +
                   " does not fit to the row before it. Rows were changed or removed by another program than the "
                   "coordinator; compare with a backup, and think about who can write this file");
}

std::string holder_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + " process " + std::to_string(::getpid());
}

fleet::EnrolmentTerms enrolment_terms(const CoordinatorConfig& config, const protocol::CurveKeyPair& server_keys,
                                      const SigningKeyPair& plan_key) {
  return {
      .endpoints = config.advertise,
      .server_public_key = server_keys.public_key,
      .plan_public_key = plan_key.public_key,
      .public_key_of = [](const std::string& secret) { return protocol::curve_keys_from_secret(secret).public_key; }};
}

std::filesystem::path store_of(const std::filesystem::path& state) {
  std::filesystem::path file = state / "coordinator.db";
  if (!std::filesystem::exists(file)) {
    throw InputError("there is no store " + file.string() + "; put the copy in its place first");
  }
  return file;
}

}  // namespace

/// In the order of construction: each part needs only those above it.
struct Coordinator::Parts {
  Parts(EventLoop& event_loop, const CoordinatorConfig& config, SecretMask& mask, std::function<void()> begin_anew);

  void keep_alive(std::int64_t interval_ms);

  EventLoop& loop;
  std::filesystem::path state;
  SystemClock clock;
  fleet::LoopTimers timers;
  protocol::CurveKeyPair server_keys;
  SigningKeyPair plan_key;
  store::SqliteStore store;
  std::string vault_key;  ///< before anybody is listened to: without it there may be no start
  protocol::ZmqRouter router;
  fleet::AllowList allow_list;
  fleet::Fleet fleet;
  fleet::AuditTextLog audit_log;
  /// Writes the audit's text log: one batch at a time, so that a disk that hangs holds up nothing else.
  WorkerPool writer{1, 1};
  std::unique_ptr<api::HttpServer> http;  ///< last: it answers only when all else is there
};

Coordinator::Parts::Parts(EventLoop& event_loop, const CoordinatorConfig& config, SecretMask& mask,
                          std::function<void()> begin_anew)
    : loop(event_loop),
      state(prepare_state(config)),
      timers(loop),
      server_keys(load_or_make_server_keys(state)),
      plan_key(load_or_make_plan_key(state)),
      store(state / "coordinator.db"),
      vault_key(load_or_make_vault_key(state, hanging_on_vault_key(store))),
      router({config.control_address, config.bulk_address, server_keys}, loop,
             [this](protocol::ZmqRouter::Arrival arrival) {
               fleet.intake.frame_arrived(arrival.peer, arrival.channel, arrival.connection, arrival.frame);
             }),
      allow_list([this](const HostId& peer, const std::string& key) { return router.allow(peer, key); },
                 [this](const HostId& peer) { router.disallow(peer); }),
      fleet({
          .store = store,
          .bus = router,
          .timers = timers,
          .clock = clock,
          .mask = mask,
          .artifacts = state / "artifacts",
          .plan_key = plan_key,
          .vault_key = vault_key,
          .terms = enrolment_terms(config, server_keys, plan_key),
          .publish = [this](const std::map<std::string, HostId>& allowed) { allow_list.set(allowed); },
          .take_refused = [this] { return router.take_refused(); },
          .host_roots = config.host_roots,
          .keep_releases = config.keep_releases,
          .environments = config.environments,
          .next_keys = load_next_keys(state),
          .key_hands = {[this](const auto& before) { return draw_next_keys(state, before); },
                        [this] { take_next_keys(state); }, std::move(begin_anew)},
      }),
      audit_log(store, timers, [this, file = config.audit_log](std::string lines, std::function<void(bool)> done) {
        const bool taken = writer.submit([this, file, lines = std::move(lines), done] {
          loop.post([done, written = append_audit_lines(file, lines)] { done(written); });
        });
        if (!taken) done(false);
      }) {
  const std::uint64_t epoch = fleet.begin(holder_name());
  static_cast<void>(router.take_refused());  // who dialled a moment too early is no stranger
  log::info("coordinator started", {{"epoch", epoch}, {"hosts", fleet.hosts.rows().size()}, {"state", state.string()}});
  http = std::make_unique<api::HttpServer>(loop, fleet.guarded, config.api, clock);
  if (!config.audit_log.empty()) audit_log.begin(fleet::last_row_in(read_audit_tail(config.audit_log)));
  if (const auto watchdog = service_watchdog_ms()) keep_alive(*watchdog / 2);
}

void Coordinator::Parts::keep_alive(std::int64_t interval_ms) {
  notify_service("WATCHDOG=1");
  timers.set("coordinator/watchdog", interval_ms, [this, interval_ms] { keep_alive(interval_ms); });
}

Coordinator::Coordinator(EventLoop& loop, const CoordinatorConfig& config, SecretMask& mask,
                         std::function<void()> begin_anew)
    : parts_(std::make_unique<Parts>(loop, config, mask, std::move(begin_anew))) {}
Coordinator::~Coordinator() = default;

void check_coordinator(const CoordinatorConfig& config) {
  const std::filesystem::path& state = config.state_directory;
  if (!std::filesystem::exists(state)) return;
  check_owners(state);
  const AsOwnerOf owner(state);
  if (std::filesystem::exists(state / "server.key")) load_or_make_server_keys(state);
  if (std::filesystem::exists(state / "plan.key")) load_or_make_plan_key(state);
  if (std::filesystem::exists(state / "vault.key")) load_or_make_vault_key(state, {});
  load_next_keys(state);
  const std::filesystem::path store = state / "coordinator.db";
  // What an older coordinator wrote is read after its schema has become ours, at the next start.
  if (std::filesystem::exists(store) && store::check_schema(store)) check_store(state, store);
}

void mark_restored(const CoordinatorConfig& config) {
  const std::filesystem::path& state = config.state_directory;
  const std::filesystem::path file = store_of(state);
  check_owners(state);
  const AsOwnerOf owner(state);
  store::SqliteStore store(file);
  const SystemClock clock;
  store.take_epoch(holder_name());
  // One of them may have been used since the copy was made, or have fallen into other hands.
  store::Transaction writes = fleet::burn_unused_tokens(store);
  const std::string burnt = std::to_string(writes.size());
  writes.push_back(store::SetRestored{true});
  writes.push_back(fleet::audit_row(clock, fleet::coordinator_itself(), "store.restored", file.string(),
                                    "a copy was put in the place of the store", {{"tokens_burnt", burnt}}));
  store.commit(writes);
}

void give_vault_up(const CoordinatorConfig& config) {
  const std::filesystem::path& state = config.state_directory;
  const std::filesystem::path file = store_of(state);
  if (has_vault_key(state)) {
    throw InputError((state / "vault.key").string() +
                     ", or a note that it is a credential, is there, so no app and no secret has to go; if the key is "
                     "damaged and cannot be restored, remove these first");
  }
  check_owners(state);
  const AsOwnerOf owner(state);
  store::SqliteStore store(file);
  const SystemClock clock;
  store.take_epoch(holder_name());
  store::Transaction writes;
  for (const std::string& person : store.totp_persons()) {
    writes.push_back(store::DropTotp{person});
    writes.push_back(
        fleet::audit_row(clock, fleet::coordinator_itself(), "totp.reset", person, "the key of the vault is lost"));
  }
  for (const model::SecretRow& row : store.secrets()) {
    if (row.removed()) continue;
    writes.push_back(store::DropSecret{row.environment, row.name});
    writes.push_back(fleet::audit_row(clock, fleet::coordinator_itself(), "secret.remove", row.name,
                                      "the key of the vault is lost", {{"environment", row.environment}}));
  }
  store.commit(writes);
}

}  // namespace switchyard
