// The reader against bytes that nobody vouches for.
#include "protocol/pack.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <new>

#include "common/error.hpp"
#include "protocol/step_fields.hpp"
#include "protocol/text.hpp"

namespace {

/// Bytes that the running test has allocated and not freed, and the most that it had at once.
std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

}  // namespace

void* operator new(std::size_t size) {
  auto* block = static_cast<std::size_t*>(std::malloc(size + 16));
  if (block == nullptr) throw std::bad_alloc();
  *block = size;
  live_bytes += size;
  peak_bytes = std::max(peak_bytes, live_bytes);
  return reinterpret_cast<char*>(block) + 16;
}
void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  auto* block = reinterpret_cast<std::size_t*>(static_cast<char*>(memory) - 16);
  live_bytes -= *block;
  std::free(block);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace switchyard::protocol {
namespace {

struct Lists {
  std::vector<Step> steps;
  std::vector<std::string> texts;
  std::map<std::string, std::string> entries;
};
template <class Archive>
void fields(Archive& archive, Like<Lists> auto& value) {
  archive(1, value.steps);
  archive(2, value.texts);
  archive(3, value.entries);
}

std::string trouble(const std::string& bytes) {
  try {
    unpack<Lists>(bytes);
    return {};
  } catch (const DecodeError& error) {
    return error.what();
  }
}
/// A map with one field, and then whatever is given.
std::string field(char number, const std::string& value) { return std::string("\x81") + number + value; }

std::size_t peak_while_reading(const std::string& bytes) {
  peak_bytes = live_bytes;
  const std::size_t before = live_bytes;
  try {
    unpack<Lists>(bytes);
  } catch (const DecodeError&) {
  }
  return peak_bytes - before;
}

TEST(Unpacker, NeverBelievesADeclaredLength) {
  const std::string bombs[] = {
      field(1, "\xdd\xff\xff\xff\xff"),  // an array of 4 thousand millions
      field(1, std::string("\xdc\x0f\xff", 3)), field(2, "\xdb\xff\xff\xff\xff"),
      field(3, "\xdf\xff\xff\xff\xff"),         std::string("\xdf\xff\xff\xff\xff"),
  };
  for (const std::string& bomb : bombs) {
    EXPECT_NE(trouble(bomb), "");
    EXPECT_LT(peak_while_reading(bomb), 4096u);
  }
}

/// A step needs an id and an action, but a list of texts may be of empty ones: a byte each on the wire, 32 in memory.
TEST(Unpacker, BoundsTheMemoryOfManySmallValues) {
  std::string texts = "\xdc\x10";
  texts += '\0';
  texts += std::string(4096, '\xa0');
  EXPECT_EQ(trouble(field(2, texts)), "");

  std::string steps = "\xdc\x10";
  steps += '\0';
  steps += std::string(4096, '\x80');
  EXPECT_NE(trouble(field(1, steps)), "");
  EXPECT_LT(peak_while_reading(field(1, steps)), 64 * 1024u);

  for (const std::string& bytes : {field(2, texts), field(1, steps)}) {
    EXPECT_LE(peak_while_reading(bytes),
              3 * (limits::unpack_memory_factor * bytes.size() + limits::unpack_memory_bytes_min));
  }
}

TEST(Unpacker, RefusesListsLongerThanTheBound) {
  std::string texts = "\xdc\x10\x01";
  texts += std::string(4097, '\xa0');
  EXPECT_NE(trouble(field(2, texts)).find("longer than 4096"), std::string::npos);
}

TEST(Unpacker, RefusesTextLongerThanTheBoundOrNotUtf8) {
  Packer long_text;
  long_text.map(1);
  long_text.unsigned_number(2);
  long_text.array(1);
  long_text.text(std::string(limits::pack_text_bytes_max + 1, 'x'));
  EXPECT_NE(trouble(long_text.take()).find("is longer than"), std::string::npos);
  EXPECT_NE(trouble(field(2, "\x91\xa1\xff")).find("not UTF-8"), std::string::npos);
  EXPECT_NE(trouble(field(2, std::string("\x91\xa1\x00", 3))).find("not UTF-8"), std::string::npos);
}

TEST(Unpacker, RefusesKeysThatAreDoubledOrNotSorted) {
  EXPECT_EQ(trouble(field(3,
                          "\x82\xa1"
                          "a\xa0\xa1"
                          "b\xa0")),
            "");
  EXPECT_NE(trouble(field(3,
                          "\x82\xa1"
                          "a\xa0\xa1"
                          "a\xa0")),
            "");
  EXPECT_NE(trouble(field(3,
                          "\x82\xa1"
                          "b\xa0\xa1"
                          "a\xa0")),
            "");
}

TEST(Unpacker, PassesOverAnyKnownKindOfValueAndNoOther) {
  const std::string kinds[] = {"\xc0",
                               "\xc2",
                               "\xc3",
                               "\x7f",
                               "\xff",
                               "\xa1x",
                               "\x91\x01",
                               "\x81\x01\x02",
                               "\xc4\x01x",
                               "\xca\x01\x02\x03\x04",
                               "\xcb\x01\x02\x03\x04\x05\x06\x07\x08",
                               "\xcc\x01",
                               "\xcd\x01\x02",
                               "\xce\x01\x02\x03\x04",
                               "\xcf\x01\x02\x03\x04\x05\x06\x07\x08",
                               "\xd0\x01",
                               "\xd1\x01\x02",
                               "\xd2\x01\x02\x03\x04",
                               "\xd3\x01\x02\x03\x04\x05\x06\x07\x08",
                               "\xd9\x01x"};
  for (const std::string& kind : kinds) {
    EXPECT_EQ(trouble(field(50, kind)), "") << int(static_cast<unsigned char>(kind[0]));
    EXPECT_NE(trouble(field(50, kind) + "x"), "");
    EXPECT_NE(trouble(field(50, kind.substr(0, kind.size() - 1))), "");
  }
  for (const char* unknown : {"\xc1", "\xd4\x01\x01", "\xc7\x01\x01x"}) {
    EXPECT_NE(trouble(field(50, unknown)).find("unknown type"), std::string::npos);
  }
}

TEST(Unpacker, RefusesNestingBeyondTheBound) {
  EXPECT_EQ(trouble(field(50, std::string(10, '\x91') + "\x01")), "");
  EXPECT_NE(trouble(field(50, std::string(100'000, '\x91') + "\x01")).find("nested too deeply"), std::string::npos);
}

TEST(Unpacker, ReadsEveryWidthOfNumbersAndTheirBounds) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-32}, std::int64_t{-33}, std::int64_t{127}, std::int64_t{128},
        std::int64_t{-129}, std::int64_t{65'536}, std::int64_t{-40'000}, std::int64_t{1} << 40,
        -(std::int64_t{1} << 40), std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    Packer out;
    out.signed_number(value);
    const std::string bytes = out.take();
    Unpacker in(bytes);
    EXPECT_EQ(in.signed_number(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()),
              value);
    Unpacker narrow(bytes);
    if (value < -100 || value > 100) {
      EXPECT_THROW(narrow.signed_number(-100, 100), DecodeError);
    }
  }
  Unpacker negative("\xff");
  EXPECT_THROW(negative.unsigned_number(10), DecodeError);
}

RC_GTEST_PROP(Unpacker, AnswersAnyBytesWithAValueOrARefusal, (const std::string& bytes)) {
  try {
    unpack<Lists>(bytes);
  } catch (const DecodeError&) {
  }
}

// --- text
// ----------------------------------------------------------------------------------------------------------------

TEST(Text, IsShortestUtf8WithoutNulAndSurrogates) {
  for (const char* good : {"", "plain", "é", "€", "𝄞", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_text(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "a\xff", "\xe2\x82x"}) {
    EXPECT_FALSE(is_text(bad));
  }
  EXPECT_FALSE(is_text(std::string_view("\0", 1)));
}

RC_GTEST_PROP(Text, CleanedIsAlwaysTextAndFits, (const std::string& bytes)) {
  const auto most = *rc::gen::inRange<std::size_t>(0, 40);
  const std::string clean = clean_text(bytes, most);
  RC_ASSERT(is_text(clean));
  RC_ASSERT(clean.size() <= most);
  if (is_text(bytes) && bytes.size() <= most) RC_ASSERT(clean == bytes);
}

TEST(Text, UnitNamesHaveASuffixAndNoSlash) {
  for (const char* good : {"api@blue.service", "a.socket", "dev-disk\\x2d1.mount"})
    EXPECT_TRUE(is_unit_name(good)) << good;
  for (const char* bad :
       {"", "api", ".service", "api.", "a/b.service", "../x.service", "a b.service", "-a.service", "a.service\n"}) {
    EXPECT_FALSE(is_unit_name(bad)) << bad;
  }
  EXPECT_FALSE(is_unit_name(std::string(300, 'a') + ".service"));
}

}  // namespace
}  // namespace switchyard::protocol
