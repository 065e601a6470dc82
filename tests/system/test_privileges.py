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
