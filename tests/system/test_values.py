"""Traps of values: F1 to F12."""
from harness.case import case
from harness.pair import Pair

WEIGHT = 5


def setup():
    return Pair()


@case("F01 NULL, empty and TOASTed values are three things")
def f01(pair):
    databases = pair.prove_sql(r"""
        CREATE TABLE texts (id int PRIMARY KEY, t text, b bytea, v varchar(10), c char(5), n numeric);
        ALTER TABLE texts ALTER t SET STORAGE EXTERNAL;
        INSERT INTO texts VALUES
          (1, NULL, NULL, NULL, NULL, NULL), (2, '', '', '', '', 0),
          (3, repeat('x', 100000), decode(repeat('00ff', 50000), 'hex'), ' ', ' ', NULL),
          (4, '\N', '\x5c4e', '\N', '\N', 1), (5, E'\\N', E'\\000', E'\\', E'\t', 2),
          (6, E'a\tb\nc\rd\be\ff\\.', NULL, E'\\.', E'\\.', 3), (7, 'NULL', 'NULL', 'NULL', 'NULL', 4),
          (8, E'\\.\n\\.', '\x0a0d5c2e0a', E'\n', E'\n', 5);
        INSERT INTO texts SELECT i, repeat(md5(i::text), 200 + i), decode(repeat(md5(i::text), 200), 'hex'),
          NULL, '', i FROM generate_series(100, 300) i;""")
    databases.both("SELECT id, t IS NULL, t = '', length(t), b IS NULL, length(b), v IS NULL, length(v), "
                   "c IS NULL, octet_length(c) FROM texts ORDER BY id;")


@case("F02 NaN, infinities, negative zero and shortest-exact floats")
def f02(pair):
    databases = pair.prove_sql("""
        CREATE TABLE floats (id serial PRIMARY KEY, d double precision, r real, n numeric, m numeric(30,10));
        INSERT INTO floats (d, r, n) VALUES ('NaN', 'NaN', 'NaN'), ('Infinity', 'Infinity', 0),
          ('-Infinity', '-Infinity', 1e-400), ('-0', '-0', -0), (0.1, 0.1, 0.1), (1/3.0, 1/3.0, 1/3.0),
          (5e-324, 1e-45, 1e400), (1.7976931348623157e308, 3.4028235e38, 99999999999999999999.000000000001),
          (9007199254740993, 16777217, 12345.60), (0.30000000000000004, 0.3, 12345.600);
        UPDATE floats SET m = n WHERE n NOT IN ('NaN') AND abs(n) < 1e18;
        INSERT INTO floats (d, r, n) SELECT random() * 10 ^ (i % 300 - 150), random() * 10 ^ (i % 60 - 30),
          random()::numeric * 10 ^ (i % 100 - 50)::numeric FROM generate_series(1, 3000) i;""")
    databases.both("SELECT id, float8send(d), float4send(r), numeric_send(n), n::text FROM floats ORDER BY id;")


@case("F03 infinite dates, BC, 24:00 and years beyond 9999")
def f03(pair):
    databases = pair.load("""
        CREATE TABLE moments (id serial PRIMARY KEY, d date, ts timestamp, tz timestamptz, t time, tt timetz, i interval);
        INSERT INTO moments (d, ts, tz, t, tt, i) VALUES
          ('infinity', 'infinity', 'infinity', '24:00', '24:00+14', '178000000 years'),
          ('-infinity', '-infinity', '-infinity', '00:00', '00:00-15:59', '-1 mon +1 day -1 us'),
          ('4713-01-01 BC', '4713-01-01 00:00 BC', '4713-01-02 00:00 BC', '23:59:59.999999', '23:59:60+00', '1.5 months'),
          ('5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59', '12:00', '12:00:00.000001+05:30', '24:00'),
          ('0001-01-01 BC', '0044-03-15 10:00 BC', '1883-11-18 12:03:58-04:56:02', NULL, NULL, 'P1Y2M3DT4H5M6.7S');
        DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database());
              EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''iso_8601''', current_database());
              EXECUTE format('ALTER DATABASE %I SET timezone = ''America/St_Johns''', current_database()); END $$;""")
    pair.destination.sql(f"ALTER DATABASE \"{databases.name}\" SET datestyle = 'German';"
                         f"ALTER DATABASE \"{databases.name}\" SET timezone = 'Asia/Kathmandu';")
    pair.prove(databases)
    databases.both("SET datestyle = ISO; SET timezone = UTC; SET intervalstyle = postgres; "
                   "SELECT id, d, ts, tz, t, tt, i FROM moments ORDER BY id;")


