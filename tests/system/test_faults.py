"""Faults that following survives, or stops at in words; the names are those of
the table in tests/README.md. Every case: bank and ledger are written all the
while, and at the end nothing is lost, doubled or left behind."""
import os
import random
import signal
import threading
import time

from harness import check, proxy, workload
from harness.case import Case, case
from harness.pair import Pair
from harness.scene import Scene

WEIGHT = 8
SEED = int(os.environ.get("PGM_TEST_SEED", "0"))
ROUNDS = 20

# found by their peers when they die: well within the 30 s of R7
SETTINGS = "wal_sender_timeout = 12s\nautovacuum = on\nfsync = off\n"


def setup():
    return Pair(source_settings=SETTINGS, destination_settings=SETTINGS)


# ---- R1: killed at any instant ---------------------------------------------------------

def kill_in_copy(pair, seed):
    with Scene(pair, seed, rows=200000, pause=0.01) as scene:
        scene.follow("schema", "copy", "indexes", "catch-up", "streaming")
        scene.moment(0, 2.5)
        scene.kill_and_resume()
        scene.follower.await_phase("streaming", seconds=150)
        scene.commits(100)
        scene.finish()


def kill_in_catch_up(pair, seed):
    with Scene(pair, seed, rows=2000, pause=0) as scene:
        scene.follow()
        scene.backlog(3000)
        scene.follower.resume()
        scene.follower.await_phase("catch-up", "streaming")
        scene.moment(0, 1.0)
        scene.kill_and_resume()
        scene.follower.await_phase("streaming")
        scene.finish()


def kill_in_streaming(pair, seed):
    with Scene(pair, seed, rows=2000) as scene:
        scene.follow()
        for _ in range(3):
            scene.moment(0.1, 1.5)
            scene.kill_and_resume()
            scene.follower.await_phase("streaming")
        scene.commits(100)
        scene.finish()


def make_rounds():
    """A case for each kill, so that a slice can take any of them."""
    for what, function in (("copy", kill_in_copy), ("catch-up", kill_in_catch_up), ("streaming", kill_in_streaming),
                           ("cutover", kill_in_switchover)):
        for number in range(1, ROUNDS + 1):
            def run(pair, function=function, number=number):
                function(pair, SEED * 1000 + number)
            run.case = Case(f"R01 killed in {what}, {number} of {ROUNDS}", run, "faults")
            globals()[f"killed_in_{what.replace('-', '_')}_{number}"] = run



# ---- R2, R3: one connection dies ------------------------------------------------------------

ROLES = ("receive", "apply", "control", "follow", "")


@case("R02 a connection dies at a random message, again and again", set="faults")
def cut_at_random(pair):
    rng = random.Random(SEED)

    def rule(_connection, _sender, _number, _kind, _body):
        return rng.choice((proxy.CUT, proxy.CUT_AFTER)) if armed.is_set() and rng.random() < 0.0005 else proxy.PASS
    armed = threading.Event()
    with proxy.Proxy(pair.source.port, rule) as front, proxy.Proxy(pair.destination.port, rule) as back:
        with Scene(pair, SEED, rows=2000, source_proxy=front, destination_proxy=back) as scene:
            scene.follow()
            armed.set()
            end = time.monotonic() + 20
            while time.monotonic() < end:
                scene.follower.alive()
                time.sleep(0.1)
            armed.clear()
            scene.finish()


@case("R02 sessions are terminated by an administrator", set="faults")
def terminated(pair):
    with Scene(pair, SEED, rows=2000) as scene:
        scene.follow()
        for _ in range(6):
            scene.moment(0.2, 1.0)
            cluster = scene.rng.choice((pair.source, pair.destination))
            cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%';")
        scene.finish()


@case("R03 the answer to a COMMIT is lost", set="faults")
def commit_answer_lost(pair):
    lost = []

    def rule(connection, sender, _number, kind, body):
        if len(lost) < 5 and armed.is_set() and sender == "server" and kind == "C" and body.startswith(b"COMMIT"):
            lost.append(connection.role)
            return proxy.CUT
        return proxy.PASS
    armed = threading.Event()
    with proxy.Proxy(pair.destination.port, rule) as back:
        with Scene(pair, SEED, rows=2000, destination_proxy=back) as scene:
            scene.follow()
            armed.set()
            scene.commits(600)
            scene.finish()
    assert lost, "no COMMIT's answer passed by"


