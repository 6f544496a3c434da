#pragma once

#include <string>
#include <vector>

namespace switchyard::cli {

/// Rows in columns as wide as their widest cell; no trailing blanks. Pure.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.size() == 1; }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace switchyard::cli
