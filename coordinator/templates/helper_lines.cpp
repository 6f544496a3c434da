#include "coordinator/templates/helper_lines.hpp"

#include <nlohmann/json.hpp>

#include "common/limits.hpp"

namespace switchyard::templates {
namespace {

using nlohmann::json;

json value_of(const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::text:
      return {{"text", piece.text}};
    case Piece::Kind::secret:
      return {{"secret", piece.text}, {"base64", piece.base64_times}};
    case Piece::Kind::random:
      return {{"random", piece.index}, {"length", piece.length}, {"of", piece.text}, {"base64", piece.base64_times}};
  }
  return {};
}

Piece piece_of(const json& value) {
  Piece piece;
  if (value.contains("text")) {
    piece.text = value.at("text").get<std::string>();
    return piece;
  }
  if (value.contains("secret")) {
    piece.kind = Piece::Kind::secret;
    piece.text = value.at("secret").get<std::string>();
  } else {
    piece.kind = Piece::Kind::random;
    piece.index = value.at("random").get<std::uint32_t>();
    piece.length = value.at("length").get<std::uint32_t>();
    piece.text = value.value("of", std::string());
  }
  piece.base64_times = value.value("base64", 0U);
  return piece;
}

RenderFault fault_of(const std::string& word) {
  if (word == "syntax") return RenderFault::syntax;
  if (word == "undefined") return RenderFault::undefined;
  if (word == "forbidden") return RenderFault::forbidden;
  if (word == "too_large") return RenderFault::too_large;
  return RenderFault::failed;
}

template <class Read>
auto decoded(const std::string& line, Read read) {
  try {
    return read(json::parse(line));
  } catch (const json::exception& error) {
    throw DecodeError(std::string("the template helper's answer is not as documented: ") + error.what());
  }
}

}  // namespace

bool asks_for_time(const RenderRequest& request) { return request.text.find("now") != std::string::npos; }

std::string write_request(const RenderRequest& request, std::int64_t render_ms_max) {
  json caller = json::object();
  for (const auto& [name, pieces] : request.caller) {
    json list = json::array();
    for (const Piece& piece : pieces) list.push_back(value_of(piece));
    caller[name] = std::move(list);
  }
  json value = {{"text", request.text},
                {"variables", request.variables},
                {"caller", std::move(caller)},
                {"unset", request.unset},
                {"output_bytes_max", limits::template_output_bytes_max},
                {"seconds_max", static_cast<double>(render_ms_max) / 1'000 + 1}};
  if (asks_for_time(request)) value["now_ms"] = request.now_ms;
  // What a caller's variable holds may be no UTF-8; a line of JSON must be.
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

RenderResult read_answer(const std::string& line) {
  return decoded(line, [](const json& value) -> RenderResult {
    if (!value.contains("pieces")) {
      return RenderError{fault_of(value.at("fault").get<std::string>()), value.at("message").get<std::string>(),
                         value.at("variable").get<std::string>(), value.at("line").get<int>()};
    }
    Pieces pieces;
    for (const json& piece : value.at("pieces")) pieces.push_back(piece_of(piece));
    return pieces;
  });
}

std::string read_greeting(const std::string& line) {
  return decoded(line, [](const json& value) {
    return value.at("ready").get<bool>() ? std::string() : value.at("message").get<std::string>();
  });
}

}  // namespace switchyard::templates
