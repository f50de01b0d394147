#!/usr/bin/env bash
# A Kubernetes cluster for tests, all on this machine: a control plane, and a node on top where it is asked for.
#
#   cluster.sh up-control-plane    etcd, kube-apiserver, kube-controller-manager
#   cluster.sh up-node             kube-scheduler, containerd, kubelet, kube-proxy, CoreDNS (root; control plane is up)
#   cluster.sh image NAME ROOTFS [ENTRYPOINT...]   make an image of a folder, load it into the node
#   cluster.sh stop NAME           end one process (etcd, kube-apiserver, ...), as if it were killed
#   cluster.sh start NAME          start it again with the state it had, and wait until it answers
#   cluster.sh status              what runs, with its resident memory
#   cluster.sh down                stop all of it, delete its state
#
# After up-control-plane, $KC_DIR/admin.conf is a kubeconfig with full rights. The programs come from
# scripts/k8s-binaries.sh.
#
# Nothing leaves the machine. The control plane listens on 127.0.0.1 or, for root, on $KC_HOST_IP, an address added to
# lo: run it inside a network namespace without a default route (tests/support/kubernetes.py does), so that not even a
# cluster that is down lets a packet out. The node lives in mount, PID and network namespaces of its own, joined to the
# caller's by a veth pair: killing its first process ends every container and drops every mount, and kube-proxy's rules
# reach nobody else. From the caller's namespace, pod and Service addresses are reachable by route.
#
# Environment:
#   KUBEBUILDER_ASSETS  folder looked in first for etcd, kube-apiserver, kubectl, ...
#   KP_K8S_BIN          folder looked in next (build/k8s/bin)
#   KC_DIR              state, logs, certificates (build/k8s/run; deleted by down)
#   KC_HOST_IP          address of the API server (default: 10.199.0.1 for root, else 127.0.0.1)
#   KC_PORT             its port (6443); KC_ETCD_PORT (2379) and the port after it are etcd's
#   KC_API_FLAGS        more flags for kube-apiserver, separated by blanks
#   KC_PROXY_MODE       nftables (default) or iptables
#   KC_ROUTES           networks that pods reach through the caller's namespace (10.213.0.0/24 ...)
#   KC_DNS              1 (default): CoreDNS on the node answers for cluster.local; 0: pods have no DNS
#   KC_CM_STRATEGY      kubelet's configMapAndSecretChangeDetectionStrategy (Watch)
#   KC_SYNC             kubelet's syncFrequency (1m)
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")
here=${self%/*}
root=${here%/*/*}
bin=${KP_K8S_BIN:-$root/build/k8s/bin}
dir=$(readlink -m "${KC_DIR:-$root/build/k8s/run}")
port=${KC_PORT:-6443}
etcd_port=${KC_ETCD_PORT:-2379}
host_ip=${KC_HOST_IP:-127.0.0.1}
if [[ $EUID == 0 ]]; then host_ip=${KC_HOST_IP:-10.199.0.1}; fi
service_cidr=10.96.0.0/16                # 10.96.0.1 is Service default/kubernetes
api=https://$host_ip:$port
control_plane='etcd kube-apiserver kube-controller-manager'                # in the order they start
all='node kube-scheduler kube-controller-manager kube-apiserver etcd'      # in the order they end

say() { echo "cluster.sh: $*" >&2; }
die() { say "$*"; exit 1; }

# tool NAME: the path of a program. PATH is left out: a distribution's etcd may be too old for the API server (3.4.31 or
# 3.5.13 is the least for watch lists).
tool() {
  local folder
  for folder in ${KUBEBUILDER_ASSETS:+"$KUBEBUILDER_ASSETS"} "$bin"; do
    if [[ -x $folder/$1 ]]; then echo "$folder/$1"; return; fi
  done
  die "$1 is missing: run scripts/k8s-binaries.sh"
}

kube() { "$(tool kubectl)" --kubeconfig "$dir/admin.conf" --cache-dir "$dir/kubectl" "$@"; }

# ---------------------------------------------------------------- processes

# spawn NAME COMMAND...: run it in the background, keep its log, its PID and its start time
spawn() {
  local name=$1 pid
  shift
  setsid "$@" >>"$dir/log/$name.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid $(started "$pid")" >"$dir/pid/$name"
}

