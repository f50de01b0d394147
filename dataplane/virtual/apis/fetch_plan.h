#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kafka/messages/01_fetch.h"
#include "virtual/fields.h"
#include "virtual/mapping.h"
#include "virtual/turns.h"

/// Which virtual partitions of a client's Fetch are read together, and in which of the requests that it becomes.
namespace kp::virt {

/// Into so many requests does one round of a Fetch go at most. They come one after the other, and their answers are
/// held together.
inline constexpr std::size_t most_reads = 8;

/// One virtual partition that the client wants.
struct Want {
  TopicKey key;
  std::int32_t partition = 0;
  const TopicRule* rule = nullptr;  ///< null: not virtual
  kafka::FetchRequest::Topic::Partition asked;
  std::int64_t from =
      0;  ///< where the broker is asked from; behind what the client said where that is known to hold nothing
  bool alone = false;     ///< not to be read together with others
  bool placed = false;    ///< the log's start has been asked for
  bool refused = false;   ///< its offset is out of range
  bool left_out = false;  ///< there were too many before it: its turn comes with the next Fetch
  const kafka::FetchResponse::Topic::Partition* answer = nullptr;
  std::size_t read = 0;  ///< which of the sieves

  std::int32_t upstream() const { return rule == nullptr ? partition : rule->physical_of(partition); }
  Turns::Key physical() const { return {key, upstream()}; }
};

/// Wants of one physical partition that one read serves; from the lowest offset on.
struct Cluster {
  std::vector<Want*> wants;
  std::size_t ask = 0;  ///< which of the requests
};

struct FetchPlan {
  std::vector<Cluster> clusters;
  std::size_t asks = 0;  ///< most_reads at most
};

/// Marks who is left out. Each of the wants, however many there are, is read within (V / P) / most_reads plans, since
/// `turns` begins the next where this one ends.
FetchPlan plan_fetch(std::vector<Want*> wants, Turns& turns);

}  // namespace kp::virt
