#pragma once

#include "kube/object.h"

namespace kp::plan {

/// `theirs` over `ours`, as Kubernetes's strategic merge has it for pods: maps are merged, lists of containers,
/// volumes, env, mounts and ports by what names their entries; other lists replace ours, and null removes.
kube::Json merge_pod_template(kube::Json ours, const kube::Json& theirs);

}  // namespace kp::plan
