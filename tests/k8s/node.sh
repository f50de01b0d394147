# shellcheck shell=bash
# shellcheck disable=SC2154  # here, self, dir, host_ip, service_cidr come from cluster.sh
# Part of cluster.sh: a node, in mount, PID and network namespaces of its own.

node=node1
node_ip=10.199.0.2
pod_cidr=10.244.0.0/24
cni_bin=/usr/lib/cni # Debian's containernetworking-plugins
dns=${KC_DNS:-1}
# Of this cluster alone, so that several can live beside each other.
node_netns=kc-node-$(sha256sum <<<"$dir" | cut -c1-8)

up_node() {
  local name
  [[ $EUID == 0 ]] || die "a node needs root"
  running kube-apiserver || die "no control plane: run up-control-plane first"
  ! running node || die "it is up already"
  [[ $host_ip != 127.* ]] || die "a node cannot reach $host_ip: leave KC_HOST_IP unset"
  for name in containerd ctr runc nsenter gcc $cni_bin/ptp $cni_bin/loopback; do
    command -v "$name" >/dev/null || die "$name is missing: run scripts/install-deps.sh node"
  done
  for name in kube-scheduler kubelet kube-proxy $([[ $dns == 0 ]] || echo coredns); do tool "$name" >/dev/null; done
  node_certificates
  allow_dns

  spawn kube-scheduler "$(tool kube-scheduler)" --kubeconfig "$dir/scheduler.conf" --secure-port 0 --leader-elect=false
  join_node
  write_node_config
  # Not "ip netns exec": that hides /sys/fs/cgroup behind a new /sys.
  spawn node nsenter "--net=/run/netns/$node_netns" \
    unshare --mount --pid --fork --kill-child --mount-proc "$self" _node
  until_ok 60 "containerd answers" ctr_node version
  pause_image
  until_ok 120 "node ready" kube wait --for=condition=Ready "node/$node" --timeout=1s
  say "node is up: ctr --address $dir/containerd.sock -n k8s.io images ls"
}

node_certificates() {
  local name
  cert kubelet-server "/CN=$node" "subjectAltName=IP:$node_ip,DNS:$node"
  cert kubelet "/O=system:nodes/CN=system:node:$node"
  cert scheduler /CN=system:kube-scheduler
  cert proxy /CN=system:kube-proxy
  cert dns /CN=system:coredns
  for name in kubelet scheduler proxy dns; do kubeconfig $name; done
}

allow_dns() {
  kube create clusterrole system:coredns --verb=list,watch \
    --resource=namespaces,services,pods,endpointslices.discovery.k8s.io >/dev/null
  kube create clusterrolebinding system:coredns --clusterrole=system:coredns --user=system:coredns >/dev/null
}

# A veth pair between the caller's network namespace and the node's, and routes to what lives behind it
join_node() {
  local network
  ip netns add "$node_netns"
  ip link add kc-host type veth peer name eth0 netns "$node_netns"
  ip link set kc-host up
  ip -n "$node_netns" link set lo up
  ip -n "$node_netns" link set eth0 up
  ip -n "$node_netns" addr add "$node_ip/32" dev eth0
  ip -n "$node_netns" route add "$host_ip" dev eth0
  for network in ${KC_ROUTES-}; do ip -n "$node_netns" route add "$network" via "$host_ip"; done
  ip route add "$node_ip" dev kc-host src "$host_ip"
  ip route add $pod_cidr via "$node_ip" src "$host_ip"
  ip route add "$service_cidr" via "$node_ip" src "$host_ip"
}

forget_node() {
  local folder
  ip link del kc-host 2>/dev/null || true # with its peer and its routes
  if [[ -e /run/netns/$node_netns ]]; then ip netns del "$node_netns"; fi
  for folder in /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods; do
    [[ ! -d $folder ]] || find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || say "left behind: $folder"
  done
}

