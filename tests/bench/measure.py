"""Runs one command and says what it cost: seconds, processor time of the client
and of each cluster, the client's peak memory, the write-ahead log written."""
import os
import signal
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.1


def processes():
    """{pid: (parent, user and system ticks, ticks of reaped children)}"""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(name)] = (int(fields[1]), int(fields[11]) + int(fields[12]),
                            int(fields[13]) + int(fields[14]))
    return found


def tree(root, found):
    """@root and everything below it."""
    children = {}
    for pid, (parent, *_) in found.items():
        children.setdefault(parent, []).append(pid)
    members, queue = [], [root]
    while queue:
        pid = queue.pop()
        if pid in found:
            members.append(pid)
            queue += children.get(pid, [])
    return members


def cluster_seconds(cluster):
    """Processor time of a whole cluster so far: those that live, and those that
    the postmaster has reaped."""
    found, postmaster = processes(), cluster.postmaster()
    ticks = sum(found[pid][1] for pid in tree(postmaster, found)) + found[postmaster][2]
    return ticks / TICK


def wal_bytes(cluster):
    return int(cluster.sql("postgres", "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def share_of_memory(pid):
    """Resident bytes, those that several processes share divided by their number."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            return next((int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:")), 0)
    except OSError:
        return 0


class Sampler(threading.Thread):
    """The highest sum of resident memory over a tree of processes."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.peak, self.over = root, 0, threading.Event()

    def run(self):
        while not self.over.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(share_of_memory, tree(self.root, processes()))))


def measure(command, env, source, destination, log, limit):
    """One run of a shell command. Its output goes to the file @log."""
    before = [cluster_seconds(source), cluster_seconds(destination), wal_bytes(destination)]
    with open(log, "w", encoding="utf-8") as out:
        began = time.monotonic()
        child = subprocess.Popen(["sh", "-c", command], env=env, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        sampler = Sampler(child.pid)
        sampler.start()
        watchdog = threading.Timer(limit, os.killpg, [child.pid, signal.SIGTERM])
        watchdog.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)
            raise
        finally:
            watchdog.cancel()
        seconds = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    sampler.over.set()
    sampler.join()
    time.sleep(0.1)  # the last sessions end
    return {
        "status": child.returncode,
        "seconds": round(seconds, 3),
        "client_cpu": round(usage.ru_utime + usage.ru_stime, 2),
        "source_cpu": round(cluster_seconds(source) - before[0], 2),
        "destination_cpu": round(cluster_seconds(destination) - before[1], 2),
        "client_mib": round(sampler.peak / 2**20, 1),
        "largest_process_mib": round(usage.ru_maxrss / 1024, 1),
        "wal_mib": round((wal_bytes(destination) - before[2]) / 2**20),
    }
