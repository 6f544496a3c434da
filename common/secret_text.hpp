#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "common/crypto.hpp"

namespace switchyard {

/// A secret. It cannot be printed, compared or formatted by mistake: whoever needs its text calls reveal(), and
/// each such place can be found. Its memory is overwritten at its end.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  ~SecretText() { wipe(text_); }
  SecretText(const SecretText& other) = default;
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
  SecretText& operator=(const SecretText& other) {
    if (this != &other) {
      wipe(text_);
      text_ = other.text_;
    }
    return *this;
  }
  SecretText& operator=(SecretText&& other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }

  const std::string& reveal() const { return text_; }
  std::size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace switchyard
