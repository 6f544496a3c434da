#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/error.hpp"

/// Seam: Jinja2 templates. Real: JinjaRenderer, a sandboxed process. In front of it: CachingRenderer.
namespace switchyard::templates {

/// A part of a rendered text. What is secret is named and never there as text: whoever delivers it fills it in.
struct Piece {
  enum class Kind { text, secret, random };
  Kind kind = Kind::text;
  std::string text;          ///< the text itself, the secret's name, or whose random text it is (empty: of this one)
  std::uint32_t index = 0;   ///< of a random text: which one of this rendering, from 0
  std::uint32_t length = 0;  ///< of a random text: characters
  std::uint32_t base64_times = 0;  ///< of secret and random ones: how often base64_encode is to be applied
  bool operator==(const Piece&) const = default;
};
/// Neighbouring texts are one piece; an empty rendering has none.
using Pieces = std::vector<Piece>;

bool has_secrets(const Pieces& pieces);
/// As people may see it: `postgresql://app:<secret DB_PASSWORD>@db`.
std::string shown(const Pieces& pieces);

/// All that a rendering depends on: equal requests give equal pieces.
struct RenderRequest {
  std::string text;
  /// A JSON object: the template's variables. `env` is special (what `env.NAME` and `env('NAME')` read), and an object
  /// that has nothing but `$pieces` is a text with secrets, see pieces_json().
  std::string variables;
  /// What `env('NAME')` reads before `env`: the caller's variables that may be read, by name.
  std::map<std::string, Pieces> caller;
  /// Names that may be read and are not set: false in conditions, an error when they are printed.
  std::vector<std::string> unset;
  std::int64_t now_ms = 0;  ///< what now() says
};

enum class RenderFault {
  syntax,
  undefined,  ///< a variable that is not there
  forbidden,  ///< the sandbox refused, or a secret was used otherwise than to be printed
  failed,     ///< the template's own computation failed
  too_large,  ///< template, variables, output or memory
  too_long    ///< it was killed
};
struct RenderError {
  RenderFault fault = RenderFault::failed;
  std::string message;   ///< `undefined variable 'x'`
  std::string variable;  ///< of an undefined one: its name
  int line = 0;          ///< of the template, from 1; 0: not known
};

using RenderResult = std::variant<Pieces, RenderError>;

/// The renderer itself cannot work: no Python, no Jinja2, no memory for a process.
struct RendererError : Error {
  using Error::Error;
};

/// Blocking; one thread at a time.
class TemplateRenderer {
 public:
  virtual ~TemplateRenderer() = default;
  /// Throws RendererError.
  virtual RenderResult render(const RenderRequest& request) = 0;
};

/// Has the text anything that Jinja2 would act upon?
bool is_template(const std::string& text);
/// `text` as a JSON string, quotes included.
std::string json_text(const std::string& text);
/// {"$pieces": [...]}, as `variables` and the helper process write them.
std::string pieces_json(const Pieces& pieces);

}  // namespace switchyard::templates
