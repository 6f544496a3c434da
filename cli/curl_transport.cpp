#include "cli/curl_transport.hpp"

// The only file that includes libcurl.
#include <curl/curl.h>
#include <grp.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "cli/errors.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {
namespace {

constexpr long connect_ms_max = 5'000;

struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  // Less than was offered makes curl end the transfer.
  if (body.size() + size * count > limits::cli_reply_bytes_max) return 0;
  body.append(bytes, size * count);
  return size * count;
}

int ask_interrupt(void* interrupt, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Interrupt*>(interrupt)->pressed() ? 1 : 0;
}

/// The group that the socket, or the directory that hides it, was given to.
std::string group_of(const std::string& socket) {
  const std::string directory = std::filesystem::path(socket).parent_path().string();
  for (const std::string& place : {socket, directory}) {
    struct stat status {};
    if (::stat(place.c_str(), &status) != 0 || status.st_gid == 0) continue;
    std::string buffer(16 * 1024, '\0');
    group entry{};
    group* found = nullptr;
    if (::getgrgid_r(status.st_gid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
      return found->gr_name;
    }
  }
  return {};
}

std::string socket_refusal(const std::string& socket) {
  const std::string group = group_of(socket);
  const std::string who = "this user may not use the coordinator's socket " + socket + "; ";
  if (group.empty()) return who + "be root, or ask an administrator for a token and use --url";
  return who + "be root, or join its group: `usermod -aG " + group + " USER` as root, then log in anew";
}

bool may_have_arrived(CURLcode code) {
  return code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_URL_MALFORMAT &&
         code != CURLE_UNSUPPORTED_PROTOCOL;
}

/// A socket that was accepted and closed before curl looked at it again has "not connected" and no error number.
bool closed_unheard(CURLcode code, bool by_socket, long os_error) {
  return code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
         (by_socket && code == CURLE_COULDNT_CONNECT && os_error == 0);
}

}  // namespace

struct CurlTransport::Parts {
  Destination destination;
  Interrupt& interrupt;
  CURL* handle;

  std::string place() const { return destination.url.empty() ? destination.socket : destination.url; }
  HeaderList headers(const HttpCall& call) const;
  [[noreturn]] void fail(CURLcode code, const char* detail) const;
};

CurlTransport::CurlTransport(Destination destination, Interrupt& interrupt)
    : parts_(new Parts{std::move(destination), interrupt, curl_easy_init()}) {
  if (parts_->handle == nullptr) throw Error("libcurl cannot be set up");
}

CurlTransport::~CurlTransport() { curl_easy_cleanup(parts_->handle); }

HeaderList CurlTransport::Parts::headers(const HttpCall& call) const {
  HeaderList list;
  append(list, "Expect:");  // our bodies are small, and the wait for 100-continue is not
  append(list, "Content-Type:" + (call.content_type.empty() ? "" : " " + call.content_type));
  if (!call.idempotency_key.empty()) append(list, "Idempotency-Key: " + call.idempotency_key);
  if (!destination.token.empty()) append(list, "Authorization: Bearer " + destination.token);
  return list;
}

void CurlTransport::Parts::fail(CURLcode code, const char* detail) const {
  // Of a socket curl's details say "localhost port 80", which is not where we went.
  const bool by_socket = destination.url.empty();
  std::string why = by_socket || *detail == '\0' ? curl_easy_strerror(code) : detail;
  std::string advice = "is switchyard-coordinator running there? (--socket, --url)";
  long number = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number);
  if (closed_unheard(code, by_socket, number)) {
    why = "it closed the connection unheard";
    advice = "it does so when there are too many; its log says so (`journalctl -u switchyard-coordinator`)";
  }
  if (by_socket && code == CURLE_COULDNT_CONNECT && number != 0) {
    why = std::generic_category().message(static_cast<int>(number));
    if (number == EACCES) throw NotAllowedError(socket_refusal(destination.socket));
  }
  throw UnreachableError("the coordinator at " + place() + " cannot be reached: " + why + "; " + advice,
                         may_have_arrived(code));
}

HttpReply CurlTransport::perform(const HttpCall& call) {
  CURL* const curl = parts_->handle;
  const Destination& to = parts_->destination;
  curl_easy_reset(curl);  // keeps the connection
  HttpReply reply;
  char detail[CURL_ERROR_SIZE] = "";
  const std::string url = (to.url.empty() ? "http://localhost" : to.url) + call.path;
  const HeaderList headers = parts_->headers(call);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  if (to.url.empty()) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, to.socket.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // a token must not go to whatever the environment names
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  if (call.method == "POST" || call.method == "PUT") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms_max);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.answer_ms_max));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask_interrupt);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &parts_->interrupt);
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_ABORTED_BY_CALLBACK) throw InterruptedError();
  if (code != CURLE_OK) parts_->fail(code, detail);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace switchyard::cli
