#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/log_file.h"
#include "base/utf8.h"

namespace kp::log {
namespace {

std::atomic<Format> format_in_force{Format::Text};

spdlog::level::level_enum spd(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warn:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::sinks::sink> standard_error() {
  // https://no-color.org: set to anything, it means no colours even on a terminal.
  const char* const no_color = std::getenv("NO_COLOR");
  const bool plain_wanted = no_color != nullptr && *no_color != '\0';
  const auto colors = plain_wanted ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  return std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colors);
}

/// What the logger writes to; it may become another while lines are written.
const std::shared_ptr<spdlog::sinks::dist_sink_mt>& sinks() {
  static const auto made = std::make_shared<spdlog::sinks::dist_sink_mt>(std::vector{standard_error()});
  return made;
}

/// The process's one logger, made at the first line (or configure).
spdlog::logger& logger() {
  static const auto made = [] {
    auto fresh = std::make_shared<spdlog::logger>("kafkaproxy", sinks());
    fresh->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    fresh->flush_on(spdlog::level::debug);
    return fresh;
  }();
  return *made;
}

/// Control characters and quotes never reach a terminal or break a line: peers choose some values.
void append_escaped(std::string& out, std::string_view text) {
  const bool utf8 = is_utf8(text);  // as it is, where it is text: "Jürgen" is a name
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

bool plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\\' || c == '=' || c == 0x7f) return false;
  return true;
}

}  // namespace

std::string line(Format format, std::string_view event, Fields fields) {
  std::string out;
  if (format == Format::Json) {
    out += "\"event\":\"";
    append_escaped(out, event);
    out += '"';
    for (const Field& field : fields) {
      out += fmt::format(",\"{}\":", field.key);
      if (field.number) {
        out += field.value;
        continue;
      }
      out += '"';
      append_escaped(out, field.value);
      out += '"';
    }
    return out;
  }
  append_escaped(out, event);
  for (const Field& field : fields) {
    out += fmt::format(" {}=", field.key);
    if (plain(field.value)) {
      out += field.value;
      continue;
    }
    out += '"';
    append_escaped(out, field.value);
    out += '"';
  }
  return out;
}

void configure(Level level, Format format) {
  format_in_force = format;
  logger().set_level(spd(level));
  const char* const pattern = format == Format::Json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v}"
                                                     : "%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v";
  logger().set_pattern(pattern, spdlog::pattern_time_type::utc);
}

Status write_to(const std::string& path) {
  if (path.empty()) {
    sinks()->set_sinks({standard_error()});
    return Done{};
  }
  try {
    sinks()->set_sinks({std::make_shared<spdlog::sinks::basic_file_sink_mt>(path)});
  } catch (const spdlog::spdlog_ex& failed) {
    return Error{Errc::Io, failed.what()};
  }
  return Done{};
}

bool Throttle::pass(std::chrono::steady_clock::time_point now) {
  const std::chrono::duration<double> since = now - last_;
  tokens_ = std::min(burst, tokens_ + per_second * since.count());
  last_ = now;
  if (tokens_ < 1) {
    ++held_back_;
    return false;
  }
  tokens_ -= 1;
  if (const std::uint64_t held = std::exchange(held_back_, 0); held > 0)
    warn("lines like the next were held back", {{"count", held}});
  return true;
}

bool enabled(Level level) { return logger().should_log(spd(level)); }

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  logger().log(spd(level), "{}", line(format_in_force, event, fields));
}

}  // namespace kp::log