# started PID: its start time, which with the PID names a process for good; nothing for one that has ended
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'; }

running() {
  local pid time
  [[ -f $dir/pid/$1 ]] || return 1
  read -r pid time <"$dir/pid/$1"
  [[ -n $time && $(started "$pid") == "$time" ]]
}

# stop NAME: kill a process that spawn began, and wait until it is gone
stop() {
  local pid
  while running "$1"; do
    read -r pid _ <"$dir/pid/$1"
    kill -KILL "$pid"
    sleep 0.1
  done
  rm -f "$dir/pid/$1"
}

# until_ok SECONDS WHAT COMMAND...: repeat a command until it succeeds
until_ok() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || die "$what: not so in time; see $dir/log"
    sleep 0.1
  done
}

answers() { (: <"/dev/tcp/$1/$2") 2>/dev/null; }

# ---------------------------------------------------------------- certificates

# cert FILE SUBJECT [EXTENSION]: a key and a certificate signed by the cluster's CA
cert() {
  local f=$dir/pki/$1
  openssl ecparam -name prime256v1 -genkey -noout -out "$f.key"
  openssl req -new -key "$f.key" -subj "$2" -out "$f.csr"
  openssl x509 -req -in "$f.csr" -CA "$dir/pki/ca.crt" -CAkey "$dir/pki/ca.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days 30 -out "$f.crt" \
    -extfile <(printf 'extendedKeyUsage=clientAuth,serverAuth\n%s\n' "${3-}") 2>/dev/null
  rm "$f.csr"
}

# kubeconfig NAME: $dir/NAME.conf, which signs in with the certificate NAME
kubeconfig() {
  cat >"$dir/$1.conf" <<END
apiVersion: v1
kind: Config
current-context: $1
contexts: [{name: $1, context: {cluster: kc, user: $1}}]
clusters:
- name: kc
  cluster: {server: "$api", certificate-authority-data: $(base64 -w0 "$dir/pki/ca.crt")}
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$dir/pki/$1.crt")
    client-key-data: $(base64 -w0 "$dir/pki/$1.key")
END
}

make_certificates() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=kc-ca \
    -keyout "$dir/pki/ca.key" -out "$dir/pki/ca.crt" 2>/dev/null
  local names=IP:127.0.0.1,IP:$host_ip,IP:${service_cidr%.*}.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default
  names+=,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  cert apiserver /CN=kube-apiserver "subjectAltName=$names"
  cert apiserver-kubelet /O=system:masters/CN=apiserver-kubelet
  openssl ecparam -name prime256v1 -genkey -noout -out "$dir/pki/sa.key" # signs ServiceAccount tokens
  openssl ec -in "$dir/pki/sa.key" -pubout -out "$dir/pki/sa.pub" 2>/dev/null
  cert admin /O=system:masters/CN=admin
  cert controller-manager /CN=system:kube-controller-manager
  kubeconfig admin
  kubeconfig controller-manager
}

# ---------------------------------------------------------------- control plane

start_etcd() {
  spawn etcd "$(tool etcd)" --data-dir "$dir/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-advertise-peer-urls "http://127.0.0.1:$((etcd_port + 1))" \
    --initial-cluster "default=http://127.0.0.1:$((etcd_port + 1))"
}

start_kube_apiserver() {
  # The API server may not publish a loopback address as the endpoint of Service default/kubernetes.
  local endpoints=lease more
  if [[ $host_ip == 127.* ]]; then endpoints=none; fi
  read -ra more <<<"${KC_API_FLAGS-}"
  spawn kube-apiserver "$(tool kube-apiserver)" --etcd-servers "http://127.0.0.1:$etcd_port" \
    --bind-address "$host_ip" --advertise-address "$host_ip" --secure-port "$port" \
    --endpoint-reconciler-type $endpoints \
    --tls-cert-file "$dir/pki/apiserver.crt" --tls-private-key-file "$dir/pki/apiserver.key" \
    --client-ca-file "$dir/pki/ca.crt" \
    --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority "$dir/pki/ca.crt" \
    --kubelet-client-certificate "$dir/pki/apiserver-kubelet.crt" \
    --kubelet-client-key "$dir/pki/apiserver-kubelet.key" \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$dir/pki/sa.pub" --service-account-signing-key-file "$dir/pki/sa.key" \
    --service-cluster-ip-range $service_cidr \
    --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged "${more[@]}"
}

