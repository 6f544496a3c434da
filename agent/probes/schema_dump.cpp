#include "agent/probes/schema_dump.hpp"

#include <algorithm>

#include "common/crypto.hpp"

namespace switchyard::agent {
namespace {

constexpr std::string_view first_definition = "\n--\n-- Name: ";
constexpr std::string_view foot = "\n--\n-- PostgreSQL database dump complete\n--\n";

/// The rest of the line that begins so; empty when there is none.
std::string rest_of_line(std::string_view text, std::string_view beginning) {
  const std::size_t at = text.find(beginning);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + beginning.size());
  return std::string(rest.substr(0, rest.find('\n')));
}

/// A function may have any text in it, so that the first is the head's end, and the last the foot's beginning.
std::size_t end_of_head(std::string_view text) { return std::min(text.find(first_definition), text.rfind(foot)); }

}  // namespace

std::optional<SchemaDump> read_schema_dump(std::string_view text) {
  if (text.rfind(foot) == std::string_view::npos) return std::nullopt;
  const std::string_view head = text.substr(0, end_of_head(text));
  SchemaDump dump;
  dump.server_version = rest_of_line(head, "\n-- Dumped from database version ");
  dump.dump_version = rest_of_line(head, "\n-- Dumped by pg_dump version ");
  if (dump.server_version.empty() || dump.dump_version.empty()) return std::nullopt;
  dump.sha256 = sha256_hex(definitions_of(text));
  return dump;
}

std::string_view definitions_of(std::string_view text) {
  const std::size_t begin = end_of_head(text);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.rfind(foot) - begin);
}

}  // namespace switchyard::agent
