#pragma once

#include <cstddef>
#include <cstdint>

namespace kp::config {

/// Knows, character by character, in what kind of YAML text one stands. Just enough to tell comments and quotes from
/// the rest: yaml-cpp reads the file afterwards and judges it.
class YamlLexer {
 public:
  enum class Context : std::uint8_t {
    Between,   ///< a token may start here
    Property,  ///< inside &anchor, *alias or !tag
    Plain,     ///< inside an unquoted scalar
    DoubleQuoted,
    SingleQuoted,
    BlockHeader,  ///< between '|' or '>' and the end of its line
    Block,        ///< inside a block scalar
    Comment
  };

  Context context() const { return context_; }
  /// Takes the next character; `next` is the one behind it, '\n' at the end of the text.
  void step(char c, char next);

 private:
  void between(char c, char next);
  void plain(char c, char next);
  void quoted(char c, char next);
  void start_line();
  void leave_indentation();

  Context context_ = Context::Between;
  char previous_ = '\n';
  bool escaped_ = false;          ///< in quotes: the character to come belongs to the one before
  bool at_line_start_ = true;     ///< only spaces so far on this line
  std::size_t indent_ = 0;        ///< spaces at the front of this line
  std::size_t flow_depth_ = 0;    ///< open [ and {
  std::size_t block_parent_ = 0;  ///< indentation of the line that opened the block scalar
  std::size_t block_indent_ = 0;  ///< of the block scalar's lines; 0: the first of them hasn't come
};

}  // namespace kp::config
