#include "cli/credentials.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "auth/verifier.h"
#include "config/values.h"

namespace kp::cli {
namespace {

/// A descriptor that ends with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return number_; }  // NOLINT(google-explicit-constructor)

 private:
  int number_;
};

/// The password that is read when `text` comes through a pipe.
Result<std::string> through_pipe(std::string_view text) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const Descriptor reading(ends[0]);
  {
    const Descriptor writing(ends[1]);
    EXPECT_EQ(write(writing, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  return read_password("alice", reading, STDERR_FILENO);
}

TEST(ReadPassword, TakesOneLineOfAPipe) {
  EXPECT_EQ(*through_pipe("secret\nmore\n"), "secret");
  EXPECT_EQ(*through_pipe("secret"), "secret");
  EXPECT_EQ(*through_pipe("secret\r\n"), "secret");
  EXPECT_EQ(*through_pipe(" with = and spaces \n"), " with = and spaces ");
  EXPECT_EQ(*through_pipe(""), "");
}

TEST(ReadPassword, RefusesOneThatIsTooLong) {
  EXPECT_TRUE(through_pipe(std::string(4096, 'x') + "\n"));
  EXPECT_FALSE(through_pipe(std::string(4097, 'x') + "\n"));
}

/// Somebody at a terminal who answers each prompt; `shown` is what the terminal showed of it.
Result<std::string> at_terminal(const std::string& first, const std::string& second, std::string& shown) {
  const Descriptor person(posix_openpt(O_RDWR | O_NOCTTY));
  EXPECT_EQ(grantpt(person), 0);
  EXPECT_EQ(unlockpt(person), 0);
  const Descriptor terminal(open(ptsname(person), O_RDWR | O_NOCTTY));
  int prompts[2];
  EXPECT_EQ(pipe(prompts), 0);
  const Descriptor seen(prompts[0]);
  std::thread types([&] {
    for (const std::string& line : {first, second}) {
      for (char c = 0; c != ':';)
        if (read(seen, &c, 1) != 1) return;
      const std::string typed = line + "\n";
      EXPECT_EQ(write(person, typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
    }
  });
  Result<std::string> password = Error{};
  {
    const Descriptor asking(prompts[1]);
    password = read_password("alice", terminal, asking);
  }
  types.join();
  char buffer[1000];
  fcntl(person, F_SETFL, O_NONBLOCK);
  for (ssize_t got = 0; (got = read(person, buffer, sizeof buffer)) > 0;)
    shown.append(buffer, static_cast<std::size_t>(got));
  termios after{};
  EXPECT_EQ(tcgetattr(terminal, &after), 0);
  EXPECT_NE(after.c_lflag & ECHO, 0U) << "the terminal stays silent";
  return password;
}

TEST(ReadPassword, AsksTwiceAtATerminalAndShowsNothing) {
  std::string shown;
  const auto password = at_terminal("hunter2", "hunter2", shown);
  ASSERT_TRUE(password) << password.error().message;
  EXPECT_EQ(*password, "hunter2");
  EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
}

TEST(ReadPassword, RefusesTwoThatDiffer) {
  std::string shown;
  const auto password = at_terminal("hunter2", "hunter3", shown);
  ASSERT_FALSE(password);
  EXPECT_EQ(password.error().message.find("hunter"), std::string::npos) << password.error().message;
}

TEST(HashCredential, MakesALineThatCredentialsTake) {
  for (const auto mechanism : {config::SaslMechanism::ScramSha256, config::SaslMechanism::ScramSha512}) {
    const auto line = hash_credential({.user = "alice", .mechanism = mechanism, .iterations = 5000}, "hunter2");
    ASSERT_TRUE(line) << line.error().message;
    EXPECT_EQ(line->find("hunter2"), std::string::npos);

    const auto credential = config::parse_credential(*line);
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->user, "alice");
    const auto verifier = auth::parse_verifier(credential->secret);
    ASSERT_TRUE(verifier) << verifier.error().message;
    EXPECT_EQ(verifier->mechanism, mechanism);
    EXPECT_EQ(verifier->iterations, 5000);
    EXPECT_TRUE(auth::password_matches(*verifier, "hunter2"));
  }
}

TEST(HashCredential, RefusesWhatCannotBeAPassword) {
  for (const std::string& password : {std::string(), std::string("a\0b", 3), std::string("\xff")})
    EXPECT_FALSE(hash_credential({.user = "alice"}, password));
}

TEST(HashCredential, RefusesANameThatItsLineWouldNotGiveBack) {
  for (const char* user : {"", "a=b", "#alice", "a\nb", "\xff", "alice\r"})
    EXPECT_FALSE(hash_credential({.user = user}, "x")) << user;
}

}  // namespace
}  // namespace kp::cli
