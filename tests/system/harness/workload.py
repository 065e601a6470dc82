"""Bank and ledger: writers whose loss or doubling can't hide, and a watcher.

Bank: transfers between accounts, so that the sum is the same in every snapshot:
a torn transaction shows. Ledger: append-only (client, seq, payload) without any
unique key, so that a doubled row is no error but two rows; each client keeps its
own record of what was acknowledged. Beside them updates of a wide value out of
line, deletes, inserts with a serial, changes of a key, and a partitioned table.

Clients are psql processes: a transaction is acknowledged when the line printed
behind its COMMIT arrives. When the answer to a COMMIT is lost, the client looks
at what is there before it goes on, as an application has to.
"""
import random
import subprocess
import threading
import time

from . import check
from .cluster import SqlError
from .following import NOT_FOLLOWED

ACCOUNTS = 200
BALANCE = 1000
TOTAL = ACCOUNTS * BALANCE

SCHEMA = f"""
CREATE TABLE bank (id int PRIMARY KEY, balance bigint NOT NULL, note text);
INSERT INTO bank SELECT i, {BALANCE}, 'account ' || i FROM generate_series(1, {ACCOUNTS}) i;
CREATE TABLE ledger (client int, seq bigint, payload text);
ALTER TABLE ledger REPLICA IDENTITY FULL; -- published tables need one, inserted into or not
CREATE TABLE wide (id int PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);
ALTER TABLE wide ALTER v SET STORAGE EXTERNAL;
INSERT INTO wide SELECT i, repeat(md5(i::text), 200), 0 FROM generate_series(1, 50) i;
CREATE TABLE items (id bigserial PRIMARY KEY, client int, label text UNIQUE);
INSERT INTO items (client, label) SELECT 0, 'first ' || i FROM generate_series(1, 500) i;
CREATE TABLE parts (k int, client int, v text, PRIMARY KEY (k, client)) PARTITION BY RANGE (k);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (500);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (500) TO (1000);
INSERT INTO parts SELECT i, 0, 'p' FROM generate_series(0, 999) i;
"""


def transaction(client, seq, rng):
    """One transaction, and the line that acknowledges it."""
    a, b = sorted(rng.sample(range(1, ACCOUNTS + 1), 2))
    amount = rng.randint(-50, 50)
    lines = ["BEGIN;", f"UPDATE bank SET balance = balance - {amount} WHERE id = {a};",
             f"UPDATE bank SET balance = balance + {amount} WHERE id = {b};",
             f"INSERT INTO ledger VALUES ({client}, {seq}, md5('{client}/{seq}'));"]
    kind = rng.randint(0, 9)
    own = f"'{client}/{seq}'"
    if kind == 0:
        lines.append(f"UPDATE wide SET n = n + 1 WHERE id = {rng.randint(1, 50)};")
    elif kind == 1:
        lines.append(f"UPDATE wide SET v = repeat(md5({own}), 200) WHERE id = {rng.randint(1, 50)};")
    elif kind in (2, 3):
        lines.append(f"INSERT INTO items (client, label) VALUES ({client}, {own});")
    elif kind == 4:
        lines.append(f"DELETE FROM items WHERE id = (SELECT min(id) FROM items WHERE client = {client});")
    elif kind == 5:
        lines.append(f"INSERT INTO parts VALUES ({rng.randint(0, 999)}, {client}, {own}) "
                     "ON CONFLICT (k, client) DO UPDATE SET v = excluded.v;")
    elif kind == 6:  # from one partition to the other
        lines.append(f"UPDATE parts SET k = 999 - k WHERE client = {client} AND k = (SELECT min(k) FROM parts p "
                     f"WHERE client = {client} AND NOT EXISTS (SELECT FROM parts q WHERE q.client = p.client AND q.k = 999 - p.k));")
    elif kind == 7:
        lines.append(f"SAVEPOINT s; INSERT INTO ledger VALUES ({client}, -1, 'undone'); ROLLBACK TO s;")
    lines += ["COMMIT;", f"\\echo ack {seq}"]
    return "\n".join(lines) + "\n"


