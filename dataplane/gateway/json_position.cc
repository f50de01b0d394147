#include "gateway/json_position.h"

#include <nlohmann/json.hpp>

namespace kp::gateway {
namespace {

/// Takes everything in and keeps nothing but the place of the first fault.
struct Finder : nlohmann::json_sax<nlohmann::json> {
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override { return true; }
  bool key(string_t& /*value*/) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*elements*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*why*/) override {
    found.position = position > 0 ? position - 1 : 0;
    return false;
  }
  JsonFault found{0, "the body is no JSON"};
};

}  // namespace

JsonFault find_json_fault(std::string_view text) {
  Finder finder;
  const bool sound = nlohmann::json::sax_parse(text.begin(), text.end(), &finder);
  if (sound)
    finder.found.what = "the body is JSON that is not read here: a number is too large, or a name is not UTF-8";
  finder.found.position = std::min(finder.found.position, text.size());
  if (!sound)
    finder.found.what = finder.found.position >= text.size() ? "the JSON ends too early" : "the body is no JSON";
  return finder.found;
}

}  // namespace kp::gateway
