#include "coordinator/templates/caching_renderer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchyard::templates {
namespace {

/// Renders a text to itself, and counts.
class EchoRenderer final : public TemplateRenderer {
 public:
  RenderResult render(const RenderRequest& request) override {
    ++renders;
    if (request.text == "bad") return RenderError{RenderFault::failed, "bad", "", 1};
    return Pieces{{Piece::Kind::text, request.text + request.variables, 0, 0, 0}};
  }
  int renders = 0;
};

RenderRequest request(const std::string& text, const std::string& variables = "{}") {
  RenderRequest made;
  made.text = text;
  made.variables = variables;
  return made;
}

TEST(CachingRenderer, RendersTheSameRequestOnce) {
  EchoRenderer inner;
  CachingRenderer cache(inner, 10, 100'000);
  const RenderResult first = cache.render(request("a"));
  EXPECT_EQ(std::get<Pieces>(first), std::get<Pieces>(cache.render(request("a"))));
  EXPECT_EQ(inner.renders, 1);
}

TEST(CachingRenderer, EverythingThatCountsMakesAnotherRequest) {
  EchoRenderer inner;
  CachingRenderer cache(inner, 10, 100'000);
  RenderRequest asked = request("{{ now() }}");
  cache.render(asked);
  asked.now_ms = 1;
  cache.render(asked);
  asked.variables = "{\"a\":1}";
  cache.render(asked);
  asked.caller["A"] = {{Piece::Kind::text, "x", 0, 0, 0}};
  cache.render(asked);
  asked.unset = {"B"};
  cache.render(asked);
  EXPECT_EQ(inner.renders, 5);
}

TEST(CachingRenderer, TheTimeCountsOnlyWhereItIsAskedFor) {
  EchoRenderer inner;
  CachingRenderer cache(inner, 10, 100'000);
  RenderRequest asked = request("{{ config.a }}");
  cache.render(asked);
  asked.now_ms = 99;
  cache.render(asked);
  EXPECT_EQ(inner.renders, 1);
}

TEST(CachingRenderer, ErrorsAreTriedAgain) {
  EchoRenderer inner;
  CachingRenderer cache(inner, 10, 100'000);
  cache.render(request("bad"));
  EXPECT_TRUE(std::holds_alternative<RenderError>(cache.render(request("bad"))));
  EXPECT_EQ(inner.renders, 2);
  EXPECT_EQ(cache.entries(), 0U);
}

TEST(CachingRenderer, ForgetsTheLeastLatelyUsedFirst) {
  EchoRenderer inner;
  CachingRenderer cache(inner, 2, 100'000);
  cache.render(request("a"));
  cache.render(request("b"));
  cache.render(request("a"));
  cache.render(request("c"));  // forgets b
  cache.render(request("a"));
  EXPECT_EQ(inner.renders, 3);
  cache.render(request("b"));
  EXPECT_EQ(inner.renders, 4);
}

RC_GTEST_PROP(CachingRenderer, NeverHoldsMoreThanItMayAndNeverAnswersWrong, (std::vector<std::uint8_t> asked)) {
  EchoRenderer inner;
  CachingRenderer cache(inner, 8, 4'000);
  for (const std::uint8_t number : asked) {
    const std::string text(static_cast<std::size_t>(number) * 8, static_cast<char>('a' + number % 26));
    const auto pieces = std::get<Pieces>(cache.render(request(text)));
    RC_ASSERT(pieces.size() == 1 && pieces[0].text == text + "{}");
    RC_ASSERT(cache.entries() <= 8 && cache.bytes() <= 4'000);
  }
}

}  // namespace
}  // namespace switchyard::templates
