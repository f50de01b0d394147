"""kill -9 at random moments of a reload: the next start comes up with one of the two configurations, whole.

KP_KILLS: how many rounds.
"""

import itertools
import os
import random
import threading

import pytest

import logins
from login import Login
from proxy import configuration
from reload import CONFIG, Files, Reloadable
from waiting import until

KILLS = int(os.environ.get("KP_KILLS", "20"))
KEYS = ("hash", "generation", "config", "files")


class Writer:
    """Writes the two configurations in turn, each time as one step for whoever reads, until told to stop."""

    def __init__(self, files, texts, seed):
        self.writing = None  # generation of what was, or is being, written last
        self._files, self._texts = files, texts
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        turns = itertools.cycle(self._texts.items())
        for means in itertools.cycle(("rename", "swap", "rename", "swap", "swap")):
            self.writing, text = next(turns)
            self._files.write(means, {CONFIG: text})
            if self._over.wait(self._random.uniform(0, 0.15)):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@pytest.fixture
def two(stage):
    """A proxy, and generation -> (the file's text, the page that shows it in force) of two configurations that differ
    in all that is built for one: certificate, ports, users, limits."""
    certs = stage.cluster.certs
    files = Files(stage.directory / "files")
    certs.make("renewed", ["*.kafka.example.com", "kafka.example.com", "localhost"], ["127.0.0.1"])
    for cert in ("proxy", "renewed"):
        (stage.directory / f"{cert}.pem").write_text(getattr(certs, f"{cert}_store").read_text())
    mode, admin = logins.place(client_tls=True)

    def changes(cert, user, base, limit):
        login = logins.alice("SASL_SSL", "PLAIN")
        pem = str(stage.directory / f"{cert}.pem")
        return {
            "admin": admin,
            "downstream": logins.downstream(login, certs, tls={"cert": pem, "key": pem}),
            "upstream": logins.upstream("SASL_SSL", Login("SASL_SSL", "PLAIN"), stage.cluster),
            "auth_swap": logins.swap(stage.cluster, [f"{user}=svc"]),
            "broker_mapping": {"port_offset": {"hostname": "kafka.example.com", "base": base, "max_broker_id": 5}},
            "limits": {"drain_timeout": "2s", "max_connections": limit},
        }

    first = changes("proxy", "alice", mode.base, 1000)
    second = changes("renewed", "bob", logins.place(client_tls=True)[0].base, 2000)
    assert configuration(mode, stage.cluster, **first) != configuration(mode, stage.cluster, **second)
    proxy = Reloadable(stage, mode, files, **first)
    made = {proxy.generation: (proxy.contents[CONFIG], proxy.page())}
    proxy.change(**second)
    made[proxy.generation] = (proxy.contents[CONFIG], proxy.page())
    return proxy, made


def test_killed_within_a_reload_it_comes_up_with_one_of_the_two(stage, two):
    reloadable, made = two
    proxy, files = reloadable.proxy, reloadable.files
    pages = [{key: page[key] for key in KEYS} for _, page in made.values()]
    texts = {generation: text for generation, (text, _) in made.items()}
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for number in range(KILLS):
        with Writer(files, texts, seed + number) as writer:
            # Given that it is at a reload, or about to begin or end one: what is in force is not what was written last
            moment = moments.uniform(0, 0.3)
            threading.Event().wait(moment)
            # When
            proxy.child.kill()
            proxy.launch()
            proxy.wait_ready()
            # Then
            page = reloadable.page()
            assert {key: page[key] for key in KEYS} in pages, f"round {number}, killed after {moment:.3f} s"
        until(
            "what was written last is in force",
            lambda writer=writer: reloadable.page()["generation"] == str(writer.writing),
            10,
        )
        assert reloadable.page()["last_reload_error"] is None
