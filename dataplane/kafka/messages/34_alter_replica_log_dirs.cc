#include "kafka/messages/34_alter_replica_log_dirs.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<AlterReplicaLogDirsRequest> decode(BytesView, Version);
template void encode(const AlterReplicaLogDirsRequest&, Version, Bytes&);
template MessageInfo describe<AlterReplicaLogDirsRequest>();
template Result<AlterReplicaLogDirsResponse> decode(BytesView, Version);
template void encode(const AlterReplicaLogDirsResponse&, Version, Bytes&);
template MessageInfo describe<AlterReplicaLogDirsResponse>();

}  // namespace kp::kafka
