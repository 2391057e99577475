"""Many clients at once, more than the server can serve: each is answered, rightly or with a refusal
that says when to ask again, and what was refused is counted.

Usage: load.py CORDON SOURCE_DIR WORK"""
import json
import os
import sys
import threading

import server
from server import Server, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
store = server.make_store(cordon, source, work)
here = os.path.join(source, "tests/integration/server/rules")
rules = [os.path.join(here, "some.lua"),
         os.path.join(source, "tests/integration/cli/rules/sent.lua")]
CLIENTS, ROUNDS = 12, 24
JSON = {"Content-Type": "application/json"}
NOW = 1767225600000


def expected():
    """What rules/some.lua answers."""
    x = NOW
    for i in range(1, 20001):
        x = (x * 31 + i) % 65521
    return x


class Client(threading.Thread):
    """Asks again and again, on one connection; keeps what was wrong."""

    def __init__(self, s, number):
        super().__init__()
        self.s, self.number, self.wrong, self.refused, self.served = s, number, [], 0, 0
        self.connection = s.connect() if number % 2 else s.connect_socket()

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body), JSON)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 503:
            self.refused += 1
            if answer.headers["Retry-After"] != "1" or b"urn:cordon:problem:overloaded" not in text:
                self.wrong.append((path, answer.headers.items(), text))
            return None
        self.served += 1
        if answer.status != 200:
            self.wrong.append((path, answer.status, text))
            return None
        return text

    def evaluate(self, turn):
        text = self.ask("POST", "/v1/evaluate/some",
                        {"now": NOW, "id": turn, "priority": self.number % 3})
        if text:
            answer = json.loads(text)
            if answer["result"]["output"] != expected_output or answer["id"] != turn:
                self.wrong.append(answer)
        text = self.ask("POST", "/v1/evaluate/sent",
                        {"node": "Account:1", "now": "2026-01-10T00:00:00Z"})
        if text and json.loads(text)["outcome"] != "ok":
            self.wrong.append(text)

    def batch(self):
        text = self.ask("POST", "/v1/evaluate", {"requests": [{"rule": "some", "now": NOW}] * 3})
        if text and [r["result"]["output"] for r in json.loads(text)["results"]] != [expected_output] * 3:
            self.wrong.append(text)

    def run(self):
        try:
            for turn in range(ROUNDS):
                self.evaluate(turn)
                if turn % 6 == self.number % 6:
                    self.ask("GET", "/healthz")
                    self.ask("GET", "/metrics")
                    self.ask("GET", "/v1/status")
                if turn % 8 == self.number % 8:
                    self.batch()
        except Exception as error:  # whatever it is, it is told
            self.wrong.append(repr(error))
        self.connection.close()


def swap(s):
    """Meanwhile an operator reloads, again and again, who is not refused."""
    for _ in range(5):
        status, _, text = s.request("POST", "/v1/reload")
        expect(status == 200, "reload: %d %s" % (status, text))


expected_output = expected()
with Server(cordon, work, *rules, "-d", store,
            env={"CORDON_SERVER__WORKERS": "2", "CORDON_SERVER__QUEUE": "3"}) as s:
    clients = [Client(s, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    swap(s)
    for client in clients:
        client.join()
    for client in clients:
        expect(not client.wrong, "client %d: %s" % (client.number, client.wrong[:2]))
    refused = sum(client.refused for client in clients)
    served = sum(client.served for client in clients)
    expect(refused > 0 and served > 0, "%d served, %d refused" % (served, refused))
    while (load := s.ask("GET", "/v1/status")["load"])["workers_running"]:
        pass  # who has been answered is counted as running for a moment more
    expect(load["shed"] == refused, "%d were refused, %d counted" % (refused, load["shed"]))
    expect(load["waiting"] == 0, "all is done: %s" % load)
finish()
