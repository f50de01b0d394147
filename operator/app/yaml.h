#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/object.h"

/// Kubernetes's YAML and JSON are the same values.
namespace kp::app {

/// Every document of `text` that isn't empty; plain scalars become what kubectl takes them for: yes is true, 0x10 is
/// 16, "10" with quotes stays text. Also reads JSON. Invalid, with the line.
Result<std::vector<kube::Json>> read_yaml(const std::string& text);

/// One document, block style, keys sorted (an object's apiVersion, kind and metadata first); text of several lines as a
/// literal block. What read_yaml reads back.
std::string write_yaml(const kube::Json& value);

}  // namespace kp::app
