"""Nobody is superuser: what works, and the exact GRANT for what does not."""
from harness import check
from harness.case import case
from harness.pair import Databases, Pair


def setup():
    pair = Pair()
    for cluster in (pair.source, pair.destination):
        cluster.sql("CREATE ROLE app LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE reader;")
    return pair


class AsUser(Databases):
    """The same databases through an ordinary role."""

    def __init__(self, pair, name, user, destination_user=None):
        super().__init__(pair, name)
        self.user, self.destination_user = user, destination_user or user

    @property
    def source_uri(self):
        return self.pair.source.uri(self.name, self.user)

    @property
    def destination_uri(self):
        return self.pair.destination.uri(self.name, self.destination_user)


OWN = """
CREATE TABLE t (id serial PRIMARY KEY, v text, p int); CREATE TABLE kid (id int REFERENCES t, g int GENERATED ALWAYS AS IDENTITY);
INSERT INTO t (v) SELECT md5(i::text) FROM generate_series(1, 5000) i; INSERT INTO kid SELECT i FROM generate_series(1, 500) i;
CREATE SCHEMA own; CREATE TABLE own.big (id int, v text); INSERT INTO own.big SELECT i, repeat('x', 300) FROM generate_series(1, 9000) i;
CREATE INDEX ON own.big (id); CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t; CREATE EXTENSION citext;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := ''changed''; RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TYPE mood AS ENUM ('a'); CREATE TABLE mm (m mood[]); INSERT INTO mm VALUES ('{a}');
SELECT lo_from_bytea(70001, 'abc'); COMMENT ON TABLE t IS 'own'; GRANT SELECT ON t TO reader;
"""


def owned(pair):
    databases = pair.databases()
    for cluster in (pair.source, pair.destination):
        cluster.sql(f"ALTER DATABASE {databases.name} OWNER TO app; GRANT ALL ON SCHEMA public TO app;")
        cluster.sql("GRANT ALL ON SCHEMA public TO app;", databases.name)
    return databases


@case("an owner who is no superuser, on both sides")
def owner(pair):
    databases = owned(pair)
    pair.source.sql(OWN, databases.name, user="app")
    app = AsUser(pair, databases.name, "app")
    before = check.footprint(pair.source, databases.name)
    pair.clone(app, "--split-larger-than", "512kB")
    check.expect_same_text(before, check.footprint(pair.source, databases.name), "the source is not as it was")
    check.expect_nothing_of_ours(pair.destination, databases.name)
    pair.compare(app)
    pair.check_independently(databases)


@case("a reader with nothing but SELECT on the source, --no-owner --no-acl")
def reader(pair):
    databases = owned(pair)
    pair.source.sql(OWN.replace("SELECT lo_from_bytea(70001, 'abc');", ""), databases.name, user="app")
    pair.source.sql("GRANT USAGE ON SCHEMA own, public TO stranger; GRANT SELECT ON ALL TABLES IN SCHEMA public, own TO stranger; "
                    "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, own TO stranger;", databases.name)
    both = AsUser(pair, databases.name, "stranger", "app")
    pair.clone(both, "--no-owner", "--no-acl")
    pair.check_independently(databases, dump=["--no-owner", "--no-acl"])


@case("a table that may not be read is a blocker with its GRANT")
def unreadable(pair):
    databases = owned(pair)
    pair.source.sql(OWN, databases.name, user="app")
    both = AsUser(pair, databases.name, "stranger", "app")
    result = pair.command.run("clone", *both.uris())
    assert result.code == 5, result
    assert "GRANT" in result.text and "SELECT" in result.text and "stranger" in result.text, result
    assert databases.destination("SELECT count(*) FROM pg_class WHERE relnamespace = 2200;") == "0"


@case("a destination without CREATE is a blocker with its GRANT")
def no_create(pair):
    databases = pair.load("CREATE TABLE t (i int); INSERT INTO t VALUES (1);")
    both = AsUser(pair, databases.name, "postgres", "stranger")
    result = pair.command.run("clone", *both.uris(), "--no-owner", "--no-acl")
    assert result.code == 5, result
    assert "GRANT" in result.text and "CREATE" in result.text, result


@case("objects owned by others: a destination role that can't SET ROLE is told what to grant")
def other_owner(pair):
    databases = owned(pair)
    pair.source.sql("CREATE TABLE theirs (i int); ALTER TABLE theirs OWNER TO reader; INSERT INTO theirs VALUES (1);", databases.name)
    both = AsUser(pair, databases.name, "postgres", "app")
    result = pair.command.run("clone", *both.uris())
    assert result.code in (5, 6), result
    assert "reader" in result.text, result
    result = pair.command.run("clone", *both.uris(), "--no-owner", "--no-acl", "--drop-existing")
    assert result.code == 0, result
    assert databases.destination("TABLE theirs;") == "1"


