#include "coordinator/templates/template_renderer.hpp"

#include <algorithm>
#include <array>

namespace switchyard::templates {

bool has_secrets(const Pieces& pieces) {
  return std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.kind != Piece::Kind::text; });
}

std::string shown(const Pieces& pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    std::string encoded;
    for (std::uint32_t i = 0; i < piece.base64_times; ++i) encoded += " in base64";
    switch (piece.kind) {
      case Piece::Kind::text:
        text += piece.text;
        break;
      case Piece::Kind::secret:
        text += "<secret " + piece.text + encoded + ">";
        break;
      case Piece::Kind::random:
        text += "<random " + std::to_string(piece.length) + encoded + ">";
        break;
    }
  }
  return text;
}

bool is_template(const std::string& text) {
  constexpr std::array marks = {"{{", "{%", "{#"};
  return std::any_of(marks.begin(), marks.end(),
                     [&](const char* mark) { return text.find(mark) != std::string::npos; });
}

std::string json_text(const std::string& text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      json += "\\u00";
      json += digits[byte >> 4U];
      json += digits[byte & 15U];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

std::string pieces_json(const Pieces& pieces) {
  std::string json;
  for (const Piece& piece : pieces) {
    json += json.empty() ? "" : ",";
    switch (piece.kind) {
      case Piece::Kind::text:
        json += R"({"text":)" + json_text(piece.text) + "}";
        break;
      case Piece::Kind::secret:
        json += R"({"secret":)" + json_text(piece.text) + R"(,"base64":)" + std::to_string(piece.base64_times) + "}";
        break;
      case Piece::Kind::random:
        json += R"({"random":)" + std::to_string(piece.index) + R"(,"length":)" + std::to_string(piece.length) +
                R"(,"of":)" + json_text(piece.text) + R"(,"base64":)" + std::to_string(piece.base64_times) + "}";
        break;
    }
  }
  return R"({"$pieces":[)" + json + "]}";
}

}  // namespace switchyard::templates
