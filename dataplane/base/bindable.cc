#include "base/bindable.h"

#include <sys/socket.h>

#include <cerrno>

#include "base/descriptor.h"

namespace kp {

HostPort bindable(HostPort address) {
  if (address.host == "::" && !Descriptor(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) && errno == EAFNOSUPPORT)
    address.host = "0.0.0.0";
  return address;
}

}  // namespace kp
