#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kafka/message.h"
#include "kafka/schema.h"

namespace kp::kafka {

struct AddPartitionsToTxnRequest {
  static constexpr std::string_view name = "AddPartitionsToTxnRequest";
  static constexpr std::int16_t key = 24;
  static constexpr Versions versions = between(0, 5);
  static constexpr Version first_flexible = 3;

  struct AddPartitionsToTxnTopic {
    std::string name;
    std::vector<std::int32_t> partitions;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name             member                                on wire, nullable
          Field{"Name",       &AddPartitionsToTxnTopic::name,       since(0)},
          Field{"Partitions", &AddPartitionsToTxnTopic::partitions, since(0)}
          // clang-format on
      };
    }
  };

  struct Transaction {
    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool verify_only = false;
    std::vector<AddPartitionsToTxnTopic> topics;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                  member                          on wire, nullable
          Field{"TransactionalId", &Transaction::transactional_id, since(4)},
          Field{"ProducerId",      &Transaction::producer_id,      since(4)},
          Field{"ProducerEpoch",   &Transaction::producer_epoch,   since(4)},
          Field{"VerifyOnly",      &Transaction::verify_only,      since(4)},
          Field{"Topics",          &Transaction::topics,           since(4)}
          // clang-format on
      };
    }
  };

  std::vector<Transaction> transactions;
  std::string v3_and_below_transactional_id;
  std::int64_t v3_and_below_producer_id = 0;
  std::int16_t v3_and_below_producer_epoch = 0;
  std::vector<AddPartitionsToTxnTopic> v3_and_below_topics;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                            member                                                     on wire, nullable
        Field{"Transactions",              &AddPartitionsToTxnRequest::transactions,                  since(4)},
        Field{"V3AndBelowTransactionalId", &AddPartitionsToTxnRequest::v3_and_below_transactional_id, between(0, 3)},
        Field{"V3AndBelowProducerId",      &AddPartitionsToTxnRequest::v3_and_below_producer_id,      between(0, 3)},
        Field{"V3AndBelowProducerEpoch",   &AddPartitionsToTxnRequest::v3_and_below_producer_epoch,   between(0, 3)},
        Field{"V3AndBelowTopics",          &AddPartitionsToTxnRequest::v3_and_below_topics,           between(0, 3)}
        // clang-format on
    };
  }
};

struct AddPartitionsToTxnResponse {
  static constexpr std::string_view name = "AddPartitionsToTxnResponse";
  static constexpr std::int16_t key = 24;
  static constexpr Versions versions = between(0, 5);
  static constexpr Version first_flexible = 3;

  struct AddPartitionsToTxnPartitionResult {
    std::int32_t partition_index = 0;
    std::int16_t partition_error_code = 0;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                     member                                                    on wire, nullable
          Field{"PartitionIndex",     &AddPartitionsToTxnPartitionResult::partition_index,      since(0)},
          Field{"PartitionErrorCode", &AddPartitionsToTxnPartitionResult::partition_error_code, since(0)}
          // clang-format on
      };
    }
  };

  struct AddPartitionsToTxnTopicResult {
    std::string name;
    std::vector<AddPartitionsToTxnPartitionResult> results_by_partition;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                     member                                                on wire, nullable
          Field{"Name",               &AddPartitionsToTxnTopicResult::name,                 since(0)},
          Field{"ResultsByPartition", &AddPartitionsToTxnTopicResult::results_by_partition, since(0)}
          // clang-format on
      };
    }
  };

  struct ResultsByTransaction {
    std::string transactional_id;
    std::vector<AddPartitionsToTxnTopicResult> topic_results;
    RawTags unknown_tags;

    static constexpr auto schema() {
      return std::tuple{
          // clang-format off
          // name                  member                                   on wire, nullable
          Field{"TransactionalId", &ResultsByTransaction::transactional_id, since(4)},
          Field{"TopicResults",    &ResultsByTransaction::topic_results,    since(4)}
          // clang-format on
      };
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<ResultsByTransaction> results_by_transaction;
  std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below;
  RawTags unknown_tags;

  static constexpr auto schema() {
    return std::tuple{
        // clang-format off
        // name                           member                                                      on wire, nullable
        Field{"ThrottleTimeMs",           &AddPartitionsToTxnResponse::throttle_time_ms,              since(0)},
        Field{"ErrorCode",                &AddPartitionsToTxnResponse::error_code,                    since(4)},
        Field{"ResultsByTransaction",     &AddPartitionsToTxnResponse::results_by_transaction,        since(4)},
        Field{"ResultsByTopicV3AndBelow", &AddPartitionsToTxnResponse::results_by_topic_v3_and_below, between(0, 3)}
        // clang-format on
    };
  }
};

}  // namespace kp::kafka
