#pragma once

#include <string>

#include "gateway/runtime.h"

namespace kp::gateway {

/// The document at /openapi.json: OpenAPI 3.0 of what this configuration serves.
std::string openapi(const Runtime& runtime);

}  // namespace kp::gateway
