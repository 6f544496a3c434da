#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/file_system.hpp"

namespace switchyard::agent {

/// How the agent stands with its coordinator.
enum class LinkState : std::uint8_t {
  connected,
  refused,  ///< the coordinator does not know this host's key (any more), or said no
  unreachable,
  lost,  ///< it stood, and broke
};
std::string_view link_state_name(LinkState state);

/// What `switchyard-agent status`, another process, is told of it: one small file in the run directory, written when
/// the state changes and removed when the agent ends.
struct LinkNote {
  LinkState state = LinkState::unreachable;
  std::int64_t since_wall_ms = 0;
  std::string text;  ///< one line, for people
  bool operator==(const LinkNote&) const = default;
};

/// Throws SysError.
void write_link_note(FileSystem& files, const std::filesystem::path& run, const LinkNote& note);
void remove_link_note(FileSystem& files, const std::filesystem::path& run);
/// Nothing if there is none, or none that can be read.
std::optional<LinkNote> read_link_note(const FileSystem& files, const std::filesystem::path& run);

}  // namespace switchyard::agent
