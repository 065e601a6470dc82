"""The command under test."""
import json
import os
import signal
import subprocess
import tempfile

from .cluster import clean_environment

EXIT_OK, EXIT_DIFFERENT, EXIT_USAGE, EXIT_NOT_FOUND = 0, 1, 2, 3
EXIT_CONNECT, EXIT_REFUSED, EXIT_FAILED, EXIT_INTERRUPTED = 4, 5, 6, 130


def program():
    return os.path.join(os.environ["PGM_TEST_BUILD"], "src", "main", "pgmanager")


class Result:
    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    def __str__(self):
        return (f"$ {' '.join(self.argv)}\nexit {self.code}\n"
                f"--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}")

    @property
    def text(self):
        return self.out + self.err

    def json_lines(self):
        values = []
        for line in self.out.split("\n"):
            if line.strip():
                values.append(json.loads(line))
        return values


class Command:
    """Runs pgmanager with a home, configuration and state of its own."""

    def __init__(self, bindirs=(), prefix=()):
        """@prefix: what runs it, as ("ip", "netns", "exec", "name")."""
        self.prefix = list(prefix)
        self.home = tempfile.TemporaryDirectory(prefix="pgms-home-")
        self.bindirs = [b for b in bindirs if b]

    def environment(self, more=None):
        env = clean_environment()
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
            env[name] = os.path.join(self.home.name, name.lower())
            os.makedirs(env[name], exist_ok=True)
        for name in ("XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
            env.pop(name, None)
        env["PATH"] = ":".join(self.bindirs + [env.get("PATH", "/usr/bin:/bin")])
        env.update(more or {})
        return env

    def start(self, *arguments, env=None, **kwargs):
        return subprocess.Popen([*self.prefix, program(), *arguments], stdin=subprocess.DEVNULL,
                                env=self.environment(env), start_new_session=True, cwd=self.home.name,
                                **kwargs)

    def run(self, *arguments, env=None, timeout=240):
        argv = [program(), *arguments]
        process = self.start(*arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            out, err = process.communicate()
            raise AssertionError(f"no end after {timeout} s: {' '.join(argv)}\n"
                                 f"{out.decode('utf-8', 'replace')[-3000:]}"
                                 f"{err.decode('utf-8', 'replace')[-3000:]}") from None
        return Result(argv, process.returncode, out.decode("utf-8", "replace"),
                      err.decode("utf-8", "replace"))
