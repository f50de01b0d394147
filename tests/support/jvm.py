"""How the harness starts Java: our own programs, Kafka's tools and the brokers, all from build/kafka/libs."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KAFKA = Path(os.environ.get("KP_KAFKA_HOME", ROOT / "build" / "kafka"))

# One core's worth of compiler and collector: on a small machine start-up time is what counts.
_THRIFTY = [
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-Xshare:auto",
    "-Xlog:cds=off",
    "-Xlog:cds+dynamic=off",
]


def prepare():
    """Downloads and builds what is missing."""
    subprocess.run([ROOT / "scripts" / "kafka-jars.sh", KAFKA], check=True)


def home():
    """Where the `java` of PATH is at home."""
    return Path(shutil.which("java")).resolve().parents[1]


def command(main_class, *arguments, heap="256m", archive="client", record=False, properties=(), hosts_file=None):
    """The argv that runs `main_class`. `hosts_file` replaces name look-up (where there are no namespaces).

    `archive` names a class data archive beside the jars, which halves the time to start; a missing one only costs that.
    With `record` it is written when the program ends.
    """
    argv = ["java", f"-Xmx{heap}", "-Xss512k", *_THRIFTY]
    file = KAFKA / f"{archive}.jsa"
    if record:
        argv.append(f"-XX:ArchiveClassesAtExit={file}")
    elif file.exists():
        argv.append(f"-XX:SharedArchiveFile={file}")
    if hosts_file is not None:
        argv.append(f"-Djdk.net.hosts.file={hosts_file}")
    argv += [f"-D{name}={value}" for name, value in properties]
    return argv + ["-cp", f"{KAFKA}/libs/*", main_class, *map(str, arguments)]
