"""One scenario of a fault: databases, writers, a following clone, the verdict."""
import contextlib
import random
import time

from . import check
from .follower import Follower
from .slow import await_quiet
from .workload import SCHEMA, Workload, verdict

# Something to copy, so that there is a time in which to disturb it.
BALLAST = "CREATE TABLE ballast (id int PRIMARY KEY, v text);" \
          "INSERT INTO ballast SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, {rows}) i;" \
          "CREATE INDEX ON ballast (v);"


def identity(footprint):
    """Without what any writer changes: files, positions."""
    return "\n".join(line for line in footprint.split("\n") if not line.startswith("relation"))


class Scene:
    """@source_proxy, @destination_proxy: pgmanager goes through these."""

    def __init__(self, pair, seed, rows=60000, clients=4, pause=0.002, source_proxy=None,
                 destination_proxy=None, arguments=(), env=None, watch=True):
        self.pair, self.seed, self.rng = pair, seed, random.Random(seed)
        self.databases = pair.load(SCHEMA + BALLAST.format(rows=rows))
        self.before = identity(check.footprint(pair.source, self.databases.name))
        self.workload = Workload(self.databases, clients, seed, pause, watch)
        source = source_proxy.uri(pair.source, self.databases.name) if source_proxy else self.databases.source_uri
        destination = destination_proxy.uri(pair.destination, self.databases.name) if destination_proxy \
            else self.databases.destination_uri
        self.follower = Follower(pair.command, [f"--source-uri={source}", f"--dest-uri={destination}"], *arguments, env=env)

    def __enter__(self):
        self.workload.__enter__()
        return self

    def __exit__(self, kind, *_):
        self.workload.close()
        self.follower.close()
        if kind is not None:
            print(f"#   seed {self.seed}, phases {self.follower.phases}, last {self.follower.snapshot.get('last_error')}")
            with contextlib.suppress(Exception):
                self.pair.command.run("cleanup", *self.databases.uris())
        self.pair.drop(self.databases)

    # ---- steps

    def follow(self, *phases, seconds=120):
        self.follower.start()
        return self.follower.await_phase(*(phases or ("streaming",)), seconds=seconds)

    def resume(self, *phases, seconds=120):
        """After an end of any kind."""
        self.follower.resume()
        return self.follower.await_phase(*(phases or ("streaming",)), seconds=seconds)

    def backlog(self, commits):
        """The follower rests while the writers go on."""
        self.follower.stop()
        self.workload.await_commits(commits)

    def moment(self, least, most):
        time.sleep(self.rng.uniform(least, most))

    def kill_and_resume(self):
        """Killed; started again as a person would, whatever had been begun."""
        self.follower.kill()
        await_quiet(self.pair, self.databases, 60)
        self.follower.resume()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self.follower.process.poll() is None:
            time.sleep(0.05)
        if self.follower.process.poll() == 3:  # nothing had been begun
            self.follower.start()

    def commits(self, count):
        self.workload.await_commits(count)

    def finish(self, seconds=150, holder=None):
        """The verdict, and nothing of ours left on either side."""
        verdict(self.workload, seconds, self.follower.alive, holder)
        self.follower.cleanup(self.databases.uris())
        check.expect_nothing_of_ours(self.pair.source, self.databases.name)
        check.expect_nothing_of_ours(self.pair.destination, self.databases.name)
        check.expect_same_text(self.before, identity(check.footprint(self.pair.source, self.databases.name)),
                               "the source is not as it was")
