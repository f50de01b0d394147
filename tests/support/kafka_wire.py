"""Just enough of the Kafka protocol to ask who the brokers and leaders are, without a client library in between."""

import ssl
import struct
from dataclasses import dataclass, field


@dataclass
class Partition:
    leader: int
    replicas: list
    isr: list


@dataclass
class Metadata:
    brokers: dict = field(default_factory=dict)  # id -> (host, port)
    controller: int = -1
    topics: dict = field(default_factory=dict)  # name -> {index: Partition}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, code):
        (value,) = struct.unpack_from(">" + code, self.data, self.at)
        self.at += struct.calcsize(code)
        return value

    def string(self):
        length = self.number("h")
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def array(self, element):
        return [element() for _ in range(self.number("i"))]


def request(api, version, correlation, body, client_id="harness"):
    """A whole frame, with request header version 1."""
    name = client_id.encode()
    head = struct.pack(">hhih", api, version, correlation, len(name)) + name
    return struct.pack(">i", len(head) + len(body)) + head + body


def read_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError(f"closed after {len(data)} of {size} bytes")
        data += more
    return data


def read_frame(sock):
    """(correlation id, rest) of one response with header version 0."""
    (size,) = struct.unpack(">i", read_exactly(sock, 4))
    frame = read_exactly(sock, size)
    return struct.unpack_from(">i", frame)[0], frame[4:]


def metadata(sock, topics=None, correlation=7):
    """Asks with Metadata version 1; topics None means all of them."""
    if topics is None:
        body = struct.pack(">i", -1)
    else:
        body = struct.pack(">i", len(topics)) + b"".join(struct.pack(">h", len(t)) + t.encode() for t in topics)
    sock.sendall(request(3, 1, correlation, body))
    answered, rest = read_frame(sock)
    if answered != correlation:
        raise ConnectionError(f"correlation id {answered} for {correlation}")
    return _metadata_v1(Reader(rest))


def long_fetch(topic, partition, offset, wait_ms, correlation):
    """A Fetch (version 4) that a broker holds back for `wait_ms`, since it asks for more than there is."""
    body = struct.pack(">iiiib", -1, wait_ms, 1 << 20, 1 << 20, 0)
    body += struct.pack(">i", 1) + struct.pack(">h", len(topic)) + topic.encode()
    body += struct.pack(">i", 1) + struct.pack(">iqi", partition, offset, 1 << 20)
    return request(1, 4, correlation, body)


def _metadata_v1(data):
    made = Metadata()

    def broker():
        node, host, port = data.number("i"), data.string(), data.number("i")
        data.string()  # rack
        made.brokers[node] = (host, port)

    def partition():
        data.number("h")  # error
        index, leader = data.number("i"), data.number("i")
        return index, Partition(leader, data.array(lambda: data.number("i")), data.array(lambda: data.number("i")))

    def topic():
        data.number("h")  # error
        name = data.string()
        data.number("b")  # internal
        made.topics[name] = dict(data.array(partition))

    data.array(broker)
    made.controller = data.number("i")
    data.array(topic)
    return made


def tls(sock, ca, server_name=None, cert=None, key=None):
    """TLS over a connected socket; the server's certificate is checked against `ca`, its name when one is given."""
    context = ssl.create_default_context(cafile=str(ca))
    if server_name is None:
        context.check_hostname = False
    if cert is not None:
        context.load_cert_chain(str(cert), str(key))
    return context.wrap_socket(sock, server_hostname=server_name)


def closed(sock, seconds=5.0):
    """Whether the other side ends the connection within the time; what it says before that is dropped."""
    sock.settimeout(seconds)
    try:
        while sock.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except (ConnectionError, ssl.SSLError):
        return True
