#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kp {

/// What kind of failure, for branching and metric labels.
enum class Errc : std::uint8_t {
  Eof,           ///< the peer closed
  Timeout,       ///< a deadline passed
  Io,            ///< the system said no
  Malformed,     ///< bytes that don't follow the protocol
  Unsupported,   ///< well-formed, but beyond what we know
  Unauthorized,  ///< no login, or the wrong one
  Conflict,      ///< two things claim the same name or port, or the same version of an object
  NotFound,
  Exists,    ///< what was to be made is there already
  Expired,   ///< what was asked to go on from is no longer remembered
  Busy,      ///< too much is asked for at the moment; later it may work
  Invalid,   ///< a value out of its range
  Draining,  ///< the process or the connection is being ended on purpose
  Internal
};

/// The label of `code`, lower case: "eof", "timeout"…
std::string_view name(Errc code);

/// What went wrong, in words an operator of the proxy can act on.
/// `code` is for branching and metric labels, `message` is for people; it never holds a secret.
struct Error {
  Errc code = Errc::Internal;
  std::string message;

  /// Adds what the caller was doing: "listener 9092: bind: address in use".
  [[nodiscard]] Error within(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
};

/// A value or an Error. The interface is a strict subset of std::expected<T, Error>,
/// so that C++23 turns this file into one alias.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const& { return *std::get<1>(state_).error; }
  Error&& error() && { return std::move(*std::get<1>(state_).error); }

 private:
  /// Away from the value: a coroutine keeps room for each Result that it awaits, and errors are rare.
  struct Apart {
    std::unique_ptr<Error> error;
    explicit Apart(Error&& its) : error(std::make_unique<Error>(std::move(its))) {}
    Apart(const Apart& from) : error(std::make_unique<Error>(*from.error)) {}
    Apart(Apart&&) noexcept = default;
    Apart& operator=(const Apart& from) { return *this = Apart(from); }
    Apart& operator=(Apart&&) noexcept = default;
    ~Apart() = default;
  };

  std::variant<T, Apart> state_;
};

struct Done {};
using Status = Result<Done>;  ///< For calls that only succeed or fail.

}  // namespace kp
