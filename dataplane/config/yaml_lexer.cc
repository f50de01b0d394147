#include "config/yaml_lexer.h"

namespace kp::config {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool flow_mark(char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }

}  // namespace

void YamlLexer::step(char c, char next) {
  if (c == '\n') return start_line();
  if (at_line_start_ && c == ' ') ++indent_;
  if (at_line_start_ && c != ' ' && c != '\r') leave_indentation();
  switch (context_) {
    case Context::Property:
      if (!blank(c) && (flow_depth_ == 0 || !flow_mark(c))) break;
      context_ = Context::Between;
      [[fallthrough]];
    case Context::Between:
      between(c, next);
      break;
    case Context::Plain:
      plain(c, next);
      break;
    case Context::DoubleQuoted:
    case Context::SingleQuoted:
      quoted(c, next);
      break;
    case Context::BlockHeader:
    case Context::Block:
    case Context::Comment:
      break;
  }
  previous_ = c;
}

void YamlLexer::between(char c, char next) {
  if (blank(c) || c == ',' || c == ':') return;
  if (c == '#' && blank(previous_)) {
    context_ = Context::Comment;
  } else if (c == '"') {
    context_ = Context::DoubleQuoted;
  } else if (c == '\'') {
    context_ = Context::SingleQuoted;
  } else if (c == '[' || c == '{') {
    ++flow_depth_;
  } else if (c == ']' || c == '}') {
    flow_depth_ -= flow_depth_ > 0 ? 1 : 0;
  } else if (c == '&' || c == '*' || c == '!') {
    context_ = Context::Property;
  } else if ((c == '|' || c == '>') && flow_depth_ == 0) {
    context_ = Context::BlockHeader;
    block_parent_ = indent_;
    block_indent_ = 0;
  } else if ((c != '-' && c != '?') || !blank(next)) {
    context_ = Context::Plain;
  }
}

void YamlLexer::plain(char c, char next) {
  const bool in_flow = flow_depth_ > 0;
  if (c == '#' && blank(previous_)) {
    context_ = Context::Comment;
  } else if (c == ':' && (blank(next) || (in_flow && flow_mark(next)))) {
    context_ = Context::Between;
  } else if (in_flow && flow_mark(c)) {
    context_ = Context::Between;
    between(c, next);
  }
}

void YamlLexer::quoted(char c, char next) {
  if (escaped_) {
    escaped_ = false;
  } else if (context_ == Context::DoubleQuoted) {
    if (c == '"') context_ = Context::Between;
    escaped_ = c == '\\';
  } else if (c == '\'') {
    escaped_ = next == '\'';
    if (!escaped_) context_ = Context::Between;
  }
}

void YamlLexer::start_line() {
  at_line_start_ = true;
  indent_ = 0;
  escaped_ = false;
  previous_ = '\n';
  if (context_ == Context::BlockHeader) {
    context_ = Context::Block;
  } else if (context_ == Context::Plain || context_ == Context::Property || context_ == Context::Comment) {
    context_ = Context::Between;
  }
}

void YamlLexer::leave_indentation() {
  at_line_start_ = false;
  if (context_ != Context::Block) return;
  if (block_indent_ == 0 && indent_ > block_parent_) block_indent_ = indent_;
  if (block_indent_ == 0 || indent_ < block_indent_) context_ = Context::Between;
}

}  // namespace kp::config
