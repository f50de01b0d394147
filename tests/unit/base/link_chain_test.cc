#include "base/link_chain.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace kp {
namespace {

namespace fs = std::filesystem;
using Kind = Link::Kind;

class LinkChain : public testing::Test {
 protected:
  LinkChain() {
    std::string pattern = fs::canonical(fs::temp_directory_path()) / "link-chain-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  ~LinkChain() override { fs::remove_all(root_); }

  void file(const std::string& name) { std::ofstream(root_ / name) << name; }

  /// The part of the chain from the test's directory on.
  std::vector<Link> chain(const std::string& path) const {
    std::vector<Link> all = link_chain(path);
    std::erase_if(all, [this](const Link& link) { return !link.path().starts_with(root_.string() + "/"); });
    return all;
  }
  std::vector<Link> chain_of(const std::string& name) const { return chain(root_ / name); }
  std::string at(const std::string& name) const { return root_ / name; }

  fs::path root_;
};

TEST_F(LinkChain, IsEveryDirectoryFromTheRootAndTheFile) {
  file("a.yaml");
  const std::vector<Link> all = link_chain(at("a.yaml"));

  const std::vector<Link> begin(all.begin(), all.end() - 1);
  std::string expected = "/";
  for (const Link& link : begin) {
    EXPECT_EQ(link.directory, expected);
    EXPECT_EQ(link.kind, Kind::Directory);
    expected = link.path();
  }
  EXPECT_EQ(all.back(), (Link{root_, "a.yaml", Kind::File}));
}

TEST_F(LinkChain, GoesThroughAMountedConfigMap) {
  fs::create_directory(root_ / "..2026");
  file("..2026/config.yaml");
  fs::create_directory_symlink("..2026", root_ / "..data");
  fs::create_symlink("..data/config.yaml", root_ / "config.yaml");

  EXPECT_EQ(chain_of("config.yaml"), (std::vector<Link>{{root_, "config.yaml", Kind::Symlink},
                                                        {root_, "..data", Kind::Symlink},
                                                        {root_, "..2026", Kind::Directory},
                                                        {at("..2026"), "config.yaml", Kind::File}}));
}

TEST_F(LinkChain, AnAbsoluteTargetBeginsAtTheRoot) {
  fs::create_directory(root_ / "deep");
  file("far");
  fs::create_symlink(root_ / "far", root_ / "deep/link");

  const std::vector<Link> all = chain_of("deep/link");

  EXPECT_EQ(all[1], (Link{at("deep"), "link", Kind::Symlink}));
  EXPECT_EQ(all.back(), (Link{root_, "far", Kind::File}));
}

TEST_F(LinkChain, DotDotIsTheParentOfWhereALinkLed) {
  fs::create_directories(root_ / "x/y");
  file("x/a");
  fs::create_directory_symlink("x/y", root_ / "link");

  EXPECT_EQ(chain_of("link/.././a").back(), (Link{at("x"), "a", Kind::File}));
}

TEST_F(LinkChain, DotDotOfTheRootIsTheRoot) {
  file("a");
  EXPECT_EQ(chain("/../../" + root_.string() + "/a"), chain_of("a"));
}

TEST_F(LinkChain, ARelativePathBeginsAtTheWorkingDirectory) {
  const std::vector<Link> all = link_chain("no-such-file");
  EXPECT_EQ(all.back(), (Link{fs::current_path(), "no-such-file", Kind::Missing}));
}

TEST_F(LinkChain, EndsAtAMissingDirectory) {
  EXPECT_EQ(chain_of("not/yet/there"), (std::vector<Link>{{root_, "not", Kind::Missing}}));
}

TEST_F(LinkChain, EndsWhereALinkLeadsNowhere) {
  fs::create_symlink("nowhere", root_ / "link");
  EXPECT_EQ(chain_of("link"), (std::vector<Link>{{root_, "link", Kind::Symlink}, {root_, "nowhere", Kind::Missing}}));
}

TEST_F(LinkChain, EndsAtAFileThatShouldBeADirectory) {
  file("a");
  EXPECT_EQ(chain_of("a/b"), (std::vector<Link>{{root_, "a", Kind::File}}));
}

TEST_F(LinkChain, EndsInALoop) {
  fs::create_symlink("b", root_ / "a");
  fs::create_symlink("a", root_ / "b");
  EXPECT_EQ(chain_of("a").size(), 41U);
}

}  // namespace
}  // namespace kp
