// What a caller says to the API, with text that is an attack, at the program that is shipped: in every name and text of
// every request's body, in every parameter of a path and a query, and in the headers that are read. Each request is
// either read as the good one is, or refused for what it says; none of them ends in anything else.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/api/router.hpp"
#include "tests/attack/injection.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/coordinator_api/sample_requests.hpp"

namespace switchyard::attack {
namespace {

using nlohmann::json;

constexpr std::string_view here = "~~here~~";

/// Puts `here` in the place of one name or text of a JSON value, or only counts them.
class JsonTexts {
 public:
  explicit JsonTexts(std::size_t wanted) : wanted_(wanted) {}

  std::size_t count() const { return count_; }
  /// The members that lead there: `configuration.components.api`.
  const std::string& place() const { return place_; }

  void look_at(json& value, const std::string& path) {
    if (value.is_string()) {
      if (take(path)) value = here;
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) look_at(value[i], path + "[" + std::to_string(i) + "]");
    } else if (value.is_object()) {
      look_at_members(value, path);
    }
  }

 private:
  void look_at_members(json& object, const std::string& path) {
    json changed = json::object();
    for (auto& [name, value] : object.items()) {
      const std::string inner = path.empty() ? name : path + "." + name;
      const bool named = take(inner + "'s name");
      look_at(value, inner);
      changed[named ? std::string(here) : name] = value;
    }
    object = std::move(changed);
  }
  bool take(const std::string& path) {
    if (count_++ != wanted_) return false;
    place_ = path;
    return true;
  }

  std::size_t wanted_;
  std::size_t count_ = 0;
  std::string place_;
};

/// As JSON; what is no text is put between quotation marks as it is.
std::string quoted(const std::string& said) {
  try {
    return json(said).dump();
  } catch (const json::exception&) {
    return "\"" + said + "\"";
  }
}

std::string percent_encoded(const std::string& said) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : said) {
    const auto byte = static_cast<unsigned char>(c);
    text += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

std::string with(std::string text, std::string_view placeholder, const std::string& said) {
  const std::size_t at = text.find(placeholder);
  return at == std::string::npos ? text : text.replace(at, placeholder.size(), said);
}

constexpr const char* manifest = R"(metadata: {name: shop, environment: production, version: "1"}
components:
  - name: api
    hosts: [web-1]
    artifact: {directory: d}
    service: {command: [bin/serve], configuration: {format: json, file: settings.json}}
)";

/// The samples of the unit tests, which use every member, with what leads further into the program: a manifest that is
/// one, a configuration with all kinds of pieces, definitions of checks.
std::map<std::string, json> good_bodies() {
  std::map<std::string, json> bodies;
  for (const auto& [operation, text] : api::sample_bodies()) {
    json body = json::parse(text, nullptr, false);
    if (!body.is_discarded()) bodies.emplace(operation, std::move(body));
  }
  const json pieces = {{{"text", "{}"}}, {{"secret", "DB_PASSWORD"}}, {{"random", 1}, {"length", 8}, {"of", "x"}}};
  const json component = {{"format", "json"}, {"parts", {{{"key", "a"}, {"pieces", pieces}}}}};
  for (const char* operation : {"make_plan", "simulate_deployment", "start_deployment"}) {
    json& body = bodies.at(operation);
    body["manifest"] = manifest;
    body["configuration"] = {{"environment", "production"}, {"components", {{"api", component}}}};
  }
  bodies.at("register_checks")["definitions"] = "health_checks: [{name: web, type: tcp, config: {port: 80}}]";
  return bodies;
}

/// An operation of the API, and a good request for it.
struct Operation {
  std::string id;
  std::string method;
  std::string pattern;  ///< /v1/hosts/{host}
  std::string path;
  std::optional<json> body;
  bool octets = false;
};

/// Those that make a secret known come last: from then on it is masked wherever words come in, and the log would say
/// `<masked>` in the place of an attack.
std::vector<Operation> operations() {
  const YAML::Node document = YAML::LoadFile(testing::source_tree() / "docs/openapi.yaml");
  const std::map<std::string, json> bodies = good_bodies();
  std::vector<Operation> all;
  std::vector<Operation> last;
  for (const api::Route& route : api::routes()) {
    Operation operation;
    operation.method = std::string(api::method_name(route.method));
    operation.pattern = std::string(route.path);
    std::string method = operation.method;
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    operation.id = document["paths"][operation.pattern][method]["operationId"].as<std::string>();
    operation.path = api::target_of(route, operation.id);
    operation.octets = route.body == api::BodyKind::octets;
    if (const auto found = bodies.find(operation.id); found != bodies.end()) operation.body = found->second;
    EXPECT_EQ(operation.body.has_value(), route.body == api::BodyKind::json) << operation.id << " has no sample";
    (operation.id == "set_secret" ? last : all).push_back(std::move(operation));
  }
  all.insert(all.end(), last.begin(), last.end());
  return all;
}

class ApiInjection : public ::testing::Test {
 protected:
  HttpAnswer ask(const Operation& operation, const std::string& path, const std::string& body,
                 const std::string& headers = {}) {
    return converse(connect_unix(attacked.socket()), operation.method, path, headers, body,
                    operation.octets ? "application/octet-stream" : "application/json");
  }
  static std::string body_of(const Operation& operation) {
    if (operation.octets) return "octets";
    return operation.body ? operation.body->dump() : "";
  }

