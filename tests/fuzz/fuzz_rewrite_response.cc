#include <array>
#include <cstdint>

#include "fuzz/check.h"
#include "fuzz/some_book.h"
#include "kafka/header.h"
#include "rewrite/response.h"

namespace {

using kp::Bytes;
using kp::BytesView;

constexpr std::array<std::int16_t, 8> keys{0, 1, 3, 10, 18, 60, 78, 79};

void check_rewritten(std::int16_t key, kp::kafka::Version version, const kp::rewrite::Rewritten& done, SomeBook& book) {
  check(done.leaked == 0, "no address leaves that the book did not give");
  if (done.frame.empty()) return;
  const kp::kafka::ResponseHead head = kp::kafka::peek_response(done.frame);
  check(head.correlation_id == 7, "the correlation id is kept");
  check(static_cast<std::size_t>(head.size) + 4 == done.frame.size(), "the size is that of the frame");

  const auto again = kp::rewrite::rewrite_response(key, version, done.frame, book);
  check(again.has_value(), "what we wrote can be read");
  check(again->frame.empty(), "what we wrote needs no change");
}

}  // namespace

/// Input: API, version, rule of the address book, then what follows the correlation id of a response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::int16_t key = keys[data[0] % keys.size()];
  const auto version = static_cast<std::int8_t>(data[1]);
  SomeBook book(data[2]);
  Bytes frame{0, 0, 0, 0, 0, 0, 0, 7};
  frame.insert(frame.end(), data + 3, data + size);
  frame = kp::kafka::seal_frame(std::move(frame));

  const auto done = kp::rewrite::rewrite_response(key, version, frame, book);
  if (done) check_rewritten(key, version, *done, book);
  return 0;
}
