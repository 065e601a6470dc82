"""Registered clusters by the command line: registering, looking, planning privileges, and
cloning between names. Passwords are looked for everywhere afterwards."""
import json
import os
import re
import socket
import subprocess
import time

from harness.case import case
from harness.cluster import Cluster
from harness.command import (EXIT_CONNECT, EXIT_FAILED, EXIT_NOT_FOUND, EXIT_OK, EXIT_REFUSED,
                             EXIT_USAGE, Command)
from harness.daemon import Daemon
from harness.pair import Pair

SECRET = "m4rked-secret"


def setup():
    pair = Pair()
    pair.locked = Cluster(scram=True, name="locked")
    return pair


def fresh(pair):
    """A home of its own, so that cases don't see each other's clusters."""
    return Command(pair.command.bindirs)


def ok(command, *arguments, **kwargs):
    result = command.run("cluster", *arguments, **kwargs)
    assert result.code == EXIT_OK, result
    return result


def fails(command, code, *arguments, say=""):
    result = command.run("cluster", *arguments)
    assert result.code == code and say in result.err and not result.out, result
    return result


def files_of(command):
    for directory, _, names in os.walk(command.home.name):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                yield path


def clusters_file(command):
    return os.path.join(command.environment()["XDG_CONFIG_HOME"], "pgmanager", "clusters.json")


def at(cluster):
    return f"primary:127.0.0.1:{cluster.port}"


@case("the words of the manual work as written, and tables are aligned")
def as_written(pair):
    command = fresh(pair)
    ok(command, "add", "--id", "prod", "--name", "Production", "--node", "primary:host:5432",
       "--node", "replica:host2:5432", "--tag", "env:prod")
    ok(command, "add", "--name", "東京 (staging)", "--node", "primary:host3")
    lines = ok(command, "list").out.splitlines()
    assert lines[0].split() == ["ID", "NAME", "NODES", "TAGS"], lines
    column = lines[0].index("NODES")
    assert lines[1][column:].startswith("primary, replica"), lines
    # Two columns each for the two ideographs.
    assert lines[2][column - 2:].startswith("primary"), lines
    listed = ok(command, "list", "--output", "json").json_lines()[0]["clusters"]
    assert [c["id"] for c in listed] == ["prod", "staging"], listed
    assert listed[0]["tags"] == ["env:prod"] and listed[0]["nodes"][1]["host"] == "host2", listed
    assert oct(os.stat(clusters_file(command)).st_mode & 0o777) == "0o600"
    fails(command, EXIT_REFUSED, "add", "--id", "prod", "--name", "x", "--node", "primary:h", say="prod")
    fails(command, EXIT_NOT_FOUND, "show", "nobody", say="nobody")
    fails(command, EXIT_NOT_FOUND, "remove", "nobody", say="nobody")
    for arguments, word in ((("add", "--name", "x"), "nodes"), (("add", "--node", "primary:h"), "name"),
                            (("add", "--name", "x", "--node", "h:5432"), "role"),
                            (("add", "--name", "x", "--node", "primary:h:99999"), "port"),
                            (("add", "--name", "x", "--id", "../x", "--node", "primary:h"), "../x"),
                            (("list", "extra"), "extra"), (("show",), "missing"),
                            (("list", "--output", "xml"), "xml")):
        fails(command, EXIT_USAGE, *arguments, say=word)
    assert command.run("cluster", "nonsense").code == EXIT_USAGE
    for part in ("add", "list", "show", "edit", "remove", "test", "discover", "privileges",
                 "introspect", "import", "export"):
        result = ok(command, part, "--help")
        assert "Usage:" in result.out and "--output" in result.out, result
    ok(command, "edit", "prod", "--name", "P", "--tag", "a:b", "--remove-tag", "env:prod",
       "--remove-node", "replica", "--node", "standby/s1:h9")
    shown = json.loads(ok(command, "export", "prod").out)["clusters"][0]
    assert shown["name"] == "P" and shown["tags"] == ["a:b"], shown
    assert [n["id"] for n in shown["nodes"]] == ["primary", "s1"], shown
    ok(command, "remove", "prod")
    assert [c["id"] for c in ok(command, "list", "--output=json").json_lines()[0]["clusters"]] == ["staging"]


