#!/usr/bin/env python3
"""How fast the API is: an answer with ten thousand tables, and two hundred listeners.

    api.py --driver BUILD/tests/bench/api-driver [status] [listeners]

The server is api-driver on a core of its own, its clients on another one. Each figure
has its budget; the exit status is 1 when one isn't kept.
"""
import argparse
import os
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

from harness.api import Api, ROOT  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
SERVER_CORE, CLIENT_CORE = 0, 1


class Driver:
    def __init__(self, program, tables):
        self.directory = tempfile.TemporaryDirectory(prefix="pgm-bench-api-")
        self.process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), program, str(tables), self.directory.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        url = self.process.stdout.readline().decode().strip()
        with open(os.path.join(self.directory.name, "token"), encoding="ascii") as file:
            self.api = Api(url, file.read().strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.directory.cleanup()

    def seconds(self):
        """Processor time so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


class Asker:
    """One line over which the status is asked for again and again."""

    def __init__(self, api):
        self.line = api.line()
        self.request = (f"GET {ROOT}/status HTTP/1.1\r\nHost: {api.host}:{api.port}\r\n"
                        f"Authorization: Bearer {api.token}\r\n\r\n").encode()
        self.buffer = memoryview(bytearray(64 << 20))

    def ask(self):
        self.line.sendall(self.request)
        got, whole = 0, None
        while whole is None or got < whole:
            count = self.line.recv_into(self.buffer[got:])
            if count == 0:
                raise EOFError
            got += count
            if whole is None and (end := bytes(self.buffer[:min(got, 4096)]).find(b"\r\n\r\n")) > 0:
                head = bytes(self.buffer[:end]).decode().lower()
                assert head.startswith("http/1.1 200"), head
                whole = end + 4 + int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return whole


def status(program, failures):
    with Driver(program, 10000) as driver:
        one = Asker(driver.api)
        size = one.ask()
        took, began, used = [], time.monotonic(), driver.seconds()
        while time.monotonic() < began + 10:
            start = time.perf_counter()
            one.ask()
            took.append(time.perf_counter() - start)
        elapsed, used = time.monotonic() - began, driver.seconds() - used
        rate, p50, p99 = len(took) / elapsed, statistics.median(took) * 1000, sorted(took)[len(took) * 99 // 100] * 1000
        report(failures, "GET /status, 10,000 tables, one line after another",
               f"{rate:.0f}/s of {size / 1e6:.1f} MB, p50 {p50:.2f} ms, p99 {p99:.2f} ms, server {100 * used / elapsed:.0f} % of a core",
               rate >= 300 and p50 <= 5, "300/s and p50 5 ms")
        counts = [0] * 4

        def run(number):
            asker, end = Asker(driver.api), time.monotonic() + 10
            while time.monotonic() < end:
                asker.ask()
                counts[number] += 1

        threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
        began, used = time.monotonic(), driver.seconds()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed, used = time.monotonic() - began, driver.seconds() - used
        report(failures, "the same over four lines at a time",
               f"{sum(counts) / elapsed:.0f}/s, server {100 * used / elapsed:.0f} % of a core",
               sum(counts) / elapsed >= 300, "300/s")


def read_all(lines, stop, counts):
    poller, by_fd = select.epoll(), {line.fileno(): line for line in lines}
    buffer = bytearray(1 << 20)
    for line in lines:
        line.setblocking(False)
        poller.register(line, select.EPOLLIN)
    while not stop.is_set():
        for fd, _ in poller.poll(0.2):
            try:
                counts[0] += by_fd[fd].recv_into(buffer)
            except BlockingIOError:
                pass


def listeners(program, failures):
    with Driver(program, 1000) as driver:
        sockets = [driver.api.websocket() for _ in range(200)]
        assert all(w.status == 101 for w in sockets)
        size = len(str(sockets[0].message()))
        stop, counts = threading.Event(), [0]
        reader = threading.Thread(target=read_all, args=([w.line for w in sockets], stop, counts))
        reader.start()
        time.sleep(3)
        began, used, read = time.monotonic(), driver.seconds(), counts[0]
        time.sleep(15)
        elapsed, used, read = time.monotonic() - began, driver.seconds() - used, counts[0] - read
        stop.set()
        reader.join()
        share = 100 * used / elapsed
        report(failures, "200 listeners, 1,000 tables, twice a second",
               f"{share:.1f} % of a core, {read / elapsed / 1e6:.0f} MB/s ({size} characters a picture)", share <= 25, "25 %")
        # Half of them read no more.
        stop, counts = threading.Event(), [0]
        reader = threading.Thread(target=read_all, args=([w.line for w in sockets[:100]], stop, counts))
        reader.start()
        time.sleep(5)
        before, began, used, read = driver.memory(), time.monotonic(), driver.seconds(), counts[0]
        time.sleep(20)
        after, elapsed = driver.memory(), time.monotonic() - began
        used, read = driver.seconds() - used, counts[0] - read
        stop.set()
        reader.join()
        share, grown = 100 * used / elapsed, (after - before) / (1 << 20)
        report(failures, "the same, half of them stalled",
               f"{share:.1f} % of a core, {read / elapsed / 1e6:.0f} MB/s to the others, memory {after / (1 << 20):.0f} MiB, grown by {grown:.1f}",
               share <= 25 and grown < 4 and read > 0, "25 % and flat")
        for websocket in sockets:
            websocket.close()


def report(failures, what, figures, kept, budget):
    print(f"{'ok' if kept else 'not ok'} - {what}: {figures} (budget {budget})", flush=True)
    if not kept:
        failures.append(what)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver", required=True)
    parser.add_argument("what", nargs="*", choices=["status", "listeners", []], default=[])
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(CLIENT_CORE, os.cpu_count() - 1)})
    failures = []
    for name, function in (("status", status), ("listeners", listeners)):
        if not arguments.what or name in arguments.what:
            function(arguments.driver, failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
