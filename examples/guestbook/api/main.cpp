// guestbook-api: keeps the entries in PostgreSQL and serves them as JSON.
//
//   GET  /entries?limit=N&after=ID&wait_ms=N   the newest entries; with wait_ms it waits for one
//   POST /entries {"author": …, "message": …}  adds one
//   GET  /health                               200 if everything that is needed is there, else 503 and why
//   GET  /version                              which release this is
//
// Environment: PORT, DATABASE_URL, and optionally LISTEN_ADDRESS (default: both families, everywhere),
// RELEASE, SLOT, GUESTBOOK_SPOOL.

#include <pthread.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/database.hpp"
#include "api/entries.hpp"
#include "api/schema.hpp"
#include "api/spool.hpp"
#include "http/server.hpp"
#include "http/text.hpp"
#include "program/environment.hpp"
#include "program/log.hpp"
#include "program/release.hpp"

namespace guestbook {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t database_connections = 8;
constexpr unsigned long long entries_default = 20;
constexpr unsigned long long entries_max = 100;
constexpr unsigned long long wait_ms_max = 10'000;
constexpr auto wait_step = 50ms;
constexpr auto health_time = 1500ms;

http::Response json_response(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body), .headers = {}};
}

http::Response problem(int status, const std::string& why) {
  return json_response(status, nlohmann::json{{"error", why}}.dump() + '\n');
}

class Api {
 public:
  explicit Api(Release release)
      : release_(std::move(release)),
        database_(required_environment("DATABASE_URL"), database_connections),
        schema_(database_, release_.directory / "schema"),
        entries_(database_, release_.entry_fields),
        spool_(release_.spool_directory) {}

  http::Response answer(const http::Request& request, const http::Server& server) {
    const bool is_reading = request.method == "GET" || request.method == "HEAD";
    if (request.path == "/health" && is_reading) return health();
    if (request.path == "/version" && is_reading) return describe(release_);
    if (request.path == "/entries" && is_reading) return list(request, server);
    if (request.path == "/entries" && request.method == "POST") return add(request);
    const bool is_known = request.path == "/health" || request.path == "/version" || request.path == "/entries";
    return is_known ? problem(405, "not with this method") : problem(404, "there is no such page");
  }

 private:
  http::Response health() {
    nlohmann::json report = {{"status", "healthy"}, {"release", release_.version}, {"database", "ok"}, {"spool", "ok"}};
    bool is_healthy = true;
    try {
      database_.query("SELECT 1", {}, health_time);
      if (!schema_.is_applied()) throw DatabaseError("the schema is not applied yet");
    } catch (const DatabaseError& failure) {
      report["database"] = failure.what();
      is_healthy = false;
    }
    if (const auto fault = spool_.find_fault()) {
      report["spool"] = "not writable: " + *fault;
      is_healthy = is_healthy && !release_.is_spool_required;
    }
    if (!is_healthy) report["status"] = "unhealthy";
    return json_response(is_healthy ? 200 : 503, report.dump() + '\n');
  }

  http::Response list(const http::Request& request, const http::Server& server) {
    const auto parameters = http::decode_form(request.query);
    if (!parameters) return problem(400, "broken query");
    const auto number = [&](const char* name, unsigned long long otherwise) {
      const auto found = parameters->find(name);
      return found == parameters->end() ? otherwise : http::parse_number(found->second).value_or(otherwise);
    };
    const auto deadline =
        Database::Clock::now() + std::chrono::milliseconds(std::min(number("wait_ms", 0), wait_ms_max));
    try {
      while (true) {
        auto page = entries_.newest(number("after", 0), std::min(number("limit", entries_default), entries_max));
        const bool is_time_over = Database::Clock::now() >= deadline || server.is_stopping();
        if (!page.is_empty || is_time_over) return json_response(200, std::move(page.json));
        std::this_thread::sleep_for(wait_step);
      }
    } catch (const DatabaseError& failure) {
      return problem(503, failure.what());
    }
  }

  http::Response add(const http::Request& request) {
    try {
      const std::string entry = entries_.add(request.body, request.id);
      if (!spool_.append(entry.substr(0, entry.size() - 1))) log_line("spool not written id=" + request.id);
      return json_response(201, entry);
    } catch (const BadEntry& bad) {
      return problem(400, bad.what());
    } catch (const DatabaseError& failure) {
      return problem(503, failure.what());
    }
  }

  const Release release_;
  Database database_;
  Schema schema_;
  Entries entries_;
  Spool spool_;
};

int run() {
  // Before any thread is made, so that every thread leaves these signals to the server's loop.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  const Release release = read_release();
  Api api(release);
  const http::Server* self = nullptr;
  http::Server server(
      {.address = environment_or("LISTEN_ADDRESS", "::"),
       .port = required_environment("PORT"),
       .server_name = "guestbook-api/" + release.version},
      [&](const http::Request& request) { return api.answer(request, *self); }, log_request);
  self = &server;
  log_line("started release=" + release.version + " slot=" + release.slot);
  server.run();
  log_line("stopped release=" + release.version + " slot=" + release.slot);
  return 0;
}

}  // namespace

}  // namespace guestbook

int main() {
  try {
    return guestbook::run();
  } catch (const std::exception& error) {
    std::cerr << "guestbook-api: " << error.what() << '\n';
    return 1;
  }
}
