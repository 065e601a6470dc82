"""Cutovers and other requests as a person makes them, one after the other."""
import os
import subprocess
import time

from harness import check
from harness.case import case
from harness.command import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from harness.pair import Pair
from harness.steered import Steered

WEIGHT = 4

TWO = "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 100) i;"
VIEW = TWO + "CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM a, (SELECT pg_sleep(1)) s;"


def setup():
    return Pair()


@case("switchover, --back at once, and cleanup: each waits for what is under way")
def there_and_back(pair):
    with Steered(pair, VIEW) as run:
        there = run.begin("switchover", "--fence=none")
        back = None
        deadline = time.monotonic() + 30
        while back is None or back.returncode != EXIT_OK:
            assert time.monotonic() < deadline, f"{back}\n{run.follower.snapshot.get('cutover')}"
            if not run.follower.snapshot.get("cutover", {}).get("done"):
                time.sleep(0.02)
                continue
            # the materialized view is still refreshed
            back = run.begin("switchover", "--fence=none", "--back")
            out, err = back.communicate(timeout=60)
            assert back.returncode == EXIT_OK, out.decode() + err.decode()
        out, err = there.communicate(timeout=60)
        assert there.returncode == EXIT_OK, out.decode() + err.decode()
        run.follower.await_phase("streaming")
        assert "switchover-complete" in run.follower.phases, run.follower.phases
        run.ask("cleanup")
        assert run.follower.await_end() == EXIT_OK, run.follower.tell()
        check.expect_nothing_of_ours(pair.source, run.databases.name)


@case("cleanup while the destination is away: kept, and done as soon as it is back")
def cleanup_kept(pair):
    with Steered(pair, TWO) as run:
        pair.destination.stop()
        try:
            run.await_snapshot(lambda snapshot: snapshot["error_count"] > 0)
            run.ask("verify", 409)
            refused = run.run("switchover")
            assert refused.code == EXIT_REFUSED and "lost a connection" in refused.err, refused
            run.ask("cleanup")
            run.await_snapshot(lambda snapshot: snapshot["error_count"] > 2)
            later = run.ask("pause", 409)
            assert "removed" in later["error"], later
        finally:
            pair.destination.start()
        assert run.follower.await_end(seconds=90) == EXIT_OK, run.follower.tell()
        check.expect_nothing_of_ours(pair.source, run.databases.name)
        check.expect_nothing_of_ours(pair.destination, run.databases.name)


@case("R6 the destination is promoted anew after a cutover: its way back is not followed")
def promoted(pair):
    with Steered(pair, TWO) as run:
        done = run.run("switchover", "--fence=none")
        assert done.code == EXIT_OK, done
        run.follower.await_phase("switchover-complete")
        assert run.follower.stop() == EXIT_INTERRUPTED, run.follower.tell()
        pair.destination.stop()
        with open(os.path.join(pair.destination.data, "standby.signal"), "w", encoding="ascii"):
            pass
        pair.destination.start()
        pair.destination.sql("SELECT pg_promote();")
        run.follower.resume()
        assert run.follower.await_end() == EXIT_REFUSED, run.follower.tell()
        assert "the destination is not the server that is followed" in run.follower.report["error"], run.follower.tell()
        assert "timeline" in run.follower.report["detail"], run.follower.tell()


@case("C2 a writer whom no fence keeps out is told of, and what he wrote is taken over")
def past_the_fence(pair):
    with Steered(pair, TWO) as run:
        writer = subprocess.Popen(
            [os.path.join(pair.source.bindir, "psql"), "-X", "-q", run.databases.source_uri, "-c",
             "DO $$ BEGIN FOR i IN 1..200 LOOP INSERT INTO a VALUES (1000 + i, 'past'); COMMIT; PERFORM pg_sleep(0.02);"
             " END LOOP; END $$;"], stdout=subprocess.DEVNULL)
        done = run.run("switchover", "--fence=none")
        assert done.code == EXIT_OK, done
        run.await_event("warning", "SOMEBODY STILL WRITES TO THE SOURCE", "none", "on public.a.")
        writer.wait(30)


@case("a timeout that is too short is told as that; an empty URI is a slip")
def slips(pair):
    with Steered(pair, TWO) as run:
        short = run.run("switchover", "--timeout=1ms")
        assert short.code == EXIT_USAGE and "--timeout=1ms is too short" in short.err, short
        run.ask("switchover", body={"timeout_sec": 0.001})
        run.await_snapshot(lambda snapshot: "timeout of 1 ms" in snapshot.get("cutover", {}).get("error", ""))
        back = run.run("switchover", "--back")
        assert back.code == EXIT_REFUSED and "belong to the source" in back.err, back
    for arguments in (("clone", "--source-uri=", "--dest-uri=postgresql://localhost/x"), ("status", "--source-uri="),
                      ("compare", "--source-uri=postgresql://localhost/x", "--dest-uri=")):
        empty = pair.command.run(*arguments)
        assert empty.code == EXIT_USAGE and "-uri is empty" in empty.err, empty


@case("stopped is not failed; a job that goes on shows its tables")
def stopped(pair):
    with Steered(pair, TWO) as run:
        assert run.run("stop").code == EXIT_OK
        assert run.follower.await_end() == EXIT_INTERRUPTED, run.follower.tell()
        assert run.follower.snapshot["phase"] == "stopped", run.follower.snapshot
        assert run.follower.snapshot["error_count"] == 0, run.follower.snapshot
        assert run.follower.report["outcome"] == "interrupted", run.follower.report
        after = run.run("status")
        assert "stopped" in after.out and "failed" not in after.out, after
        run.follower.resume().await_phase("streaming")
        assert (run.follower.snapshot["tables_copied"], run.follower.snapshot["tables_total"]) == (1, 1), run.follower.snapshot


ROLE = "cutover_role"


@case("C1 E what a cutover needs is asked for before the clone, with the side")
def asked_beforehand(pair):
    for cluster in (pair.source, pair.destination):
        cluster.sql(f"CREATE ROLE {ROLE} LOGIN REPLICATION;")
    databases = pair.load(TWO + f"GRANT SELECT ON a TO {ROLE};")
    uris = [f"--source-uri={pair.source.uri(databases.name, ROLE)}", f"--dest-uri={pair.destination.uri(databases.name, ROLE)}"]
    asked = pair.command.run("clone", "--follow", "--dry-run", "--no-owner", *uris)
    assert asked.code == EXIT_REFUSED, asked
    for line in (f'GRANT UPDATE ON "public"."a" TO {ROLE}; -- on the source',
                 f'GRANT CREATE ON DATABASE "{databases.name}" TO "{ROLE}"; -- on the destination',
                 f'GRANT CREATE ON DATABASE "{databases.name}" TO "{ROLE}"; -- on the source',
                 "switchover with its default fence"):
        assert line in asked.text, f"no {line} in\n{asked}"
    own = pair.command.run("clone", "--follow", "--dry-run", *databases.uris())
    assert own.code in (EXIT_OK, EXIT_FAILED), own
    assert "What a switchover and its way back need is granted." in own.text, own
    pair.drop(databases)
    for cluster in (pair.source, pair.destination):
        cluster.sql(f"DROP ROLE {ROLE};")
