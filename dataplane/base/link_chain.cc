#include "base/link_chain.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace kp {
namespace {

constexpr int max_symlinks = 40;  // the kernel's own limit

/// Puts the names of `path` on top of `ahead`, the first name last.
void push(std::vector<std::string>& ahead, std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.rfind('/');
    const auto begin = slash == std::string_view::npos ? 0 : slash + 1;
    const std::string_view name = path.substr(begin);
    if (!name.empty() && name != ".") ahead.emplace_back(name);
    path = path.substr(0, begin == 0 ? 0 : begin - 1);
  }
}

Link::Kind kind_of(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return Link::Kind::Missing;
  if (S_ISLNK(found.st_mode)) return Link::Kind::Symlink;
  return S_ISDIR(found.st_mode) ? Link::Kind::Directory : Link::Kind::File;
}

}  // namespace

std::vector<Link> link_chain(std::string_view path) {
  std::error_code failed;
  std::vector<std::string> ahead;  // the next name is the last
  push(ahead, path);
  if (!path.starts_with('/')) push(ahead, std::filesystem::current_path(failed).native());

  std::vector<Link> chain;
  std::string directory = "/";
  int symlinks = 0;
  while (!ahead.empty()) {
    const std::string name = std::move(ahead.back());
    ahead.pop_back();
    if (name == "..") {
      directory.resize(std::max<std::size_t>(directory.rfind('/'), 1));
      continue;
    }
    Link& link = chain.emplace_back(Link{directory, name, Link::Kind::Missing});
    const std::string here = link.path();
    link.kind = kind_of(here);
    if (link.kind == Link::Kind::Directory) {
      directory = here;
    } else if (link.kind == Link::Kind::Symlink && ++symlinks <= max_symlinks) {
      const std::string target = std::filesystem::read_symlink(here, failed).native();
      if (failed) break;  // gone since
      push(ahead, target);
      if (target.starts_with('/')) directory.assign(1, '/');  // GCC 12 warns wrongly of an assigned literal
    } else {
      break;
    }
  }
  return chain;
}

}  // namespace kp
