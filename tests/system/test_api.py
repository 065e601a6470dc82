"""The daemon's API over TCP and TLS, by clients of other languages: every route against
those who may not, bad requests of each kind, bad clients, and a real browser."""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

from harness.api import ROOT, Api, WebSocket, mismatch
from harness.case import Skip, case
from harness.command import EXIT_CONNECT, EXIT_OK, EXIT_REFUSED, EXIT_USAGE, Command
from harness.cluster import Cluster
from harness.daemon import Daemon
from harness.pair import Pair

SETTINGS = "wal_sender_timeout = 12s\n"
SMALL = "CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 1000) i;"
OPEN = {"/", "/healthz", "/readyz"}
JSON = {"Content-Type": "application/json"}


class Scene:
    """A daemon on TCP and within TLS, and in each a job that follows."""

    def __init__(self):
        self.pair = Pair(source_settings=SETTINGS, destination_settings=SETTINGS)
        self.databases = self.pair.load(SMALL)
        self.daemon = Daemon(Command(self.pair.command.bindirs), "--listen=127.0.0.1:0")
        self.daemon.start()
        self.api = Api.of(self.daemon)
        self.job = self.daemon.hand_over("clone", "--follow", *self.databases.uris())
        self.daemon.await_status(self.job, "streaming")

    def close(self):
        code = self.daemon.stop()
        self.pair.close()
        assert code == EXIT_OK and "Sanitizer" not in self.daemon.log(), self.daemon.log()

    def memory(self):
        """Resident bytes; of a sanitized build, which keeps what was freed, always 0."""
        with open(f"/proc/{self.daemon.process.pid}/maps", encoding="utf-8") as file:
            if "libasan" in file.read():
                return 0
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) * 1024

    def sockets(self):
        """Open ones; those of the job come and go by two."""
        names, count = f"/proc/{self.daemon.process.pid}/fd", 0
        for name in os.listdir(names):
            try:
                count += os.readlink(os.path.join(names, name)).startswith("socket:")
            except FileNotFoundError:
                pass
        return count

    def expect_unharmed(self):
        """It answers, and the job goes on."""
        status, _, answer = self.api.ask("GET", "status")
        assert status == 200 and answer["phase"] == "streaming", answer
        mark = str(time.monotonic_ns())
        self.databases.source(f"UPDATE a SET v = '{mark}' WHERE id = 1")
        deadline = time.monotonic() + 30
        while self.databases.destination("SELECT v FROM a WHERE id = 1").strip() != mark:
            assert time.monotonic() < deadline, "the job stands still"
            time.sleep(0.1)


def setup():
    return Scene()


def path_of(pattern, name):
    return pattern.replace("{id}", name)


def least_of(description, schema):
    """The smallest object that has what @schema requires."""
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "object":
        return {name: least_of(description, schema["properties"][name]) for name in schema.get("required", ())}
    return schema.get("enum", [None])[0] or {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": []}[kind]


# ---- who is let in

@case("every route: no token or a wrong one, foreign hosts, foreign pages")
def every_route(scene):
    api = scene.api
    for method, pattern, _ in api.operations():
        path = path_of(pattern, scene.job)
        body = b"{}" if method in ("POST", "PUT") else None
        for headers in ({}, {"Authorization": f"Bearer {'0' * 64}"}, {"Authorization": f"Basic {api.token}"},
                        {"Authorization": f"Bearer {api.token[:-1]}"}):
            status, sent, answer = api.ask(method, path, body, {**JSON, **headers}, token=False)
            assert status == (200 if pattern in OPEN else 401), (method, path, headers, status)
            if status == 401:
                assert set(answer) <= {"error", "hint"} and "Bearer" in sent["WWW-Authenticate"], answer
        for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{api.port}"}, {"Host": "localhost"},
                        {"Origin": "https://evil.example"}, {"Origin": "null"},
                        {"Origin": f"https://{api.host}:{api.port}"}):
            assert api.ask(method, path, body, {**JSON, **headers})[0] == 403, (method, path, headers)
    # A token is of no use in a URL.
    assert api.ask("GET", f"status?token={api.token}", token=False)[0] == 401
    assert api.ask("GET", f"/nowhere/{api.token}", token=False)[0] == 401
    assert api.token not in scene.daemon.log()
    scene.expect_unharmed()