@case("a password is stored, used and changed, and stands nowhere but in the private file")
def passwords(pair):
    command, locked = fresh(pair), pair.locked
    locked.sql(f"CREATE ROLE keeper LOGIN PASSWORD '{SECRET}'")
    ok(command, "add", "--id", "locked", "--name", "Locked", "--node", at(locked), "--user", "keeper",
       "--dbname", "postgres", "--password", SECRET)
    result = ok(command, "test", "locked")
    assert "reachable" in result.out and "unreachable" not in result.out, result
    places = [f for f in files_of(command) if SECRET.encode() in open(f, "rb").read()]
    assert [os.path.basename(p) for p in places] == ["secrets.json"], places
    assert oct(os.stat(places[0]).st_mode & 0o777) == "0o600"
    for arguments in (("list", "--output=json"), ("show", "locked", "--output=json"), ("export",)):
        assert SECRET not in ok(command, *arguments).text
    # A wrong one on the command line wins, and is refused by the server.
    wrong = command.run("cluster", "test", "locked", "--user", "keeper", "--password", "wr0ng-one")
    assert wrong.code == EXIT_CONNECT and "password authentication failed" in wrong.out, wrong
    assert "wr0ng-one" not in wrong.text
    # Another role doesn't get the stored one.
    other = command.run("cluster", "test", "locked", "--user", "postgres")
    assert other.code == EXIT_CONNECT and "no password supplied" in other.out, other
    ok(command, "edit", "locked", "--tag", "x")
    ok(command, "test", "locked/primary")
    ok(command, "edit", "locked", "--password", "")
    assert command.run("cluster", "test", "locked").code == EXIT_CONNECT
    assert not [f for f in files_of(command) if SECRET.encode() in open(f, "rb").read()]