@case("F04 money under another lc_monetary")
def f04(pair):
    pair.source.sql("SELECT 1;")
    databases = pair.load("""
        CREATE TABLE prices (id int PRIMARY KEY, amount money, list money[]);
        SET lc_monetary = 'C';
        INSERT INTO prices SELECT i, (i * 1234567.89)::numeric::money, ARRAY[i::money, NULL, (-i)::money]
          FROM generate_series(-50, 50) i;""")
    other = pair.destination.sql("SELECT collname FROM pg_collation WHERE collname IN "
                                 "('de_DE.utf8', 'en_US.utf8', 'ja_JP.utf8') LIMIT 1;")
    if other:
        pair.destination.sql(f"ALTER DATABASE \"{databases.name}\" SET lc_monetary = '{other}';")
    pair.prove(databases, drop=["lc_monetary"] if other else ())
    databases.both("SELECT id, cash_send(amount), list FROM prices ORDER BY id;")


@case("F06 json keeps its bytes")
def f06(pair):
    databases = pair.prove_sql(r"""
        CREATE TABLE documents (id int PRIMARY KEY, j json, b jsonb, x xml, p jsonpath);
        INSERT INTO documents VALUES
          (1, '{"b" :1,"a":  2, "b":3}', '{"b" :1,"a":  2, "b":3}', '<a  b="c"/>', '$.a[*] ? (@ > 1)'),
          (2, '"\u0000"', '"\u00e9\ud83d\ude00"', '<?xml version="1.0"?><r>&amp;</r>', 'strict $'),
          (3, E'[1,\n\t2 ]', '[1e400, 0.10, -0]', 'text only', NULL), (4, 'null', 'null', NULL, NULL),
          (5, NULL, NULL, '', NULL), (6, '"\\N"', '"\\N"', ('<a>' || chr(9) || '</a>')::xml, '$."\\N"');""")
    databases.both("SELECT id, j::text, length(j::text), b, x::text, p FROM documents ORDER BY id;")


@case("F07 large values")
def f07(pair):
    databases = pair.prove_sql("""
        CREATE TABLE large (id int PRIMARY KEY, t text, b bytea);
        ALTER TABLE large ALTER t SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL;
        INSERT INTO large SELECT i, repeat(chr(64 + i), i * 8 * 1024 * 1024),
          decode(repeat('0a5c', i * 2 * 1024 * 1024), 'hex') FROM generate_series(1, 4) i;
        INSERT INTO large SELECT 100 + i, repeat('y', 262144 - 20 + i), NULL FROM generate_series(0, 40) i;""")
    databases.both("SELECT id, length(t), md5(t), length(b), md5(b) FROM large ORDER BY id;")


@case("F07 a bytea beyond half of 1 GB", set="scale")
def f07_half(pair):
    databases = pair.load("""
        CREATE TABLE huge (id int PRIMARY KEY, b bytea);
        ALTER TABLE huge ALTER b SET STORAGE EXTERNAL;
        INSERT INTO huge SELECT 1, string_agg(decode(repeat('a5', 8 * 1024 * 1024), 'hex'), '')
          FROM generate_series(1, 66);""")
    pair.clone(databases)
    databases.both("SELECT id, length(b), md5(b) FROM huge;")


@case("F07 a row without a digest, its text being beyond 1 GB, is copied again by --resume", set="scale")
def f07_no_digest(pair):
    # Quotes are doubled in the text of a row, not in COPY's: 560 MB there, 1,120 MB here.
    databases = pair.load("""
        CREATE DOMAIN quotes AS text;
        CREATE TABLE undigested (id int PRIMARY KEY, a quotes, b quotes); CREATE TABLE small (id int PRIMARY KEY);
        INSERT INTO small SELECT generate_series(1, 100);
        INSERT INTO undigested SELECT 1, repeat('"', 280000000), repeat('"', 280000000);""")
    result = pair.command.run("clone", *databases.uris(), env={"PGMANAGER_FAILPOINT": "copy.after_all=error"})
    assert result.code == 6, result
    result = pair.clone(databases, "--resume", "--output", "json")
    assert "public.undigested can't be digested and is copied again" in result.text, result.text[-4000:]
    databases.both("SELECT id, length(a), md5(a), length(b), md5(b) FROM undigested;")
    result = pair.compare(databases, "--data", expect=1)
    assert "table public.undigested: failed" in result.text and "can't be digested" in result.text, result


