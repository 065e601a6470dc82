"""clone --follow and follow: set up, stopped, killed, gone on with, taken away."""
import os
import re
import signal
import time

from harness import check
from harness.case import case
from harness.cluster import SqlError, unique
from harness.command import EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED, Command
from harness.follower import Follower
from harness.pair import Pair
from harness.workload import SCHEMA, Workload, verdict

WEIGHT = 6

# Enough to be in the middle of it for a moment.
BIG = """
CREATE TABLE big (id int PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);
INSERT INTO big (id, v) SELECT i, repeat(md5(i::text), 6) FROM generate_series(1, 120000) i;
CREATE INDEX ON big (v);
CREATE TABLE refers (id int PRIMARY KEY REFERENCES big, t int REFERENCES bank);
INSERT INTO refers SELECT i, i % 200 + 1 FROM generate_series(1, 1000) i;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM big;
"""

TWO = "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 100) i;"


def setup():
    # so little that large transactions are sent before their end
    return Pair(source_settings="logical_decoding_work_mem = '64kB'\nmax_slot_wal_keep_size = '2GB'\n"
                                "wal_sender_timeout = '6s'\n")


def follower(pair, databases, *arguments, **kwargs):
    return Follower(pair.command, databases.uris(), *arguments, **kwargs)


def await_rows(databases, table="a", seconds=30, alive=None):
    deadline = time.monotonic() + seconds
    sql = f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t;"
    while databases.source(sql) != databases.destination(sql):
        if alive:
            alive()
        assert time.monotonic() < deadline, f"{table} is not the same on both sides after {seconds} s"
        time.sleep(0.05)


def all_of_ours(pair, databases):
    """What of ours is on either side, as text."""
    query = """
SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database() UNION ALL
SELECT 'publication ' || pubname FROM pg_publication UNION ALL
SELECT 'origin ' || roname FROM pg_replication_origin UNION ALL
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'pgmanager' ORDER BY 1;"""
    return "source\n" + databases.source(query) + "\ndestination\n" + databases.destination(query)


def under_writers(pair, databases):
    before = all_of_ours(pair, databases)
    one = follower(pair, databases)
    with Workload(databases, clients=3, seed=1, pause=0.002) as work:
        work.await_commits(50)
        one.start().await_phase("streaming")
        work.await_commits(200)
        assert one.stop() == EXIT_INTERRUPTED, one.tell()
        work.await_commits(100)
        one.resume().await_phase("streaming")
        work.await_commits(100)
        verdict(work, alive=one.alive)
    assert one.snapshot["transactions"] > 0, one.snapshot
    one.cleanup()
    check.expect_same_text(before, all_of_ours(pair, databases), "something of ours is left")
    pair.compare(databases, "--schema")


@case("clone --follow under writers, stopped and gone on with; cleanup leaves nothing")
def clone_follow(pair):
    under_writers(pair, pair.load(SCHEMA + BIG))


@case("F68 killed while copying under writers, resumed: unfinished tables under a later snapshot")
def killed_while_copying(pair):
    databases = pair.load(SCHEMA + BIG)
    one = follower(pair, databases, "--split-larger-than=4MB", "--copy-workers=2")
    with Workload(databases, clients=3, seed=2, pause=0.002) as work:
        work.await_commits(20)
        for passes in (3, 6):
            one.env = {"PGMANAGER_FAILPOINT": f"copy.after_commit=kill@{passes}"}
            (one.resume if one.starts else one.start)()
            assert one.await_end() == -signal.SIGKILL, one.tell()
            work.await_commits(50)
        one.env = None
        one.resume().await_phase("streaming", seconds=120)
        work.await_commits(50)
        verdict(work, alive=one.alive)
    assert databases.destination("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated;") == "2"
    one.cleanup()
    pair.compare(databases, "--schema")


def kill_at(point):
    def run(pair):
        databases = pair.load(TWO)
        before = all_of_ours(pair, databases)
        one = follower(pair, databases, env={"PGMANAGER_FAILPOINT": f"{point}=kill"})
        one.start()
        assert one.await_end() == -signal.SIGKILL, one.tell()
        databases.source("INSERT INTO a SELECT i, 'w' FROM generate_series(101, 200) i;")
        one.env = None
        one.resume().await_phase("streaming")
        databases.source("UPDATE a SET v = 'x' WHERE id % 7 = 0;")
        await_rows(databases, alive=one.alive)
        one.cleanup()
        check.expect_same_text(before, all_of_ours(pair, databases), "something of ours is left")
    return run