@case("passwords leave the arguments at once")
def arguments(pair):
    command = fresh(pair)
    silent = socket.create_server(("127.0.0.1", 0))  # takes connections, and says nothing
    where = f"127.0.0.1:{silent.getsockname()[1]}"
    ok(command, "add", "--id", "void", "--name", "Void", "--node", f"primary:{where}")
    for words in (("test", "void", "--user", "postgres", "--password", SECRET),
                  ("test", "void", f"--password={SECRET}"),
                  ("discover", f"postgresql://u:{SECRET}@{where}/x")):
        process = command.start("cluster", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            # "At once" is before anything else runs; a process is seen before it begins, too.
            deadline = time.monotonic() + 5
            while True:
                with open(f"/proc/{process.pid}/cmdline", "rb") as file:
                    shown = file.read().decode()
                if SECRET not in shown and "cluster" in shown:
                    break
                assert time.monotonic() < deadline, shown
                time.sleep(0.01)
            assert "****" in shown, shown
        finally:
            process.kill()
            process.communicate()
    silent.close()
    node = f"primary:postgresql://u:{SECRET}@{where}/x"
    ok(command, "add", "--id", "uri", "--name", "U", "--node", node)
    assert SECRET not in open(clusters_file(command), encoding="utf-8").read()


@case("show tells the live role, warns where it differs, and does not wait for the dead")
def live(pair):
    command = fresh(pair)
    ok(command, "add", "--id", "mix", "--name", "Mix", "--node", f"replica:127.0.0.1:{pair.source.port}",
       "--node", f"primary:127.0.0.1:{pair.destination.port}", "--node", "standby:127.0.0.1:1",
       "--user", "postgres")
    began = time.monotonic()
    shown = ok(command, "show", "mix")
    assert time.monotonic() - began < 8, shown
    assert "declared as replica, but it is a primary" in shown.out, shown
    assert "another cluster" in shown.out and "unreachable" in shown.out and "Hint" in shown.out, shown
    nodes = ok(command, "show", "mix", "--output=json").json_lines()[1]["nodes"]
    assert [n["reachable"] for n in nodes] == [True, True, False], nodes
    assert nodes[0]["role_differs"] and not nodes[1]["role_differs"], nodes
    result = command.run("cluster", "test", "mix")
    assert result.code == EXIT_CONNECT and result.out.count("unreachable") == 1, result
    ok(command, "test", "mix/primary")
    assert command.run("cluster", "test", "mix/nobody").code == EXIT_NOT_FOUND


@case("discovery and introspection, with names that are in the way")
def look(pair):
    command = fresh(pair)
    name = "we\"ird\x1b[31m ü'"
    pair.source.create_database(name)
    try:
        pair.source.sql("CREATE TABLE \"t\x07able\" AS SELECT i FROM generate_series(1, 1000) i; ANALYZE", name)
        ok(command, "add", "--id", "src", "--name", "S", "--node", at(pair.source), "--user", "postgres")
        shown = ok(command, "introspect", "src", "--dbname", name)
        assert "\x1b" not in shown.out and "\x07" not in shown.out and "1,000" in shown.out, shown
        seen = ok(command, "introspect", "src", "--dbname", name, "--output=json").json_lines()[0]["introspection"]
        listed = [d for d in seen["databases"] if d["name"] == name][0]
        assert listed["schemas"][0]["tables"][0]["name"] == "t\x07able", listed
        found = ok(command, "discover", pair.source.uri(), "--output=json").json_lines()[0]["discovery"]
        assert found["siblings"][0]["found_in"] == "uri" and found["siblings"][0]["reachable"], found
        assert found["system_identifier"] == pair.source.sql(
            "SELECT system_identifier FROM pg_control_system()"), found
        assert command.run("cluster", "introspect", "src", "--dbname", "nothing").code == EXIT_CONNECT
        fails(command, EXIT_CONNECT, "discover", "postgresql://127.0.0.1:1/x")
        fails(command, EXIT_USAGE, "discover", "postgresql://[")
    finally:
        pair.source.drop_database(name)


@case("the script of a role is run as it is printed, and a clone between names goes by it")
def privileges(pair):
    command = fresh(pair)
    databases = pair.load("CREATE SCHEMA s; CREATE TABLE s.t (id serial PRIMARY KEY, v text);"
                          "INSERT INTO s.t (v) SELECT i::text FROM generate_series(1, 500) i;")
    ok(command, "add", "--id", "old", "--name", "Old", "--node", at(pair.source), "--user", "postgres")
    ok(command, "add", "--id", "new", "--name", "New", "--node", at(pair.destination), "--user", "postgres",
       "--dbname", databases.name)
    plan = ok(command, "privileges", "old", "--purpose", "migrate-from", "--role", "mover",
              "--dbname", databases.name)
    assert "MISSING" in plan.out and "GRANT USAGE ON SCHEMA \"s\"" in plan.out, plan
    script = ok(command, "privileges", "old", "--purpose", "migrate-from", "--role", "mover",
                "--dbname", databases.name, "--script").out
    pair.source.sql(script, databases.name)
    after = ok(command, "privileges", "old", "--purpose=migrate-from", "--role=mover",
               f"--dbname={databases.name}")
    assert "MISSING" not in after.out, after
    fails(command, EXIT_USAGE, "privileges", "old", "--purpose", "rule", say="rule")
    result = command.run("clone", "--source", "old/primary", "--source-dbname", databases.name,
                         "--source-user", "mover", "--dest", "new", "--no-owner", "--no-acl")
    assert result.code == EXIT_OK, result
    assert databases.destination("SELECT count(*) FROM s.t") == "500"
    for words, code, word in (
            (("--source", "nobody", "--dest", "new"), EXIT_NOT_FOUND, "nobody"),
            (("--source", "old/nobody", "--dest", "new"), EXIT_NOT_FOUND, "nobody"),
            (("--source", "old", "--dest", "new"), EXIT_USAGE, "database"),
            (("--source", "old", "--source-host", "h", "--dest", "new"), EXIT_USAGE, "exclude"),
            (("--source", "", "--dest", "new"), EXIT_USAGE, "--source")):
        result = command.run("clone", *words)
        assert result.code == code and word in result.err, result
    pair.source.sql("DROP OWNED BY mover", databases.name)
    pair.source.sql("DROP OWNED BY mover; DROP ROLE mover")


@case("clusters of another file are imported with their passwords, and exported without")
def moving(pair):
    command = fresh(pair)
    home = command.environment()["HOME"]
    os.makedirs(os.path.join(home, ".pgmanager"))
    path = os.path.join(home, ".pgmanager", "clusters.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"clusters": [
            {"id": "a", "name": "A", "nodes": [
                {"id": "n1", "name": "one", "host": "h", "port": 5432, "role": "primary", "user": "u",
                 "password": SECRET, "dbname": "d", "monitoring_enabled": True}],
             "tags": ["t"], "created_at": "2024-01-02T03:04:05Z", "updated_at": "2024-01-02T03:04:05Z"},
            {"name": "broken", "nodes": []},
            {"id": "b", "name": "B", "nodes": [{"host": "h2"}]}]}, file)
    result = command.run("cluster", "import", path)
    assert result.code == EXIT_USAGE and "broken" in result.err and "nodes" in result.err, result
    assert [c["id"] for c in ok(command, "list", "--output=json").json_lines()[0]["clusters"]] == ["a", "b"]
    assert SECRET not in open(clusters_file(command), encoding="utf-8").read()
    exported = ok(command, "export").out
    assert SECRET not in exported and "****" not in exported, exported
    moved = os.path.join(home, "moved.json")
    with open(moved, "w", encoding="utf-8") as file:
        file.write(exported)
    again = command.run("cluster", "import", moved)
    assert again.code == EXIT_REFUSED and "already" in again.err, again
    ok(command, "import", moved, "--replace")
    secrets = [f for f in files_of(command) if f.endswith("secrets.json")][0]
    assert SECRET in open(secrets, encoding="utf-8").read(), "the import took the password away"
    elsewhere = fresh(pair)
    ok(elsewhere, "import", moved)
    assert ok(elsewhere, "export").out.count('"id"') == exported.count('"id"')
    with open(moved, "w", encoding="utf-8") as file:
        file.write('{"clusters": [{"name": "x", "nodes": [{"hots": "h"}]}]}')
    fails(command, EXIT_USAGE, "import", moved, say="clusters[0].nodes[0].hots")
    assert command.run("cluster", "import", "/nonexistent").code == EXIT_NOT_FOUND


