#include "tests/support/failing_sync.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "common/log.hpp"

namespace switchyard::failing_sync {
namespace {

#if defined(__x86_64__)
constexpr unsigned own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned own_architecture = AUDIT_ARCH_AARCH64;
#else
#error "say here which AUDIT_ARCH_… this machine has"
#endif

std::atomic<int> failed{0};

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::_Exit(99);
}

/// Whoever syncs waits in the kernel until serve() has answered.
int install_filter() {
  // Numbers of calls mean nothing before it is known of which architecture they are.
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sync_file_range, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_syncfs, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
  const sock_fprog program{std::size(instructions), instructions};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up("PR_SET_NO_NEW_PRIVS");
  const long listener = ::syscall(
      SYS_seccomp, SECCOMP_SET_MODE_FILTER,
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, &program);
  if (listener < 0) give_up("a seccomp filter");
  return static_cast<int>(listener);
}

[[noreturn]] void serve(int listener, const WhichSync& which) {
  for (;;) {
    seccomp_notif asked{};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      give_up("SECCOMP_IOCTL_NOTIF_RECV");
    }
    std::error_code gone;
    const auto of = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(asked.data.args[0]), gone);
    seccomp_notif_resp answer{};
    answer.id = asked.id;
    if (which(Sync{asked.data.nr, of})) {
      ++failed;
      answer.error = -EIO;
    } else {
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT) {
      give_up("SECCOMP_IOCTL_NOTIF_SEND");
    }
  }
}

}  // namespace

bool is_any(const Sync&) { return true; }
bool is_of_a_directory(const Sync& sync) { return std::filesystem::is_directory(sync.of); }
bool is_of_a_file(const Sync& sync) { return !is_of_a_directory(sync); }

void begin(WhichSync which) {
  const int listener = install_filter();
  std::thread(serve, listener, std::move(which)).detach();
}

void run(const WhichSync& which, const std::function<void()>& act) {
  log::set_up("test", log::Level::info, nullptr);
  begin(which);
  act();
  std::_Exit(failed == 0 ? 0 : 1);
}

int expect_each_to_end_the_process(const WhichSync& which, const std::function<void()>& prepare,
                                   const std::function<void()>& act) {
  std::atomic<int> seen{0};
  int count = 0;
  const auto count_them = [&](const Sync& sync) {
    if (which(sync)) ++seen;
    return false;
  };
  const auto tells_them = [&](int status) {
    count = WEXITSTATUS(status);
    return WIFEXITED(status);
  };
  prepare();
  EXPECT_EXIT(run(count_them,
                  [&] {
                    act();
                    std::_Exit(seen);
                  }),
              tells_them, "");
  for (int n = 1; n <= count; ++n) {
    prepare();
    seen = 0;
    const auto is_the_nth = [&](const Sync& sync) { return which(sync) && ++seen == n; };
    EXPECT_EXIT(run(is_the_nth, act), ended_itself, said_why) << "sync " << n << " of " << count;
  }
  return count;
}

}  // namespace switchyard::failing_sync
