"""A source and a destination cluster, and the one way to prove a clone."""
from . import check
from .cluster import Cluster, SqlError, unique
from .command import EXIT_DIFFERENT, EXIT_OK, Command


class Databases:
    """One database on either side, with the same name."""

    def __init__(self, pair, name):
        self.pair, self.name = pair, name

    @property
    def source_uri(self):
        return self.pair.source.uri(self.name)

    @property
    def destination_uri(self):
        return self.pair.destination.uri(self.name)

    def source(self, sql, **kwargs):
        return self.pair.source.sql(sql, self.name, **kwargs)

    def destination(self, sql, **kwargs):
        return self.pair.destination.sql(sql, self.name, **kwargs)

    def both(self, sql, **kwargs):
        """The same answer from both sides, which it returns."""
        left, right = self.source(sql, **kwargs), self.destination(sql, **kwargs)
        check.expect_same_text(left, right, sql)
        return left

    def uris(self):
        return [f"--source-uri={self.source_uri}", f"--dest-uri={self.destination_uri}"]


class Pair:
    def __init__(self, source_major=None, destination_major=None, source_settings="",
                 destination_settings="", **kwargs):
        self.source = Cluster(source_major, settings=source_settings, **kwargs)
        # Not two copies of one cluster: they would pass for each other's standby.
        self.destination = Cluster(destination_major, settings=destination_settings, copied=False, **kwargs)
        self.command = Command([self.destination.bindir, self.source.bindir])

    def close(self):
        self.source.close()
        self.destination.close()

    def databases(self, options="", destination_options=None, name=None):
        name = name or unique()
        self.source.create_database(name, options)
        self.destination.create_database(
            name, options if destination_options is None else destination_options)
        return Databases(self, name)

    def load(self, sql, **kwargs):
        databases = self.databases(**kwargs)
        databases.source(sql)
        return databases

    def drop(self, databases):
        for cluster in (self.source, self.destination):
            try:
                cluster.drop_database(databases.name)
            except SqlError:
                pass

    # ---- the proof

    def clone(self, databases, *arguments, expect=EXIT_OK, **kwargs):
        result = self.command.run("clone", *databases.uris(), *arguments, **kwargs)
        assert result.code == expect, f"clone ended with {result.code}, not {expect}\n{result}"
        return result

    def compare(self, databases, *arguments, expect=EXIT_OK, **kwargs):
        result = self.command.run("compare", *databases.uris(), *arguments, **kwargs)
        assert result.code == expect, f"compare ended with {result.code}, not {expect}\n{result}"
        return result

    def prove(self, databases, *arguments, clone_only=(), writes=False, dump=(), drop=(), skip=(),
              schema=True, rows=True):
        """Clone, compare, and the same again without our code. The source must be
        as it was: not even a transaction id was used, unless somebody @writes."""
        before = check.footprint(self.source, databases.name)
        xid = check.next_xid(self.source)
        result = self.clone(databases, *arguments, *clone_only)
        if not writes:
            assert check.next_xid(self.source) == xid, "the clone wrote on the source"
        check.expect_same_text(before, check.footprint(self.source, databases.name),
                               "the source is not as it was")
        check.expect_nothing_of_ours(self.source, databases.name)
        check.expect_nothing_of_ours(self.destination, databases.name)
        self.compare(databases, *[a for a in arguments if not a.startswith("--split")])
        self.check_independently(databases, dump, drop, skip, schema, rows)
        return result

    def check_independently(self, databases, dump=(), drop=(), skip=(), schema=True, rows=True):
        if schema:
            check.expect_same_schema(self.source, databases.name, self.destination, databases.name,
                                     dump, drop)
        if rows:
            check.expect_same_rows(self.source, databases.name, self.destination, databases.name,
                                   skip)

    def prove_sql(self, sql, *arguments, **kwargs):
        databases = self.load(sql)
        self.prove(databases, *arguments, **kwargs)
        return databases

    def expect_difference(self, databases, *arguments):
        return self.compare(databases, *arguments, expect=EXIT_DIFFERENT)
