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
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/ARCHITECTURE.md")])


def blocks(language):
    for page in PAGES:
        for number, body in enumerate(re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M), 1):
            yield pytest.param(body, id=f"{page.relative_to(ROOT)}-{number}")


def commands():
    for block in blocks("sh"):
        for line in block.values[0].splitlines():
            yield pytest.param(shlex.split(line, comments=True), id=line.split("#")[0].strip())


def run(*arguments, **more):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, **more)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("yaml", list(blocks("yaml")))
def test_yaml_in_documents_is_valid(yaml, tmp_path):
    (tmp_path / "config.yaml").write_text(yaml)
    done = run("check", "--config", tmp_path / "config.yaml")
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
    up = [sys.executable, ROOT / "tests/support/kafka_cluster.py", "up", "--brokers", "1", "--no-netns"]
    with open(tmp_path / "cluster.log", "w") as log:
        cluster = subprocess.Popen([*up, "--directory", tmp_path / "cluster"], stdout=log, stderr=log)
    try:
        until("the cluster is up", lambda: "READY" in (tmp_path / "cluster.log").read_text(), 90)
        (tmp_path / "build" / "bin").mkdir(parents=True)
        (tmp_path / "build" / "bin" / "kafkaproxy").symlink_to(BINARY)
        done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 brokers:" in done.stdout
    finally:
        cluster.terminate()
        cluster.wait(60)


def test_links_lead_somewhere():
    missing = [f"{page.name}: {link}" for page in PAGES for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
               if not (page.parent / link).exists()]
    assert missing == []


def test_metrics_page_and_document_name_the_same_metrics():
    admin = free_port()
    child = subprocess.Popen([BINARY, "run", "--bootstrap-server-mapping", f"127.0.0.1:1,127.0.0.1:{free_port()}",
                              "--admin-address", f"127.0.0.1:{admin}"], stderr=subprocess.DEVNULL)
    try:
        page = until("the metrics page", lambda: urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics").read())
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
