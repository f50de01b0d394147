#include "gateway/request_records.h"

#include <simdjson.h>

#include <limits>

#include "auth/crypto.h"
#include "gateway/json_position.h"

namespace kp::gateway {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

enum class Encoding : std::uint8_t { Text, Base64 };

std::string named(std::string_view member, std::string_view what) {
  return std::string(member) + ": " + std::string(what);
}

/// One record's members, put into place one by one. Text that base64 held goes to `held`.
class RecordBuilder {
 public:
  RecordBuilder(std::string_view topic, std::deque<std::string>& held) : held_(held) { record_.topic = topic; }

  /// What is wrong; empty: nothing.
  std::string read(const element& from) {
    object members;
    if (from.get(members) != simdjson::SUCCESS) return "a record must be an object";
    for (const auto [key, value] : members)
      if (std::string why = take(key, value); !why.empty()) return named(key, why);
    return finish();
  }
  Record& record() { return record_; }

 private:
  std::string take(std::string_view key, const element& value) {
    if (key == "topic") return text(value, record_.topic) ? "" : "must be a string";
    if (key == "data" || key == "value") return data(value);
    if (key == "key") return optional_text(value, record_.key);
    if (key == "partition") return partition(value);
    if (key == "timestamp") return timestamp(value);
    if (key == "headers") return headers(value);
    if (key == "encoding") return encoding(value);
    return {};
  }

  static bool text(const element& value, std::string_view& into) { return value.get(into) == simdjson::SUCCESS; }

  static std::string optional_text(const element& value, std::optional<std::string_view>& into) {
    into.reset();
    if (value.is_null()) return {};
    std::string_view found;
    if (!text(value, found)) return "must be a string or null";
    into = found;
    return {};
  }

  std::string data(const element& value) {
    has_data_ = true;
    return optional_text(value, record_.value);
  }

  std::string partition(const element& value) {
    if (value.is_null()) return {};
    std::int64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS || number < -1 || number > std::numeric_limits<std::int32_t>::max())
      return "must be a whole number from 0 to 2147483647";
    record_.partition = static_cast<std::int32_t>(number);
    return {};
  }

  std::string timestamp(const element& value) {
    if (value.is_null()) return {};
    if (value.get(record_.timestamp) != simdjson::SUCCESS || record_.timestamp < 0)
      return "must be milliseconds since 1970, a whole number";
    return {};
  }

  std::string headers(const element& value) {
    if (value.is_null()) return {};
    object members;
    if (value.get(members) != simdjson::SUCCESS) return "must be an object of strings";
    for (const auto [name, held] : members) {
      std::optional<std::string_view> found;
      if (!optional_text(held, found).empty()) return "must be an object of strings";
      record_.headers.emplace_back(name, found);
    }
    return {};
  }

  std::string encoding(const element& value) {
    std::string_view name;
    if (text(value, name) && name == "base64")
      encoding_ = Encoding::Base64;
    else if (name != "text")
      return "must be \"text\" or \"base64\"";
    return {};
  }

  bool decode(std::optional<std::string_view>& text) {
    if (!text) return true;
    const auto bytes = auth::from_base64(*text);
    if (!bytes) return false;
    text = held_.emplace_back(auth::as_text(*bytes));
    return true;
  }

  std::string finish() {
    if (record_.topic.empty()) return "topic: is missing";
    if (!is_topic_name(record_.topic)) return "topic: is no name that Kafka allows";
    if (!has_data_) return "data: is missing; null makes a tombstone";
    if (encoding_ == Encoding::Text) return {};
    if (!decode(record_.value)) return "data: is no base64";
    if (!decode(record_.key)) return "key: is no base64";
    for (auto& [name, value] : record_.headers)
      if (!decode(value)) return "headers: " + std::string(name) + " is no base64";
    return {};
  }

  std::deque<std::string>& held_;
  Record record_;
  Encoding encoding_ = Encoding::Text;
  bool has_data_ = false;
};

Refusal not_json(std::string_view body, simdjson::error_code code, std::size_t begin) {
  if (code == simdjson::MEMALLOC) return {503, "there is no memory for this body"};
  if (code == simdjson::DEPTH_ERROR)
    return {400, "the JSON is nested deeper than " + std::to_string(RecordReader::max_depth)};
  const JsonFault fault = find_json_fault(body);
  return {400, fault.what, static_cast<std::int64_t>(begin + fault.position)};
}

}  // namespace

