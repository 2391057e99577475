#!/usr/bin/env python3
"""Hot swap under load: generations, rules of files, versions of the registry and policies change
again and again while several connections evaluate.  No request fails, every answer is of one
generation and one version, and each change is seen.

  swap.py CORDON SOURCE_DIR WORK"""
import json
import os
import shutil
import signal
import sys
import threading
import time

import server as s

ROUNDS = 8
PATIENCE = 60

RULE = """return {
  name = "%s", decisions = { "allow" }, fallback = "allow",
  reads = { Account = { "balance" }, transfer = { "amount" } },
  returns = { total = "number", again = "number", mark = "integer" },
  evaluate = function(graph, request)
    local sent = request.node:outgoing("transfer")
    local first = sent:sum("amount")
    local i = 0
    while i < 300 do i = i + 1 end
    return { decision = "allow", output = { total = first, again = sent:sum("amount"), mark = %d } }
  end,
}
"""
POLICY = """return { principals = { one = { rules = { "*" }, reads = { Account = "*", transfer = "*" },
  hops = %d } } }
"""


class Load(threading.Thread):
    """Evaluates without pause on one connection; what is wrong with an answer is kept."""

    def __init__(self, server, rule, over_socket):
        super().__init__()
        self.server, self.rule = server, rule
        self.over_socket = over_socket
        self.done = threading.Event()
        self.answers = 0
        self.wrong = []
        self.latest = {}
        self.totals = {}

    def check(self, status, text):
        if s.is_shed(status, text):
            time.sleep(0.01)
            return
        answer = json.loads(text)
        output = (answer.get("result") or {}).get("output") or {}
        generation = (answer.get("provenance") or {}).get("generation")
        if status != 200 or answer.get("outcome") != "ok":
            self.wrong.append("%d: %s" % (status, text[:500]))
            return
        known = self.totals.setdefault(generation, output["total"])
        if output["total"] != output["again"] or output["total"] != known:
            self.wrong.append("two generations in one: %s, %s" % (known, text[:500]))
        self.latest = {"total": output["total"], "mark": output["mark"],
                       "version": answer["version"], "generation": generation}
        self.answers += 1

    def run(self):
        connection = self.server.connect_socket() if self.over_socket else self.server.connect()
        try:
            while not self.done.is_set():
                status, headers, text = self.server.request(
                    "POST", "/v1/evaluate/%s?provenance=true" % self.rule,
                    {"node": "Account:1"}, connection=connection)
                self.check(status, text)
        except Exception as fault:  # a connection that broke
            self.wrong.append(repr(fault))
        finally:
            connection.close()


def wait_until(loads, what, wanted):
    """Each of them has seen it."""
    end = time.monotonic() + PATIENCE
    while not all(load.latest.get(what) == wanted for load in loads):
        if time.monotonic() > end or any(load.wrong for load in loads):
            s.expect(False, "%s %s is not seen: %s" % (
                what, wanted, [load.latest for load in loads]))
            return
        time.sleep(0.002)


def replace(path, text):
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(text)
    os.rename(path + ".new", path)