for _point in ("follow.after_publication", "follow.after_slot", "follow.after_state", "schema.after_commit",
               "copy.after_all", "index.after_all", "clone.before_cleanup", "clone.after_cleanup"):
    globals()["killed_" + _point.replace(".", "_")] = case(f"R1 killed at {_point}, gone on with")(kill_at(_point))


@case("interrupted before anything was begun: nothing is left")
def failed_early(pair):
    databases = pair.load(TWO)
    before = all_of_ours(pair, databases)
    one = follower(pair, databases, env={"PGMANAGER_FAILPOINT": "schema.before_commit=error"})
    one.start()
    assert one.await_end() != EXIT_OK, one.tell()
    check.expect_same_text(before, all_of_ours(pair, databases), "something of ours is left")


@case("A7 slot dropped by hand: refused, with what is lost")
def slot_dropped(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    one.stop()
    databases.source("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                     "WHERE database = current_database();")
    databases.source("UPDATE a SET v = 'lost';")
    one.resume()
    assert one.await_end() == EXIT_REFUSED, one.tell()
    assert "is gone" in one.report["error"] and "lost" in one.report["detail"], one.tell()
    slots = databases.source("SELECT count(*) FROM pg_replication_slots WHERE database = current_database();")
    assert slots == "0", "a slot was made anew"
    one.cleanup()


@case("A7 slot confirmed beyond what is applied: refused")
def slot_ahead(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    one.stop()
    databases.source("UPDATE a SET v = 'lost'; SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) "
                     "FROM pg_replication_slots WHERE database = current_database();")
    one.resume()
    assert one.await_end() == EXIT_REFUSED, one.tell()
    assert "confirmed beyond" in one.report["error"], one.tell()
    one.cleanup()


@case("R4 source restarted and crashed, R5 destination crashed: it goes on by itself")
def servers_restarted(pair):
    databases = pair.load(SCHEMA)
    one = follower(pair, databases)
    with Workload(databases, clients=2, seed=3, pause=0.005) as work:
        one.start().await_phase("streaming")
        for cluster, how in ((pair.source, signal.SIGINT), (pair.source, signal.SIGQUIT),
                             (pair.destination, signal.SIGQUIT), (pair.destination, signal.SIGINT)):
            work.await_commits(30)
            began = time.monotonic()
            cluster.restart(how)
            assert time.monotonic() - began < 30, "the server waited for us to let it stop"
            one.alive()
        work.await_commits(50)
        verdict(work, alive=one.alive)
    one.cleanup()


@case("R2 sessions of ours ended by somebody: it goes on by itself")
def sessions_ended(pair):
    databases = pair.load(SCHEMA)
    one = follower(pair, databases)
    with Workload(databases, clients=2, seed=4, pause=0.005) as work:
        one.start().await_phase("streaming")
        for cluster in (pair.source, pair.destination, pair.destination):
            work.await_commits(30)
            cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE application_name LIKE 'pgmanager%';")
        work.await_commits(50)
        verdict(work, alive=one.alive)
    one.cleanup()


@case("F50 an idle source still advances")
def idle_advances(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    query = ("SELECT pg_wal_lsn_diff(confirmed_flush_lsn, '0/0')::bigint FROM pg_replication_slots "
             "WHERE database = current_database();")
    first = int(databases.source(query))
    pair.source.sql("CREATE TABLE noise AS SELECT i FROM generate_series(1, 200000) i; DROP TABLE noise;")
    deadline = time.monotonic() + 60
    while int(databases.source(query)) < first + 5000000:
        one.alive()
        assert time.monotonic() < deadline, "the slot stands still"
        time.sleep(0.2)
    assert one.phase == "streaming", one.phase
    assert one.snapshot["retained_bytes"] >= 0 and one.snapshot["slot_status"] == "reserved", one.snapshot
    one.cleanup()


@case("F54 messages of others pass by")
def foreign_messages(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    databases.source("SELECT pg_logical_emit_message(true, 'theirs', 'x'), pg_logical_emit_message(false, 'theirs', 'y'), "
                     "pg_logical_emit_message(false, 'pgmanager', 'z'); UPDATE a SET v = 'after';")
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("F42 tables without a replica identity are a blocker, with the SQL that helps")
def no_identity(pair):
    databases = pair.load("CREATE TABLE plain (a int, b text); CREATE TABLE \"Q\"\"uoted\" (a int NOT NULL UNIQUE); "
                          "CREATE TABLE fine (a int PRIMARY KEY); INSERT INTO plain VALUES (1, 'x'), (1, 'x');")
    before = all_of_ours(pair, databases)
    result = pair.command.run("clone", "--follow", *databases.uris())
    assert result.code == EXIT_REFUSED, result
    assert 'ALTER TABLE "public"."plain" REPLICA IDENTITY FULL;' in result.text, result
    assert 'ALTER TABLE "public"."Q""uoted" REPLICA IDENTITY USING INDEX "Q""uoted_a_key";' in result.text, result
    assert '"fine"' not in result.text, result
    check.expect_same_text(before, all_of_ours(pair, databases), "a refusal left something")
    databases.source('ALTER TABLE plain REPLICA IDENTITY FULL; ALTER TABLE "Q""uoted" REPLICA IDENTITY USING INDEX "Q""uoted_a_key";')
    one = follower(pair, databases).start().await_phase("streaming")
    databases.source("DELETE FROM plain WHERE ctid = (SELECT min(ctid) FROM plain); UPDATE plain SET b = 'y';")
    await_rows(databases, "plain", alive=one.alive)
    one.cleanup()


@case("F59 a second start is refused, whoever makes it")
def started_twice(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    # with a home of its own: another host
    for command in (pair.command, Command([pair.destination.bindir, pair.source.bindir])):
        for arguments in (("clone", "--follow"), ("clone", "--follow", "--resume"), ("follow",), ("cleanup",)):
            result = command.run(*arguments, *databases.uris())
            assert result.code == EXIT_REFUSED, result
    one.alive()
    databases.source("UPDATE a SET v = 'still';")
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("F45 large transactions, streamed before their end, with aborted subtransactions")
def large_transactions(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases, "--stream-large").start().await_phase("streaming")
    databases.source("""
BEGIN; INSERT INTO a SELECT i, repeat('x', 200) FROM generate_series(1000, 30000) i;
SAVEPOINT s; UPDATE a SET v = 'undone'; SAVEPOINT t; DELETE FROM a; ROLLBACK TO t; ROLLBACK TO s;
SAVEPOINT u; UPDATE a SET v = v || 'y' WHERE id % 3 = 0; RELEASE u; DELETE FROM a WHERE id % 5 = 0; COMMIT;
BEGIN; DELETE FROM a; INSERT INTO a SELECT i, repeat('z', 500) FROM generate_series(1, 20000) i; ROLLBACK;
UPDATE a SET v = 'last' WHERE id = 1;""")
    await_rows(databases, seconds=60, alive=one.alive)
    streamed = pair.source.sql("SELECT sum(stream_txns) FROM pg_stat_replication_slots;") if pair.source.major >= 14 else "1"
    assert streamed not in ("", "0"), "nothing was streamed"
    one.cleanup()


@case("F48 DDL under way: stops with both schemas, goes on after it was made on the destination")
def ddl_under_way(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    databases.source("UPDATE a SET v = 'before'; ALTER TABLE a ADD COLUMN w int; INSERT INTO a VALUES (500, 'new', 7);")
    assert one.await_end() in (EXIT_REFUSED, 6), one.tell()
    assert "w" in one.tell(), one.tell()
    databases.destination("ALTER TABLE a ADD COLUMN w int;")
    one.resume().await_phase("streaming")
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("F66 source and destination in one cluster")
def one_cluster(pair):
    databases = pair.load(TWO)
    name = databases.name + "_copy"
    pair.source.create_database(name)
    uris = [f"--source-uri={databases.source_uri}", f"--dest-uri={pair.source.uri(name)}"]
    one = Follower(pair.command, uris).start().await_phase("streaming")
    databases.source("UPDATE a SET v = 'both' WHERE id % 2 = 0;")
    deadline = time.monotonic() + 30
    query = "SELECT count(*) FROM a WHERE v = 'both';"
    while pair.source.sql(query, name) != "50":
        one.alive()
        assert time.monotonic() < deadline, "not applied"
        time.sleep(0.05)
    one.cleanup()
    pair.source.drop_database(name)


ROLE = "follower_role"


@case("A5 roles without superuser: what is missing is told, progress is kept in a row")
def least_privilege(pair):
    databases = pair.load(TWO + f"CREATE TABLE b (id int REFERENCES a PRIMARY KEY); ALTER TABLE a OWNER TO {ROLE}; ALTER TABLE b OWNER TO {ROLE};"
                          if pair.source.sql(f"SELECT count(*) FROM pg_roles WHERE rolname = '{ROLE}';") != "0" else
                          f"CREATE ROLE {ROLE} LOGIN; {TWO} CREATE TABLE b (id int REFERENCES a PRIMARY KEY); ALTER TABLE a OWNER TO {ROLE}; ALTER TABLE b OWNER TO {ROLE};")
    if pair.destination.sql(f"SELECT count(*) FROM pg_roles WHERE rolname = '{ROLE}';") == "0":
        pair.destination.sql(f"CREATE ROLE {ROLE} LOGIN;")
    pair.destination.sql(f"ALTER DATABASE {databases.name} OWNER TO {ROLE};")
    before = all_of_ours(pair, databases)
    uris = [f"--source-uri={pair.source.uri(databases.name, ROLE)}", f"--dest-uri={pair.destination.uri(databases.name, ROLE)}"]
    arguments = ("--exclude=pgmanager", "--no-owner", "--no-acl")
    result = pair.command.run("clone", "--follow", *uris, *arguments)
    assert result.code == EXIT_REFUSED, result
    for expected in (f'ALTER ROLE "{ROLE}" REPLICATION;', f'GRANT CREATE ON DATABASE "{databases.name}" TO "{ROLE}";',
                     f'GRANT SET ON PARAMETER session_replication_role TO "{ROLE}";', "pg_replication_origin_session_setup"):
        assert expected in result.text, f"no {expected} in\n{result}"
    pair.source.sql(f'ALTER ROLE {ROLE} REPLICATION; GRANT CREATE ON DATABASE {databases.name} TO {ROLE};')
    pair.destination.sql(f"GRANT SET ON PARAMETER session_replication_role TO {ROLE};")
    one = Follower(pair.command, uris, *arguments).start().await_phase("streaming")
    for i in range(3):
        databases.source(f"UPDATE a SET v = 'v{i}'; INSERT INTO b VALUES ({i} + 1);")
        await_rows(databases, alive=one.alive)
        one.kill() if i == 1 else one.stop()
        databases.source(f"UPDATE a SET v = v || 'w' WHERE id % {i + 2} = 0;")
        one.resume().await_phase("streaming")
    await_rows(databases, alive=one.alive)
    await_rows(databases, "b", alive=one.alive)
    one.cleanup()
    check.expect_same_text(before, all_of_ours(pair, databases), "something of ours is left")


@case("A5 roles without superuser: the printed GRANTs suffice for an origin")
def granted_origin(pair):
    role = unique("mig")
    for cluster in (pair.source, pair.destination):
        cluster.sql(f"CREATE ROLE {role} LOGIN;")
    databases = pair.load(f"{TWO} ALTER TABLE a OWNER TO {role};")
    pair.source.sql(f"ALTER ROLE {role} REPLICATION; GRANT CREATE ON DATABASE {databases.name} TO {role};")
    pair.destination.sql(f"ALTER DATABASE {databases.name} OWNER TO {role};")
    uris = [f"--source-uri={pair.source.uri(databases.name, role)}", f"--dest-uri={pair.destination.uri(databases.name, role)}"]
    arguments = ("--include=*.a", "--no-owner", "--no-acl")
    told = pair.command.run("clone", "--follow", "--dry-run", *uris, *arguments)
    grants = re.findall(r"GRANT EXECUTE ON FUNCTION .*;", told.text)
    assert grants, told
    databases.destination("".join(grants))
    one = Follower(pair.command, uris, *arguments).start().await_phase("streaming")
    assert databases.destination("SELECT count(*) FROM pg_replication_origin;") == "1", "no origin is used"
    databases.source("UPDATE a SET v = 'seen';")
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("pause, status and resume from another terminal")
def paused(pair):
    databases = pair.load(TWO)
    env = {"XDG_RUNTIME_DIR": os.path.join(pair.command.home.name, "run")}
    os.makedirs(env["XDG_RUNTIME_DIR"], mode=0o700, exist_ok=True)
    one = follower(pair, databases, env=env).start().await_phase("streaming")
    assert pair.command.run("pause", *databases.uris(), env=env).code == EXIT_OK
    one.await_phase("paused")
    databases.source("UPDATE a SET v = 'meanwhile';")
    time.sleep(1)
    assert databases.destination("SELECT count(*) FROM a WHERE v = 'meanwhile';") == "0"
    assert pair.command.run("resume", *databases.uris(), env=env).code == EXIT_OK
    await_rows(databases, alive=one.alive)
    one.await_phase("streaming")
    one.cleanup()


@case("F45 paused within a transaction that is larger than what is held: taken back, and sent again")
def paused_within(pair):
    databases = pair.load(TWO)
    env = {"XDG_RUNTIME_DIR": os.path.join(pair.command.home.name, "run-within"),
           "PGMANAGER_FAILPOINT": "apply.after_part=sleep:4000"}
    os.makedirs(env["XDG_RUNTIME_DIR"], mode=0o700, exist_ok=True)
    one = follower(pair, databases, env=env).start().await_phase("streaming")
    databases.source("INSERT INTO a SELECT i, repeat(md5(i::text), 50) FROM generate_series(1001, 50000) i;")
    deadline = time.monotonic() + 30
    while databases.destination("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                                " AND application_name LIKE 'pgmanager apply %';") == "0":
        assert time.monotonic() < deadline, "no part was applied"
        time.sleep(0.05)
    assert pair.command.run("pause", *databases.uris(), env=env).code == EXIT_OK
    one.await_phase("paused")
    time.sleep(1)
    assert one.snapshot["phase"] == "paused", one.snapshot
    assert databases.destination("SELECT count(*) FROM a;") == "100"
    assert pair.command.run("resume", *databases.uris(), env=env).code == EXIT_OK
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("F57 no room on the destination: paused with the reason, goes on by itself")
def no_room(pair):
    databases = pair.load(TWO)
    one = follower(pair, databases).start().await_phase("streaming")
    # what a server says when its disk is full, without filling one
    databases.destination("""CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END$$;
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION full_disk();
ALTER TABLE a ENABLE ALWAYS TRIGGER full_disk;""")
    databases.source("UPDATE a SET v = 'more';")
    one.await_phase("paused")
    deadline = time.monotonic() + 10
    while "No space left" not in one.snapshot.get("activity", ""):
        assert time.monotonic() < deadline, one.snapshot
        time.sleep(0.1)
    databases.destination("DROP FUNCTION full_disk() CASCADE;")
    one.await_phase("streaming", seconds=60)
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("a transaction that was open before: shown while the slot waits for it")
def waits_for_old(pair):
    databases = pair.load(TWO)
    holder = pair.source.psql_process(databases.name)
    holder.stdin.write(b"BEGIN; UPDATE a SET v = 'held' WHERE id = 1;\n")
    holder.stdin.flush()
    time.sleep(0.5)
    one = follower(pair, databases).start()
    deadline = time.monotonic() + 30
    while "waiting for older transactions" not in one.snapshot.get("activity", ""):
        one.alive()
        assert time.monotonic() < deadline, one.snapshot
        time.sleep(0.1)
    assert "UPDATE a SET v" in one.snapshot["activity"], one.snapshot["activity"]
    holder.stdin.write(b"COMMIT;\n")
    holder.stdin.close()
    holder.wait()
    one.await_phase("streaming")
    await_rows(databases, alive=one.alive)
    one.cleanup()


@case("follow with a slot and publication of others, from where the rows are")
def own_slot(pair):
    databases = pair.load(TWO)
    databases.source("CREATE PUBLICATION mine FOR TABLE a; SELECT pg_create_logical_replication_slot('mine_' || current_database(), 'pgoutput');")
    slot = "mine_" + databases.name
    pair.clone(databases)
    databases.source("UPDATE a SET v = 'followed' WHERE id < 10;")
    uris = databases.uris()
    result = pair.command.run("follow", *uris, f"--slot={slot}")
    assert result.code == 2, result
    result = pair.command.run("follow", *uris, "--slot=nothere", "--publication=mine")
    assert result.code == 3, result
    result = pair.command.run("follow", *uris, f"--slot={slot}", "--publication=mine", "--start-lsn=0/1")
    assert result.code == EXIT_REFUSED, result
    process = pair.command.start("follow", *uris, f"--slot={slot}", "--publication=mine", "--output=json")
    try:
        await_rows(databases)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == EXIT_INTERRUPTED
    finally:
        process.kill()
    assert pair.command.run("cleanup", *uris).code == EXIT_OK
    left = databases.source("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'mine%' UNION ALL SELECT pubname FROM pg_publication;")
    assert left == f"{slot}\nmine", left
    databases.source(f"SELECT pg_drop_replication_slot('{slot}');")
    check.expect_nothing_of_ours(pair.destination, databases.name)


@case("follow without a clone of ours, when both sides are equal")
def follow_anew(pair):
    databases = pair.load(TWO)
    before = all_of_ours(pair, databases)
    pair.clone(databases)
    process = pair.command.start("follow", *databases.uris())
    try:
        deadline = time.monotonic() + 30
        while databases.source("SELECT count(*) FROM pg_replication_slots WHERE database = current_database() AND active;") != "1":
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        databases.source("UPDATE a SET v = 'followed' WHERE id < 10;")
        await_rows(databases)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == EXIT_INTERRUPTED
    finally:
        process.kill()
    assert pair.command.run("cleanup", *databases.uris()).code == EXIT_OK
    check.expect_same_text(before, all_of_ours(pair, databases), "something of ours is left")


@case("cleanup by name, when the state is gone, and when there is nothing")
def cleanup_by_name(pair):
    databases = pair.load(TWO)
    before = all_of_ours(pair, databases)
    one = follower(pair, databases).start().await_phase("streaming")
    one.stop()
    databases.destination("DROP SCHEMA pgmanager CASCADE;")
    one.cleanup()
    check.expect_same_text(before, all_of_ours(pair, databases), "something of ours is left")
    result = pair.command.run("cleanup", *databases.uris())
    assert result.code == EXIT_OK and "Nothing of ours" in result.text, result


@case("options that don't go together are told")
def wrong_options(pair):
    databases = pair.load(TWO)
    for arguments, code in ((("clone", "--slot=x"), 2), (("clone", "--follow", "--schema-only"), 2),
                            (("clone", "--follow", "--on-conflict=what"), 2), (("follow", "--start-lsn=0/1"), 2),
                            (("clone", "--follow", "--resume", "--drop-existing"), 2)):
        result = pair.command.run(*arguments, *databases.uris())
        assert result.code == code, result
    result = pair.command.run("clone", "--follow", "--dry-run", *databases.uris())
    assert result.code == EXIT_OK and "follow-" in result.text, result
    check.expect_nothing_of_ours(pair.source, databases.name)


@case("plain lines when piped: lag, transactions, WAL kept back")
def plain_lines(pair):
    databases = pair.load(TWO)
    process = pair.command.start("clone", "--follow", *databases.uris(), stdout=-1, stderr=-1)
    deadline = time.monotonic() + 30
    while True:
        try:
            if databases.destination("SELECT copied FROM pgmanager.follow_job;") == "t":
                break
        except SqlError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    text = out.decode() + err.decode()
    assert process.returncode == EXIT_INTERRUPTED, text
    for expected in ("Streaming", "lag ", "transactions", "WAL kept back", "--resume", "cleanup"):
        assert expected in text, f"no “{expected}” in\n{text}"
    assert pair.command.run("cleanup", *databases.uris()).code == EXIT_OK


def matrix(source, destination):
    def run(_):
        pair = Pair(source, destination)
        try:
            under_writers(pair, pair.load(SCHEMA + BIG))
        finally:
            pair.close()
    return run


for _source, _destination in ((13, 17), (15, 18)):
    globals()[f"majors_{_source}_{_destination}"] = \
        case(f"{_source} to {_destination} under writers, stopped and gone on with", set="matrix")(
            matrix(_source, _destination))
