#pragma once

#include <string>
#include <string_view>

#include "kube/object.h"

namespace kp::kube {

/// For a query's value or a part of a path: all but letters, digits and -_.~ as %XX.
std::string percent_encoded(std::string_view text);

/// "/apis/apps/v1/namespaces/shop/deployments"; `space` empty, or a kind without namespaces: of the whole cluster.
std::string collection_path(const Kind& kind, std::string_view space);

/// "/apis/apps/v1/namespaces/shop/deployments/orders".
std::string object_path(const Kind& kind, const Name& name);

}  // namespace kp::kube
