"""Throw-away PostgreSQL clusters.

As tests/fixture/cluster.h, for system tests: a private directory with a short
path, an ordinary user when we are root, and a guard process that removes
everything when this process ends, however it does.
"""
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from urllib.parse import quote

GUARD = r"""
trap '' INT TERM HUP
read -r line
if [ -s "$1/data/postmaster.pid" ]; then
  read -r pid <"$1/data/postmaster.pid"
  pid=${pid#-} # initdb's own server writes its number negative
  kill -CONT "$pid" 2>/dev/null
  kill -QUIT "$pid" 2>/dev/null
  i=0
  while [ -e "$1/data/postmaster.pid" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
  [ -e "$1/data/postmaster.pid" ] && kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"""

SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = '{directory}'
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
max_prepared_transactions = 10
max_connections = 60
max_locks_per_transaction = 256
shared_buffers = 128MB
maintenance_work_mem = 64MB
max_wal_size = 4GB
checkpoint_timeout = 30min
fsync = off
full_page_writes = off
autovacuum = off
jit = off
log_min_messages = warning
log_line_prefix = '%m [%p] %u@%d %a '
logging_collector = off
"""


class SqlError(Exception):
    """psql failed; the text is what it wrote to standard error."""


def installed_majors():
    found = []
    for base in ("/usr/lib/postgresql", os.path.join(os.environ.get("PGM_TEST_PG", "/nonexistent"), "bin")):
        if os.path.isdir(base):
            found += [int(n) for n in os.listdir(base) if n.isdigit()]
    return sorted({m for m in found if find_bindir(m)})


def find_bindir(major):
    for path in (f"/usr/lib/postgresql/{major}/bin",
                 os.path.join(os.environ.get("PGM_TEST_PG", "/nonexistent"), "bin", str(major))):
        if os.access(os.path.join(path, "initdb"), os.X_OK):
            return path
    return None


def default_major():
    """The system's own: what a user of this machine has."""
    base = "/usr/lib/postgresql"
    own = [int(n) for n in os.listdir(base)] if os.path.isdir(base) else []
    return max([m for m in own if find_bindir(m)] or installed_majors())


def server_user():
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise RuntimeError("neither user postgres nor nobody exists")


