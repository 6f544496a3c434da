#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "common/clock.hpp"
#include "common/crypto.hpp"
#include "coordinator/api/service.hpp"
#include "tests/support/memory_file_system.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/coordinator_api/fake_operations.hpp"
#include "tests/unit/coordinator_api/sample_requests.hpp"

/// Holds docs/openapi.yaml against the server: the same operations, and for each of them a request and a response that
/// fit the schemas as they are written there.
namespace switchyard::api {
namespace {

using nlohmann::json;

/// The part of JSON Schema that the document uses. A keyword that it does not know fails the test.
class Schema {
 public:
  explicit Schema(const YAML::Node& document) : document_(document) {}

  YAML::Node resolve(const YAML::Node& node) const {
    if (!node.IsMap() || !node["$ref"]) return node;
    YAML::Node found = YAML::Clone(document_);
    std::istringstream path(node["$ref"].as<std::string>().substr(2));
    for (std::string part; std::getline(path, part, '/');) {
      found = YAML::Node(found[part]);
      if (!found) throw std::runtime_error("dangling reference " + node["$ref"].as<std::string>());
    }
    return resolve(found);
  }

  /// What does not fit, with its place; empty when all does.
  std::string misfit(const YAML::Node& written, const json& value, const std::string& place) const {
    const YAML::Node schema = resolve(written);
    for (const auto& member : schema) {
      const auto keyword = member.first.as<std::string>();
      const std::string wrong = misfit_of(keyword, member.second, schema, value, place);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

 private:
  static bool has_type(const std::string& type, const json& value) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "integer" && value.is_number_integer()) ||
           (type == "boolean" && value.is_boolean()) || (type == "null" && value.is_null());
  }
  static bool equals(const YAML::Node& scalar, const json& value) {
    if (value.is_null() || scalar.IsNull()) return value.is_null() && scalar.IsNull();
    if (value.is_boolean()) return scalar.as<bool>() == value.get<bool>();
    return value.is_string() && scalar.as<std::string>() == value.get<std::string>();
  }

  std::string misfit_of(const std::string& keyword, const YAML::Node& argument, const YAML::Node& schema,
                        const json& value, const std::string& place) const {
    if (keyword == "description" || keyword == "default" || keyword == "format") return "";
    if (keyword == "type") {
      bool fits = false;
      if (argument.IsScalar()) fits = has_type(argument.as<std::string>(), value);
      for (const auto& type : argument) fits = fits || has_type(type.as<std::string>(), value);
      return fits ? "" : place + " has another type: " + value.dump();
    }
    if (keyword == "const") return equals(argument, value) ? "" : place + " is not the constant";
    if (keyword == "enum") {
      for (const auto& choice : argument) {
        if (equals(choice, value)) return "";
      }
      return place + " is none of the choices: " + value.dump();
    }
    if (keyword == "pattern") {
      return std::regex_match(value.get<std::string>(), std::regex(argument.as<std::string>()))
                 ? ""
                 : place + " does not match";
    }
    if (keyword == "minimum") return value.get<long>() >= argument.as<long>() ? "" : place + " is too small";
    if (keyword == "minLength")
      return value.get<std::string>().size() >= argument.as<std::size_t>() ? "" : place + " is too short";
    if (keyword == "maxLength")
      return value.get<std::string>().size() <= argument.as<std::size_t>() ? "" : place + " is too long";
    if (keyword == "required") {
      for (const auto& name : argument) {
        if (!value.contains(name.as<std::string>())) return place + " lacks " + name.as<std::string>();
      }
      return "";
    }
    if (keyword == "items") {
      for (const json& item : value) {
        if (std::string wrong = misfit(argument, item, place + "[]"); !wrong.empty()) return wrong;
      }
      return "";
    }
    if (keyword == "properties") {
      for (const auto& [name, member] : value.items()) {
        if (!argument[name]) continue;
        if (std::string wrong = misfit(argument[name], member, place + "." + name); !wrong.empty()) return wrong;
      }
      return "";
    }
    if (keyword == "additionalProperties") {
      for (const auto& [name, member] : value.items()) {
        if (schema["properties"] && schema["properties"][name]) continue;
        if (argument.IsScalar()) return place + " has the undocumented member " + name;
        if (std::string wrong = misfit(argument, member, place + "." + name); !wrong.empty()) return wrong;
      }
      return "";
    }
    return place + " uses the keyword " + keyword + ", which this test does not know";
  }

  YAML::Node document_;
};

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() : document(YAML::LoadFile(testing::source_tree() / "docs/openapi.yaml")), schema(document) {}

