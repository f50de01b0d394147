#include "net/sniff.h"

#include <algorithm>
#include <array>

namespace kp::net {

std::string_view name(Spoke spoke) {
  switch (spoke) {
    case Spoke::Kafka:
      return "kafka";
    case Spoke::TlsHello:
      return "tls";
    case Spoke::TlsAlert:
      return "tls_alert";
    case Spoke::Http:
      return "http";
    case Spoke::Unknown:
      break;
  }
  return "unknown";
}

Spoke recognise(BytesView first, std::uint32_t max_frame_bytes) {
  if (first.empty()) return Spoke::Unknown;
  // TLS record: type 22 (handshake) or 21 (alert), then version 3.x. RFC 8446, 5.1.
  const bool tls_version = first.size() < 2 || first[1] == 3;
  if (first[0] == 0x16 && tls_version) return Spoke::TlsHello;
  if (first[0] == 0x15 && tls_version) return Spoke::TlsAlert;

  static constexpr std::array<std::string_view, 10> http{"GET ",   "POST ",    "PUT ",     "HEAD ",  "DELETE ",
                                                         "PATCH ", "OPTIONS ", "CONNECT ", "TRACE ", "PRI * HTTP/2"};
  for (const std::string_view method : http) {
    const std::size_t n = std::min(first.size(), method.size());
    if (std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(n), method.begin())) return Spoke::Http;
  }
  if (first.size() >= 5 && std::equal(first.begin(), first.begin() + 5, std::string_view("HTTP/").begin()))
    return Spoke::Http;

  if (first.size() < 4) return first[0] <= max_frame_bytes >> 24 ? Spoke::Kafka : Spoke::Unknown;
  const std::int32_t size = big_endian_i32(first);
  return size >= 0 && static_cast<std::uint32_t>(size) <= max_frame_bytes ? Spoke::Kafka : Spoke::Unknown;
}

}  // namespace kp::net
