#pragma once

#include <span>

#include "kafka/message.h"
#include "kafka/schema.h"

/// The list of all messages that we can read, for those who want every one: tests, fuzzers.
namespace kp::kafka {

struct AnyMessage {
  MessageInfo (*describe)();

  /// Decodes a body and encodes it again.
  Result<Bytes> (*transcode)(BytesView body, Version version);
};

std::span<const AnyMessage> all_messages();

}  // namespace kp::kafka
