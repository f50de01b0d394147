#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/delivery.h"
#include "gateway/request_records.h"

namespace kp::gateway {

/// An HTTP response, but for what the connection decides.
struct Answer {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::vector<std::pair<std::string_view, std::string>> headers{};
};

/// The one shape of all answers: {"status":"ok","errors":[]}, or "err" with an entry for each record in order:
/// {"error":bool,"message":string|null}.
Answer accepted();
Answer refused(unsigned status, std::string_view why);
Answer refused(const Refusal& refusal);
/// Nothing of the request was sent; `seconds` until it may be tried again.
Answer try_again(unsigned status, std::string_view why, std::int64_t seconds);
Answer limited(const std::vector<bool>& which, std::int64_t seconds);
/// 200, or 500 when one failed. `results`: with partition and offset of each.
Answer delivered(const std::vector<Outcome>& outcomes, bool results);

/// What became of NDJSON that was sent on while it came.
struct LinesTold {
  struct Fault {
    std::uint64_t line = 0;
    std::string message;
    std::int64_t position = -1;
  };
  unsigned status = 200;
  std::int64_t retry = 0;       ///< s; 0: not said
  std::uint64_t lines = 0;      ///< so many, from the first, were taken; none of the rest
  std::uint64_t failed = 0;     ///< records of them that Kafka did not take
  std::vector<Fault> faults{};  ///< as many as are listed
  std::vector<Outcome> places{};
  bool results = false;
};
/// accepted(), refused() or delivered() with the members "lines" and "failed"; each fault names its line.
Answer told(const LinesTold& lines);

/// Appends the response as it goes over the wire.
void write(std::string& out, const Answer& answer, bool with_body, bool keep_alive);

}  // namespace kp::gateway
