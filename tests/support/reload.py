"""A proxy whose configuration changes while it runs: how files are written, and what /config says of it."""

import contextlib
import copy
import hashlib
import itertools
import json
import mmap
import os
import shutil
import signal
from pathlib import Path

import proxy as proxies
from waiting import until

CONFIG = "config.yaml"
MEANS = ("in_place", "rename", "swap", "hangup")
SECONDS = 10  # within which a change is in force, or refused, on a machine that has much else to do


def digests(path):
    """What /config may show of this file: a fast digest of a public one, a slow one of a secret one."""
    content = Path(path).read_bytes()
    slow = hashlib.pbkdf2_hmac("sha256", content, b"kafkaproxy", 20_000)
    return hashlib.sha256(content).hexdigest(), slow.hex()


class Files:
    """A directory of configuration files, and the ways in which people and programs write such files.

    What is written is a mapping name -> text; None removes the file.
    """

    def __init__(self, directory):
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self._versions = itertools.count(1)

    def path(self, name):
        return self.directory / name

    def write(self, means, changes):
        getattr(self, means)(changes)

    def in_place(self, changes):
        """As a shell's `>` does it: empty first, then in pieces, through a link if there is one."""
        for name, text in changes.items():
            if text is None:
                self.path(name).unlink(missing_ok=True)
                continue
            with self.path(name).open("w") as out:
                half = len(text) // 2
                out.write(text[:half])
                out.flush()
                out.write(text[half:])

    def rename(self, changes):
        """As editors do it: another file takes the name."""
        for name, text in changes.items():
            if text is None:
                self.path(name).unlink(missing_ok=True)
                continue
            beside = self.path(f".{name}.new")
            beside.write_text(text)
            beside.replace(self.path(name))

    def swap(self, changes):
        """As Kubernetes mounts a ConfigMap: files are links through `..data`, which changes for all at once."""
        self._mount()
        old = self.path("..data").readlink()
        self._point(self._version({**self._contents(), **changes}))
        for name, text in changes.items():
            if text is None:
                self.path(name).unlink(missing_ok=True)
            elif not self.path(name).is_symlink():
                self._link(name, f"..data/{name}")
        shutil.rmtree(self.path(old))

    def _contents(self):
        files = [path for path in self.directory.iterdir() if path.is_file() and not path.name.startswith(".")]
        return {path.name: path.read_text() for path in files}

    def _mount(self):
        """The same content, laid out as a mounted ConfigMap."""
        plain = [path.name for path in self.directory.iterdir() if path.is_file() and not path.is_symlink()]
        if plain:
            before = self.path("..data").readlink() if self.path("..data").is_symlink() else None
            self._point(self._version(self._contents()))
            for name in plain:
                self._link(name, f"..data/{name}")
            if before is not None:
                shutil.rmtree(self.path(before))

    def _version(self, contents):
        made = self.path(f"..version-{next(self._versions)}")
        made.mkdir()
        for name, text in contents.items():
            if text is not None:
                (made / name).write_text(text)
        return made.name

    def _point(self, version):
        self._link("..data", version)

    def _link(self, name, target):
        beside = self.path(f"..link-{name.lstrip('.')}")
        beside.symlink_to(target)
        beside.rename(self.path(name))

    @contextlib.contextmanager
    def unnoticed(self, name):
        """Writes text of the same length as the file's without any event of inotify: through memory. The call given does
        it. The file stays open meanwhile, as its close is an event."""
        with self.path(name).open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:

            def written(text):
                memory[:] = text.encode()

            yield written


def merged(config, changes):
    """As in proxy.configuration: a mapping is merged into that of the same name, all else replaces it; None removes."""
    made = copy.deepcopy(config)
    for key, value in changes.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = {**made.get(key, {}), **value} if isinstance(value, dict) else value
    return made


