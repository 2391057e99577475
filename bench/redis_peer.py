"""A Redis server with the transfers of the workloads in it, and W1 as functions over them.

Debian's redis-tools have the server too: redis-check-rdb is the same program, which looks at the
name it is called by.  It listens on a Unix socket and on a port of loopback, keeps nothing on
disk, and ends with the process that began it."""
import os
import shutil
import socket
import struct
import subprocess
import time

FORMS = ("w1_sorted", "w1_rows", "w1_columns")
BATCH = 500


def program():
    """The server's program, or None where it is not installed."""
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


def command(*words):
    """A command as it goes over the wire."""
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def _array(numbers):
    """A msgpack array of whole numbers, each as narrow as it can be."""
    def one(n):
        return (bytes((n,)) if n < 128 else struct.pack(">BH", 0xcd, n) if n < 1 << 16
                else struct.pack(">BI", 0xce, n) if n < 1 << 32 else struct.pack(">BQ", 0xcf, n))
    return struct.pack(">BH", 0xdc, len(numbers)) + b"".join(map(one, numbers))


class Redis:
    def __init__(self, work, port, threads=1):
        self.path = os.path.join(work, "redis.sock")
        self.port = port
        self.child = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1",
             "--unixsocket", self.path, "--save", "", "--appendonly", "no",
             "--loglevel", "warning", "--io-threads", str(threads)],
            executable=program(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(200):
            try:
                self.socket.connect(self.path)
                break
            except OSError:
                time.sleep(0.05)
        else:
            self.close()
            raise OSError("redis: nobody listens on %s" % self.path)
        self.replies = self.socket.makefile("rb")

    def close(self):
        self.socket.close()
        self.child.terminate()
        self.child.wait()

    def reply(self):
        line = self.replies.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            return self.replies.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind in (b"-", b""):
            raise OSError("redis: %s" % rest.decode())
        return int(rest) if kind == b":" else rest

    def ask(self, commands):
        """The answers to all of them."""
        answers = []
        for at in range(0, len(commands), BATCH):
            batch = commands[at:at + BATCH]
            self.socket.sendall(b"".join(batch))
            answers += [self.reply() for _ in batch]
        return answers

    def load(self, data, library):
        """The accounts and transfers in all forms, and the functions."""
        lists = {}
        with open(os.path.join(data, "transfers.csv"), encoding="utf-8") as file:
            next(file)
            for line in file:
                source, target, cents, when = map(int, line.split(","))
                lists.setdefault(source, []).append((when, target, cents))
        commands = []
        with open(os.path.join(data, "accounts.csv"), encoding="utf-8") as file:
            next(file)
            for line in file:
                account, _, _, risk = line.rstrip("\n").split(",")
                commands.append(command("SET", "risk:" + account, risk))
        for account, rows in lists.items():
            rows.sort()
            scored = []
            for when, target, cents in rows:
                scored += [when, "%d:%d:%d" % (when, target, cents)]
            commands += [
                command("ZADD", "z:%d" % account, *scored),
                command("SET", "r:%d" % account,
                        b"".join(struct.pack("<IId", t, c, w) for w, t, c in rows)),
                command("SET", "c:%d" % account, b"".join(_array([r[i] for r in rows]) for i in (0, 2, 1)))]
        with open(library, encoding="utf-8") as file:
            commands.append(command("FUNCTION", "LOAD", file.read()))
        self.ask(commands)