def overwrite(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def import_total(cordon, source, work, store, total):
    """The next generation, in which node 1 has sent so much."""
    data = os.path.join(work, "data")
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(os.path.join(source, "tests/integration/cli/data"), data)
    overwrite(os.path.join(data, "transfers.csv"),
              "from,to,at,amount\n1,2,2026-01-01T00:00:00Z,%d\n" % total)
    s.command(cordon, "import", "--schema", os.path.join(data, "schema.lua"), "--out", store, "-q",
              data)


def push(cordon, work, store, mark):
    """A version of the registry's rule that answers `mark`, active."""
    path = os.path.join(work, "registered.lua")
    overwrite(path, RULE % ("registered", mark))
    s.command(cordon, "rule", "push", path, "-d", store, "--reason", "a test")
    s.command(cordon, "rule", "activate", "registered", "-d", store, "--reason", "a test")


def swaps(server, cordon, source, work, store, rule, policy):
    """Everything changes, round after round."""
    of_file = [Load(server, "filed", False), Load(server, "filed", True)]
    registered = [Load(server, "registered", False), Load(server, "registered", True)]
    loads = of_file + registered
    for load in loads:
        load.start()
    for turn in range(1, ROUNDS + 1):
        # by turns: a new file in its place, or the file itself written anew
        (replace if turn % 2 else overwrite)(rule, RULE % ("filed", turn))
        if turn % 3 == 0:
            s.expect(server.request("POST", "/v1/reload", {})[0] in (200, 409), "reload")
        if turn % 3 == 1:
            server.process.send_signal(signal.SIGHUP)
        wait_until(of_file, "mark", turn)
        push(cordon, work, store, 1000 + turn)
        wait_until(registered, "mark", 1000 + turn)
        # over the API: back and forth again
        server.ask("POST", "/v1/rules/registered:rollback", {"reason": "a test"})
        wait_until(registered, "mark", 1000 + turn - 1)
        server.ask("POST", "/v1/rules/registered:activate", {"reason": "a test"})
        wait_until(registered, "mark", 1000 + turn)
        import_total(cordon, source, work, store, 10 * turn)
        wait_until(loads, "total", 10 * turn)
        replace(policy, POLICY % (1 + turn % 3))
    for load in loads:
        load.done.set()
    for load in loads:
        load.join()
        s.expect(not load.wrong, "%s: %s" % (load.rule, load.wrong[:3]))
        s.expect(load.answers > 10 * ROUNDS, "only %d answers" % load.answers)
        s.expect(len(load.totals) >= ROUNDS, "generations seen: %s" % load.totals)


def wait_ready(server, code):
    end = time.monotonic() + PATIENCE
    while True:
        status, _, text = server.request("GET", "/readyz")
        if status == code or time.monotonic() > end:
            s.expect(status == code, "/readyz: %d, wanted %d" % (status, code))
            return json.loads(text)
        time.sleep(0.01)


def mark(server):
    return server.ask("POST", "/v1/evaluate/filed", {"node": "Account:1"})["result"]["output"]["mark"]


def failures(server, rule, policy, store):
    """What cannot be taken over changes nothing, and is told until it can."""
    server.ask("POST", "/v1/reload", {})
    before = mark(server)
    replace(rule, "return { name = 'filed', evaluate = function(")
    s.expect(wait_ready(server, 503).get("failures") == ["rules"], "which part")
    answer = server.ask("POST", "/v1/reload", {}, code=409)
    s.expect(answer["status"] == "failed" and answer["failures"][0]["part"] == "rules" and
             "filed.lua:1:" in answer["failures"][0]["message"], "the reload says what: %s" % answer)
    told = server.ask("GET", "/v1/status")
    s.expect("filed.lua:1:" in told["failures"][0]["message"], "the status says what: %s" % told)
    s.expect(told["status"] == "reload_failed", "the status: %s" % told)
    s.expect(mark(server) == before, "the rule of before serves on")
    replace(policy, "return { principals = ")
    s.expect(server.ask("POST", "/v1/reload", {}, code=409)["failures"][0]["part"] == "policy",
             "the policy fails too")
    s.expect(wait_ready(server, 503)["failures"] == ["policy", "rules"], "both parts")
    replace(policy, POLICY % 2)
    replace(rule, RULE % ("filed", 77))
    wait_ready(server, 200)
    s.expect(mark(server) == 77, "the mended rule serves")
    current = os.path.join(store, "CURRENT")
    good = open(current, encoding="utf-8").read()
    replace(current, "no generation\n")
    s.expect(wait_ready(server, 503)["failures"] == ["data"], "a damaged CURRENT")
    s.expect(mark(server) == 77, "the generation of before serves on")
    replace(current, good)
    wait_ready(server, 200)
    os.unlink(rule)
    s.expect(wait_ready(server, 503)["failures"] == ["rules"], "a file that is gone")
    s.expect(mark(server) == 77, "its rule serves on")
    replace(rule, RULE % ("filed", 78))
    wait_ready(server, 200)
    s.expect(mark(server) == 78, "and is replaced when it is back")
    log = server.log()
    for word in ("reload.failed", "reload.mended", "part=rules", "part=policy", "part=data"):
        s.expect(word in log, "no %s in the log: %s" % (word, log[-1500:]))


def renamed(server, rule):
    """A file whose rule gets another name: the old name is no longer served."""
    replace(rule, RULE % ("renamed", 5))
    server.ask("POST", "/v1/reload", {})
    answer = server.ask("POST", "/v1/evaluate/renamed", {"node": "Account:1"})
    s.expect(answer["result"]["output"]["mark"] == 5, "the new name: %s" % answer)
    server.ask("POST", "/v1/evaluate/filed", {"node": "Account:1"}, code=404)


def main():
    cordon, source, work = sys.argv[1:]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    store = s.make_store(cordon, source, work)
    rule, policy = os.path.join(work, "filed.lua"), os.path.join(work, "policy.lua")
    replace(rule, RULE % ("filed", 0))
    replace(policy, POLICY % 1)
    push(cordon, work, store, 1000)
    with s.Server(cordon, work, rule, "-d", store, "--policy", policy) as server:
        swaps(server, cordon, source, work, store, rule, policy)
        failures(server, rule, policy, store)
        renamed(server, rule)
    s.finish()


main()
