"""A TCP relay whose connections can be cut, or fall silent: a network in trouble between two programs."""

import contextlib
import socket
import struct
import threading

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a reset


class _Connection:
    def __init__(self, near, far):
        self.ends = (near, far)
        self.silent = False

    def pump(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if not self.silent:
                    sink.sendall(data)
        if not self.silent:
            self.cut()

    def cut(self):
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)  # wakes the one that reads from it
            end.close()


class Relay:
    """Listens on 127.0.0.1 of a namespace and hands everything on to `target` there. `with` it."""

    def __init__(self, namespace, target):
        self._namespace = namespace
        self._target = target
        with namespace.entered():
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._connections = []  # under _lock
        self._lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self):
        """Resets every connection that is there; how many."""
        with self._lock:
            there, self._connections = self._connections, []
        for connection in there:
            connection.cut()
        return len(there)

    def silence(self):
        """The connections that are there stay, and carry nothing any more; later ones are as usual. How many."""
        with self._lock:
            for connection in self._connections:
                connection.silent = True
            return len(self._connections)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = self._namespace.connect(*self._target)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                connection = _Connection(near, far)
                with self._lock:
                    self._connections.append(connection)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=connection.pump, args=pair, daemon=True).start()
