#include <string>

#include "check.h"
#include "gateway/inflate.h"
#include "gateway/request_records.h"
#include "gateway/wal_frame.h"

/// Bodies of HTTP requests: JSON, lines, compressed; and frames of the log. The first byte chooses. What is taken must
/// stand in the log as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kp::gateway;
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (choice % 4 == 3) {
    const Frame frame = read_frame(body);
    if (frame.state != Frame::State::Whole) return 0;
    std::string again;
    append_frame(again, frame.record, frame.identity);
    // Its head may be of the version before.
    check(std::string_view(body).substr(0, frame.size).ends_with(std::string_view(again).substr(frame_head)),
          "a frame is written as it was read");
    return 0;
  }
  if (choice % 4 == 2) {
    constexpr std::size_t most = 1 << 16;
    const auto plain = inflate(choice & 4 ? Coding::Gzip : Coding::Zstd, body, most);
    if (!plain) return 0;
    check(plain->size() <= most, "unpacked within the limit");
    body = *plain;
  }
  const std::size_t length = body.size();
  body.append(RecordReader::padding, '\xff');
  RecordReader reader;
  RequestRecords out;
  const std::string_view view(body.data(), length);
  const Refusal refusal =
      choice % 4 == 1 ? reader.read_lines(view, "t", 100, out) : reader.read_push(view, "", 100, out);
  check(refusal.position <= static_cast<std::int64_t>(length), "the position lies in the body");
  if (refusal) return 0;
  for (const Record& record : out.records) {
    std::string bytes;
    append_frame(bytes, record, "x");
    const Frame frame = read_frame(bytes);
    check(frame.state == Frame::State::Whole && frame.record.value == record.value && frame.record.key == record.key &&
              frame.record.headers == record.headers,
          "a record stands in the log as it came");
  }
  return 0;
}
