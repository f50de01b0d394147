#include "net/socket_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/readiness.h"

namespace kp::net {
namespace {

SocketBio& state_of(BIO* bio) { return *static_cast<SocketBio*>(BIO_get_data(bio)); }

/// -1, and OpenSSL tries again later; or, when the socket has an error, does not.
int failed(BIO* bio, int retry) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return -1;
}

int read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  SocketBio& state = state_of(bio);
  BIO_clear_retry_flags(bio);
  *got = 0;
  errno = EBADF;
  const ssize_t n = state.watch == nullptr ? -1 : state.watch->receive(into, size);
  if (n == 0) {
    state.ended = true;
    errno = 0;
    return 0;
  }
  if (n < 0) return failed(bio, BIO_FLAGS_READ);
  *got = static_cast<std::size_t>(n);
  return 1;
}

int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) {
  SocketBio& state = state_of(bio);
  BIO_clear_retry_flags(bio);
  *sent = 0;
  errno = EBADF;
  const int flags = MSG_NOSIGNAL | (state.more ? MSG_MORE : 0);
  const ssize_t n = state.watch == nullptr ? -1 : state.watch->send(bytes, size, flags);
  if (n < 0) return failed(bio, BIO_FLAGS_WRITE);
  *sent = static_cast<std::size_t>(n);
  return 1;
}

long control(BIO* bio, int what, long, void*) {
  if (what == BIO_CTRL_EOF) return state_of(bio).ended ? 1 : 0;
  return what == BIO_CTRL_FLUSH || what == BIO_CTRL_PUSH || what == BIO_CTRL_POP ? 1 : 0;
}

BIO_METHOD* method() {
  static BIO_METHOD* const ours = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "watched socket");
    BIO_meth_set_read_ex(made, read);
    BIO_meth_set_write_ex(made, write);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return ours;
}

}  // namespace

bio_st* new_socket_bio(SocketBio& state) {
  BIO* const made = BIO_new(method());
  BIO_set_data(made, &state);
  BIO_set_init(made, 1);
  return made;
}

}  // namespace kp::net
