#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kp {

/// One step on the way from a path to the file behind it.
struct Link {
  enum class Kind : std::uint8_t { Directory, Symlink, File, Missing };

  std::string directory;  ///< absolute, without symlinks
  std::string name;       ///< the entry there; never "", "." or ".."
  Kind kind = Kind::Missing;

  bool operator==(const Link&) const = default;
  std::string path() const { return (directory == "/" ? directory : directory + "/") + name; }
};

/// Every entry that has a say in where `path` leads, in the order in which the kernel meets them, each symlink
/// followed. Relative paths begin at the working directory. The chain ends at the file, at the first entry that is
/// missing or may not be seen, or after 40 symlinks (a loop). Looks at the file system, opens nothing.
std::vector<Link> link_chain(std::string_view path);

}  // namespace kp
