#include "agent/system/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "common/file_descriptor.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct PipeEnds {
  FileDescriptor read, write;
};

PipeEnds make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("making a pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// A file in memory that holds the input: unlike a pipe it needs no writer while the process runs.
FileDescriptor make_input(std::string_view input) {
  FileDescriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) throw_errno("making a file in memory");
  // It may be a password, and programs do not take one from a file that others could read.
  if (::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0) throw_errno("closing a file in memory to others");
  while (!input.empty()) {
    const ssize_t done = ::write(file.get(), input.data(), input.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_errno("filling a file in memory");
    input.remove_prefix(static_cast<std::size_t>(done));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("rewinding a file in memory");
  return file;
}

/// As the kernel takes them; the words must outlive it.
std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Owns the process until it has been waited for: a process that is left behind is killed, never leaked.
class Child {
 public:
  Child(const ProcessRequest& request, int input, int output, int errors) {
    const std::vector<std::string>& argv = request.argv;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ENSURE(::posix_spawn_file_actions_init(&actions) == 0 && ::posix_spawnattr_init(&attributes) == 0);
    ENSURE(::posix_spawn_file_actions_adddup2(&actions, input, 0) == 0);
    ENSURE(::posix_spawn_file_actions_adddup2(&actions, output, 1) == 0);
    ENSURE(::posix_spawn_file_actions_adddup2(&actions, errors, 2) == 0);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    // A group of its own, so that what the program starts ends with it.
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    std::vector<std::string> variables = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    variables.insert(variables.end(), request.environment.begin(), request.environment.end());
    std::vector<char*> arguments = pointers_to(argv);
    std::vector<char*> environment = pointers_to(variables);
    const int error = ::posix_spawn(&pid_, arguments[0], &actions, &attributes, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0) throw SysError(error, "starting " + argv[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill();
    wait();
  }

  void kill() { ::kill(-pid_, SIGKILL); }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  /// Readable when the process has ended.
  FileDescriptor end() const { return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))); }

 private:
  pid_t pid_ = -1;
};

int left_ms(SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

/// Reads once. False at the end of the stream.
bool read_some(FileDescriptor& stream, std::string& into, std::size_t bytes_max, bool& truncated) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(stream.get(), buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR;
  if (got == 0) return false;
  const std::size_t room = bytes_max - into.size();
  into.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  if (static_cast<std::size_t>(got) > room) truncated = true;
  return true;
}

}  // namespace

ProcessOutcome run_process(const ProcessRequest& request) {
  ENSURE(!request.argv.empty() && request.timeout_ms > 0);
  const SteadyTime deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(request.timeout_ms);
  const FileDescriptor input = make_input(request.input);
  PipeEnds output = make_pipe();
  PipeEnds errors = make_pipe();
  Child child(request, input.get(), output.write.get(), errors.write.get());
  output.write = FileDescriptor();
  errors.write = FileDescriptor();

  ProcessOutcome outcome;
  bool ignored = false;
  bool output_open = true;
  bool errors_open = true;
  while (output_open || errors_open) {
    std::array<pollfd, 2> polled{pollfd{output_open ? output.read.get() : -1, POLLIN, 0},
                                 pollfd{errors_open ? errors.read.get() : -1, POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), left_ms(deadline));
    if (ready < 0 && errno != EINTR) throw_errno("waiting for " + request.argv[0]);
    if (ready == 0) {
      outcome.timed_out = true;
      break;
    }
    if (polled[0].revents != 0) {
      output_open = read_some(output.read, outcome.output, request.output_bytes_max, outcome.truncated);
    }
    if (polled[1].revents != 0)
      errors_open = read_some(errors.read, outcome.errors, limits::excerpt_bytes_max, ignored);
    if (outcome.truncated) break;
  }
  if (!outcome.timed_out && !outcome.truncated) {
    // It closed its output; it still has to end.
    const FileDescriptor end = child.end();
    pollfd polled{end.get(), POLLIN, 0};
    int ready = 1;
    while (end && (ready = ::poll(&polled, 1, left_ms(deadline))) < 0 && errno == EINTR) {
    }
    outcome.timed_out = ready == 0;
  }
  if (outcome.timed_out || outcome.truncated) child.kill();
  outcome.exit_status = child.wait();
  return outcome;
}

}  // namespace switchyard::agent
