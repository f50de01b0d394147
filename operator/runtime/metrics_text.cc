#include "runtime/metrics_text.h"

#include <array>
#include <charconv>

namespace kp::runtime {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string quoted(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out + "\"";
}

}  // namespace

void MetricsText::family(std::string name, std::string_view type, std::string_view help) {
  name_ = std::move(name);
  text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + std::string(type) + "\n";
}

void MetricsText::line(std::string_view suffix, Labels labels, std::string_view bound, double value) {
  std::string inner;
  for (const auto& [key, text] : labels) inner += (inner.empty() ? "" : ",") + std::string(key) + "=" + quoted(text);
  if (!bound.empty()) inner += (inner.empty() ? "le=" : ",le=") + quoted(bound);
  text_ += name_ + std::string(suffix);
  if (!inner.empty()) text_ += "{" + inner + "}";
  text_ += " " + number(value) + "\n";
}

void MetricsText::sample(Labels labels, const telemetry::Histogram& histogram) {
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
    up_to += histogram.buckets[i];
    const bool last = i == telemetry::Histogram::bounds.size();
    line("_bucket", labels, last ? "+Inf" : number(telemetry::Histogram::bounds[i]), static_cast<double>(up_to));
  }
  line("_sum", labels, {}, histogram.sum);
  line("_count", labels, {}, static_cast<double>(up_to));
}

}  // namespace kp::runtime
