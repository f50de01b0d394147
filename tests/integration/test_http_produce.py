"""HTTP requests become Kafka records: the seed's interface, and what goes beyond it."""

import base64
import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest

import http_gateway
import kafka_wire
import netns
from conftest import RUN
from http_gateway import JSON, PORT, Gateway, configuration, gzipped, keys, payloads, records, tls_context
from login import secret
from proxy import ROOT, Mode
from waiting import until

OK = {"status": "ok", "errors": []}
NDJSON = {"Content-Type": "application/x-ndjson"}
IDLE = int(os.environ.get("KP_HTTP_IDLE", "1000"))


@pytest.fixture(scope="module")
def shared(module_stage):
    """One gateway for all that changes nothing about it."""
    with module_stage("http") as stage:
        limits = {"max_connections": 20000, "max_body_bytes": "256KiB"}
        rules = [{"topic_name": "limited", "max_requests_per_minute": 3}]
        # Not the default 2 s: on a busy machine a broker may take longer.
        kafka = {"message_timeout_ms": 60000, "statistics_interval_ms": 500}
        config = configuration(stage.cluster, limits, kafka, ratelimit={"enabled": True, "rules": rules})
        gateway = Gateway("http", config, RUN / "http", stage.network)
        stage._running.append(gateway)
        for topic in ("orders", "limited"):
            stage.cluster.create_topic(topic)
        gateway.start()
        yield gateway


@pytest.fixture
def client(shared):
    made = shared.client()
    yield made
    made.close()


@pytest.fixture
def topic(cluster, request):
    return cluster.create_topic("http-" + re.sub("[^a-z0-9]+", "-", request.node.name)[:70])


@pytest.fixture
def start(stage, shared):
    """Starts one more gateway, at other ports."""

    def started(port=PORT + 1, wait=True, **parts):
        config = configuration(stage.cluster, **parts)
        config["http_produce"]["http"]["port"] = port
        config["admin"]["address"] = "127.0.0.1:9414"
        made = Gateway("http-2", config, stage.directory / "http-2", stage.network)
        stage._running.append(made)
        return made.start() if wait else made.launch()

    return started


# The seed's requests


def test_an_asynchronous_record_is_answered_ok_and_arrives(client, cluster, topic):
    answer = client.push([{"topic": topic, "data": '{"a": "b"}', "key": "k", "partition": 1}])
    assert (answer.status, answer.json()) == (200, OK)
    found = until("the record is there", lambda: records(cluster, topic), 10)
    assert [(r["payload"], r["key"], r["partition"]) for r in found] == [('{"a": "b"}', "k", 1)]


def test_synchronous_records_are_there_when_the_answer_is(client, cluster, topic):
    answer = client.push([{"topic": topic, "data": str(n), "partition": 0} for n in range(100)], wait=True)
    assert (answer.status, answer.json()) == (200, OK)
    assert payloads(cluster, topic) == [str(n) for n in range(100)]


