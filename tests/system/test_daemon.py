"""The daemon: its life, jobs that are handed to it, and what becomes of them when it
ends in order or not."""
import os
import re
import resource
import signal
import socket
import subprocess
import time

from harness import check
from harness.case import case
from harness.command import (EXIT_CONNECT, EXIT_INTERRUPTED, EXIT_NOT_FOUND, EXIT_OK, EXIT_REFUSED,
                             EXIT_USAGE, Command)
from harness.daemon import Daemon
from harness.pair import Pair
from harness.workload import SCHEMA, Workload, verdict

SETTINGS = "wal_sender_timeout = 12s\nautovacuum = on\n"
SMALL = "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 1000) i;"
BALLAST = ("CREATE TABLE ballast (id int PRIMARY KEY, v text);"
           "INSERT INTO ballast SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, {rows}) i;"
           "CREATE INDEX ON ballast (v);")


def setup():
    return Pair(source_settings=SETTINGS, destination_settings=SETTINGS)


def fresh(pair):
    """A daemon with a home of its own."""
    return Daemon(Command(pair.command.bindirs))


def lives(pid):
    """Not only as an entry that nobody has asked about yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# ---- its life

@case("start, a second start, status, stop, and nothing left to stop")
def life(pair):
    daemon = fresh(pair)
    began = time.monotonic()
    started = daemon.run("daemon", "start", "--no-tcp")
    took = time.monotonic() - began
    try:
        assert started.code == EXIT_OK and "api.sock" in started.out, started
        assert took < 2, f"{took:.2f} s"
        pid = int(re.search(r"Process +(\d+)", started.out)[1])
        assert os.getsid(pid) == pid, "it has no session of its own"
        again = daemon.run("daemon", "start", "--no-tcp")
        assert again.code == EXIT_REFUSED and str(pid) in again.err and "daemon stop" in again.err, again
        shown = daemon.run("daemon", "status")
        assert shown.code == EXIT_OK and str(pid) in shown.out and "daemon.log" in shown.out, shown
        info = daemon.run("daemon", "status", "--output=json").json_lines()[0]["daemon"]
        assert info["pid"] == pid and info["jobs"] == 0 and info["addresses"], info
    finally:
        stopped = daemon.run("daemon", "stop")
    assert stopped.code == EXIT_OK, stopped
    assert not lives(pid) and not os.listdir(daemon.sockets), "something is left"
    assert daemon.run("daemon", "stop").code == EXIT_NOT_FOUND
    assert daemon.run("daemon", "status").code == EXIT_NOT_FOUND
    with open(os.path.join(info["state_dir"], "daemon.log"), encoding="utf-8") as log:
        text = log.read()
    assert "listens on" in text and "has ended" in text, text


@case("SIGHUP reads the configuration again; a mistake in it leaves everything as it was")
def service(pair):
    daemon = fresh(pair)
    with daemon:
        config = os.path.join(daemon.command.environment()["XDG_CONFIG_HOME"], "pgmanager")
        os.makedirs(config, exist_ok=True)
        path = os.path.join(config, "pgmanager.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[pgmanager]\ncopy_workers = 3\n")
        daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while daemon.curl("/config")[1].get("copy_workers") != 3:
            assert time.monotonic() < deadline, daemon.log()
            time.sleep(0.05)
        with open(path, "w", encoding="utf-8") as file:
            file.write("[pgmanager]\ncopy_worker = 4\n")
        assert daemon.run("--check-config").code == EXIT_USAGE
        daemon.process.send_signal(signal.SIGHUP)
        while "stays as it was" not in daemon.log():
            assert time.monotonic() < deadline, daemon.log()
            time.sleep(0.05)
        assert daemon.curl("/config")[1]["copy_workers"] == 3
        os.unlink(path)
        assert daemon.run("--check-config").code == EXIT_OK
        assert daemon.stop() == EXIT_OK, daemon.log()


@case("bad usage of the daemon's command is told")
def bad_usage(pair):
    daemon = fresh(pair)
    for arguments, word in (((), "ACTION"), (("begin",), "begin"), (("start", "--now"), "--now"),
                            (("start", "more"), "more"), (("status", "--output=xml"), "xml")):
        result = daemon.run("daemon", *arguments)
        assert result.code == EXIT_USAGE and word in result.text, result
    databases = pair.load(SMALL)
    assert daemon.run("clone", *databases.uris(), "--detach").code == EXIT_NOT_FOUND
    assert daemon.run("clone", *databases.uris(), "--detach", "--wait").code == EXIT_USAGE
    pair.drop(databases)


@case("a service manager hears of readiness, life and end")
def told_to_manager(pair):
    daemon = fresh(pair)
    name = os.path.join(daemon.command.home.name, "manager")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(10)
        env = {**daemon.env, "NOTIFY_SOCKET": name, "WATCHDOG_USEC": "400000"}
        process = daemon.command.start("--server", "--no-tcp", env=env, stderr=subprocess.DEVNULL)
        try:
            assert manager.recv(4096) == b"READY=1"
            began = time.monotonic()
            assert [manager.recv(4096) for _ in range(5)] == [b"WATCHDOG=1"] * 5
            assert 0.8 < time.monotonic() - began < 3, time.monotonic() - began
            process.terminate()
            said = b"WATCHDOG=1"
            while said == b"WATCHDOG=1":
                said = manager.recv(4096)
            assert said == b"STOPPING=1", said
            assert process.wait(timeout=10) == EXIT_OK
        finally:
            process.kill()
            process.wait()


@case("on TCP with the token, and within TLS by the certificate of init-tls; what would be unsafe is refused")
def addresses(pair):
    daemon = fresh(pair)
    made = daemon.run("daemon", "init-tls", "--name=db.example.com")
    assert made.code == EXIT_OK and "SHA-256" in made.out, made
    again = daemon.run("daemon", "init-tls")
    assert again.code == EXIT_REFUSED, again
    files = dict(re.findall(r"(tls_\w+) = (\S+)", made.out))
    assert os.stat(files["tls_key"]).st_mode & 0o777 == 0o600, "the key"
    for arguments, code in ((("--listen=0.0.0.0:0",), EXIT_REFUSED), (("--listen=nowhere:x",), EXIT_USAGE),
                            (("--port=0",), EXIT_USAGE), (("--no-tcp", "--port=7000"), EXIT_USAGE),
                            (("--tls-cert=only",), EXIT_USAGE)):
        for command in (("daemon", "start"), ("--server", "--check-config")):
            result = daemon.run(*command, *arguments)
            assert result.code == code, result
    daemon.arguments = ["--listen=127.0.0.1:0", "--listen=0.0.0.0:0",
                        f"--tls-cert={files['tls_certificate']}", f"--tls-key={files['tls_key']}"]
    with daemon:
        info = daemon.run("daemon", "status", "--output=json").json_lines()[0]["daemon"]
        urls = [address for address in info["addresses"] if address.startswith("https://")]
        assert len(urls) == 2, info
        port = urls[0].rpartition(":")[2]
        with open(os.path.join(info["state_dir"], "token"), encoding="ascii") as file:
            token = file.read().strip()
        for header, status in ((f"Authorization: Bearer {token}", "200"), ("Authorization: Bearer no", "401")):
            answer = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
                                     files["tls_certificate"], "-H", header, f"https://localhost:{port}/api/v1/daemon"],
                                    check=True, capture_output=True, timeout=30)
            assert answer.stdout.decode() == status, answer
        # from another home, as from another machine
        away = Command(pair.command.bindirs)
        kept = os.path.join(away.home.name, "token")
        with open(os.open(kept, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(token + "\n")
        there = [f"--server-url=https://localhost:{port}", f"--token-file={kept}", f"--ca={files['tls_certificate']}"]
        shown = away.run("daemon", "status", *there)
        assert shown.code == EXIT_OK and str(info["pid"]) in shown.out, shown
        databases = pair.load(SMALL)
        cloned = away.run("clone", *databases.uris(), *there)
        assert cloned.code == EXIT_OK, cloned
        assert away.run("clone", *databases.uris(), *there, "--foreground").code == EXIT_USAGE
        assert away.run("logs", *there).out, "what the clone has told"
        pair.drop(databases)
        lost = away.run("daemon", "status", "--server-url=https://localhost:1", f"--token-file={kept}")
        assert lost.code == EXIT_CONNECT, lost


@case("nobody asked for the port that another one has: the unix socket is served")
def port_taken(pair):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 7654))
            other.listen()
        except OSError:
            pass  # somebody has it already
        daemon = fresh(pair)
        started = daemon.run("daemon", "start")
        try:
            assert started.code == EXIT_OK and "unix:" in started.out and "http" not in started.out, started
        finally:
            assert daemon.run("daemon", "stop").code == EXIT_OK
        asked = daemon.run("daemon", "start", "--port=7654")
        assert asked.code == 6 and "7654" in asked.err, asked


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


@case("with 100 registered clusters it is ready in 100 ms, and costs next to nothing when idle")
def idle(pair):
    daemon = fresh(pair)
    with daemon:
        for number in range(100):
            status, answer = daemon.curl("/clusters", body={"id": f"c{number}", "name": f"cluster {number}", "nodes": [
                {"id": "one", "name": "one", "host": "127.0.0.1", "port": pair.source.port, "role": "primary"}]})
            assert status == 201, answer
        took = []
        for _ in range(5):  # the machine may be busy with others
            daemon.stop()
            took.append(daemon.start())
        assert len(daemon.curl("/clusters")[1]) == 100
        time.sleep(1)
        before, began = cpu_seconds(daemon.process.pid), time.monotonic()
        time.sleep(8)
        share = (cpu_seconds(daemon.process.pid) - before) / (time.monotonic() - began)
        resident = resident_kib(daemon.process.pid)
        print(f"#   ready in {min(took) * 1000:.0f} ms at best, {max(took) * 1000:.0f} at worst; idle {share:.2%}, "
              f"{resident / 1024:.1f} MiB")
        assert min(took) <= 0.1, took
        assert share <= 0.005, f"{share:.2%}"
        assert resident <= 40 * 1024, f"{resident} KiB"


# ---- jobs that are handed over

@case("clone and compare run in the daemon and end as here; --foreground runs here")
def handed_over(pair):
    with fresh(pair) as daemon:
        for where in ((), ("--foreground",)):
            databases = pair.load(SMALL)
            cloned = daemon.run("clone", *databases.uris(), *where)
            assert cloned.code == EXIT_OK and "1,000" in cloned.text, cloned
            compared = daemon.run("compare", *databases.uris(), *where)
            assert compared.code == EXIT_OK, compared
            databases.destination("UPDATE a SET v = 'other' WHERE id = 7;")
            assert daemon.run("compare", *databases.uris(), *where).code == 1
            pair.drop(databases)
        assert daemon.log().count("ended, done") == 2 and daemon.log().count("ended, different") == 1, daemon.log()
        databases = pair.load(SMALL)
        databases.destination(SMALL)
        refused = daemon.run("clone", *databases.uris())
        assert refused.code == EXIT_REFUSED, refused
        wrong = daemon.run("clone", *databases.uris()[:1], "--dest-uri=postgresql://127.0.0.1:1/nowhere")
        assert wrong.code == EXIT_CONNECT, wrong
        pair.drop(databases)


@case("a job means the environment of the command, not that of the daemon")
def environment(pair):
    with fresh(pair) as daemon:
        databases = pair.load(SMALL)
        daemon.env.update(PGHOST=pair.source.directory, PGPORT=str(pair.source.port), PGUSER="postgres")
        result = daemon.run("clone", f"--source-uri=dbname={databases.name}", f"--dest-uri={databases.destination_uri}")
        assert result.code == EXIT_OK, result
        databases.both("SELECT count(*), sum(id) FROM a")
        pair.drop(databases)


@case("Ctrl-C leaves a job to the daemon, with --wait it stops it")
def detached(pair):
    with fresh(pair) as daemon:
        for arguments, outcome in (((), "streaming"), (("--wait",), "stopped")):
            databases = pair.load(SMALL)
            command = daemon.begin("clone", "--follow", *databases.uris(), *arguments)
            deadline = time.monotonic() + 60
            while not any(j["status"] == "streaming" for j in daemon.jobs().values()):
                assert command.poll() is None and time.monotonic() < deadline, daemon.jobs()
                time.sleep(0.05)
            command.send_signal(signal.SIGINT)
            out, err = command.communicate(timeout=30)
            assert command.returncode == EXIT_INTERRUPTED, (out, err)
            job = next(j for j in daemon.jobs().values() if j["job"]["spec"]["destination"]["uri"].find(databases.name) > 0)
            assert job["status"] == outcome, job
            if outcome == "streaming":
                assert job["id"] in err.decode() and "goes on in the daemon" in err.decode(), err
                assert daemon.run("stop", *databases.uris()).code == EXIT_OK
                assert daemon.jobs()[job["id"]]["status"] == "stopped"
            assert daemon.run("cleanup", *databases.uris()).code == EXIT_OK
            pair.drop(databases)


@case("switchover finds its job by the ends; cleanup ends a job that it names")
def by_ends(pair):
    with fresh(pair) as daemon:
        for by_name_first in (True, False):  # the second time at once after the cutover
            databases = pair.load(SMALL)
            job = daemon.hand_over("clone", "--follow", *databases.uris())
            daemon.await_status(job, "streaming")
            moved = daemon.run("switchover", "--timeout=20s", *databases.uris())
            assert moved.code == EXIT_OK, moved
            if by_name_first:
                refused = daemon.run("cleanup", *databases.uris())
                assert refused.code == EXIT_REFUSED, refused
            cleaned = daemon.run("cleanup", f"--job={job}")
            assert cleaned.code == EXIT_OK, cleaned
            check.expect_nothing_of_ours(pair.source, databases.name)
            check.expect_nothing_of_ours(pair.destination, databases.name)
            pair.drop(databases)


@case("logs: of the job that runs, of one that is over, by level, as they come, and across a restart")
def logs(pair):
    with fresh(pair) as daemon:
        assert daemon.run("logs").code == EXIT_NOT_FOUND
        databases = pair.load(SMALL)
        job = daemon.hand_over("clone", "--follow", *databases.uris())
        daemon.await_status(job, "streaming")
        shown = daemon.run("logs")
        assert shown.code == EXIT_OK and "Streaming" in shown.out or "streaming" in shown.out, shown
        worse = daemon.run("logs", "--level=error", job)
        assert worse.code == EXIT_OK and not worse.out, worse
        daemon.kill()
        daemon.start()
        daemon.await_status(job, "streaming")
        events = daemon.run("logs", "--output=json", f"--job={job}").json_lines()
        messages = [e["event"]["message"] for e in events]
        assert any("copy" in m.lower() for m in messages) and len(messages) > len(shown.out.splitlines()), messages
        again = daemon.begin("logs", "-f", job)
        assert daemon.run("stop", f"--job={job}").code == EXIT_OK
        out, err = again.communicate(timeout=30)
        assert again.returncode == EXIT_OK and len(out.splitlines()) >= len(messages), (out, err)
        assert daemon.run("logs", job).out == out.decode(), "the last one"
        for bad in (("--level=loud",), (job, job), ("nobody",)):
            assert daemon.run("logs", *bad).code in (EXIT_USAGE, EXIT_NOT_FOUND), bad
        assert daemon.run("cleanup", *databases.uris()).code == EXIT_OK
        pair.drop(databases)


# ---- the daemon ends

class Run:
    """Writers on the source and a following clone in a daemon."""

    def __init__(self, pair, seed, rows, kill):
        self.pair, self.kill = pair, kill
        self.databases = pair.load(SCHEMA + BALLAST.format(rows=rows))
        self.workload = Workload(self.databases, 3, seed, 0.005)
        self.daemon = fresh(pair)

    def __enter__(self):
        self.workload.__enter__()
        self.daemon.start()
        self.job = self.daemon.hand_over("clone", "--follow", *self.databases.uris())
        return self

    def end_and_start(self):
        if self.kill:
            self.daemon.kill()
        else:
            assert self.daemon.stop() == EXIT_OK, self.daemon.log()
        self.daemon.start()

    def alive(self):
        job = self.daemon.jobs()[self.job]
        assert job["status"] in ("running", "streaming"), job

    def finish(self):
        self.daemon.await_status(self.job, "streaming")
        self.workload.await_commits(100)
        verdict(self.workload, 120, self.alive)
        result = self.daemon.run("cleanup", f"--job={self.job}")
        assert result.code == EXIT_OK, result
        check.expect_nothing_of_ours(self.pair.source, self.databases.name)
        check.expect_nothing_of_ours(self.pair.destination, self.databases.name)

    def __exit__(self, kind, *_):
        self.workload.close()
        if kind is not None:
            print("#   " + self.daemon.log().replace("\n", "\n#   "))
        self.daemon.__exit__()
        self.pair.drop(self.databases)


def await_phase(run, *phases):
    deadline = time.monotonic() + 60
    while True:
        job = run.daemon.jobs()[run.job]
        if job.get("live_phase") in phases:
            return
        assert time.monotonic() < deadline and job["status"] != "failed", job
        time.sleep(0.02)


@case("the daemon is killed while a clone copies: started again, the clone goes on by itself and follows")
def killed_in_copy(pair):
    with Run(pair, 1, 300000, kill=True) as run:
        await_phase(run, "copy", "indexes")
        run.end_and_start()
        run.finish()


@case("the daemon is killed while a plain clone copies: started again, it comes to its end, equal")
def killed_in_plain_clone(pair):
    with fresh(pair) as daemon:
        databases = pair.load(SMALL + BALLAST.format(rows=400000))
        job = daemon.hand_over("clone", "--copy-workers=1", *databases.uris())
        deadline = time.monotonic() + 60
        while daemon.jobs()[job].get("live_phase") not in ("copy", "indexes"):
            assert time.monotonic() < deadline, daemon.jobs()[job]
            time.sleep(0.01)
        daemon.kill()
        assert daemon.command.run("compare", *databases.uris(), "--data").code == 1, "it was over already"
        daemon.start()
        daemon.await_status(job, "completed")
        pair.compare(databases)
        check.expect_nothing_of_ours(pair.destination, databases.name)
        pair.drop(databases)


@case("the daemon is killed while a job follows, three times")
def killed_in_follow(pair):
    with Run(pair, 2, 2000, kill=True) as run:
        for _ in range(3):
            run.daemon.await_status(run.job, "streaming")
            run.workload.await_commits(50)
            run.end_and_start()
        run.finish()


@case("the daemon is stopped in order: its jobs go on when it is started again")
def stopped(pair):
    with Run(pair, 3, 2000, kill=False) as run:
        run.daemon.await_status(run.job, "streaming")
        run.end_and_start()
        run.finish()


@case("R11 the state file can't be written: the job goes on, the problem is shown, and it is written again")
def state_full(pair):
    with Run(pair, 4, 2000, kill=True) as run:
        run.daemon.await_status(run.job, "streaming")
        pid = run.daemon.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        run.workload.await_commits(300)
        deadline = time.monotonic() + 30
        while "Problem" not in run.daemon.run("daemon", "status").out:
            assert time.monotonic() < deadline, run.daemon.run("daemon", "status")
            time.sleep(0.2)
        run.alive()
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        while "Problem" in run.daemon.run("daemon", "status").out:
            assert time.monotonic() < deadline, run.daemon.run("daemon", "status")
            time.sleep(0.2)
        run.finish()


@case("R16 the same job a second time is refused: in the daemon, beside it, and from another home")
def started_twice(pair):
    with fresh(pair) as daemon:
        databases = pair.load(SMALL)
        job = daemon.hand_over("clone", "--follow", *databases.uris())
        daemon.await_status(job, "streaming")
        for who in (daemon.run, pair.command.run):
            for where in ((), ("--foreground",)):
                for arguments in (("clone", "--follow"), ("follow",), ("cleanup",)):
                    result = who(*arguments, *databases.uris(), *where)
                    assert result.code == EXIT_REFUSED, result
        assert daemon.jobs()[job]["status"] == "streaming"
        assert daemon.run("cleanup", f"--job={job}").code == EXIT_OK
        pair.drop(databases)


@case("R17 killed, and its state file damaged: it is put aside, and the job goes on by itself")
def state_damaged(pair):
    with Run(pair, 5, 2000, kill=True) as run:
        run.daemon.await_status(run.job, "streaming")
        run.daemon.kill()
        state = os.path.join(run.daemon.command.environment()["XDG_STATE_HOME"], "pgmanager")
        for name, damage in (("state.db", b"not a database, not at all"), ("state.db-wal", b"nor its log")):
            with open(os.path.join(state, name), "r+b") as file:
                file.write(damage)
        run.daemon.start()
        assert any("corrupt" in name for name in os.listdir(state)), os.listdir(state)
        assert "damaged" in run.daemon.log(), run.daemon.log()
        run.finish()


@case("a job that never lives for a minute is not started again for ever")
def gives_up(pair):
    with fresh(pair) as daemon:
        databases = pair.load(SMALL)
        job = daemon.hand_over("clone", "--follow", *databases.uris())
        daemon.await_status(job, "streaming")
        for _ in range(5):
            daemon.kill()
            daemon.start()
            daemon.await_status(job, "streaming")
        daemon.kill()
        daemon.start()
        daemon.await_status(job, "failed")
        assert "did not live for a minute" in daemon.log(), daemon.log()
        assert daemon.curl(f"/migrations/{job}/start", body={})[0] == 202
        daemon.await_status(job, "streaming")
        assert daemon.run("cleanup", f"--job={job}").code == EXIT_OK
        pair.drop(databases)


@case("a job that was stopped, or has ended, does not come back")
def not_back(pair):
    with fresh(pair) as daemon:
        databases = pair.load(SMALL)
        job = daemon.hand_over("clone", "--follow", *databases.uris())
        daemon.await_status(job, "streaming")
        assert daemon.run("stop", f"--job={job}").code == EXIT_OK
        daemon.kill()
        daemon.start()
        time.sleep(1)
        assert daemon.jobs()[job]["status"] == "stopped", daemon.jobs()
        assert daemon.run("cleanup", *databases.uris()).code == EXIT_OK
        pair.drop(databases)


@case("an inline password serves again after a kill, stands in one private file only, and goes with the job")
def password(pair):
    own = Pair(scram=True)
    try:
        with fresh(own) as daemon:
            databases = own.load(SMALL)
            job = daemon.hand_over("clone", "--follow", *databases.uris())
            daemon.await_status(job, "streaming")
            daemon.kill()
            state = os.path.join(daemon.command.environment()["XDG_STATE_HOME"], "pgmanager")
            kept = os.path.join(state, "kept-jobs", f"{job}.json")
            assert os.stat(kept).st_mode & 0o777 == 0o600, oct(os.stat(kept).st_mode)
            needle = own.source.password.encode()
            for directory, _, names in os.walk(daemon.command.home.name):
                for name in names:
                    path = os.path.join(directory, name)
                    if path == kept or not os.path.isfile(path):
                        continue
                    with open(path, "rb") as file:
                        assert needle not in file.read(), path
            daemon.start()
            daemon.await_status(job, "streaming")
            databases.source("UPDATE a SET v = 'later';")
            assert daemon.run("stop", f"--job={job}").code == EXIT_OK
            assert not os.listdir(os.path.dirname(kept)), "its file is still there"
            assert daemon.run("cleanup", *databases.uris()).code == EXIT_OK
    finally:
        own.close()
