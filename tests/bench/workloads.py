"""What is copied, and how each tool is asked to copy it.

A command may name {source} {destination} (URIs), {work} (an empty directory),
{bin} (PostgreSQL's programs) and {pgmanager}.
"""
import subprocess

OURS = "{pgmanager} clone --foreground --source-uri '{source}' --dest-uri '{destination}'"
PIPE = "{bin}/pg_dump -Fc -Z0 -d '{source}' | {bin}/pg_restore --exit-on-error -d '{destination}'"
PGCOPYDB = ("PATH={bin}:$PATH pgcopydb clone --source '{source}' --target '{destination}' --dir {work}/state"
            " --table-jobs 2 --index-jobs 2")

BIG_COLUMNS = "id int NOT NULL, bucket int, amount int, filler char(84)"


def psql_pipe(form):
    return ("{bin}/psql -Xq -d '{source}' -c 'COPY big TO STDOUT (FORMAT " + form + ")'"
            " | {bin}/psql -Xq -v ON_ERROR_STOP=1 -d '{destination}' -c 'COPY big FROM STDIN (FORMAT " + form + ")'")


def fill_pgbench(cluster, database):
    subprocess.run([f"{cluster.bindir}/pgbench", "-i", "-s", "50", "-q", cluster.uri(database, "unix")],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def fill_many(cluster, database):
    cluster.script(database, """
        SELECT format('CREATE TABLE t%1$s (id int PRIMARY KEY, a int, b text, c timestamptz);'
                      'INSERT INTO t%1$s SELECT n, n %% 10, md5(n::text), now() FROM generate_series(1, 100) n;'
                      'CREATE INDEX ON t%1$s (a)', to_char(i, 'FM0000'))
          FROM generate_series(1, 1000) i \\gexec""")


def fill_big(cluster, database):
    cluster.script(database, f"""
        CREATE TABLE big ({BIG_COLUMNS});
        INSERT INTO big SELECT n, n % 50, 0, '' FROM generate_series(1, 5000000) n;""")


class Tool:
    def __init__(self, name, command, ours=False, prepare=None):
        self.name, self.command, self.ours = name, command, ours
        self.prepare = prepare  # SQL on the empty destination, outside the clock


class Workload:
    def __init__(self, name, what, fill, tools, keep=False):
        self.name, self.what, self.fill, self.tools = name, what, fill, tools
        # Results stay until the workload's end. A file system may be slow to
        # make files where thousands have just been deleted (ext4 is, for some
        # minutes), and that would be measured instead.
        self.keep = keep


WHOLE = [
    Tool("pgmanager", OURS + " --copy-workers 2 --index-workers 2", ours=True),
    Tool("pg_dump, pg_restore", PIPE),
    Tool("pgcopydb", PGCOPYDB),
]

WORKLOADS = [
    Workload("pgbench50", "pgbench, scale 50", fill_pgbench, WHOLE),
    Workload("many1000", "1,000 tables of 100 rows, a primary key and an index each", fill_many, WHOLE,
             keep=True),
    Workload("onebig", "one table of 5 million rows of about 100 bytes, no index", fill_big, [
        Tool("pgmanager, 1 worker", OURS + " --copy-workers 1 --index-workers 1", ours=True),
        Tool("pgmanager, 2 workers", OURS + " --copy-workers 2 --index-workers 2", ours=True),
        Tool("psql COPY pipe, binary", psql_pipe("binary"), prepare=f"CREATE TABLE big ({BIG_COLUMNS})"),
        Tool("psql COPY pipe, text", psql_pipe("text"), prepare=f"CREATE TABLE big ({BIG_COLUMNS})"),
        Tool("pg_dump, pg_restore", PIPE),
    ]),
]
