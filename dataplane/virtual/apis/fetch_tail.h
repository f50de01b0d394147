#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kafka/messages/01_fetch.h"
#include "virtual/apis/fetch_plan.h"
#include "virtual/context.h"

namespace kp::virt {

/// What a Fetch shares with others at the ends of physical partitions: it takes what they have just read, else waits
/// for what they read, else leaves what it reads itself. Where there is nothing new it is always a broker that says so,
/// to the very request.
class FetchTail {
 public:
  using Time = TailCache::Time;
  using Answered = kafka::FetchResponse::Topic::Partition;

  /// Both outlive it.
  FetchTail(const Context& context, kafka::Version version, const kafka::FetchRequest& request);

  struct Hit {
    Want* want = nullptr;
    std::shared_ptr<const TailRead> read;
    std::size_t bytes = 0;
  };
  /// None unless a broker that had only these would answer at once.
  std::vector<Hit> hits(std::deque<Want>& wants, Time now);

  /// Null: not all of them are being read for somebody else, who gets his answer no later than `until`.
  std::shared_ptr<TailWait> wait(std::span<Want* const> wants, Time until) const;

  /// A broker is asked for these. `waits`: until there is something.
  void asked(std::span<const Cluster> clusters, bool waits, Time now);

  /// Null: only the cluster's own wants may have it.
  std::shared_ptr<const TailRead> share(const Cluster& cluster, const std::shared_ptr<const Bytes>& frame,
                                        const Answered& answered, const Sieve& sieve);

  /// All that was asked for has been answered: others have what is shared, and go on.
  void answered(Time now);

 private:
  bool shares(const Want& want) const;
  bool shares(const Answered& answered, const Sieve& sieve) const;
  TailPlace place_of(const Want& want) const;

  Tail* tail_;  ///< null: nothing is shared
  const std::string& reader_;
  kafka::Version version_;
  const kafka::FetchRequest& request_;
  std::unique_ptr<ReadsUnderWay::Read> reading_;
  std::map<const Bytes*, std::vector<std::pair<TailPlace, std::shared_ptr<const TailRead>>>> shared_;  ///< by frame
};

}  // namespace kp::virt
