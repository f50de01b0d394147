#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "fuzz/check.h"
#include "fuzz/some_book.h"
#include "kafka/header.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/78_share_fetch.h"
#include "rewrite/fetch_walk.h"

namespace {

using kp::BytesView;
namespace api = kp::kafka::api;

struct Case {
  std::int16_t key;
  kp::kafka::Version version;
};
constexpr std::array<Case, 5> cases{
    Case{api::fetch, 16}, {api::fetch, 17}, {api::fetch, 18}, {api::share_fetch, 1}, {api::share_fetch, 2}};

// Where the tail begins; nullopt when the bytes are refused or end before it.
std::optional<std::size_t> tail_of(Case which, BytesView bytes, std::size_t chunk) {
  kp::rewrite::FetchWalk walk(which.key, which.version, bytes.size());
  std::size_t at = 0;
  std::size_t seen = 0;
  while (!walk.at_tail()) {
    if (seen == bytes.size()) return std::nullopt;
    seen += std::min(chunk, bytes.size() - seen);
    const auto taken = walk.feed(bytes.subspan(at, seen - at));
    if (!taken) return std::nullopt;
    at += *taken;
    check(walk.at_tail() || seen - at <= 10, "no more is held back than a tag and a length");
    check(walk.passed() == at, "what passed is counted");
  }
  return at;
}

template <class Message>
bool decodes(BytesView bytes, Case which) {
  const auto header = kp::kafka::response_header_tags(which.key, which.version, bytes);
  return header && kp::kafka::decode<Message>(bytes.subspan(*header), which.version).has_value();
}

template <class Message>
void check_walk(Case which, BytesView bytes, std::size_t chunk, SomeBook& book) {
  const auto tail = tail_of(which, bytes, chunk);
  check(tail == tail_of(which, bytes, bytes.size()), "pieces make no difference");
  const bool whole = decodes<Message>(bytes, which);
  check(!whole || tail.has_value(), "what can be decoded can be walked");
  if (!tail) return;

  const BytesView rest = bytes.subspan(*tail);
  const auto done = kp::rewrite::rewrite_tail(which.key, which.version, rest, book);
  check(!whole || kp::kafka::decode_after<Message>("Responses", rest, which.version).has_value(),
        "the tail of what can be decoded is a tail");
  if (!done) return;
  check(done->tail.size() == rest.size(), "the tail keeps its length");
  check(done->leaked == 0, "no address leaves that the book did not give");
}

}  // namespace

/// Input: API and version, size of the pieces, rule of the address book, then what follows the correlation id.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const Case which = cases[data[0] % cases.size()];
  const std::size_t chunk = 1 + data[1];
  SomeBook book(data[2]);
  const BytesView bytes(data + 3, size - 3);
  if (which.key == api::fetch) {
    check_walk<kp::kafka::FetchResponse>(which, bytes, chunk, book);
  } else {
    check_walk<kp::kafka::ShareFetchResponse>(which, bytes, chunk, book);
  }
  return 0;
}
