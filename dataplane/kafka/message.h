#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/apis.h"

/// What can be done with every message in messages/. The templates are defined in walk.h and instantiated beside each
/// message's table, nowhere else.
namespace kp::kafka {

struct MessageInfo;
struct Gathered;

/// Reads a message body (no header) and all of it. Records and unknown tagged fields are borrowed from `body`.
/// Unsupported: a version that the table doesn't have. Malformed: everything else, also what would cost too much
/// memory.
template <class Message>
Result<Message> decode(BytesView body, Version version);

/// Appends the body. Fields that `version` doesn't have are left out; `version` is one that the table has.
template <class Message>
void encode(const Message& message, Version version, Bytes& out);

/// The same, but large records are lent by the message, which has them borrowed itself. Of ProduceRequest and
/// FetchResponse.
template <class Message>
void encode(const Message& message, Version version, Gathered& out);

/// The same for what follows the top-level field `field`: the tail of a message whose front streamed by unread.
template <class Message>
Result<Message> decode_after(std::string_view field, BytesView tail, Version version);
template <class Message>
void encode_after(std::string_view field, const Message& message, Version version, Bytes& out);

/// The table as values.
template <class Message>
MessageInfo describe();

}  // namespace kp::kafka