  /// An answer is all that may come of it: that it was taken, or that it was refused for a reason that the caller has
  /// given. 5xx is the program's own failure; nothing at all, its end.
  void judge(const std::string& field, const std::string& said, const HttpAnswer& answer) {
    const bool taken = answer.status >= 200 && answer.status < 300;
    const bool refused = answer.status >= 400 && answer.status < 500 && answer.status != 401 && answer.status != 403;
    EXPECT_TRUE(taken || refused) << field << " with " << printable(said) << ": " << answer.status << " "
                                  << answer.body;
    for (const char c : answer.body) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20u) << field << " with " << printable(said) << ": " << answer.body;
    }
    delivered_[field] += taken || refused ? 1 : 0;
    refused_ += refused ? 1 : 0;
  }

  void in_the_body(const Operation& operation, const std::string& said) {
    if (operation.octets) judge(operation.id + " body", said, ask(operation, operation.path, said));
    if (!operation.body) return;
    for (std::size_t i = 0;; ++i) {
      json body = *operation.body;
      JsonTexts texts(i);
      texts.look_at(body, "");
      if (i >= texts.count()) return;
      const std::string text = with(body.dump(), '"' + std::string(here) + '"', quoted(said));
      judge(operation.id + " " + texts.place(), said, ask(operation, operation.path, text));
    }
  }

  /// Parameters of the path one by one, and keys of the query that some route reads.
  void in_the_target(const Operation& operation, const std::string& said) {
    for (std::size_t at = operation.pattern.find('{'); at != std::string::npos;
         at = operation.pattern.find('{', at + 1)) {
      const std::string parameter = operation.pattern.substr(at, operation.pattern.find('}', at) + 1 - at);
      // A parameter is one whole part of the path, so that parts can be counted.
      const auto index = static_cast<std::size_t>(
          std::count(operation.pattern.begin(), operation.pattern.begin() + static_cast<long>(at), '/'));
      judge(operation.id + " " + parameter, said,
            ask(operation, path_with(operation, index, said), body_of(operation)));
    }
    for (const char* key : {"limit", "after", "wait_ms", "environment", "name", "dry_run", "other"}) {
      const std::string target = operation.path + "?" + key + "=" + percent_encoded(said);
      judge(operation.id + " ?" + key, said, ask(operation, target, body_of(operation)));
    }
    judge(operation.id + " ?'s key", said,
          ask(operation, operation.path + "?" + percent_encoded(said) + "=1", body_of(operation)));
  }

  static std::string path_with(const Operation& operation, std::size_t index, const std::string& said) {
    std::size_t from = 0;
    for (std::size_t i = 0; i < index; ++i) from = operation.path.find('/', from) + 1;
    const std::size_t end = std::min(operation.path.find('/', from), operation.path.size());
    return operation.path.substr(0, from) + percent_encoded(said) + operation.path.substr(end);
  }

  /// What would end a header's line is not part of its text; what such a line does, the parser's own tests show.
  void in_the_headers(const Operation& operation, const std::string& said) {
    if (said.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) return;
    judge(operation.id + " Idempotency-Key", said,
          ask(operation, operation.path, body_of(operation), "Idempotency-Key: " + said + "\r\n"));
  }

  Attacked attacked;
  std::map<std::string, std::size_t> delivered_;  ///< by field
  std::size_t refused_ = 0;
};

TEST_F(ApiInjection, OfWhatCallersSayDoesNothingButWhatWasAskedFor) {
  // Named by the configurations of the samples, which would be read no further without it.
  const std::string secret = R"({"environment":"production","name":"DB_PASSWORD","value":"of no interest here"})";
  ASSERT_EQ(attacked.ask("POST", "/v1/secrets", secret).status, 201);
  std::size_t members = 0;
  for (const Operation& operation : operations()) {
    // What is refused before it is read whole would prove nothing about the texts in it.
    const HttpAnswer good = ask(operation, operation.path, body_of(operation));
    if (operation.body) {
      EXPECT_EQ(good.body.find("\"bad_input\""), std::string::npos) << operation.id << ": " << good.body;
    }
    for (const std::string& said : attacks()) {
      in_the_body(operation, said);
      in_the_target(operation, said);
      in_the_headers(operation, said);
    }
  }
  std::size_t deliveries = 0;
  for (const auto& [field, count] : delivered_) {
    const bool header = field.ends_with("Idempotency-Key");
    if (!header) {
      EXPECT_EQ(count, attacks().size()) << field << ": each text once";
    }
    members += header || field.find('?') != std::string::npos ? 0 : 1;
    deliveries += count;
  }
  EXPECT_GE(members, 200u) << "that is not every text that a request has";
  const std::size_t lines = expect_nothing_came_of_it(attacked);
  std::printf("injection: %zu texts in each of %zu fields of %zu routes: %zu requests, %zu of them refused\n",
              attacks().size(), delivered_.size(), api::routes().size(), deliveries, refused_);
  std::printf("injection: %zu lines of the log, none forged\n", lines);
}

}  // namespace
}  // namespace switchyard::attack
