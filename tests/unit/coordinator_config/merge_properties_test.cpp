#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "coordinator/config/value.hpp"

namespace switchyard::config {
namespace {

Value scalar(int number) {
  Value value;
  value.kind = ValueKind::number;
  value.text = std::to_string(number);
  return value;
}

/// Maps of few keys, so that they meet, to a depth of three.
Value any_map(int depth) {
  Value map;
  map.kind = ValueKind::map;
  for (const std::string key : {"a", "b", "c"}) {
    switch (*rc::gen::inRange(0, depth > 0 ? 4 : 3)) {
      case 0:
        break;
      case 3:
        map.entries.push_back({key, any_map(depth - 1)});
        break;
      default:
        map.entries.push_back({key, scalar(*rc::gen::inRange(0, 5))});
    }
  }
  return map;
}

/// What a person expects of a path: the upper layer's value, else the lower's.
const Value* expected(const Value& base, const Value& over, const std::string& key) {
  if (const Value* found = over.find(key)) return found;
  return base.find(key);
}

void check(const Value& base, const Value& over, const Value& result) {
  for (const std::string key : {"a", "b", "c"}) {
    const Value* wanted = expected(base, over, key);
    const Value* there = result.find(key);
    RC_ASSERT((wanted == nullptr) == (there == nullptr));
    if (wanted == nullptr) continue;
    const Value* lower = base.find(key);
    const bool both = lower != nullptr && lower->kind == ValueKind::map && wanted->kind == ValueKind::map;
    if (both && over.find(key) != nullptr) {
      check(*lower, *wanted, *there);
    } else {
      RC_ASSERT(*there == *wanted);
    }
  }
}

RC_GTEST_PROP(MergedConfig, EveryPathHasTheUpperLayersValueOrTheLowers, ()) {
  const Value base = any_map(3);
  const Value over = any_map(3);
  check(base, over, merged(base, over));
}

RC_GTEST_PROP(MergedConfig, MergingTwiceChangesNothing, ()) {
  const Value base = any_map(3);
  const Value over = any_map(3);
  const Value once = merged(base, over);
  RC_ASSERT(merged(once, over) == once);
  Value empty;
  empty.kind = ValueKind::map;
  RC_ASSERT(merged(base, empty) == base);
  RC_ASSERT(merged(empty, base) == base);
}

/// As a set of paths; the order of keys does not count.
std::vector<std::string> sorted_leaves(const Value& map) {
  std::vector<std::string> list;
  for (const auto& [path, value] : leaves(map)) list.push_back(path + "=" + shown(*value));
  std::sort(list.begin(), list.end());
  return list;
}

RC_GTEST_PROP(MergedConfig, LayersMayBePutTogetherInAnyGrouping, ()) {
  const Value a = any_map(2);
  const Value b = any_map(2);
  const Value c = any_map(2);
  RC_ASSERT(sorted_leaves(merged(merged(a, b), c)).size() >= sorted_leaves(c).size());
  // Where no layer turns a map into a value, the grouping does not matter.
  const auto same_shape = [](const Value& x, const Value& y) {
    for (const Entry& entry : x.entries) {
      const Value* other = y.find(entry.key);
      if (other != nullptr && (other->kind == ValueKind::map || entry.value.kind == ValueKind::map)) return false;
    }
    return true;
  };
  RC_PRE(same_shape(a, b) && same_shape(b, c) && same_shape(a, c));
  RC_ASSERT(sorted_leaves(merged(merged(a, b), c)) == sorted_leaves(merged(a, merged(b, c))));
}

}  // namespace
}  // namespace switchyard::config
