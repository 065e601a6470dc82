"""A `clone --follow` that runs, is looked at, killed and started again."""
import json
import signal
import subprocess
import threading
import time

STREAMING = ("catch-up", "streaming")


class Follower:
    """@uris: the two --…-uri arguments, which may lead through proxies."""

    def __init__(self, command, uris, *arguments, env=None):
        self.command, self.uris, self.arguments, self.env = command, list(uris), list(arguments), env
        self.process = None
        self.snapshot, self.report = {}, None
        self.phases = []
        self.starts = 0
        self.most_resident = 0

    # ---- the process

    def start(self, *more):
        """The first time a clone, from then on --resume unless it never began."""
        self.snapshot, self.report, self.errors = {}, None, b""
        self.starts += 1
        self.process = self.command.start("clone", "--follow", *self.uris, *self.arguments, *more, "--output=json",
                                          env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.readers = [threading.Thread(target=self.read, args=(self.process,), daemon=True),
                        threading.Thread(target=self.drain, args=(self.process,), daemon=True)]
        for reader in self.readers:
            reader.start()
        return self

    def read(self, process):
        for line in process.stdout:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if "snapshot" in value:
                self.snapshot = value["snapshot"]
                if not self.phases or self.phases[-1] != self.phase:
                    self.phases.append(self.phase)
            if "report" in value:
                self.report = value["report"]

    def drain(self, process):
        self.errors = process.stderr.read()

    @property
    def phase(self):
        return self.snapshot.get("phase", "idle")

    def resident(self):
        """KiB, at most so far."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
                found = [line for line in file if line.startswith("VmHWM:")]
            self.most_resident = max(self.most_resident, int(found[0].split()[1]))
        except (OSError, IndexError):
            pass
        return self.most_resident

    def alive(self):
        if self.process.poll() is not None:
            raise AssertionError(self.tell())

    def tell(self):
        for reader in self.readers:
            reader.join(timeout=5)
        report = self.report or {}
        return (f"ended with {self.process.poll()} in phase {self.phase}: {report.get('error')} "
                f"/ {report.get('detail')} / {report.get('hint')}\n{self.errors.decode('utf-8', 'replace')[-2000:]}")

    def await_phase(self, *phases, seconds=90):
        deadline = time.monotonic() + seconds
        while self.phase not in phases:
            self.alive()
            if time.monotonic() > deadline:
                raise AssertionError(f"still {self.phase} after {seconds} s, not {phases}: {self.snapshot.get('last_error')}")
            time.sleep(0.02)
        return self

    def await_end(self, seconds=60):
        """The exit status, with the report read."""
        try:
            code = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s in phase {self.phase}: "
                                 f"{self.snapshot.get('activity')} {self.snapshot.get('last_error')}") from None
        for reader in self.readers:
            reader.join(timeout=10)
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ctrl-C: what is ours stays, to go on with."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            return self.await_end()
        return None

    def resume(self):
        return self.start("--resume")

    def restart_if_ended(self):
        if self.process.poll() is not None:
            self.resume()

    def cleanup(self, uris=None):
        self.stop()
        result = self.command.run("cleanup", *(uris or self.uris))
        assert result.code == 0, result

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
