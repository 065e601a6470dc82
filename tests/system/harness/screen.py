"""A terminal for the command: a pty, and what its screen shows. Understands what
ncurses sends to an xterm, and fails on everything else that comes: nothing but it may
reach a terminal."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

from .command import program

SEQUENCE = re.compile(r"\x1b(?:\[([0-9;?>]*)([@-~])|([()])(.)|([=>78MEDHc])|\]104\x07)")
# a sequence that may go on in the next piece
BEGUN = re.compile(r"\x1b(?:\[[0-9;?>]*|[()]|\](?:1(?:0(?:4)?)?)?)?\Z")


class Screen:
    def __init__(self, columns, rows):
        self.column = self.row = 0
        self.last = " "
        self.rest = ""
        self.strange = []  # what no dashboard sends
        self.alternate = self.cursor_hidden = self.keypad = False
        self.dim = False
        self.decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.dims = [[False] * columns for _ in range(rows)]
        self.top, self.bottom = 0, rows - 1
        self.row, self.column = min(self.row, rows - 1), min(self.column, columns - 1)

    # ---- bytes in

    def feed(self, data):
        text = self.rest + self.decoder.decode(data)
        self.rest = ""
        place = 0
        while place < len(text):
            if text[place] == "\x1b":
                match = SEQUENCE.match(text, place)
                if match is None:
                    if BEGUN.match(text, place):
                        self.rest = text[place:]
                        return
                    self.strange.append(text[place:place + 12])
                    place += 1
                    continue
                self.sequence(match)
                place = match.end()
            else:
                self.character(text[place])
                place += 1

    def character(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.line_feed()
        elif char == "\b":
            self.column = max(self.column - 1, 0)
        elif char == "\t":
            self.column = min(self.column // 8 * 8 + 8, self.columns - 1)
        elif char in "\x0f\x0e":
            pass  # character sets, which an xterm doesn't need
        elif unicodedata.category(char) == "Cc":
            self.strange.append(char)
        elif unicodedata.combining(char) or char == "\u200e":
            self.attach(char)
        elif unicodedata.category(char) in ("Cf", "Mn", "Me"):
            self.strange.append(char) if unicodedata.category(char) == "Cf" else self.attach(char)
        else:
            self.put(char)

    def attach(self, mark):
        row = self.cells[self.row]
        place = min(self.column, self.columns) - 1
        while place > 0 and row[place] == "":
            place -= 1
        row[place] += mark

    def put(self, char):
        width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if self.column + width > self.columns:
            self.column = 0
            self.line_feed()
        for place in range(width):
            self.cells[self.row][self.column + place] = char if place == 0 else ""
            self.dims[self.row][self.column + place] = self.dim
        self.column += width
        self.last = char

    def line_feed(self):
        if self.row == self.bottom:
            self.scroll(1)
        elif self.row < self.rows - 1:
            self.row += 1

    def scroll(self, count, top=None):
        """Lines of the region from @top on go up, or down when @count is negative."""
        top = self.top if top is None else top
        for grid, empty in ((self.cells, " "), (self.dims, False)):
            for _ in range(abs(count)):
                new = [empty] * self.columns
                if count > 0:
                    del grid[top]
                    grid.insert(self.bottom, new)
                else:
                    del grid[self.bottom]
                    grid.insert(top, new)

    def erase(self, row, first, last):
        for column in range(max(first, 0), min(last, self.columns)):
            self.cells[row][column], self.dims[row][column] = " ", False

    def shift(self, count):
        """Characters of the line from the cursor on go to the right, or left."""
        for grid, empty in ((self.cells, " "), (self.dims, False)):
            line = grid[self.row]
            for _ in range(abs(count)):
                if count > 0:
                    line.insert(self.column, empty)
                    line.pop()
                else:
                    del line[self.column]
                    line.append(empty)

    def sequence(self, match):
        arguments, final, _, _, single = match.groups()
        if final is None:
            if single == "M":
                if self.row == self.top:
                    self.scroll(-1)
                else:
                    self.row = max(self.row - 1, 0)
            elif single in ("=", ">"):
                self.keypad = single == "="
            elif single not in ("7", "8", None):
                self.strange.append(match[0])
            return
        if arguments.startswith("?"):
            self.mode(arguments[1:], final)
            return
        numbers = [int(n) if n else 0 for n in arguments.split(";")]
        if not self.move(final, numbers) and not self.change(final, numbers):
            self.strange.append(match[0])

    def mode(self, arguments, final):
        for mode in arguments.split(";"):
            if mode == "1049":
                self.alternate = final == "h"
            elif mode == "25":
                self.cursor_hidden = final == "l"
            elif mode not in ("1", "4", "7", "12"):
                self.strange.append(f"mode {mode}{final}")

    def move(self, final, numbers):
        count = max(numbers[0], 1)
        self.column = min(self.column, self.columns - 1)  # no longer about to wrap
        if final in "Hf":
            self.row = min(count, self.rows) - 1
            self.column = min(max(numbers[1] if len(numbers) > 1 else 1, 1), self.columns) - 1
        elif final == "A":
            self.row = max(self.row - count, 0)
        elif final == "B":
            self.row = min(self.row + count, self.rows - 1)
        elif final == "C":
            self.column = min(self.column + count, self.columns - 1)
        elif final == "D":
            self.column = max(min(self.column, self.columns - 1) - count, 0)
        elif final in "G`":
            self.column = min(count, self.columns) - 1
        elif final == "d":
            self.row = min(count, self.rows) - 1
        elif final == "r":
            self.top = count - 1
            self.bottom = (numbers[1] if len(numbers) > 1 and numbers[1] else self.rows) - 1
            self.row = self.column = 0
        else:
            return False
        return True

    def change(self, final, numbers):
        count = max(numbers[0], 1)
        if final == "J":
            first = 0 if numbers[0] == 2 else self.row + 1
            if numbers[0] == 0:
                self.erase(self.row, self.column, self.columns)
            for row in range(first, self.rows):
                self.erase(row, 0, self.columns)
        elif final == "K":
            self.erase(self.row, 0 if numbers[0] else self.column,
                       self.column + 1 if numbers[0] == 1 else self.columns)
        elif final == "X":
            self.erase(self.row, self.column, self.column + count)
        elif final == "b":
            for _ in range(count):
                self.put(self.last)
        elif final in "SL":
            self.scroll(count if final == "S" else -count, self.row if final == "L" else None)
        elif final in "TM":
            self.scroll(-count if final == "T" else count, self.row if final == "M" else None)
        elif final in "@P":
            self.shift(count if final == "@" else -count)
        elif final == "m":
            for number in numbers:
                self.dim = number == 2 or (self.dim and number not in (0, 22))
        elif final not in "hlt":
            return False
        return True

    # ---- what is seen

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def text(self):
        return "\n".join(self.lines())


class Terminal:
    """@arguments of pgmanager in a pty of its own, in a session of its own."""

    def __init__(self, command, *arguments, env=None, columns=100, rows=30):
        self.master, slave = pty.openpty()
        self.slave = slave  # stays open, so that its settings can be looked at
        self.screen = Screen(columns, rows)
        self.set_size(columns, rows)
        self.settings = termios.tcgetattr(slave)
        environment = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        self.process = subprocess.Popen(
            [program(), *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=command.home.name,
            env=command.environment(environment), preexec_fn=self.own_terminal)

    @staticmethod
    def own_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        """As a window does; its old content is gone."""
        self.screen.resize(columns, rows)
        self.set_size(columns, rows)

    # ---- people

    def press(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def read(self, seconds):
        """Shows what comes within that time; FALSE when nothing did."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            self.screen.feed(os.read(self.master, 65536))
        except OSError:
            return False
        return True

    def settle(self, seconds=0.3):
        while self.read(seconds):
            pass

    def read_for(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(0.1)

    def await_text(self, *texts, absent=(), seconds=20):
        """All of @texts are on the screen, and none of @absent."""
        deadline = time.monotonic() + seconds
        while not (all(t in self.screen.text for t in texts) and not any(t in self.screen.text for t in absent)):
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen within {seconds} s: {texts} without {absent}\n{self.screen.text}")
            if self.process.poll() is not None and not self.read(0.1):
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.screen.text}")
            self.read(0.1)
        self.expect_clean()
        return self.screen.text

    def expect_clean(self):
        assert not self.screen.strange, f"reached the terminal: {self.screen.strange!r}\n{self.screen.text}"

    # ---- the end

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=10):
        """Its exit status, when it left the terminal as it found it."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"no end within {seconds} s\n{self.screen.text}")
            self.read(0.05)
        self.settle(0.1)
        self.expect_sane()
        return self.process.returncode

    def expect_sane(self):
        screen = self.screen
        assert not screen.alternate and not screen.cursor_hidden and not screen.keypad, \
            (screen.alternate, screen.cursor_hidden, screen.keypad)
        assert termios.tcgetattr(self.slave) == self.settings, "the terminal's settings are changed"

    def hang_up(self):
        """The window is closed."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = None
        return self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            if descriptor is not None:
                os.close(descriptor)
