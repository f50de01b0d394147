#include <algorithm>
#include <cstdint>
#include <vector>

#include "fuzz/check.h"
#include "proxy/request_scan.h"

namespace {

using kp::BytesView;
using kp::proxy::RequestScan;

struct Seen {
  RequestScan::Kind kind;
  std::uint64_t frame;
  kp::kafka::RequestHead head;
  bool answered;
  bool operator==(const Seen&) const = default;
};

struct Outcome {
  std::vector<Seen> frames;
  std::size_t passed = 0;
  bool refused = false;
  bool operator==(const Outcome&) const = default;
};

// As a session does it: what isn't taken is shown again with more behind it.
Outcome scan(BytesView stream, std::size_t piece, bool tokens) {
  RequestScan requests(65536);
  if (tokens) requests.expect_sasl_tokens();
  Outcome outcome;
  for (std::size_t arrived = 0; arrived < stream.size() && !outcome.refused;) {
    arrived = std::min(stream.size(), arrived + piece);
    while (outcome.passed < arrived) {
      const auto found = requests.next(stream.subspan(outcome.passed, arrived - outcome.passed));
      outcome.refused = !found;
      if (!found || found->bytes == 0) break;
      check(found->bytes <= arrived - outcome.passed, "no more is taken than there is");
      outcome.passed += found->bytes;
      if (found->kind != RequestScan::Kind::Body)
        outcome.frames.push_back({found->kind, found->frame, found->head, found->answered});
    }
  }
  return outcome;
}

}  // namespace

/// Input: options, then a client's bytes. Whatever pieces they come in, the requests are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 2048) return 0;
  const bool tokens = (data[0] & 1) != 0;
  const BytesView stream(data + 1, size - 1);
  const Outcome whole = scan(stream, std::max<std::size_t>(1, stream.size()), tokens);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{13}})
    check(scan(stream, piece, tokens) == whole, "every split gives the same requests");
  return 0;
}
