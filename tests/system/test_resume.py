"""Killed at random moments, then --resume: equal, whatever the moment."""
import os
import random
import subprocess
import threading
import time

from harness import check
from harness.case import case
from harness.cluster import SqlError
from harness.pair import Pair
from harness.slow import await_quiet

WEIGHT = 6

SCHEMA = r"""
CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a', 'b');
SELECT format('CREATE TABLE app.t%s (id int PRIMARY KEY, v text, n int DEFAULT 0)', i) FROM generate_series(1, 20) i \gexec
SELECT format('INSERT INTO app.t%s SELECT g, repeat(md5(g::text), 3) FROM generate_series(1, %s) g', i, i * 1500) FROM generate_series(1, 20) i \gexec
SELECT format('CREATE INDEX ON app.t%s (v)', i) FROM generate_series(1, 20) i \gexec
CREATE TABLE app.big (id serial PRIMARY KEY, v text, n int DEFAULT 0, m app.mood DEFAULT 'a');
INSERT INTO app.big (v) SELECT repeat(md5(i::text), 6) FROM generate_series(1, 150000) i;
CREATE INDEX ON app.big (v); CREATE INDEX ON app.big (n) WHERE n > 0;
CREATE TABLE app.refers (id int REFERENCES app.big, t int REFERENCES app.t1); INSERT INTO app.refers SELECT i, i FROM generate_series(1, 1500) i;
CREATE TABLE app.nokey (a int, b text); INSERT INTO app.nokey SELECT i % 100, 'x' FROM generate_series(1, 5000) i;
CREATE TABLE app.parts (k int, v text) PARTITION BY RANGE (k);
SELECT format('CREATE TABLE app.p%s PARTITION OF app.parts FOR VALUES FROM (%s) TO (%s)', i, i * 100, i * 100 + 100) FROM generate_series(0, 9) i \gexec
INSERT INTO app.parts SELECT i, 'p' FROM generate_series(0, 999) i; CREATE SEQUENCE app.s; SELECT nextval('app.s');
CREATE MATERIALIZED VIEW app.m AS SELECT count(*) AS n FROM app.big; SELECT lo_from_bytea(5000 + i, 'lo') FROM generate_series(1, 50) i;
CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON app.big FOR EACH ROW EXECUTE FUNCTION app.f(); COMMENT ON TABLE app.big IS 'big';
"""

# every transaction changes several tables; what it does must arrive whole or not at all
WRITE = """
BEGIN; UPDATE app.big SET n = n + 1 WHERE id = {a}; DELETE FROM app.big WHERE id = {b} AND id > 2000; INSERT INTO app.big (v) VALUES ('new');
UPDATE app.t7 SET n = n + 1, v = 'changed' WHERE id = {c}; UPDATE app.t12 SET id = -id WHERE id = {c}; INSERT INTO app.nokey VALUES ({a}, 'new');
DELETE FROM app.nokey WHERE ctid = (SELECT min(ctid) FROM app.nokey); UPDATE app.parts SET k = (k + 137) % 1000 WHERE k = {c} % 1000;
SELECT nextval('app.s'); COMMIT;
"""

# a random moment, or a named one: the first commit of a part, the last index …
FAILPOINTS = [f for f in os.environ.get("PGM_TEST_FAILPOINTS", "").split(",") if f]


def setup():
    pair = Pair()
    pair.template = pair.load(SCHEMA)
    return pair


def fresh(pair):
    databases = pair.databases()
    pair.source.sql(f"DROP DATABASE {databases.name}; CREATE DATABASE {databases.name} TEMPLATE {pair.template.name};")
    return databases


ARGUMENTS = ["--split-larger-than", "2MB", "--copy-workers", "3"]


def duration(pair):
    """How long an undisturbed clone takes here; its middle is where kills are due."""
    if not hasattr(pair, "seconds"):
        databases = fresh(pair)
        began = time.monotonic()
        pair.clone(databases, *ARGUMENTS)
        pair.seconds = time.monotonic() - began
        pair.drop(databases)
    return pair.seconds


class Writer:
    """Writes to the source until the block ends."""

    def __init__(self, databases, active):
        self.databases, self.stop, self.thread = databases, threading.Event(), None
        if active:
            self.thread = threading.Thread(target=self.write)

    def write(self):
        while not self.stop.is_set():
            try:
                text = "".join(WRITE.format(a=random.randint(1, 150000), b=random.randint(1, 150000), c=random.randint(1, 1500))
                               for _ in range(20))
                self.databases.source(text)
            except SqlError:
                pass

    def __enter__(self):
        if self.thread:
            self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        if self.thread:
            self.thread.join()


