#pragma once

#include <string>
#include <string_view>

#include "telemetry/admin.h"

namespace kp::telemetry {

/// An HTTP response, but for what the connection decides.
struct Answer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string_view allow;  ///< value of the Allow header; empty: none
};

/// Chooses the page for a request. `target` may carry a query, which is ignored.
Answer answer(const AdminPages& pages, std::string_view method, std::string_view target);

/// A refusal in one line.
Answer refusal(unsigned status, std::string_view why);

}  // namespace kp::telemetry
