#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "virtual/exchange.h"

/// One maker for each API that is translated; the table that names them is in translate.cc.
namespace kp::virt {

using Maker = std::unique_ptr<Exchange> (*)(const Context& context, Bytes frame, std::size_t body_at);

std::unique_ptr<Exchange> make_produce(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_fetch(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_list_offsets(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_metadata(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_offset_commit(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_offset_fetch(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_list_groups(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_create_topics(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_delete_records(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_offset_for_leader_epoch(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_add_partitions_to_txn(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_txn_offset_commit(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_alter_replica_log_dirs(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_describe_log_dirs(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_create_partitions(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_delete_groups(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_elect_leaders(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_alter_partition_reassignments(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_list_partition_reassignments(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_offset_delete(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_describe_producers(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_consumer_group_heartbeat(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_describe_topic_partitions(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_share_group_heartbeat(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_share_fetch(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_share_acknowledge(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_streams_group_heartbeat(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_describe_share_group_offsets(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_alter_share_group_offsets(const Context&, Bytes, std::size_t);
std::unique_ptr<Exchange> make_delete_share_group_offsets(const Context&, Bytes, std::size_t);

template <class Translation>
std::unique_ptr<Exchange> make(const Context& context, Bytes frame, std::size_t body_at) {
  return std::make_unique<Translation>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
