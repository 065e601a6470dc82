"""A client of the daemon's API in Python's own libraries: requests, WebSockets, and the
check that an answer is what the description of the API says."""
import base64
import http.client
import json
import os
import re
import socket
import ssl
import struct
import urllib.parse

ROOT = "/api/v1"


class Api:
    def __init__(self, url, token, ca=None):
        self.url, self.token = url, token
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.context = ssl.create_default_context(cafile=ca) if parts.scheme == "https" else None

    @classmethod
    def of(cls, daemon, ca=None):
        """Of the first address of TCP that @daemon listens on."""
        info = daemon.run("daemon", "status", "--output=json").json_lines()[0]["daemon"]
        url = next(address for address in info["addresses"] if address.startswith("http"))
        with open(os.path.join(info["state_dir"], "token"), encoding="ascii") as file:
            return cls(url, file.read().strip(), ca)

    def line(self, seconds=30):
        """A connection of bytes."""
        line = socket.create_connection((self.host, self.port), timeout=seconds)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(line, server_hostname=self.host) if self.context else line

    def connection(self):
        if self.context:
            return http.client.HTTPSConnection(self.host, self.port, timeout=30, context=self.context)
        return http.client.HTTPConnection(self.host, self.port, timeout=30)

    def ask(self, method, path, body=None, headers=None, token=True, connection=None):
        """Status, headers and the answer, decoded where it is JSON. @body: bytes as they
        are, anything else as JSON. A path that isn't absolute is below the API's."""
        line = connection or self.connection()
        sent = {"Authorization": f"Bearer {self.token}"} if token else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        line.request(method, path if path.startswith("/") else f"{ROOT}/{path}", body=body,
                     headers={**sent, **(headers or {})})
        answer = line.getresponse()
        text = answer.read()
        if connection is None:
            line.close()
        is_json = answer.getheader("Content-Type", "") == "application/json"
        return answer.status, answer.headers, json.loads(text) if is_json and text else text

    def description(self):
        status, _, answer = self.ask("GET", "openapi.json")
        assert status == 200, answer
        return answer

    def operations(self):
        """(method, path with an id, operation) of every route."""
        return [(method.upper(), path, operation) for path, methods in self.description()["paths"].items()
                for method, operation in methods.items()]

    def websocket(self, query="", headers=None, token=True):
        return WebSocket(self, query, {**({"Authorization": f"Bearer {self.token}"} if token else {}),
                                       **(headers or {})})


class WebSocket:
    """RFC 6455, as far as a test needs it. Its handshake's status and head are kept."""

    def __init__(self, api, query, headers):
        self.line, self.rest = api.line(), b""
        lines = [f"GET {ROOT}/ws{query} HTTP/1.1", f"Host: {api.host}:{api.port}", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        self.head = head.decode()
        self.status = int(self.head.split()[1])

    def _more(self):
        data = self.line.recv(65536)
        if not data:
            raise EOFError
        self.rest += data

    def _take(self, size):
        while len(self.rest) < size:
            self._more()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def receive(self):
        """(opcode, payload)"""
        first, size = self._take(2)
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        return first & 0x0F, self._take(size)

    def message(self):
        while True:
            opcode, payload = self.receive()
            if opcode == 1:
                return json.loads(payload)
            assert opcode in (9, 10), (opcode, payload)

    def send(self, opcode, payload):
        size = (bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0x80 | 126]) +
                struct.pack(">H", len(payload)) if len(payload) < 65536 else bytes([0x80 | 127]) +
                struct.pack(">Q", len(payload)))
        mask = os.urandom(4)
        self.line.sendall(bytes([0x80 | opcode]) + size + mask +
                          bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def close(self):
        self.line.close()


def mismatch(description, schema, value, where="answer"):
    """What is wrong with @value by @schema, or None: as much of JSON Schema as the
    description uses; a word that isn't known here is an error."""
    if "$ref" in schema:
        return mismatch(description, description["components"]["schemas"][schema["$ref"].rpartition("/")[2]],
                        value, where)
    unknown = set(schema) - {"type", "format", "minimum", "pattern", "enum", "items", "properties", "required",
                             "additionalProperties"}
    assert not unknown, unknown
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
            "number": (int, float), "null": type(None)}
    if not any(isinstance(value, fits[kind]) and (kind == "boolean" or not isinstance(value, bool)) for kind in kinds):
        return f"{where} is no {kinds}: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is none of {schema['enum']}: {value!r}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{where} doesn't fit {schema['pattern']}: {value!r}"
    if value is not None and "minimum" in schema and value < schema["minimum"]:
        return f"{where} is too small: {value!r}"
    if isinstance(value, list):
        return next((wrong for i, item in enumerate(value)
                     if (wrong := mismatch(description, schema["items"], item, f"{where}[{i}]"))), None)
    if isinstance(value, dict) and "properties" in schema:
        missing = set(schema.get("required", ())) - set(value)
        extra = set(value) - set(schema["properties"])
        if missing or extra:
            return f"{where}: missing {sorted(missing)}, not described {sorted(extra)}"
        return next((wrong for name, item in value.items()
                     if (wrong := mismatch(description, schema["properties"][name], item, f"{where}.{name}"))), None)
    return None
