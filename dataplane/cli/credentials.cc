#include "cli/credentials.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "auth/crypto.h"
#include "auth/verifier.h"
#include "base/utf8.h"
#include "config/values.h"

namespace kp::cli {
namespace {

constexpr std::size_t max_password_bytes = 4096;

/// Keeps a terminal from showing what is typed; a signal that would end the process ends the wait instead, so that the
/// terminal is left as it was.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    struct sigaction interrupt{};
    interrupt.sa_handler = [](int) {};  // without SA_RESTART: read() returns
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &interrupt, &actions_[i]);
    if (tcgetattr(terminal, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    silent_ = tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (silent_) tcsetattr(terminal_, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &actions_[i], nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  bool silent() const { return silent_; }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  int terminal_;
  bool silent_ = false;
  termios before_{};
  std::array<struct sigaction, signals.size()> actions_{};
};

Error no_password(std::string_view why) { return {Errc::Invalid, "the password " + std::string(why)}; }

/// Up to the end of the line or of the input; byte by byte, so that nothing behind the line is taken.
Result<std::string> read_line(int in) {
  std::string line;
  line.reserve(max_password_bytes + 1);  // so that it never moves and one wipe is enough
  for (char c = 0;;) {
    const ssize_t got = read(in, &c, 1);
    if (got < 0) {
      auth::wipe(line);
      return no_password(errno == EINTR ? "was not given: interrupted" : "can't be read");
    }
    if (got == 0 || c == '\n') break;
    line += c;
    if (line.size() <= max_password_bytes) continue;
    auth::wipe(line);
    return no_password("is longer than " + std::to_string(max_password_bytes) + " bytes");
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<std::string> ask(int in, int out, const std::string& prompt) {
  if (write(out, prompt.data(), prompt.size()) < 0) return no_password("can't be asked for");
  return read_line(in);
}

Result<std::string> ask_twice(const std::string& user, int in, int out) {
  const Silence silence(in);
  if (!silence.silent()) return no_password("can't be read from this terminal without showing it");
  Result<std::string> password = ask(in, out, "Password of " + user + ": ");
  if (!password) return password;
  Result<std::string> again = ask(in, out, "The same again: ");
  const bool same = again && *again == *password;
  if (again) auth::wipe(*again);
  if (same) return password;
  auth::wipe(*password);
  return again ? no_password("was not the same the second time") : std::move(again).error();
}

/// Whether a line that begins with the name is read back as it was.
bool can_be_written(const std::string& user) {
  if (user.starts_with('#') || user.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) return false;
  const auto credential = config::parse_credential(user + "=x");
  return is_utf8(user) && credential && credential->user == user;
}

}  // namespace

Result<std::string> read_password(const std::string& user, int in, int out) {
  return isatty(in) == 1 ? ask_twice(user, in, out) : read_line(in);
}

Result<std::string> hash_credential(const HashCredential& command, std::string password) {
  if (!can_be_written(command.user))
    return Error{Errc::Invalid,
                 "the user name can't stand in a line user=secret: it must not hold =, begin with # or "
                 "have more than one line"};
  if (password.empty()) return no_password("is empty");
  const bool text = is_utf8(password) && password.find('\0') == std::string::npos;
  std::string line;
  if (text)
    line = command.user + "=" + auth::to_text(auth::make_verifier(command.mechanism, password, command.iterations));
  auth::wipe(password);
  if (!text) return no_password("is not UTF-8 text");
  return line;
}

}  // namespace kp::cli
