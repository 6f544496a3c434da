#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

namespace switchyard::simulation {

/// The history of a world as one number (FNV-1a): what processes do, every frame, every byte of a journal, and every
/// commit. With SIMULATION_TRACE=1 what processes do as text, too.
class Trace {
 public:
  void note(std::int64_t now, std::string_view who, std::string_view what) {
    add(static_cast<std::uint64_t>(now));
    for (const char c : who) add(static_cast<unsigned char>(c));
    for (const char c : what) add(static_cast<unsigned char>(c));
    if (told()) std::cerr << now << " " << who << " " << what << "\n";
  }
  /// What is too much to be told.
  void mix(std::string_view bytes) { add(std::hash<std::string_view>()(bytes)); }
  void mix(std::uint64_t number) { add(number); }
  std::uint64_t hash() const { return hash_; }
  static bool told() {
    static const bool told = std::getenv("SIMULATION_TRACE") != nullptr;
    return told;
  }

 private:
  void add(std::uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211ull; }
  std::uint64_t hash_ = 14695981039346656037ull;
};

}  // namespace switchyard::simulation
