#!/usr/bin/env python3
"""A rule that fails too often is moved behind a wall and then stopped, with evidence, for good,
until an operator brings it back.

  trust.py CORDON SOURCE_DIR WORK [WORKER]   WORKER: one that crashes in each run

Without WORKER, and where the process wall does not work, what needs a wall is left out."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import server
from server import Server, command, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
crashing = os.path.abspath(sys.argv[4]) if len(sys.argv) > 4 else None
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
store = server.make_store(cordon, source, work)
log = os.path.join(store, "audit")
PATIENCE = 60

RULE = """return {
  name = "fickle", decisions = { "allow", "deny" }, fallback = "deny",
  params = { act = { type = "string", default = "answer" } },
  limits = { instructions = 20000, time = "10s" },
  evaluate = function(graph, request)
    if request.params.act == "spend" then while true do end end
    return { decision = "allow" }
  end,
}
"""


def policy(text):
    with open(os.path.join(store, "policy.new"), "w", encoding="ascii") as file:
        file.write("return { principals = { desk = { rules = '*' } },\n%s }\n" % text)
    os.rename(os.path.join(store, "policy.new"), os.path.join(store, "policy.lua"))


def serve(worker=None):
    env = {"CORDON_WORKER": worker} if worker else {}
    # without a snapshot: the worker that crashes has none open
    return Server(cordon, work, "--registry", os.path.join(store, "rules.mdb"), "--policy",
                  os.path.join(store, "policy.lua"), "--audit", log, env=env)


def outcome(s, act="answer"):
    answer = s.ask("POST", "/v1/evaluate/fickle", {"params": {"act": act}})
    return answer["outcome"], answer["result"]["decision"]


def until(s, what, good):
    """How the rule stands, once that is as it should be."""
    end = time.monotonic() + PATIENCE
    while True:
        standing = s.ask("GET", "/v1/rules/fickle")
        if good(standing):
            return standing
        if time.monotonic() > end:
            expect(False, "%s: %s" % (what, standing))
            return standing
        time.sleep(0.05)


def trips():
    text = command(cordon, "audit", "tail", "-n", "1000", "--format", "ndjson", store)
    return [note for note in map(json.loads, text.splitlines()) if note.get("note") == "breaker"]


def stopped():
    policy("breaker = { limits = { count = 3, of = 100 }, behind = {} }")
    with serve() as s:
        s.ask("PUT", "/v1/rules/fickle", {"source": RULE}, code=201)
        s.ask("POST", "/v1/rules/fickle:activate", {"reason": "new"})
        expect(outcome(s) == ("ok", "allow"), "it does not decide")
        for _ in range(3):
            expect(outcome(s, "spend") == ("limit", "deny"), "it was not stopped by its limit")
        expect(outcome(s) == ("denied", "deny"), "it runs though its breaker tripped")
        until(s, "the breaker did not pause it", lambda r: r["state"] == "paused")
        changes = s.ask("GET", "/v1/rules/fickle/history")["changes"]
        change = [c for c in changes if c["action"] == "trip"]
        expect(len(change) == 1 and change[0]["author"] == "breaker" and
               "3 limits hit within 100 runs" in change[0]["details"] and
               "inproc -> out of service" in change[0]["details"], changes)
        _, _, metrics = s.request("GET", "/metrics")
        expect(b'cordon_breaker_trips_total{rule="fickle",action="pause"} 1\n' in metrics,
               "the trip is not in the metrics")
        expect("the breaker tripped" in s.log(), "the server's log does not tell: " + s.log())
        # what is on the disk by now is all there is
        s.stop(signal.SIGKILL)
    found = trips()
    expect(len(found) == 1, "trips in the log: %s" % found)
    note = found[0]
    expect(note["rule"] == "fickle" and note["version"] == 1 and note["action"] == "pause" and
           note["from"] == "inproc" and "to" not in note and note["tripped_by"] == "limits" and
           note["limit"] == {"count": 3, "of": 100} and note["counts"]["limits"] == 3 and
           note["runs"] == 4 and note["last"] == {"outcome": "limit", "limit": "instructions",
                                                  "message": "limit: instructions"} and
           len(note["decisions"]) == 3, note)
    decisions = command(cordon, "audit", "tail", "-n", "100", "--format", "ndjson", store)
    names = [json.loads(line).get("decision_id") for line in decisions.splitlines()]
    expect(all(name in names for name in note["decisions"]), "no decision is called so")
    expect("the breaker of fickle@1 tripped: 3 limits hit" in
           command(cordon, "audit", "tail", "--format", "pretty", store),
           "the line for people does not tell")
    command(cordon, "audit", "verify", store)
    replay = command(cordon, "replay", "--audit", log, "--data", store, "--format", "json")
    report = json.loads(replay)
    expect(report["changed"] == 0 and report["identical"] == 4 and report["refused"] == 0, replay)
    with serve() as s:
        expect(outcome(s) == ("denied", "deny"), "a restart brought it back")
        s.ask("POST", "/v1/rules/fickle:resume", {"reason": "looked at it"})
        expect(outcome(s) == ("ok", "allow"), "resumed, and it does not decide")


def moved():
    policy("breaker = { limits = { count = 3, of = 100 }, crashes = 2, behind = 'process' }")
    with serve(crashing) as s:
        for _ in range(3):
            outcome(s, "spend")
        standing = until(s, "the breaker did not move it", lambda r: r.get("trust"))
        expect(standing["state"] == "active" and len(standing["trust"]) == 1 and
               standing["trust"][0]["version"] == 1 and
               standing["trust"][0]["wall"] == "process" and
               not standing["trust"][0]["quarantined"] and
               standing["trust_changes"][0]["author"] == "breaker" and
               "3 limits hit" in standing["trust_changes"][0]["details"], standing)
        for _ in range(2):
            expect(outcome(s) == ("error", "deny"), "the worker did not crash")
        expect(outcome(s) == ("denied", "deny"), "it runs though its breaker tripped again")
        until(s, "the breaker did not pause it", lambda r: r["state"] == "paused")
    found = trips()[-2:]
    expect([note["action"] for note in found] == ["wall", "pause"] and
           found[0]["to"] == "process" and found[1]["from"] == "process" and
           found[1]["tripped_by"] == "crashes" and found[1]["counts"]["crashes"] == 2 and
           "worker" in found[1]["last"]["message"], found)
    command(cordon, "audit", "verify", store)
    shown = command(cordon, "rule", "show", "fickle", "-d", store, "--format", "pretty")
    expect("version 1 behind process since" in shown and ", by breaker: 3 limits hit" in shown, shown)
    with serve() as s: # with a worker that works
        expect(outcome(s) == ("denied", "deny"), "a restart brought it back")
        s.ask("POST", "/v1/rules/fickle:resume", {"reason": "behind a wall it may"})
        standing = s.ask("GET", "/v1/rules/fickle")
        expect(standing["trust"][0]["wall"] == "process", standing)
        expect(outcome(s) == ("ok", "allow"), "behind the wall it does not decide")
        refused = s.ask("POST", "/v1/rules/fickle:trust", {}, code=400)
        expect("reason" in refused["detail"], refused)
        s.ask("POST", "/v1/rules/fickle:trust", {"reason": "the worker was at fault"})
        expect("trust" not in s.ask("GET", "/v1/rules/fickle"), "it is not trusted again")
        expect(outcome(s) == ("ok", "allow"), "trusted, and it does not decide")
        s.ask("POST", "/v1/rules/fickle:quarantine", {"wall": "proces"}, code=400)
        s.ask("POST", "/v1/rules/fickle:quarantine", {"version": 9}, code=404)
        standing = s.ask("POST", "/v1/rules/fickle:quarantine", {"wall": "process"})
        expect(standing["trust"] == [{"wall": "process", "quarantined": True,
                                      "sequence": standing["revision"]}], standing)
        expect(outcome(s) == ("ok", "allow"), "quarantined, and it does not decide")
    command(cordon, "rule", "trust", "fickle", "-d", store, "-q", "--reason", "done")


def there_is_a_wall():
    path = os.path.join(work, "fickle.lua")
    with open(path, "w", encoding="ascii") as file:
        file.write(RULE)
    return subprocess.run([cordon, "eval", path, "--tier", "process"], env=server.environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


stopped()
if crashing and there_is_a_wall():
    moved()
finish()
