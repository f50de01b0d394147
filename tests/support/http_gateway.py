"""The HTTP gateway as the tests run it: a proxy process of its own, clients in their namespace, records read back by
kcat where the brokers are."""

import gzip
import http.client
import json
import socket
import ssl
import subprocess

import netns
from proxy import Proxy

PORT = 4242
JSON = {"Content-Type": "application/json"}


def configuration(cluster, http=None, kafka=None, brokers=None, **more):
    return {
        "bind_address": "0.0.0.0",
        "http_produce": {
            "http": {"port": PORT, **(http or {})},
            "kafka": {"brokers": brokers or cluster.bootstrap(), **(kafka or {})},
            **more,
        },
        "admin": {"address": "127.0.0.1:9404"},
        "limits": {"drain_timeout": "10s"},
    }


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Client(http.client.HTTPConnection):
    """One keep-alive connection."""

    def __init__(self, network, port=PORT, tls=None, seconds=20):
        super().__init__(netns.PROXY_CLIENT_SIDE, port, timeout=seconds)
        self._network, self._tls = network, tls

    def connect(self):
        self.sock = self._network.client.connect(self.host, self.port, 5)
        self.sock.settimeout(self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are two segments
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname="kafka.example.com")

    def ask(self, method, path, body=None, headers=None):
        self.request(method, path, body, headers or {})
        return Answer(self.getresponse())

    def push(self, records, wait=False, query="", headers=None, **members):
        body = json.dumps({"records": records, "wait_for_send": wait, **members})
        return self.ask("POST", "/push" + query, body, {**JSON, **(headers or {})})


class Gateway(Proxy):
    def __init__(self, name, config, directory, network, environment=None):
        super().__init__(name, config, directory, network.proxy, environment=environment)
        self.network = network

    def client(self, **how):
        return Client(self.network, **how)

    def raw(self, port=PORT, seconds=20):
        """A bare connection."""
        sock = self.network.client.connect(netns.PROXY_CLIENT_SIDE, port, 5)
        sock.settimeout(seconds)
        return sock


def tls_context(certs, cert=None, key=None):
    context = ssl.create_default_context(cafile=str(certs.ca))
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context


def read_back(cluster, topic, *how):
    servers = ",".join(broker.address("PLAINTEXT") for broker in cluster.running())
    quick = ["-X", "fetch.wait.max.ms=10"]  # the end of a topic is told when a fetch of nothing comes back
    argv = ["kcat", "-b", servers, *quick, "-C", "-t", topic, "-o", "beginning", "-e", "-q", *how]
    done = subprocess.run(cluster.network.kafka.command(argv), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def records(cluster, topic):
    """All that the topic holds, as kcat shows them: dicts with payload, key, partition, offset, headers, ts."""
    return [json.loads(line) for line in read_back(cluster, topic, "-J")]


def keys(cluster, topic):
    return read_back(cluster, topic, "-f", "%k\n")


def payloads(cluster, topic):
    return [record["payload"] for record in records(cluster, topic)]


def gzipped(text):
    return gzip.compress(text.encode())
