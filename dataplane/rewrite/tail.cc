#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "kafka/writer.h"
#include "rewrite/endpoints.h"
#include "rewrite/fetch_walk.h"

namespace kp::rewrite {
namespace {

constexpr std::string_view front = "Responses";  // the last field that went by

// The highest number of each varint length, so that padding of any size but one byte can be made; two bytes first,
// far above all that Kafka defines.
constexpr std::array<std::uint32_t, 5> pad_tags{16383, 2097151, 268435455, 2147483647, 127};

template <class Message>
Bytes encode_tail(const Message& message, kafka::Version version) {
  Bytes tail;
  kafka::encode_after(front, message, version, tail);
  return tail;
}

// How many bytes a tagged field must hold that takes `room` bytes with its length; some rooms can't be filled.
std::optional<std::size_t> filling(std::size_t room) {
  for (std::size_t length_bytes = 1; length_bytes <= 5 && length_bytes <= room; ++length_bytes) {
    const std::size_t content = room - length_bytes;
    if (kafka::uvarint_size(static_cast<std::uint32_t>(content)) == length_bytes) return content;
  }
  return std::nullopt;
}

template <class Message>
std::optional<Bytes> padded_with(Message& message, kafka::Version version, std::size_t size, std::uint32_t tag) {
  kafka::RawTags& tags = message.unknown_tags;
  if (!tags.empty() && tags.back().tag >= tag) return std::nullopt;
  tags.push_back({tag, {}});
  const std::size_t bare = encode_tail(message, version).size() - 1;  // without its one byte of length
  std::optional<Bytes> tail;
  const std::optional<std::size_t> content = size > bare ? filling(size - bare) : std::nullopt;
  if (content) {
    const Bytes zeros(*content);
    tags.back().bytes = zeros;
    tail = encode_tail(message, version);
  }
  tags.pop_back();
  return tail;
}

// The tail in exactly `size` bytes, if padding can do it.
template <class Message>
std::optional<Bytes> fitted(Message& message, kafka::Version version, std::size_t size) {
  Bytes tail = encode_tail(message, version);
  if (tail.size() == size) return tail;
  if (tail.size() > size) return std::nullopt;
  for (const std::uint32_t tag : pad_tags) {
    std::optional<Bytes> padded = padded_with(message, version, size, tag);
    if (padded) return padded;
  }
  return std::nullopt;
}

// Takes `count` endpoints, or all that there are, from the end; an empty tagged array goes as a whole.
template <class Node>
std::size_t drop_last(std::vector<Node>& nodes, std::size_t count) {
  const std::size_t dropped = std::min(count, nodes.size());
  nodes.resize(nodes.size() - dropped);
  return dropped;
}
template <class Node>
std::size_t drop_last(std::optional<std::vector<Node>>& nodes, std::size_t count) {
  if (!nodes) return 0;
  const std::size_t dropped = drop_last(*nodes, count);
  if (nodes->empty()) nodes.reset();
  return dropped;
}

// Leaves out one endpoint, then two more, four more: few encodings even of a long list.
template <class Message>
Result<Bytes> fit(Message& message, kafka::Version version, std::size_t size) {
  for (std::size_t drop = 1;; drop *= 2) {
    std::optional<Bytes> tail = fitted(message, version, size);
    if (tail) return *std::move(tail);
    if (drop_last(message.node_endpoints, drop) == 0) {
      return Error{Errc::Unsupported, "fetch response: no room for padding in its tail"};
    }
  }
}

template <class Message>
Result<RewrittenTail> rewrite(kafka::Version version, BytesView tail, AddressBook& book) {
  Result<Message> message = kafka::decode_after<Message>(front, tail, version);
  if (!message) return std::move(message).error();

  RewrittenTail done;
  done.tail.assign(tail.begin(), tail.end());
  Translator translator(book, done);
  visit_endpoints(*message, translator);
  if (!translator.status()) return Error(translator.status().error()).within(Message::name);
  if (!translator.changed()) return done;

  Result<Bytes> fitting = fit(*message, version, tail.size());
  if (!fitting) return std::move(fitting).error();
  done.tail = *std::move(fitting);

  Result<Message> outgoing = kafka::decode_after<Message>(front, done.tail, version);
  if (!outgoing) return Error{Errc::Internal, "what we wrote: " + outgoing.error().message};
  LeakSearch search(translator.given());
  visit_endpoints(*outgoing, search);
  done.left_out = done.addresses - search.found();
  done.addresses = search.found();
  done.leaked = search.leaked();
  return done;
}

}  // namespace

Result<RewrittenTail> rewrite_tail(std::int16_t key, kafka::Version version, BytesView tail, AddressBook& book) {
  if (key == kafka::api::fetch) return rewrite<kafka::FetchResponse>(version, tail, book);
  if (key == kafka::api::share_fetch) return rewrite<kafka::ShareFetchResponse>(version, tail, book);
  return Error{Errc::Unsupported, std::string(kafka::api_name(key)) + " responses have no tail to rewrite"};
}

}  // namespace kp::rewrite
