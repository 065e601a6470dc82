#!/usr/bin/env python3
"""Makes corpus/pgoutput anew from a real server: what pgoutput says of a few
transactions of every kind, in each protocol.

    record.py DIRECTORY
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import cluster  # noqa: E402

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, v text, m mood);
ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
CREATE TABLE f (a int, b text); ALTER TABLE f REPLICA IDENTITY FULL;
CREATE TABLE z ();
CREATE PUBLICATION p FOR ALL TABLES;
SELECT pg_replication_origin_create('elsewhere');
"""
ROWS = """
INSERT INTO t VALUES (1, NULL, 'sad'), (2, repeat('x', 3000), NULL), (3, '', 'ok');
UPDATE t SET m = 'ok' WHERE id = 2;
UPDATE t SET id = 4 WHERE id = 3;
DELETE FROM t WHERE id = 4;
INSERT INTO f VALUES (1, NULL); UPDATE f SET b = 'b'; DELETE FROM f;
INSERT INTO z DEFAULT VALUES;
TRUNCATE t, f RESTART IDENTITY CASCADE;
SELECT pg_logical_emit_message(true, 'pgmanager', 'content');
SELECT pg_logical_emit_message(false, 'other', '');
SELECT pg_replication_origin_session_setup('elsewhere');
BEGIN; SELECT pg_replication_origin_xact_setup('0/77', now()); INSERT INTO f VALUES (2, 'r'); COMMIT;
SELECT pg_replication_origin_session_reset();
BEGIN; INSERT INTO f VALUES (1, 'a'); ALTER TABLE f ADD c int; INSERT INTO f VALUES (2, 'b', 3); COMMIT;
"""
LARGE = """
BEGIN; INSERT INTO t SELECT n, repeat('y', 300) FROM generate_series(10, 260) n;
SAVEPOINT s; INSERT INTO t SELECT n, repeat('n', 300) FROM generate_series(1000, 1250) n; ROLLBACK TO s;
INSERT INTO t VALUES (9); COMMIT;
BEGIN; INSERT INTO t SELECT n, repeat('a', 300) FROM generate_series(2000, 2250) n; ROLLBACK;
"""
PREPARED = """
BEGIN; INSERT INTO t VALUES (5); PREPARE TRANSACTION 'a gid'; COMMIT PREPARED 'a gid';
BEGIN; INSERT INTO t VALUES (6); PREPARE TRANSACTION 'another'; ROLLBACK PREPARED 'another';
BEGIN; INSERT INTO t SELECT n, repeat('p', 300) FROM generate_series(3000, 3250) n;
PREPARE TRANSACTION 'large'; COMMIT PREPARED 'large';
"""


def record(server, slot, protocol, options):
    rows = server.sql("f", "SELECT encode(data, 'hex') FROM pg_logical_slot_get_binary_changes("
                           f"'{slot}', NULL, NULL, 'proto_version', '{protocol}', 'publication_names', 'p'{options})")
    stream = bytes([protocol - 1])
    for row in rows.splitlines():
        message = bytes.fromhex(row)
        stream += struct.pack(">H", len(message)) + message
    return stream


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    cluster.exit_on_signals()
    scratch = cluster.Scratch("record")
    server = scratch.cluster("server", cluster.find_bindir(cluster.newest_major()), cluster.SMALL)
    server.sql("postgres", "ALTER SYSTEM SET max_prepared_transactions = 5",
               "ALTER SYSTEM SET logical_decoding_work_mem = '64kB'", "CREATE DATABASE f")
    server.stop()
    server.start()
    server.script("f", SCHEMA)
    kinds = [("rows", ROWS, 1, ", 'messages', 'true'"), ("binary", ROWS, 1, ", 'binary', 'true'"),
             ("streamed", LARGE, 2, ", 'streaming', 'on'"),
             ("prepared", PREPARED, 3, ", 'streaming', 'on', 'two_phase', 'on'")]
    for name, statements, protocol, options in kinds:
        server.sql("f", "TRUNCATE t; TRUNCATE f",
                   f"SELECT pg_create_logical_replication_slot('{name}', 'pgoutput', false, {name == 'prepared'})")
        server.script("f", statements)
        if name == "rows":
            server.script("f", "ALTER TABLE f DROP c")
        with open(os.path.join(sys.argv[1], name), "wb") as f:
            f.write(record(server, name, protocol, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
