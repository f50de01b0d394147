#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rewrite/address_book.h"

namespace kp::rewrite {

/// Knows the brokers that it was given, and remembers what it was asked.
class Book : public AddressBook {
 public:
  explicit Book(std::map<BrokerId, HostPort> known = {}) : known_(std::move(known)) {}

  Result<HostPort> downstream(BrokerId id, const HostPort& upstream) override {
    asked.emplace_back(id, upstream);
    const auto found = known_.find(id);
    if (found == known_.end()) return Error{Errc::NotFound, "broker " + std::to_string(id)};
    return found->second;
  }

  std::vector<std::pair<BrokerId, HostPort>> asked;

 private:
  std::map<BrokerId, HostPort> known_;
};

}  // namespace kp::rewrite
