#pragma once

#include <string>

#include "base/result.h"
#include "kube/object.h"
#include "kube/transport.h"

namespace kp::kube {

/// The Error of an answer that is none of 2xx, from its Status object where it has one.
Error error_of(const HttpResponse& response);

/// The same of a Status object: a watch sends one as the object of an ERROR event.
Error error_of(const Json& status);

/// The object in `body`. Errors: Malformed.
Result<Json> parse(const std::string& body);

}  // namespace kp::kube
