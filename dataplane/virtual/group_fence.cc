#include "virtual/group_fence.h"

#include "kafka/errors.h"
#include "kafka/messages/12_heartbeat.h"
#include "kafka/messages/15_describe_groups.h"

namespace kp::virt::fence {

kafka::Version heartbeat_version(const Committer& who) { return who.instance ? 3 : 0; }

Result<std::int16_t> after_heartbeat(const Committer& who, BytesView answer) {
  auto response = kafka::decode_response<kafka::HeartbeatResponse>(answer, heartbeat_version(who));
  if (!response) return std::move(response).error();
  if (response->error_code == kafka::error::rebalance_in_progress) return std::int16_t{kafka::error::none};
  return response->error_code;
}

Result<std::int16_t> after_describe(BytesView answer) {
  auto response = kafka::decode_response<kafka::DescribeGroupsResponse>(answer, describe_version);
  if (!response) return std::move(response).error();
  for (const auto& group : response->groups) {
    if (group.error_code == kafka::error::group_id_not_found) continue;
    if (group.error_code != kafka::error::none) return group.error_code;
    const bool free = group.group_state.empty() || group.group_state == "Dead" || group.group_state == "Empty";
    if (!free) return std::int16_t{kafka::error::unknown_member_id};
  }
  return std::int16_t{kafka::error::none};
}

bool of_the_group(std::int16_t code) {
  switch (code) {
    case kafka::error::coordinator_load_in_progress:
    case kafka::error::coordinator_not_available:
    case kafka::error::not_coordinator:
    case kafka::error::illegal_generation:
    case kafka::error::invalid_group_id:
    case kafka::error::unknown_member_id:
    case kafka::error::rebalance_in_progress:
    case kafka::error::group_authorization_failed:
    case kafka::error::group_id_not_found:
    case kafka::error::fenced_instance_id:
    case kafka::error::fenced_member_epoch:
    case kafka::error::stale_member_epoch:
      return true;
    default:
      return false;
  }
}

}  // namespace kp::virt::fence