write_node_config() {
  mkdir -p "$dir"/{kubelet,cni,pod-logs,tunables}
  cat >"$dir/containerd.toml" <<END
version = 2
root = "$dir/containerd"
state = "/run/containerd/state"
[grpc]
  address = "$dir/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true      # without CAP_SYS_RESOURCE runc cannot lower it, and would fail
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$cni_bin"
    conf_dir = "$dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
END
  # ptp: each pod has a veth pair and a route; no bridge, so no bridge netfilter either.
  cat >"$dir/cni/10-ptp.conflist" <<END
{"cniVersion": "0.4.0", "name": "kc", "plugins": [
  {"type": "ptp", "ipam": {"type": "host-local", "dataDir": "/var/lib/cni/ipam",
    "ranges": [[{"subnet": "$pod_cidr"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
  cat >"$dir/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
tlsCertFile: $dir/pki/kubelet-server.crt
tlsPrivateKeyFile: $dir/pki/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix://$dir/containerd.sock
cgroupDriver: cgroupfs
oomScoreAdj: 0
failCgroupV1: false            # 1.35 makes true the default
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: ""
clusterDomain: cluster.local
clusterDNS: [$([[ $dns == 0 ]] || echo $node_ip)]
podLogsDir: $dir/pod-logs
configMapAndSecretChangeDetectionStrategy: ${KC_CM_STRATEGY:-Watch}
syncFrequency: ${KC_SYNC:-1m}
imageGCHighThresholdPercent: 100                       # no image could be pulled again
evictionHard: {memory.available: "0%", nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%"}
END
  cat >"$dir/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $dir/proxy.conf}
bindAddress: $node_ip
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
mode: ${KC_PROXY_MODE:-nftables}
clusterCIDR: $pod_cidr
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}   # leave sysctls alone
END
  # All other names are refused: no query leaves the machine.
  cat >"$dir/Corefile" <<END
cluster.local in-addr.arpa ip6.arpa {
    bind $node_ip
    errors
    kubernetes {
        kubeconfig $dir/dns.conf dns
    }
}
END
}

# The node's first process, inside its namespaces. When it dies the kernel kills all the rest.
node_main() {
  [[ $$ == 1 ]] || die "_node is for up-node to call"
  # Fixed paths of containerd, CNI and kubelet, each hidden by a file system that only the node sees.
  local d t
  for d in /run/netns /run/containerd /var/lib/cni /var/lib/kubelet /var/log; do
    mkdir -p $d
    [[ $d == /var/lib/kubelet ]] || mount -t tmpfs kc $d
  done
  mount --bind "$dir/kubelet" /var/lib/kubelet
  mount --make-rshared / # kubelet's volume mounts must reach containers that ask for them
  # Kubelet insists on these kernel settings and would write them for the whole machine: show it files.
  for t in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    echo "${t#*=}" >"$dir/tunables/$(basename "${t%=*}")"
    mount --bind "$dir/tunables/$(basename "${t%=*}")" "/proc/sys/${t%=*}"
  done
  echo 1 >/proc/sys/net/ipv4/ip_forward # of this network namespace

  containerd --config "$dir/containerd.toml" >"$dir/log/containerd.log" 2>&1 &
  until_ok 60 "containerd answers" ctr_node version
  "$(tool kubelet)" --config "$dir/kubelet.yaml" --kubeconfig "$dir/kubelet.conf" \
    --hostname-override $node --node-ip $node_ip >"$dir/log/kubelet.log" 2>&1 &
  "$(tool kube-proxy)" --config "$dir/proxy.yaml" --hostname-override $node >"$dir/log/kube-proxy.log" 2>&1 &
  if [[ $dns == 1 ]]; then "$(tool coredns)" -conf "$dir/Corefile" >"$dir/log/coredns.log" 2>&1 & fi
  while :; do wait -n || sleep 1; done # also reaps what containers leave behind
}

ctr_node() { ctr --address "$dir/containerd.sock" --namespace k8s.io "$@"; }