def kill_after(pair, databases, seconds, *arguments):
    """TRUE when the clone was killed; FALSE when it was done before, or when there
    was nothing to resume."""
    began = time.monotonic()
    process = pair.command.start("clone", *databases.uris(), *ARGUMENTS, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=seconds)
        nothing = process.returncode == 3 and "--resume" in arguments
        assert process.returncode == 0 or nothing, (out + err).decode("utf-8", "replace")[-4000:]
        if not arguments:
            # it was measured when the machine had more to do: the next kill comes earlier
            pair.seconds = min(duration(pair), time.monotonic() - began)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True


def round_trip(pair, kills, busy, seconds):
    """Kills at each of @kills (shares of the whole), then resumes to the end."""
    databases = fresh(pair)
    footprint = check.footprint(pair.source, databases.name)
    try:
        with Writer(databases, busy):
            for share in kills:
                killed = kill_after(pair, databases, share * seconds, *(["--resume"] if share is not kills[0] else []))
                if not killed:
                    break
                await_quiet(pair, databases)
        # now the source rests: the resumed clone must equal it at its new snapshot.
        # A materialized view is made anew from its tables there, so here too.
        if busy:
            pair.source.sql("REFRESH MATERIALIZED VIEW app.m;", databases.name)
        result = pair.command.run("clone", *databases.uris(), *ARGUMENTS, "--resume")
        if result.code == 5 and not killed:
            # the first run was done before its kill: nothing to resume, and with a
            # busy source nothing to compare
            return "done before the kill"
        if result.code == 3 and databases.destination("SELECT to_regnamespace('app') IS NOT NULL;") == "t":
            # killed between its last statement and its end
            if busy:
                return "done before the kill"
        elif result.code in (3, 5):
            # killed before anything was begun
            pair.clone(databases, *ARGUMENTS)
        else:
            assert result.code == 0, result
        if not busy:
            check.expect_same_text(footprint, check.footprint(pair.source, databases.name), "the source is not as it was")
        check.expect_nothing_of_ours(pair.source, databases.name)
        check.expect_nothing_of_ours(pair.destination, databases.name)
        pair.compare(databases)
        pair.check_independently(databases)
        return "killed" if killed else "done before the kill"
    except AssertionError as error:
        raise AssertionError(f"kills at {[round(k * seconds, 3) for k in kills]} s of {seconds:.2f} s: {error}") from error
    finally:
        pair.drop(databases)


def many(pair, rounds, busy):
    rng = random.Random(int(os.environ.get("PGM_TEST_SEED", "0")) + busy)
    outcomes = []
    for _ in range(rounds):
        kills = [rng.uniform(0.02, 1.0) for _ in range(rng.choice((1, 1, 2)))]
        outcomes.append(round_trip(pair, kills, busy, duration(pair)))
    print(f"# {outcomes.count('killed')} of {rounds} were killed in time, seed {os.environ.get('PGM_TEST_SEED')}")
    assert "killed" in outcomes


@case("killed early, in the middle and late, then resumed: idle source")
def few_idle(pair):
    seconds = duration(pair)
    for share in (0.25, 0.5, 0.8):
        round_trip(pair, [share], False, seconds)


@case("killed in the middle, twice, then resumed: busy source")
def few_busy(pair):
    seconds = duration(pair)
    round_trip(pair, [0.4, 0.6], True, seconds)


@case("killed at 20 random moments, then resumed: idle source", set="kill")
def many_idle(pair):
    many(pair, 20, False)


@case("killed at 20 random moments, then resumed: busy source", set="kill")
def many_busy(pair):
    many(pair, 20, True)


@case("a resume after the source changed decides by digest, not by row counts")
def same_counts(pair):
    databases = fresh(pair)
    seconds = duration(pair)
    try:
        killed = kill_after(pair, databases, 0.55 * seconds)
        await_quiet(pair, databases)
        databases.source("UPDATE app.t20 SET v = 'other' WHERE id = 17; UPDATE app.t19 SET id = -5 WHERE id = 5; "
                         "UPDATE app.big SET n = 99 WHERE id = 149999; UPDATE app.nokey SET b = 'y' WHERE a = 3; TRUNCATE app.t3; "
                         "SELECT lo_unlink(5001), lo_put(5002, 0, 'LO');")
        if killed:
            pair.clone(databases, *ARGUMENTS, "--resume")
            pair.compare(databases)
            pair.check_independently(databases)
    finally:
        pair.drop(databases)


@case("--resume onto another source is refused")
def other_source(pair):
    databases = fresh(pair)
    seconds = duration(pair)
    other = pair.load("CREATE TABLE unrelated (i int); INSERT INTO unrelated VALUES (1);")
    try:
        if not kill_after(pair, databases, 0.5 * seconds):
            return
        await_quiet(pair, databases)
        result = pair.command.run("clone", f"--source-uri={other.source_uri}", f"--dest-uri={databases.destination_uri}", "--resume")
        assert result.code == 5, result
        pair.clone(databases, *ARGUMENTS, "--resume")
        pair.check_independently(databases)
    finally:
        pair.drop(databases)
        pair.drop(other)
