#include "rewrite/response.h"

#include <string>
#include <utility>

#include "kafka/header.h"
#include "rewrite/api_versions.h"
#include "rewrite/endpoints.h"

namespace kp::rewrite {
namespace {

// `head`: bytes of `frame` before the message.
template <class Message>
Result<Rewritten> rewrite_addresses(kafka::Version version, BytesView frame, std::size_t head, AddressBook& book) {
  Result<Message> message = kafka::decode<Message>(frame.subspan(head), version);
  if (!message) return std::move(message).error();

  Rewritten done;
  Translator translator(book, done);
  visit_endpoints(*message, translator);
  if (!translator.status()) return Error(translator.status().error()).within(Message::name);
  if (!translator.changed()) return done;

  done.frame.assign(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(head));
  kafka::encode(*message, version, done.frame);
  done.frame = kafka::seal_frame(std::move(done.frame));

  Result<Message> outgoing = kafka::decode<Message>(BytesView(done.frame).subspan(head), version);
  if (!outgoing) return Error{Errc::Internal, "what we wrote: " + outgoing.error().message};
  LeakSearch search(translator.given());
  visit_endpoints(*outgoing, search);
  done.leaked = search.leaked();
  return done;
}

}  // namespace

bool carries_addresses(std::int16_t key, kafka::Version version) {
  const kafka::Api* api = kafka::find_api(key);
  return api != nullptr && api->rewritten() && (version >= api->rewriting.first || version < 0);
}

bool knows(std::int16_t key, kafka::Version version) {
  if (!carries_addresses(key, version)) return true;
  const kafka::Rewriting& ours = kafka::find_api(key)->rewriting;
  return ours.min <= version && version <= ours.max;
}

Result<Rewritten> rewrite_response(std::int16_t key, kafka::Version version, BytesView frame, AddressBook& book,
                                   const Withheld& withheld) {
  if (!carries_addresses(key, version)) return Rewritten{};
  if (!knows(key, version)) {
    return Error{Errc::Unsupported, std::string(kafka::api_name(key)) + " response v" + std::to_string(version)};
  }
  if (frame.size() < kafka::response_head_bytes) return Error{Errc::Malformed, "response: shorter than its header"};
  const Result<std::size_t> tags = kafka::response_header_tags(key, version, frame.subspan(kafka::response_head_bytes));
  if (!tags) return tags.error();
  const std::size_t head = kafka::response_head_bytes + *tags;

  switch (key) {
    case kafka::api::produce:
      return rewrite_addresses<kafka::ProduceResponse>(version, frame, head, book);
    case kafka::api::fetch:
      return rewrite_addresses<kafka::FetchResponse>(version, frame, head, book);
    case kafka::api::metadata:
      return rewrite_addresses<kafka::MetadataResponse>(version, frame, head, book);
    case kafka::api::find_coordinator:
      return rewrite_addresses<kafka::FindCoordinatorResponse>(version, frame, head, book);
    case kafka::api::describe_cluster:
      return rewrite_addresses<kafka::DescribeClusterResponse>(version, frame, head, book);
    case kafka::api::share_fetch:
      return rewrite_addresses<kafka::ShareFetchResponse>(version, frame, head, book);
    case kafka::api::share_acknowledge:
      return rewrite_addresses<kafka::ShareAcknowledgeResponse>(version, frame, head, book);
    case kafka::api::api_versions:
      return clamp_api_versions(version, frame, withheld);
    default:
      return Error{Errc::Internal, std::string(kafka::api_name(key)) + " is listed as rewritten, but nothing does it"};
  }
}

}  // namespace kp::rewrite
