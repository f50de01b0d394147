#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/apis.h"
#include "rewrite/response.h"

namespace kp::rewrite {

/// An ApiVersions response frame that offers of each rewritten API, and of ApiVersions, only versions that we know;
/// an API of which none is left isn't offered, nor is what is `withheld`. Others stay as they are.
Result<Rewritten> clamp_api_versions(kafka::Version version, BytesView frame, const Withheld& withheld);

}  // namespace kp::rewrite