@case("every change: content type, size, depth, unknown fields, wrong types, unknown ids")
def every_change(scene):
    api = scene.api
    description = api.description()
    api.ask("POST", "jobs/clone", {"wishes": 1})
    before = scene.memory()
    large = b"{" + b" " * (1 << 20) + b"}"
    for method, pattern, operation in api.operations():
        path = path_of(pattern, scene.job)
        if method not in ("POST", "PUT"):
            if "{id}" in pattern:
                answer = api.ask(method, path_of(pattern, "nobody"))
                assert answer[0] == 404 and "nobody" in answer[2]["error"], (method, path, answer)
                assert api.ask(method, path_of(pattern, "no%2Fbody"))[0] == 404
            if "/ws" not in pattern:
                assert api.ask(method, path + "?wishes=1")[0] == 400, (method, path)
            continue
        for kind in (None, "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            assert api.ask(method, path, b"{}", {"Content-Type": kind} if kind else {})[0] == 415, (path, kind)
        status, _, answer = api.ask(method, path, large, JSON)
        assert status == 413 and "1 MiB" in answer["error"], (path, status)
        deep = b'{"x":' + b"[" * 33 + b"]" * 33 + b"}"
        status, _, answer = api.ask(method, path, deep, JSON)
        assert status == 400 and "deep" in answer["error"], (path, status, answer)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        fields, least = schema["properties"], least_of(description, schema)
        status, _, answer = api.ask(method, path, {**least, "wishes": 1})
        assert status == 400 and '"wishes" is not known' in answer["error"], (path, status, answer)
        for missing in least:
            status, _, answer = api.ask(method, path, {k: v for k, v in least.items() if k != missing})
            assert status == 400 and f'"{missing}" is required' in answer["error"], (path, status, answer)
        for body in (b"[]", b"null", b"1", b"{", b"{}{}", b'{"a":1,}', b"\xff", b'{"\\u0000":1}'):
            assert api.ask(method, path, body, JSON)[0] == 400, (path, body)
        for name in fields:
            wrong = {"": 0} if fields[name].get("type") else 1
            status, _, answer = api.ask(method, path, {**least, name: wrong})
            assert status == 400 and name in answer["error"], (path, name, status, answer)
        if "{id}" in pattern:
            status, _, answer = api.ask(method, path_of(pattern, "nobody"), {})
            assert status in (400, 404), (path, status, answer)
    assert scene.memory() < before + (8 << 20), f"{before} to {scene.memory()} bytes"
    scene.expect_unharmed()


@case("what conflicts with how things stand is a 409, in words")
def conflicts(scene):
    for what, words in (("resume", "not possible now"), ("start", "")):
        status, _, answer = scene.api.ask("POST", f"migrations/{scene.job}/{what}", {})
        assert status == 409 and words in answer["error"], (what, status, answer)
    status, _, answer = scene.api.ask("DELETE", f"migrations/{scene.job}")
    assert status == 409, answer
    body = {"source_uri": scene.databases.source_uri, "dest_uri": scene.databases.destination_uri}
    status, _, answer = scene.api.ask("POST", "jobs/clone", body)
    assert status == 409, answer
    scene.expect_unharmed()


def await_report(api, job, seconds=30):
    end = time.monotonic() + seconds
    while True:
        status, _, report = api.ask("GET", f"migrations/{job}/report")
        if status == 200:
            return report
        assert time.monotonic() < end, f"{job} does not end"
        time.sleep(0.1)


@case("POST /compare: two databases, whole or in part; an end that can't be is refused by name")
def comparing(scene):
    ends = {"source": scene.databases.source_uri, "dest": scene.databases.source_uri.replace(scene.databases.name, "postgres")}
    for body, word in (({"source": ends["source"]}, "dest"), ({**ends, "dest": ""}, "dest"), ({**ends, "rows": True}, "rows"),
                       ({**ends, "dest": "nobody/at-home"}, "nobody")):
        status, _, answer = scene.api.ask("POST", "compare", body)
        assert status in (400, 404) and word in answer["error"], (body, status, answer)
    status, _, answer = scene.api.ask("POST", "compare", {**ends, "schema": True})
    assert status == 202, answer
    report = await_report(scene.api, answer["job_id"])
    assert report["outcome"] == "different" and report["objects"] and not report["table_comparisons"], report["outcome"]
    scene.expect_unharmed()


@case("a connection named over the network uses no passfile, service or certificate of the daemon's account, unless allowed")
def own_files(scene):
    guarded = Cluster(scram=True)
    daemon = Daemon(Command(scene.pair.command.bindirs), "--listen=127.0.0.1:0")
    try:
        secret = guarded.password.replace("\\", "\\\\").replace(":", "\\:")
        passfile = os.path.join(daemon.command.home.name, "home", ".pgpass")
        os.makedirs(os.path.dirname(passfile), exist_ok=True)
        with open(passfile, "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1:{guarded.port}:*:*:{secret}\n")
        os.chmod(passfile, 0o600)
        bare = f"postgresql://postgres@127.0.0.1:{guarded.port}/postgres"
        with daemon:
            api = Api.of(daemon)
            status, answer = daemon.curl("/clusters/test-connection", body={"dsn": bare})
            assert status == 200 and answer["reachable"], ("of our own account", answer)
            for more in ({}, {"foreign": False}):
                status, _, answer = api.ask("POST", "clusters/test-connection", {"dsn": bare, **more})
                assert status == 200 and not answer["reachable"] and "password" in answer["error"], answer
            status, _, answer = api.ask("POST", "clusters/discover", {"uri": bare})
            assert status == 502, answer
            for word in ("service=other", "host=127.0.0.1 passfile=/root/.pgpass", "host=127.0.0.1 sslkey=/etc/ssl/private/k"):
                status, _, answer = api.ask("POST", "clusters/test-connection", {"dsn": word})
                assert status == 400 and "named from elsewhere" in answer["error"], answer
            body = {"source_uri": bare, "dest_uri": scene.databases.destination_uri}
            status, _, answer = api.ask("POST", "jobs/clone", body)
            assert status == 202, answer
            report = await_report(api, answer["job_id"])
            assert report["outcome"] in ("failed", "refused") and "password" in json.dumps(report), report
            status, _, answer = api.ask("POST", "clusters/test-connection", {"dsn": guarded.uri()})
            assert status == 200 and answer["reachable"], answer
        configuration = os.path.join(daemon.command.home.name, "xdg_config_home", "pgmanager")
        os.makedirs(configuration, exist_ok=True)
        with open(os.path.join(configuration, "pgmanager.conf"), "w", encoding="utf-8") as file:
            file.write("[server]\nshare_files = true\n")
        with daemon:
            status, _, answer = Api.of(daemon).ask("POST", "clusters/test-connection", {"dsn": bare})
            assert status == 200 and answer["reachable"], ("allowed", answer)
    finally:
        daemon.__exit__()
        guarded.close()


@case("answers are as the description says")
def described(scene):
    api, description = scene.api, scene.api.description()
    assert description["openapi"] == "3.1.0"
    names = [operation["operationId"] for _, _, operation in api.operations()]
    assert len(set(names)) == len(names) > 30
    looked = 0
    for method, pattern, operation in api.operations():
        assert operation["summary"] and "responses" in operation, pattern
        assert ("{id}" in pattern) == any(p["in"] == "path" for p in operation["parameters"]), pattern
        if method != "GET" or pattern.endswith("/ws"):
            continue
        status, headers, answer = api.ask(method, path_of(pattern, scene.job))
        said = operation["responses"].get(str(status))
        assert said, f"{pattern}: status {status} is not described: {answer}"
        if "$ref" in said:
            said = description["components"]["responses"][said["$ref"].rpartition("/")[2]]
        (kind, content), = said["content"].items()
        assert headers["Content-Type"] == kind, (pattern, headers["Content-Type"])
        if kind == "application/json":
            wrong = mismatch(description, content["schema"], answer)
            assert not wrong, f"{pattern}: {wrong}"
        looked += status == 200
    assert looked >= 15, looked
    status, _, answer = api.ask("POST", f"migrations/{scene.job}/pause", {"unknown": 1})
    assert not mismatch(description, {"$ref": "#/components/schemas/Error"}, answer), answer


@case("Prometheus' numbers: of the job and of the process, with the token only")
def metrics(scene):
    status, headers, text = scene.api.ask("GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers
    samples = dict(re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text.decode(), re.M))
    assert samples['pgmanager_jobs{state="running"}'] == "1", samples
    labels = f'{{job="{scene.job}",kind="clone"}}'
    assert float(samples[f"pgmanager_job_rows_copied_total{labels}"]) == 1000, samples
    assert f"pgmanager_job_replication_lag_bytes{labels}" in samples, samples
    assert 0 < float(samples["process_resident_memory_bytes"]) < 1 << 30
    assert abs(float(samples["process_start_time_seconds"]) - time.time()) < 600
    assert int(samples["process_open_fds"]) > 5
    for path in ("/healthz", "/readyz"):
        assert scene.api.ask("GET", path, token=False)[::2] == (200, b"ok\n")


@case("many requests over one line; curl and http.client understand each other with it")
def keep_alive(scene):
    line = scene.api.connection()
    for i in range(200):
        assert scene.api.ask("GET", "status" if i % 2 else "migrations", connection=line)[0] == 200
        if i == 0:
            first = line.sock
        assert line.sock is first, f"a new connection after {i} requests"
    line.close()
    config = f'header = "Authorization: Bearer {scene.api.token}"\n'
    urls = [f"{scene.api.url}{ROOT}/{path}" for path in ("status", "tables", "logs", "config")]
    answer = subprocess.run(["curl", "-sS", "-K", "-", "-o", "/dev/null", *[u for url in urls for u in ("-o", "/dev/null", url)][2:],
                             "-w", "%{http_code} %{num_connects}\\n"],
                            input=config.encode(), check=True, capture_output=True, timeout=30)
    lines = answer.stdout.decode().split("\n")
    assert lines[0] == "200 1" and all(line.startswith("200 0") for line in lines[1:-1]), answer


# ---- clients that behave badly

def answer_of(line, request):
    """Status of the answer to bytes; 0: the line was cut."""
    try:
        line.sendall(request)
        data = line.recv(65536)
    except (ConnectionError, TimeoutError):
        data = b""
    finally:
        line.close()
    return int(data.split()[1]) if data.startswith(b"HTTP/1.1 ") else 0


@case("requests that two readers could understand differently are refused")
def smuggling(scene):
    api = scene.api
    host = f"Host: {api.host}:{api.port}\r\n"
    good = f"{host}Authorization: Bearer {api.token}\r\nContent-Type: application/json\r\n"
    stop = f"POST {ROOT}/jobs/stop HTTP/1.1\r\n"
    for request, statuses in (
            (f"{stop}{good}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (411,)),
            (f"{stop}{good}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{{}}", (411,)),
            (f"{stop}{good}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}", (400,)),
            (f"{stop}{good}Content-Length: +2\r\n\r\n{{}}", (400,)),
            (f"{stop}{good}Content-Length : 2\r\n\r\n{{}}", (400,)),
            (f"{stop}{good}X: a\r\n b\r\n\r\n", (400,)),
            (f"{stop}{host}{good}\r\n", (400,)),
            (f"GET http://evil.example/healthz HTTP/1.1\r\n{host}\r\n", (403,)),
            (f"GET /healthz HTTP/1.0\r\n{host}\r\n", (505,)),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (505,)),
            (f"GET /healthz HTTP/1.1\n{host}\n\n" + " " * 20000, (400, 431)),
            (f"GET /{'a' * 20000} HTTP/1.1\r\n{host}\r\n", (414, 431)),
            (f"GET /healthz HTTP/1.1\r\n{host}" + "X: y\r\n" * 100 + "\r\n", (431,)),
            (f"TRACE / HTTP/1.1\r\n{good}\r\n", (405,)),
            ("\x16\x03\x01\x02\x00\x01\x00", (0,))):
        got = answer_of(api.line(15), request.encode("latin-1"))
        assert got in statuses, (request[:200], got)
    scene.expect_unharmed()


@case("slow ones, silent ones, half-open ones and 200 at a time: others are served, nothing is left")
def bad_clients(scene):
    api = scene.api
    before, memory = scene.sockets(), scene.memory()
    lines = [socket.create_connection((api.host, api.port), timeout=30) for _ in range(200)]
    began = time.monotonic()
    slow = api.line()
    slow.sendall(b"GET / HTTP/1.1\r\nX: ")
    half = api.line()
    half.sendall(f"POST {ROOT}/jobs/stop HTTP/1.1\r\nHost: {api.host}:{api.port}\r\nAuthorization: Bearer {api.token}\r\n"
                 "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode())
    half.shutdown(socket.SHUT_WR)
    asked = 0
    while time.monotonic() < began + 12:
        took = time.monotonic()
        assert api.ask("GET", "jobs/status")[0] == 200
        took = time.monotonic() - took
        assert took < 5, f"{took:.1f} s for an honest request"
        asked += 1
        try:
            slow.sendall(b"y")
        except OSError:
            pass
        time.sleep(0.2)
    assert asked >= 10, asked
    slow.settimeout(5)
    try:
        assert slow.recv(100) == b"", "the slow one is still there"
    except ConnectionError:
        pass
    for line in [*lines, slow, half]:
        line.close()
    deadline = time.monotonic() + 15
    while scene.sockets() > before + 2:
        assert time.monotonic() < deadline, f"{before} sockets, then {scene.sockets()}"
        time.sleep(0.2)
    assert scene.memory() < memory + (8 << 20)
    scene.expect_unharmed()


@case("WebSockets: no compression, no large frames, no fragments without end; a listener that stalls harms nobody (R21)")
def bad_listeners(scene):
    api = scene.api
    memory = scene.memory()
    offering = api.websocket(headers={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"})
    assert offering.status == 101 and "deflate" not in offering.head, offering.head
    assert offering.message()["phase"] == "streaming"
    for bytes_of in (lambda w: w.send(1, b"x" * 70000),
                     lambda w: w.line.sendall(b"\x81\xff" + struct.pack(">Q", 1 << 40) + b"1234" + b"x" * 100000),
                     lambda w: [w.line.sendall(b"\x01\xfe\x0f\xff1234" + b"x" * 4095) for _ in range(100)],
                     lambda w: w.line.sendall(b"\xc1\x80" + b"1234"),
                     lambda w: w.line.sendall(b"\x81\x02ab"),
                     lambda w: w.line.sendall(os.urandom(5000))):
        bad = api.websocket()
        assert bad.status == 101, bad.head
        try:
            bytes_of(bad)
            deadline = time.monotonic() + 20
            while bad.receive()[0] != 8:
                assert time.monotonic() < deadline, "it still talks to one who breaks the rules"
        except (EOFError, ConnectionError):
            pass
        bad.close()
    stalled = [api.websocket() for _ in range(20)]
    listening = api.websocket("?all=summary")
    for _ in range(6):
        assert scene.job in [job["id"] for job in listening.message()["jobs"]]
    listening.send(9, b"hello")
    while (got := listening.receive())[0] != 10:
        pass
    assert got[1] == b"hello"
    for websocket in [*stalled, listening, offering]:
        websocket.close()
    assert scene.memory() < memory + (8 << 20)
    for query, status in (("?migration=nobody", 404), ("?all=x", 400), ("?wishes=1", 400)):
        assert api.websocket(query).status == status, query
    assert api.websocket(token=False).status == 401
    scene.expect_unharmed()


@case("a ticket opens one WebSocket, once")
def tickets(scene):
    status, _, answer = scene.api.ask("POST", "ws-ticket", {})
    assert status == 201 and answer["expires_in"] == 30, answer
    offer = {"Sec-WebSocket-Protocol": f"pgmanager, {answer['ticket']}"}
    first = scene.api.websocket(headers=offer, token=False)
    assert first.status == 101 and "Sec-WebSocket-Protocol: pgmanager\r\n" in first.head + "\r\n", first.head
    assert first.message()["phase"] == "streaming"
    assert scene.api.websocket(headers=offer, token=False).status == 401
    assert scene.api.ask("GET", "status", headers={"Authorization": f"Bearer {answer['ticket']}"}, token=False)[0] == 401
    first.close()


# ---- within TLS, and by commands

@case("within TLS: curl by the certificate, commands by the certificate or its fingerprint, and neither without")
def within_tls(scene):
    daemon = Daemon(Command(scene.pair.command.bindirs))
    made = daemon.run("daemon", "init-tls")
    files = dict(re.findall(r"(tls_\w+) = (\S+)", made.out))
    fingerprint = re.search(r"\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b", made.out)[0]
    daemon.arguments = ["--listen=127.0.0.1:0", f"--tls-cert={files['tls_certificate']}", f"--tls-key={files['tls_key']}"]
    databases = scene.pair.load(SMALL)
    with daemon:
        api = Api.of(daemon, files["tls_certificate"])
        line = api.connection()
        for _ in range(50):
            assert api.ask("GET", "status", connection=line)[0] == 200
        line.close()
        assert api.ask("GET", "status", token=False)[0] == 401
        token_file = os.path.join(daemon.command.home.name, "token")
        with open(os.open(token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(api.token)
        elsewhere = Command(scene.pair.command.bindirs)
        there = [f"--server-url={api.url}", f"--token-file={token_file}"]
        for trust in ([f"--ca={files['tls_certificate']}"], [f"--fingerprint={fingerprint}"]):
            job = elsewhere.run("clone", "--follow", "--detach", "--resume", "--output=json", *databases.uris(), *there, *trust)
            assert job.code == EXIT_OK, job
            name = job.json_lines()[0]["answer"]["job_id"]
            daemon.await_status(name, "streaming")
            status = elsewhere.run("status", *there, *trust)
            assert status.code == EXIT_OK and name in status.out, status
            for command, paused in (("pause", True), ("resume", False), ("stop", None)):
                result = elsewhere.run(command, f"--job={name}", *there, *trust)
                assert result.code == EXIT_OK, result
                end = time.monotonic() + 20  # it is accepted first, and done then
                while paused is not None and (daemon.jobs()[name]["phase"] == "paused") != paused:
                    assert time.monotonic() < end, f"{command} was accepted and isn't done"
                    time.sleep(0.05)
        environment = {"PGMANAGER_SERVER_URL": api.url, "PGMANAGER_TOKEN_FILE": token_file,
                       "PGMANAGER_FINGERPRINT": fingerprint}
        result = elsewhere.run("status", env=environment)
        assert result.code == EXIT_OK and name in result.out, result
        wrong = os.path.join(daemon.command.home.name, "wrong")
        with open(os.open(wrong, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write("0" * 64)
        for arguments, code, words in (
                (there, EXIT_CONNECT, "not trusted"),
                ([*there, f"--fingerprint={'0' * 64}"], EXIT_CONNECT, "not trusted"),
                ([there[0], f"--fingerprint={fingerprint}"], EXIT_CONNECT, "needs a token"),
                ([there[0], f"--token-file={wrong}", f"--fingerprint={fingerprint}"], EXIT_CONNECT, "this token"),
                ([there[0], "--token-file=/nonexistent"], 3, "/nonexistent"),
                ([there[0].replace("https", "http").replace("127.0.0.1", "192.0.2.1")], EXIT_REFUSED, "without TLS"),
                (["--server-url=127.0.0.1"], EXIT_USAGE, "no URL")):
            result = elsewhere.run("status", *arguments)
            assert result.code == code and words in result.err, result
            assert api.token not in result.text
        os.chmod(token_file, 0o644)
        result = elsewhere.run("status", *there, f"--fingerprint={fingerprint}")
        assert result.code == EXIT_REFUSED and "chmod 600" in result.err, result
        assert api.token not in daemon.log()
    daemon.run("cleanup", *databases.uris())
    scene.pair.drop(databases)


@case("a certificate that a client doesn't know, TLS of long ago, and no TLS at all lead nowhere")
def bad_tls(scene):
    daemon = Daemon(Command(scene.pair.command.bindirs))
    files = dict(re.findall(r"(tls_\w+) = (\S+)", daemon.run("daemon", "init-tls").out))
    daemon.arguments = ["--listen=127.0.0.1:0", f"--tls-cert={files['tls_certificate']}", f"--tls-key={files['tls_key']}"]
    with daemon:
        api = Api.of(daemon, files["tls_certificate"])
        for arguments in (["https"], ["http"], ["https", "--cacert", files["tls_certificate"], "--tls-max", "1.1"]):
            url = api.url.replace("https", arguments[0]) + "/healthz"
            result = subprocess.run(["curl", "-sS", *arguments[1:], url], check=False, capture_output=True, timeout=30)
            assert result.returncode != 0 and not result.stdout, result
        lines = [socket.create_connection((api.host, api.port)) for _ in range(30)]
        for line in lines:
            line.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        began = time.monotonic()
        assert api.ask("GET", "/healthz", token=False)[0] == 200
        assert time.monotonic() - began < 5, "others wait for those who begin and don't go on"
        for line in lines:
            line.close()


# ---- a browser

class Browser:
    """Headless Chromium, spoken to over its debugging port."""

    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            raise Skip("chromium is not installed")
        self.home = tempfile.TemporaryDirectory(prefix="pgms-browser-")
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--remote-debugging-port=0", f"--user-data-dir={self.home.name}", "--remote-allow-origins=*", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self.line, self.count = self._connect(), 0
        except BaseException:
            self.close()
            raise

    def _connect(self):
        deadline = time.monotonic() + 60
        path = os.path.join(self.home.name, "DevToolsActivePort")
        while True:
            assert time.monotonic() < deadline and self.process.poll() is None, "chromium does not start"
            try:
                with open(path, encoding="ascii") as file:
                    port = int(file.readline())
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                    page = next(p for p in json.load(answer) if p["type"] == "page")
                break
            except (OSError, ValueError, StopIteration):
                time.sleep(0.1)
        return DevTools(port, urllib.parse.urlsplit(page["webSocketDebuggerUrl"]).path)

    def call(self, method, **parameters):
        self.count += 1
        self.line.send(1, json.dumps({"id": self.count, "method": method, "params": parameters}).encode())
        while True:
            answer = self.line.message()
            if answer.get("id") == self.count:
                assert "error" not in answer, answer
                return answer["result"]

    def visit(self, url):
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 30
        while self.run("document.readyState + ' ' + location.href") != f"complete {url}":
            assert time.monotonic() < deadline, url
            time.sleep(0.05)

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
        for _ in range(50):
            try:
                self.home.cleanup()
                break
            except OSError:
                time.sleep(0.1)


class DevTools(WebSocket):
    def __init__(self, port, path):  # pylint: disable=super-init-not-called
        self.line, self.rest = socket.create_connection(("127.0.0.1", port), timeout=60), b""
        self.line.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.rest:
            self._more()
        self.rest = self.rest.partition(b"\r\n\r\n")[2]


LISTEN = """new Promise(done => {
  const socket = new WebSocket(%s, %s);
  let got = 0;
  socket.onmessage = message => { if (++got == 3) { done(socket.protocol + " " + JSON.parse(message.data).phase); socket.close(); } };
  socket.onerror = () => done("refused");
})"""


@case("a browser: a page of ours listens with a ticket, a page of others gets nothing")
def browser(scene):
    api, chromium = scene.api, Browser()
    websocket = json.dumps(api.url.replace("http", "ws") + f"{ROOT}/ws")
    try:
        chromium.visit(api.url + "/")
        headers = json.dumps({"Authorization": f"Bearer {api.token}", **JSON})
        ticket = chromium.run(f"fetch('{ROOT}/ws-ticket', {{method: 'POST', headers: {headers}, body: '{{}}'}})"
                              ".then(answer => answer.json()).then(answer => answer.ticket)")
        assert chromium.run(LISTEN % (websocket, json.dumps(["pgmanager", ticket]))) == "pgmanager streaming"
        assert chromium.run(LISTEN % (websocket, json.dumps(["pgmanager", ticket]))) == "refused", "a second time"
        assert chromium.run(LISTEN % (websocket, "[]")) == "refused", "without a ticket"
        status, _, another = api.ask("POST", "ws-ticket", {})
        assert status == 201
        chromium.visit("data:text/html,elsewhere")
        assert chromium.run(LISTEN % (websocket, json.dumps(["pgmanager", another["ticket"]]))) == "refused", "elsewhere"
        got = chromium.run(f"fetch('{api.url}/healthz').then(a => a.text(), error => 'refused')")
        assert got == "refused", got
    finally:
        chromium.close()
    scene.expect_unharmed()


@case("sixteen clients who come and go: no socket and no memory is left behind")
def churn(scene):
    api = scene.api
    for _ in range(20):
        api.ask("GET", "status")
    before, memory = scene.sockets(), scene.memory()
    failures = []

    def visit(number):
        try:
            for i in range(25):
                if i % 5 == number % 5:
                    websocket = api.websocket("?all=summary" if i % 2 else "")
                    assert websocket.status == 101, websocket.head
                    websocket.message()
                    websocket.close()
                else:
                    assert api.ask("GET", "migrations")[0] == 200
        except Exception as error:  # pylint: disable=broad-except
            failures.append(repr(error))

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    deadline = time.monotonic() + 20
    while scene.sockets() > before + 2:
        assert time.monotonic() < deadline, f"{before} sockets, then {scene.sockets()}"
        time.sleep(0.2)
    assert scene.memory() < memory + (8 << 20), f"{memory} to {scene.memory()}"
    scene.expect_unharmed()
