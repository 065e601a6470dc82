"""Standbys, failovers, connections that lead elsewhere, and clocks that jump."""
import glob
import os
import signal
import subprocess
import threading
import time

from harness import check, proxy
from harness.case import Skip, case
from harness.cluster import Cluster, find_bindir, unique
from harness.command import EXIT_REFUSED
from harness.follower import Follower
from harness.following import Following
from harness.pair import Databases, Pair
from harness.scene import Scene
from harness.standby import Standby

WEIGHT = 4
SEED = int(os.environ.get("PGM_TEST_SEED", "0"))
SETTINGS = "wal_sender_timeout = 12s\n"
TABLE = "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 100) i;"


def setup():
    if find_bindir(17) is None:
        raise Skip("PostgreSQL 17 is not here")
    return Pair(17, 17, source_settings=SETTINGS, destination_settings=SETTINGS)


def await_count(cluster, dbname, sql, expected, follower, seconds=40):
    deadline = time.monotonic() + seconds
    while cluster.sql(sql, dbname) != expected:
        follower.alive()
        assert time.monotonic() < deadline, f"{sql} is not {expected} after {seconds} s"
        time.sleep(0.05)


class LogsSnapshots(threading.Thread):
    """What the primary of a standby has to do while a slot is made there."""

    def __init__(self, primary):
        super().__init__(daemon=True)
        self.primary, self.ended = primary, threading.Event()

    def run(self):
        while not self.ended.wait(0.3):
            self.primary.sql("SELECT pg_log_standby_snapshot();")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


@case("F51 a standby is the source: cloned from it, followed from it, nothing left on it")
def standby_as_source(pair):
    databases = pair.load(TABLE + "CREATE PUBLICATION mine FOR TABLE a;")
    standby = Standby(pair.source)
    try:
        standby.await_replay()
        uris = [f"--source-uri={standby.uri(databases.name)}", f"--dest-uri={databases.destination_uri}"]
        refused = pair.command.run("clone", "--follow", *uris)
        assert refused.code == EXIT_REFUSED and "CREATE PUBLICATION" in refused.text, refused
        follower = Follower(pair.command, uris, "--publication=mine")
        with LogsSnapshots(pair.source):
            follower.start().await_phase("streaming", seconds=60)
        databases.source("INSERT INTO a VALUES (1000, 'after'); UPDATE a SET v = 'w' WHERE id = 1;")
        await_count(pair.destination, databases.name, "SELECT count(*) FROM a WHERE v IN ('after', 'w');", "2", follower)
        assert standby.sql("SELECT count(*) FROM pg_replication_slots;") == "1"
        follower.cleanup()
        assert standby.sql("SELECT count(*) FROM pg_replication_slots;") == "0"
        check.expect_same_rows(pair.source, databases.name, pair.destination, databases.name)
        assert databases.source("SELECT pubname FROM pg_publication;") == "mine", "that one was not ours"
    finally:
        standby.close()
        pair.drop(databases)


@case("F52 a slot that fails over is followed as any other")
def failover_slot(pair):
    databases = pair.load(TABLE + "CREATE PUBLICATION mine FOR TABLE a;")
    slot = unique("slot")
    try:
        databases.source(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput', false, false, true);")
        databases.destination(TABLE)
        process = pair.command.start("follow", *databases.uris(), f"--slot={slot}", "--publication=mine", "--output=json",
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        databases.source("INSERT INTO a VALUES (1000, 'after');")
        end = time.monotonic() + 30
        while databases.destination("SELECT count(*) FROM a WHERE id = 1000;") != "1":
            assert process.poll() is None, f"ended with {process.poll()}"
            assert time.monotonic() < end, "it does not arrive"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        assert databases.source(f"SELECT failover FROM pg_replication_slots WHERE slot_name = '{slot}';") == "t"
        assert pair.command.run("cleanup", *databases.uris()).code == 0
        databases.source(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{slot}';")
    finally:
        pair.drop(databases)


@case("F55 a connection that leads to another server than the first: stopped by name, nothing written")
def led_elsewhere(pair):
    other = Cluster(17, copied=False)
    try:
        with proxy.Proxy(pair.source.port) as front:
            with Following(pair, TABLE, source_proxy=front) as run:
                run.caught_up()
                other.create_database(run.databases.name)
                front.port_of_server = other.port
                pair.source.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%';")
                run.stops("identifier")
                front.port_of_server = pair.source.port
                run.resume()
                run.same("INSERT INTO a VALUES (1000, 'after');")
    finally:
        other.close()


@case("R06 failed over to a standby without the slot: stops, and names what is lost", set="faults")
def failed_over(pair):
    primary = Cluster(17, settings=SETTINGS, copied=False)
    standby = Standby(primary)
    scenario = Pair.__new__(Pair)
    scenario.source, scenario.destination, scenario.command = primary, pair.destination, pair.command
    databases = Databases(scenario, unique())
    try:
        for cluster in (primary, pair.destination):
            cluster.create_database(databases.name)
        primary.sql(TABLE, databases.name)
        follower = Follower(pair.command, databases.uris()).start().await_phase("streaming")
        standby.await_replay()
        standby.replace(primary)
        standby.promote()
        standby.sql("INSERT INTO a VALUES (1000, 'after the failover');", databases.name)
        code = follower.await_end(seconds=90)
        told = follower.tell()
        assert code == EXIT_REFUSED and "failed over" in told and "timeline 2" in told, told
        code = follower.resume().await_end(seconds=60)
        told = follower.tell()
        assert code == EXIT_REFUSED and "fail-over" in told and "clone anew" in told, told
        assert pair.destination.sql("SELECT count(*) FROM a WHERE id = 1000;", databases.name) == "0"
        assert standby.sql("SELECT count(*) FROM pg_replication_slots;") == "0", "a slot was made anew in silence"
        assert pair.command.run("cleanup", *databases.uris()).code == 0
    finally:
        standby.close()
        primary.close()
        pair.destination.drop_database(databases.name)


# ---- R18 ---------------------------------------------------------------------------

class Clock:
    """The follower's wall clock, which a test can set; its monotonic one is true."""

    def __init__(self, directory):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            raise Skip("libfaketime is not here (package faketime)")
        self.path = os.path.join(directory, "clock")
        self.set("+0")
        self.env = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.path, "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, offset):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(offset + "\n")
        os.rename(self.path + ".new", self.path)


@case("F60 R18 the wall clock jumps a day ahead and back while changes are followed", set="faults")
def clock_jumps(pair):
    clock = Clock(pair.command.home.name)
    with Scene(pair, SEED, rows=500, clients=2, pause=0.01, env=clock.env) as scene:
        scene.follow()
        for offset in ("+86400", "-86400", "+3600", "+0"):
            clock.set(offset)
            scene.commits(100)
            time.sleep(2)
            scene.follower.alive()
            assert scene.follower.phase in ("streaming", "catch-up"), scene.follower.phase
        assert not scene.follower.snapshot.get("last_error"), scene.follower.snapshot.get("last_error")
        scene.finish()
