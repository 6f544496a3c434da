#include <algorithm>
#include <set>
#include <string_view>

#include "common/limits.hpp"
#include "common/nearest.hpp"
#include "coordinator/planner/probe_kind_reader.hpp"

namespace switchyard::planner {

namespace {

/// What `@{...}` may name so far.
using Known = std::set<std::string, std::less<>>;

void check_captured(const YamlNode& node, std::string_view text, const Known& known) {
  for (std::size_t at = text.find("@{"); at != std::string_view::npos; at = text.find("@{", at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) node.refuse(node.label() + ": `@{` without a closing `}`");
    const std::string_view name = text.substr(at + 2, end - at - 2);
    if (known.contains(name)) continue;
    const std::vector<std::string_view> names(known.begin(), known.end());
    const std::string guess = did_you_mean(name, names);
    node.refuse(node.label() + ": nothing before it captures `@{" + std::string(name) + "}`" +
                (guess.empty() ? "; `capture` it in an earlier request" : guess));
  }
}

void read_webhook(const YamlNode& node, const Known& known, protocol::SmokeRequest& request) {
  if (node.is_map()) {
    node.allow_keys({"expected_body"});
    const YamlNode body = node.at("expected_body");
    request.webhook_body = checked_text(body);
    check_captured(body, request.webhook_body, known);
    request.webhook = true;
  } else {
    request.webhook = node.boolean();
  }
}

void read_capture(const YamlNode& node, Known& known, protocol::SmokeRequest& request) {
  for (const auto& [name, path] : node.entries()) {
    const bool word = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!word || name == "webhook") {
      path.refuse("`" + name + "` cannot be captured under that name; use letters, digits and `_`, and not `webhook`");
    }
    request.capture[name] = path.text();
    known.insert(name);
  }
}

protocol::SmokeRequest read_request(const YamlNode& node, Known& known) {
  node.allow_keys({"name", "method", "url", "headers", "body", "expected_status", "expected_body", "capture", "webhook",
                   "critical"});
  constexpr std::string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};
  protocol::SmokeRequest request;
  request.name = node.at("name").text();
  request.method = "GET";
  if (const auto method = node.find("method")) {
    request.method = methods[method->choice({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})];
  }
  const YamlNode url = node.at("url");
  request.url = read_url(url);
  check_captured(url, request.url, known);
  request.headers = read_headers(node);
  for (const auto& [name, value] : request.headers) check_captured(node.at("headers"), value, known);
  if (const auto body = node.find("body")) {
    request.body = checked_text(*body);
    check_captured(*body, request.body, known);
  }
  request.expected_status = read_expected_status(node);
  if (const auto body = node.find("expected_body")) {
    request.expected_body = checked_text(*body);
    check_captured(*body, request.expected_body, known);
  }
  if (const auto webhook = node.find("webhook")) read_webhook(*webhook, known, request);
  if (const auto capture = node.find("capture")) read_capture(*capture, known, request);
  request.critical = node.boolean_or("critical", true);
  return request;
}

}  // namespace

protocol::SmokeProbe read_smoke(const YamlNode& config) {
  config.allow_keys({"requests", "external"});
  const YamlNode list = config.at("requests");
  protocol::SmokeProbe probe;
  if (config.boolean_or("external", false)) probe.external = true;
  Known known = {"webhook"};
  for (const YamlNode& item : list.items()) {
    probe.requests.push_back(read_request(item, known));
    if (const auto critical = item.find("critical"); critical && probe.external) {
      critical->refuse("`critical` says nothing in an `external` suite, which fails only when no request passes");
    }
    if (probe.requests.size() > limits::smoke_requests_max) {
      item.refuse("more than " + std::to_string(limits::smoke_requests_max) + " requests; split the suite");
    }
  }
  if (probe.requests.empty()) list.refuse(list.label() + " is empty; a suite that asks nothing tells nothing");
  const bool uses_ear = std::any_of(probe.requests.begin(), probe.requests.end(),
                                    [](const protocol::SmokeRequest& request) { return request.webhook; });
  const auto mentions = [](const protocol::SmokeRequest& request) {
    return (request.url + request.body).find("@{webhook}") != std::string::npos;
  };
  if (!uses_ear && std::any_of(probe.requests.begin(), probe.requests.end(), mentions)) {
    list.refuse("`@{webhook}` is handed out, but no request waits for a call back; add `webhook: true`");
  }
  return probe;
}

}  // namespace switchyard::planner