@case("F08 arrays with lower bounds, composites, ranges and domains")
def f08(pair):
    databases = pair.prove_sql(r"""
        CREATE TYPE mood AS ENUM ('sad', 'O''K', '"hap,py"', 'NULL');
        CREATE DOMAIN happy AS mood CHECK (VALUE <> 'sad');
        CREATE DOMAIN short AS varchar(5) NOT NULL DEFAULT 'x';
        CREATE DOMAIN shorts AS short[];
        CREATE TYPE inner_type AS (a int, b text, c mood[]);
        CREATE TYPE outer_type AS (i inner_type, ii inner_type[], r int4range, h happy);
        CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
        CREATE TABLE arrays (id int PRIMARY KEY, a int[], t text[], e mood[], h happy, hs happy[], s shorts,
          o outer_type, os outer_type[], r int4range, tr tstzrange, fr floatrange, rs numrange[], n "char"[]);
        INSERT INTO arrays (id, a, t) VALUES
          (1, '[0:2]={1,NULL,3}', ARRAY[NULL, 'NULL', '', '"', E'\\', ',', '{}']),
          (2, '[-2:-1][5:6]={{1,2},{3,4}}', '{}'), (3, '{}', '{{a,b},{c,NULL}}'), (4, NULL, NULL),
          (5, ARRAY[[[1,2],[3,4]],[[5,6],[7,8]]], ARRAY[E'a\tb', E'c\nd']);
        INSERT INTO arrays (id, e, h, hs, s) VALUES
          (10, '{sad,NULL,"NULL","O''K"}', 'O''K', '{"\"hap,py\"",NULL}', '[3:4]={abc,de}');
        INSERT INTO arrays (id, o, os) VALUES
          (20, ROW(ROW(1, 'x,"y"', '{sad}'), ARRAY[ROW(NULL, NULL, NULL), NULL, ROW(2, '', '{}')]::inner_type[], '[1,5)', 'NULL'),
           ARRAY[NULL, ROW(NULL, NULL, 'empty', NULL)]::outer_type[]), (21, ROW(NULL, NULL, NULL, NULL), '{}');
        INSERT INTO arrays (id, r, tr, fr, rs, n) VALUES
          (30, 'empty', '(,infinity)', '[-0,NaN)', '{"[1.50,2)","empty","(,)"}', '{a,"",NULL,"\\"}'),
          (31, '(,)', '[2020-01-01,)', '(-infinity,1e300]', '{}', '{}');""")
    databases.both("SELECT id, a::text, array_dims(a), t::text, e::text, hs::text, s::text, o::text, os::text, "
                   "r::text, tr::text, fr::text, rs::text, n::text FROM arrays ORDER BY id;")


@case("F08 multiranges")
def f08_multiranges(pair):
    databases = pair.prove_sql("""
        CREATE TYPE daterange2 AS RANGE (subtype = date, multirange_type_name = days);
        CREATE TABLE spans (id int PRIMARY KEY, m int4multirange, d days, ms nummultirange[]);
        INSERT INTO spans VALUES (1, '{[1,3),[5,7)}', '{[2020-01-01,2020-01-03)}', '{"{[1.5,2)}","{}",NULL}'),
          (2, '{}', '{(,)}', '{}'), (3, NULL, NULL, NULL);""")
    databases.both("SELECT id, m, d, ms::text FROM spans ORDER BY id;")


@case("F09 enums in the order of their values, not of their making")
def f09(pair):
    databases = pair.prove_sql("""
        CREATE TYPE level AS ENUM ('low', 'high');
        ALTER TYPE level ADD VALUE 'middle' BEFORE 'high';
        ALTER TYPE level ADD VALUE 'lowest' BEFORE 'low';
        ALTER TYPE level RENAME VALUE 'high' TO 'top';
        CREATE TABLE levels (l level PRIMARY KEY, n int) PARTITION BY LIST (l);
        CREATE TABLE levels_low PARTITION OF levels FOR VALUES IN ('lowest', 'low');
        CREATE TABLE levels_rest PARTITION OF levels DEFAULT;
        INSERT INTO levels SELECT unnest(enum_range(NULL::level)), 1;""")
    databases.both("SELECT l FROM levels ORDER BY l; SELECT min(l), max(l) FROM levels;")