  static TokenBook tokens() {
    testing::MemoryFileSystem files;
    files.create_directories("/state", 0700);
    return TokenBook::open(files, "/state");
  }
  static std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return static_cast<char>(std::tolower(c)); });
    return result;
  }
  YAML::Node operation_of(const Route& route) const {
    return document["paths"][std::string(route.path)][lower(method_name(route.method))];
  }
  Response ask(const Route& route, const std::string& target, const std::string& body) {
    RequestHead head;
    head.method = route.method;
    head.target = target;
    head.host = "localhost";
    head.content_length = body.size();
    if (route.body == BodyKind::json) head.content_type = "application/json";
    if (route.body == BodyKind::octets) head.content_type = "application/octet-stream";
    auto judged = service.admit(head, {true, "local:root", "unix socket"});
    if (auto* refused = std::get_if<Response>(&judged)) return *refused;
    auto& admission = std::get<Service::Admission>(judged);
    admission.request.body = body;
    Response answer;
    service.run(*admission.route, admission.request, [&](Response response) { answer = std::move(response); });
    return answer;
  }
  std::set<std::string> query_keys(const YAML::Node& operation) const {
    std::set<std::string> keys;
    for (const auto& written : operation["parameters"]) {
      const YAML::Node parameter = schema.resolve(written);
      if (parameter["in"].as<std::string>() == "query") keys.insert(parameter["name"].as<std::string>());
    }
    return keys;
  }

  YAML::Node document;
  Schema schema;
  testing::FakeOperations operations;
  SystemClock clock;
  Service service{operations, ApiConfig{}, tokens(), clock};
};

TEST_F(OpenApiTest, DescribesExactlyTheOperationsOfTheServer) {
  std::set<std::string> documented;
  for (const auto& path : document["paths"]) {
    for (const auto& operation : path.second) {
      documented.insert(operation.first.as<std::string>() + " " + path.first.as<std::string>());
    }
  }
  std::set<std::string> served;
  for (const Route& route : routes()) served.insert(lower(method_name(route.method)) + " " + std::string(route.path));
  EXPECT_EQ(documented, served);
}

TEST_F(OpenApiTest, EveryOperationHasAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (const Route& route : routes()) ids.insert(operation_of(route)["operationId"].as<std::string>());
  EXPECT_EQ(ids.size(), routes().size());
}

TEST_F(OpenApiTest, EveryAnswerFitsItsSchema) {
  for (const Route& route : routes()) {
    const YAML::Node operation = operation_of(route);
    const auto id = operation["operationId"].as<std::string>();
    const auto body = sample_bodies().find(id);
    ASSERT_EQ(body != sample_bodies().end(), route.body != BodyKind::none) << id;
    const Response response = ask(route, target_of(route, id), body == sample_bodies().end() ? "" : body->second);
    const YAML::Node documented = operation["responses"][std::to_string(response.status)];
    ASSERT_TRUE(documented) << id << " answers an undocumented " << response.status << ": " << response.body;
    const YAML::Node content = schema.resolve(documented)["content"]["application/json"]["schema"];
    EXPECT_EQ(schema.misfit(content, json::parse(response.body), id), "");
  }
}

TEST_F(OpenApiTest, EveryErrorFitsItsSchema) {
  for (const Route& route : routes()) {
    const YAML::Node operation = operation_of(route);
    const YAML::Node error = schema.resolve(operation["responses"]["default"]);
    const Response response = ask(route, target_of(route, "") + "?unknown=1", route.body == BodyKind::json ? "[" : "");
    if (response.status < 400) continue;
    const YAML::Node content = error["content"]["application/json"]["schema"];
    EXPECT_EQ(schema.misfit(content, json::parse(response.body), std::string(route.path)), "");
  }
}

TEST_F(OpenApiTest, EveryBodyIsDescribedWithItsTypeItsBoundAndItsMembers) {
  for (const Route& route : routes()) {
    const YAML::Node operation = operation_of(route);
    const auto id = operation["operationId"].as<std::string>();
    const YAML::Node body = operation["requestBody"] ? schema.resolve(operation["requestBody"]) : YAML::Node();
    ASSERT_EQ(static_cast<bool>(operation["requestBody"]), route.body != BodyKind::none) << id;
    if (route.body == BodyKind::octets) {
      const YAML::Node octets = body["content"]["application/octet-stream"]["schema"];
      EXPECT_EQ(octets["maxLength"].as<std::size_t>(), route.body_bytes_max) << id;
    }
    if (route.body != BodyKind::json) continue;
    const YAML::Node written = schema.resolve(body["content"]["application/json"]["schema"]);
    const json sample = json::parse(sample_bodies().at(id));
    EXPECT_EQ(schema.misfit(written, sample, id), "");
    EXPECT_EQ(sample.size(), written["properties"].size()) << id << ": the sample must use every member";
  }
}

TEST_F(OpenApiTest, TheQueryKeysAreTheOnesThatTheServerTakes) {
  for (const Route& route : routes()) {
    const YAML::Node operation = operation_of(route);
    const auto id = operation["operationId"].as<std::string>();
    if (route.method != Method::get || id == "get_health" || id == "get_version") continue;
    const std::string target = target_of(route, id);
    for (const std::string& key : query_keys(operation)) {
      EXPECT_EQ(ask(route, target + "?" + key + "=1", "").status, 200) << id << " " << key;
    }
    EXPECT_EQ(ask(route, target + "?undocumented=1", "").status, 400) << id;
  }
}

TEST_F(OpenApiTest, OnlyHealthNeedsNoToken) {
  for (const Route& route : routes()) {
    const YAML::Node security = operation_of(route)["security"];
    EXPECT_EQ(security && security.size() == 0, route.access == Access::open) << route.path;
  }
}

}  // namespace
}  // namespace switchyard::api
