#!/usr/bin/env python3
"""kill -9 under load, again and again: what the server has acknowledged is there afterwards, and
all its files open and verify.

Acknowledged are: versions pushed to the registry and which one decides, what rules proposed, and
with audit.sync = always each decision.  What was asked for and not answered may be there or not.

  crash.py CORDON SOURCE_DIR WORK [KILLS]"""
import http.client
import json
import os
import random
import shutil
import signal
import sys
import threading
import time

import server as s

EVALUATORS = 2
RULE = """return {
  name = "changed", decisions = { "allow" }, fallback = "allow", returns = { mark = "integer" },
  evaluate = function() return { decision = "allow", output = { mark = %d } } end,
}
"""
PROPOSES = """return {
  name = "proposes", decisions = { "allow" }, fallback = "allow",
  params = { balance = { type = "number", default = 1 } },
  reads = { Account = { "balance" } },
  evaluate = function(graph, request)
    return { decision = "allow", updated_nodes = {
      { label = "Account", key = request.node.key, set = { balance = request.params.balance } } } }
  end,
}
"""


class Kept:
    """What has been acknowledged, over all servers."""

    def __init__(self):
        self.decisions = set()
        self.proposed = set()
        self.marks = {}     # version -> mark
        self.active = None  # version that decides
        self.asked = None   # to decide, and not answered yet
        self.next_mark = 1


class Worker(threading.Thread):
    """Does something over and over until the server is gone."""

    def __init__(self, server, step):
        super().__init__()
        self.server, self.step = server, step
        self.wrong = []
        self.count = 0

    def run(self):
        connection = self.server.connect()
        try:
            while True:
                self.step(self, connection)
                self.count += 1
        except (OSError, http.client.HTTPException):
            pass  # killed
        finally:
            connection.close()

    def ask(self, connection, method, path, body, codes):
        while True:
            status, _, text = self.server.request(method, path, body, connection=connection)
            if not s.is_shed(status, text):
                break
            time.sleep(0.01)
        if status not in codes:
            self.wrong.append("%s %s: %d %s" % (method, path, status, text[:400]))
        return json.loads(text)


def evaluate(kept):
    def step(worker, connection):
        balance = worker.count * EVALUATORS + random.random()
        answer = worker.ask(connection, "POST", "/v1/evaluate/proposes",
                            {"node": "Account:1", "params": {"balance": balance}}, (200,))
        kept.decisions.add(answer["decision_id"])
        if answer["proposals"]["logged"] == 1:
            kept.proposed.add(answer["decision_id"])
        else:
            worker.wrong.append("not logged: %s" % answer)
    return step


def change(kept):
    def step(worker, connection):
        mark = kept.next_mark
        kept.next_mark += 1
        pushed = worker.ask(connection, "PUT", "/v1/rules/changed",
                            {"source": RULE % mark, "reason": "a test"}, (201,))
        kept.marks[pushed["version"]] = mark
        kept.asked = pushed["version"]
        worker.ask(connection, "POST", "/v1/rules/changed:activate",
                   {"version": pushed["version"], "reason": "a test"}, (200,))
        kept.active = pushed["version"]
        kept.asked = None
    return step


def check_standing(server, kept):
    """The first thing that the next server is asked: does it know what the last one promised?"""
    if kept.active is None:
        return
    told = server.ask("GET", "/v1/rules/changed")
    s.expect(told["active"] in (kept.active, kept.asked),
             "version %s decides, acknowledged was %s (asked for: %s)" % (
                 told["active"], kept.active, kept.asked))
    kept.active = told["active"]
    kept.asked = None
    newest = max(kept.marks)
    s.expect(told["newest"] in (newest, newest + 1), "newest %s, acknowledged was %s" % (
        told["newest"], newest))
    mark = server.ask("POST", "/v1/evaluate/changed", {})["result"]["output"]["mark"]
    s.expect(kept.marks.get(told["active"], mark) == mark, "version %s says %s" % (
        told["active"], mark))


def one_kill(cordon, work, args, kept):
    server = s.Server(cordon, work, *args, env={"CORDON_AUDIT__SYNC": "always"})
    try:
        check_standing(server, kept)
        workers = [Worker(server, evaluate(kept)) for _ in range(EVALUATORS)]
        workers.append(Worker(server, change(kept)))
        for worker in workers:
            worker.start()
        # once all have been served, at any moment
        while any(worker.count < 1 and worker.is_alive() for worker in workers):
            time.sleep(0.001)
        time.sleep(random.random() * 0.03)
    finally:
        server.stop(signal.SIGKILL)
    for worker in workers:
        worker.join()
        s.expect(not worker.wrong, "%s" % worker.wrong[:2])
        s.expect(worker.count > 0, "nothing was done before the kill")


def check_all(cordon, store, log, kept):
    """Everything that was acknowledged is there, and everything there verifies."""
    text = s.command(cordon, "audit", "export", log, "--format", "ndjson")
    recorded = {json.loads(line)["decision_id"] for line in text.splitlines()}
    s.expect(kept.decisions <= recorded, "%d of %d decisions are lost" % (
        len(kept.decisions - recorded), len(kept.decisions)))
    text = s.command(cordon, "proposal", "list", "-d", store, "--format", "ndjson")
    proposed = {json.loads(line)["decision_id"] for line in text.splitlines()}
    s.expect(kept.proposed <= proposed, "%d of %d proposals are lost" % (
        len(kept.proposed - proposed), len(kept.proposed)))
    for version, mark in sorted(kept.marks.items()):
        if version % 7 == 0 or version == max(kept.marks):
            text = s.command(cordon, "rule", "show", "changed", str(version), "-d", store,
                             "--format", "json")
            s.expect("mark = %d }" % mark in text, "version %d is another text" % version)
    s.command(cordon, "snapshot", "verify", store, "-q")
    s.command(cordon, "audit", "verify", log, "-q")


def main():
    cordon, source, work = sys.argv[1:4]
    kills = int(sys.argv[4]) if len(sys.argv) > 4 else 10
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    store = s.make_store(cordon, source, work)
    log, rule = os.path.join(work, "log"), os.path.join(work, "proposes.lua")
    with open(rule, "w", encoding="utf-8") as out:
        out.write(PROPOSES)
    kept = Kept()
    args = (rule, "-d", store, "--registry", os.path.join(store, "rules.mdb"), "--audit", log,
            "--proposals", os.path.join(store, "proposals.mdb"))
    for _ in range(kills):
        one_kill(cordon, work, args, kept)
        s.command(cordon, "audit", "verify", log, "-q")
    check_all(cordon, store, log, kept)
    with s.Server(cordon, work, *args) as server:
        check_standing(server, kept)
    print("%d kills: %d decisions, %d proposals, %d versions acknowledged" % (
        kills, len(kept.decisions), len(kept.proposed), len(kept.marks)))
    s.finish()


main()
