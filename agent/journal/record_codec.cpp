#include "agent/journal/record_codec.hpp"

#include "protocol/pack.hpp"
#include "protocol/plan_fields.hpp"

namespace switchyard::agent {

constexpr bool is_known(RecordKind kind) { return kind >= RecordKind::epoch && kind <= RecordKind::fence; }

template <class Archive>
void fields(Archive& archive, protocol::Like<JournalRecord> auto& record) {
  archive(1, record.seq);
  archive(2, record.kind);
  archive(3, record.epoch);
  archive(4, record.deployment);
  archive.name(5, record.component);
  archive(6, record.stage);
  archive(7, record.step);
  archive(8, record.undo);
  archive(9, record.commit);
  archive(10, record.boot_id);
  archive(11, record.deadline_boot_ms);
  archive.excerpt(12, record.text);
  archive(13, record.result);
  archive(14, record.plan);
}

std::string encode_records(const std::vector<JournalRecord>& records) {
  protocol::Packer out;
  protocol::write_value(out, records);
  return out.take();
}

std::vector<JournalRecord> decode_records(std::string_view bytes) {
  protocol::Unpacker in(bytes);
  std::vector<JournalRecord> records;
  protocol::read_value(in, records);
  in.finish();
  return records;
}

}  // namespace switchyard::agent
