#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/host_port.h"

/// One line per event: what happened, then keys. `log::info("client connected", {{"session", 7}, {"peer", address}})`.
/// Any thread. Values never hold secrets: that is the caller's duty. Every warning has a counter beside it.
namespace kp::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error };
enum class Format : std::uint8_t { Text, Json };

struct Field {
  std::string_view key;
  std::string value;
  bool number = false;  ///< JSON shows it bare

  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const HostPort& v) : key(k), value(to_string(v)) {}
  template <std::integral N>
  Field(std::string_view k, N v) : key(k), value(std::to_string(v)), number(true) {}
};
using Fields = std::initializer_list<Field>;

/// Sets level and format for the whole process; may be called again at any time. Lines go to standard error;
/// colours only when that is a terminal.
void configure(Level level, Format format);
bool enabled(Level level);

void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) { write(Level::Debug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::Info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::Warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::Error, event, fields); }

/// For lines that peers can cause at will: 20 at once, 10 a second in the long run. One thread.
class Throttle {
 public:
  /// False: say nothing. The first line after some were held back is preceded by one that says how many.
  bool pass(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

 private:
  static constexpr double burst = 20;
  static constexpr double per_second = 10;
  double tokens_ = burst;
  std::chrono::steady_clock::time_point last_{};
  std::uint64_t held_back_ = 0;
};

/// The line as it would be written, without time and level: for tests.
std::string line(Format format, std::string_view event, Fields fields);

}  // namespace kp::log
