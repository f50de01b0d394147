#include "certs/new_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace kp::certs {
namespace {

/// 0, or what went wrong.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;  // a pipe or the like can't be synced
}

}  // namespace

NewFiles::~NewFiles() {
  for (const std::string& path : made_) ::unlink(path.c_str());
}

Status NewFiles::add(const std::string& path, const std::string& text, Readable by) {
  const mode_t mode = by == Readable::ByOwner ? 0600 : 0644;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return Error{errno == EEXIST ? Errc::Conflict : Errc::Io, path + ": " + std::strerror(errno)};
  made_.push_back(path);
  int failed = write_all(descriptor, text);
  if (::close(descriptor) != 0 && failed == 0) failed = errno;
  if (failed != 0) return Error{Errc::Io, path + ": " + std::strerror(failed)};
  return Done{};
}

bool taken(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace kp::certs
