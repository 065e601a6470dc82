"""D1: both sides of a job that follows are compared while the changes flow."""
import json
import os
import subprocess
import time

from harness.case import Skip, case
from harness.cluster import find_bindir
from harness.command import EXIT_DIFFERENT, EXIT_FAILED, EXIT_OK, EXIT_REFUSED
from harness.pair import Pair
from harness.steered import Steered
from harness.workload import SCHEMA, Workload, verdict

WEIGHT = 5

BIG = """
CREATE TABLE big (id int PRIMARY KEY, v text);
INSERT INTO big SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, 60000) i;
"""

STILL = """
CREATE TABLE still (id int PRIMARY KEY, note text); INSERT INTO still SELECT i, 'as it was' FROM generate_series(1, 100) i;
CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY); INSERT INTO fleeting VALUES (1);
"""

# where the hash of an enum, which is of its oid, chooses the partition
HASHED = """
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
CREATE TABLE hashed (id int, c colour, PRIMARY KEY (id, c)) PARTITION BY HASH (c);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hashed SELECT i, (ARRAY['red', 'green', 'blue'])[i % 3 + 1]::colour FROM generate_series(1, 300) i;
"""


def setup():
    return Pair()


def verify(run, expect):
    result = run.run("verify", "--output=json")
    assert result.code == expect, f"verify ended with {result.code}\n{result}"
    return [line["verification"] for line in result.json_lines() if "verification" in line][-1]


def start_verify(run):
    return run.begin("verify", "--output=json")


def nothing_left(pair):
    """Of the verify; the slot of the job is another one."""
    for cluster in (pair.source, pair.destination):
        left = cluster.sql("SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE '%verify%';")
        assert left == "", left


def under_writers(pair):
    with Steered(pair, SCHEMA + STILL) as run:
        with Workload(run.databases, clients=3, seed=11, pause=0.002) as work:
            work.await_commits(100)
            found = verify(run, EXIT_OK)
            assert found["equal"] and found["tables"] == 7 and found["rows"] > 1500, found
            assert found["lsn"] != "0/0" and 0 < found["held_ms"] < 5000, found
            # row by hand: found, by its key, and the stream goes on
            run.databases.destination("UPDATE still SET note = 'by hand' WHERE id = 17;")
            run.databases.destination("DELETE FROM still WHERE id = 5; INSERT INTO still VALUES (500, 'mine');")
            work.await_commits(50)
            found = verify(run, EXIT_DIFFERENT)
            assert not found["equal"] and found["differing_tables"] == 1, found
            table, = found["differences"]
            assert table["name"] == "still" and table["differing_rows"] == 3, table
            rows = {row["key"].rpartition("=")[2]: row for row in table["rows"]}
            assert {key: row["state"] for key, row in rows.items()} == \
                {"(5)": "only-source", "(17)": "different", "(500)": "only-destination"}, rows
            assert "by hand" in rows["(17)"]["destination_row"], rows
            shown = run.run("verify")
            assert shown.code == EXIT_DIFFERENT and "public.still: different" in shown.out, shown
            assert "(17)" in shown.out and "DIFFERENT" in shown.out, shown
            run.await_snapshot(lambda snapshot: snapshot["phase"] == "streaming")
            run.await_event("error", '"public"."still" is different')
            assert any("equal as of" in text for text in run.events("verify")), run.events("verify")
            run.databases.destination("UPDATE still SET note = 'as it was' WHERE id = 17;")
            run.databases.destination("DELETE FROM still WHERE id = 500; INSERT INTO still VALUES (5, 'as it was');")
            work.await_commits(50)
            verify(run, EXIT_OK)
            verdict(work, alive=run.follower.alive)
        assert "verify" in run.follower.phases, run.follower.phases
        shown = run.run("status")
        assert "Verified      equal as of" in shown.out, shown
        nothing_left(pair)
        run.follower.stop()
        report = run.follower.report
        assert report["verification"]["equal"], report["verification"]
        names = {table["name"]: table["state"] for table in report["table_comparisons"]}
        assert names["bank"] == "equal" and "fleeting" not in names, names


@case("D1 equal under writers; rows changed by hand are found, and the stream goes on")
def verify_under_writers(pair):
    under_writers(pair)


def other_majors(source, destination):
    for major in (source, destination):
        if not find_bindir(major):
            raise Skip(f"PostgreSQL {major} is neither installed nor fetched")
    pair = Pair(source, destination)
    try:
        under_writers(pair)
    finally:
        pair.close()


@case("D1 from 13 to 17")
def from_13(_):
    other_majors(13, 17)


@case("D1 from 18 to 15")
def from_18(_):
    other_majors(18, 15)


@case("D1 an idle source: at once; a tree with other leaves on the other side is one table")
def idle(pair):
    with Steered(pair, BIG + HASHED) as run:
        began = time.monotonic()
        found = verify(run, EXIT_OK)
        assert found["tables"] == 2 and found["rows"] == 60300, found
        assert time.monotonic() - began < 5, f"took {time.monotonic() - began} s: {found}"
        assert found["held_ms"] < 1000, found
        run.databases.destination("DELETE FROM hashed WHERE id = 5;")
        found = verify(run, EXIT_DIFFERENT)
        assert found["differences"][0]["name"] == "hashed", found


