#include "protocol/save_order.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "common/limits_snapshots.hpp"
#include "protocol/pack.hpp"
#include "protocol/step_fields.hpp"

namespace switchyard::protocol {

template <class Archive>
void fields(Archive& archive, Like<MigrationTable> auto& migrations) {
  archive(1, migrations.table);
  archive(2, migrations.column);
  archive(3, migrations.order);
}
template <class Archive>
void fields(Archive& archive, Like<SchemaDemand> auto& demand) {
  archive.required_name(1, demand.name);
  archive(2, demand.database);
  archive(3, demand.migrations);
}
template <class Archive>
void fields(Archive& archive, Like<FileSave> auto& save) {
  archive.required_name(1, save.component);
  archive.name(2, save.name);
  archive(3, save.files);
  archive(4, save.keep);
  archive(5, save.schemas);
}
template <class Archive>
void fields(Archive& archive, Like<SaveOrder> auto& order) {
  archive(1, order.request);
  archive.required(2, order.host);
  archive(3, order.not_after_wall_ms);
  archive(4, order.saves);
}

namespace {

/// The purpose goes first.
std::string save_statement(std::string_view order) {
  Packer out;
  out.array(2);
  out.text("switchyard save order 1");
  out.bytes(sha256(order));
  return sha256(out.take());
}

std::optional<std::string> trouble_with(const FileSave& save) {
  const bool names = save.name.empty() || is_snapshot_name(save.name);
  if (!names || !std::all_of(save.keep.begin(), save.keep.end(), is_snapshot_name)) {
    return "the order names something else than snapshots";
  }
  if (save.keep.size() > limits::saves_kept_max || save.files.size() > limits::snapshot_files_max ||
      save.schemas.size() > limits::schemas_max) {
    return "the order names more than is ever kept of one component";
  }
  // They become a part of a question to the database.
  for (const SchemaDemand& demand : save.schemas) {
    const auto& migrations = demand.migrations;
    if (!migrations) continue;
    if (!is_sql_table(migrations->table) || !is_sql_name(migrations->column) || !is_sql_name(migrations->order)) {
      return "the order names a table of migrations that is no name of a table";
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_snapshot_name(std::string_view name) { return name.starts_with("s-") && is_name(name); }

bool is_sql_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= limits::sql_name_bytes_max && !digit(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

bool is_sql_table(std::string_view name) {
  const std::size_t point = name.find('.');
  if (point == std::string_view::npos) return is_sql_name(name);
  return is_sql_name(name.substr(0, point)) && is_sql_name(name.substr(point + 1));
}

SaveFiles sign_order(const SaveOrder& order, const SigningKeyPair& key) {
  std::string bytes = pack(order);
  if (bytes.size() > limits::save_order_bytes_max) {
    throw Error("what " + order.host.str() + " is to keep takes " + std::to_string(bytes.size()) +
                " bytes to say, more than a frame carries");
  }
  std::string signature = sign(key, save_statement(bytes));
  return {std::move(bytes), std::move(signature)};
}

SaveOrder decode_save_order(std::string_view bytes) { return unpack<SaveOrder>(bytes); }

std::optional<std::string> refuse_order(const SaveFiles& save, const HostId& self, std::string_view plan_public_key) {
  if (!verify_signature(plan_public_key, save_statement(save.order), save.signature)) {
    return "the order's signature is not by the pinned plan key";
  }
  try {
    const SaveOrder order = decode_save_order(save.order);
    if (order.host != self) return "the order is for host " + order.host.str() + ", not for " + self.str();
    if (order.request.empty() || order.request.size() > limits::save_request_bytes_max) return "the order has no name";
    if (order.saves.empty()) return "the order names no component";
    if (order.saves.size() > limits::saves_per_order_max) {
      return "the order names more than " + std::to_string(limits::saves_per_order_max) + " components";
    }
    for (const FileSave& one : order.saves) {
      if (auto trouble = trouble_with(one)) return trouble;
    }
  } catch (const DecodeError& error) {
    return std::string("the order cannot be read: ") + error.what();
  }
  return std::nullopt;
}

}  // namespace switchyard::protocol
