"""Throw-away PostgreSQL clusters for measuring, and processes run beside them.

A cluster lives in a private directory below $PGM_BENCH_TMPDIR or /var/tmp. As
root its server runs as user postgres. Its settings are durable ones (fsync on),
since what is measured here is meant to hold for servers that people use.
"""
import atexit
import glob
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.parse

SETTINGS = """
fsync = on
synchronous_commit = on
wal_level = logical
wal_compression = off
shared_buffers = {shared_buffers}
maintenance_work_mem = {maintenance_work_mem}
min_wal_size = {min_wal_size}
max_wal_size = {max_wal_size}
checkpoint_timeout = 15min
max_replication_slots = 20
max_wal_senders = 20
max_worker_processes = 20
max_logical_replication_workers = 12
wal_sender_timeout = 0
wal_retrieve_retry_interval = 200ms
jit = off
log_min_messages = warning
listen_addresses = '127.0.0.1'
"""

BIG = {"shared_buffers": "1GB", "maintenance_work_mem": "256MB", "min_wal_size": "1GB", "max_wal_size": "8GB"}
SMALL = {"shared_buffers": "128MB", "maintenance_work_mem": "64MB", "min_wal_size": "80MB", "max_wal_size": "1GB"}


def exit_on_signals():
    """So that SIGTERM and SIGHUP run the clean-up as SIGINT does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, frame: sys.exit(128 + received))


def find_bindir(major):
    """Directory of a major's server binaries, or None."""
    places = [os.path.join(os.environ.get("PGM_TEST_PG", "/nowhere"), "bin", str(major)),
              f"/usr/lib/postgresql/{major}/bin"]
    return next((p for p in places if os.access(os.path.join(p, "initdb"), os.X_OK)), None)


def newest_major():
    found = [int(m.group(1)) for p in glob.glob("/usr/lib/postgresql/*/bin/initdb")
             for m in [re.search(r"/(\d+)/bin", p)] if m]
    return max(found, default=None)


def server_user():
    """(argv prefix, owner) for a process that may not run as root."""
    if os.geteuid() != 0:
        return [], None
    owner = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--init-groups"], owner


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Scratch:
    """The directory of a run: clusters stop and everything goes when it ends."""

    def __init__(self, name):
        base = os.environ.get("PGM_BENCH_TMPDIR", "/var/tmp")
        self.path = tempfile.mkdtemp(prefix=f"pgm-{name}-", dir=base)
        self.clusters = []
        _, owner = server_user()
        if owner:
            os.chown(self.path, owner.pw_uid, owner.pw_gid)
        atexit.register(self.close)

    def cluster(self, name, bindir, settings):
        made = Cluster(os.path.join(self.path, name), bindir, settings)
        self.clusters.append(made)
        made.start()
        return made

    def close(self):
        for one in self.clusters:
            one.stop()
        self.clusters = []
        shutil.rmtree(self.path, ignore_errors=True)


class Cluster:
    def __init__(self, directory, bindir, settings):
        self.directory, self.bindir = directory, bindir
        self.data = os.path.join(directory, "data")
        self.log = os.path.join(directory, "log")
        self.port = free_port()
        self.prefix, owner = server_user()
        self.running = False
        os.mkdir(directory)
        if owner:
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        self.tool("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as f:
            f.write(SETTINGS.format(**settings))
            f.write(f"port = {self.port}\nunix_socket_directories = '{directory}'\n")

    def tool(self, name, *args):
        run = subprocess.run([*self.prefix, os.path.join(self.bindir, name), *args], cwd="/",
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(f"{name} failed:\n{run.stdout}")

    def start(self):
        self.tool("pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "120", "-s", "start")
        self.running = True

    def stop(self):
        if self.running:
            self.tool("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "-s", "stop")
        self.running = False

    def postmaster(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as f:
            return int(f.readline())

    def uri(self, database, transport="tcp"):
        if transport == "tcp":
            return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"
        where = urllib.parse.quote(self.directory, safe="")
        return f"postgresql://postgres@{where}:{self.port}/{database}"

    def sql(self, database, *statements):
        """Runs each statement by psql; returns the output, unaligned."""
        args = [x for s in statements for x in ("-c", s)]
        run = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.uri(database, "unix"), *args],
                             capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(run.stderr.strip())
        return run.stdout.rstrip("\n")

    def script(self, database, text):
        """The same for a script of any length."""
        run = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.uri(database, "unix")],
                             input=text, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise RuntimeError(run.stderr.strip())
        return run.stdout.rstrip("\n")

    def version(self):
        return self.sql("postgres", "SHOW server_version")
