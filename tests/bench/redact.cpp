// How fast texts are masked, with as many secrets as a fleet may have: lines of a log, in which now and then a secret
// stands, in chunks of 64 KiB, on one core.
//   mb_per_s        1,000 secrets of 8 to 64 bytes
//   short_mb_per_s  the same, and one of four bytes: then every place of the text has to be looked at
// Prints one line for each: its name, and the median of the rounds in MB (10^6 bytes) per second of processor time;
// then how long the patterns took to make, in ms.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "common/secret_mask.hpp"

namespace {

using namespace switchyard;

constexpr std::size_t text_bytes = 32 << 20;
constexpr std::size_t chunk_bytes = 64 << 10;
constexpr int rounds = 9;
constexpr std::size_t secrets = 1'000;

std::string drawn(std::mt19937& random, std::size_t size) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/!$%&=?-_";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += letters[random() % letters.size()];
  return text;
}

std::string log_text(std::mt19937& random, const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t line = 0; text.size() < text_bytes; ++line) {
    text += "2026-11-21T23:12:45.123+0000 info request finished method=GET path=/api/v1/orders/" +
            std::to_string(random()) + " status=200 ms=" + std::to_string(random() % 1'000) +
            " trace=" + drawn(random, 22);
    if (line % 100 == 0) text += " url=postgresql://app:" + values[random() % values.size()] + "@db.internal/app";
    text += '\n';
  }
  return text;
}

/// Of this thread on a processor: what else runs on the machine is not what is measured.
double seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// 0: a secret came through.
double mb_per_s(const SecretMask& mask, const std::string& text) {
  std::vector<double> rates;
  for (int round = 0; round < rounds; ++round) {
    MaskedStream stream(mask.patterns());
    std::size_t out = 0;
    const double begin = seconds();
    for (std::size_t at = 0; at < text.size(); at += chunk_bytes) {
      out += stream.feed(std::string_view(text).substr(at, chunk_bytes)).size();
    }
    out += stream.finish().size();
    rates.push_back(static_cast<double>(text.size()) / 1e6 / (seconds() - begin));
    if (out >= text.size()) return 0;
  }
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() / 2];
}

}  // namespace

int main() {
  std::mt19937 random(4711);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < secrets; ++i) values.push_back(drawn(random, 8 + random() % 57));
  const std::string text = log_text(random, values);
  SecretMask mask;
  const double begin = seconds();
  mask.add(values);
  const double making_ms = (seconds() - begin) * 1'000;
  std::printf("mb_per_s %.0f\n", mb_per_s(mask, text));
  mask.add({"zQ9%"});
  std::printf("short_mb_per_s %.0f\n", mb_per_s(mask, text));
  std::printf("making_ms %.1f\n", making_ms);
  return 0;
}
