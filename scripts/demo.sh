#!/usr/bin/env bash
# The main job, on this machine: a real three-broker Kafka, the proxy before it in its three modes, real clients.
# Needs no root and no DNS; everything it starts ends with it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -t 1 ]]; then bold=$'\e[1m' green=$'\e[32m' plain=$'\e[0m'; else bold='' green='' plain=''; fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
good() { printf '%s✓%s %s\n' "$green" "$plain" "$*"; }
fail() {
  printf '✗ %s\n' "$*" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

work=$(mktemp -d)
started=()
finish() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

# until_true SECONDS WHAT COMMAND...
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || fail "$what"
    sleep 0.2
  done
}
same() {
  [[ $2 == "$3" ]] || fail "$1: $2, not $3"
  good "$1: $2"
}
proxy() {
  local name=$1
  shift
  build/bin/kafkaproxy run "$@" >"$work/$name.log" 2>&1 &
  started+=($!)
}
proxy_ready() { until_true 20 "the proxy ($1) did not get ready" curl -sf "http://127.0.0.1:$2/readyz"; }
proxy_port=19300
records=1000
java=(java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "-Dlog4j2.level=error" "-Djdk.net.hosts.file=$work/hosts" -cp 'build/kafka/libs/*')

say "Kafka 4.3, three brokers"
scripts/kafka-jars.sh
python3 tests/support/kafka_cluster.py up --brokers 3 --no-netns --base-port 19092 --directory "$work/kafka" >"$work/kafka.log" 2>&1 &
started+=($!)
until_true 90 "Kafka did not start" grep -q READY "$work/kafka.log"
kafka=$(sed -n 's/^PLAINTEXT //p' "$work/kafka.log")
kafka_tls=$(sed -n 's/^SSL //p' "$work/kafka.log" | sed 's/127.0.0.1/localhost/g')
good "brokers at $kafka (plaintext) and $kafka_tls (TLS)"

say "Mode port_offset: one port per broker (deploy/examples/port-offset.yaml)"
export KAFKA=${kafka%%,*} HOSTNAME_FOR_CLIENTS=127.0.0.1 BASE_PORT=$proxy_port ADMIN=127.0.0.1:19604
build/bin/kafkaproxy check --config deploy/examples/port-offset.yaml
proxy port-offset --config deploy/examples/port-offset.yaml
proxy_ready port_offset 19604
kcat -L -b 127.0.0.1:$proxy_port | grep ' broker '
"${java[@]}" org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:$proxy_port --create --topic demo --partitions 6 --replication-factor 3
seq 1 $records | kcat -P -b 127.0.0.1:$proxy_port -t demo -X acks=all
same "records produced and read back by librdkafka" "$(kcat -C -e -q -b 127.0.0.1:$proxy_port -t demo | sort -un | wc -l)" $records

say "Mode sni: one TLS port for all brokers (deploy/examples/sni.yaml)"
KAFKA=${kafka_tls%%,*} CERTS=$work/kafka/certs PORT=19443 ADMIN=127.0.0.1:19605 proxy sni --config deploy/examples/sni.yaml
proxy_ready sni 19605
{
  echo "127.0.0.1 localhost bootstrap.kafka.example.com"
  for id in 1 2 3; do echo "127.0.0.1 b$id.kafka.example.com"; done
} >"$work/hosts"
cat >"$work/client.properties" <<PROPERTIES
security.protocol=SSL
ssl.truststore.type=PEM
ssl.truststore.location=$work/kafka/certs/ca.pem
PROPERTIES
same "records read back by the Java client through TLS names" "$("${java[@]}" org.apache.kafka.tools.consumer.ConsoleConsumer \
  --bootstrap-server bootstrap.kafka.example.com:19443 --command-config "$work/client.properties" --topic demo --from-beginning \
  --max-messages $records --timeout-ms 30000 2>"$work/consumer.log" | sort -un | wc -l)" $records
curl -s http://127.0.0.1:19605/brokers | tr -d '\n ' && echo

say "Mode dynamic: straight from flags"
proxy dynamic --bootstrap-server-mapping "${kafka%%,*},127.0.0.1:19500" --admin-address 127.0.0.1:19606 \
  --default-listener-ip 127.0.0.1
proxy_ready dynamic 19606
kcat -L -b 127.0.0.1:19500 | grep ' broker '
same "records read back" "$(kcat -C -e -q -b 127.0.0.1:19500 -t demo | sort -un | wc -l)" $records

say "What the proxies counted"
for admin in 19604 19605 19606; do
  curl -s "http://127.0.0.1:$admin/metrics" | awk -v admin=$admin '
    /^kafka_proxy_responses_rewritten_total/ { rewritten += $2 }
    /^kafka_proxy_responses_leaked_total/ { leaked += $2 }
    /^kafka_proxy_connections_total/ { connections = $2 }
    END { printf "admin %d: %d connections, %d responses rewritten, %d addresses leaked\n", admin, connections, rewritten, leaked; exit leaked > 0 }'
done

say "Stopping: every proxy drains and exits 0"
for pid in "${started[@]:1}"; do kill "$pid"; done
for pid in "${started[@]:1}"; do wait "$pid" || fail "a proxy ended with $?"; done
started=("${started[0]}")
good "done in $SECONDS s"
