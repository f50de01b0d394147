#pragma once

#include <cstdint>

/// Kafka's error codes (org.apache.kafka.common.protocol.Errors), as far as we say or read them.
namespace kp::kafka::error {

inline constexpr std::int16_t unknown_server_error = -1;
inline constexpr std::int16_t none = 0;
inline constexpr std::int16_t offset_out_of_range = 1;
inline constexpr std::int16_t corrupt_message = 2;
inline constexpr std::int16_t unknown_topic_or_partition = 3;
inline constexpr std::int16_t coordinator_load_in_progress = 14;
inline constexpr std::int16_t coordinator_not_available = 15;
inline constexpr std::int16_t not_coordinator = 16;
inline constexpr std::int16_t invalid_topic = 17;
inline constexpr std::int16_t illegal_generation = 22;
inline constexpr std::int16_t invalid_group_id = 24;
inline constexpr std::int16_t unknown_member_id = 25;
inline constexpr std::int16_t rebalance_in_progress = 27;
inline constexpr std::int16_t topic_authorization_failed = 29;
inline constexpr std::int16_t group_authorization_failed = 30;
inline constexpr std::int16_t unsupported_sasl_mechanism = 33;
inline constexpr std::int16_t illegal_sasl_state = 34;
inline constexpr std::int16_t unsupported_version = 35;
inline constexpr std::int16_t invalid_partitions = 37;
inline constexpr std::int16_t invalid_replica_assignment = 39;
inline constexpr std::int16_t invalid_request = 42;
inline constexpr std::int16_t unsupported_for_message_format = 43;
inline constexpr std::int16_t policy_violation = 44;
inline constexpr std::int16_t invalid_txn_state = 48;
inline constexpr std::int16_t operation_not_attempted = 55;
inline constexpr std::int16_t sasl_authentication_failed = 58;
inline constexpr std::int16_t non_empty_group = 68;
inline constexpr std::int16_t group_id_not_found = 69;
inline constexpr std::int16_t fetch_session_id_not_found = 70;
inline constexpr std::int16_t fenced_instance_id = 82;
inline constexpr std::int16_t group_subscribed_to_topic = 86;
inline constexpr std::int16_t invalid_record = 87;
inline constexpr std::int16_t fenced_member_epoch = 110;
inline constexpr std::int16_t stale_member_epoch = 113;

}  // namespace kp::kafka::error
