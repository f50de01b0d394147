#include "net/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace kp::net {

Result<Pipe> Pipe::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return Error{Errc::Io, std::strerror(errno)};
  Pipe made{Descriptor(ends[0]), Descriptor(ends[1])};
  ::fcntl(made.in.get(), F_SETPIPE_SZ, wanted_bytes);
  return made;
}

}  // namespace kp::net