def clean_environment():
    env = {k: v for k, v in os.environ.items()
           if not (k.startswith("PG") and not k.startswith("PGM_"))
           and not k.startswith("LC_") and k not in ("LANG", "LANGUAGE")}
    env["LC_ALL"] = "C.UTF-8"
    env["PGCONNECT_TIMEOUT"] = "20"
    return env


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'" if "\\" not in text else \
        " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class Cluster:
    def __init__(self, major=None, initdb=(), settings="", scram=False, name="db", copied=True):
        """@copied: may be a copy of the template, with its system identifier."""
        self.major = major or default_major()
        self.bindir = find_bindir(self.major)
        if self.bindir is None:
            raise RuntimeError(f"PostgreSQL {self.major} is not here")
        self.user = server_user()
        self.password = "p:w/d %41'\"" if scram else None
        self.process = None
        self.port = None
        self.make_directory()
        self._initdb(list(initdb), scram, copied)
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(SETTINGS.format(directory=self.directory) + settings + "\n")
        self.start()

    def make_directory(self):
        """A private directory, and the guard that removes it."""
        base = os.environ.get("PGM_TEST_TMPDIR") or "/var/tmp"
        self.directory = tempfile.mkdtemp(prefix="pgms-", dir=base)
        self.data = os.path.join(self.directory, "data")
        self.log = os.path.join(self.directory, "log")
        if len(self.directory) + 21 >= 108:
            raise RuntimeError(f"{self.directory} is too long for a socket")
        if self.user:
            os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        self._start_guard()

    # ---- processes

    def _as_server(self):
        kwargs = {"cwd": self.directory, "env": clean_environment(), "start_new_session": True}
        if self.user:
            kwargs.update(user=self.user.pw_uid, group=self.user.pw_gid,
                          extra_groups=os.getgrouplist(self.user.pw_name, self.user.pw_gid))
        return kwargs

    def _start_guard(self):
        read_end, self.guard_pipe = os.pipe()
        self.guard = subprocess.Popen(["/bin/sh", "-c", GUARD, "pgm-test-guard", self.directory],
                                      stdin=read_end, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, cwd="/", start_new_session=True)
        os.close(read_end)

    def _initdb(self, more, scram, copied):
        template = os.environ.get("PGM_TEST_CLUSTER_TEMPLATE")
        if copied and not more and not scram and template and self._version_of(template) == self.major:
            subprocess.run(["cp", "-a", template, self.data], check=True)
            if self.user:
                subprocess.run(["chown", "-R", f"{self.user.pw_uid}:{self.user.pw_gid}", self.data],
                               check=True)
            return
        argv = [os.path.join(self.bindir, "initdb"), "-D", self.data, "-U", "postgres", "-A",
                "scram-sha-256" if scram else "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        if scram:
            path = os.path.join(self.directory, "password")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.password + "\n")
            os.chmod(path, 0o644)
            argv.append("--pwfile=" + path)
        done = subprocess.run(argv + more, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              **self._as_server())
        if done.returncode != 0:
            raise RuntimeError("initdb: " + done.stdout + done.stderr)

    @staticmethod
    def _version_of(data):
        try:
            with open(os.path.join(data, "PG_VERSION"), encoding="ascii") as file:
                return int(file.read())
        except OSError:
            return None

    def start(self):
        for attempt in range(5):
            if self.port is None or attempt:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", 0))
                    self.port = probe.getsockname()[1]
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [os.path.join(self.bindir, "postgres"), "-D", self.data, "-p", str(self.port)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_server())
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline and self.process.poll() is None:
                if self._is_ready():
                    return
                time.sleep(0.02)
            self.kill()
            if "could not create any TCP/IP sockets" not in self.log_text():
                break
        raise RuntimeError("the cluster does not start:\n" + self.log_text()[-3000:])

    def _is_ready(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
                lines = file.read().split("\n")
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and \
            lines[7].startswith(("ready", "standby"))

    def stop(self, how=signal.SIGINT):
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=90)
            self.process = None

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=90)
        self.process = None

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def configure(self, settings):
        """Further settings, followed by a reload; some need a restart."""
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write("\n" + settings + "\n")
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)

    def hba(self, lines):
        """Puts @lines before the present pg_hba.conf and reloads."""
        path = os.path.join(self.data, "pg_hba.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(lines + "\n" + text)
        self.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)

    def close(self):
        self.kill()
        os.close(self.guard_pipe)
        self.guard.wait()

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    # ---- connections

    def uri(self, dbname="postgres", user="postgres", password=None):
        password = password if password is not None else self.password
        login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
        return f"postgresql://{login}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    def psql_process(self, dbname="postgres", user="postgres", options="", **kwargs):
        """A psql that reads statements from its standard input."""
        env = clean_environment()
        env["PGOPTIONS"] = "-c client_min_messages=warning " + options
        env["PGCLIENTENCODING"] = "UTF8"
        if self.password:
            env["PGPASSWORD"] = self.password
        argv = [os.path.join(self.bindir, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h",
                "127.0.0.1", "-p", str(self.port), "-U", user, "-d", self._conninfo(dbname)]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, env=env, **kwargs)

    @staticmethod
    def _conninfo(dbname):
        # psql takes a name with "=" or a URI's beginning for a connection string
        escaped = dbname.replace("\\", "\\\\").replace("'", "\\'")
        return f"dbname='{escaped}'"

    def sql(self, text, dbname="postgres", user="postgres", options="", timeout=600):
        """Runs @text through psql; its rows, columns separated by "|"."""
        process = self.psql_process(dbname, user, options, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
        out, err = process.communicate(text.encode("utf-8"), timeout=timeout)
        if process.returncode != 0:
            raise SqlError(err.decode("utf-8", "replace").strip())
        return out.decode("utf-8", "replace").rstrip("\n")

    def rows(self, text, dbname="postgres", **kwargs):
        out = self.sql(text, dbname, **kwargs)
        return [line.split("|") for line in out.split("\n")] if out else []

    def create_database(self, dbname, options=""):
        self.sql(f"CREATE DATABASE {identifier(dbname)} {options};")
        return dbname

    def drop_database(self, dbname):
        self.sql(f"DROP DATABASE IF EXISTS {identifier(dbname)} WITH (FORCE);")

    def tool(self, name, *arguments, dbname=None, env=None, **kwargs):
        """Runs a client program of this version, e.g. pgbench."""
        merged = clean_environment()
        if self.password:
            merged["PGPASSWORD"] = self.password
        merged.update(env or {})
        argv = [os.path.join(self.bindir, name), "-h", "127.0.0.1", "-p", str(self.port), "-U",
                "postgres", *arguments]
        if dbname is not None:
            argv.append(dbname)
        return subprocess.run(argv, env=merged, capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, **kwargs)


def unique(prefix="t"):
    return prefix + secrets.token_hex(4)


def have(program):
    return shutil.which(program) is not None
