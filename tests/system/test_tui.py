"""The dashboard in a terminal, in front of a real `clone --follow`."""
import contextlib
import os
import signal
import tempfile
import termios
import time

from harness.case import case
from harness.command import EXIT_INTERRUPTED, EXIT_NOT_FOUND, EXIT_OK, EXIT_USAGE, Command
from harness.daemon import Daemon
from harness.follower import Follower
from harness.pair import Pair
from harness.screen import Terminal

MARK = "\u200e"  # the dashboard closes with it what is written from right to left

# Names that would do something to a terminal, or to the lines around them.
HOSTILE = """
CREATE SCHEMA "sch\x1b[31mema";
CREATE TABLE "sch\x1b[31mema"."a\x07\x1b]0;owned\x07" (id int PRIMARY KEY);
CREATE TABLE "b\u009b2Jclear" (id int PRIMARY KEY);
CREATE TABLE "c\u202egpj.exe" (id int PRIMARY KEY);
CREATE TABLE "d\u05e9\u05dc\u05d5\u05dd" (id int PRIMARY KEY);
CREATE TABLE "e\u8868\u30c6\u30fc\u30d6\u30eb" (id int PRIMARY KEY);
CREATE TABLE "fe\u0301\u0301\u0301\u0301\u0301\u0301x" (id int PRIMARY KEY);
CREATE TABLE "g\nline" (id int PRIMARY KEY);
CREATE TABLE "h\u200bzero" (id int PRIMARY KEY);
"""
# What to filter by, and what is seen then.
SHOWN = [("owned", "sch\ufffd[31mema.a\ufffd\ufffd]0;owned\ufffd"), ("clear", "public.b\ufffd2Jclear"), ("gpj", "public.c\ufffdgpj.exe"),
         ("\u05e9\u05dc", "public.d\u05e9\u05dc\u05d5\u05dd" + MARK), ("\u8868", "public.e\u8868\u30c6\u30fc\u30d6\u30eb"),
         ("fe", "public.fe\u0301\u0301\u0301\ufffdx"), ("line", "public.g line"), ("zero", "public.h\ufffdzero")]

SCHEMA = HOSTILE + """
CREATE TABLE work (id int PRIMARY KEY, v text);
CREATE TABLE rows_of_many (id int PRIMARY KEY); INSERT INTO rows_of_many SELECT generate_series(1, 4321);
""" + "".join(f"CREATE TABLE many_{i:04d} (id int PRIMARY KEY);" for i in range(300))

UP, DOWN, END, HOME, PAGE_DOWN = "\x1bOA", "\x1bOB", "\x1bOF", "\x1bOH", "\x1b[6~"


def setup():
    pair = Pair()
    runtime = os.path.join(pair.command.home.name, "run")
    os.makedirs(runtime, mode=0o700)
    pair.runtime = {"XDG_RUNTIME_DIR": runtime}
    return pair


