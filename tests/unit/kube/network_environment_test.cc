#include <gtest/gtest.h>

#include <optional>

#include "kube/transport.h"

/// An exception goes from the network thread to ours by std::exception_ptr, whose count of references is kept in
/// libstdc++ itself, where the checker of threads sees nothing: it takes the last release for one too early.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\nrace:web::http::http_exception::~http_exception\n";
}

namespace kp::kube {
namespace {

/// What main does first and last.
class Network : public testing::Environment {
 public:
  void SetUp() override { thread_.emplace(); }
  void TearDown() override { thread_.reset(); }

 private:
  std::optional<NetworkThread> thread_;
};

const testing::Environment* const network = testing::AddGlobalTestEnvironment(new Network);

}  // namespace
}  // namespace kp::kube
