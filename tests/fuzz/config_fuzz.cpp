// libFuzzer target: an environment's and a server's file from a person, with a line `===` between them. What is wrong
// with them is an InputError that names the file; what is right is resolved, twice alike, and shown. No other
// exception, whatever the text. Templates are not rendered here: Jinja2 is not ours to fuzz, and has a process of its
// own.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/ensure.hpp"
#include "common/error.hpp"
#include "coordinator/config/resolver.hpp"

namespace {

using namespace switchyard;

/// Says each template again, as a text or as a secret.
class EchoRenderer final : public templates::TemplateRenderer {
 public:
  templates::RenderResult render(const templates::RenderRequest& request) override {
    using templates::Piece;
    if (request.text.size() % 7 == 0) return templates::RenderError{templates::RenderFault::failed, "seven", "", 2};
    const auto kind = request.text.size() % 2 == 0 ? Piece::Kind::text : Piece::Kind::secret;
    return templates::Pieces{{kind, request.text, 0, 0, 0}};
  }
};

void try_resolve(std::string_view environment_text, std::string_view server_text) {
  const config::Environment environment = config::read_environment(environment_text, "file.yaml", "e");
  const config::Server server = config::read_server(server_text, "file.yaml", "s");
  const config::ResolveInputs inputs{[](const std::string& name) -> std::optional<std::string> {
                                       if (name.size() % 2 == 0) return name;
                                       return std::nullopt;
                                     },
                                     0};
  EchoRenderer renderer;
  const config::Resolved resolved = config::resolve(server, environment, inputs, renderer);
  ENSURE(resolved.config == config::resolve(server, environment, inputs, renderer).config);
  for (const auto& [path, value] : config::leaves(resolved.config)) {
    ENSURE(!value->source.file.empty());
    config::shown(*value);
  }
  config::to_json(resolved.config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find("\n===\n");
  try {
    try_resolve(text.substr(0, cut), cut == std::string_view::npos ? "{}" : text.substr(cut + 5));
  } catch (const InputError& error) {
    ENSURE(std::string_view(error.what()).find("file.yaml") != std::string_view::npos);  // every refusal has a place
  }
  return 0;
}
