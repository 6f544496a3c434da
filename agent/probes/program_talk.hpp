#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "agent/system/json_value.hpp"
#include "common/file_descriptor.hpp"

namespace switchyard::agent {

/// What a program of the user's is asked on its standard input, all at once, and what it says on its standard output,
/// over two pipes that end with this object. Owned by whoever runs the program; its thread. Throws SysError.
class ProgramTalk {
 public:
  /// The request must fit into a pipe (64 KiB).
  ProgramTalk(std::string_view request, std::size_t answer_bytes_max);

  /// The program's own ends. They stay this object's to close.
  int standard_input() const { return input_.get(); }
  int standard_output() const { return output_.get(); }

  /// Takes what is there, without waiting. Not empty: why the program has said too much.
  std::string take();
  const std::string& answer() const { return answer_; }

 private:
  FileDescriptor input_, output_, heard_;
  std::size_t answer_bytes_max_;
  std::string answer_;
};

/// The members of a JSON object, as texts. Each is cut, and the last ones are left out, so that all of them fit into a
/// message.
std::map<std::string, std::string> detail_texts(const JsonValue& details);

}  // namespace switchyard::agent
