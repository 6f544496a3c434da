#include "api/entries.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace guestbook {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Long enough for a database that restarts, shorter than a client waits.
constexpr auto database_time = 8s;

constexpr std::size_t author_bytes_max = 100;
constexpr std::size_t message_bytes_max = 2000;
constexpr std::size_t mood_bytes_max = 20;

std::string text_field(const json& entry, const char* name, std::size_t bytes_max, bool is_required) {
  const auto found = entry.find(name);
  if (found == entry.end() && !is_required) return {};
  if (found == entry.end() || !found->is_string()) throw BadEntry(std::string(name) + ": a text is required");
  std::string text = *found;
  if (text.empty() && is_required) throw BadEntry(std::string(name) + ": must not be empty");
  if (text.size() > bytes_max) throw BadEntry(std::string(name) + ": too long");
  // PostgreSQL's texts cannot hold the character 0.
  if (text.find('\0') != std::string::npos) throw BadEntry(std::string(name) + ": broken text");
  return text;
}

json parse_entry(const std::string& text) {
  try {
    json entry = json::parse(text);
    if (entry.is_object()) return entry;
  } catch (const json::exception&) {
    // Told to the client below, like any other text that is no object.
  }
  throw BadEntry("send an object of JSON with author and message");
}

}  // namespace

Entries::Entries(Database& database, std::vector<std::string> fields)
    : database_(database), fields_(std::move(fields)) {
  for (const std::string& field : fields_) {
    // The names become SQL, so only known ones pass.
    if (field != "mood" && field != "created_at") throw std::runtime_error("features.json: unknown field " + field);
  }
}

Entries::Page Entries::newest(unsigned long long after, unsigned long long count_max) const {
  const Rows rows = database_.query(
      "SELECT id, author, message" + columns() + " FROM entries WHERE id > $1 ORDER BY id DESC LIMIT $2",
      {std::to_string(after), std::to_string(count_max)}, database_time);
  json entries = json::array();
  for (const auto& row : rows) {
    json entry = {{"id", std::stoull(row[0])}, {"author", row[1]}, {"message", row[2]}};
    for (std::size_t i = 0; i < fields_.size(); ++i) entry[fields_[i]] = row[3 + i];
    entries.push_back(std::move(entry));
  }
  return {rows.empty(), json{{"entries", std::move(entries)}}.dump() + '\n'};
}

std::string Entries::add(const std::string& text, const std::string& request_id) const {
  const json entry = parse_entry(text);
  std::vector<std::string> values = {request_id, text_field(entry, "author", author_bytes_max, true),
                                     text_field(entry, "message", message_bytes_max, true)};
  const bool has_mood = has_field("mood");
  if (has_mood) values.push_back(text_field(entry, "mood", mood_bytes_max, false));
  const std::string insert = has_mood
                                 ? "INSERT INTO entries (request_id, author, message, mood) VALUES ($1, $2, $3, $4)"
                                 : "INSERT INTO entries (request_id, author, message) VALUES ($1, $2, $3)";
  const Rows rows = database_.query("WITH added AS (" + insert +
                                        " ON CONFLICT (request_id) DO NOTHING RETURNING id)"
                                        " SELECT id FROM added UNION ALL SELECT id FROM entries WHERE request_id = $1"
                                        " LIMIT 1",
                                    values, database_time);
  if (rows.empty()) throw DatabaseError("the entry was not kept");
  json kept = {{"id", std::stoull(rows[0][0])}, {"author", values[1]}, {"message", values[2]}};
  if (has_mood) kept["mood"] = values[3];
  return kept.dump() + '\n';
}

std::string Entries::columns() const {
  std::string text;
  for (const std::string& field : fields_) {
    text += field == "created_at" ? ", to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')" : ", " + field;
  }
  return text;
}

bool Entries::has_field(const std::string& name) const {
  return std::find(fields_.begin(), fields_.end(), name) != fields_.end();
}

}  // namespace guestbook
