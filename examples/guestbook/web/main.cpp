// guestbook-web: the page in front of the API servers.
//
//   GET  /         the page with the newest entries and a form
//   POST /sign     what the form sends: author, message and perhaps mood; answers with a redirection to the page
//   GET  /updates?after=ID&wait_ms=N   new entries as JSON, as soon as there are any
//   GET  /static/style.css · /health · /version
//
// Environment: PORT, API_URLS, and optionally LISTEN_ADDRESS (default: both families, everywhere),
// RELEASE, SLOT.

#include <pthread.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "http/server.hpp"
#include "http/text.hpp"
#include "program/environment.hpp"
#include "program/log.hpp"
#include "program/release.hpp"
#include "web/api_pool.hpp"
#include "web/page.hpp"

namespace guestbook {

namespace {

http::Response text_response(int status, std::string text) {
  return {.status = status, .content_type = "text/plain", .body = std::move(text) + '\n', .headers = {}};
}

http::Response bad_gateway(const std::string& why) { return text_response(502, "the guestbook's API failed: " + why); }

class Web {
 public:
  explicit Web(Release release)
      : release_(std::move(release)),
        page_(release_),
        style_(read_file(release_.directory / "static" / "style.css")),
        apis_(required_environment("API_URLS")) {}

  http::Response answer(const http::Request& request) {
    if (request.path == "/sign" && request.method == "POST") return sign(request);
    if (request.method != "GET" && request.method != "HEAD") return text_response(405, "not with this method");
    if (request.path == "/") return page(request);
    if (request.path == "/updates") return updates(request);
    if (request.path == "/health") return health();
    if (request.path == "/version") return describe(release_);
    if (request.path == "/static/style.css") {
      return {.status = 200, .content_type = "text/css", .body = style_, .headers = {}};
    }
    return text_response(404, "there is no such page");
  }

 private:
  http::Response page(const http::Request& request) {
    const http::Answer answer = ask("/entries", request);
    if (!answer.error.empty()) return bad_gateway(answer.error);
    if (answer.response.status != 200) return bad_gateway(answer.response.body);
    return {.status = 200,
            .content_type = "text/html; charset=utf-8",
            .body = page_.render(answer.response.body),
            .headers = {}};
  }

  http::Response updates(const http::Request& request) {
    const http::Answer answer = ask("/entries?" + request.query, request);
    return answer.error.empty() ? answer.response : bad_gateway(answer.error);
  }

  http::Response sign(const http::Request& request) {
    const auto form = http::decode_form(request.body);
    if (!form) return text_response(400, "broken form");
    nlohmann::json entry = nlohmann::json::object();
    for (const char* name : {"author", "message", "mood"}) {
      const auto field = form->find(name);
      if (field != form->end()) entry[name] = field->second;
    }
    // A text that is no UTF-8 is sent on with replacement characters instead of failing here.
    const std::string body = entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const http::Answer answer = apis_.call({.method = "POST",
                                            .target = "/entries",
                                            .body = body,
                                            .content_type = "application/json",
                                            .request_id = request.id});
    if (!answer.error.empty()) return bad_gateway(answer.error);
    if (answer.response.status == 400) return text_response(400, answer.response.body);
    if (answer.response.status != 201) return bad_gateway(answer.response.body);
    return {.status = 303, .content_type = "text/plain", .body = "signed\n", .headers = {{"Location", "/"}}};
  }

  http::Response health() {
    const bool is_healthy = apis_.has_healthy();
    const nlohmann::json report = {{"status", is_healthy ? "healthy" : "unhealthy"},
                                   {"release", release_.version},
                                   {"api", is_healthy ? "ok" : "no API server is healthy"}};
    return {.status = is_healthy ? 200 : 503,
            .content_type = "application/json",
            .body = report.dump() + '\n',
            .headers = {}};
  }

  http::Answer ask(const std::string& target, const http::Request& request) {
    return apis_.call({.method = "GET", .target = target, .body = {}, .content_type = {}, .request_id = request.id});
  }

  const Release release_;
  const Page page_;
  const std::string style_;
  ApiPool apis_;
};

int run() {
  // Before any thread is made, so that every thread leaves these signals to the server's loop.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  const Release release = read_release();
  Web web(release);
  http::Server server(
      {.address = environment_or("LISTEN_ADDRESS", "::"),
       .port = required_environment("PORT"),
       .server_name = "guestbook-web/" + release.version},
      [&](const http::Request& request) { return web.answer(request); }, log_request);
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
    std::cerr << "guestbook-web: " << error.what() << '\n';
    return 1;
  }
}
