#!/usr/bin/env python3
"""The end of a server, and what a service manager hears of it: under load no exchange is lost and
every answered decision is in the log; what is under way ends, or is cancelled when the time is
up; a second signal does not wait.

  drain.py CORDON SOURCE_DIR WORK"""
import http.client
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time

import server as s

here = os.path.dirname(os.path.abspath(__file__))
QUICK, SLOW = (os.path.join(here, "rules", name + ".lua") for name in ("quick", "slow"))
CLIENTS = 6


class Client(threading.Thread):
    """Evaluates until nobody listens any more; anything but a whole good answer, or a connection
    that is refused before it was made, is wrong."""

    def __init__(self, server, over_socket):
        super().__init__()
        self.server, self.over_socket = server, over_socket
        self.decisions = []
        self.wrong = []

    def connect(self):
        connection = (self.server.connect_socket() if self.over_socket
                      else self.server.connect())
        try:
            connection.connect()
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        return connection

    def ask(self, connection):
        """False: the connection ends, as the answer says."""
        status, headers, text = self.server.request("POST", "/v1/evaluate/quick", {},
                                                    connection=connection)
        if s.is_shed(status, text):
            time.sleep(0.01)
        elif status != 200:
            self.wrong.append("%d %s" % (status, text[:300]))
        else:
            self.decisions.append(json.loads(text)["decision_id"])
        return headers.get("Connection", "").lower() != "close"

    def run(self):
        try:
            while True:
                connection = self.connect()
                if connection is None:
                    return
                while self.ask(connection):
                    pass
                connection.close()
        except (OSError, http.client.HTTPException) as fault:
            self.wrong.append(repr(fault))


def ended(server):
    """It ends by the one signal that it has had."""
    s.expect(server.process.wait(60) == 0, "exit code %s" % server.process.returncode)


def under_load(cordon, work):
    log = os.path.join(work, "log")
    server = s.Server(cordon, work, QUICK, "--audit", log,
                      env={"CORDON_SERVER__DRAIN_DELAY_MS": "150ms"})
    clients = [Client(server, i % 2 == 1) for i in range(CLIENTS)]
    watcher = server.connect()
    for client in clients:
        client.start()
    while min(len(client.decisions) for client in clients) < 20:
        time.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    while True:  # the delay is there for this: it is still listened, and told
        status, _, text = server.request("GET", "/readyz", connection=watcher)
        if status == 503:
            break
        time.sleep(0.01)
    s.expect(json.loads(text)["reason"] == "draining", "the reason: %s" % text)
    watcher.close()
    for client in clients:
        client.join()
        s.expect(not client.wrong, "lost: %s" % client.wrong[:3])
    ended(server)
    s.expect("server.draining" in server.log(), "the log tells")
    server.stop()
    answered = {d for client in clients for d in client.decisions}
    text = s.command(cordon, "audit", "export", log, "--format", "ndjson")
    kept = {json.loads(line)["decision_id"] for line in text.splitlines()}
    s.expect(answered <= kept, "%d answered decisions are not in the log" % len(answered - kept))
    s.expect(len(answered) == sum(len(client.decisions) for client in clients), "each once")


def start_slow(server):
    """A request of the rule that runs as long as it may; it is under way when this returns."""
    connection = server.connect()
    connection.request("POST", "/v1/evaluate/slow", "{}", {"Content-Type": "application/json"})
    while server.ask("GET", "/v1/status")["load"]["workers_running"] < 1:
        time.sleep(0.005)
    server.kept.close()
    server.kept = None
    return connection


def answer_of(connection):
    answer = connection.getresponse()
    text = json.loads(answer.read())
    connection.close()
    return answer.status, text


def long_one_ends(cordon, work):
    """What is under way is waited for, if it is not too long."""
    rule = os.path.join(work, "slow.lua")
    with open(SLOW, encoding="utf-8") as text, open(rule, "w", encoding="utf-8") as out:
        out.write(text.read().replace('"10s"', '"400ms"'))
    server = s.Server(cordon, work, rule)
    connection = start_slow(server)
    server.process.send_signal(signal.SIGTERM)
    status, text = answer_of(connection)
    s.expect(status == 200 and text["outcome"] == "limit", "it ran to its own limit: %s" % text)
    ended(server)
    server.stop()


def too_long_is_cancelled(cordon, work):
    server = s.Server(cordon, work, SLOW, env={"CORDON_SERVER__DRAIN_TIMEOUT_MS": "50ms"})
    connection = start_slow(server)
    server.process.send_signal(signal.SIGTERM)
    status, text = answer_of(connection)
    s.expect(status == 200 and text["outcome"] == "cancelled", "it is cancelled: %s" % text)
    s.expect(text["result"]["decision"] == "review", "the fallback stands in: %s" % text)
    ended(server)
    s.expect("server.cancelling" in server.log(), "the log tells")
    server.stop()


def second_signal(cordon, work):
    server = s.Server(cordon, work, SLOW, code=-signal.SIGTERM)
    connection = start_slow(server)
    server.process.send_signal(signal.SIGTERM)
    while "server.draining" not in server.log():
        time.sleep(0.005)
    server.stop()  # the second
    connection.close()


def manager(cordon, work):
    """systemd's words, on a socket of ours."""
    path = os.path.join("/tmp", "cordon-notify-%d" % os.getpid())
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(path)
    ear.settimeout(60)
    try:
        server = s.Server(cordon, work, QUICK,
                          env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000"})

        def hears(what):
            while True:
                text = ear.recv(4096).decode()
                if not text.startswith("WATCHDOG=1") or what.startswith("WATCHDOG"):
                    break
            s.expect(text.startswith(what), "heard %r, wanted %s" % (text, what))

        hears("READY=1")
        hears("WATCHDOG=1")
        hears("WATCHDOG=1")
        server.process.send_signal(signal.SIGHUP)
        hears("RELOADING=1\nMONOTONIC_USEC=")
        hears("READY=1")
        server.process.send_signal(signal.SIGTERM)
        hears("STOPPING=1")
        ended(server)
        server.stop()
    finally:
        ear.close()
        os.unlink(path)


def main():
    cordon, _, work = sys.argv[1:]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    under_load(cordon, work)
    long_one_ends(cordon, work)
    too_long_is_cancelled(cordon, work)
    second_signal(cordon, work)
    manager(cordon, work)
    s.finish()


main()
