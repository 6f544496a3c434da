#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_descriptor.hpp"

namespace switchyard::templates {

/// A program that answers one line with one line, over its standard input and output. Owned by JinjaRenderer, used by
/// one thread; killed with its group when the object goes. Nothing of ours is inherited: a fixed environment, no
/// descriptors, no blocked signals, standard error nowhere.
class HelperProcess {
 public:
  /// argv[0] is an absolute path. Throws SysError when it cannot be started.
  explicit HelperProcess(const std::vector<std::string>& argv);
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  ~HelperProcess();

  enum class Outcome {
    line,      ///< `line` has it, without its end
    ended,     ///< the program is no more
    too_late,  ///< nothing, or not all, within the time
    too_long   ///< more than was asked for, and no end of the line
  };
  struct Answer {
    Outcome outcome = Outcome::ended;
    std::string line;
  };
  /// One line from the program; a line that was not asked for is never there. After anything but `line` the object is
  /// of no more use. Throws SysError.
  Answer read_line(std::int64_t wait_ms, std::size_t bytes_max);
  /// Sends the line, and reads the answer. `request` has no line end.
  Answer ask(std::string_view request, std::int64_t wait_ms, std::size_t bytes_max);

  pid_t pid() const { return pid_; }

 private:
  Answer read_until(std::int64_t deadline_ms, std::size_t bytes_max);
  Outcome send_all(std::string_view bytes, std::int64_t deadline_ms);
  bool wait_for(short events, std::int64_t deadline_ms) const;

  FileDescriptor stream_;
  pid_t pid_ = -1;
};

}  // namespace switchyard::templates
