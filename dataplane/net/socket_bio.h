#pragma once

struct bio_st;

namespace kp::net {

class Watch;

/// A plain socket as OpenSSL reads and writes it (BIO_meth_new(3)). Unlike BIO_s_socket it asks the socket's Watch
/// before the kernel, so that a read which would find nothing costs no call, and it can hold small records back until
/// they fill a packet.
struct SocketBio {
  Watch* watch = nullptr;  ///< of the socket; null: closed, every read and write fails
  bool more = false;       ///< what is written now is followed by more at once (MSG_MORE)
  bool ended = false;      ///< a read met the peer's end
};

/// Refers to `state`, which must outlive it. The caller (or its SSL) frees it.
bio_st* new_socket_bio(SocketBio& state);

}  // namespace kp::net
