#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/emit.h"
#include "config/values.h"

namespace kp::config {

/// A double-quoted YAML scalar. A '$' is written as \x24, so that a value is never taken for a variable.
std::string quote(std::string_view text);

enum class Blocks : bool { WhereTheyMatter, All };

/// Block-style YAML, two spaces a level, and beside it each value by its path.
class Writer {
 public:
  explicit Writer(Secrets secrets, Blocks blocks = Blocks::WhereTheyMatter)
      : show_(secrets == Secrets::Show), all_(blocks == Blocks::All) {}
  std::string take() && { return std::move(out_); }
  std::vector<Leaf> take_leaves() && { return std::move(leaves_); }
  bool all_blocks() const { return all_; }

  void comment(std::string_view text) { out_ += "# " + std::string(text) + "\n"; }
  void open(const std::string& key) { open(key, key); }
  /// `written`: the key as it must stand in YAML.
  void open(const std::string& key, const std::string& written) {
    line(written + ":");
    enter(path_.empty() ? key : "." + key);
  }
  void close() {
    path_.resize(open_.back().path_size);
    open_.pop_back();
  }
  void open_item(std::string_view key, const std::string& text) {
    line("- " + std::string(key) + ": " + quote(text));
    enter("[" + std::to_string(open_.back().items++) + "]");
    leaf("." + std::string(key), text);
  }

  void text(std::string_view key, const std::string& value) { word(key, quote(value), value); }
  void word(std::string_view key, std::string_view value) { word(key, value, std::string(value)); }
  void number(std::string_view key, std::int64_t value) { word(key, std::to_string(value)); }
  void flag(std::string_view key, bool value) { word(key, value ? "true" : "false"); }
  /// Of a list whose order has a meaning.
  void item(const std::string& value) {
    line("- " + quote(value));
    leaf("[" + std::to_string(open_.back().items++) + "]", value);
  }
  /// "name=value", in a list that is looked up by name.
  void named_item(const std::string& name, const std::string& value) {
    line("- " + quote(name + "=" + value));
    leaf("[" + name + "]", value);
  }
  void empty_list(std::string_view key) { line(std::string(key) + ": []"); }
  std::string secret(const std::string& value) const { return show_ ? value : masked(value); }

  void addresses(std::string_view key, const std::vector<HostPort>& values) {
    if (values.empty()) return empty_list(key);
    open(std::string(key));
    for (const HostPort& value : values) item(to_string(value));
    close();
  }
  void mechanisms(std::string_view key, const std::vector<SaslMechanism>& values) {
    choices(key, values, sasl_mechanisms);
  }
  /// As one value: a set.
  template <class T, std::size_t N>
  void choices(std::string_view key, const std::vector<T>& values, const std::array<Choice<T>, N>& names) {
    line(std::string(key) + ":");
    std::string all;
    for (const T value : values) {
      const std::string name(name_of(value, names));
      line("  - " + quote(name));
      all += (all.empty() ? "" : ", ") + name;
    }
    leaf("." + std::string(key), "[" + all + "]");
  }

 private:
  /// A block or a list that is being written.
  struct Open {
    std::size_t path_size = 0;  ///< of what stands around it
    std::size_t items = 0;
  };

  void enter(const std::string& step) {
    open_.push_back({path_.size(), 0});
    path_ += step;
  }
  void word(std::string_view key, std::string_view written, std::string value) {
    line(std::string(key) + ": " + std::string(written));
    leaf((path_.empty() ? "" : ".") + std::string(key), std::move(value));
  }
  void leaf(const std::string& step, std::string value) { leaves_.push_back({path_ + step, std::move(value)}); }
  void line(const std::string& text) {
    out_.append(open_.size() * 2, ' ');
    out_ += text + "\n";
  }

  bool show_;
  bool all_;
  std::string out_;
  std::vector<Leaf> leaves_;
  std::string path_;
  std::vector<Open> open_;
};

}  // namespace kp::config
