#include "bench/resumption.h"

#include <openssl/ssl.h>

namespace kp::bench {

void Resumption::FreeSession::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }

Resumption::Resumption(ssl_ctx_st* tls) : tls_(tls) {
  SSL_CTX_set_app_data(tls_, this);
  SSL_CTX_set_session_cache_mode(tls_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(tls_, [](SSL* connection, SSL_SESSION* session) {
    static_cast<Resumption*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)))->session_.reset(session);
    return 1;  // it is ours now
  });
}

Resumption::~Resumption() {
  SSL_CTX_sess_set_new_cb(tls_, nullptr);
  SSL_CTX_set_app_data(tls_, nullptr);
}

void Resumption::resume(Wire& wire) const {
  if (session_ && SSL_set_session(wire.tls(), session_.get()) != 1) give_up("a TLS session is not usable");
}

bool Resumption::leave(Wire& wire) const {
  SSL_set_shutdown(wire.tls(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  return SSL_session_reused(wire.tls()) == 1;
}

}  // namespace kp::bench
