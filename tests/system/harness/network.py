"""A network of its own for pgmanager: a namespace with one cable to each server's
proxy, which can be pulled. Packets then vanish without a word, as in a black hole."""
import os
import secrets
import subprocess

from .case import Skip


def ip(*arguments):
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Cable:
    """@outside is the address of the proxy's end."""

    def __init__(self, namespace, number):
        name = f"pg{secrets.token_hex(3)}"
        net = 1 + int.from_bytes(secrets.token_bytes(1), "big") % 250
        self.inner, self.outer = name + "i", name + "o"
        self.outside = f"10.{213 + number}.{net}.1"
        ip("link", "add", self.outer, "type", "veth", "peer", "name", self.inner, "netns", namespace)
        ip("addr", "add", f"{self.outside}/30", "dev", self.outer)
        ip("link", "set", self.outer, "up")
        ip("-n", namespace, "addr", "add", f"10.{213 + number}.{net}.2/30", "dev", self.inner)
        ip("-n", namespace, "link", "set", self.inner, "up")

    def pull(self):
        ip("link", "set", self.outer, "down")

    def plug(self):
        ip("link", "set", self.outer, "up")


class Network:
    def __init__(self):
        if os.geteuid() != 0:
            raise Skip("a network namespace needs root")
        self.name = "pgms-" + secrets.token_hex(4)
        try:
            ip("netns", "add", self.name)
            ip("-n", self.name, "link", "set", "lo", "up")
            self.source, self.destination = Cable(self.name, 0), Cable(self.name, 1)
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise Skip(f"no network namespaces here: {getattr(error, 'stderr', error)}") from None

    @property
    def prefix(self):
        return ("ip", "netns", "exec", self.name)

    def close(self):
        """The cables go with the namespace."""
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
