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

/// Appends the response as it goes over the wire.
void write(std::string& out, const Answer& answer, bool with_body, bool keep_alive);

}  // namespace kp::gateway
