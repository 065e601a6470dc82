"""Migrations between registered clusters: written down, checked, started, followed in
graphs, cut over by themselves, forgotten."""
import time

from harness import check
from harness.case import case
from harness.command import EXIT_OK, Command
from harness.daemon import Daemon
from harness.pair import Pair

SMALL = "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 1000) i;"


class Site:
    """A daemon that knows both clusters as "old" and "new"."""

    def __init__(self):
        self.pair = Pair()
        self.daemon = Daemon(Command(self.pair.command.bindirs))
        self.daemon.start()
        for name, cluster in (("old", self.pair.source), ("new", self.pair.destination)):
            status, answer = self.daemon.curl("/clusters", body={"id": name, "name": name, "nodes": [
                {"id": "one", "name": "one", "host": "127.0.0.1", "port": cluster.port, "role": "primary",
                 "user": "postgres"}]})
            assert status == 201, answer

    def plan(self, databases, **more):
        status, answer = self.daemon.curl("/migrations", body={
            "name": "a move", "source_cluster_id": "old", "dest_cluster_id": "new", "source_node_id": "one",
            "dest_node_id": "one", "source_dbname": databases.name, "dest_dbname": databases.name,
            "mode": "clone_only", "fallback": False, **more})
        return status, answer

    def close(self):
        self.daemon.__exit__()
        self.pair.close()


def setup():
    return Site()


def call(site, job, what, body=None):
    return site.daemon.curl(f"/migrations/{job}/{what}", body=body or {})


@case("a clone that is planned, checked, started, over, and forgotten")
def clone_only(site):
    databases = site.pair.load(SMALL)
    status, planned = site.plan(databases, id="first", copy_workers=2)
    assert status == 201 and planned["status"] == "created" and planned["mode"] == "clone_only", planned
    assert planned["name"] == "a move" and planned["source_cluster_id"] == "old" and planned["copy_workers"] == 2, planned
    assert planned["created_at"] and "started_at" not in planned, planned
    assert site.plan(databases, id="first")[0] == 409
    listed = site.daemon.jobs()["first"]
    assert listed["status"] == "created" and listed["job"]["plan"]["dest_cluster_id"] == "new", listed
    status, checks = call(site, "first", "preflight")
    assert status == 200 and {c["level"] for c in checks} <= {"ok", "warning"} and len(checks) > 5, checks
    check.expect_nothing_of_ours(site.pair.destination, databases.name)
    status, answer = call(site, "first", "start")
    assert status == 202 and answer["job_id"] == "first", answer
    done = site.daemon.await_status("first", "completed")
    assert done["mode"] == "clone_only" and done["tables_copied"] == 1, done
    databases.both("SELECT count(*), sum(id) FROM a")
    # now something is in the way
    status, checks = call(site, "first", "preflight")
    assert status == 200 and "blocker" in {c["level"] for c in checks}, checks
    assert site.daemon.curl("/migrations/first", "-X", "DELETE")[0] == 204
    assert "first" not in site.daemon.jobs()
    assert site.daemon.curl("/migrations/first", "-X", "DELETE")[0] == 404
    assert call(site, "first", "start")[0] == 404
    site.pair.drop(databases)


@case("what can't be planned is refused by its field")
def bad_plans(site):
    databases = site.pair.load(SMALL)
    for change, status, word in (({"source_cluster_id": "other"}, 404, "other"), ({"dest_node_id": "two"}, 404, "two"),
                                 ({"mode": "move"}, 400, "mode"), ({"id": "a/b"}, 400, "id"),
                                 ({"copy_workers": -1}, 400, "copy_workers"), ({"worker": 1}, 400, "worker"),
                                 ({"dest_cluster_id": "old"}, 400, "same"), ({"source_dbname": None}, 400, "database")):
        got, answer = site.plan(databases, **change)
        assert got == status and word in answer["error"], (change, got, answer)
    assert not [j for j in site.daemon.jobs().values() if j["status"] == "created"]
    site.pair.drop(databases)


@case("clone_follow_switchover cuts over by itself; metrics are kept; a running one is only forgotten by force")
def by_itself(site):
    databases = site.pair.load(SMALL)
    status, planned = site.plan(databases, id="moved", mode="clone_follow_switchover", fallback=True)
    assert status == 201, planned
    assert call(site, "moved", "start")[0] == 202
    site.daemon.await_status("moved", "streaming")
    databases.source("UPDATE a SET v = 'later' WHERE id <= 10;")
    assert site.daemon.curl("/migrations/moved", "-X", "DELETE")[0] == 409
    moved = site.daemon.await_status("moved", "switchover", seconds=60)
    deadline = time.monotonic() + 30
    while moved["phase"] != "switchover-complete":
        assert time.monotonic() < deadline, moved
        time.sleep(0.1)
        moved = site.daemon.jobs()["moved"]
    assert databases.destination("SELECT count(*) FROM a WHERE v = 'later'") == "10"
    status, points = call_get(site, "moved", "metrics")
    times = [p["time"] for p in points]
    assert status == 200 and len(points) >= 4 and times == sorted(times), points
    later = times[len(times) // 2]
    assert [p["time"] for p in call_get(site, "moved", f"metrics?from={later}")[1]][0] == later
    assert site.daemon.curl("/migrations/nobody/metrics")[0] == 404
    # killed: goes on, and does not cut over again
    site.daemon.kill()
    site.daemon.start()
    site.daemon.await_status("moved", "switchover", seconds=60)
    assert call(site, "moved", "stop")[0] == 202
    site.daemon.await_status("moved", "stopped")
    status, answer = site.daemon.curl("/migrations/moved", "-X", "DELETE")
    assert status == 409 and "slot" in answer["error"], answer
    status, answer = call(site, "moved", "start")
    assert status == 202, answer
    site.daemon.await_status("moved", "switchover")
    result = site.daemon.run("cleanup", "--job=moved")
    assert result.code == EXIT_OK, result
    assert site.daemon.curl("/migrations/moved", "-X", "DELETE")[0] == 204
    check.expect_nothing_of_ours(site.pair.source, databases.name)
    check.expect_nothing_of_ours(site.pair.destination, databases.name)
    site.pair.drop(databases)


def call_get(site, job, what):
    return site.daemon.curl(f"/migrations/{job}/{what}")
