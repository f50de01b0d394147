#include "config/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/parse.h"

namespace kp::config {
namespace {

/// A file that lives as long as the test.
class CredentialsFile : public testing::Test {
 protected:
  ~CredentialsFile() override { std::filesystem::remove(path_); }

  Result<std::vector<Credential>> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_credentials_file(path_);
  }

  std::string path_ = testing::TempDir() + "credentials-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name() + std::to_string(getpid());
};

TEST_F(CredentialsFile, HoldsALinePerUser) {
  const auto credentials = read("# users\nalice=a=b \r\n\n  \nbob=#x");
  ASSERT_TRUE(credentials) << credentials.error().message;
  const std::vector<Credential> expected = {{"alice", "a=b "}, {"bob", "#x"}};
  EXPECT_TRUE(*credentials == expected);
}

TEST_F(CredentialsFile, MayBeEmpty) {
  const auto credentials = read("");
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_TRUE(credentials->empty());
}

TEST_F(CredentialsFile, ErrorsNameTheLineAndNotTheSecret) {
  const auto credentials = read("alice=x\nhunter2\n");
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().message, path_ + ":2: must be user=secret, but it has no '='");
}

TEST_F(CredentialsFile, AUserStandsOnce) {
  const auto credentials = read("alice=x\nalice=y\n");
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().message, path_ + ":2: the user alice stands twice");
}

TEST_F(CredentialsFile, BytesThatAreNoTextAreRefused) { EXPECT_FALSE(read("alice=\xff\n")); }

TEST_F(CredentialsFile, MoreThanOneMebibyteIsRefused) {
  const auto credentials = read(std::string(max_file_bytes + 1, '\n'));
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, Errc::Invalid);
}

TEST(MissingCredentialsFile, IsNotFound) {
  const auto credentials = read_credentials_file("/no/such/file");
  ASSERT_FALSE(credentials);
  EXPECT_EQ(credentials.error().code, Errc::NotFound);
}

}  // namespace
}  // namespace kp::config
