#include "coordinator/templates/helper_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/clock.hpp"
#include "common/ensure.hpp"
#include "common/error.hpp"

namespace switchyard::templates {
namespace {

std::int64_t now_ms() { return SystemClock().boot_ms(); }

/// What posix_spawn is told, freed with the object.
class SpawnOrders {
 public:
  explicit SpawnOrders(int stream) {
    ENSURE(::posix_spawn_file_actions_init(&actions) == 0 && ::posix_spawnattr_init(&attributes) == 0);
    ENSURE(::posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO) == 0);
    ENSURE(::posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO) == 0);
    ENSURE(::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    // A group of its own: Ctrl-C is for us, and what it starts ends with it.
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnOrders(const SpawnOrders&) = delete;
  SpawnOrders& operator=(const SpawnOrders&) = delete;
  ~SpawnOrders() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

pid_t spawn(const std::vector<std::string>& argv, int stream) {
  ENSURE(!argv.empty());
  const SpawnOrders orders(stream);
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  char path[] = "PATH=/usr/bin:/bin";
  char locale[] = "LC_ALL=C.UTF-8";
  char* environment[] = {path, locale, nullptr};
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, arguments[0], &orders.actions, &orders.attributes, arguments.data(), environment);
  if (error != 0) throw SysError(error, "starting " + argv[0]);
  return pid;
}

}  // namespace

HelperProcess::HelperProcess(const std::vector<std::string>& argv) {
  // A socket and not two pipes: a write to a program that is gone is then an error and no signal.
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno("making a socket pair");
  stream_ = FileDescriptor(ends[0]);
  const FileDescriptor theirs(ends[1]);
  pid_ = spawn(argv, theirs.get());
}

HelperProcess::~HelperProcess() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

bool HelperProcess::wait_for(short events, std::int64_t deadline_ms) const {
  while (true) {
    const std::int64_t left_ms = deadline_ms - now_ms();
    if (left_ms <= 0) return false;
    pollfd polled{stream_.get(), events, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(left_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_errno("waiting for the template helper");
  }
}

HelperProcess::Outcome HelperProcess::send_all(std::string_view bytes, std::int64_t deadline_ms) {
  while (!bytes.empty()) {
    const ssize_t done = ::send(stream_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(done));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(POLLOUT, deadline_ms)) return Outcome::too_late;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return Outcome::ended;
    } else if (errno != EINTR) {
      throw_errno("writing to the template helper");
    }
  }
  return Outcome::line;
}

HelperProcess::Answer HelperProcess::read_until(std::int64_t deadline_ms, std::size_t bytes_max) {
  Answer answer;
  std::array<char, 64 * 1024> buffer;
  while (true) {
    if (!wait_for(POLLIN, deadline_ms)) return {Outcome::too_late, {}};
    const ssize_t got = ::recv(stream_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) return {Outcome::ended, {}};
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
      throw_errno("reading from the template helper");
    }
    answer.line.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t end = answer.line.find('\n', answer.line.size() - static_cast<std::size_t>(got));
    if (end != std::string::npos) {
      // More than one line was never asked for.
      if (end + 1 != answer.line.size()) return {Outcome::too_long, {}};
      answer.line.pop_back();
      answer.outcome = Outcome::line;
      return answer;
    }
    if (answer.line.size() > bytes_max) return {Outcome::too_long, {}};
  }
}

HelperProcess::Answer HelperProcess::read_line(std::int64_t wait_ms, std::size_t bytes_max) {
  return read_until(now_ms() + wait_ms, bytes_max);
}

HelperProcess::Answer HelperProcess::ask(std::string_view request, std::int64_t wait_ms, std::size_t bytes_max) {
  ENSURE(request.find('\n') == std::string_view::npos);
  const std::int64_t deadline_ms = now_ms() + wait_ms;
  const Outcome sent = send_all(std::string(request) + "\n", deadline_ms);
  if (sent != Outcome::line) return {sent, {}};
  return read_until(deadline_ms, bytes_max);
}

}  // namespace switchyard::templates
