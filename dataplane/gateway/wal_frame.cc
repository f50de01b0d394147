#include "gateway/wal_frame.h"

#include <isa-l/crc.h>

#include <array>
#include <cstring>

namespace kp::gateway {
namespace {

constexpr std::uint32_t version = 2;
constexpr std::uint32_t old_version = 1;
constexpr std::size_t old_head = 8;
constexpr std::uint32_t none = 0xffffffff;  ///< as a length

template <class Number>
void put(std::string& out, Number number) {
  std::array<char, sizeof number> bytes{};
  for (std::size_t i = 0; i < sizeof number; ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  out.append(bytes.data(), bytes.size());
}

void put(std::string& out, const std::optional<std::string_view>& text) {
  put(out, text ? static_cast<std::uint32_t>(text->size()) : none);
  if (text) out += *text;
}

/// Reads on until something is missing; then all that follows is empty, and `sound` false.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}
  bool sound = true;

  template <class Number>
  Number number() {
    if (rest_.size() < sizeof(Number)) sound = false;
    if (!sound) return {};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(rest_[i])) << (8 * i);
    rest_.remove_prefix(sizeof(Number));
    return static_cast<Number>(value);
  }
  std::optional<std::string_view> text() {
    const auto size = number<std::uint32_t>();
    if (!sound || size == none) return std::nullopt;
    if (size > rest_.size()) sound = false;
    if (!sound) return std::nullopt;
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Head {
  Frame::State state = Frame::State::Torn;
  std::size_t size = 0;  ///< its own
  std::size_t length = 0;
  std::uint32_t sum = 0;
};

/// Whole: it is sound, whatever follows it.
Head head_of(std::string_view bytes) {
  Head head;
  if (bytes.size() <= old_head) return head;
  Fields fields(bytes);
  head.length = fields.number<std::uint32_t>();
  head.sum = fields.number<std::uint32_t>();
  const bool old = static_cast<std::uint8_t>(bytes[old_head]) == old_version;
  head.size = old ? old_head : frame_head;
  if (bytes.size() < head.size) return head;
  const bool sound = old || fields.number<std::uint32_t>() == (version | crc32c(bytes.substr(0, old_head)) << 8);
  head.state = sound && head.length > 0 && head.length <= max_frame ? Frame::State::Whole : Frame::State::Corrupt;
  return head;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  auto* const data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));  // it only reads
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~0U);
}

bool fits_frame(const Record& record, std::string_view identity) {
  constexpr std::size_t fields = 64;  // all but texts; what headers have, their weight counts
  return is_topic_name(record.topic) && record.weight() + identity.size() + fields <= max_frame;
}

void append_frame(std::string& out, const Record& record, std::string_view identity) {
  const std::size_t begin = out.size();
  out.append(frame_head, '\0');
  put(out, record.partition);
  put(out, record.timestamp);
  put(out, std::optional(identity));
  put(out, std::optional(record.topic));
  put(out, record.key);
  put(out, record.value);
  put(out, static_cast<std::uint32_t>(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    put(out, std::optional(name));
    put(out, value);
  }
  const std::string_view body = std::string_view(out).substr(begin + frame_head);
  std::string head;
  put(head, static_cast<std::uint32_t>(body.size()));
  put(head, crc32c(body));
  put(head, version | crc32c(head) << 8);
  std::memcpy(out.data() + begin, head.data(), frame_head);
}

Frame read_frame(std::string_view bytes) {
  const Head head = head_of(bytes);
  Frame frame;
  frame.state = head.state;
  if (frame.state != Frame::State::Whole) return frame;
  frame.size = head.size + head.length;
  frame.state = frame.size > bytes.size() ? Frame::State::Torn : Frame::State::Corrupt;
  if (frame.state == Frame::State::Torn) return frame;
  const std::string_view body = bytes.substr(head.size, head.length);
  if (crc32c(body) != head.sum) return frame;
  Fields fields(body);
  if (head.size == old_head) (void)fields.number<std::uint8_t>();
  frame.record.partition = fields.number<std::int32_t>();
  frame.record.timestamp = fields.number<std::int64_t>();
  frame.identity = fields.text().value_or("");
  frame.record.topic = fields.text().value_or("");
  frame.record.key = fields.text();
  frame.record.value = fields.text();
  const auto headers = fields.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < headers && fields.sound; ++i) {
    const std::string_view name = fields.text().value_or("");
    frame.record.headers.emplace_back(name, fields.text());
  }
  if (!fields.sound || !fields.at_end() || !is_topic_name(frame.record.topic)) return frame;
  frame.state = Frame::State::Whole;
  return frame;
}

}  // namespace kp::gateway
