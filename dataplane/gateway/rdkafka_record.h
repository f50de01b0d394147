#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string_view>

#include "gateway/record.h"

/// Records as librdkafka has them, both ways. For the producer alone.
namespace kp::gateway {

/// A key or a value, borrowed.
rd_kafka_vu_t bytes_of(rd_kafka_vtype_t type, const std::optional<std::string_view>& text);
/// The caller's to destroy, unless a message takes them; null: there are none.
rd_kafka_headers_t* headers_of(const Record& record);
/// Borrows from the message.
Record record_of(const rd_kafka_message_t& message);

}  // namespace kp::gateway
