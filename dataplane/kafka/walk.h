#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "kafka/message.h"
#include "kafka/walk_decode.h"
#include "kafka/walk_describe.h"
#include "kafka/walk_encode.h"

/// The templates of message.h. Only the sources in messages/ include this: each instantiates it for its own tables.
namespace kp::kafka {
namespace walk {

template <class Message>
Error unfit(Errc code, Version version, std::string_view why) {
  return {code, std::string(Message::name) + " v" + std::to_string(version) + ": " + std::string(why)};
}

/// Position of the first field behind `name`; past the last for a name that isn't there.
template <class Message>
std::size_t behind(std::string_view name) {
  std::size_t position = 0;
  std::size_t found = std::tuple_size_v<decltype(Message::schema())>;
  for_each_field<Message>([&](const auto& field) {
    ++position;
    if (field.name == name) found = position;
  });
  return found;
}

template <class Message>
Result<Message> decode_from(std::size_t first, BytesView body, Version version) {
  if (!Message::versions.contain(version)) return unfit<Message>(Errc::Unsupported, version, "not a version we know");
  Reader in(body);
  Message message;
  read_struct(in, message, {version, version >= Message::first_flexible}, first);
  if (in.bad()) return unfit<Message>(Errc::Malformed, version, "truncated, or a value out of its range");
  if (in.left() != 0) {
    return unfit<Message>(Errc::Malformed, version, std::to_string(in.left()) + " bytes too many");
  }
  return message;
}

}  // namespace walk

template <class Message>
Result<Message> decode(BytesView body, Version version) {
  return walk::decode_from<Message>(0, body, version);
}

template <class Message>
void encode(const Message& message, Version version, Bytes& out) {
  walk::Sink sink{out};
  walk::write_struct(sink, message, {version, version >= Message::first_flexible}, 0);
}

template <class Message>
void encode(const Message& message, Version version, Gathered& out) {
  walk::Sink sink{out.own, &out.loans};
  walk::write_struct(sink, message, {version, version >= Message::first_flexible}, 0);
}

template <class Message>
Result<Message> decode_after(std::string_view field, BytesView tail, Version version) {
  return walk::decode_from<Message>(walk::behind<Message>(field), tail, version);
}

template <class Message>
void encode_after(std::string_view field, const Message& message, Version version, Bytes& out) {
  walk::Sink sink{out};
  walk::write_struct(sink, message, {version, version >= Message::first_flexible}, walk::behind<Message>(field));
}

template <class Message>
MessageInfo describe() {
  return {Message::name, Message::key, Message::versions, Message::first_flexible, walk::describe_fields<Message>()};
}

}  // namespace kp::kafka