def forget_jobs(pair):
    """Each case has a history of its own."""
    pair.runtime["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="state-", dir=pair.command.home.name)


@contextlib.contextmanager
def followed(pair):
    databases = pair.load(SCHEMA)
    forget_jobs(pair)
    follower = Follower(pair.command, databases.uris(), env=pair.runtime)
    try:
        follower.start().await_phase("streaming")
        follower.databases = databases
        yield follower
    finally:
        follower.close()
        pair.command.run("cleanup", *databases.uris())
        pair.drop(databases)


def open_tui(pair, *arguments, env=None, **kwargs):
    return Terminal(pair.command, "tui", *arguments, env={**pair.runtime, **(env or {})}, **kwargs)


def work(follower, number, rows=500):
    follower.databases.source(f"INSERT INTO work SELECT i, 'x' FROM generate_series({number * rows + 1}, {(number + 1) * rows}) i")


@case("what it shows: the job, its phases, lag and speed, hostile names, panes, a filter, thousands by page")
def content(pair):
    with followed(pair) as follower, open_tui(pair) as tui:
        name = follower.databases.name
        tui.await_text("1 running of 1", f"{name} on", "streaming", "Lag", "rows/s", "kept back", "[2 Tables]")
        work(follower, 0)
        tui.await_text("█")  # the curve of the speed
        tui.press("sr")  # by name, from the end
        tui.press("/MANY_02" + "\r")
        tui.await_text("public.many_0299", "1/100", absent=["many_0199", "rows_of_many"])
        tui.press(END)
        tui.await_text("public.many_0200", "100/100", absent=["many_0299"])
        tui.press("\x1b")
        tui.await_text("[2 Tables]", "/310")
        tui.press("3")
        tui.await_text("[3 Events]", "catch-up", "phase")
        tui.press("\t")
        tui.await_text("[4 Log]")
        tui.press("\t")
        tui.await_text("[5 Cutover]", "No cutover yet")
        tui.press("\t")
        tui.await_text("[6 Compare]", "weren't compared yet")
        tui.press("\t")
        tui.await_text("[1 Jobs]", "clone")
        tui.press("?")
        tui.await_text("move in a list", "quit; jobs go on")
        tui.press("xq")
        assert tui.wait() == EXIT_OK
        follower.alive()


@case("hostile names, each drawn in its place, in UTF-8 and in ASCII")
def hostile_names(pair):
    with followed(pair) as follower:
        with open_tui(pair) as tui:
            tui.await_text("/310")
            for wanted, shown in SHOWN:
                tui.press("\x1b/" + wanted + "\r")
                tui.await_text(shown, "1/1")
                line = next(line for line in tui.screen.cells if shown in "".join(line))
                assert "".join(line[-19:]).split() == ["100", "0.0", "s"], line
            tui.press("q")
            assert tui.wait() == EXIT_OK
        with open_tui(pair, env={"LC_ALL": "C"}) as tui:
            tui.await_text("/310", "->")
            tui.press("/public.e")
            tui.await_text("public.e" + "??" * 5)
            assert tui.screen.text.isascii(), tui.screen.text
            tui.press("\rq")
            assert tui.wait() == EXIT_OK
        follower.alive()


@case("windows of any size, down to what shows nothing any more and back")
def sizes(pair):
    with followed(pair), open_tui(pair) as tui:
        tui.await_text("[2 Tables]")
        for columns, rows in ((40, 10), (200, 60), (20, 5), (3, 1), (80, 24), (500, 200), (19, 50), (100, 3), (100, 30)):
            tui.resize(columns, rows)
            tui.await_text("running" if columns >= 40 and rows >= 5 else "too small" if columns >= 9 and (columns < 20 or rows < 5)
                           else "pgmanager" if columns >= 20 else "t")
            for key in ("C", "\x1b", "?", "x"):
                tui.press(key)
                tui.settle(0.1)
        tui.await_text("[2 Tables]")
        tui.resize(40, 10)
        text = tui.await_text("1 running", "streaming", "Lag", "public.")
        assert max(len(l) for l in text.split("\n")) <= 40, text
        tui.press("q")
        assert tui.wait() == EXIT_OK


@case("paused and gone on with, stopped: each asks first, and the state of the job is seen")
def steering(pair):
    with followed(pair) as follower, open_tui(pair) as tui:
        tui.await_text("streaming")
        tui.press("p")
        tui.await_text("Pause this job?")
        tui.press("n")
        tui.await_text("[2 Tables]", absent=["Pause this job?"])
        tui.press("py")
        tui.await_text("paused as it was asked for")
        follower.await_phase("paused")
        tui.press("p")
        tui.await_text("Go on with this job?")
        tui.press("y")
        follower.await_phase("streaming")
        tui.await_text("streaming")
        tui.press("V")
        tui.await_text("Compare both sides now")
        tui.press("y6")
        tui.await_text("Result         equal", "310 tables digested", seconds=60)
        tui.press("S")
        tui.await_text("Stop this job?")
        tui.press("y")
        assert follower.await_end() == EXIT_INTERRUPTED
        tui.await_text("interrupted", "0 running of 1")
        tui.press("q")
        assert tui.wait() == EXIT_OK


@case("cut over, with yes typed in full, and back; steps and proof are shown")
def cutover(pair):
    with followed(pair) as follower, open_tui(pair, rows=40) as tui:
        tui.await_text("streaming")
        tui.press("Cy\r")
        tui.await_text("[2 Tables]", absent=["Move the writes"])
        tui.press("C")
        tui.await_text("Move the writes to the destination?")
        tui.press("yes")
        tui.await_text("yes_")
        assert "cutover" not in follower.snapshot, follower.snapshot["cutover"]
        tui.press("\r5")
        tui.await_text("nothing was written between the two sentinels", "the writes belong to the destination", "second-sentinel")
        deadline = time.monotonic() + 30
        while "switchover-back" not in follower.snapshot.get("requests", []):
            assert time.monotonic() < deadline, follower.snapshot
            tui.read(0.1)
        tui.read_for(1)  # it hears of it a little later
        tui.press("C")
        tui.await_text("Move the writes back to the source?")
        tui.press("yes\r")
        tui.await_text("the writes belong to the source again", seconds=40)
        tui.press("q")
        assert tui.wait() == EXIT_OK
        follower.alive()


@case("the picture is held, and refreshed less often")
def held(pair):
    with followed(pair) as follower, open_tui(pair) as tui:
        tui.await_text("every 0.5 s", "streaming")
        tui.press("++")
        tui.await_text("every 2 s")
        tui.press("-- ")
        tui.await_text("HELD")
        assert pair.command.run("pause", env=pair.runtime).code == EXIT_OK
        follower.await_phase("paused")
        tui.read_for(2)
        assert "paused" not in tui.screen.text and "no answer" not in tui.screen.text, tui.screen.text
        tui.press(" ")
        tui.await_text("paused", absent=["HELD"])


@case("R21 the dashboard stands still: the job goes on, and it catches up afterwards")
def stands_still(pair):
    with followed(pair) as follower, open_tui(pair) as tui:
        tui.await_text("streaming")
        tui.signal(signal.SIGSTOP)
        before = follower.snapshot.get("transactions", 0)
        began = time.monotonic()
        for number in range(40):
            work(follower, number)
        deadline = time.monotonic() + 30
        while follower.databases.destination("SELECT count(*) FROM work") != "20000":
            follower.alive()
            assert time.monotonic() < deadline, "not everything has come"
            time.sleep(0.05)
        while time.monotonic() < began + 8:  # pictures that nobody takes
            time.sleep(0.1)
        assert follower.snapshot["transactions"] >= before + 40, follower.snapshot
        assert follower.resident() < 200 * 1024, f"{follower.most_resident} KiB"
        tui.signal(signal.SIGCONT)
        tui.await_text("streaming", "1 running", absent=["no answer", "lost"])
        tui.press("q")
        assert tui.wait() == EXIT_OK


@case("a terminal that takes nothing: the dashboard still ends when it is told to")
def stalled_terminal(pair):
    with followed(pair) as follower, open_tui(pair) as tui:
        tui.await_text("streaming")
        tui.press("\x13")  # Ctrl-S
        time.sleep(3)
        follower.alive()
        tui.press("\x11")  # Ctrl-Q
        tui.press("3")
        tui.await_text("[3 Events]")
        tui.press("q")
        assert tui.wait() == EXIT_OK


@case("an engine that is silent, killed and back under another name: dimmed, dated, found again")
def lost_engine(pair):
    with followed(pair) as follower, open_tui(pair) as tui:
        tui.await_text("streaming", "public.")
        follower.process.send_signal(signal.SIGSTOP)
        tui.await_text("no answer; this is how it stood", "public.")
        assert tui.screen.dims[1][0], tui.screen.text
        follower.process.send_signal(signal.SIGCONT)
        tui.await_text("streaming", absent=["no answer"])
        follower.kill()
        tui.await_text("connection lost; this is how it stood", "reconnecting", "0 running", "public.")
        assert tui.screen.dims[1][0], tui.screen.text
        tui.press("p")
        tui.await_text("can't be asked")
        follower.resume()
        follower.await_phase("streaming")
        tui.await_text("1 running of 2", "streaming", absent=["connection lost; this"])
        tui.press("4")
        tui.await_text("the connection to its engine is lost")
        tui.press("q")
        assert tui.wait() == EXIT_OK


@case("jobs that are over, without an engine; one that begins appears")
def history(pair):
    with followed(pair) as follower:
        follower.stop()
        with open_tui(pair) as tui:
            tui.await_text("0 running", "interrupted")
            tui.press("3")
            tui.await_text("catch-up")
            follower.resume()
            tui.await_text("1 running", "streaming", seconds=30)
            tui.press("q")
            assert tui.wait() == EXIT_OK


@case("a daemon: its jobs over its socket and over TCP from another home; a wrong token is told; killed and started again")
def daemon_jobs(pair):
    databases = pair.load(SCHEMA)
    daemon = Daemon(Command(pair.command.bindirs), "--listen=127.0.0.1:0")
    with daemon:
        begun = daemon.run("clone", "--follow", "--detach", *databases.uris())
        assert begun.code == EXIT_OK, begun
        info = daemon.run("daemon", "status", "--output=json").json_lines()[0]["daemon"]
        url = next(address for address in info["addresses"] if address.startswith("http://"))
        token = os.path.join(info["state_dir"], "token")
        with Terminal(daemon.command, "tui", env=daemon.env) as tui:
            tui.await_text("1 running of 1", "streaming", f"{databases.name} on", seconds=60)
            tui.press("q")
            assert tui.wait() == EXIT_OK
        away = Command(pair.command.bindirs)
        with Terminal(away, "tui", f"--server-url={url}", f"--token-file={token}") as tui:
            tui.await_text("1 running of 1", "streaming", "rows/s", "public.")
            tui.press("py")
            tui.await_text("paused as it was asked for")
            tui.press("py")
            tui.await_text("streaming", absent=["paused as it was asked for"])
            daemon.kill()
            tui.await_text("lost", seconds=90)
            daemon.arguments = [f"--listen={url.removeprefix('http://')}"]
            daemon.start(seconds=30)
            tui.await_text("1 running", "streaming", absent=["connection lost; this", "no answer; this"], seconds=90)
            tui.press("Sy")
            tui.await_text("0 running", seconds=60)
            tui.press("q")
            assert tui.wait() == EXIT_OK
        wrong = os.path.join(away.home.name, "wrong")
        with open(os.open(wrong, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write("no\n")
        with Terminal(away, "tui", f"--server-url={url}", f"--token-file={wrong}") as tui:
            tui.await_text("no answer:", "token")
            tui.press("q")
            assert tui.wait() == EXIT_OK
    pair.command.run("cleanup", *databases.uris())
    pair.drop(databases)


@case("signals, a closed window and a crash: the terminal is left as it was")
def ends(pair):
    with followed(pair) as follower:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with open_tui(pair) as tui:
                tui.await_text("streaming")
                tui.signal(number)
                assert tui.wait() == EXIT_INTERRUPTED, number
        with open_tui(pair) as tui:
            tui.await_text("streaming")
            tui.press("\x03")  # Ctrl-C
            assert tui.wait() == EXIT_INTERRUPTED
        for number in (signal.SIGSEGV, signal.SIGABRT):
            with open_tui(pair) as tui:
                tui.await_text("streaming")
                tui.signal(number)
                assert tui.wait() == -number
        with open_tui(pair) as tui:
            tui.await_text("streaming")
            assert tui.hang_up() in (EXIT_INTERRUPTED, -signal.SIGHUP), tui.process.returncode
        follower.alive()


def stopped(tui):
    with open(f"/proc/{tui.process.pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


@case("Ctrl-Z and SIGTSTP give the terminal back, fg takes it again")
def suspended(pair):
    with followed(pair), open_tui(pair) as tui:
        def by_key():
            tui.press("\x1a")

        for how in (by_key, lambda: tui.signal(signal.SIGTSTP)):
            tui.await_text("streaming")
            deadline = time.monotonic() + 10
            how()
            while not stopped(tui):
                assert time.monotonic() < deadline, tui.screen.text
                if not tui.read(0.4) and how is not by_key:
                    how()  # ncurses ignores the signal while it draws
            tui.settle(0.2)
            tui.expect_sane()
            tui.screen.resize(100, 30)  # whatever a shell has written over it
            tui.signal(signal.SIGCONT)
            tui.await_text("1 running of 1", "streaming", "[2 Tables]")
            assert tui.screen.alternate
            assert not termios.tcgetattr(tui.slave)[3] & termios.ECHO
        tui.press("q")
        assert tui.wait() == EXIT_OK


@case("no terminal, a dumb or unknown one, no such job, wrong times: told in words, with a hint")
def refused(pair):
    piped = pair.command.run("tui", env=pair.runtime)
    assert piped.code == EXIT_USAGE and "needs a terminal" in piped.err and "status" in piped.err, piped
    assert piped.out == "" and "\x1b" not in piped.err, piped
    for term, words in (("dumb", "TERM is \"dumb\""), ("", "TERM is \"\""), ("no-such-terminal", "isn't known")):
        with open_tui(pair, env={"TERM": term}) as tui:
            tui.await_text(words)
            assert tui.wait() == EXIT_USAGE, term
    for arguments, code, words in ((["--job=none"], EXIT_NOT_FOUND, "no such job"), (["--refresh=1ms"], EXIT_USAGE, "200ms"),
                                   (["--refresh=soon"], EXIT_USAGE, "soon"), (["more"], EXIT_USAGE, "more")):
        result = pair.command.run("tui", *arguments, env=pair.runtime)
        assert result.code == code and words in result.err, result
    shown = pair.command.run("tui", "--help")
    assert shown.code == EXIT_OK and "--refresh" in shown.out and "Keys:" in shown.out, shown


@case("no colours with NO_COLOR and --no-colour; colours otherwise; the job that is named")
def colours(pair):
    def bytes_of(*arguments, env=None):
        with open_tui(pair, *arguments, env=env) as tui:
            seen = bytearray()
            feed = tui.screen.feed
            tui.screen.feed = lambda data: (seen.extend(data), feed(data))
            tui.await_text("streaming", "public.")
            tui.settle(0.3)
            tui.press("q")
            assert tui.wait() == EXIT_OK
            return bytes(seen)

    with followed(pair) as follower:
        assert b"\x1b[32m" in bytes_of() or b";32m" in bytes_of(), "no colour"
        for arguments, env in (((), {"NO_COLOR": "1"}), (("--no-colour",), None), (("--no-color",), None)):
            seen = bytes_of(*arguments, env=env)
            assert not any(b"%dm" % c in seen for c in range(30, 38)), seen[:400]
        bytes_of(f"--job={follower.snapshot['job_id']}")
        bytes_of(*follower.databases.uris())
