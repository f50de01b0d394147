#include "virtual/translate.h"

#include <algorithm>
#include <array>
#include <string>

#include "virtual/apis/apis.h"

namespace kp::virt {
namespace {

struct Row {
  kafka::ApiRange versions;
  Maker make;
};

constexpr std::array table{
    Row{{0, 3, 13}, &make_produce},
    Row{{1, 4, 18}, &make_fetch},
    Row{{2, 1, 11}, &make_list_offsets},
    Row{{3, 0, 13}, &make_metadata},
    Row{{8, 2, 10}, &make_offset_commit},
    Row{{9, 1, 10}, &make_offset_fetch},
    Row{{16, 0, 5}, &make_list_groups},
    Row{{19, 2, 7}, &make_create_topics},
    Row{{21, 0, 2}, &make_delete_records},
    Row{{23, 2, 4}, &make_offset_for_leader_epoch},
    Row{{24, 0, 5}, &make_add_partitions_to_txn},
    Row{{28, 0, 5}, &make_txn_offset_commit},
    Row{{34, 1, 2}, &make_alter_replica_log_dirs},
    Row{{35, 1, 5}, &make_describe_log_dirs},
    Row{{37, 0, 3}, &make_create_partitions},
    Row{{42, 0, 2}, &make_delete_groups},
    Row{{43, 0, 2}, &make_elect_leaders},
    Row{{45, 0, 1}, &make_alter_partition_reassignments},
    Row{{46, 0, 0}, &make_list_partition_reassignments},
    Row{{47, 0, 0}, &make_offset_delete},
    Row{{61, 0, 0}, &make_describe_producers},
    Row{{68, 0, 1}, &make_consumer_group_heartbeat},
    Row{{75, 0, 0}, &make_describe_topic_partitions},
    Row{{76, 1, 1}, &make_share_group_heartbeat},
    Row{{78, 1, 2}, &make_share_fetch},
    Row{{79, 1, 2}, &make_share_acknowledge},
    Row{{88, 0, 0}, &make_streams_group_heartbeat},
    Row{{90, 0, 1}, &make_describe_share_group_offsets},
    Row{{91, 0, 0}, &make_alter_share_group_offsets},
    Row{{92, 0, 0}, &make_delete_share_group_offsets},
};

constexpr auto versions_of_table() {
  std::array<kafka::ApiRange, table.size()> out{};
  for (std::size_t i = 0; i < table.size(); ++i) out[i] = table[i].versions;
  return out;
}
constexpr auto versions = versions_of_table();

const Row* find(std::int16_t key) {
  const auto found = std::ranges::find(table, key, [](const Row& row) { return row.versions.key; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const kafka::ApiRange> translated_apis() { return versions; }

bool is_translated(std::int16_t key) { return find(key) != nullptr; }

Result<std::unique_ptr<Exchange>> translate(const Context& context, Bytes frame) {
  const Result<std::size_t> body = kafka::request_body(frame);
  if (!body) return body.error();
  const kafka::RequestHead head = kafka::peek_request(frame);
  const Row* const row = find(head.api_key);
  if (row == nullptr) return Error{Errc::Internal, "API key " + std::to_string(head.api_key) + " is not translated"};
  if (head.api_version < row->versions.min || head.api_version > row->versions.max) {
    return Error{Errc::Unsupported, std::string(kafka::api_name(head.api_key)) + " v" +
                                        std::to_string(head.api_version) + ": virtual partitions need v" +
                                        std::to_string(row->versions.min) + " to v" +
                                        std::to_string(row->versions.max)};
  }
  return row->make(context, std::move(frame), *body);
}

}  // namespace kp::virt
