"""A job that follows and is looked at and steered by other commands and by curl."""
import json
import os
import subprocess
import time

from .command import EXIT_OK
from .follower import Follower


class Steered:
    """A follower that other commands of the same user can find."""

    def __init__(self, pair, schema, *arguments):
        self.pair, self.databases = pair, pair.load(schema)
        runtime = os.path.join(pair.command.home.name, "run-" + self.databases.name)
        os.makedirs(runtime, mode=0o700)
        self.socket = os.path.join(runtime, "pgmanager", "api.sock")
        self.env = {"XDG_RUNTIME_DIR": runtime}
        self.follower = Follower(pair.command, self.databases.uris(), *arguments, env=self.env)

    def __enter__(self):
        self.follower.start().await_phase("streaming")
        return self

    def __exit__(self, kind, *_):
        self.follower.close()
        if kind is None:
            result = self.pair.command.run("cleanup", *self.databases.uris())
            assert result.code == EXIT_OK, result
        self.pair.drop(self.databases)

    def run(self, *arguments):
        return self.pair.command.run(*arguments, *self.databases.uris(), env=self.env)

    def begin(self, *arguments):
        """The same, to be waited for with communicate()."""
        return self.pair.command.start(*arguments, *self.databases.uris(), env=self.env, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)

    def ask(self, what, status=202, body=None):
        """POST /migrations/{id}/@what; the answer."""
        path = f"/api/v1/migrations/{self.follower.snapshot['job_id']}/{what}"
        command = ["curl", "-sS", "-w", "\n%{http_code}", "--unix-socket", self.socket, "-X", "POST", "-H",
                   "Content-Type: application/json", *(("-d", json.dumps(body)) if body else ()), "http://localhost" + path]
        answer = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout.decode()
        text, _, code = answer.rpartition("\n")
        assert int(code) == status, answer
        return json.loads(text)

    def await_snapshot(self, wanted, seconds=30):
        deadline = time.monotonic() + seconds
        while not wanted(self.follower.snapshot):
            self.follower.alive()
            assert time.monotonic() < deadline, self.follower.snapshot
            time.sleep(0.02)

    def events(self, kind):
        return [event["message"] for event in self.follower.snapshot.get("events", []) if event["type"] == kind]

    def await_event(self, kind, *words, seconds=30):
        self.await_snapshot(lambda _: any(all(word in text for word in words) for text in self.events(kind)), seconds)
