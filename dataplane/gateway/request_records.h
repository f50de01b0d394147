#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/record.h"

namespace kp::gateway {

/// Why a request is not carried out, for its answer.
struct Refusal {
  unsigned status = 0;  ///< 0: nothing is wrong
  std::string message;
  std::int64_t position = -1;  ///< byte of the body, from 0; -1: no such place
  std::int64_t record = -1;    ///< index of the record; -1: the request as a whole
  std::int64_t line = -1;      ///< of NDJSON, from 1; -1: not of one
  explicit operator bool() const { return status != 0; }
};

/// The records of one request, and what holds their text. Views end with the next read, and with the body.
struct RequestRecords {
  /// Where a record of NDJSON stands.
  struct Line {
    std::uint64_t number = 0;  ///< from 1
    std::size_t end = 0;       ///< what follows it in the body
  };

  std::vector<Record> records;
  bool wait_for_send = false;
  std::vector<Line> lines;  ///< of each record; of NDJSON only, as what follows
  std::size_t read = 0;     ///< bytes of the body that were read; the first bad line is not
  std::uint64_t lines_read = 0;
};
Refusal too_many(std::size_t most);

/// Reads bodies, one at a time: a thread's own. simdjson stays behind it. Hostile bytes welcome.
class RecordReader {
 public:
  static constexpr std::size_t padding = 64;  ///< bytes that must be readable behind the body
  static constexpr std::size_t max_depth = 32;

  RecordReader();
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// {"records":[{"topic","data","key"?,"partition"?,"headers"?,"timestamp"?,"encoding"?}],"wait_for_send"?}. Keys that
  /// nobody knows are passed over, as in the seed. `topic`: of records that name none; empty: each must.
  Refusal read_push(std::string_view padded_body, std::string_view topic, std::size_t most, RequestRecords& out);
  /// A record a line (application/x-ndjson), of the same members. Ends before the first bad line, and after `most`
  /// records.
  Refusal read_lines(std::string_view padded_body, std::string_view topic, std::size_t most, RequestRecords& out);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::deque<std::string> held_;  ///< decoded values, and those of lines
};

}  // namespace kp::gateway
