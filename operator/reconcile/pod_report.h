#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/status.h"
#include "base/result.h"

namespace kp::reconcile {

/// A topic that clients asked this pod for, and that isn't as partition_mapping says.
struct UnfitTopic {
  std::string name{};
  std::uint64_t partitions = 0;
  std::uint64_t physical_partitions = 0;  ///< what it should have
  bool compacted = false;                 ///< where it should not be

  bool operator==(const UnfitTopic&) const = default;
};

/// What one pod says of itself on its admin endpoint.
struct PodReport {
  std::string generation;  ///< of what it runs
  std::string hash;
  std::string refused_generation;  ///< of what it does not want to run; meaningful with a refusal
  std::string refusal;             ///< why, in its words; empty: it refuses nothing
  std::vector<api::BrokerStatus> brokers;
  std::string learned_from;  ///< bootstrap servers that told it of the brokers, as plan::bootstrap_text
  std::vector<UnfitTopic> unfit_topics;

  bool operator==(const PodReport&) const = default;
};

/// What is read and kept of a pod, which anybody may have made who can make pods in a namespace.
namespace report_limits {
inline constexpr std::size_t page = 1 << 20;     ///< bytes; there is room for the /config of the largest KafkaProxy
inline constexpr std::size_t depth = 16;         ///< of nested JSON
inline constexpr std::size_t brokers = 1'000;    ///< the first that are named
inline constexpr std::size_t address = 255 + 6;  ///< a host's name and ":65535"
inline constexpr std::size_t refusal = 1'024;
inline constexpr std::size_t unfit_topics = 32;    ///< the first that are named
inline constexpr std::size_t topic = 249;          ///< a name
inline constexpr std::size_t generation = 128;     ///< and of a hash
inline constexpr std::size_t upstream = 16 << 10;  ///< of the part of its configuration that is looked at
}  // namespace report_limits

/// Of the pages /config and /brokers. Of a broker's id that comes twice the first counts; what is no broker is left
/// out; a text that is too long ends in "…". Malformed: the pod doesn't speak as it should, or what it says is too
/// large or too deep.
Result<PodReport> read_report(std::string_view config_page, std::string_view brokers_page);

}  // namespace kp::reconcile
