#pragma once

#include <cstdint>

#include "base/bytes.h"

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), which guards a record batch from its attributes to its end.
namespace kp::virt {

/// Of all bytes. For what is small; a batch that is changed is not read, see below.
std::uint32_t crc32c(BytesView bytes);

/// The CRC of a message in which `before` has become `after`, both of one size, with `behind` bytes after them; `crc`
/// is what the message had. The CRC is linear, so the difference of the two, moved over what stands behind it by
/// multiplication modulo the polynomial, is the difference of the CRCs: O(log behind), and a wrong `crc` stays wrong.
std::uint32_t patch_crc32c(std::uint32_t crc, BytesView before, BytesView after, std::uint64_t behind);

}  // namespace kp::virt
