#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/metrics.h"

namespace kp::runtime {

/// Metric families in Prometheus' text format 0.0.4, one after the other.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins one, under the operator's prefix; its samples follow.
  void counter(std::string_view name, std::string_view help) { family(prefixed(name), "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(prefixed(name), "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { family(prefixed(name), "histogram", help); }
  /// One that all programs share, without the prefix; `type` as the format names it.
  void shared(std::string_view name, std::string_view type, std::string_view help) {
    family(std::string(name), type, help);
  }

  void sample(Labels labels, double value) { line("", labels, {}, value); }
  void sample(double value) { sample({}, value); }
  void sample(Labels labels, const telemetry::Histogram& histogram);

  std::string take() { return std::move(text_); }

 private:
  static std::string prefixed(std::string_view name) { return "kafka_proxy_operator_" + std::string(name); }
  void family(std::string name, std::string_view type, std::string_view help);
  void line(std::string_view suffix, Labels labels, std::string_view bound, double value);

  std::string name_;  ///< of the family that was begun last
  std::string text_;
};

}  // namespace kp::runtime