@case("F10 types without an equality operator")
def f10(pair):
    databases = pair.prove_sql("""
        CREATE TABLE shapes (j json, x xml, p point, b box, l lseg, pl polygon, c circle, pa path, li line,
                             tv tsvector, tq tsquery, u uuid, i inet, ci cidr, m macaddr, m8 macaddr8,
                             bt bit(5), vb bit varying(20), lsn pg_lsn, snap txid_snapshot, o oid, rc regclass);
        INSERT INTO shapes VALUES ('{}', '<a/>', '(1.5,-0)', '(1,1),(0,0)', '[(1,2),(3,4)]', '((0,0),(1,1),(2,0))',
          '<(1,2),3>', '[(0,0),(1,1)]', '{1,2,3}', $$'a':1A 'b''c':2,3B$$, $$'a' & !'b':*A <2> 'c'$$,
          'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '192.168.1.5/24', '10.0.0.0/8', '08:00:2b:01:02:03',
          '08:00:2b:01:02:03:04:05', B'10101', B'', '16/B374D848', '10:20:10,14', 4294967295, 'pg_class');
        INSERT INTO shapes (p, c) SELECT point(random(), 'NaN'), circle(point(i, i), 1 / i::float) FROM generate_series(1, 100) i;
        INSERT INTO shapes SELECT * FROM shapes LIMIT 1;""")
    databases.both("SELECT count(*), md5(string_agg(s::text, '|' ORDER BY s::text COLLATE \"C\")) FROM shapes s;")
    databases.destination("UPDATE shapes SET p = '(1.5,0.1)' WHERE ctid = '(0,1)';")
    pair.expect_difference(databases)


@case("F11 LATIN1 to UTF8")
def f11_latin1(pair):
    latin = "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
    databases = pair.databases(latin, "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    databases.source("""
        SET client_encoding = 'UTF8';
        CREATE TABLE "Größe" (id int PRIMARY KEY, "Straße" text, a text[], "é" char(3), n name);
        INSERT INTO "Größe" VALUES (1, 'äöüß', ARRAY['ÿ', NULL], 'ñ', 'Ærø'), (2, E'tab\\tÀ', '{}', '', 'x');
        INSERT INTO "Größe" SELECT i, chr(i), ARRAY[chr(i)], chr(i), chr(i) FROM generate_series(161, 255) i;
        CREATE INDEX "Index für Straße" ON "Größe" ("Straße");
        COMMENT ON TABLE "Größe" IS 'Maß';""")
    pair.prove(databases)


@case("F11 UTF8 to LATIN1 with a character that is not there is told by name")
def f11_untranslatable(pair):
    databases = pair.databases("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
                               "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    databases.source("CREATE TABLE signs (id int PRIMARY KEY, t text); INSERT INTO signs VALUES (1, '€');")
    result = pair.command.run("clone", *databases.uris())
    assert result.code in (5, 6), result
    assert "LATIN1" in result.text, result


@case("F11 SQL_ASCII keeps its bytes")
def f11_ascii(pair):
    ascii_ = "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
    databases = pair.databases(ascii_)
    databases.source(r"""
        SET client_encoding = 'SQL_ASCII';
        CREATE TABLE bytes (id int PRIMARY KEY, t text);
        INSERT INTO bytes VALUES (1, E'\xff\xfe'), (2, E'\xc3\xa4'), (3, E'\x80');""")
    pair.prove(databases)
    databases.both("SELECT id, t::bytea FROM bytes ORDER BY id;", options="-c client_encoding=SQL_ASCII")


@case("F12 nondeterministic collations, citext, bit and char(n) in keys")
def f12(pair):
    pair.prove_sql("""
        CREATE EXTENSION citext;
        CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
        CREATE TABLE a (k text COLLATE caseless PRIMARY KEY, v int);
        CREATE TABLE b (k citext PRIMARY KEY, v int);
        CREATE TABLE c (k char(10), w bit(8), x bit varying(9), PRIMARY KEY (k, w, x));
        CREATE TABLE d (k text COLLATE german PRIMARY KEY, v text COLLATE "POSIX" UNIQUE);
        INSERT INTO a VALUES ('Abc', 1), ('ABD', 2), ('é', 3), ('', 4);
        INSERT INTO b VALUES ('Abc', 1), ('ABD', 2), ('', 3);
        INSERT INTO c VALUES ('a', B'00000001', B''), ('a ', B'00000010', B'1'), ('', B'11111111', B'0');
        INSERT INTO d VALUES ('ä', 'a'), ('ae', 'b'), ('z', 'c'), ('Z', 'd');
        INSERT INTO a SELECT md5(i::text), i FROM generate_series(1, 2000) i;
        INSERT INTO b SELECT md5(i::text), i FROM generate_series(1, 2000) i;""")


@case("F12 a changed key under a nondeterministic collation is seen")
def f12_compare(pair):
    databases = pair.load("""
        CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE a (k text COLLATE caseless PRIMARY KEY, v int);
        INSERT INTO a SELECT 'key' || i, i FROM generate_series(1, 5000) i;""")
    pair.clone(databases)
    databases.destination("UPDATE a SET k = 'KEY17' WHERE k = 'key17';")
    pair.expect_difference(databases)
