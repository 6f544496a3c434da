#include "agent/probes/postgres_client.hpp"

#include <string_view>
#include <utility>

#include "agent/probes/scram.hpp"
#include "common/ids.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

constexpr std::uint32_t protocol_3_0 = 3 << 16;
/// In the place of a version: "do you speak TLS?"
constexpr std::uint32_t tls_request = 1234 << 16 | 5679;
constexpr std::size_t length_bytes = 4;
/// Kinds of authentication requests.
constexpr std::uint32_t auth_ok = 0, auth_sasl = 10, auth_sasl_continue = 11, auth_sasl_final = 12;

std::string number(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}
std::uint32_t number_in(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < length_bytes && i < bytes.size(); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}
std::string terminated(const std::string& text) { return text.substr(0, text.find('\0')) + '\0'; }

/// Of a row: how many values, then each with its length, which is negative for NULL.
std::string first_value(std::string_view row) {
  constexpr std::size_t count_bytes = 2;
  if (row.size() < count_bytes + length_bytes) return {};
  const auto length = static_cast<std::int32_t>(number_in(row.substr(count_bytes)));
  if (length < 0) return {};
  return std::string(row.substr(count_bytes + length_bytes, static_cast<std::size_t>(length)));
}

/// The text and the code of an error message.
std::string error_text(std::string_view fields) {
  std::string text, code;
  while (fields.size() > 1) {
    const std::string_view value = fields.substr(1, fields.find('\0', 1) - 1);
    if (fields[0] == 'M') text = std::string(value);
    if (fields[0] == 'C') code = std::string(value);
    if (value.size() + 2 > fields.size()) break;
    fields.remove_prefix(value.size() + 2);
  }
  return text + (code.empty() ? "" : " (" + code + ")");
}

}  // namespace

bool PostgresClient::send(char type, const std::string& body, std::string& why) {
  return socket_.send_all(std::string(1, type) + number(static_cast<std::uint32_t>(body.size() + length_bytes)) + body,
                          why);
}

std::optional<PostgresClient::Message> PostgresClient::receive(std::string& why) {
  constexpr std::size_t head_bytes = 1 + length_bytes;
  for (;;) {
    if (pending_.size() >= head_bytes) {
      const std::size_t length = number_in(std::string_view(pending_).substr(1));
      if (length < length_bytes || length > limits::probe_body_bytes_max) {
        why = "it answers something else than PostgreSQL does, or far more than a check wants";
        return std::nullopt;
      }
      if (pending_.size() >= 1 + length) {
        Message message{pending_[0], pending_.substr(head_bytes, length - length_bytes)};
        pending_.erase(0, 1 + length);
        return message;
      }
    }
    const auto got = socket_.receive(why);
    if (!got) return std::nullopt;
    if (got->empty()) {
      why = "it closed the connection";
      return std::nullopt;
    }
    pending_ += *got;
  }
}

std::string PostgresClient::start_tls(TlsSession session) {
  std::string why;
  if (!socket_.send_all(number(2 * length_bytes) + number(tls_request), why)) return why;
  const auto answer = socket_.receive(why);
  if (!answer) return why;
  if (answer->empty()) return "it closed the connection";
  if (*answer == "N") return "it speaks no TLS, which `sslmode` wants; set `ssl = on` in its postgresql.conf";
  // Nor may more have come with it: it would be taken for what TLS protects.
  if (*answer != "S") return "it answers something else than PostgreSQL does";
  return socket_.start_tls(std::move(session), why) ? "" : why;
}

std::string PostgresClient::sign_in(const std::string& user, const std::string& database,
                                    const std::optional<std::string>& password) {
  const std::string body = number(protocol_3_0) + terminated("user") + terminated(user) + terminated("database") +
                           terminated(database) + terminated("application_name") + terminated("switchyard") + '\0';
  std::string why;
  if (!socket_.send_all(number(static_cast<std::uint32_t>(body.size() + length_bytes)) + body, why)) return why;
  const auto first = receive(why);
  if (!first) return why;
  if (first->type == 'E') return error_text(first->body);
  if (first->type != 'R') return "it answers something else than PostgreSQL does";
  const std::uint32_t wanted = number_in(first->body);
  if (wanted == auth_ok) return await_ready();
  if (wanted != auth_sasl) {
    return "it wants a password in clear or as md5, which is not given to it; use scram-sha-256 in pg_hba.conf";
  }
  why = prove(*first, password);
  return why.empty() ? await_ready() : why;
}

std::string PostgresClient::prove(const Message& methods, const std::optional<std::string>& password) {
  if (!password) return "it wants a password; name one by `credential`";
  if (methods.body.find("SCRAM-SHA-256") == std::string::npos) return "it does not offer SCRAM-SHA-256";
  Scram scram(*password, random_hex(24));
  const std::string hello = scram.first_message();
  std::string why;
  if (!send('p', terminated("SCRAM-SHA-256") + number(static_cast<std::uint32_t>(hello.size())) + hello, why)) {
    return why;
  }
  for (const std::uint32_t expected : {auth_sasl_continue, auth_sasl_final}) {
    const auto message = receive(why);
    if (!message) return why;
    if (message->type == 'E') return error_text(message->body);
    if (message->type != 'R' || message->body.size() < length_bytes || number_in(message->body) != expected) {
      return "it broke off the signing in";
    }
    const std::string said = message->body.substr(length_bytes);
    if (expected == auth_sasl_final) {
      if (!scram.is_right(said)) return "it does not know the password itself: this is another server";
      continue;
    }
    const auto answer = scram.answer(said);
    if (!answer) return "its part in the signing in is none";
    if (!send('p', *answer, why)) return why;
  }
  const auto done = receive(why);
  if (!done) return why;
  if (done->type == 'E') return error_text(done->body);
  return done->type == 'R' && number_in(done->body) == auth_ok ? "" : "it broke off the signing in";
}

/// Reads on until the server waits for a question. Empty when there was no error on the way.
std::string PostgresClient::await_ready(std::optional<std::string>* first_row) {
  std::string trouble, why;
  for (;;) {
    const auto message = receive(why);
    if (!message) return trouble.empty() ? why : trouble;
    if (message->type == 'Z') return trouble;
    if (message->type == 'E' && trouble.empty()) trouble = error_text(message->body);
    if (message->type == 'D' && first_row != nullptr && !*first_row) *first_row = message->body;
    // Nobody feeds it: what wants to copy something in would wait for ever.
    if (message->type == 'G' || message->type == 'W') return "the query wants to copy, which a check does not";
  }
}

std::string PostgresClient::ask(const std::string& query) {
  std::string why;
  if (!send('Q', terminated(query), why)) return why;
  return await_ready();
}

std::optional<std::string> PostgresClient::ask_value(const std::string& query, std::string& why) {
  std::optional<std::string> row;
  if (!send('Q', terminated(query), why)) return std::nullopt;
  why = await_ready(&row);
  if (!why.empty()) return std::nullopt;
  return row ? first_value(*row) : std::string();
}

}  // namespace switchyard::agent
