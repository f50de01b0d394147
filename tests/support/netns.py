"""Three network namespaces: clients - proxy - brokers.

The clients' namespace is joined with the proxy's only, and the proxy's with the brokers'. Nobody forwards, and nobody
has a default route: a client that was given a broker's address can't even send to it, and the kernel counts the try.

    client 10.214.0.2 ---- 10.214.0.1 proxy 10.213.0.2 ---- 10.213.0.11, .12, ... brokers
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "kp-" + hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]
LOCKS = ROOT / "build" / "netns"

CLIENT_ADDRESS = "10.214.0.2"
PROXY_CLIENT_SIDE = "10.214.0.1"
PROXY_BROKER_SIDE = "10.213.0.2"

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class NoNamespaces(RuntimeError):
    pass


def broker_address(broker_id):
    return f"10.213.0.{10 + broker_id}"


def _run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise NoNamespaces(
            f"`{' '.join(argv)}`: {done.stderr.strip()}. The tests on a real cluster keep clients and brokers "
            "apart in network namespaces: run them as root, or with CAP_SYS_ADMIN and CAP_NET_ADMIN."
        )
    return done.stdout


class Namespace:
    def __init__(self, name, hosts):
        """hosts: (address, name) pairs for /etc/hosts as seen from inside."""
        self.name = name
        self.files = Path("/etc/netns") / name
        self.files.mkdir(parents=True, exist_ok=True)
        # Java looks up the machine's own name at start; that look-up must not count as one that found no route.
        lines = [f"127.0.0.1 localhost {socket.gethostname()}", "::1 localhost"] + [
            f"{address} {host}" for address, host in hosts
        ]
        (self.files / "hosts").write_text("\n".join(lines) + "\n")
        # No name server can be reached; one that needs a route makes a look-up of a leaked name visible as well.
        (self.files / "resolv.conf").write_text("nameserver 192.0.2.53\noptions timeout:1 attempts:1\n")
        _run("ip", "netns", "add", name)
        self.ip("link", "set", "dev", "lo", "up")

    def ip(self, *argv):
        return _run("ip", "-n", self.name, *argv)

    def command(self, argv):
        return ["ip", "netns", "exec", self.name, *argv]

    def add_hosts(self, pairs):
        """For processes that start later."""
        with (self.files / "hosts").open("a") as out:
            out.writelines(f"{address} {host}\n" for address, host in pairs)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread's new sockets belong to this namespace; sockets keep theirs after the block."""
        with open(f"/proc/self/task/{threading.get_native_id()}/ns/net") as before, open(
            f"/run/netns/{self.name}"
        ) as here:
            self._enter(here)
            try:
                yield
            finally:
                self._enter(before)

    @staticmethod
    def _enter(handle):
        if _LIBC.setns(handle.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def connect(self, address, port, seconds=5.0):
        """A TCP connection from inside; `address` is an IP address (names would be looked up outside)."""
        with self.entered():
            return socket.create_connection((address, port), seconds)

    def unroutable(self):
        """How often a program in here tried to send where no route leads, since the namespace was made."""
        done = subprocess.run(
            self.command(["cat", "/proc/net/snmp", "/proc/net/snmp6"]), capture_output=True, text=True, check=True
        )
        lines = done.stdout.splitlines()
        names, values = [line.split() for line in lines if line.startswith("Ip:")]
        six = next(int(line.split()[1]) for line in lines if line.startswith("Ip6OutNoRoutes"))
        return int(values[names.index("OutNoRoutes")]) + six

    def tcp_peers(self, ports):
        """Remote addresses of all TCP connections (also closing ones) whose local port is one of `ports`."""
        done = subprocess.run(self.command(["ss", "-Htan"]), capture_output=True, text=True, check=True)
        peers = set()
        for line in done.stdout.splitlines():
            state, _, _, local, remote = line.split()[:5]
            if state != "LISTEN" and int(local.rsplit(":", 1)[1]) in ports:
                peers.add(remote.rsplit(":", 1)[0].strip("[]").removeprefix("::ffff:"))
        return peers

    def delete(self):
        _delete(self.name)


def _delete(name):
    # Whoever still runs in it was started by us (its name carries this checkout's hash): end them one by one.
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), 9)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)


class Claim:
    """This process's right to the namespaces named `tag`-...: nobody takes them for what a killed run has left."""

    def __init__(self, suffix=""):
        remove_stale()
        self.tag = f"{PREFIX}-{os.getpid()}{suffix}"
        LOCKS.mkdir(parents=True, exist_ok=True)
        self._path = LOCKS / self.tag
        self._lock = self._path.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self):
        self._lock.close()
        self._path.unlink(missing_ok=True)


class Network:
    """The three namespaces, made on construction; `close` removes them."""

    def __init__(self):
        self._claim = Claim()
        tag = self._claim.tag
        brokers = [(broker_address(n), f"broker-{n}.kafka.internal") for n in range(10)]
        entrances = [(PROXY_CLIENT_SIDE, "kafka.example.com"), (PROXY_CLIENT_SIDE, "bootstrap.kafka.example.com")]
        entrances += [(PROXY_CLIENT_SIDE, f"b{n}.kafka.example.com") for n in range(10)]
        self._made = []
        try:
            self.kafka = self._add(f"{tag}-kafka", brokers)
            self.proxy = self._add(f"{tag}-proxy", brokers + entrances)
            self.client = self._add(f"{tag}-client", entrances)
            self._join(self.client, "clients")
            self._join(self.kafka, "brokers")
            self._address(self.client, "proxy", [CLIENT_ADDRESS])
            self._address(self.proxy, "clients", [PROXY_CLIENT_SIDE])
            self._address(self.proxy, "brokers", [PROXY_BROKER_SIDE])
            self._address(self.kafka, "proxy", [broker_address(n) for n in range(10)])
            _run("ip", "netns", "exec", self.proxy.name, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
        except BaseException:
            self.close()
            raise

    def _add(self, name, hosts):
        namespace = Namespace(name, hosts)
        self._made.append(namespace)
        return namespace

    def _join(self, namespace, device):
        """A cable: `device` on the proxy's side, `proxy` on the other."""
        self.proxy.ip("link", "add", device, "type", "veth", "peer", "name", "proxy", "netns", namespace.name)

    @staticmethod
    def _address(namespace, device, addresses):
        for address in addresses:
            namespace.ip("addr", "add", f"{address}/24", "dev", device)
        namespace.ip("link", "set", "dev", device, "up")

    @staticmethod
    def own_addresses():
        """What brokers use when they talk to each other; broker 0's is their common source address."""
        return {broker_address(n) for n in range(10)} | {"127.0.0.1"}

    def close(self):
        while self._made:
            self._made.pop().delete()
        self._claim.close()


def remove_stale():
    """Removes what a killed earlier run of this checkout left: its lock is free."""
    listed = {line.split()[0] for line in _run("ip", "netns", "list").splitlines() if line.strip()}
    with contextlib.suppress(FileNotFoundError):
        listed |= set(os.listdir("/etc/netns"))
    for name in sorted(listed):
        if not name.startswith(PREFIX + "-"):
            continue
        lock_path = LOCKS / name.rsplit("-", 1)[0]
        if not lock_path.exists() and Path(f"/proc/{name.split('-')[2]}").exists():
            continue  # the build folder was removed under a run that still lives
        if lock_path.exists():
            with lock_path.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                lock_path.unlink(missing_ok=True)
        _delete(name)
