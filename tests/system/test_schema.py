"""Traps of the schema: F16 to F25."""
from harness.case import case
from harness.pair import Pair


def setup():
    pair = Pair()
    for cluster in (pair.source, pair.destination):
        cluster.sql("CREATE ROLE owner_one LOGIN; CREATE ROLE reader; CREATE ROLE \"Mixed Role\";")
    return pair


@case("F16 objects in the order of their dependencies, ACLs and comments after them")
def f16(pair):
    pair.prove_sql("""
        CREATE TABLE a (id int PRIMARY KEY, v text);
        CREATE VIEW v1 AS SELECT * FROM a;
        CREATE FUNCTION over_view(v1) RETURNS text LANGUAGE sql AS 'SELECT $1.v';
        CREATE VIEW v2 AS SELECT over_view(v1) AS o FROM v1;
        CREATE TABLE typed (x v2, y a[]);
        INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 100) i;
        INSERT INTO typed SELECT ROW('o')::v2, ARRAY[ROW(1, 'a')::a];
        CREATE VIEW grouped AS SELECT id, v, count(*) FROM a GROUP BY id;
        CREATE TABLE clustered (id int, k int, CONSTRAINT clustered_key UNIQUE (k));
        CREATE INDEX clustered_id ON clustered (id);
        ALTER TABLE clustered CLUSTER ON clustered_id;
        ALTER TABLE clustered ALTER k SET NOT NULL, REPLICA IDENTITY USING INDEX clustered_key;
        INSERT INTO clustered SELECT i, i FROM generate_series(1, 100) i;
        COMMENT ON INDEX clustered_id IS 'by id'; COMMENT ON CONSTRAINT clustered_key ON clustered IS 'by k';
        GRANT SELECT ON a TO reader; GRANT UPDATE (v) ON a TO reader WITH GRANT OPTION; REVOKE ALL ON FUNCTION over_view FROM PUBLIC;
        CREATE FUNCTION body(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int + n FROM a; END;
        CREATE FUNCTION semi() RETURNS text LANGUAGE plpgsql AS $x$ BEGIN RETURN $y$;--';$y$; END; $x$;""")


@case("F17 extensions, their members and configuration tables")
def f17(pair):
    databases = pair.prove_sql("""
        CREATE SCHEMA ext;
        CREATE EXTENSION hstore SCHEMA ext;
        CREATE EXTENSION pg_trgm;
        CREATE EXTENSION "uuid-ossp" SCHEMA ext;
        CREATE EXTENSION btree_gin;
        CREATE EXTENSION pg_stat_statements;
        COMMENT ON EXTENSION pg_trgm IS 'ours';
        CREATE TABLE h (id uuid PRIMARY KEY DEFAULT ext.uuid_generate_v4(), kv ext.hstore, t text);
        INSERT INTO h (kv, t) SELECT ext.hstore('k' || i, NULLIF(i % 3, 0)::text), md5(i::text) FROM generate_series(1, 500) i;
        CREATE INDEX ON h USING gin (t gin_trgm_ops); CREATE INDEX ON h USING gin (kv);
        CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1';
        ALTER EXTENSION hstore ADD FUNCTION mine();""", drop=[r"FUNCTION public\.mine"])


@case("F17 an extension that the destination does not have is a blocker")
def f17_missing(pair):
    databases = pair.load("CREATE TABLE t (i int);")
    databases.source("""
        SET allow_system_table_mods = on;
        INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        SELECT 99999, 'not_a_real_extension', 10, 2200, true, '1.0';""")
    result = pair.clone(databases, expect=5)
    assert "not_a_real_extension" in result.text, result
    assert databases.destination("SELECT count(*) FROM pg_class WHERE relnamespace = 2200;") == "0"