# ---- R4, R5, R6: servers ----------------------------------------------------------------------

@case("R04 the source crashes and comes back", set="faults")
def source_crash(pair):
    with Scene(pair, SEED, rows=2000) as scene:
        scene.follow()
        for _ in range(2):
            scene.moment(0.3, 1.5)
            pair.source.restart(signal.SIGQUIT)
            scene.commits(50)
        scene.finish()


@case("R05 the destination crashes while changes are applied", set="faults")
def destination_crash(pair):
    with Scene(pair, SEED, rows=2000) as scene:
        scene.follow()
        for _ in range(3):
            scene.moment(0.3, 1.5)
            pair.destination.restart(signal.SIGQUIT)
            scene.commits(50)
        scene.finish()


# ---- R7, R8, R9: the way between ----------------------------------------------------------------

@case("R07 a black hole in front of the source is noticed within 30 s, and following goes on", set="faults")
def black_hole(pair):
    with proxy.Proxy(pair.source.port) as front:
        with Scene(pair, SEED, rows=2000, source_proxy=front) as scene:
            scene.follow()
            scene.commits(50)
            front.hold_all()
            began, goal = time.monotonic(), scene.workload.committed
            while sum(last for last, _ in workload.counts(pair.destination, scene.databases.name).values()) <= goal + 200:
                scene.follower.alive()
                assert time.monotonic() < began + 45, "not back after 45 s"
                time.sleep(0.2)
            front.opened.set()  # the server's ends of what was held go, too
            scene.finish()


@case("R08 a destination that stands still: the source stays connected, memory is flat", set="faults")
def destination_stalls(pair):
    with Scene(pair, SEED, rows=2000, pause=0) as scene:
        scene.follow()
        scene.commits(200)
        pids = pair.destination.sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%' "
                                    f"AND application_name ~ 'apply' AND datname = '{scene.databases.name}';").split()
        assert pids, "no applying session"
        walsender = "SELECT pid FROM pg_stat_replication WHERE application_name LIKE 'pgmanager%';"
        sender = pair.source.sql(walsender)
        for pid in pids:
            os.kill(int(pid), signal.SIGSTOP)
        try:
            time.sleep(30)  # more than twice wal_sender_timeout
            assert pair.source.sql(walsender) == sender, "the source dropped us, or we it"
        finally:
            for pid in pids:
                os.kill(int(pid), signal.SIGCONT)
        assert scene.follower.resident() < 128 * 1024, f"{scene.follower.resident()} KiB"
        scene.finish()


@case("R09 a slow source that sends in small pieces", set="faults")
def slow_source(pair):
    with proxy.Proxy(pair.source.port, slice_size=700, delay=0.0005) as front:
        with Scene(pair, SEED, rows=500, source_proxy=front, clients=2, pause=0.05) as scene:
            scene.follow()
            scene.commits(100)
            began, used = time.monotonic(), os.times()
            del used
            ticks = cpu_ticks(scene.follower.process.pid)
            scene.commits(100)
            share = (cpu_ticks(scene.follower.process.pid) - ticks) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)
            assert share < 0.5, f"{share:.0%} of a core for a trickle"
            scene.finish()


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


# ---- R12, R14, R15: what a person has to decide ---------------------------------------------------