# Garbage collection, ServiceAccounts, Deployments, EndpointSlices, ... It listens on no port.
start_kube_controller_manager() {
  spawn kube-controller-manager "$(tool kube-controller-manager)" --kubeconfig "$dir/controller-manager.conf" \
    --secure-port 0 --leader-elect=false --use-service-account-credentials \
    --kube-api-qps 500 --kube-api-burst 1000 \
    --service-account-private-key-file "$dir/pki/sa.key" --root-ca-file "$dir/pki/ca.crt" \
    --cluster-signing-cert-file "$dir/pki/ca.crt" --cluster-signing-key-file "$dir/pki/ca.key"
}

# start NAME: one process of the control plane, with its state; returns when the API server is ready
start() {
  case " $control_plane " in *" $1 "*) ;; *) die "start: one of $control_plane" ;; esac
  ! running "$1" || die "$1 runs already"
  "start_${1//-/_}"
  # An API server whose etcd is gone is not ready either.
  if running etcd && running kube-apiserver; then until_ok 60 "kube-apiserver ready" kube get --raw /readyz; fi
}

up_control_plane() {
  local name
  for name in $all; do ! running "$name" || die "$name runs already: run down first"; done
  for name in $control_plane kubectl; do tool "$name" >/dev/null; done
  ! answers 127.0.0.1 "$etcd_port" || die "port $etcd_port of etcd is in use: set KC_ETCD_PORT"
  if [[ $host_ip != 127.* ]]; then ip addr replace "$host_ip/32" dev lo; fi
  ! answers "$host_ip" "$port" || die "port $port of $host_ip is in use: set KC_PORT"
  ((${#dir} <= 80)) || die "KC_DIR is too long for the path of a socket: $dir"
  if [[ -e $dir ]]; then
    check_ours
    rm -rf "$dir"
  fi
  mkdir -p "$dir/log" "$dir/pid" "$dir/pki"
  chmod 700 "$dir"
  make_certificates
  start_etcd
  start_kube_apiserver
  start_kube_controller_manager
  until_ok 60 "kube-apiserver ready" kube get --raw /readyz
  until_ok 60 "ServiceAccount default made" kube get --raw /api/v1/namespaces/default/serviceaccounts/default
  say "control plane is up: export KUBECONFIG=$dir/admin.conf"
}

# ---------------------------------------------------------------- status, down

status() {
  local file pid
  for file in "$dir"/pid/*; do
    [[ -f $file ]] || continue
    read -r pid _ <"$file"
    if running "${file##*/}"; then
      echo "${file##*/} pid=$pid $(awk '/VmRSS/ {print int($2/1024) "MiB"}' "/proc/$pid/status")"
    else
      echo "${file##*/} dead, see $dir/log/${file##*/}.log"
    fi
  done
  if running node; then
    read -r pid _ <"$dir/pid/node"
    read -r pid _ <"/proc/$pid/task/$pid/children" || true # no newline at its end
    ps --ppid "$pid" -o comm=,pid=,rss= | awk '{print "  " $1 " pid=" $2 " " int($3/1024) "MiB"}'
  fi
}

down() {
  local name
  [[ -e $dir ]] || return 0
  check_ours
  # Its state is deleted next, so nothing needs to end in good order.
  for name in $all; do stop "$name"; done
  if [[ $EUID == 0 ]]; then
    forget_node
    if [[ $host_ip != 127.* ]]; then ip addr del "$host_ip/32" dev lo 2>/dev/null || true; fi
  fi
  rm -rf "$dir"
}

# check_ours: the folder to delete is one that up-control-plane made
check_ours() { [[ -d $dir/pid ]] || die "$dir was not made by this script"; }

# shellcheck source-path=SCRIPTDIR
source "$here/node.sh"
# shellcheck source-path=SCRIPTDIR
source "$here/image.sh"

case ${1-} in
  up-control-plane) up_control_plane ;;
  up-node) up_node ;;
  image)
    (($# >= 3)) || die "image NAME ROOTFS [ENTRYPOINT...]"
    shift
    image "$@"
    ;;
  stop | start) "$1" "${2:?its name}" ;;
  status) status ;;
  down) down ;;
  _node) node_main ;;
  *)
    sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$self"
    exit 2
    ;;
esac
