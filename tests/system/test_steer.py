"""A job in one process, seen and steered from another one and by curl."""
import json
import os
import subprocess
import time

from harness.case import case
from harness.command import EXIT_INTERRUPTED, EXIT_NOT_FOUND, EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from harness.pair import Pair

SCHEMA = """
CREATE TABLE held (id int PRIMARY KEY, v text); INSERT INTO held SELECT i, 'v' FROM generate_series(1, 1000) i;
CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other SELECT generate_series(1, 1000);
"""


def setup():
    pair = Pair(source_settings="max_prepared_transactions = 8")
    runtime = os.path.join(pair.command.home.name, "run")
    os.makedirs(runtime, mode=0o700)
    pair.runtime = {"XDG_RUNTIME_DIR": runtime}
    pair.sockets = os.path.join(runtime, "pgmanager")
    return pair


class Held:
    """A clone that stays in its middle until it is let go."""

    def __init__(self, pair):
        self.pair = pair
        self.databases = pair.load(SCHEMA)
        self.gid = f"held_{self.databases.name}"
        self.locked = False
        self.databases.source(f"BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION '{self.gid}';")
        self.locked = True
        self.others = self.sockets()
        self.process = pair.command.start("clone", *self.databases.uris(), env=pair.runtime,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.await_socket()

    def sockets(self):
        """By name and file: one that takes over a name is a new one."""
        if not os.path.isdir(self.pair.sockets):
            return set()
        return {(entry.name, entry.stat().st_ctime_ns) for entry in os.scandir(self.pair.sockets)}

    def await_socket(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            waiting = self.databases.source("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if waiting != "0" and self.sockets() - self.others:
                return
            time.sleep(0.05)
        raise AssertionError("the clone doesn't wait for the table")

    def let_go(self):
        if self.locked:
            self.databases.source(f"ROLLBACK PREPARED '{self.gid}'")
            self.locked = False

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.let_go()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def run(pair, *arguments):
    return pair.command.run(*arguments, env=pair.runtime)


def curl(pair, path, *arguments, socket="api.sock"):
    answer = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", "--unix-socket", os.path.join(pair.sockets, socket),
         *arguments, f"http://localhost{path}"], check=True, capture_output=True, timeout=30)
    body, _, status = answer.stdout.decode().rpartition("\n")
    return int(status), body


@case("status and stop from another process; the clone ends in order, and can be made again")
def status_and_stop(pair):
    with Held(pair) as held:
        shown = run(pair, "status")
        assert shown.code == EXIT_OK, shown
        assert held.databases.name in shown.out and "Phase" in shown.out, shown
        lines = run(pair, "status", "--output=json").json_lines()
        assert len(lines) == 1 and lines[0]["snapshot"]["kind"] == "clone", lines
        stopped = run(pair, "stop", *held.databases.uris())
        assert stopped.code == EXIT_OK, stopped
        out, err = held.process.communicate(timeout=30)
        assert held.process.returncode == EXIT_INTERRUPTED, err.decode()
        assert "interrupted" in out.decode(), out.decode()
        assert not os.listdir(pair.sockets), os.listdir(pair.sockets)
        after = run(pair, "status")
        assert after.code == EXIT_OK and "state file" in after.out and "interrupted" in after.out, after
        held.let_go()
        again = run(pair, "clone", *held.databases.uris())
        assert again.code == EXIT_OK, again
        held.databases.both("SELECT count(*), sum(id) FROM held")


@case("by curl: status, lists, a refusal in words, stop; HTTP/1.0 and foreign hosts are refused")
def by_curl(pair):
    with Held(pair) as held:
        snapshot = {"phase": "idle"}
        while snapshot["phase"] == "idle":
            status, body = curl(pair, "/api/v1/status")
            assert status == 200, body
            snapshot = json.loads(body)
        assert snapshot["kind"] == "clone" and snapshot["tables"] is not None, snapshot
        status, body = curl(pair, "/api/v1/migrations")
        jobs = json.loads(body)
        assert status == 200 and jobs[0]["id"] == snapshot["job_id"], jobs
        assert jobs[0]["mode"] == "clone_only" and jobs[0]["status"] == "running", jobs
        json_type = ("-H", "Content-Type: application/json")
        status, body = curl(pair, "/api/v1/jobs/switchover", "-X", "POST", *json_type, "-d", '{"timeout_sec":5}')
        assert status == 409 and "error" in json.loads(body), body
        status, body = curl(pair, "/api/v1/jobs/switchover", "-X", "POST", *json_type, "-d", '{"timeout":5}')
        assert status == 400 and "timeout" in body, body
        assert curl(pair, "/", "--http1.0")[0] == 505, "HTTP/1.0"
        assert curl(pair, "/", "-H", "Host: evil.example")[0] == 403, "Host"
        assert curl(pair, "/healthz") == (200, "ok\n"), "healthz"
        status, body = curl(pair, "/api/v1/jobs/stop", "-X", "POST", *json_type)
        assert status == 202 and json.loads(body)["ok"], body
        held.process.communicate(timeout=30)
        assert held.process.returncode == EXIT_INTERRUPTED, held.process.returncode


@case("two jobs: the second has a socket beside the first; which one is meant must be said")
def two_jobs(pair):
    with Held(pair) as first, Held(pair) as second:
        names = sorted(os.listdir(pair.sockets))
        assert len(names) == 2 and names[0] == "api.sock" and names[1].startswith("job-clone-"), names
        which = run(pair, "stop")
        assert which.code == EXIT_USAGE and "--job" in which.err, which
        shown = run(pair, "status")
        assert first.databases.name in shown.out and second.databases.name in shown.out, shown
        nobody = run(pair, "stop", "--job=nobody")
        assert nobody.code == EXIT_NOT_FOUND, nobody
        refused = run(pair, "switchover", *first.databases.uris())
        assert refused.code == EXIT_REFUSED and "switchover is not possible" in refused.err, refused
        job = names[1][len("job-"):-len(".sock")]
        assert run(pair, "stop", f"--job={job}").code == EXIT_OK, job
        assert second.process.wait(30) == EXIT_INTERRUPTED, "second"
        assert first.process.poll() is None, "first"
        first.let_go()
        assert first.process.wait(60) == EXIT_OK, "first"


@case("killed, its socket stays behind: status says lost, the next job takes the name over")
def killed(pair):
    with Held(pair) as held:
        held.process.kill()
        held.process.wait(30)
        assert os.listdir(pair.sockets) == ["api.sock"], os.listdir(pair.sockets)
        shown = run(pair, "status")
        assert shown.code == EXIT_OK and "lost" in shown.out, shown
        assert run(pair, "stop").code == EXIT_NOT_FOUND, "stop"
    with Held(pair) as held:
        assert os.listdir(pair.sockets) == ["api.sock"], os.listdir(pair.sockets)
        assert curl(pair, "/api/v1/jobs/status")[0] == 200, "status"


@case("status --watch ends with the job and its exit status; --output=json ends with the report")
def watch(pair):
    with Held(pair) as held:
        watching = pair.command.start("status", "--watch", "--output=json", env=pair.runtime,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1.5)
        assert watching.poll() is None, "it ended early"
        held.let_go()
        out, err = watching.communicate(timeout=60)
        lines = [json.loads(line) for line in out.decode().splitlines()]
        assert watching.returncode == EXIT_OK, err.decode()
        assert len(lines) > 2 and lines[-1]["report"]["outcome"] == "done", lines[-1:]
        assert lines[-2]["snapshot"]["phase"] == "done", lines[-2:]
