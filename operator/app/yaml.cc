#include "app/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace kp::app {
namespace {

using kube::Json;

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         (std::isdigit(static_cast<unsigned char>(text[0])) != 0 || one_of(text.substr(0, 1), {"-", "+", "."}));
}

std::optional<Json> number_of(std::string_view text) {
  if (!is_number(text)) return std::nullopt;
  const bool negative = text.starts_with('-');
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  for (const auto& [prefix, value] :
       std::array<std::pair<std::string_view, int>, 4>{{{"0x", 16}, {"0o", 8}, {"0b", 2}, {"0", 8}}})
    if (digits.size() > prefix.size() && digits.starts_with(prefix) && digits.find_first_of(".eE") == digits.npos) {
      base = value;
      digits.remove_prefix(prefix.size());
      break;
    }
  std::int64_t whole = 0;
  const char* const end = digits.data() + digits.size();
  if (const auto read = std::from_chars(digits.data(), end, whole, base); read.ec == std::errc{} && read.ptr == end)
    return Json(negative ? -whole : whole);
  double number = 0;
  if (base == 10 && digits.find_first_not_of("0123456789.eE+-") == digits.npos)
    if (const auto read = std::from_chars(digits.data(), end, number); read.ec == std::errc{} && read.ptr == end)
      return Json(negative ? -number : number);
  return std::nullopt;
}

/// YAML 1.1, as kubectl has it.
Json plain(const std::string& text) {
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})) return true;
  if (one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})) return false;
  if (auto number = number_of(text)) return *number;
  return text;
}

constexpr int deepest = 100;

Json convert(const YAML::Node& node, int depth) {
  if (depth > deepest) throw YAML::RepresentationException(node.Mark(), "nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return nullptr;
    case YAML::NodeType::Scalar:
      return node.Tag() == "?" || node.Tag().empty() ? plain(node.Scalar()) : Json(node.Scalar());
    case YAML::NodeType::Sequence: {
      Json out = Json::array();
      for (const auto& item : node) out.push_back(convert(item, depth + 1));
      return out;
    }
    case YAML::NodeType::Map:
      break;
  }
  Json out = Json::object();
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (out.contains(key)) throw YAML::RepresentationException(entry.first.Mark(), "the key " + key + " stands twice");
    out[key] = convert(entry.second, depth + 1);
  }
  return out;
}

/// Any reader of YAML 1.1 may take it for a number, a date or a time.
bool is_like_a_number(std::string_view text) {
  return is_number(text) && text.find_first_not_of("0123456789abcdefABCDEFxXoO+-_.:TZ") == text.npos;
}

/// May it stand without quotes, and be read back as text?
bool is_plain(const std::string& text) {
  if (text.empty() || !plain(text).is_string() || text.back() == ' ' || text.back() == ':') return false;
  const auto harmless = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./()$<>=+;,@^ :").find(static_cast<char>(c)) != std::string_view::npos;
  };
  const auto first = static_cast<unsigned char>(text.front());
  return (std::isalnum(first) != 0 || one_of(text.substr(0, 1), {"/", "(", "$", "<", "."})) &&
         std::ranges::all_of(text, harmless) && text.find(": ") == text.npos && !is_like_a_number(text);
}

bool is_block(const std::string& text) {
  if (text.find('\n') == text.npos || text.front() == ' ' || text.front() == '\n' || text.ends_with("\n\n"))
    return false;
  return std::ranges::all_of(text, [](unsigned char c) { return c == '\n' || (c >= 0x20 && c != 0x7f); });
}

void write(std::string& out, const Json& value, std::size_t indent);

void write_text(std::string& out, const std::string& text, std::size_t indent) {
  if (is_plain(text)) {
    out += " " + text + "\n";
  } else if (is_block(text)) {
    out += text.ends_with('\n') ? " |\n" : " |-\n";
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      if (!line.empty()) out.append(indent, ' ').append(line);
      out += '\n';
    }
  } else {
    out += " " + Json(text).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
}

/// Behind "key:" or "-".
void write_value(std::string& out, const Json& value, std::size_t indent, bool in_list) {
  if (value.is_string()) return write_text(out, value.get<std::string>(), indent + (in_list ? 0 : 2));
  if (!value.is_structured() || value.empty()) {
    out += " " + value.dump() + "\n";
    return;
  }
  if (in_list && value.is_object()) {
    std::string inner;
    write(inner, value, indent);
    out += " " + inner.substr(indent);  // its first key stands beside the dash
    return;
  }
  out += "\n";
  write(out, value, value.is_array() && !in_list ? indent : indent + (in_list ? 0 : 2));
}

void write(std::string& out, const Json& value, std::size_t indent) {
  if (value.is_array()) {
    for (const Json& item : value) {
      out.append(indent, ' ').append("-");
      write_value(out, item, indent + 2, true);
    }
    return;
  }
  for (const auto& [key, item] : value.items()) {
    out.append(indent, ' ').append(is_plain(key) ? key : Json(key).dump()).append(":");
    write_value(out, item, indent, false);
  }
}

}  // namespace

Result<std::vector<Json>> read_yaml(const std::string& text) {
  std::vector<Json> out;
  try {
    for (const YAML::Node& document : YAML::LoadAll(text)) {
      Json value = convert(document, 0);
      if (!value.is_null()) out.push_back(std::move(value));
    }
  } catch (const YAML::Exception& wrong) {
    return Error{Errc::Invalid, "line " + std::to_string(wrong.mark.line + 1) + ": " + wrong.msg};
  }
  return out;
}

std::string write_yaml(const Json& value) {
  std::string out;
  if (!value.is_structured() || value.empty()) {
    write_value(out, value, 0, false);
    return out;
  }
  Json rest = value;
  if (value.is_object() && value.contains("kind")) {
    for (const char* const first : {"apiVersion", "kind", "metadata"}) {
      if (!value.contains(first)) continue;
      write(out, {{first, value[first]}}, 0);
      rest.erase(first);
    }
  }
  write(out, rest, 0);
  return out;
}

}  // namespace kp::app