@case("F18 functions in indexes, checks and views that rely on search_path")
def f18(pair):
    databases = pair.load("""
        CREATE SCHEMA app;
        CREATE FUNCTION app.helper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
        SET search_path = app, public;
        CREATE FUNCTION app.outer_helper(t text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = app AS 'SELECT helper(t)';
        CREATE TABLE app.t (id int PRIMARY KEY, v text CHECK (outer_helper(v) <> 'bad'), g text GENERATED ALWAYS AS (outer_helper(v)) STORED);
        INSERT INTO t SELECT i, 'Value' || i FROM generate_series(1, 1000) i;
        CREATE INDEX t_lower ON t (outer_helper(v));
        CREATE MATERIALIZED VIEW app.m AS SELECT outer_helper(v) AS o, count(*) FROM t GROUP BY 1;""")
    pair.prove(databases)
    assert "t_lower" in databases.destination(
        "SET enable_seqscan = off; EXPLAIN SELECT * FROM app.t WHERE app.outer_helper(v) = 'value7';")


@case("F18 an index that can't be built is reported by name and hides no other")
def f18_broken(pair):
    databases = pair.load("""
        CREATE SCHEMA app;
        CREATE FUNCTION app.helper(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
        SET search_path = app, public;
        CREATE FUNCTION app.needs_path(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN helper(t); END';
        CREATE TABLE app.t (id int PRIMARY KEY, v text);
        INSERT INTO t SELECT i, 'Value' || i FROM generate_series(1, 100) i;
        CREATE INDEX broken_index ON t (needs_path(v));
        CREATE INDEX good_index ON t (v);""")
    result = pair.clone(databases, expect=6)
    assert "broken_index" in result.text, result
    assert databases.destination("SELECT count(*) FROM app.t;") == "100"
    assert databases.destination("SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'app.t'::regclass "
                                 "AND indisvalid ORDER BY indexrelid::regclass::text;") == "app.good_index\napp.t_pkey"


@case("F19 comments, default privileges, settings, statistics, storage, owners and ACLs")
def f19(pair):
    databases = pair.load("""
        CREATE SCHEMA s AUTHORIZATION owner_one;
        GRANT USAGE ON SCHEMA s TO reader, PUBLIC;
        CREATE TABLE s.t (id int, v text, w text COLLATE "C") WITH (fillfactor = 70, autovacuum_enabled = off);
        INSERT INTO s.t SELECT i % 10, i::text, 'w' FROM generate_series(1, 2000) i;
        ALTER TABLE s.t OWNER TO owner_one;
        ALTER TABLE s.t ALTER v SET STORAGE EXTERNAL, ALTER v SET STATISTICS 500, ALTER id SET (n_distinct = -0.5);
        ALTER TABLE s.t ALTER w SET COMPRESSION pglz;
        CREATE STATISTICS s.st (dependencies, ndistinct, mcv) ON id, v FROM s.t;
        ALTER STATISTICS s.st SET STATISTICS 200;
        CREATE INDEX t_idx ON s.t (id) WITH (fillfactor = 60); ALTER TABLE s.t CLUSTER ON t_idx;
        CREATE INDEX t_expr ON s.t ((id + 1)); ALTER INDEX s.t_expr ALTER COLUMN 1 SET STATISTICS 300;
        GRANT SELECT (id), INSERT (id) ON s.t TO reader; GRANT ALL ON s.t TO "Mixed Role" WITH GRANT OPTION;
        REVOKE DELETE ON s.t FROM owner_one;
        ALTER DEFAULT PRIVILEGES FOR ROLE owner_one IN SCHEMA s GRANT SELECT ON TABLES TO reader;
        ALTER DEFAULT PRIVILEGES FOR ROLE owner_one REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        COMMENT ON SCHEMA s IS 'schema'; COMMENT ON TABLE s.t IS 'it''s'; COMMENT ON COLUMN s.t.v IS E'two\\nlines';
        COMMENT ON INDEX s.t_idx IS 'index'; COMMENT ON STATISTICS s.st IS 'stats';
        CREATE TYPE s.ty AS (a int); ALTER TYPE s.ty OWNER TO "Mixed Role"; COMMENT ON TYPE s.ty IS 'type';
        CREATE OPERATOR s.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); COMMENT ON OPERATOR s.=== (int, int) IS 'op';
        CREATE AGGREGATE s.total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
        CREATE CAST (s.ty AS text) WITH INOUT AS ASSIGNMENT; CREATE TEXT SEARCH CONFIGURATION s.conf (COPY = simple);
        CREATE PROCEDURE s.proc(a int) LANGUAGE plpgsql AS 'BEGIN COMMIT; END'; REVOKE ALL ON PROCEDURE s.proc FROM PUBLIC;
        DO $$ BEGIN
          EXECUTE format('COMMENT ON DATABASE %I IS ''a database''', current_database());
          EXECUTE format('ALTER DATABASE %I SET work_mem = ''7MB''', current_database());
          EXECUTE format('ALTER DATABASE %I SET search_path = s, public', current_database());
          EXECUTE format('ALTER ROLE owner_one IN DATABASE %I SET statement_timeout = ''9s''', current_database());
          EXECUTE format('GRANT CREATE ON DATABASE %I TO reader', current_database()); END $$;""")
    pair.prove(databases)
    databases.both("SELECT coalesce(setrole::regrole::text, '-'), setconfig FROM pg_db_role_setting s "
                   "JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database() ORDER BY 1;")
    databases.both("SELECT datacl, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database();")


