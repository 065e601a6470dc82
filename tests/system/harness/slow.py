"""A source whose copy takes long enough to be disturbed in the middle.

A check constraint sleeps, but only in pgmanager's own sessions: loading the
source is quick, copying the table takes ROWS * 10 ms at the destination.
"""
import time

SLOW = """
CREATE FUNCTION slow(i int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN IF current_setting('application_name') LIKE 'pgmanager%' THEN PERFORM pg_sleep(0.01); END IF; RETURN true; END $$;
"""


def slow_table(name="slow_one", rows=400):
    return (f"CREATE TABLE {name} (id int PRIMARY KEY CHECK (slow(id)), v text);"
            f"INSERT INTO {name} SELECT i, repeat('s', 1000) FROM generate_series(1, {rows}) i;")


def quick_tables(count=6, rows=3000):
    return "".join(f"CREATE TABLE quick_{i} (id int PRIMARY KEY, v text);"
                   f"INSERT INTO quick_{i} SELECT n, md5(n::text) FROM generate_series(1, {rows}) n;"
                   f"CREATE INDEX ON quick_{i} (v);" for i in range(count))


def slow_source(pair):
    return pair.load(SLOW + slow_table() + quick_tables())


def await_copy(pair, databases, process=None, seconds=60):
    """Until a COPY into the destination's database is under way."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            out = process.communicate()
            raise AssertionError(f"the clone ended with {process.returncode} before it copied: {out}")
        found = pair.destination.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%' AND state = 'active' "
            f"AND query ILIKE 'copy%' AND datname = '{databases.name}';")
        if found != "0":
            return
        time.sleep(0.02)
    raise AssertionError("no copy began")


def await_quiet(pair, databases, seconds=30):
    """Until no session of ours is left on either side."""
    deadline = time.monotonic() + seconds
    query = ("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgmanager%' "
             f"AND datname = '{databases.name}';")
    while time.monotonic() < deadline:
        if pair.source.sql(query) == "0" and pair.destination.sql(query) == "0":
            return
        time.sleep(0.05)
    raise AssertionError("sessions of ours are still there")
