#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <memory>
#include <sstream>

namespace kp::config {
namespace {

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

/// Builds the tree from yaml-cpp's events. After the first problem it ignores what still comes.
class TreeBuilder : public YAML::EventHandler {
 public:
  YamlTree take() && { return std::move(tree_); }
  bool refused() const { return tree_.problem.has_value(); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(line_of(mark), "a second YAML document starts here; the file holds one configuration");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add({YamlNode::Kind::Null, line_of(mark), {}, {}, {}, {}}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(tag, mark);
    add({YamlNode::Kind::Scalar, line_of(mark), value, {}, {}, {}}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return refuse(line_of(mark), "an alias stands inside what it names");
    count_ += found->second.nodes;
    if (count_ > YamlNode::max_nodes) return refuse(line_of(mark), "the file holds too many values");
    if (open_.size() + found->second.depth > YamlNode::max_depth)
      return refuse(line_of(mark), "the values are nested too deeply");
    if (tree_.problem) return;
    put(found->second.node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(YamlNode::Kind::List, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(YamlNode::Kind::Map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

  void refuse(int line, std::string why) {
    if (!tree_.problem) tree_.problem = Problem{"", line, std::move(why)};
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::size_t count_before = 0;
    std::size_t depth = 1;     ///< of the deepest value inside
    bool key_pending = false;  ///< Map: a key was read, its value comes next
  };
  struct Anchored {
    YamlNode node;
    std::size_t nodes = 1;
    std::size_t depth = 0;
  };

  void check_tag(const std::string& tag, const YAML::Mark& mark) {
    if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:"))
      refuse(line_of(mark), "YAML tags such as !name are not used in this file");
  }

  void start(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, mark);
    if (open_.size() >= YamlNode::max_depth) refuse(line_of(mark), "the values are nested too deeply");
    if (tree_.problem) return;
    const std::size_t before = count_++;
    open_.push_back({{kind, line_of(mark), {}, {}, {}, {}}, anchor, before, 1, false});
  }

  void end() {
    if (tree_.problem || open_.empty()) return;
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (!open_.empty()) open_.back().depth = std::max(open_.back().depth, closed.depth + 1);
    if (closed.anchor != 0) anchors_[closed.anchor] = {closed.node, count_ - closed.count_before, closed.depth};
    put(std::move(closed.node));
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    if (++count_ > YamlNode::max_nodes) refuse(node.line, "the file holds too many values");
    if (tree_.problem) return;
    if (anchor != 0) anchors_[anchor] = {node, 1, 0};
    put(std::move(node));
  }

  void put(YamlNode node) {
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::Map && !parent.key_pending) {
      if (node.kind != YamlNode::Kind::Scalar) return refuse(node.line, "a key must be plain text");
      parent.node.keys.push_back(std::move(node.scalar));
      parent.node.key_lines.push_back(node.line);
      parent.key_pending = true;
      return;
    }
    parent.key_pending = false;
    parent.node.items.push_back(std::move(node));
  }

  YamlTree tree_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t count_ = 0;
  int documents_ = 0;
};

}  // namespace

YamlTree read_yaml(const std::string& text) {
  TreeBuilder builder;
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    // yaml-cpp takes a lone "," for an empty document, for ever: the second document ends it.
    while (!builder.refused() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& syntax) {
    // yaml-cpp's own words come without the text they are about, so they hold no secret.
    builder.refuse(line_of(syntax.mark), "not valid YAML: " + syntax.msg);
  } catch (const std::exception& other) {
    builder.refuse(0, std::string("not valid YAML: ") + other.what());
  }
  return std::move(builder).take();
}

std::string_view describe(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::Null:
      return "nothing";
    case YamlNode::Kind::Scalar:
      return "text";
    case YamlNode::Kind::List:
      return "a list";
    case YamlNode::Kind::Map:
      return "a mapping";
  }
  return "nothing";
}

}  // namespace kp::config