class Client(threading.Thread):
    """Writes until told to stop; @where gives (cluster, database name) for each
    new session, so that a cutover can move it."""

    def __init__(self, number, where, seed, pause=0.0):
        super().__init__(daemon=True)
        self.number, self.where, self.pause = number, where, pause
        self.rng = random.Random(seed * 1000 + number)
        self.acknowledged = 0  # every seq up to here is committed
        self.longest_wait = 0.0
        self.errors = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            try:
                self.session()
            except (SqlError, OSError, BrokenPipeError) as error:
                self.errors.append(str(error))
                self.ended.wait(0.1)

    def session(self):
        cluster, dbname = self.where()
        # the truth about a COMMIT whose answer was lost
        seen = cluster.sql(f"SELECT coalesce(max(seq), 0) FROM ledger WHERE client = {self.number};", dbname)
        if int(seen) < self.acknowledged:
            raise AssertionError(f"client {self.number}: {self.acknowledged} was acknowledged, {seen} is there")
        self.acknowledged = int(seen)
        process = cluster.psql_process(dbname, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            while not self.ended.is_set():
                self.one(process)
                if self.pause:
                    self.ended.wait(self.pause)
        finally:
            process.kill()
            process.communicate()

    def one(self, process):
        seq = self.acknowledged + 1
        began = time.monotonic()
        process.stdin.write(transaction(self.number, seq, self.rng).encode())
        process.stdin.flush()
        line = process.stdout.readline()
        self.longest_wait = max(self.longest_wait, time.monotonic() - began)
        if line != f"ack {seq}\n".encode():
            raise SqlError(process.stderr.read1(4096).decode("utf-8", "replace") if process.stderr else "")
        self.acknowledged = seq


class Watcher(threading.Thread):
    """Looks at the destination all the while: whole transactions only, no row of
    the ledger missing or twice."""

    QUERY = """BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT 'bank', count(*), sum(balance) FROM bank;
SELECT 'ledger', client, max(seq), count(*), count(DISTINCT seq) FROM ledger GROUP BY client;
COMMIT;
"""

    def __init__(self, cluster, dbname, every=0.15):
        super().__init__(daemon=True)
        self.cluster, self.dbname, self.every = cluster, dbname, every
        self.found, self.looks = [], 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(self.every):
            try:
                self.look(self.cluster.rows(self.QUERY, self.dbname))
            except SqlError:
                pass  # not there yet, or the fault of the day

    def look(self, rows):
        self.looks += 1
        for row in rows:
            if row[0] == "bank" and row[1] != "0" and row[1:] != [str(ACCOUNTS), str(TOTAL)]:
                self.found.append(f"the bank has {row[1]} accounts with {row[2]}, not {ACCOUNTS} with {TOTAL}")
            if row[0] == "ledger" and len({row[2], row[3], row[4]}) != 1:
                self.found.append(f"client {row[1]}: the last is {row[2]}, rows {row[3]}, different {row[4]}")


class Workload:
    """Clients on the source and a watcher on the destination, as one block."""

    def __init__(self, databases, clients=4, seed=0, pause=0.0, watch=True):
        self.databases = databases
        self.target = (databases.pair.source, databases.name)
        self.clients = [Client(i + 1, lambda: self.target, seed, pause) for i in range(clients)]
        self.watcher = Watcher(databases.pair.destination, databases.name) if watch else None

    def __enter__(self):
        for thread in self.clients + ([self.watcher] if self.watcher else []):
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def move(self, cluster):
        """New sessions go there; present ones end by themselves or by the fence."""
        self.target = (cluster, self.databases.name)

    def stop(self):
        """The writers only; the watcher looks on until the verdict."""
        for client in self.clients:
            client.ended.set()
        for client in self.clients:
            client.join(timeout=60)

    def close(self):
        self.stop()
        if self.watcher:
            self.watcher.ended.set()
            self.watcher.join(timeout=60)

    @property
    def committed(self):
        return sum(client.acknowledged for client in self.clients)

    def await_commits(self, count, seconds=60):
        """Until @count more transactions are committed."""
        goal, deadline = self.committed + count, time.monotonic() + seconds
        while self.committed < goal:
            if time.monotonic() > deadline:
                errors = [e for c in self.clients for e in c.errors[-2:]]
                raise AssertionError(f"the writers stand at {self.committed}: {errors}")
            time.sleep(0.01)


def settle_unknown(cluster, dbname, clients):
    """What became of the last COMMITs that nobody heard the answer to."""
    for client in clients:
        seen = int(cluster.sql(f"SELECT coalesce(max(seq), 0) FROM ledger WHERE client = {client.number};", dbname))
        assert seen >= client.acknowledged, f"client {client.number}: {client.acknowledged} acknowledged, {seen} there"
        assert seen <= client.acknowledged + 1, f"client {client.number}: {seen} there, {client.acknowledged} acknowledged"
        client.acknowledged = seen


def counts(cluster, dbname):
    return {int(c): (int(m), int(n)) for c, m, n in
            cluster.rows("SELECT client, max(seq), count(*) FROM ledger GROUP BY client;", dbname)}


def await_caught_up(databases, clients, seconds=120, alive=None):
    """Until the destination's ledger has what every client has committed. @alive
    raises when waiting has become pointless."""
    deadline = time.monotonic() + seconds
    while True:
        if alive:
            alive()
        there = counts(databases.pair.destination, databases.name)
        behind = {c.number: (there.get(c.number, (0, 0)), c.acknowledged) for c in clients
                  if there.get(c.number, (0, 0))[0] < c.acknowledged}
        if not behind:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not caught up after {seconds} s, (destination), acknowledged: {behind}")
        time.sleep(0.1)


def verdict(workload, seconds=120, alive=None, holder=None):
    """The writers rest; everything they were told is committed is on the
    destination, once. @holder: the cluster that the writers wrote to last."""
    databases, pair = workload.databases, workload.databases.pair
    workload.stop()
    settle_unknown(holder or pair.source, databases.name, workload.clients)
    await_caught_up(databases, workload.clients, seconds, alive)
    workload.close()
    for client in workload.clients:
        last, rows = counts(pair.destination, databases.name).get(client.number, (0, 0))
        assert last == rows == client.acknowledged, \
            f"client {client.number}: acknowledged {client.acknowledged}, last {last}, rows {rows}"
    if workload.watcher:
        assert not workload.watcher.found, workload.watcher.found[:5]
        assert workload.watcher.looks > 0, "the watcher saw nothing"
    # values of sequences follow at the cutover
    check.expect_same_rows(pair.source, databases.name, pair.destination, databases.name, skip=NOT_FOLLOWED)