@case("F31 row security without BYPASSRLS is a blocker, not a silent loss")
def rls(pair):
    databases = owned(pair)
    pair.source.sql("CREATE TABLE rls (id int, who name); INSERT INTO rls SELECT i, 'app' FROM generate_series(1, 100) i; "
                    "INSERT INTO rls VALUES (999, 'other'); CREATE POLICY p ON rls USING (who = current_user); "
                    "ALTER TABLE rls ENABLE ROW LEVEL SECURITY; GRANT SELECT ON rls TO stranger;", databases.name, user="app")
    both = AsUser(pair, databases.name, "stranger", "app")
    result = pair.command.run("clone", *both.uris(), "--no-owner", "--no-acl")
    assert result.code == 5, result
    assert "BYPASSRLS" in result.text or "row" in result.text.lower(), result
    pair.source.sql("ALTER TABLE rls FORCE ROW LEVEL SECURITY;", databases.name)
    result = pair.command.run("clone", *AsUser(pair, databases.name, "app").uris())
    assert result.code == 5, result


MIXED = """
CREATE SCHEMA app; CREATE SCHEMA secret;
CREATE TABLE secret.t (id int PRIMARY KEY, v text); INSERT INTO secret.t VALUES (1, 'hidden'); CREATE SEQUENCE secret.s;
CREATE TYPE secret.mood AS ENUM ('sad', 'ok'); CREATE FUNCTION secret.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE TABLE secret."Q""uoted.*" (id int);
CREATE TABLE app.orders (id serial PRIMARY KEY, m secret.mood DEFAULT 'ok', n int CHECK (secret.f(n) < 1000));
INSERT INTO app.orders (n) SELECT i % 400 FROM generate_series(1, 2000) i;
CREATE TABLE app.hidden (id int PRIMARY KEY, v text); CREATE SEQUENCE app.counter;
CREATE VIEW app.fine AS SELECT count(*) AS n FROM app.orders;
CREATE VIEW app.peeks AS SELECT o.id, t.v FROM app.orders o JOIN secret.t ON t.id = o.id;
CREATE VIEW app.peeks_too AS SELECT count(*) AS n FROM app.peeks;
CREATE FUNCTION app.body() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM secret.t; END;
CREATE TABLE app.parts (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM (0) TO (10); INSERT INTO app.parts VALUES (1, 'x');
SELECT lo_from_bytea(0, 'theirs');
GRANT USAGE ON SCHEMA app TO reader_one; GRANT SELECT ON app.orders, app.fine, app.parts, app.parts_1 TO reader_one;
GRANT SELECT ON SEQUENCE app.orders_id_seq, app.counter TO reader_one;
"""


@case("a role that may read one schema only: what was not chosen is not asked for, nor locked")
def one_schema(pair):
    for cluster in (pair.source, pair.destination):
        cluster.sql("CREATE ROLE reader_one LOGIN;")
    databases = pair.databases()
    pair.source.sql(MIXED, databases.name)
    pair.destination.sql(f"ALTER DATABASE {databases.name} OWNER TO reader_one;")
    one = AsUser(pair, databases.name, "reader_one")
    whole = pair.command.run("clone", *one.uris(), "--no-owner", "--no-acl")
    assert whole.code == 5 and "GRANT USAGE ON SCHEMA \"secret\" TO" in whole.text, whole
    # of the schema itself one table is lacking
    lacking = pair.command.run("clone", *one.uris(), "--no-owner", "--no-acl", "--include=app")
    assert lacking.code == 5 and "GRANT SELECT ON TABLE app.hidden TO \"reader_one\"; -- on the source" in lacking.text, lacking
    assert "secret" not in lacking.text, lacking
    result = pair.clone(one, "--no-owner", "--no-acl", "--include=app", "--exclude=app.hidden")
    assert "may read everything that was chosen" in pair.command.run(
        "clone", *one.uris(), "--include=app", "--exclude=app.hidden", "--dry-run", "--no-owner", "--no-acl").text, result
    there = one.destination("SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n "
                            "ON n.oid = c.relnamespace WHERE n.nspname IN ('app', 'secret') AND c.relkind IN ('r', 'p', 'v', 'S');")
    assert there == "app.counter app.fine app.orders app.orders_id_seq app.parts app.parts_1", there
    for table in ("app.orders", "app.parts"):
        one.both(f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {table} t;")
    one.both("SELECT last_value, is_called FROM app.orders_id_seq;")
    assert one.destination("SELECT count(*) FROM pg_proc WHERE proname = 'body';") == "0", "a function without its table"
    pair.drop(databases)
