"""Cutovers behind a real pgbouncer: clients wait, none of them fails."""
import os
import time

from harness import check, workload
from harness.case import case
from harness.command import EXIT_OK, EXIT_REFUSED
from harness.pair import Pair
from harness.pooler import Pooler
from harness.scene import Scene

SEED = int(os.environ.get("PGM_TEST_SEED", "0"))


def setup():
    pair = Pair()
    runtime = os.path.join(pair.command.home.name, "run")
    os.makedirs(runtime, mode=0o700)
    pair.runtime = {"XDG_RUNTIME_DIR": runtime}
    return pair


def cut_over(pair, scene, pooler, *arguments):
    return pair.command.run("switchover", *scene.databases.uris(), f"--fence=pgbouncer:{pooler.console}", "--timeout=20s",
                            *arguments, env=pair.runtime)


def expect_quiet(scene):
    """Nobody gets through; how many commits there are."""
    committed = scene.workload.committed
    time.sleep(0.5)
    assert scene.workload.committed == committed, "somebody wrote through the fence"
    return committed


def lead_to(pooler, cluster):
    pooler.point_to(cluster)
    pooler.admin("RELOAD")
    pooler.admin(f"RESUME {pooler.dbname}")


@case("C2 C6 pgbouncer in front: a whole cutover and the way back, no client fails, nothing is lost")
def whole_cutover(pair):
    with Scene(pair, SEED, rows=500, clients=4, pause=0.005, watch=False, env=pair.runtime) as scene:
        pooler = Pooler(pair.source, scene.databases.name)
        try:
            scene.workload.move(pooler)
            for client in scene.workload.clients:  # their sessions so far were direct
                client.ended.set()
            for client in scene.workload.clients:
                client.join()
            scene.workload.clients = [workload.Client(c.number, lambda: scene.workload.target, SEED, 0.005)
                                      for c in scene.workload.clients]
            for client in scene.workload.clients:
                client.start()
            scene.follow()
            scene.commits(100)
            done = cut_over(pair, scene, pooler)
            assert done.code == EXIT_OK, done
            paused = expect_quiet(scene)
            lead_to(pooler, pair.destination)
            scene.commits(100)
            there = sum(last for last, _ in workload.counts(pair.destination, scene.databases.name).values())
            assert there > paused, "the writers are not on the destination"
            back = cut_over(pair, scene, pooler, "--back")
            assert back.code == EXIT_OK, back
            expect_quiet(scene)
            lead_to(pooler, pair.source)
            scene.commits(100)
            assert not [e for c in scene.workload.clients for e in c.errors], [c.errors for c in scene.workload.clients]
            scene.workload.stop()
            workload.settle_unknown(pair.source, scene.databases.name, scene.workload.clients)
            for client in scene.workload.clients:
                last, rows = workload.counts(pair.source, scene.databases.name)[client.number]
                assert last == rows == client.acknowledged, (client.number, last, rows, client.acknowledged)
            workload.await_caught_up(scene.databases, scene.workload.clients, 60, scene.follower.alive)
            check.expect_same_rows(pair.source, scene.databases.name, pair.destination, scene.databases.name, skip=workload.NOT_FOLLOWED)
            scene.follower.cleanup(scene.databases.uris())
        finally:
            pooler.close()


@case("C2 a transaction that doesn't end: given up in time, the pool is let go, nobody failed")
def given_up(pair):
    with Scene(pair, SEED, rows=500, clients=1, watch=False, env=pair.runtime) as scene:
        pooler = Pooler(pair.source, scene.databases.name)
        try:
            scene.follow()
            holder = pooler.psql_process(scene.databases.name)
            holder.stdin.write(b"BEGIN; UPDATE bank SET note = 'held' WHERE id = 1;\n")
            holder.stdin.flush()
            end = time.monotonic() + 20
            while pair.source.sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' "
                                  f"AND datname = '{scene.databases.name}';") == "0":
                assert time.monotonic() < end, "no transaction is open"
                time.sleep(0.05)
            result = pair.command.run("switchover", *scene.databases.uris(), f"--fence=pgbouncer:{pooler.console}", "--timeout=3s",
                                      env=pair.runtime)
            assert result.code not in (EXIT_OK, EXIT_REFUSED), result
            assert pooler.sql("SELECT 1;", scene.databases.name, timeout=10) == "1", "the pool stayed paused"
            holder.communicate(b"COMMIT;\n", timeout=20)
            assert holder.returncode == 0, "the open transaction failed"
            scene.follower.await_phase("streaming")
            scene.finish()
        finally:
            pooler.close()
