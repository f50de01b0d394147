#include "base/bindable.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace kp {
namespace {

/// From here on this process is on a kernel that answers as one with ipv6.disable=1 does.
bool take_ipv6_away() {
  std::array filter{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{filter.size(), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// bindable({host, 9092}).host is `wanted` without IPv6: in a process of its own, for there is no way back.
bool is_without_ipv6(const char* host, const char* wanted) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(take_ipv6_away() && bindable({host, 9092}) == HostPort{wanted, 9092} ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

TEST(Bindable, IsWhatWasAskedForWithIpv6) { EXPECT_EQ(bindable({"::", 9092}), (HostPort{"::", 9092})); }

TEST(Bindable, IsEveryIpv4AddressWithoutIpv6) { EXPECT_TRUE(is_without_ipv6("::", "0.0.0.0")); }

TEST(Bindable, ASingleAddressStaysWithoutIpv6) { EXPECT_TRUE(is_without_ipv6("::1", "::1")); }

}  // namespace
}  // namespace kp
