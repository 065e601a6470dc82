"""Faults that need the kernel's help: pulled cables, full disks, limits of memory.
Each case says what it lacks where it can't run."""
import os
import subprocess
import time

from harness import proxy
from harness.case import Skip, case
from harness.cluster import unique
from harness.command import Command
from harness.network import Network
from harness.pair import Pair
from harness.scene import Scene

WEIGHT = 3
SEED = int(os.environ.get("PGM_TEST_SEED", "0"))
SETTINGS = "autovacuum = on\nfsync = off\n"


def setup():
    return Pair(source_settings=SETTINGS, destination_settings=SETTINGS)


def last_error(scene):
    return scene.follower.snapshot.get("last_error") or ""


def pull_and_plug(pair, which):
    """Noticed within 30 s, told, and gone on from where it was."""
    with Network() as network, \
            proxy.Proxy(pair.source.port, host=network.source.outside) as front, \
            proxy.Proxy(pair.destination.port, host=network.destination.outside) as back:
        command, pair.command = pair.command, Command(pair.command.bindirs, network.prefix)
        try:
            with Scene(pair, SEED, rows=2000, source_proxy=front, destination_proxy=back) as scene:
                scene.follow()
                scene.commits(200)
                cable = network.source if which == "source" else network.destination
                began = time.monotonic()
                cable.pull()
                while not last_error(scene):
                    scene.follower.alive()
                    assert time.monotonic() < began + 40, "not noticed within 40 s"
                    time.sleep(0.1)
                print(f"#   noticed after {time.monotonic() - began:.0f} s: {last_error(scene)}")
                assert time.monotonic() < began + 32
                cable.plug()
                scene.commits(100)
                pair.command = scene.follower.command = command  # cleans up from outside
                scene.finish()
        finally:
            pair.command = command


@case("R07 the cable to the source is pulled: noticed within 30 s, and following goes on", set="faults")
def cable_to_source(pair):
    pull_and_plug(pair, "source")


@case("R07 the cable to the destination is pulled: noticed within 30 s, and following goes on", set="faults")
def cable_to_destination(pair):
    pull_and_plug(pair, "destination")


# ---- R10 ---------------------------------------------------------------------------

class SmallDisk:
    """A file system of @megabytes below @cluster's directory."""

    def __init__(self, cluster, megabytes):
        if os.geteuid() != 0:
            raise Skip("a small file system needs root")
        self.path = os.path.join(cluster.directory, "small")
        os.makedirs(self.path, exist_ok=True)
        user = cluster.user
        options = f"size={megabytes}m,mode=700" + (f",uid={user.pw_uid},gid={user.pw_gid}" if user else "")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "pgms", self.path], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"no file system can be mounted here: {done.stderr.strip()}")

    def grow(self, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", self.path], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)


@case("R10 the destination's disk is full: paused with the reason, goes on when there is room", set="faults")
def disk_full(pair):
    with SmallDisk(pair.destination, 96) as disk:
        pair.destination.sql(f"CREATE TABLESPACE small LOCATION '{disk.path}';")
        try:
            with Scene(pair, SEED, rows=500, clients=2) as scene:
                pair.destination.sql(f"ALTER DATABASE {scene.databases.name} SET TABLESPACE small;")
                scene.follow()
                scene.databases.source("INSERT INTO ballast SELECT i, repeat(md5(i::text), 20) FROM generate_series(1000001, 1200000) i;")
                scene.follower.await_phase("paused", seconds=60)
                said = last_error(scene) + str(scene.follower.snapshot.get("activity"))
                assert "space" in said or "room" in said or "full" in said, said
                scene.commits(50)  # the source is not held up
                disk.grow(1024)
                scene.follower.await_phase("catch-up", "streaming", seconds=90)
                scene.finish()
        finally:
            pair.destination.sql("DROP TABLESPACE IF EXISTS small;")


# ---- R19 ---------------------------------------------------------------------------

class MemoryLimit:
    """A control group (of either version) whose processes share @megabytes."""

    ROOTS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
             ("/sys/fs/cgroup", "memory.max", "memory.peak"))

    def __init__(self, megabytes):
        for root, limit, peak in self.ROOTS:
            self.path = os.path.join(root, unique("pgms-"))
            self.peak_file = os.path.join(self.path, peak)
            if not os.path.exists(os.path.join(root, "cgroup.procs")):
                continue
            try:
                os.mkdir(self.path)
                with open(os.path.join(self.path, limit), "w", encoding="ascii") as file:
                    file.write(str(megabytes << 20))
                return
            except OSError:
                self.close()
        raise Skip("no control group with a limit of memory can be made here")

    @property
    def prefix(self):
        return ("sh", "-c", f'echo $$ >{self.path}/cgroup.procs && exec "$@"', "sh")

    def close(self):
        if os.path.isdir(self.path):
            os.rmdir(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@case("R19 a million rows in one transaction, with 256 MiB of memory for the whole process", set="faults")
def limited_memory(pair):
    with MemoryLimit(256) as limit:
        command, pair.command = pair.command, Command(pair.command.bindirs, limit.prefix)
        try:
            with Scene(pair, SEED, rows=500, clients=1, pause=0.05) as scene:
                scene.follow()
                scene.databases.source("BEGIN; INSERT INTO ballast SELECT i, repeat(md5(i::text), 4) "
                                       "FROM generate_series(1000001, 2000000) i; COMMIT;", timeout=300)
                scene.commits(5)
                scene.finish(seconds=240)
                with open(limit.peak_file, encoding="ascii") as file:
                    peak = int(file.read()) >> 20
                print(f"#   {peak} MiB with the cache of files")
                assert peak > 20, "that was not measured"
        finally:
            pair.command = command
