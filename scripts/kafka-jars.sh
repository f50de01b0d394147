#!/usr/bin/env bash
# Brings the Kafka of the tests into build/kafka (or the folder given): libs/ (all runtime jars and our programs),
# messages/ (Kafka's own message definitions), vectors.jsonl (messages as Kafka's classes write them), storage/ (a
# freshly formatted KRaft data folder that every test broker starts from) and *.jsa (class data archives). Does nothing
# when all is up to date.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${1:-$root/build/kafka}")
java_dir=$root/tests/java
mkdir -p "$out"

# Two callers at once: the second waits, then finds everything done.
exec 9>"$out/.lock"
flock 9

sources=(tests/java/pom.xml tests/java/src scripts/kafka-jars.sh)
wanted=$(cd "$root" && find "${sources[@]}" -type f | sort | xargs sha256sum | sha256sum)
if [[ -f $out/.stamp && $(<"$out/.stamp") == "$wanted" ]]; then exit 0; fi
rm -f "$out/.stamp"

for tool in mvn javac; do
  command -v "$tool" >/dev/null || { echo "kafka-jars: $tool is missing (maven, openjdk-17-jdk-headless)" >&2; exit 1; }
done

echo "kafka-jars: Kafka and our Java programs into $out" >&2
rm -rf "$out/libs" "$out/messages" "$out/storage"
# The goals by name rather than a phase: nothing else that a phase would bring along is downloaded.
goals=(resources:resources compiler:compile jar:jar dependency:copy-dependencies)
mvn -B -q -f "$java_dir/pom.xml" -DbuildDirectory="$out/target" -DoutputDirectory="$out/libs" \
  -DincludeScope=runtime "${goals[@]}" >"$out/mvn.log" 2>&1 || { cat "$out/mvn.log" >&2; exit 1; }
cp "$out"/target/kafkaproxy-tests-1.jar "$out/libs/"

mkdir -p "$out/messages"
(cd "$out/target" && rm -rf common && jar xf "$out"/libs/kafka-clients-*.jar common/message)
cp "$out"/target/common/message/*.json "$out/messages/"

java=(java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$out/libs/*")
"${java[@]}" dev.kafkaproxy.tests.CodecVectors "$out/vectors.new"
mv "$out/vectors.new" "$out/vectors.jsonl"

# The brokers of a test cluster differ only in node id and directory id, so one formatted folder serves them all.
cat >"$out/format.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:1
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://localhost:2,CONTROLLER://localhost:1
log.dirs=$out/storage
PROPERTIES
format=(kafka.tools.StorageTool format -t kafkaproxy-tests-00000A -c "$out/format.properties")
"${java[@]}" "${format[@]}" >"$out/format.log" 2>&1 || { cat "$out/format.log" >&2; exit 1; }

# Every JVM of the tests starts about a second sooner with its classes archived; without archives all works as well.
rm -f "$out"/*.jsa
KP_KAFKA_HOME=$out python3 "$root/tests/support/kafka_cluster.py" archive >"$out/archive.log" 2>&1 ||
  echo "kafka-jars: no class data archives, see $out/archive.log" >&2

echo "$wanted" >"$out/.stamp"