@case("F19 --no-owner and --no-acl")
def f19_without(pair):
    databases = pair.load("""CREATE TABLE t (i int); ALTER TABLE t OWNER TO owner_one; GRANT SELECT ON t TO reader;
                             INSERT INTO t VALUES (1);""")
    pair.clone(databases, "--no-owner", "--no-acl")
    assert databases.destination("SELECT relowner::regrole, relacl FROM pg_class WHERE relname = 't';") == "postgres|"


@case("F19 roles that the destination does not have are named")
def f19_roles(pair):
    pair.source.sql("CREATE ROLE only_at_source;")
    databases = pair.load("CREATE TABLE t (i int); ALTER TABLE t OWNER TO only_at_source; INSERT INTO t VALUES (1);")
    result = pair.command.run("clone", *databases.uris())
    assert "only_at_source" in result.text, result
    assert result.code in (0, 5, 6), result
    pair.drop(databases)
    pair.source.sql("DROP ROLE only_at_source;")


@case("F20 publications, subscriptions and event triggers")
def f20(pair):
    databases = pair.load("""
        CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY);
        INSERT INTO a SELECT i, 'x' FROM generate_series(1, 100) i;
        CREATE PUBLICATION p1 FOR TABLE a (id), b WHERE (id > 5) WITH (publish = 'insert,update');
        CREATE PUBLICATION p2 FOR ALL TABLES; CREATE PUBLICATION p3;
        CREATE PUBLICATION p4 FOR TABLES IN SCHEMA public;
        CREATE SUBSCRIPTION s1 CONNECTION 'host=127.0.0.1 port=1 dbname=x' PUBLICATION p WITH (connect = false);
        CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$
          BEGIN IF tg_tag = 'CREATE INDEX' THEN RAISE EXCEPTION 'no new indexes'; END IF; END $$;
        CREATE INDEX a_v ON a (v);
        CREATE EVENT TRIGGER no_indexes ON ddl_command_end EXECUTE FUNCTION guard();
        CREATE EVENT TRIGGER disabled ON ddl_command_start EXECUTE FUNCTION guard(); ALTER EVENT TRIGGER disabled DISABLE;""")
    # The slot is the source's: whoever drops the copy must not drop it.
    pair.prove(databases, drop=("^CREATE SUBSCRIPTION s1 .*slot_name = (NONE|'s1')",))
    assert databases.destination("SELECT subslotname IS NULL FROM pg_subscription WHERE subname = 's1' AND subdbid ="
                                 " (SELECT oid FROM pg_database WHERE datname = current_database());") == "t"
    assert databases.destination("SELECT subenabled FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid "
                                 "WHERE datname = current_database();") == "f"
    for side in (databases.source, databases.destination):
        side("ALTER SUBSCRIPTION s1 DISABLE; ALTER SUBSCRIPTION s1 SET (slot_name = NONE); DROP SUBSCRIPTION s1;")


