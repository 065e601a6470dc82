"""A hot standby of a throw-away cluster."""
import os
import signal
import subprocess
import time

from .cluster import Cluster


class Standby(Cluster):
    """Made by pg_basebackup from @primary, of its version and user; streams from it."""

    def __init__(self, primary, settings=""):  # pylint: disable=super-init-not-called
        self.major, self.bindir, self.user = primary.major, primary.bindir, primary.user
        self.password, self.process, self.port = primary.password, None, None
        self.primary = primary
        self.make_directory()
        done = subprocess.run([os.path.join(self.bindir, "pg_basebackup"), "-D", self.data, "-R", "-X", "stream", "-c", "fast",
                               "-d", primary.uri()], stdin=subprocess.DEVNULL, capture_output=True, text=True, **self._as_server())
        if done.returncode != 0:
            raise RuntimeError("pg_basebackup: " + done.stderr)
        os.chmod(self.data, 0o700)
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            conf.write(f"\nunix_socket_directories = '{self.directory}'\nhot_standby_feedback = on\n{settings}\n")
        self.start()

    def await_replay(self, seconds=30):
        """Until it has replayed what the primary has written."""
        lsn = self.primary.sql("SELECT pg_current_wal_lsn();")
        deadline = time.monotonic() + seconds
        while self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{lsn}';") != "t":
            assert time.monotonic() < deadline, "the standby does not replay"
            time.sleep(0.05)

    def promote(self):
        self.sql("SELECT pg_promote(true, 30);")

    def replace(self, primary):
        """Takes over the port of @primary, which is gone, as a failover behind one address does."""
        primary.kill()
        self.stop(signal.SIGINT)
        self.port = primary.port
        self.start()
