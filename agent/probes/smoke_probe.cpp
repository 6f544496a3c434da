#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "agent/probes/http_exchange.hpp"
#include "agent/probes/probe.hpp"
#include "agent/probes/smoke_verdict.hpp"
#include "agent/probes/webhook_ear.hpp"
#include "agent/system/json_value.hpp"
#include "common/error.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

using Values = std::map<std::string, std::string>;

/// `@{name}` becomes its value. Nothing, and `why`, when there is none: the request before it failed.
std::optional<std::string> fill_in(const std::string& text, const Values& values, std::string& why) {
  std::string filled;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find("@{", at);
    filled += text.substr(at, begin == std::string::npos ? begin : begin - at);
    if (begin == std::string::npos) return filled;
    const std::size_t end = text.find('}', begin);
    const std::string name = end == std::string::npos ? "" : text.substr(begin + 2, end - begin - 2);
    const auto value = values.find(name);
    if (value == values.end()) {
      why = "`@{" + name + "}` was not captured";
      return std::nullopt;
    }
    filled += value->second;
    at = end + 1;
  }
}

/// `order.items.0.id`: names of members, and numbers of items.
const JsonValue* find_value(const JsonValue& root, std::string_view path) {
  const JsonValue* value = &root;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    if (value->kind == JsonValue::Kind::array) {
      std::size_t index = 0;
      for (const char digit : name) {
        if (digit < '0' || digit > '9' || index > value->items.size()) return nullptr;
        index = index * 10 + static_cast<std::size_t>(digit - '0');
      }
      if (name.empty() || index >= value->items.size()) return nullptr;
      value = &value->items[index];
    } else {
      if (!value->has(name)) return nullptr;
      value = &value->find(name);
    }
  }
  return value;
}

/// Empty when all values were found, else why not.
std::string capture(const protocol::SmokeRequest& request, const std::string& body, Values& values) {
  if (request.capture.empty()) return {};
  JsonValue root;
  try {
    root = parse_json(body);
  } catch (const DecodeError& error) {
    return std::string("the answer is no JSON to capture from: ") + error.what();
  }
  for (const auto& [name, path] : request.capture) {
    const JsonValue* value = find_value(root, path);
    if (value == nullptr) return "the answer has no `" + path + "` to capture";
    const std::string text = value->kind == JsonValue::Kind::text ? value->text : json_text(*value);
    if (text.size() > limits::smoke_capture_bytes_max) return "`" + path + "` is too long to capture";
    values[name] = text;
  }
  return {};
}

class Suite {
 public:
  Suite(const protocol::SmokeProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop)
      : deadline_(timeout_ms), stop_(stop) {
    const bool listens = std::any_of(probe.requests.begin(), probe.requests.end(),
                                     [](const protocol::SmokeRequest& request) { return request.webhook; });
    if (!listens) return;
    ear_ = std::make_unique<WebhookEar>();
    values_["webhook"] = ear_->url();
  }

  SmokeOutcome ask(const protocol::SmokeRequest& request) {
    const std::string why = trouble_of(request);
    return {request.name, why.empty(), request.critical, why};
  }

 private:
  std::string trouble_of(const protocol::SmokeRequest& request) {
    std::string why;
    HttpQuestion question{request.method, {}, {}, {}};
    const auto url = fill_in(request.url, values_, why);
    const auto body = fill_in(request.body, values_, why);
    if (!url || !body) return why;
    question.url = *url;
    question.body = *body;
    for (const auto& [name, text] : request.headers) {
      const auto value = fill_in(text, values_, why);
      if (!value) return why;
      question.headers[name] = *value;
    }
    const auto answer = ask_http(question, deadline_, stop_, why);
    if (!answer) return why;
    const std::string seen = request.method + " " + *url + " answered " + std::to_string(answer->status);
    if (!is_expected_status(request.expected_status, answer->status)) {
      return seen + ", expected " + expected_text(request.expected_status);
    }
    const auto expected = fill_in(request.expected_body, values_, why);
    if (!expected) return why;
    if (answer->body.find(*expected) == std::string::npos) {
      return seen + ", but its body does not contain \"" + *expected + "\"";
    }
    if (std::string trouble = capture(request, answer->body, values_); !trouble.empty()) return trouble;
    return called_back(request) ? "" : seen + ", but no call back came in time";
  }

  bool called_back(const protocol::SmokeRequest& request) {
    if (!request.webhook) return true;
    std::string why;
    const auto expected = fill_in(request.webhook_body, values_, why);
    return expected && ear_->await(*expected, deadline_, stop_);
  }

  Deadline deadline_;
  const std::stop_token& stop_;
  Values values_;
  std::unique_ptr<WebhookEar> ear_;
};

}  // namespace

SmokeVerdict judge_smoke(const std::vector<SmokeOutcome>& outcomes, bool external) {
  SmokeVerdict verdict;
  bool critical_failed = false;
  std::string failures;
  for (const SmokeOutcome& outcome : outcomes) {
    if (outcome.ok) continue;
    ++verdict.failed;
    critical_failed = critical_failed || outcome.critical;
    failures += "; " + outcome.name + ": " + outcome.detail;
  }
  verdict.mostly_failed = verdict.failed * 2 > outcomes.size();
  const bool good = external ? verdict.failed < outcomes.size() : !critical_failed && !verdict.mostly_failed;
  verdict.ok = !outcomes.empty() && good;
  verdict.text = outcomes.empty() ? "the suite has no request"
                                  : std::to_string(outcomes.size() - verdict.failed) + " of " +
                                        std::to_string(outcomes.size()) + " requests passed" + failures;
  return verdict;
}

ProbeTry try_smoke(const protocol::SmokeProbe& probe, std::uint32_t timeout_ms, const std::stop_token& stop) {
  Suite suite(probe, timeout_ms, stop);
  std::vector<SmokeOutcome> outcomes;
  for (const protocol::SmokeRequest& request : probe.requests) outcomes.push_back(suite.ask(request));
  const SmokeVerdict verdict = judge_smoke(outcomes, probe.external.value_or(false));
  ProbeTry tried = verdict.ok ? all_ok(verdict.text) : not_ok(verdict.text);
  tried.unknown = outcomes.empty();
  if (verdict.ok) tried.forgiven = verdict.failed;
  tried.details["passed"] = std::to_string(outcomes.size() - verdict.failed);
  tried.details["failed"] = std::to_string(verdict.failed);
  if (verdict.mostly_failed) tried.details["mostly_failed"] = "true";
  return tried;
}

}  // namespace switchyard::agent