@case("D1 a transaction that is open for long: waited for while the changes are applied")
def old_transaction(pair):
    with Steered(pair, BIG) as run:
        blocker = subprocess.Popen(
            [os.path.join(pair.source.bindir, "psql"), "-X", "-q", run.databases.source_uri, "-c",
             "BEGIN; INSERT INTO big VALUES (0, 'held'); SELECT pg_sleep(6); COMMIT;"], stdout=subprocess.DEVNULL)
        time.sleep(1.5)
        asking = start_verify(run)
        run.await_snapshot(lambda snapshot: "older transactions" in snapshot.get("verification", {}).get("activity", ""))
        run.databases.source("UPDATE big SET v = 'meanwhile' WHERE id = 1;")
        deadline = time.monotonic() + 3
        while run.databases.destination("SELECT v FROM big WHERE id = 1;") != "meanwhile":
            assert time.monotonic() < deadline, "nothing is applied while it waits"
            time.sleep(0.05)
        assert blocker.poll() is None, "it did not wait"
        out, err = asking.communicate(timeout=60)
        blocker.wait()
        assert asking.returncode == EXIT_OK, err.decode()
        found = json.loads(out.decode().splitlines()[-1])["verification"]
        assert found["rows"] == 60001 and found["held_ms"] < 3000, found


@case("D1 two at once and while it is paused: refused in words; a pause meanwhile is fine")
def at_odds(pair):
    with Steered(pair, BIG) as run:
        run.follower.stop()
        run.follower.env = {**run.env, "PGMANAGER_FAILPOINT": "verify.digest=sleep:3000"}
        run.follower.resume().await_phase("streaming")
        first = start_verify(run)
        run.await_snapshot(lambda snapshot: snapshot["phase"] == "verify")
        second = run.run("verify")
        assert second.code == EXIT_REFUSED and "being compared" in second.err, second
        cutover = run.run("switchover")
        assert cutover.code == EXIT_REFUSED and "being compared" in cutover.err, cutover
        assert run.run("pause").code == EXIT_OK
        run.await_snapshot(lambda snapshot: snapshot["phase"] == "paused")
        paused = run.run("verify")
        assert paused.code == EXIT_REFUSED and "paused" in paused.err, paused
        _, err = first.communicate(timeout=60)
        assert first.returncode == EXIT_OK, err.decode()
        assert run.run("resume").code == EXIT_OK
        run.follower.await_phase("streaming")


@case("D1 stopped and killed within: nothing is left, and the job goes on")
def ended_within(pair):
    with Steered(pair, BIG) as run:
        run.follower.stop()
        for place in ("verify.held", "verify.digest"):
            run.follower.env = {**run.env, "PGMANAGER_FAILPOINT": f"{place}=kill"}
            run.follower.resume().await_phase("streaming")
            asking = start_verify(run)
            run.follower.await_end()
            _, err = asking.communicate(timeout=60)
            assert asking.returncode == EXIT_FAILED, err.decode()
        # the first hold comes to nothing, the second digest as well
        run.follower.env = {**run.env, "PGMANAGER_FAILPOINT": "verify.held=error;verify.digest=error@2"}
        run.follower.resume().await_phase("streaming")
        verify(run, EXIT_OK)
        run.await_event("verify", "tried again")
        assert run.run("verify").code == EXIT_FAILED
        run.await_event("error", "no result")
        run.databases.source("UPDATE big SET v = 'after' WHERE id = 2;")
        verify(run, EXIT_OK)
        assert run.databases.destination("SELECT v FROM big WHERE id = 2;") == "after", "not applied"
        run.follower.stop()
        time.sleep(0.5)
        nothing_left(pair)
        run.follower.env = {**run.env, "PGMANAGER_FAILPOINT": "verify.digest=sleep:60000"}
        run.follower.resume().await_phase("streaming")
        start_verify(run)
        run.await_snapshot(lambda snapshot: snapshot["phase"] == "verify")
        run.follower.stop()
        assert run.follower.snapshot["phase"] == "stopped", run.follower.snapshot["phase"]


@case("D1 on the way back, after a cutover")
def on_the_way_back(pair):
    with Steered(pair, SCHEMA) as run:
        done = run.run("switchover", "--fence=none")
        assert done.code == EXIT_OK, done
        run.databases.destination("UPDATE bank SET note = 'new side' WHERE id < 9;")
        run.follower.await_phase("switchover-complete")
        found = verify(run, EXIT_OK)
        assert found["equal"] and found["tables"] >= 5, found
        run.databases.source("DELETE FROM items WHERE id = 3;")
        found = verify(run, EXIT_DIFFERENT)
        assert found["differences"][0]["name"] == "items", found
        run.await_snapshot(lambda snapshot: snapshot["phase"] == "switchover-complete")
        assert "streaming" not in run.follower.phases[run.follower.phases.index("switchover-complete"):], run.follower.phases
