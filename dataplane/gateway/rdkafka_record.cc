#include "gateway/rdkafka_record.h"

namespace kp::gateway {
namespace {

std::optional<std::string_view> text_of(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

}  // namespace

rd_kafka_vu_t bytes_of(rd_kafka_vtype_t type, const std::optional<std::string_view>& text) {
  rd_kafka_vu_t made{};
  made.vtype = type;
  // Not null where it is empty: that would be a tombstone, or no key.
  static char nothing = 0;
  if (text) made.u.mem.ptr = text->empty() ? &nothing : const_cast<char*>(text->data());
  made.u.mem.size = text ? text->size() : 0;
  return made;
}

rd_kafka_headers_t* headers_of(const Record& record) {
  if (record.headers.empty()) return nullptr;
  rd_kafka_headers_t* const made = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, text] : record.headers)
    rd_kafka_header_add(made, name.data(), static_cast<ssize_t>(name.size()), text ? text->data() : nullptr,
                        text ? static_cast<ssize_t>(text->size()) : 0);
  return made;
}

Record record_of(const rd_kafka_message_t& message) {
  Record made;
  made.topic = rd_kafka_topic_name(message.rkt);
  made.key = text_of(message.key, message.key_len);
  made.value = text_of(message.payload, message.len);
  made.partition = message.partition;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return made;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    made.headers.emplace_back(name, text_of(value, size));
  return made;
}

}  // namespace kp::gateway