@case("R12 a slot that was invalidated is named, with what is lost", set="faults")
def slot_invalidated(pair):
    with Scene(pair, SEED, rows=500, watch=False) as scene:
        scene.follow()
        scene.follower.stop()
        pair.source.configure("max_slot_wal_keep_size = '16MB'")
        try:
            for _ in range(6):
                pair.source.sql("CREATE TABLE fill AS SELECT repeat(md5(i::text), 30) FROM generate_series(1, 30000) i; DROP TABLE fill; "
                                "SELECT pg_switch_wal();", scene.databases.name)
            pair.source.sql("CHECKPOINT;")
            scene.follower.resume()
            code = scene.follower.await_end()
            told = scene.follower.tell()
            assert code == 5 and "lost" in told, told
        finally:
            pair.source.configure("max_slot_wal_keep_size = -1")
        scene.workload.close()
        scene.follower.cleanup(scene.databases.uris())
        check.expect_nothing_of_ours(pair.source, scene.databases.name)
        check.expect_nothing_of_ours(pair.destination, scene.databases.name)


@case("R14 DDL in mid-stream stops before damage, shows both schemas, resumes after the DDL", set="faults")
def ddl_in_stream(pair):
    with Scene(pair, SEED, rows=500) as scene:
        scene.follow()
        scene.databases.source("ALTER TABLE items ADD extra text DEFAULT 'e'; INSERT INTO items (client, label) VALUES (0, 'with extra');")
        code = scene.follower.await_end()
        told = scene.follower.tell()
        assert code in (5, 6) and "extra" in told and "items" in told, told
        scene.databases.destination("ALTER TABLE items ADD extra text DEFAULT 'e';")
        scene.resume()
        scene.finish()


@case("R15 a row missing on the destination stops the job with its key; log leaves it out", set="faults")
def missing_row(pair):
    with Scene(pair, SEED, rows=500, clients=1) as scene:
        scene.follow()
        scene.databases.destination("SET session_replication_role = replica; DELETE FROM ballast WHERE id = 7;")
        scene.databases.source("UPDATE ballast SET v = 'changed' WHERE id = 7;")
        code = scene.follower.await_end()
        told = scene.follower.tell()
        assert code == 6 and "ballast" in told and "7" in told, told
        scene.databases.destination("SET session_replication_role = replica; "
                                    "INSERT INTO ballast SELECT 7, repeat(md5('7'), 4);")
        scene.resume()
        scene.finish()


# ---- R1 in the cutover ---------------------------------------------------------------------

def holder(pair, databases):
    """Who may be written to: what the destination's state says."""
    stage = pair.destination.sql("SELECT coalesce(max(cutover), 0) FROM pgmanager.follow_job;", databases.name)
    return pair.destination if int(stage) >= 2 else pair.source


def kill_in_switchover(pair, seed):
    """Writers go where the state says; whatever the moment of the kill, one side has
    everything that was acknowledged, and the other one follows or was followed."""
    with Scene(pair, seed, rows=500, clients=3, pause=0.01, watch=False) as scene:
        databases = scene.databases
        for cluster in (pair.source, pair.destination):
            cluster.sql(f"CREATE ROLE app_{databases.name} LOGIN;")
        try:
            cut_over_and_kill(pair, scene)
        finally:
            for cluster in (pair.source, pair.destination):
                with_no_error(cluster, f"DROP OWNED BY app_{databases.name}; DROP ROLE app_{databases.name};")


def with_no_error(cluster, sql):
    try:
        cluster.sql(sql)
    except Exception:  # pylint: disable=broad-except
        pass


def cut_over_and_kill(pair, scene):
    databases = scene.databases
    scene.follow()
    scene.commits(50)
    scene.workload.stop()  # the clients are superusers, whom no fence stops
    asking = pair.command.start("switchover", *databases.uris(), "--timeout=20s", "--fence=revoke")
    scene.moment(0, 1.2)
    scene.follower.kill()
    asking.wait(timeout=60)
    scene.follower.resume()
    scene.follower.await_phase("streaming", "switchover-complete", "catch-up", seconds=90)
    now = holder(pair, databases)
    assert databases.source("SELECT has_database_privilege('app_" + databases.name + "', current_database(), 'CONNECT');") == \
        ("f" if now is pair.destination else "t"), "the fence does not stand where the state says"
    for cluster in (pair.source, pair.destination):
        for client in scene.workload.clients:
            last, rows = workload.counts(cluster, databases.name).get(client.number, (0, 0))
            if cluster is now:
                assert last == rows >= client.acknowledged, f"client {client.number}: {client.acknowledged}, {last}, {rows}"
    # what is written now goes the other way, if there is one
    now.sql("INSERT INTO items (client, label) VALUES (77, 'after the kill');", databases.name)
    other = pair.source if now is pair.destination else pair.destination
    end = time.monotonic() + 60
    while other.sql("SELECT count(*) FROM items WHERE client = 77;", databases.name) != "1":
        scene.follower.alive()
        assert time.monotonic() < end, "what was written after the kill does not arrive on the other side"
        time.sleep(0.1)
    check.expect_same_rows(pair.source, databases.name, pair.destination, databases.name, skip=workload.NOT_FOLLOWED)
    scene.follower.cleanup(databases.uris())
    check.expect_nothing_of_ours(pair.source, databases.name)
    check.expect_nothing_of_ours(pair.destination, databases.name)


