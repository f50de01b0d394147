"""The documents are true: every YAML loads, every command runs, every metric exists, every link leads somewhere."""

import os
import re
import shlex
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from waiting import until  # noqa: E402

BINARY = Path(os.environ.get("KP_BIN", ROOT / "build" / "bin" / "kafkaproxy")).resolve()
OPERATOR = BINARY.with_name("kafkaproxy-operator")
ON_A_CLUSTER = ("kubectl", "helm")  # tests/operator/test_documents.py runs these
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/ARCHITECTURE.md")])


def blocks(language):
    for page in PAGES:
        for number, body in enumerate(re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M), 1):
            yield pytest.param(body, id=f"{page.relative_to(ROOT)}-{number}")


def commands():
    for block in blocks("sh"):
        for line in block.values[0].splitlines():
            if not line.startswith(ON_A_CLUSTER):
                yield pytest.param(shlex.split(line, comments=True), id=line.split("#")[0].strip())


def run(*arguments, **more):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, **more)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("yaml", list(blocks("yaml")))
def test_yaml_in_documents_is_valid(yaml, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(yaml)
    if "kind: KafkaProxy" in yaml:
        done = subprocess.run([OPERATOR, "render", "-f", file], capture_output=True, text=True, timeout=60)
    else:
        done = run("check", "--config", file)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", sorted((ROOT / "deploy" / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_examples_are_valid(example):
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example.read_text()), "given")
    done = run("check", "--config", example, env={**os.environ, **secrets})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", list(commands()))
def test_commands_in_documents_run(command):
    if command[0] == "make":  # `make test` is what runs this; `make demo` is test_demo's script behind its two steps
        done = subprocess.run(["make", "--dry-run", command[1]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return
    if command[0] == "build/bin/kafkaproxy-operator":
        done = subprocess.run([OPERATOR, *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return
    assert command[0] == "build/bin/kafkaproxy"
    if command[1] != "run":
        done = run(*command[1:], cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return
    child = subprocess.Popen([BINARY, *command[1:], "--admin-address", f"127.0.0.1:{free_port()}"], cwd=ROOT,
                             stderr=subprocess.PIPE)
    try:
        port = int(command[-1].rsplit(":", 1)[1])
        until("the listener answers", lambda: socket.create_connection(("127.0.0.1", port), 1).close() is None)
    finally:
        child.terminate()
        assert child.wait(30) == 0


@pytest.mark.parametrize("script", list(blocks("bash")))
def test_scripts_in_documents_run_on_the_demo_cluster(script, tmp_path):
    up = [sys.executable, ROOT / "tests/support/kafka_cluster.py", "up", "--no-netns"]
    up += ["--brokers", "1", "--topic", "orders"]
    with open(tmp_path / "cluster.log", "w") as log:
        cluster = subprocess.Popen([*up, "--directory", tmp_path / "cluster"], stdout=log, stderr=log)
    try:
        until("the cluster is up", lambda: "READY" in (tmp_path / "cluster.log").read_text(), 90)
        (tmp_path / "build" / "bin").mkdir(parents=True)
        (tmp_path / "build" / "bin" / "kafkaproxy").symlink_to(BINARY)
        done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        wanted = {"1 brokers:"} if " -L" in script else {"one", "two", "three", "four"}
        assert wanted <= {line.strip() for line in done.stdout.splitlines()}
    finally:
        cluster.terminate()
        cluster.wait(60)


def test_a_change_is_predicted_as_the_document_says(tmp_path):
    page = (ROOT / "docs" / "reload.md").read_text()
    config = re.search(r"^```yaml\n(.*?)^```", page, re.S | re.M)[1]
    said = re.search(r"^```text\n\$ kafkaproxy (.*?)\n(.*?)^```", page, re.S | re.M)
    admin = free_port()
    file = tmp_path / "config.yaml"
    file.write_text(config.replace("9404", str(admin)))
    child = subprocess.Popen([BINARY, "run", "--config", file], stderr=subprocess.DEVNULL)
    try:
        until("the admin page", lambda: urllib.request.urlopen(f"http://127.0.0.1:{admin}/config").read())
        changed = tmp_path / "changed" / "config.yaml"
        changed.parent.mkdir()
        changed.write_text(file.read_text().replace("base: 19092", "base: 19192").replace("10m", "5m"))
        command = shlex.split(said[1].replace("9404", str(admin)))
        done = run(*command, cwd=changed.parent)
    finally:
        child.terminate()
        child.wait(30)
    assert done.returncode == 0, done.stderr
    assert done.stdout == said[2]


def test_links_lead_somewhere():
    missing = [f"{page.name}: {link}" for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
               if not (page.parent / link).exists()]
    assert missing == []


def test_metrics_page_and_document_name_the_same_metrics(tmp_path):
    admin = free_port()
    (tmp_path / "config.yaml").write_text(f"""
bind_address: 127.0.0.1
upstream: {{bootstrap_servers: ["127.0.0.1:1"], security_protocol: PLAINTEXT}}
downstream: {{security_protocol: PLAINTEXT}}
broker_mapping: {{mode: port_offset, port_offset: {{hostname: localhost, base: {free_port()}, max_broker_id: 0}}}}
http_produce: {{http: {{port: {free_port()}}}, wal: {{directory: "{tmp_path}/wal"}}}}
admin: {{address: "127.0.0.1:{admin}"}}
""")
    child = subprocess.Popen([BINARY, "run", "--config", tmp_path / "config.yaml"], stderr=subprocess.DEVNULL)
    try:
        def asked():
            page = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics").read()
            return b"_http_" in page and page  # the page is there before the HTTP service is

        page = until("the metrics of HTTP", asked)
    finally:
        child.terminate()
        child.wait(30)
    served = set(re.findall(r"^# HELP (\S+)", page.decode(), re.M))
    rows = [row.split("|")[1] for row in (ROOT / "docs" / "metrics.md").read_text().splitlines() if row.startswith("| `")]
    assert served == set(re.findall(r"`([a-z_]+)`", " ".join(rows)))


def test_demo():
    done = subprocess.run(["scripts/demo.sh"], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "✓ done in" in done.stdout
