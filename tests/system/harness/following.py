"""A database that is cloned and followed for the length of one case."""
import contextlib
import time

from . import check
from .follower import Follower

# values of sequences come with the cutover, and our own tables are ours
NOT_FOLLOWED = (r"_seq$", r"^pgmanager\.")

MARK = "CREATE TABLE zz_mark (id int PRIMARY KEY);"


class Following:
    """Starts with @schema on the source; steps are SQL for the source. pgmanager goes
    through @source_proxy, if there is one."""

    def __init__(self, pair, schema, *arguments, options="", destination_options=None, source_proxy=None):
        self.pair = pair
        self.databases = pair.load(MARK + schema, options=options, destination_options=destination_options)
        source = source_proxy.uri(pair.source, self.databases.name) if source_proxy else self.databases.source_uri
        uris = [f"--source-uri={source}", f"--dest-uri={self.databases.destination_uri}"]
        self.follower = Follower(pair.command, uris, *arguments)
        self.marks = 0

    def __enter__(self):
        self.follower.start()
        self.follower.await_phase("streaming")
        return self

    def __exit__(self, kind, *_):
        self.follower.close()
        with contextlib.suppress(Exception) if kind is not None else contextlib.nullcontext():
            result = self.pair.command.run("cleanup", *self.databases.uris())
            assert result.code == 0, result
        if kind is None:
            check.expect_nothing_of_ours(self.pair.source, self.databases.name)
            check.expect_nothing_of_ours(self.pair.destination, self.databases.name)
        self.pair.drop(self.databases)

    def source(self, sql, **kwargs):
        return self.databases.source(sql, **kwargs)

    def destination(self, sql, **kwargs):
        return self.databases.destination(sql, **kwargs)

    def caught_up(self, seconds=60):
        """Everything committed until now is on the destination."""
        self.marks += 1
        self.source(f"INSERT INTO zz_mark VALUES ({self.marks});")
        deadline = time.monotonic() + seconds
        while self.destination(f"SELECT count(*) FROM zz_mark WHERE id = {self.marks};") != "1":
            self.follower.alive()
            if time.monotonic() > deadline:
                raise AssertionError(f"not caught up after {seconds} s: {self.follower.snapshot.get('last_error')}")
            time.sleep(0.03)

    def same(self, *steps, skip=NOT_FOLLOWED):
        """Each of @steps on the source, then both sides have the same rows."""
        for step in steps:
            self.source(step)
        self.caught_up()
        check.expect_same_rows(self.pair.source, self.databases.name, self.pair.destination, self.databases.name, skip=skip)
        return self

    def stops(self, *words, codes=(5, 6)):
        """The job ends in words; what it says."""
        code = self.follower.await_end()
        told = self.follower.tell()
        assert code in codes, told
        for word in words:
            assert word in told, f"{word!r} is not said: {told}"
        return told

    def resume(self):
        self.follower.resume()
        self.follower.await_phase("streaming")


def followed(pair, schema, *steps, arguments=(), **kwargs):
    """The usual case: @steps arrive."""
    with Following(pair, schema, *arguments, **kwargs) as run:
        run.same(*steps)
