#include "coordinator/artifact/program_lookup.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "common/limits.hpp"
#include "common/nearest.hpp"

namespace switchyard::artifact {

namespace {

namespace fs = std::filesystem;

/// Of a directory's names in one message.
constexpr std::size_t names_shown_max = 5;

class Tree {
 public:
  Tree(const std::vector<PackEntry>& entries, const std::vector<std::string>& shared) : shared_(shared) {
    for (const PackEntry& entry : entries) entries_.emplace(entry.path, &entry);
  }

  std::optional<std::string> trouble(const std::string& path) const {
    fs::path wanted = path;
    for (unsigned links = 0; links <= limits::links_followed_max; ++links) {
      const Step step = walk(wanted);
      if (!step.link_to) return step.trouble;
      wanted = *step.link_to;
    }
    return "has a chain of links at `" + path + "` that does not end";
  }

 private:
  struct Step {
    std::optional<std::string> trouble;
    std::optional<fs::path> link_to;  ///< the whole path anew, with the first link on the way followed
  };

  Step walk(const fs::path& wanted) const {
    if (wanted == ".") return {"has its whole directory there, which is no program", {}};
    fs::path at;
    for (auto part = wanted.begin(); part != wanted.end(); ++part) {
      at /= *part;
      if (std::find(shared_.begin(), shared_.end(), at.string()) != shared_.end()) {
        if (!entries_.contains(wanted.string())) return {};
        return {"has `" + wanted.string() + "` itself, which `shared: [" + at.string() +
                    "]` hides behind the host's own files; share only what the service writes",
                {}};
      }
      const auto found = entries_.find(at.string());
      if (found == entries_.end()) return {"has no `" + wanted.string() + "`" + instead_of(wanted), {}};
      const PackEntry& entry = *found->second;
      if (entry.kind == EntryKind::link) {
        fs::path target = at.parent_path() / entry.target;
        for (auto rest = std::next(part); rest != wanted.end(); ++rest) target /= *rest;
        return {{}, target.lexically_normal()};
      }
      const bool last = std::next(part) == wanted.end();
      if (last) return {file_trouble(entry), {}};
      if (entry.kind == EntryKind::file) return {"has a file at `" + at.string() + "`, and no directory", {}};
    }
    return {};
  }

  static std::optional<std::string> file_trouble(const PackEntry& entry) {
    if (entry.kind == EntryKind::directory) return "has a directory at `" + entry.path + "`, which is no program";
    if (entry.executable) return std::nullopt;
    return "has `" + entry.path + "` as a file that is not executable; `chmod +x` it";
  }

  /// A program of that name elsewhere, the nearest name, or what the directory holds.
  std::string instead_of(const fs::path& wanted) const {
    std::vector<std::string_view> programs;
    std::string beside;
    std::size_t count = 0;
    for (const auto& [path, entry] : entries_) {
      const fs::path place = path;
      if (entry->kind != EntryKind::directory && place.filename() == wanted.filename()) {
        return "; did you mean `" + path + "`?";
      }
      if (entry->kind == EntryKind::file && entry->executable) programs.emplace_back(path);
      if (place.parent_path() == wanted.parent_path() && ++count <= names_shown_max) {
        beside += (beside.empty() ? "" : ", ") + place.filename().string();
      }
    }
    if (std::string guess = did_you_mean(wanted.string(), programs); !guess.empty()) return guess;
    if (beside.empty()) return "";
    if (count > names_shown_max) beside += " and " + std::to_string(count - names_shown_max) + " more";
    const std::string directory = wanted.parent_path().string();
    return "; " + (directory.empty() ? "its top" : "`" + directory + "`") + " holds " + beside;
  }

  const std::vector<std::string>& shared_;
  std::map<std::string, const PackEntry*> entries_;
};

}  // namespace

std::optional<std::string> program_trouble(const std::vector<PackEntry>& entries,
                                           const std::vector<std::string>& shared, const std::string& path) {
  return Tree(entries, shared).trouble(path);
}

}  // namespace switchyard::artifact
