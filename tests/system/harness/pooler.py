"""A real pgbouncer in front of a cluster's database, on a unix socket only."""
import os
import shutil
import subprocess
import time

from .case import Skip
from .cluster import Cluster


def find_pgbouncer():
    fetched = os.path.join(os.environ.get("PGM_TEST_PG", "/nonexistent"), "bin", "pgbouncer")
    return fetched if os.access(fetched, os.X_OK) else shutil.which("pgbouncer")


class Pooler(Cluster):
    """Speaks as a cluster does, of which it has the sessions only: psql goes through
    the pool. @port is the number in the socket's name; nothing listens on TCP."""

    PORT = 6499

    def __init__(self, cluster, dbname):  # pylint: disable=super-init-not-called
        self.program = find_pgbouncer()
        if self.program is None:
            raise Skip("there is no pgbouncer here (tests/pg/fetch.sh pgbouncer)")
        self.bindir, self.user, self.password = cluster.bindir, cluster.user, cluster.password
        self.dbname = dbname
        self.make_directory()
        self.port = self.PORT
        self.path = os.path.join(self.directory, "ini")
        self.point_to(cluster)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program, "-q", self.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            **self._as_server())
        end = time.monotonic() + 20
        while not os.path.exists(os.path.join(self.directory, f".s.PGSQL.{self.PORT}")):
            assert self.process.poll() is None and time.monotonic() < end, self.log_text()
            time.sleep(0.05)

    @property
    def console(self):
        return f"postgresql://postgres@/pgbouncer?host={self.directory}&port={self.PORT}"

    def point_to(self, cluster):
        """Where the pool leads after the next RELOAD."""
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(f"[databases]\n{self.dbname} = host=127.0.0.1 port={cluster.port} dbname={self.dbname}\n"
                       f"[pgbouncer]\nlisten_addr =\nlisten_port = {self.PORT}\nunix_socket_dir = {self.directory}\n"
                       f"auth_type = trust\nauth_file = {self.directory}/users\nadmin_users = postgres\npool_mode = transaction\n"
                       f"ignore_startup_parameters = options,extra_float_digits\n")
        with open(os.path.join(self.directory, "users"), "w", encoding="utf-8") as file:
            file.write('"postgres" ""\n')
        for name in (self.path, os.path.join(self.directory, "users")):
            os.chmod(name, 0o644)

    def admin(self, command):
        env = dict(os.environ, PGOPTIONS="")
        done = subprocess.run([os.path.join(self.bindir, "psql"), "-XAtq", self.console, "-c", command], env=env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def psql_process(self, dbname="postgres", user="postgres", options="", **kwargs):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG") or k.startswith("PGM_")}
        argv = [os.path.join(self.bindir, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-p", str(self.PORT),
                "-U", user, "-d", dbname]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, env=env, **kwargs)

    def close(self):
        # which signal ends it at once depends on its version; it has nothing to lose
        self.process.kill()
        self.process.wait()
        os.close(self.guard_pipe)
        self.guard.wait()
