"""A proxy between pgmanager and a server that knows PostgreSQL's messages: it
closes, drops, delays, slices or damages them where a scenario says so.

A rule is asked for every whole message of a connection:

    rule(connection, sender, number, kind, body) -> PASS, DROP, CUT, CUT_AFTER, HOLD or bytes

@sender is "client" or "server", @number counts that side's messages from 0, @kind
is the type byte ("" for a start-up packet) and bytes replace the message. HOLD
stops both directions of this connection without closing it: a black hole.
connection.role is what pgmanager calls the session (application_name).
"""
import socket
import struct
import threading
import time

PASS, DROP, CUT, CUT_AFTER, HOLD = "pass", "drop", "cut", "cut after", "hold"


def passing(*_):
    return PASS


class Connection:
    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(("127.0.0.1", proxy.port_of_server))
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.role, self.parameters = "", {}
        self.counts = {"client": 0, "server": 0}
        self.held = threading.Event()
        self.closed = False
        self.lock = threading.Lock()

    def close(self):
        with self.lock:
            self.closed = True
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    # ---- reading whole messages

    @staticmethod
    def exactly(end, size):
        data = bytearray()
        while len(data) < size:
            piece = end.recv(min(1 << 20, size - len(data)))
            if not piece:
                raise OSError("closed")
            data += piece
        return bytes(data)

    def start_up(self):
        """Start-up packets of the client, up to the one with the parameters."""
        while True:
            head = self.exactly(self.client, 8)
            length, code = struct.unpack("!II", head)
            body = self.exactly(self.client, length - 8)
            if code == 80877102:  # a cancel request is over with this packet
                self.server.sendall(head + body)
                return False
            self.server.sendall(head + body)
            if code in (80877103, 80877104):  # TLS or GSS: tests speak plainly
                self.client.sendall(self.exactly(self.server, 1))
                continue
            fields = body.split(b"\0")
            self.parameters = {fields[i].decode(): fields[i + 1].decode("utf-8", "replace")
                               for i in range(0, len(fields) - 2, 2)}
            self.role = self.parameters.get("application_name", "")
            return True

    def relay(self, sender):
        source, target = (self.client, self.server) if sender == "client" else (self.server, self.client)
        try:
            while True:
                head = self.exactly(source, 5)
                size = struct.unpack("!I", head[1:])[0] - 4
                body = self.exactly(source, size)
                if not self.deliver(sender, target, head, body):
                    return
        except OSError:
            pass
        finally:
            if not self.held.is_set():
                self.close()

    def deliver(self, sender, target, head, body):
        number = self.counts[sender]
        self.counts[sender] += 1
        action = self.proxy.rule(self, sender, number, chr(head[0]), body)
        if self.held.is_set() or action == HOLD:
            self.held.set()
            self.proxy.opened.wait()
            self.close()
            return False
        if action == CUT:
            self.close()
            return False
        if action != DROP:
            self.proxy.send(target, action if isinstance(action, bytes) else head + body)
        if action == CUT_AFTER:
            self.close()
            return False
        return True

    def run(self):
        try:
            if not self.start_up():
                self.close()
                return
        except OSError:
            self.close()
            return
        for sender in ("client", "server"):
            threading.Thread(target=self.relay, args=(sender,), daemon=True).start()


class Proxy:
    """Listens on @host; the server is a port of 127.0.0.1."""

    def __init__(self, port_of_server, rule=passing, slice_size=0, delay=0.0, host="127.0.0.1"):
        self.port_of_server, self.rule, self.host = port_of_server, rule, host
        self.slice_size, self.delay = slice_size, delay
        self.connections = []
        self.opened = threading.Event()  # ends what is held
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection = Connection(self, client)
            except OSError:
                client.close()  # the server is down just now
                continue
            self.connections = [c for c in self.connections if not c.closed] + [connection]
            threading.Thread(target=connection.run, daemon=True).start()

    def send(self, target, data):
        if not self.slice_size:
            target.sendall(data)
            return
        for i in range(0, len(data), self.slice_size):
            target.sendall(data[i:i + self.slice_size])
            time.sleep(self.delay)

    def uri(self, cluster, dbname):
        return cluster.uri(dbname).replace(f"127.0.0.1:{cluster.port}/", f"{self.host}:{self.port}/")

    def hold_all(self):
        """A black hole from now on, for what is open."""
        for connection in self.connections:
            connection.held.set()

    def close(self):
        self.opened.set()
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- rules --------------------------------------------------------------------

class Once:
    """Acts the first time that @when(connection, sender, number, kind, body) is
    true, then lets everything pass."""

    def __init__(self, when, action):
        self.when, self.action, self.done = when, action, threading.Event()

    def __call__(self, *message):
        if not self.done.is_set() and self.when(*message):
            self.done.set()
            return self.action
        return PASS


def nth_message(role, sender, n):
    """The n-th message of @sender on sessions whose role contains @role."""
    count = [0]

    def when(connection, side, *_):
        if side != sender or role not in connection.role:
            return False
        count[0] += 1
        return count[0] == n
    return when


def answer_to_commit(role, n=1):
    """The n-th CommandComplete "COMMIT" that the server sends to @role."""
    count = [0]

    def when(connection, side, _number, kind, body):
        if side != "server" or role not in connection.role or kind != "C" or not body.startswith(b"COMMIT"):
            return False
        count[0] += 1
        return count[0] == n
    return when
