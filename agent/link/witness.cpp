#include "agent/link/witness.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/log.hpp"

namespace switchyard::agent {

bool is_audit_head(std::string_view text) {
  constexpr std::size_t digits = 64;
  return text.size() == digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Witness::Witness(FileSystem& files, const std::filesystem::path& state) : files_(files), file_(state / "audit-head") {
  try {
    if (const auto text = files_.read(file_); text && is_audit_head(*text)) head_ = *text;
  } catch (const SysError& error) {
    log::warning("the audit head that this host was told last is not known", {{"why", error.what()}});
  }
}

void Witness::told(const std::string& head) {
  if (head == head_ || !is_audit_head(head)) return;
  head_ = head;
  try {
    files_.write_atomically(file_, head, 0600);
  } catch (const SysError& error) {
    log::warning("the coordinator's audit head was not written down", {{"why", error.what()}});
  }
}

}  // namespace switchyard::agent
