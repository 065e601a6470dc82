"""What people and the world do wrong: a clear message, the right exit code, the
source untouched, the destination resumable or as it was."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

from harness import check
from harness.case import Skip, case
from harness.cluster import Cluster, find_bindir
from harness.command import Command
from harness.pair import Databases, Pair
from harness.slow import await_copy, await_quiet, slow_source

WEIGHT = 4


def setup():
    return Pair()


def expect(result, codes, *words):
    codes = codes if isinstance(codes, tuple) else (codes,)
    assert result.code in codes, f"not {codes}: {result}"
    for word in words:
        assert word.lower() in result.err.lower(), f"“{word}” is not in the message: {result}"
    assert "Traceback" not in result.text and "CRITICAL" not in result.text, result
    return result


# ---- the request itself -----------------------------------------------------------

@case("unknown flag, unknown command, missing end: exit 2")
def usage(pair):
    run = pair.command.run
    expect(run("clone", "--nonsense"), 2, "nonsense")
    expect(run("nonsense"), 2, "nonsense")
    expect(run("clone"), 2, "source")
    expect(run("clone", "--source-uri", pair.source.uri()), 2, "dest")
    expect(run("clone", "--copy-workers", "many", "--source-uri=x", "--dest-uri=y"), 2, "many")
    expect(run("clone", "--copy-workers", "-3", "--source-uri=dbname=x", "--dest-uri=dbname=y"), 2)
    expect(run("clone", "--split-larger-than", "12 parsecs", "--source-uri=dbname=x", "--dest-uri=dbname=y"), 2, "parsecs")
    expect(run("clone", "--output", "xml", "--source-uri=dbname=x", "--dest-uri=dbname=y"), 2, "xml")
    expect(run("clone", "--include", '"open', *Databases(pair, "postgres").uris()), 2, "open")
    expect(run("clone", "--schema-only", "--data-only", *Databases(pair, "postgres").uris()), 2)
    expect(run("compare", "--nonsense"), 2, "nonsense")


@case("malformed URI: exit 2")
def uri(pair):
    for text in ("postgresql://[::1/x", "postgresql://h:port/x", "nonsense", "postgresql://h/x?nonsense=1", "host='open"):
        result = pair.command.run("clone", f"--source-uri={text}", f"--dest-uri={pair.destination.uri()}")
        expect(result, 2)
        assert result.err.strip(), result


@case("help and version: exit 0")
def help_and_version(pair):
    for arguments in (["--help"], ["clone", "--help"], ["compare", "--help"], ["demo", "--help"], []):
        result = pair.command.run(*arguments)
        assert result.code == 0 and len(result.out) > 100, result
    version = pair.command.run("--version")
    assert version.code == 0 and "libpq" in version.out and "GLib" in version.out, version
    text = pair.command.run("clone", "--help").out
    for flag in ("--source-uri", "--dest-uri", "--source-host", "--source-port", "--source-user", "--source-password",
                 "--source-dbname", "--dest-host", "--dest-password", "--copy-workers", "--index-workers",
                 "--split-larger-than", "--include", "--exclude", "--schema-only", "--data-only", "--no-owner",
                 "--no-acl", "--drop-existing", "--resume", "--dry-run", "--output", "--foreground"):
        assert flag in text, f"{flag} is not in clone --help"


# ---- reaching the servers ---------------------------------------------------------

@case("unreachable host, closed port, unresolvable name: exit 4")
def unreachable(pair):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    for source in (f"postgresql://postgres@127.0.0.1:{closed}/x", "postgresql://postgres@no-such-host.invalid/x",
                   "postgresql://postgres@%2Fno%2Fsuch%2Fdirectory/x"):
        result = pair.command.run("clone", f"--source-uri={source}", f"--dest-uri={pair.destination.uri()}")
        expect(result, 4)
    expect(pair.command.run("compare", f"--source-uri={pair.source.uri()}",
                            f"--dest-uri=postgresql://postgres@127.0.0.1:{closed}/x"), 4, str(closed))


@case("a server that accepts and never answers does not hang us")
def silent(pair):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4)
        port = listener.getsockname()[1]
        began = time.monotonic()
        result = pair.command.run("clone", f"--source-uri=postgresql://postgres@127.0.0.1:{port}/x?connect_timeout=3",
                                  f"--dest-uri={pair.destination.uri()}", timeout=60)
        expect(result, 4)
        assert time.monotonic() - began < 30


@case("something else than PostgreSQL answers: exit 4")
def other_server(pair):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(4)
    port = listener.getsockname()[1]
    server = subprocess.Popen(["python3", "-c", "import socket, sys\n"
                               "l = socket.socket(fileno=int(sys.argv[1]))\n"
                               "while True:\n c, _ = l.accept(); c.send(b'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'); c.close()",
                               str(listener.fileno())], pass_fds=[listener.fileno()])
    try:
        expect(pair.command.run("clone", f"--source-uri=postgresql://postgres@127.0.0.1:{port}/x",
                                f"--dest-uri={pair.destination.uri()}", timeout=60), 4)
    finally:
        server.kill()
        server.wait()
        listener.close()


@case("wrong password: exit 4, and the password is nowhere")
def password(pair):
    locked = Cluster(scram=True)
    try:
        locked.create_database("d")
        for source in ([f"--source-uri={locked.uri('d', password='wr0ng-S3cret')}"],
                       ["--source-host=127.0.0.1", f"--source-port={locked.port}", "--source-user=postgres",
                        "--source-dbname=d", "--source-password=wr0ng-S3cret"],
                       ["--source-host=127.0.0.1", f"--source-port={locked.port}", "--source-user=postgres",
                        "--source-dbname=d", "--source-password", "wr0ng-S3cret"]):
            result = expect(pair.command.run("clone", *source, f"--dest-uri={pair.destination.uri()}"), 4, "password")
            assert "wr0ng" not in result.text, result
        expect(pair.command.run("clone", f"--source-uri=postgresql://postgres@127.0.0.1:{locked.port}/d",
                                f"--dest-uri={pair.destination.uri()}"), 4, "password")
    finally:
        locked.close()


@case("the right password by URI, by part, by PGPASSWORD-less passfile and by service")
def password_ways(pair):
    locked = Cluster(scram=True)
    try:
        locked.create_database("d")
        locked.sql("CREATE TABLE t AS SELECT 1 AS i;", "d")
        command = Command([locked.bindir])
        plain = f"postgresql://postgres@127.0.0.1:{locked.port}/d"
        passfile = os.path.join(command.home.name, "passfile")
        with open(passfile, "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1:{locked.port}:*:postgres:{locked.password.replace(':', chr(92) + ':')}\n")
        os.chmod(passfile, 0o600)
        service = os.path.join(command.home.name, "services")
        with open(service, "w", encoding="utf-8") as file:
            file.write(f"[there]\nhost=127.0.0.1\nport={locked.port}\nuser=postgres\ndbname=d\npassword={locked.password}\n")
        for i, (source, env) in enumerate((
                ([f"--source-uri={locked.uri('d')}"], {}),
                ([f"--source-uri={plain}", f"--source-password={locked.password}"], {}),
                (["--source-host=127.0.0.1", f"--source-port={locked.port}", "--source-user=postgres",
                  "--source-dbname=d", "--source-password", locked.password], {}),
                ([f"--source-uri={plain}"], {"PGPASSFILE": passfile}),
                (["--source-uri=service=there"], {"PGSERVICEFILE": service}))):
            databases = Databases(pair, f"ways_{i}")
            pair.destination.create_database(databases.name)
            result = command.run("clone", *source, f"--dest-uri={databases.destination_uri}", env=env)
            expect(result, 0)
            assert locked.password not in result.text, result
            assert databases.destination("TABLE t;") == "1"
    finally:
        locked.close()


@case("a password on the command line is wiped from the arguments at once")
def wiped(pair):
    databases = slow_source(pair)
    secret = "V3ry-Secret-Word"
    source = databases.source_uri.replace("postgres@", f"postgres:{secret}@")
    process = pair.command.start("clone", f"--source-uri={source}", "--dest-password", secret,
                                 f"--dest-uri={databases.destination_uri}", stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
    try:
        await_copy(pair, databases, process)
        seen = 0
        for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read()
            except OSError:
                continue
            if b"pgmanager\0clone" in line:
                seen += 1
            assert secret.encode() not in line, line
        assert seen >= 1
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert secret.encode() not in out + err


@case("missing database: exit 3 or 4, with its name")
def missing_database(pair):
    for arguments in ([f"--source-uri={pair.source.uri('not_there')}", f"--dest-uri={pair.destination.uri()}"],
                      [f"--source-uri={pair.source.uri()}", f"--dest-uri={pair.destination.uri('not_there')}"]):
        expect(pair.command.run("clone", *arguments), (3, 4), "not_there")


@case("one and the same database as source and destination: exit 5")
def same(pair):
    databases = pair.load("CREATE TABLE t (i int); INSERT INTO t VALUES (1);")
    result = pair.command.run("clone", f"--source-uri={databases.source_uri}", f"--dest-uri={databases.source_uri}",
                              "--drop-existing")
    expect(result, (2, 5))
    assert databases.source("TABLE t;") == "1"


# ---- the destination -----------------------------------------------------------------

@case("a schema of the ledger's name on the source is refused, never left out in silence")
def own_schema(pair):
    databases = pair.load("CREATE SCHEMA pgmanager; CREATE TABLE pgmanager.mine (i int); CREATE TABLE t (i int);")
    expect(pair.command.run("clone", *databases.uris()), 5, "schema pgmanager", "--exclude pgmanager")
    assert pair.destination.sql("SELECT to_regclass('t') IS NULL;", databases.name) == "t"
    pair.clone(databases, "--exclude", "pgmanager")


@case("destination not empty: exit 5 and as it was; --drop-existing replaces it")
def not_empty(pair):
    databases = pair.load("CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t VALUES (1), (2);")
    databases.destination("CREATE TABLE t (mine text); INSERT INTO t VALUES ('mine'); CREATE TABLE keep_me ();")
    before = check.dump_schema(pair.destination, databases.name, pair.destination.bindir)
    result = pair.command.run("clone", *databases.uris())
    assert result.code == 5, result
    assert "drop-existing" in result.text or "empty" in result.text, result
    assert check.normalise(before) == check.normalise(
        check.dump_schema(pair.destination, databases.name, pair.destination.bindir))
    assert databases.destination("TABLE t;") == "mine"
    pair.clone(databases, "--drop-existing")
    databases.both("SELECT count(*), sum(i) FROM t;")


@case("--drop-existing drops only what the clone replaces, of whatever kind")
def drop_existing(pair):
    sql = """CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a'); CREATE TABLE app.t (i int PRIMARY KEY, m app.mood);
             INSERT INTO app.t VALUES (1, 'a'); CREATE VIEW app.v AS SELECT * FROM app.t; CREATE SEQUENCE app.s;
             CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE MATERIALIZED VIEW app.m AS TABLE app.t;
             CREATE TABLE app.p (k int) PARTITION BY LIST (k); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (1);
             CREATE TABLE app.fk (i int REFERENCES app.t); INSERT INTO app.p VALUES (1); INSERT INTO app.fk VALUES (1);
             CREATE EXTENSION citext; SELECT lo_from_bytea(4711, 'abc');"""
    databases = pair.load(sql)
    databases.destination(sql)
    databases.destination("DROP VIEW app.v; DELETE FROM app.fk; SELECT lo_put(4711, 0, 'xyz');")
    pair.prove(databases, clone_only=["--drop-existing"])


@case("read-only destination: exit 5 or 6 with the reason; standby as destination likewise")
def read_only(pair):
    databases = pair.load("CREATE TABLE t (i int); INSERT INTO t VALUES (1);")
    pair.destination.sql(f"ALTER DATABASE {databases.name} SET default_transaction_read_only = on;")
    result = pair.command.run("clone", *databases.uris())
    # the setting is overridden for our own sessions (A2); a server that can't write is refused
    assert result.code in (0, 5), result
    with standby_of(pair.destination) as standby:
        result = pair.command.run("clone", f"--source-uri={databases.source_uri}",
                                  f"--dest-uri={standby.uri(databases.name)}")
        expect(result, 5)
        assert "read-only" in result.text or "standby" in result.text or "recovery" in result.text, result


class standby_of:  # pylint: disable=invalid-name
    """A hot standby of a cluster, for as long as the block."""

    def __init__(self, primary):
        self.primary = primary

    def __enter__(self):
        primary = self.primary
        self.cluster = Cluster.__new__(Cluster)
        self.cluster.__dict__.update(major=primary.major, bindir=primary.bindir, user=primary.user,
                                     password=primary.password, process=None, port=None)
        self.cluster.make_directory()
        done = subprocess.run([os.path.join(primary.bindir, "pg_basebackup"), "-h", "127.0.0.1", "-p", str(primary.port),
                               "-U", "postgres", "-D", self.cluster.data, "-R", "-X", "stream", "-c", "fast"],
                              capture_output=True, text=True, **self.cluster._as_server())
        assert done.returncode == 0, done.stderr
        self.cluster.configure(f"unix_socket_directories = '{self.cluster.directory}'\nhot_standby = on\n"
                               "max_standby_streaming_delay = -1")
        self.cluster.start()
        deadline = time.monotonic() + 30
        while primary.sql("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= sent_lsn;") == "0":
            assert time.monotonic() < deadline, "the standby does not follow"
            time.sleep(0.1)
        return self.cluster

    def __exit__(self, *_):
        self.cluster.close()


@case("source on a standby: a plain clone works")
def standby_source(pair):
    databases = pair.load("""CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, md5(i::text)
                             FROM generate_series(1, 20000) i; SELECT lo_from_bytea(99, 'abc'); CREATE SEQUENCE s; SELECT nextval('s');""")
    with standby_of(pair.source) as standby:
        uris = [f"--source-uri={standby.uri(databases.name)}", f"--dest-uri={databases.destination_uri}"]
        result = pair.command.run("clone", *uris, "--split-larger-than", "256kB")
        expect(result, 0)
        expect(pair.command.run("compare", *uris), 0)
        pair.check_independently(databases)


@case("pg_dump too old for the source: exit 3 or 5, before anything is touched")
def old_pg_dump(pair):
    newer = max([m for m in (17, 18) if find_bindir(m)] or [0])
    if newer <= pair.destination.major or os.path.exists(f"/usr/lib/postgresql/{newer}"):
        raise Skip("no fetched server is newer than the system's pg_dump")
    source = Cluster(newer)
    try:
        source.create_database("d")
        pair.destination.create_database("old_dump")
        command = Command([pair.destination.bindir])
        result = command.run("clone", f"--source-uri={source.uri('d')}",
                             f"--dest-uri={pair.destination.uri('old_dump')}")
        expect(result, (3, 5))
        assert "pg_dump" in result.text and str(newer) in result.text, result
    finally:
        source.close()


@case("destination out of disk: a clear message, then --resume ends the work")
def disk_full(pair):
    mount = os.path.join(pair.destination.directory, "small")
    os.mkdir(mount)
    user = pair.destination.user
    owner = f",uid={user.pw_uid},gid={user.pw_gid}" if user else ""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=24m,mode=0700{owner}", "tmpfs", mount],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip("a small file system can't be mounted here: " + done.stderr.strip())
    try:
        pair.destination.sql(f"CREATE TABLESPACE small LOCATION '{mount}';")
        databases = pair.databases("", "TABLESPACE small")
        databases.source("""CREATE TABLE small (i int); INSERT INTO small VALUES (1);
            CREATE TABLE big (id int PRIMARY KEY, v text); ALTER TABLE big ALTER v SET STORAGE EXTERNAL;
            INSERT INTO big SELECT i, repeat('x', 4000) FROM generate_series(1, 12000) i;""")
        result = pair.command.run("clone", *databases.uris())
        assert result.code in (5, 6), result
        assert "space" in result.text.lower(), result
        await_quiet(pair, databases)
        subprocess.run(["mount", "-o", "remount,size=400m", mount], check=True)
        pair.clone(databases, *(["--resume"] if "--resume" in result.text else []))
        databases.both("SELECT count(*), sum(id), sum(length(v)) FROM big;")
    finally:
        # a tablespace without its directory would keep the server from starting
        pair.destination.sql("SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database d JOIN "
                             "pg_tablespace t ON t.oid = dattablespace WHERE spcname = 'small' \\gexec")
        pair.destination.sql("DROP TABLESPACE IF EXISTS small;")
        subprocess.run(["umount", "-l", mount], check=False)


# ---- in mid-copy -----------------------------------------------------------------------

def disturbed(pair, disturb, code):
    """A clone that @disturb hits while a table is copied; then --resume."""
    databases = slow_source(pair)
    before = check.footprint(pair.source, databases.name)
    process = pair.command.start("clone", *databases.uris(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    await_copy(pair, databases, process)
    disturb(databases, process)
    out, err = process.communicate(timeout=120)
    text = (out + err).decode("utf-8", "replace")
    assert process.returncode == code, f"{process.returncode}, not {code}:\n{text[-4000:]}"
    await_quiet(pair, databases)
    check.expect_same_text(before, check.footprint(pair.source, databases.name), "the source is not as it was")
    result = pair.clone(databases, "--resume")
    check.expect_nothing_of_ours(pair.destination, databases.name)
    pair.compare(databases)
    pair.check_independently(databases)
    return text, result


def sessions_of(cluster, databases):
    cluster.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%' "
                f"AND datname = '{databases.name}';")


@case("the source's connections cut in mid-copy: exit 6, then --resume")
def cut_source(pair):
    text, _ = disturbed(pair, lambda d, p: sessions_of(pair.source, d), 6)
    assert "--resume" in text, text


@case("the destination's connections cut in mid-copy: exit 6, then --resume")
def cut_destination(pair):
    disturbed(pair, lambda d, p: sessions_of(pair.destination, d), 6)


@case("the destination crashes in mid-copy: exit 6, then --resume")
def crash_destination(pair):
    disturbed(pair, lambda d, p: pair.destination.restart(signal.SIGQUIT), 6)


@case("the source crashes in mid-copy: exit 6, then --resume")
def crash_source(pair):
    def crash(_databases, _process):
        pair.source.restart(signal.SIGQUIT)
    disturbed(pair, crash, 6)


@case("Ctrl-C in mid-copy: exit 130, then --resume")
def interrupted(pair):
    began = []

    def interrupt(_databases, process):
        began.append(time.monotonic())
        process.send_signal(signal.SIGINT)
    text, _ = disturbed(pair, interrupt, 130)
    assert "--resume" in text, text


@case("SIGTERM in mid-copy: exit 130, then --resume")
def terminated(pair):
    disturbed(pair, lambda d, p: p.send_signal(signal.SIGTERM), 130)


@case("SIGKILL in mid-copy: no session stays, then --resume")
def killed(pair):
    disturbed(pair, lambda d, p: p.kill(), -9)


@case("what a killed clone leaves in the directory for temporary files goes with the next one")
def killed_directory(pair):
    databases = slow_source(pair)
    with tempfile.TemporaryDirectory(prefix="pgms-tmp-") as directory:
        env = {"TMPDIR": directory}
        process = pair.command.start("clone", *databases.uris(), env=env, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        await_copy(pair, databases, process)
        process.kill()
        process.wait()
        assert len(clone_directories(directory)) == 1, os.listdir(directory)
        await_quiet(pair, databases)
        expect(pair.command.run("clone", *databases.uris(), "--resume", env=env), 0)
        assert not clone_directories(directory), os.listdir(directory)
    pair.check_independently(databases)


def clone_directories(directory):
    """Beside them there may be the one of the socket, which stays."""
    return [name for name in os.listdir(directory) if name.startswith("pgmanager-clone-")]


@case("a pg_dump that waits for somebody's lock gives up and names the holder")
def dump_waits(pair):
    databases = pair.load("CREATE TABLE t (i int); INSERT INTO t VALUES (1);")
    process = pair.command.start("clone", *databases.uris(), env={"PGMANAGER_FAILPOINT": "schema.before_dump=sleep:3000"},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60
    held = ("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = 't'::regclass "
            "AND l.mode = 'AccessShareLock' AND l.granted AND a.application_name LIKE 'pgmanager%keeper%';")
    while databases.source(held) == "0":
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[0]
        time.sleep(0.05)
    # it stands behind the keeper, and pg_dump behind it
    waiter = pair.source.psql_process(databases.name)
    waiter.stdin.write(b"VACUUM FULL t;\n")
    waiter.stdin.close()
    out = process.communicate(timeout=120)[0].decode("utf-8", "replace")
    assert process.returncode == 6, out
    assert re.search(r"process \d+ \(user \w+, .*\) waits for ACCESS EXCLUSIVE on public\.t: VACUUM FULL t", out), out
    assert waiter.wait(timeout=60) == 0
    pair.clone(databases)
    pair.check_independently(databases)


@case("--resume where nothing was begun, and after a clone that is done")
def resume_nothing(pair):
    databases = pair.load("CREATE TABLE t (i int); INSERT INTO t VALUES (1);")
    result = pair.command.run("clone", *databases.uris(), "--resume")
    assert result.code in (0, 3, 5), result
    if result.code != 0:
        pair.clone(databases)
    databases.both("TABLE t;")
    result = pair.command.run("clone", *databases.uris(), "--resume")
    assert result.code in (0, 3, 5), result
    databases.both("TABLE t;")


@case("two clones into one destination at once: one is refused")
def twice(pair):
    databases = slow_source(pair)
    first = pair.command.start("clone", *databases.uris(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        await_copy(pair, databases, first)
        second = pair.command.run("clone", *databases.uris(), "--resume")
        expect(second, 5)
    finally:
        out, err = first.communicate(timeout=120)
    assert first.returncode == 0, (out + err).decode()
    pair.check_independently(databases)