@case("F21 rules and triggers stay quiet while rows are copied")
def f21(pair):
    databases = pair.prove_sql("""
        CREATE TABLE log (n serial, what text);
        CREATE TABLE a (id int PRIMARY KEY, v text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log (what) VALUES (TG_OP); NEW.v := 'changed'; RETURN NEW; END $$;
        CREATE TABLE b (id int PRIMARY KEY, v text);
        INSERT INTO a SELECT i, 'a' FROM generate_series(1, 50) i; INSERT INTO b SELECT i, 'b' FROM generate_series(1, 50) i;
        CREATE RULE r AS ON INSERT TO a DO ALSO INSERT INTO log (what) VALUES ('rule');
        CREATE RULE nothing AS ON DELETE TO b DO INSTEAD NOTHING;
        CREATE RULE r2 AS ON INSERT TO b DO INSTEAD NOTHING;
        CREATE TRIGGER t BEFORE INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER t2 BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION note();
        ALTER TABLE b ENABLE ALWAYS TRIGGER t2; ALTER TABLE a ENABLE REPLICA RULE r;
        CREATE VIEW va AS SELECT * FROM a; CREATE RULE upd AS ON UPDATE TO va DO INSTEAD UPDATE a SET v = NEW.v WHERE id = OLD.id;
        CREATE TRIGGER ii INSTEAD OF INSERT ON va FOR EACH ROW EXECUTE FUNCTION note();
        COMMENT ON TRIGGER t ON a IS 'notes'; COMMENT ON RULE r ON a IS 'rule'; ALTER TABLE a DISABLE TRIGGER t;""")
    assert databases.destination("SELECT count(*) FROM log;") == "0"


@case("F22 expression, partial, INCLUDE, NULLS NOT DISTINCT, opclass and ATTACHed indexes")
def f22(pair):
    pair.prove_sql("""
        CREATE TABLE t (a int, b text, c int, p point, r int4range, j jsonb);
        INSERT INTO t SELECT i, md5(i::text), NULLIF(i % 7, 0), point(i, i), int4range(i, i + 5), jsonb_build_object('k', i)
          FROM generate_series(1, 3000) i;
        CREATE INDEX ON t (lower(b), (a + c)); CREATE UNIQUE INDEX ON t (a) WHERE c IS NOT NULL;
        CREATE UNIQUE INDEX ON t (a, c) NULLS NOT DISTINCT; CREATE UNIQUE INDEX ON t (a) INCLUDE (b, c);
        CREATE INDEX ON t (b text_pattern_ops DESC NULLS LAST); CREATE INDEX ON t USING brin (a) WITH (pages_per_range = 4);
        CREATE INDEX ON t USING gist (p); CREATE INDEX ON t USING spgist (r); CREATE INDEX ON t USING gin (j jsonb_path_ops);
        CREATE INDEX ON t USING hash (b); CREATE INDEX "odd ""name"" x" ON t (c) WHERE b <> ';';
        ALTER TABLE t ADD CONSTRAINT t_key PRIMARY KEY (a) INCLUDE (b);
        ALTER TABLE t ADD CONSTRAINT "un i" UNIQUE NULLS NOT DISTINCT (b, c);
        CREATE TABLE parts (k int, v text) PARTITION BY RANGE (k);
        CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
        CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200) PARTITION BY LIST (v);
        CREATE TABLE parts_2a PARTITION OF parts_2 DEFAULT;
        INSERT INTO parts SELECT i, 'v' || i FROM generate_series(0, 199) i;
        CREATE INDEX parts_v ON parts (v); CREATE INDEX only_top ON ONLY parts (k);
        CREATE INDEX attached ON parts_1 (k); ALTER INDEX only_top ATTACH PARTITION attached;
        ALTER TABLE parts_1 ADD CONSTRAINT own_key UNIQUE (k, v);
        ALTER TABLE parts ADD CONSTRAINT parts_key UNIQUE (k, v);
        COMMENT ON CONSTRAINT t_key ON t IS 'key';""")


@case("F22 an invalid index is not made valid quietly")
def f22_invalid(pair):
    databases = pair.load("""CREATE TABLE t (a int); INSERT INTO t SELECT i % 100 FROM generate_series(1, 1000) i;
                             CREATE INDEX good ON t (a);""")
    try:
        databases.source("CREATE UNIQUE INDEX CONCURRENTLY bad ON t (a);")
    except Exception:  # duplicates: leaves an invalid index, as wanted
        pass
    assert databases.source("SELECT indisvalid FROM pg_index WHERE indexrelid = 'bad'::regclass;") == "f"
    pair.clone(databases)
    assert databases.destination("SELECT to_regclass('bad'), to_regclass('good');") == "|good"
    databases.both("SELECT count(*), sum(a) FROM t;")