# ---- R6, R13, R19, R20 -------------------------------------------------------------------------

@case("R06 the slot is gone: refused, with what is lost, and nothing made anew in silence", set="faults")
def slot_gone(pair):
    with Scene(pair, SEED, rows=500, watch=False) as scene:
        scene.follow()
        scene.follower.stop()
        pair.source.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                        f"WHERE database = '{scene.databases.name}';")
        scene.commits(20)
        scene.follower.resume()
        code = scene.follower.await_end()
        told = scene.follower.tell()
        assert code == 5 and "slot" in told, told
        assert pair.source.sql(f"SELECT count(*) FROM pg_replication_slots WHERE database = '{scene.databases.name}';") == "0"
        scene.workload.close()
        scene.follower.cleanup(scene.databases.uris())


@case("R13 the session that holds the snapshot dies during the copy", set="faults")
def exporter_dies(pair):
    with Scene(pair, SEED, rows=200000, pause=0.01) as scene:
        scene.follow("schema", "copy", "indexes", "catch-up", "streaming")
        pair.source.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%' "
                        f"AND datname = '{scene.databases.name}' AND state LIKE 'idle%';")
        end = time.monotonic() + 20
        while scene.follower.process.poll() is None and scene.follower.phase != "streaming" and time.monotonic() < end:
            time.sleep(0.05)
        if scene.follower.process.poll() is not None:
            scene.resume()
        scene.follower.await_phase("streaming", seconds=150)
        scene.finish()


@case("R19 a million rows in one transaction, within 128 MiB resident", set="faults")
def million_rows(pair):
    with Scene(pair, SEED, rows=500, clients=1, pause=0.05) as scene:
        scene.follow()
        scene.databases.source("BEGIN; INSERT INTO ballast SELECT i, repeat(md5(i::text), 4) FROM generate_series(1000001, 2000000) i; "
                               "UPDATE ballast SET v = 'u' WHERE id % 7 = 0 AND id > 1000000; COMMIT;", timeout=300)
        scene.commits(5)  # behind it: the verdict waits for the last of these
        scene.finish(seconds=240)
        assert scene.follower.most_resident < 128 * 1024, f"{scene.follower.most_resident} KiB"


@case("R20 damaged bytes in the stream end the session in words, and lose nothing", set="faults")
def damaged_bytes(pair):
    rng = random.Random(SEED)
    damaged = []

    def rule(connection, sender, _number, kind, body):
        if armed.is_set() and sender == "server" and kind == "d" and len(body) > 30 and len(damaged) < 3 and rng.random() < 0.01 \
                and connection.parameters.get("replication"):
            at = rng.randrange(25, len(body))
            damaged.append(at)
            changed = bytearray(body)
            changed[25] = 0x07  # no message of the output plugin begins so
            return b"d" + (len(body) + 4).to_bytes(4, "big") + bytes(changed)
        return proxy.PASS
    armed = threading.Event()
    with proxy.Proxy(pair.source.port, rule) as front:
        with Scene(pair, SEED, rows=500, source_proxy=front) as scene:
            scene.follow()
            armed.set()
            code = scene.follower.await_end(seconds=60)
            told = scene.follower.tell()
            armed.clear()
            assert code == 6 and damaged, told
            scene.resume()
            scene.finish()


make_rounds()