@pytest.mark.parametrize("wait", ["false", "true"])
def test_the_seed_s_requests_by_curl(shared, cluster, topic, wait):
    data = json.dumps({"records": [{"topic": topic, "data": '{"a": "b"}'}]})[:-1] + f', "wait_for_send": {wait}}}'
    url = f"http://{netns.PROXY_CLIENT_SIDE}:{PORT}/push"
    argv = ["curl", "-sS", "-w", " %{http_code}", url, "-H", "Content-Type: application/json", "-d", data]
    done = subprocess.run(shared.network.client.command(argv), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == '{"status":"ok","errors":[]} 200'
    assert until("the record is there", lambda: payloads(cluster, topic), 30) == ['{"a": "b"}']


def test_no_records_are_ok(client):
    assert client.push([]).json() == OK


def test_a_failed_record_is_named_in_its_place(client, topic):
    answer = client.push([{"topic": topic, "data": "x"}, {"topic": topic, "data": "y", "partition": 99}], wait=True)
    assert answer.status == 500
    assert answer.json() == {
        "status": "err",
        "errors": [{"error": False, "message": None}, {"error": True, "message": "Local: Unknown partition"}],
    }


def test_a_record_that_kafka_refuses_fails_alone(client, cluster):
    # Given more bytes than the topic takes at once, in records of which it takes each but one
    topic = cluster.create_topic("http-small", 1, configs={"max.message.bytes": 20000})
    small = [{"topic": topic, "data": f"{n}" + "x" * 5000} for n in range(10)]
    # When they are sent together
    answer = client.push([*small, {"topic": topic, "data": "x" * 30000}], wait=True)
    # Then that one alone is refused
    assert answer.status == 500
    assert [entry["error"] for entry in answer.json()["errors"]] == [False] * 10 + [True]
    assert "too large" in answer.json()["errors"][10]["message"]
    assert sorted(payloads(cluster, topic)) == [record["data"] for record in small]


def test_a_record_without_a_key_fails_alone_where_keys_are_needed(client, cluster):
    topic = cluster.create_topic("http-compacted", 1, configs={"cleanup.policy": "compact"})
    with_key = [{"topic": topic, "data": f"{n}", "key": f"{n}"} for n in range(5)]
    answer = client.push([*with_key, {"topic": topic, "data": "none"}], wait=True)
    assert [entry["error"] for entry in answer.json()["errors"]] == [False] * 5 + [True], answer.body
    assert sorted(payloads(cluster, topic)) == [record["data"] for record in with_key]


def test_a_topic_that_does_not_exist_is_told_within_the_timeout(client):
    answer = client.push([{"topic": "nowhere", "data": "x"}], wait=True)
    assert answer.status == 500 and answer.json()["errors"][0]["error"] is True


# Refusals

BOMB = gzipped(" " * (9 << 20))
WRONG = [
    pytest.param("POST", "/push", b"{", JSON, 400, "ends too early", id="half-json"),
    pytest.param("POST", "/push", b'{"records":[{"topic":"a","data":x}]}', JSON, 400, "no JSON", id="bad-json"),
    pytest.param("POST", "/push", b'{"records":[{"topic":"a","data":"\xff"}]}', JSON, 400, "JSON", id="not-utf8"),
    pytest.param("POST", "/push", b"[" * 5000 + b"]" * 5000, JSON, 400, "nested deeper", id="deep-json"),
    pytest.param("POST", "/push", b"[]", JSON, 400, "must be an object", id="no-object"),
    pytest.param("POST", "/push", b"{}", JSON, 400, "records: is missing", id="no-records"),
    pytest.param("POST", "/push", b'{"records":[{"data":"x"}]}', JSON, 400, "records[0].topic", id="no-topic"),
    pytest.param("POST", "/push", b'{"records":[{"topic":"a b","data":""}]}', JSON, 400, "topic", id="bad-topic"),
    pytest.param("POST", "/push", b'{"records":[{"topic":"a"}]}', JSON, 400, "data: is missing", id="no-data"),
    pytest.param("POST", "/push", b"x", {"Content-Type": "text/plain"}, 415, "application/json", id="other-type"),
    pytest.param("POST", "/push", b"x", {**JSON, "Content-Encoding": "br"}, 415, "gzip or zstd", id="other-coding"),
    pytest.param("POST", "/push", b"x", {**JSON, "Content-Encoding": "gzip"}, 400, "no gzip", id="no-gzip"),
    pytest.param("POST", "/push?wait=maybe", b'{"records":[]}', JSON, 400, "wait", id="bad-query"),
    pytest.param("POST", "/push", b" " * (300 << 10) + b"{}", JSON, 413, "larger", id="large"),
    pytest.param("POST", "/push", BOMB, {**JSON, "Content-Encoding": "gzip"}, 413, "unpacked", id="bomb"),
    pytest.param("GET", "/push", None, {}, 405, "POST", id="get"),
    pytest.param("POST", "/elsewhere", b"", {}, 404, "no such path", id="elsewhere"),
    pytest.param("GET", "/readyz", None, {"X-Long": "x" * 20000}, 431, "header", id="long-header"),
]


@pytest.mark.parametrize("method, path, body, headers, status, said", WRONG)
def test_a_wrong_request_is_refused_with_the_reason(client, method, path, body, headers, status, said):
    answer = client.ask(method, path, body, headers)
    assert answer.status == status, answer.body
    assert answer.json()["status"] == "err" and said in answer.json()["errors"][0]["message"]


def test_bad_json_is_told_with_its_position(client):
    body = b'{"records":[{"topic":"a","data":"x"},]}'
    (error,) = client.ask("POST", "/push", body, JSON).json()["errors"]
    assert error["position"] == body.index(b",]") + 1


def test_above_the_rate_limit_nothing_is_sent_and_the_answer_says_when(client, cluster):
    two = [{"topic": "limited", "data": "x"}] * 2
    assert client.push(two, wait=True).status == 200
    refused = client.push(two, wait=True)
    assert refused.status == 429 and 1 <= int(refused.headers["retry-after"]) <= 60
    assert [entry["message"] for entry in refused.json()["errors"]] == ["ratelimit"] * 2
    assert client.push(two[:1], wait=True).status == 200
    assert len(payloads(cluster, "limited")) == 3


def test_a_full_queue_is_answered_503_and_readiness_says_why(start, stage):
    kafka = {"queue_buffering_max_messages": 10, "message_timeout_ms": 60000}
    gateway = start(wait=False, kafka=kafka, brokers=["127.0.0.1:1"])
    until("it listens", lambda: gateway.client(port=PORT + 1).ask("GET", "/healthz").status == 200, 10)
    with contextlib.closing(gateway.client(port=PORT + 1)) as client:
        for _ in range(10):
            assert client.push([{"topic": "t", "data": "x"}]).status == 200
        refused = client.push([{"topic": "t", "data": "x"}])
        assert refused.status == 503 and "full" in refused.json()["errors"][0]["message"]
        assert refused.headers["retry-after"] == "1"
        assert client.push([{"topic": "t", "data": "x"}] * 11).status == 413
        ready = until("it has asked", lambda: (a := client.ask("GET", "/readyz")).status == 503 and a, 10)
        assert ready.json()["errors"][0]["message"]
        assert gateway.admin("/readyz")[0] == 503
    stage.forget(gateway)
    gateway.child.kill()  # nothing of it can be sent


# Beyond the seed


def test_headers_base64_timestamps_and_tombstones_arrive(client, cluster, topic):
    bytes_ = base64.b64encode(b"\x01text").decode()
    answer = client.push(
        [
            {"topic": topic, "partition": 0, "data": "x", "headers": {"h": "1", "n": None}, "timestamp": 1234567890123},
            {"topic": topic, "partition": 0, "data": bytes_, "encoding": "base64"},
            {"topic": topic, "partition": 0, "data": None, "key": "gone"},
        ],
        wait=True,
        query="?results=true",
    )
    assert answer.json()["results"] == [{"partition": 0, "offset": n} for n in range(3)]
    first, second, third = records(cluster, topic)
    assert first["headers"][:2] == ["h", "1"] and first["ts"] == 1234567890123
    assert second["payload"] == "\x01text"
    assert third["payload"] is None and third["key"] == "gone"


def test_a_raw_body_is_one_record(client, cluster, topic):
    headers = {"Kafka-Key": "k", "Kafka-Partition": "2", "Kafka-Timestamp": "1234567890123", "Kafka-Header-Trace": "t"}
    answer = client.ask("POST", f"/topics/{topic}/records", b"as it is", headers)
    assert answer.json() == {**OK, "results": [{"partition": 2, "offset": 0}]}
    (record,) = records(cluster, topic)
    assert (record["payload"], record["key"], record["partition"], record["ts"]) == ("as it is", "k", 2, 1234567890123)
    assert record["headers"] == ["Trace", "t"]


def packed(coding, text):
    return {
        "identity": lambda: text.encode(),
        "gzip": lambda: gzipped(text),
        "zstd": lambda: subprocess.run(["zstd", "-q"], input=text.encode(), capture_output=True, check=True).stdout,
    }[coding]()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_may_be_packed(client, cluster, topic, coding):
    body = json.dumps({"records": [{"topic": topic, "data": "x" * 100_000}], "wait_for_send": True})
    answer = client.ask("POST", "/push", packed(coding, body), {**JSON, "Content-Encoding": coding})
    assert (answer.status, answer.json()) == (200, OK)
    assert payloads(cluster, topic) == ["x" * 100_000]


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_lines_are_records_in_every_coding(client, cluster, topic, coding):
    text = "".join(json.dumps({"data": f"{coding}-{n}", "partition": 1}) + "\n" for n in range(50))
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": coding}
    answer = client.ask("POST", f"/topics/{topic}/records", packed(coding, text), headers)
    assert answer.status == 200, answer.body
    assert [one for one in payloads(cluster, topic) if one.startswith(coding)] == [f"{coding}-{n}" for n in range(50)]


def test_a_bad_line_is_told_with_what_was_sent_before_it(client, cluster, topic):
    body = b'{"data":"1"}\n{"data":\n{"data":"3"}\n'
    answer = client.ask("POST", f"/topics/{topic}/records", body, NDJSON)
    (error,) = answer.json()["errors"]
    assert answer.status == 400 and (error["line"], answer.json()["lines"]) == (2, 1)
    assert payloads(cluster, topic) == ["1"]


def test_with_a_key_a_bad_line_is_told_and_none_is_sent(client, cluster, topic):
    body = b'{"data":"1"}\n{"data":\n'
    answer = client.ask("POST", f"/topics/{topic}/records", body, {**NDJSON, "Idempotency-Key": "bad-line"})
    assert answer.status == 400 and answer.json()["errors"][0]["line"] == 2
    assert payloads(cluster, topic) == []


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_stream_of_any_length_takes_little_memory(stage, cluster, topic, coding):
    # Given 100 MB of lines, where a body may have 256 KiB
    count, filler, pack = 200_000, "x" * 480, zlib.compressobj(1, wbits=31)
    config = configuration(cluster, {"port": PORT + 1, "max_body_bytes": "256KiB"}, {"message_timeout_ms": 60000})
    config["admin"]["address"] = "127.0.0.1:9414"
    environment = {"ASAN_OPTIONS": "exitcode=99:quarantine_size_mb=1"}
    gateway = Gateway("http-2", config, stage.directory / "http-2", stage.network, environment)
    stage._running.append(gateway)
    gateway.start()
    resident = []

    def body():
        for start in range(0, count, 1000):
            lines = (f'{{"key":"{n}","data":"{n} {filler}"}}\n' for n in range(start, start + 1000))
            piece = "".join(lines).encode()
            if start % 20_000 == 0:
                resident.append(gateway.metric("process_resident_memory_bytes"))
            if piece := pack.compress(piece) if coding == "gzip" else piece:
                yield piece
        if coding == "gzip":
            yield pack.flush()

    # When they come in one request
    with contextlib.closing(gateway.client(port=PORT + 1, seconds=120)) as client:
        client.request("POST", f"/topics/{topic}/records", body(), {**NDJSON, "Content-Encoding": coding})
        answer = http_gateway.Answer(client.getresponse())
    # Then each is there once, and few were held at a time
    assert (answer.status, answer.json()) == (200, {**OK, "lines": count, "failed": 0})
    assert sorted(map(int, keys(cluster, topic))) == list(range(count))
    assert max(resident) - resident[0] < 48 << 20, resident


def test_a_repeated_request_is_sent_once(client, cluster, topic):
    headers = {"Idempotency-Key": "one"}
    answers = [client.push([{"topic": topic, "data": "x"}], True, "?results=true", headers) for _ in range(2)]
    assert answers[0].body == answers[1].body and answers[1].headers["idempotent-replayed"] == "true"
    assert client.push([{"topic": topic, "data": "y"}], True, "?results=true", headers).status == 422
    assert payloads(cluster, topic) == ["x"]


def test_a_request_whose_outcome_is_not_known_is_not_sent_again(start, cluster, healed):
    # Given a leader that says nothing
    topic = cluster.create_topic("http-silent", 1, replicas=1)
    leader = cluster.brokers[cluster.metadata([topic]).topics[topic][0].leader].child
    gateway = start(http={"request_timeout": "2s"}, kafka={"message_timeout_ms": 120000})
    with contextlib.closing(gateway.client(port=PORT + 1)) as client:

        def push(data, **headers):
            return client.push([{"topic": topic, "data": data}], wait=True, headers=headers)

        until("the producer is there", lambda: push("before").status == 200, 60)
        already = payloads(cluster, topic)
        leader.signal(signal.SIGSTOP)
        try:
            # When a request with a key is not answered in time, and repeated
            first, second = push("x", **{"Idempotency-Key": "k"}), push("x", **{"Idempotency-Key": "k"})
        finally:
            leader.signal(signal.SIGCONT)
        # Then it is not sent again, and answered when Kafka has answered
        assert first.status == 504 and second.status == 409, (first.body, second.body)
        third = until("it is known", lambda: (a := push("x", **{"Idempotency-Key": "k"})).status == 200 and a, 60)
        assert third.headers["idempotent-replayed"] == "true"
    assert payloads(cluster, topic) == [*already, "x"]


def test_pipelined_requests_are_answered_in_order(shared, topic):
    body = json.dumps({"records": [{"topic": topic, "data": "x"}]}).encode()
    push = b"POST /push HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with shared.raw() as sock:
        sock.sendall((push + body + b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n") * 3)
        said = b""
        while said.count(b"HTTP/1.1 ") < 6:
            said += sock.recv(65536)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"404"] * 3


def test_curl_s_expectation_of_a_continue_is_met(shared, topic):
    with shared.raw() as sock:
        sock.sendall(
            b"POST /topics/%s/records HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
            % topic.encode()
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(b"abc")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")


# Hostile clients


@pytest.mark.parametrize("coding", [b"chunked, identity", b"gzip", b"gzip, chunked", b"xchunked"])
def test_a_transfer_coding_that_is_not_chunked_ends_the_connection(shared, coding):
    hidden = b"GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n"
    with shared.raw() as sock:
        sock.sendall(b"POST /push HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + coding + b"\r\n\r\n" + hidden)
        said = b""
        while piece := sock.recv(65536):
            said += piece
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"501"]


def test_half_a_request_is_answered_408_and_who_is_silent_or_trickles_is_closed(start):
    gateway = start(http={"request_timeout": "1s", "idle_timeout": "1s"})
    with gateway.raw(PORT + 1) as half, gateway.raw(PORT + 1) as silent, gateway.raw(PORT + 1) as trickle:
        half.sendall(b"POST /push HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < began + 20:
                trickle.sendall(b"P")
                trickle.settimeout(0.1)
                with contextlib.suppress(TimeoutError):
                    if trickle.recv(1000) == b"":
                        raise ConnectionResetError
        assert time.monotonic() < began + 15
        assert half.recv(1000).startswith(b"HTTP/1.1 408")
        assert kafka_wire.closed(half)
        assert kafka_wire.closed(silent)


def test_a_gibibyte_is_refused_before_it_is_sent(shared):
    with shared.raw() as sock:
        sock.sendall(b"POST /push HTTP/1.1\r\nHost: h\r\nContent-Length: 1073741824\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 413")


def test_idle_connections_cost_little_and_others_are_served(shared, client):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    before = shared.metric("process_resident_memory_bytes")
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(shared.raw())
        until("all are open", lambda: shared.metric("kafka_proxy_http_connections_open") >= IDLE, 10)
        assert client.push([]).status == 200
        # ASan's own share of each is large.
        assert shared.metric("process_resident_memory_bytes") - before < IDLE * 64 * 1024 + (64 << 20)


# Who may


def test_clients_are_known_by_password_and_token(start, stage):
    certs = stage.cluster.certs
    tls = {"cert": str(certs.proxy), "key": str(certs.proxy_key)}
    token, password = secret("http-token"), secret("http-password")
    http = {"tls": tls, "authentication": ["basic", "bearer"], "bearer_tokens": [f"carol={token}"]}
    config = configuration(stage.cluster, http)
    config["http_produce"]["http"]["port"] = PORT + 2
    config["admin"]["address"] = "127.0.0.1:9424"
    config["auth_swap"] = {"enabled": True, "downstream_credentials": [f"alice={password}"]}
    gateway = Gateway("http-3", config, stage.directory / "http-3", stage.network)
    stage._running.append(gateway)
    gateway.start()
    with contextlib.closing(gateway.client(port=PORT + 2, tls=tls_context(certs))) as client:
        basic = "Basic " + base64.b64encode(f"alice:{password}".encode()).decode()
        wrong = "Basic " + base64.b64encode(b"alice:wonder").decode()
        assert client.push([], headers={"Authorization": basic}).status == 200
        assert client.push([], headers={"Authorization": f"Bearer {token}"}).status == 200
        assert client.push([], headers={"Authorization": "Bearer other"}).status == 401
        refused = client.push([], headers={"Authorization": wrong})
        assert refused.status == 401 and "Basic" in refused.headers["www-authenticate"]
        assert client.push([]).status == 401
        assert client.ask("GET", "/openapi.json").json()["components"]["securitySchemes"].keys() == {"basic", "bearer"}
    for word in (password, token):
        assert word not in gateway.log and word not in gateway.admin("/config")[2]


def mapped(stage, users, mapping, **http):
    """A proxy with HTTP beside it, whose clients become users of the brokers."""
    cluster = stage.cluster
    return stage.proxy(
        Mode("port_offset", False, True, base=9700),
        "mapped",
        upstream={
            "bootstrap_servers": cluster.bootstrap("SASL_SSL"),
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN",
        },
        downstream={"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"},
        auth_swap={
            "enabled": True,
            "downstream_credentials": [f"{name}={password}" for name, password in users.items()],
            "upstream_credentials": [f"{name}={password}" for name, password in cluster.users.items()],
            "mapping": mapping,
        },
        http_produce={"http": {"port": PORT + 7, **http}, "kafka": {"message_timeout_ms": 30000}},
        admin={"address": "127.0.0.1:9454"},
    )


def test_records_go_to_the_brokers_as_whom_the_client_is_mapped_to(stage, cluster):
    # Given a topic that is one user's, and two clients of which one is mapped to that user
    topic = cluster.create_topic("http-mapped", only_for="User:svc")
    users = {name: secret(f"http-{name}") for name in ("alice", "bob")}
    proxy = mapped(stage, users, ["alice=svc", "bob=svc2"], authentication=["basic"])
    # When both push
    with contextlib.closing(http_gateway.Client(stage.network, PORT + 7)) as client:

        def push(name):
            login = "Basic " + base64.b64encode(f"{name}:{users[name]}".encode()).decode()
            return client.push([{"topic": topic, "data": name}], True, headers={"Authorization": login})

        alice, bob = push("alice"), push("bob")
    # Then the brokers know them apart
    assert alice.status == 200, alice.body
    assert bob.status == 500 and "authorization" in bob.json()["errors"][0]["message"].lower()
    assert payloads(cluster, topic) == ["alice"]
    assert not any(password in proxy.log for password in users.values())


def test_a_certificate_says_as_whom_records_go_to_the_brokers(stage, cluster):
    certs = cluster.certs
    topic = cluster.create_topic("http-certificates", only_for="User:svc")
    tls = {"cert": str(certs.proxy), "key": str(certs.proxy_key), "ca_certs": str(certs.ca)}
    tls |= {"mtls_enabled": True, "client_auth": "optional"}
    mapped(stage, {"alice": secret("http-alice")}, ["client1=svc", "client2=svc2"], tls=tls)

    def push(cert=None, key=None):
        context = tls_context(certs, cert, key)
        with contextlib.closing(http_gateway.Client(stage.network, PORT + 7, tls=context)) as client:
            return client.push([{"topic": topic, "data": "x"}], True)

    allowed, other, nobody = push(certs.client1, certs.client1_key), push(certs.client2, certs.client2_key), push()
    assert allowed.status == 200, allowed.body
    assert other.status == 500 and "authorization" in other.json()["errors"][0]["message"].lower()
    assert nobody.status == 403 and "mapped to nobody" in nobody.json()["errors"][0]["message"]
    assert payloads(cluster, topic) == ["x"]


def test_a_producer_of_its_own_speaks_tls_and_logs_in(start, stage, cluster, topic):
    kafka = {
        "brokers": cluster.bootstrap("SASL_SSL"),
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "user": "svc",
        "password": cluster.users["svc"],
        "compression": "zstd",
        "tls": {"ca_certs": str(cluster.certs.ca)},
    }
    gateway = start(kafka=kafka)
    with contextlib.closing(gateway.client(port=PORT + 1)) as client:
        assert client.push([{"topic": topic, "data": "x"}], wait=True).status == 200
    assert cluster.users["svc"] not in gateway.log + gateway.admin("/config")[2]


# Life


def test_sigterm_sends_what_was_accepted(start, stage, cluster, topic):
    gateway = start(kafka={"queue_buffering_max_ms": 3000, "message_timeout_ms": 20000})
    with contextlib.closing(gateway.client(port=PORT + 1)) as client:
        for n in range(200):
            assert client.push([{"topic": topic, "data": str(n), "partition": 0}]).status == 200
    stage.end(gateway)
    assert payloads(cluster, topic) == [str(n) for n in range(200)]


def test_a_reload_swaps_port_and_producer_and_loses_nothing(shared, cluster, topic):
    # Given a client that goes on asking
    path = shared.directory / "config.yaml"
    before = path.read_text()
    accepted, over = [], threading.Event()

    def ask():
        with contextlib.closing(shared.client()) as client:
            for n in range(100000):
                if over.is_set():
                    return
                if client.push([{"topic": topic, "data": str(n)}]).status == 200:
                    accepted.append(str(n))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        until("it asks", lambda: len(accepted) > 50, 10)
        # When the producer becomes another one, and the port another one
        config = json.loads(before.split("\n", 1)[1])
        config["http_produce"]["kafka"]["queue_buffering_max_ms"] = 20
        config["http_produce"]["http"]["port"] = PORT + 3
        path.write_text("# generation: 2\n" + json.dumps(config))
        until("it is in force", lambda: json.loads(shared.admin("/config")[2])["generation"] == "2", 10)
        with contextlib.closing(shared.client(port=PORT + 3)) as other:
            new = [{"topic": topic, "data": "new port"}]
            until("the new port serves", lambda: other.push(new, wait=True).status == 200, 10)
        # Then the old port is closed, and the connection of before goes on
        with pytest.raises(ConnectionRefusedError):
            shared.raw()
        some = len(accepted)
        until("it goes on", lambda: len(accepted) > some + 50, 10)
    finally:
        over.set()
        thread.join()
        path.write_text(before)
        until("it is as before", lambda: json.loads(shared.admin("/config")[2])["generation"] == "1", 10)
    until("all is there", lambda: set(accepted) <= set(payloads(cluster, topic)), 10, every=0.3)


def test_the_metrics_tell_of_requests_and_records(shared, client):
    client.push([{"topic": "orders", "data": "x"}], wait=True)
    assert shared.metric("kafka_proxy_http_request_duration_seconds_count", route="push_sync", code="200") >= 1
    assert shared.metric("kafka_proxy_http_records_delivered_total") >= 1
    assert shared.metric("kafka_proxy_http_kafka_answers") == 1


def test_the_seed_s_log_file_and_metrics_port_are_there(start, stage):
    stage.directory.mkdir(parents=True, exist_ok=True)
    said = stage.directory / "kprf.log"
    gateway = start(http={"metrics_port": 9416}, output_file=str(said))
    with contextlib.closing(gateway.client(port=9416)) as client:
        page = client.ask("GET", "/metrics")
    assert page.status == 200 and b"kafka_proxy_http_connections_open" in page.body
    stage.end(gateway)
    assert said.read_text().strip()


def test_each_metric_of_kprf_is_there_by_the_name_that_the_document_says(shared, client):
    page = (ROOT / "docs" / "http.md").read_text()
    table = page[page.index("## Metrics of kprf") :].split("\n## ")[0]
    rows = [row.split("|")[1:3] for row in table.splitlines() if row.startswith("| `")]
    assert len(rows) == 33 and all(re.search("`(kafka|http|kprf|ratelimit)_", theirs) for theirs, _ in rows)
    names = [name for _, ours in rows for name in re.findall("`(kafka_proxy_[^`]+)`", ours)]
    for wait in (False, True):
        assert client.push([{"topic": "orders", "data": "x"}], wait=wait).status == 200

    def all_there():
        served = shared.admin("/metrics")[2]
        families = re.findall(r"^# TYPE (\S+)", served, re.M)
        series = re.findall(r"^(\w+){(.*)} ", served, re.M)

        def there(name):
            family, _, label = name.partition("{")
            if not label:
                return family in families
            of_family = [labels for one, labels in series if one in (family, family + "_count")]
            return any(label.rstrip("}") in labels for labels in of_family)

        missing = [name for name in names if not there(name)]
        assert missing == []
        return True

    until("all are there", all_there, 30)


def test_beside_a_proxy_it_takes_its_brokers(stage, topic):
    mode = Mode("port_offset", False, False)
    proxy = stage.proxy(mode, http_produce={"http": {"port": PORT + 4}}, admin={"address": "127.0.0.1:9434"})
    with contextlib.closing(http_gateway.Client(stage.network, PORT + 4)) as client:
        assert client.push([{"topic": topic, "data": "x"}], wait=True).status == 200
    with stage.clients(mode).to_bootstrap() as sock:
        assert kafka_wire.metadata(sock, [topic]).brokers
    assert proxy.metric("kafka_proxy_http_records_delivered_total") == 1


def test_the_server_keeps_to_its_openapi_document(shared):
    """schemathesis makes requests of the document, good and bad ones; 500 is for partitions that it makes up."""
    url = f"http://{netns.PROXY_CLIENT_SIDE}:{PORT}/openapi.json"
    how = ["--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--no-color"]
    spared = "unsupported_method,positive_data_acceptance,not_a_server_error"
    without = ["--suppress-health-check", "all", "--exclude-checks", spared]
    hooks = {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(Path(http_gateway.__file__).parent)}
    argv = [sys.executable, "-m", "schemathesis.cli", "run", url, *how, *without]
    done = subprocess.run(
        shared.network.client.command(argv),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=shared.directory,
        env={**os.environ, **hooks},
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