@case("F23 exclusion constraints, deferrable ones and NOT VALID")
def f23(pair):
    databases = pair.prove_sql("""
        CREATE EXTENSION btree_gist;
        CREATE TABLE rooms (room int, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&) DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO rooms SELECT i % 5, tsrange(timestamp '2020-01-01' + i * interval '1 day', timestamp '2020-01-02' + i * interval '1 day')
          FROM generate_series(1, 200) i;
        CREATE TABLE parent (id int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO parent SELECT i, i FROM generate_series(1, 100) i;
        CREATE TABLE child (id int, v int CHECK (v > 0) NO INHERIT, p int REFERENCES parent (id) ON DELETE SET NULL DEFERRABLE,
          w int REFERENCES parent ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO child SELECT i, i, i, i FROM generate_series(1, 100) i;
        INSERT INTO child VALUES (-1, 5, NULL, NULL), (-2, 6, 7, 8);
        ALTER TABLE child ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
        CREATE TABLE orphan (p int); INSERT INTO orphan VALUES (1), (999);
        ALTER TABLE orphan ADD CONSTRAINT orphan_p FOREIGN KEY (p) REFERENCES parent MATCH FULL NOT VALID;
        CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON child DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION noop();""")
    databases.both("SELECT conname, convalidated, condeferrable, condeferred FROM pg_constraint WHERE conrelid <> 0 ORDER BY conname COLLATE \"C\";")


@case("F24 cycles of foreign keys")
def f24(pair):
    databases = pair.prove_sql("""
        CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int);
        CREATE TABLE self (id int PRIMARY KEY, boss int REFERENCES self);
        INSERT INTO a SELECT i, 101 - i FROM generate_series(1, 100) i; INSERT INTO b SELECT i, 101 - i FROM generate_series(1, 100) i;
        INSERT INTO self SELECT i, NULLIF(i % 50, 0) FROM generate_series(1, 100) i;
        ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a;
        CREATE TABLE keyed (k int, v int, PRIMARY KEY (k)) PARTITION BY HASH (k);
        CREATE TABLE keyed_0 PARTITION OF keyed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE keyed_1 PARTITION OF keyed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        INSERT INTO keyed SELECT i, i FROM generate_series(1, 500) i;
        ALTER TABLE keyed ADD FOREIGN KEY (v) REFERENCES keyed (k);
        CREATE TABLE refers (k int REFERENCES keyed ON DELETE CASCADE); INSERT INTO refers SELECT i FROM generate_series(1, 500) i;""")
    databases.both("SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE contype = 'f';")
    assert "violates foreign key" in failure(databases, "INSERT INTO refers VALUES (100000);")


def failure(databases, sql):
    try:
        databases.destination(sql)
    except Exception as error:
        return str(error)
    raise AssertionError("no error: " + sql)


@case("F25 serial, identity and OWNED BY")
def f25(pair):
    databases = pair.prove_sql("""
        CREATE TABLE t (a serial, b bigserial, c int GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT BY 5 CYCLE MAXVALUE 1000),
          d smallint GENERATED ALWAYS AS IDENTITY, e int);
        CREATE SEQUENCE shared AS smallint START -5 MINVALUE -10 INCREMENT -1; ALTER TABLE t ALTER e SET DEFAULT nextval('shared');
        CREATE SEQUENCE owned OWNED BY t.e; SELECT setval('owned', 77, false);
        INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES;
        CREATE SEQUENCE untouched; CREATE SEQUENCE down INCREMENT -3 MAXVALUE 50 START 50; SELECT nextval('down'), nextval('down');
        CREATE UNLOGGED TABLE u (i serial); INSERT INTO u DEFAULT VALUES;
        ALTER TABLE t RENAME a TO renamed; ALTER SEQUENCE t_a_seq RENAME TO other_name;""")
    databases.both("INSERT INTO t DEFAULT VALUES RETURNING renamed, b, c, d, e;")
    databases.both("SELECT nextval('owned'), nextval('untouched'), nextval('down');")
    assert databases.destination("SELECT pg_get_serial_sequence('t', 'renamed');") == "public.other_name"
