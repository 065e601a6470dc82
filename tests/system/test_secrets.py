"""One whole run with a marked password, and then a look everywhere for it."""
import glob
import json
import os
import threading
import time

from harness.api import Api
from harness.case import case
from harness.command import Command
from harness.daemon import Daemon
from harness.pair import Pair
from harness.workload import SCHEMA

MARK = "m4rk3d-53cr37"
NEW_ROLE = f"CREATE ROLE marked SUPERUSER LOGIN PASSWORD '{MARK}';"


def setup():
    return Pair(scram=True)


class Arguments(threading.Thread):
    """Looks at every process's arguments, all the while. Before main() nobody can wipe
    them; half a second later nobody has an excuse."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ended, self.first, self.found, self.looks = threading.Event(), {}, set(), 0

    def run(self):
        while not self.ended.wait(0.02):
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try:
                    with open(path, "rb") as file:
                        text = file.read()
                    self.looks += 1
                    if MARK.encode() in text and time.monotonic() > self.first.setdefault(path, time.monotonic()) + 0.5:
                        self.found.add(text.replace(b"\0", b" ").decode("utf-8", "replace"))
                except OSError:
                    pass


def files_with_mark(root):
    """Paths below @root, with their modes, whose content has the mark."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            try:
                with open(path, "rb") as file:
                    if MARK.encode() in file.read():
                        found[os.path.relpath(path, root)] = os.stat(path).st_mode & 0o777
            except OSError:
                pass
    return found


@case("a marked password through everything: only private files have it, and none once the job is gone")
def everywhere(pair):
    for cluster in (pair.source, pair.destination):
        cluster.sql(NEW_ROLE)
    databases = pair.load(SCHEMA)
    command = Command(pair.command.bindirs)
    daemon = Daemon(command, "--listen=127.0.0.1:0")
    watch = Arguments()
    answers = []
    ends = [f"--source-uri=postgresql://marked@127.0.0.1:{pair.source.port}/{databases.name}", f"--source-password={MARK}",
            f"--dest-uri=postgresql://marked:{MARK}@127.0.0.1:{pair.destination.port}/{databases.name}"]
    try:
        with daemon:
            api = Api.of(daemon)
            watch.start()
            told = [daemon.run("cluster", "add", "--id=kept", "--name=Kept", f"--node=primary:127.0.0.1:{pair.source.port}",
                               "--user=marked", f"--password={MARK}"),
                    daemon.run("cluster", "test", "kept"), daemon.run("cluster", "show", "kept", "--output=json"),
                    daemon.run("cluster", "export"), daemon.run("clone", "--follow", "--detach", *ends)]
            assert all(result.code == 0 for result in told), told
            job = json.loads(json.dumps(next(iter(daemon.jobs()))))
            daemon.await_status(job, "streaming")
            told += [daemon.run("status"), daemon.run("status", "--output=json"), daemon.run("logs"), daemon.run("verify"),
                     daemon.run("switchover", f"--job={job}", "--timeout=20s")]
            for path in ("status", "tables", "logs", "clusters", "clusters/kept", "clusters/kept/nodes", "migrations", f"migrations/{job}",
                         f"migrations/{job}/logs", f"migrations/{job}/events", "config", "/metrics", "openapi.json"):
                answers.append(api.ask("GET", path)[2])
            status, _, answer = api.ask("POST", "clusters/test-connection", {"dsn": f"postgresql://marked:{MARK}@127.0.0.1:1/x"})
            answers.append((status, answer))
            status, _, answer = api.ask("POST", "clusters/test-connection", {"dsn": f"postgresql://marked:{MARK}@[bad/x"})
            answers.append((status, answer))
            with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as file:
                core = next(line.split()[4] for line in file if line.startswith("Max core file size"))
            assert core == "0", f"cores of {core} bytes could be written"
            private = files_with_mark(command.home.name)
            assert private and set(private.values()) == {0o600}, private
            assert not any("clusters.json" in path or "state.db" in path or path.endswith((".log", "errors")) for path in private), private
            daemon.run("cleanup", f"--job={job}", timeout=60)
            end = time.monotonic() + 20
            while any("job" in path for path in files_with_mark(command.home.name)):
                assert time.monotonic() < end, files_with_mark(command.home.name)
                time.sleep(0.2)
            assert daemon.run("cluster", "remove", "kept").code == 0
        left = files_with_mark(command.home.name)
        assert not left, f"once all is gone: {left}"
        for result in told:
            assert MARK not in result.text, result
        assert MARK not in repr(answers), "an answer of the API has it"
        assert MARK not in daemon.log(), daemon.log()
    finally:
        watch.ended.set()
        daemon.__exit__()
        pair.drop(databases)
    assert watch.looks > 1000 and not watch.found, watch.found