class Reloadable:
    """A proxy, its files, and what was last in force.

    `named`: name -> text of the files that the configuration names, by `files.path(name)`.
    """

    def __init__(self, stage, mode, files, named=None, name="proxy", environment=None, **changes):
        self.files = files
        self.config = proxies.configuration(mode, stage.cluster, **changes)
        self.generation = 1
        self.contents = {**(named or {}), CONFIG: self.text(self.config)}
        files.in_place(self.contents)
        flags = ["--config", files.path(CONFIG)]
        self.proxy = stage.proxy(mode, name, flags=flags, environment=environment, **changes)

    def text(self, config):
        return f"# generation: {self.generation}\n{json.dumps(config, indent=2)}\n"

    def page(self):
        return json.loads(self.proxy.admin("/config")[2])

    def drained(self, reason=None):
        labels = {"reason": reason} if reason else {}
        return self.proxy.metric("kafka_proxy_connections_drained_total", **labels)

    def write(self, means, changes):
        """`hangup` writes in place and sends SIGHUP too."""
        self.files.write("in_place" if means == "hangup" else means, changes)
        if means == "hangup":
            self.proxy.child.signal(signal.SIGHUP)

    def change(self, means="rename", files=None, **changes):
        """Writes what is right, and waits until it is in force. Returns the page that says so.

        changes: of the configuration, see `merged`; files: of those that it names."""
        before = self.page()
        wanted = dict(files or {})
        if changes:
            self.generation += 1
            self.config = merged(self.config, changes)
            wanted[CONFIG] = self.text(self.config)
        wanted = {name: text for name, text in {**self.contents, **wanted}.items() if self.differs(name, text)}
        self.contents = {name: text for name, text in {**self.contents, **wanted}.items() if text is not None}
        self.write(means, wanted)

        def in_force():
            page = self.page()
            assert page["generation"] == str(self.generation), page["last_reload_error"]
            assert page["reloads"] > before["reloads"] and page["last_reload_error"] is None, page["last_reload_error"]
            # Of files that were written one after the other, the first may have come into force alone.
            assert all(entry["digest"] in digests(entry["path"]) for entry in page["files"]), page["files"]
            return page

        return until("the change is in force", in_force, SECONDS, every=0.01)

    def differs(self, name, text):
        """Whether the file holds anything else, be it that an earlier `spoil` left it so."""
        try:
            return self.files.path(name).read_text() != text
        except FileNotFoundError:
            return text is not None

    def spoil(self, means="rename", files=None, raw=None, **changes):
        """Writes what is wrong, and waits until it is refused, and all is as before. Returns the errors.

        raw: the text of the configuration, or what makes it of the right one."""
        before = self.page()
        wanted = dict(files or {})
        if changes or raw:
            self.generation += 1
            text = self.text(merged(self.config, changes))
            wanted[CONFIG] = raw(text) if callable(raw) else raw or text
            self.generation -= 1
        self.write(means, wanted)

        def refused():
            page = self.page()
            assert page["reload_failures"] > before["reload_failures"], page["last_reload_error"]
            return page

        page = until("the change is refused", refused, SECONDS, every=0.01)
        for key in ("hash", "generation", "loaded_at", "reloads", "config", "files"):
            assert page[key] == before[key], key
        assert page["last_reload_error"]["at"] and page["last_reload_error"]["errors"], page["last_reload_error"]
        return page["last_reload_error"]["errors"]

    def mend(self, means="rename"):
        """Writes again what is in force: no reload, and no error any more."""
        before = self.page()
        self.write(means, {name: text for name, text in self.contents.items() if self.differs(name, text)})
        page = until("the error is gone", lambda: (p := self.page())["last_reload_error"] is None and p, SECONDS)
        assert (page["reloads"], page["hash"]) == (before["reloads"], before["hash"])
        return page


class Resources:
    """What the process holds at this moment."""

    def __init__(self, pid):
        status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status").read().splitlines())
        self.resident_kib = int(status["VmRSS"].split()[0])
        self.threads = int(status["Threads"])
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