Refusal too_many(std::size_t most) { return {413, "more than " + std::to_string(most) + " records in one request"}; }

struct RecordReader::Parser {
  static constexpr std::size_t kept = 256 * 1024;  ///< larger ones give their memory back

  simdjson::simdjson_result<element> parse(std::string_view body) {
    if (json == nullptr) json = std::make_unique<simdjson::dom::parser>();
    if (json->capacity() < body.size() || json->max_depth() != max_depth)
      if (const auto failed = json->allocate(std::max<std::size_t>(body.size(), 8192), max_depth)) return failed;
    return json->parse(reinterpret_cast<const std::uint8_t*>(body.data()), body.size(), false);
  }
  /// Before the next body: what a large one needed goes.
  void shrink() {
    if (json != nullptr && json->capacity() > kept) json.reset();
  }
  std::unique_ptr<simdjson::dom::parser> json;
};

RecordReader::RecordReader() : parser_(std::make_unique<Parser>()) {}
RecordReader::~RecordReader() = default;

Refusal RecordReader::read_push(std::string_view body, std::string_view topic, std::size_t most, RequestRecords& out) {
  held_.clear();
  parser_->shrink();
  element root;
  if (const auto failed = parser_->parse(body).get(root)) return not_json(body, failed, 0);
  object members;
  if (root.get(members) != simdjson::SUCCESS) return {400, "the body must be an object with the member records", 0};
  bool found = false;
  for (const auto [key, value] : members) {
    if (key == "wait_for_send") {
      if (!value.is_null() && value.get(out.wait_for_send) != simdjson::SUCCESS)
        return {400, "wait_for_send: must be true or false"};
    } else if (key == "records") {
      simdjson::dom::array list;
      if (value.get(list) != simdjson::SUCCESS) return {400, "records: must be a list"};
      found = true;
      out.records.clear();  // JSON may say a member twice; the last one counts
      for (const element each : list) {
        if (out.records.size() == most) return too_many(most);
        RecordBuilder builder(topic, held_);
        if (std::string why = builder.read(each); !why.empty()) {
          const auto index = static_cast<std::int64_t>(out.records.size());
          return {400, "records[" + std::to_string(index) + "]." + why, -1, index};
        }
        out.records.push_back(std::move(builder.record()));
      }
    }
  }
  if (!found) return {400, "records: is missing"};
  return {};
}

Refusal RecordReader::read_lines(std::string_view body, std::string_view topic, std::size_t most, RequestRecords& out) {
  held_.clear();
  parser_->shrink();
  while (out.read < body.size()) {
    const std::size_t begin = out.read;
    const std::size_t end = std::min(body.find('\n', begin), body.size());
    const std::size_t next = std::min(end + 1, body.size());
    const std::string_view line = body.substr(begin, end - begin);
    const auto number = static_cast<std::int64_t>(out.lines_read + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      ++out.lines_read;
      out.read = next;
      continue;
    }
    if (out.records.size() == most) return {};
    element root;
    if (const auto failed = parser_->parse(line).get(root)) {
      Refusal refusal = not_json(line, failed, begin);
      refusal.line = number;
      return refusal;
    }
    RecordBuilder builder(topic, held_);
    if (std::string why = builder.read(root); !why.empty())
      return {400, std::move(why), static_cast<std::int64_t>(begin), -1, number};
    // The parser's text is overwritten by the next line.
    Record& record = builder.record();
    const auto hold = [this](std::string_view text) { return std::string_view(held_.emplace_back(text)); };
    if (record.topic.data() != topic.data()) record.topic = hold(record.topic);  // the path's own stays where it is
    if (record.key) record.key = hold(*record.key);
    if (record.value) record.value = hold(*record.value);
    for (auto& [name, value] : record.headers) {
      name = hold(name);
      if (value) value = hold(*value);
    }
    out.records.push_back(std::move(record));
    out.lines.push_back({++out.lines_read, next});
    out.read = next;
  }
  return {};
}

}  // namespace kp::gateway