@case("a damaged file is put aside and told of until it is back; a newer one is left alone")
def damaged(pair):
    command = fresh(pair)
    ok(command, "add", "--id", "a", "--name", "A", "--node", "primary:h")
    path = clusters_file(command)
    whole = open(path, "rb").read()
    with open(path, "wb") as file:
        file.write(whole[:len(whole) // 2])
    first = fails(command, EXIT_FAILED, "list", say="damaged")
    aside = re.search(r'"([^"]*broken-[^"]*)"', first.err)[1]
    assert open(aside, "rb").read() == whole[:len(whole) // 2]
    assert os.path.basename(aside) in fails(command, EXIT_FAILED, "list").err
    with open(path, "wb") as file:
        file.write(whole)
    assert len(ok(command, "list", "--output=json").json_lines()[0]["clusters"]) == 1
    newer = whole.replace(b'"version": 1', b'"version": 7')
    with open(path, "wb") as file:
        file.write(newer)
    fails(command, EXIT_REFUSED, "list", say="newer")
    fails(command, EXIT_REFUSED, "add", "--name", "B", "--node", "primary:h", say="newer")
    assert open(path, "rb").read() == newer


@case("the daemon answers the same questions, and keeps a cluster that its job uses")
def daemon(pair):
    databases = pair.load("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);")
    with Daemon(fresh(pair)) as running:
        for name, cluster in (("old", pair.source), ("new", pair.destination)):
            result = running.run("cluster", "add", "--id", name, "--name", name, "--node", at(cluster),
                                 "--user", "postgres", "--dbname", databases.name)
            assert result.code == EXIT_OK, result
        result = running.run("clone", "--follow", "--source=old", "--dest=new", "--detach")
        assert result.code == EXIT_OK, result
        kept = running.run("cluster", "remove", "old")
        assert kept.code == EXIT_REFUSED and "in use" in kept.err, kept
        deadline = time.monotonic() + 60
        while databases.destination("SELECT to_regclass('t') IS NOT NULL") != "t" and time.monotonic() < deadline:
            time.sleep(0.2)
        others = pair.load("CREATE TABLE t (id int PRIMARY KEY);")
        result = running.run("clone", "--follow", *others.uris(), "--detach")
        assert result.code == EXIT_OK, result
        shown = running.run("status", "--source=old", "--dest=new")
        assert shown.code == EXIT_OK and databases.name in shown.out and others.name not in shown.out, shown
        nobody = running.run("stop", "--source=new")
        assert nobody.code == EXIT_NOT_FOUND, nobody
        result = running.run("stop", "--source=old")
        assert result.code == EXIT_OK, result
        shown = running.run("status")
        assert others.name in shown.out and databases.name not in shown.out, shown
        other = running.run("stop", *others.uris())
        assert other.code == EXIT_OK, other
        assert running.run("cleanup", *others.uris()).code == EXIT_OK
        result = running.run("cleanup", "--source=old", "--dest=new")
        assert result.code == EXIT_OK, result
        assert running.run("cluster", "remove", "old").code == EXIT_OK


@case("the same by curl: every status, and no password in any answer")
def api(pair):
    locked = pair.locked
    locked.sql(f"CREATE ROLE caller LOGIN PASSWORD '{SECRET}'")
    with Daemon(fresh(pair)) as running:
        def ask(path, *arguments, body=None, expect=200):
            status, answer = running.curl(path, *arguments, body=body)
            assert status == expect, (path, status, answer)
            assert SECRET not in json.dumps(answer), answer
            return answer

        node = {"id": "n1", "host": "127.0.0.1", "port": locked.port, "role": "primary", "user": "caller",
                "password": SECRET, "dbname": "postgres"}
        made = ask("/clusters", body={"id": "api", "name": "Api", "nodes": [node]}, expect=201)
        assert made["nodes"][0]["password"] == "********" and made["created_at"], made
        ask("/clusters", body={"id": "api", "name": "Api", "nodes": [node]}, expect=409)
        ask("/clusters", body={"name": "x", "nodes": [], "extra": 1}, expect=400)
        ask("/clusters", body={"name": "x", "nodes": []}, expect=400)
        ask("/clusters/nobody", expect=404)
        kept = ask("/clusters/api", "-X", "PUT", body={**made, "name": "New"})
        assert kept["name"] == "New" and kept["created_at"] == made["created_at"], kept
        tested = ask("/clusters/test-connection", body={"cluster_id": "api", "node_id": "n1"})
        assert tested["reachable"] and tested["privileges"]["connect"] and tested["latency_ns"] > 0, tested
        wrong = ask("/clusters/test-connection", body={"dsn": locked.uri(user="caller", password="no")})
        assert not wrong["reachable"] and "authentication" in wrong["error"], wrong
        ask("/clusters/test-connection", body={}, expect=400)
        assert ask("/clusters/api/nodes")[0]["live_role"] == "primary"
        seen = ask("/clusters/api/introspect?node=n1")
        assert seen["databases"] and seen["parameters"] and seen["database"] == "postgres", seen
        ask("/clusters/api/introspect?node=nobody", expect=404)
        replication = ask("/clusters/api/replication")
        assert replication["notes"][0]["fix_sql"].startswith("GRANT pg_read_all_stats"), replication
        matrix = ask("/clusters/api/privileges?purpose=monitor")
        assert matrix["role"] == "caller" and not matrix["superuser"] and "CREATE ROLE" not in matrix["script"], matrix
        ask("/clusters/api/privileges?purpose=rule", expect=400)
        found = ask("/clusters/discover", body={"uri": pair.source.uri()})
        assert found["siblings"][0]["reachable"], found
        ask("/clusters", body={"id": "dead", "name": "D", "nodes": [{"host": "127.0.0.1", "port": 1}]}, expect=201)
        ask("/clusters/dead/introspect", expect=502)
        assert [c["id"] for c in ask("/clusters")] == ["api", "dead"]
        ask("/clusters/api", "-X", "DELETE", expect=204)
        ask("/clusters/api", "-X", "DELETE", expect=404)
        assert SECRET not in running.log()
        assert not [f for f in files_of(running.command) if SECRET.encode() in open(f, "rb").read()]
