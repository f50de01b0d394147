#pragma once

#include <cstdint>
#include <string>

#include "rewrite/address_book.h"

/// Gives brokers addresses by a rule that the input chooses: some are refused, names are of any length.
class SomeBook : public kp::rewrite::AddressBook {
 public:
  explicit SomeBook(std::uint8_t rule) : rule_(rule) {}

  kp::Result<kp::HostPort> downstream(kp::BrokerId id, const kp::HostPort&) override {
    if (rule_ % 4 != 0 && id % 4 == rule_ % 4) return kp::Error{kp::Errc::NotFound, "refused"};
    const std::string name(1 + rule_ / 4, 'd');
    return kp::HostPort{name + std::to_string(id), 443};
  }

 private:
  std::uint8_t rule_;
};
