#include "agent/executors/file_list.hpp"

#include <utility>

#include "agent/executors/sealed_lines.hpp"
#include "common/error.hpp"

namespace switchyard::agent {
namespace {

// A line per fact, fields apart by one space, the path last. Paths hold no control characters (ArchiveRules), so a line
// is a line; a link's target has a line of its own.
constexpr std::string_view head = "switchyard-files 1";

std::string_view kind_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::file:
      return "file";
    case EntryKind::directory:
      return "directory";
    case EntryKind::link:
      return "link";
    case EntryKind::other:
      break;
  }
  return "other";
}

void decode_line(std::string_view line, std::string_view& rest, FileList& list) {
  const std::string_view kind = take_word(line);
  if (kind == "shared") {
    list.shared.emplace_back(line);
    return;
  }
  FileFact fact;
  fact.mode = number<std::uint32_t>(take_word(line), 8);
  if (kind == "file") {
    fact.bytes = number<std::uint64_t>(take_word(line), 10);
    fact.sha256 = digest(take_word(line));
  } else if (kind == "directory") {
    fact.kind = EntryKind::directory;
  } else if (kind == "link") {
    fact.kind = EntryKind::link;
    fact.target = std::string(take_line(rest));
  } else {
    throw DecodeError("file list: a line is of an unknown kind");
  }
  if (!list.files.emplace(std::string(line), std::move(fact)).second) {
    throw DecodeError("file list: a path appears twice");
  }
}

}  // namespace

std::string encode_file_list(const FileList& list) {
  std::string text(head);
  text += '\n';
  for (const std::string& path : list.shared) text += "shared " + path + "\n";
  for (const auto& [path, fact] : list.files) {
    text += std::string(kind_name(fact.kind)) + " " + octal(fact.mode) + " ";
    if (fact.kind == EntryKind::file) text += std::to_string(fact.bytes) + " " + fact.sha256 + " ";
    text += path + "\n";
    if (fact.kind == EntryKind::link) text += fact.target + "\n";
  }
  return seal(std::move(text));
}

FileList decode_file_list(std::string_view bytes) {
  std::string_view rest = unseal(bytes, head);
  FileList list;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    decode_line(line, rest, list);
  }
  return list;
}

}  // namespace switchyard::agent
