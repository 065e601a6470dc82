"""The daemon as a process of the test's own, to be looked at, killed and started again."""
import json
import os
import signal
import socket
import subprocess
import time


class Daemon:
    """With the home, configuration and state of @command, and a runtime directory there.
    Without @arguments on the unix socket only."""

    def __init__(self, command, *arguments, env=None):
        self.command, self.arguments = command, list(arguments)
        runtime = os.path.join(command.home.name, "run")
        os.makedirs(runtime, mode=0o700, exist_ok=True)
        self.env = {"XDG_RUNTIME_DIR": runtime, **(env or {})}
        self.sockets = os.path.join(runtime, "pgmanager")
        self.process = None
        self.errors = os.path.join(command.home.name, "daemon-errors")

    def start(self, seconds=10):
        """Returns when it says over a socket of ours that it is ready; how long that took."""
        name = os.path.join(self.command.home.name, "notify")
        if os.path.exists(name):
            os.unlink(name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(name)
            listener.settimeout(seconds)
            began = time.monotonic()
            with open(self.errors, "ab") as errors:
                self.process = self.command.start("--server", *(self.arguments or ["--no-tcp"]), stderr=errors,
                                                  env={**self.env, "NOTIFY_SOCKET": name})
            try:
                while b"READY=1" not in listener.recv(4096):
                    pass
            except TimeoutError:
                raise AssertionError(f"not ready after {seconds} s: {self.log()}") from None
        return time.monotonic() - began

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def run(self, *arguments, **kwargs):
        return self.command.run(*arguments, env=self.env, **kwargs)

    def begin(self, *arguments):
        """A command that goes on."""
        return self.command.start(*arguments, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def curl(self, path, *arguments, body=None):
        """Status and answer, over the unix socket."""
        more = [] if body is None else ["-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(body)]
        answer = subprocess.run(
            ["curl", "-sS", "-w", "\n%{http_code}", "--unix-socket", os.path.join(self.sockets, "api.sock"),
             *more, *arguments, f"http://localhost/api/v1{path}"], check=True, capture_output=True, timeout=60)
        text, _, status = answer.stdout.decode().rpartition("\n")
        return int(status), json.loads(text) if text else None

    def jobs(self):
        status, answer = self.curl("/migrations")
        assert status == 200, answer
        return {job["id"]: job for job in answer}

    def await_status(self, job_id, *wanted, seconds=90):
        deadline = time.monotonic() + seconds
        while True:
            job = self.jobs().get(job_id)
            if job is not None and job["status"] in wanted:
                return job
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, f"{job_id} is {job and job['status']}, not {wanted}: {self.log()}"
            time.sleep(0.05)

    def hand_over(self, *arguments):
        """A job that runs in the daemon; its id."""
        result = self.run(*arguments, "--detach", "--output=json")
        assert result.code == 0, result
        return result.json_lines()[0]["answer"]["job_id"]
