#include "common/secret_text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

namespace switchyard {
namespace {

template <class T>
concept Printed = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Compared = requires(const T& one, const T& other) {
  one == other;
};
template <class T>
concept Added = requires(std::string& text, const T& value) {
  text += value;
};

static_assert(Printed<std::string> && Compared<std::string> && Added<std::string>, "they can tell");
static_assert(fmt::is_formattable<std::string>::value && std::is_constructible_v<nlohmann::json, std::string>);

static_assert(!Printed<SecretText>);
static_assert(!Compared<SecretText>, "comparing takes as long as what is equal: that is for crypto.hpp");
static_assert(!Added<SecretText>);
static_assert(!fmt::is_formattable<SecretText>::value);
static_assert(!std::is_constructible_v<nlohmann::json, SecretText>);
static_assert(!std::is_convertible_v<SecretText, std::string>);
static_assert(!std::is_convertible_v<SecretText, std::string_view>);
static_assert(!std::is_convertible_v<std::string, SecretText>, "a text becomes a secret where somebody says so");

TEST(SecretText, IsReadOnlyByItsName) {
  SecretText password("hunter2");
  EXPECT_EQ(password.reveal(), "hunter2");
  EXPECT_EQ(password.size(), 7u);
  const SecretText taken = std::move(password);
  EXPECT_EQ(taken.reveal(), "hunter2");
  EXPECT_TRUE(password.empty());  // NOLINT: what was moved from holds nothing any more
}

}  // namespace
}  // namespace switchyard
