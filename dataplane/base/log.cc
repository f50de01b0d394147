#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <memory>

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

/// The process's one logger, made at the first line (or configure).
spdlog::logger& logger() {
  static const auto made = [] {
    // https://no-color.org: set to anything, it means no colours even on a terminal.
    const char* const no_color = std::getenv("NO_COLOR");
    const bool plain_wanted = no_color != nullptr && *no_color != '\0';
    const auto colors = plain_wanted ? spdlog::color_mode::never : spdlog::color_mode::automatic;
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(colors);
    auto fresh = std::make_shared<spdlog::logger>("kafkaproxy", std::move(sink));
    fresh->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    fresh->flush_on(spdlog::level::debug);
    return fresh;
  }();
  return *made;
}

/// Control characters, quotes and bytes outside ASCII never reach a terminal or break a line: peers choose some values.
void append_escaped(std::string& out, std::string_view text, bool json) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && json)) {
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
    append_escaped(out, event, true);
    out += '"';
    for (const Field& field : fields) {
      out += fmt::format(",\"{}\":", field.key);
      if (field.number) {
        out += field.value;
        continue;
      }
      out += '"';
      append_escaped(out, field.value, true);
      out += '"';
    }
    return out;
  }
  append_escaped(out, event, false);
  for (const Field& field : fields) {
    out += fmt::format(" {}=", field.key);
    if (plain(field.value)) {
      out += field.value;
      continue;
    }
    out += '"';
    append_escaped(out, field.value, false);
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

bool enabled(Level level) { return logger().should_log(spd(level)); }

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  logger().log(spd(level), "{}", line(format_in_force, event, fields));
}

}  // namespace kp::log
