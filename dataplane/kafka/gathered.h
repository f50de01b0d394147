#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"

namespace kp::kafka {

/// A frame in parts: what was encoded, and large byte fields that stay where they are. So megabytes of records are
/// written on without a copy.
struct Gathered {
  static constexpr std::size_t least_loan = 32 << 10;

  struct Loan {
    std::size_t at = 0;  ///< stands before own[at]
    BytesView bytes;     ///< borrowed; whoever made the frame says from what
  };

  Gathered() = default;
  Gathered(Bytes whole) : own(std::move(whole)) {}  // NOLINT: a frame in one part is the usual one

  std::size_t size() const {
    std::size_t bytes = own.size();
    for (const Loan& loan : loans) bytes += loan.bytes.size();
    return bytes;
  }

  /// In the order of the wire; none is empty. They borrow from this and from what was lent.
  std::vector<BytesView> parts() const {
    std::vector<BytesView> all;
    std::size_t at = 0;
    const auto add = [&all](BytesView part) {
      if (!part.empty()) all.push_back(part);
    };
    for (const Loan& loan : loans) {
      add(BytesView(own).subspan(at, loan.at - at));
      add(loan.bytes);
      at = loan.at;
    }
    add(BytesView(own).subspan(at));
    return all;
  }

  Bytes whole() const {
    Bytes out;
    out.reserve(size());
    for (const BytesView part : parts()) out.insert(out.end(), part.begin(), part.end());
    return out;
  }

  Bytes own;
  std::vector<Loan> loans;  ///< ascending
};

}  // namespace kp::kafka
