// How many templates a warm helper renders in a second, no two requests alike, so that no cache answers:
//   renders_per_s   values as configurations have them, one line each, every text a new one (it is compiled)
//   same_text_per_s twenty lines with variables, conditions, loops and filters; one text, new variables each time
//   new_text_per_s  the same twenty lines, every text a new one
//   cached_per_s    requests that were rendered before, with the cache in front
// Prints one JSON object with the median of five rounds. Arguments: the helper's script, and optionally the number of
// renderings in a round.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "coordinator/templates/caching_renderer.hpp"
#include "coordinator/templates/jinja_renderer.hpp"

namespace {

using namespace switchyard;
using Steady = std::chrono::steady_clock;

using Make = templates::RenderRequest (*)(int);

std::string variables_of(int number) {
  return R"({"environment":"production","env":{"host":"db.internal","key":{"$pieces":[{"secret":"KEY","base64":0}]}},)"
         R"("config":{"enabled":true,"api":{"port":)" +
         std::to_string(number) + R"(},"peers":["a","b","c","d"]}})";
}

templates::RenderRequest short_text(int number) {
  templates::RenderRequest request;
  request.text =
      "postgresql://app" + std::to_string(number) + ":{{ env.key }}@{{ env.host }}:{{ config.api.port }}/app";
  request.variables = variables_of(number);
  return request;
}

templates::RenderRequest same_text(int number) {
  templates::RenderRequest request;
  for (int line = 0; line < 6; ++line) {
    request.text +=
        "{% if config.enabled %}url = {{ env.host }}:{{ config.api.port }}/{{ environment | upper }}\n{% endif %}\n";
  }
  request.text +=
      "{% for peer in config.peers %}\npeer {{ loop.index }} {{ peer }}\n{% endfor %}\nkey = {{ env.key }}\n";
  request.variables = variables_of(number);
  return request;
}

templates::RenderRequest new_text(int number) {
  templates::RenderRequest request = same_text(number);
  request.text += "# " + std::to_string(number) + "\n";
  return request;
}

/// Renderings per second; 0 when one of them was refused.
double measure(templates::TemplateRenderer& renderer, Make make, int begin, int count) {
  const auto start = Steady::now();
  for (int i = 0; i < count; ++i) {
    if (!std::holds_alternative<templates::Pieces>(renderer.render(make(begin + i)))) return 0;
  }
  return count / std::chrono::duration<double>(Steady::now() - start).count();
}

double median_of_five(templates::TemplateRenderer& renderer, Make make, int count) {
  std::vector<double> rounds;
  for (int round = 1; round <= 5; ++round) rounds.push_back(measure(renderer, make, round * count, count));
  std::sort(rounds.begin(), rounds.end());
  return rounds[0] > 0 ? rounds[2] : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_renders HELPER.py [RENDERINGS]\n");
    return 2;
  }
  const int count = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 2'000;
  templates::JinjaRenderer jinja(templates::jinja_options(argv[1]));
  measure(jinja, short_text, 0, 50);  // warm
  const double shorts = median_of_five(jinja, short_text, count);
  const double same = median_of_five(jinja, same_text, count);
  const double fresh = median_of_five(jinja, new_text, count);
  templates::CachingRenderer cache(jinja, limits::template_cache_entries_max, limits::template_cache_bytes_max);
  measure(cache, short_text, 0, count);
  const double cached = measure(cache, short_text, 0, count);
  std::printf(
      "{\"renders_per_s\": %.0f, \"same_text_per_s\": %.0f, \"new_text_per_s\": %.0f, \"cached_per_s\": %.0f, "
      "\"renderings\": %d}\n",
      shorts, same, fresh, cached, count);
  return shorts > 0 && same > 0 && fresh > 0 ? 0 : 1;
}
