#!/usr/bin/env python3
"""What operators and authors do over HTTP: versions, deciding, rollouts with their evidence,
shadows, recorded decisions, proposals, and what is in force.

  admin.py CORDON SOURCE_DIR WORK"""
import json
import os
import shutil
import sys
import threading

import server
from server import Server, command, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
cli = os.path.join(source, "tests/integration/cli")
store = server.make_store(cordon, source, work)
registry = os.path.join(store, "rules.mdb")
log = os.path.join(work, "audit")
proposals = os.path.join(work, "proposals.mdb")
lua = {"Content-Type": "text/x-lua"}


def rule(decision, name="velocity", more=""):
    return ("return { name = '%s', decisions = { 'allow', 'deny' }, fallback = 'deny',\n"
            "  evaluate = function(graph, request)\n%s    return { decision = '%s' }\n  end }\n"
            % (name, more, decision))


def problem(answer, word, text=""):
    expect(answer.get("type") == "urn:cordon:problem:" + word and text in answer["detail"],
           "wanted the problem %s, '%s': %s" % (word, text, answer))


def has(answer, **wanted):
    for key, value in wanted.items():
        expect(answer.get(key) == value, "%s is %s, wanted %s: %s" % (
            key, answer.get(key), value, str(answer)[:500]))


def decide(s, node=1):
    return s.ask("POST", "/v1/evaluate/velocity", {"node": "Account:%d" % node})["result"]["decision"]


def versions(s):
    problem(s.ask("GET", "/v1/rules/velocity", code=404), "not-found")
    status, headers, text = s.request("PUT", "/v1/rules/velocity", rule("allow"), lua)
    first = json.loads(text)
    expect(status == 201 and headers["Location"] == "/v1/rules/velocity/versions/1" and
           headers["ETag"] == '"1"', "%d %s" % (status, headers))
    has(first, version=1, new=True, author="anonymous", file="velocity.lua", dry_run=False)
    status, headers, text = s.request("PUT", "/v1/rules/velocity", rule("allow"), lua)
    expect(status == 200, "the same text again: %d" % status)
    has(json.loads(text), version=1, new=False, source_hash=first["source_hash"])
    again = s.ask("PUT", "/v1/rules/velocity?dry_run=true", {"source": rule("deny")})
    has(again, version=2, new=True, dry_run=True)
    has(s.ask("GET", "/v1/rules/velocity"), newest=1, state="inactive", registered=True,
        in_service=False)
    has(s.ask("PUT", "/v1/rules/velocity", {
        "source": rule("deny"), "cases": '{"expect": {"decision": "allow"}}\n',
        "file": "rules/velocity.lua", "reason": "catches more"}, code=201),
        version=2, reason="catches more", file="rules/velocity.lua", cases_bytes=34)
    has(s.ask("PUT", "/v1/rules/velocity", rule("allow", more="    -- a third\n"),
              {"X-Reason": "by the header"}, code=201), version=3, reason="by the header")
    # what does not load, and where
    answer = s.ask("PUT", "/v1/rules/velocity", "return {\n  name = 'velocity',\n  oops oops\n}", lua, 422)
    problem(answer, "rule")
    has(answer, file="velocity.lua")
    expect(answer["line"] >= 3, str(answer))
    problem(s.ask("PUT", "/v1/rules/velocity", rule("allow", "other"), lua, 422), "name",
            "calls itself 'other'")
    problem(s.ask("PUT", "/v1/rules/velocity", {"source": rule("allow"), "cases": "{}"}, code=422),
            "cases", "line 1")
    problem(s.ask("PUT", "/v1/rules/velocity", {"sourc": ""}, code=400), "body",
            'did you mean \'source\'')
    problem(s.ask("PUT", "/v1/rules/velocity", {"source": 1}, code=400), "body", "must be a string")
    problem(s.ask("PUT", "/v1/rules/velocity", code=400), "body", "no body")
    problem(s.ask("PUT", "/v1/rules/velocity?kind=thing", rule("allow"), lua, 400), "body")
    # what is there
    listed = s.ask("GET", "/v1/rules/velocity/versions")
    expect([v["version"] for v in listed["versions"]] == [3, 2, 1] and listed["next"] is None, str(listed))
    page = s.ask("GET", "/v1/rules/velocity/versions?limit=2")
    expect([v["version"] for v in page["versions"]] == [3, 2] and page["next"] == "1", str(page))
    page = s.ask("GET", "/v1/rules/velocity/versions?limit=2&cursor=" + page["next"])
    expect([v["version"] for v in page["versions"]] == [1] and page["next"] is None, str(page))
    one = s.ask("GET", "/v1/rules/velocity/versions/2")
    has(one, source=rule("deny"), cases='{"expect": {"decision": "allow"}}\n', author="anonymous")
    status, headers, text = s.request("GET", "/v1/rules/velocity/versions/1?format=source")
    expect(text.decode() == rule("allow") and headers["Content-Type"].startswith("text/x-lua"),
           "%s %s" % (headers, text))
    status, _, text = s.request("GET", "/v1/rules/velocity/versions/newest?format=cases")
    expect(status == 200 and text == b"", str(text))
    problem(s.ask("GET", "/v1/rules/velocity/versions/9", code=404), "not-found", "no version 9")
    problem(s.ask("GET", "/v1/rules/velocity/versions/x", code=404), "not-found", "no version x")
    problem(s.ask("GET", "/v1/rules/velocity/versions/1?format=xml", code=400), "query")
    diff = s.ask("GET", "/v1/rules/velocity/diff?from=1&to=2")
    has(diff, **{"from": 1, "to": 2, "same": False})
    expect("-    return { decision = 'allow' }\n+    return { decision = 'deny' }\n" in diff["text"],
           diff)
    status, headers, text = s.request("GET", "/v1/rules/velocity/diff?format=text")
    expect(text.startswith(b"--- velocity version 2\n+++ velocity version 3\n"), str(text))
    has(s.ask("GET", "/v1/rules/velocity/diff?from=1&to=1"), same=True, text="")


def deciding(s):
    """Activation by cases, conditions, and every way to stop deciding."""
    answer = s.ask("POST", "/v1/rules/velocity:activate", {"version": 2}, code=422)
    problem(answer, "cases", "1 of the 1 cases of 'velocity' version 2 failed")
    has(answer, cases=1, failed=1)
    expect("the decision is deny, expected allow" in answer["differences"][0], str(answer))
    has(s.ask("GET", "/v1/rules/velocity"), state="inactive")
    has(s.ask("POST", "/v1/rules/velocity:activate?dry_run=true"), dry_run=True, active=0)
    has(s.ask("POST", "/v1/rules/velocity:activate", {"version": 1, "reason": "a beginning"}),
        active=1, state="active", dry_run=False)
    expect(decide(s) == "allow", "in force when it is answered")
    found = s.ask("GET", "/v1/rules/velocity")
    has(found, in_service=True)
    expect(found["contract"]["decisions"] == ["allow", "deny"], str(found))
    # conditions
    status, headers, _ = s.request("GET", "/v1/rules/velocity")
    tag = headers["ETag"]
    status, headers, text = s.request("POST", "/v1/rules/velocity:activate", {"version": 3},
                                      {"If-Match": '"0"'})
    expect(status == 412 and headers["ETag"] == tag, "%d %s %s" % (status, headers, text))
    problem(json.loads(text), "precondition", "its revision is " + tag.strip('"'))
    problem(s.ask("POST", "/v1/rules/velocity:pause", None, {"If-Match": "17"}, 400), "if-match")
    status, headers, _ = s.request("POST", "/v1/rules/velocity:activate", {"version": 3},
                                   {"If-Match": '"0", ' + tag})
    expect(status == 200 and headers["ETag"] != tag, "%d %s" % (status, headers))
    problem(s.ask("POST", "/v1/rules/velocity:rollback", None, {"If-Match": tag}, 412),
            "precondition")
    problem(s.ask("PUT", "/v1/rules/other", rule("allow", "other"), {"If-Match": "*"}, 412),
            "precondition", "not there yet")
    has(s.ask("POST", "/v1/rules/velocity:rollback", None, {"If-Match": "*"}), active=1)
    # stopping
    has(s.ask("POST", "/v1/rules/velocity:pause", {"reason": "late data"}), state="paused")
    expect(decide(s) == "deny", "its fallback")
    has(s.ask("POST", "/v1/rules/velocity:resume"), state="active")
    has(s.ask("POST", "/v1/rules/velocity:resume"), state="active")
    has(s.ask("POST", "/v1/rules/velocity:kill", {"reason": "incident"}), state="killed")
    has(s.ask("POST", "/v1/rules/velocity:activate", {"version": 1}), state="active")
    has(s.ask("DELETE", "/v1/rules/velocity", None, {"X-Reason": "gone"}), state="killed", newest=3)
    has(s.ask("GET", "/v1/rules/velocity/versions/1"), version=1)
    has(s.ask("POST", "/v1/rules/velocity:activate", {"version": 1}), active=1)
    problem(s.ask("POST", "/v1/rules/velocity:activate", {"version": 9}, code=404), "not-found")
    problem(s.ask("POST", "/v1/rules/velocity:activate", {"version": -1}, code=400), "body")
    problem(s.ask("POST", "/v1/rules/none:kill", code=404), "not-found")
    problem(s.ask("POST", "/v1/rules/velocity:kill", {"reson": ""}, code=400), "body",
            "did you mean 'reason'")
    # history
    changes = s.ask("GET", "/v1/rules/velocity/history?limit=2")
    expect([c["action"] for c in changes["changes"]] == ["activate", "kill"], changes)
    has(changes["changes"][1], reason="gone", author="anonymous")
    count, cursor = 2, changes["next"]
    while cursor:
        s.ask("POST", "/v1/rules/velocity:pause")  # a page goes on where it was
        s.ask("POST", "/v1/rules/velocity:resume")
        changes = s.ask("GET", "/v1/rules/velocity/history?limit=5&cursor=" + cursor)
        count, cursor = count + len(changes["changes"]), changes["next"]
    expect(changes["changes"][-1]["action"] == "push" and count == 12, "%d %s" % (count, changes))


def lists(s):
    names = ["a1", "a2", "a3"]
    for name in names:
        s.ask("PUT", "/v1/rules/" + name, rule("allow", name), lua, 201)
    s.ask("PUT", "/v1/rules/both", {
        "source": "return { name = 'both', decisions = { 'allow', 'deny' }, "
                  "rules = { 'velocity', 'a1' } }", "kind": "set"}, code=201)
    has(s.ask("POST", "/v1/rules/both:activate"), kind="set", active=1)
    page = s.ask("GET", "/v1/rules?limit=2")
    expect([r["name"] for r in page["rules"]] == ["a1", "a2"] and page["next"] == "a2", str(page))
    s.ask("PUT", "/v1/rules/a0", rule("allow", "a0"), lua, 201)  # before the cursor
    page = s.ask("GET", "/v1/rules?cursor=" + page["next"])
    expect([r["name"] for r in page["rules"]] == ["a3", "both", "sent", "velocity"] and
           page["next"] is None, str(page))
    has(page["rules"][2], state="file", registered=False, in_service=True, kind="rule")
    page = s.ask("GET", "/v1/rules?kind=set&contract=true")
    expect([r["name"] for r in page["rules"]] == ["both"], str(page))
    expect(page["rules"][0]["contract"]["kind"] == "set", str(page))
    page = s.ask("GET", "/v1/rules?state=active")
    expect([r["name"] for r in page["rules"]] == ["both", "velocity"], str(page))
    problem(s.ask("GET", "/v1/rules?limit=0", code=400), "query")
    found = s.ask("GET", "/v1/rules/sent")
    has(found, state="file", registered=False)
    expect(found["contract"]["name"] == "sent", str(found))
    problem(s.ask("POST", "/v1/rules/sent:kill", code=404), "not-found")


def rollouts(s):
    has(s.ask("GET", "/v1/rollouts/velocity"), variants=[])
    expect(s.ask("GET", "/v1/rollouts")["rollouts"] == [], "none")
    problem(s.ask("PUT", "/v1/rollouts/velocity", {"version": 3}, code=400), "body", "a canary")
    problem(s.ask("PUT", "/v1/rollouts/velocity", {"percent": 0.001}, code=400), "body", "percent")
    problem(s.ask("PUT", "/v1/rollouts/velocity", {"arms": 1}, code=400), "body", "list")
    problem(s.ask("PUT", "/v1/rollouts/velocity", {"percent": 5, "guard": {"max_drif": 1}}, code=400),
            "body", "guard.max_drif")
    answer = s.ask("PUT", "/v1/rollouts/velocity", {"version": 2, "percent": 5}, code=422)
    problem(answer, "cases")
    has(s.ask("PUT", "/v1/rollouts/velocity?dry_run=true", {"percent": 40}), variants=[])
    has(s.ask("PUT", "/v1/rollouts/velocity", {
        "percent": 40, "guard": {"max_error_rate": 0.5, "min_samples": 1000}, "reason": "try"}),
        variants=[{"version": 3, "kind": "canary", "percent": 40.0}],
        guard={"min_samples": 1000, "max_error_rate": 0.5, "max_limit_rate": 0.0,
               "max_p99_ratio": 0.0, "max_drift": 0.0})
    for node in range(1, 4):
        for _ in range(10):
            decide(s, node)
    shown = s.ask("GET", "/v1/rollouts/velocity")
    live, canary = shown["evidence"]
    has(live, version=1, variant="live", percent=60.0, since_rollout=True)
    has(canary, version=3, variant="canary", percent=40.0, since_rollout=True)
    expect(live["evaluations"] + canary["evaluations"] == 30, str(shown))
    expect(live["decisions"] == {"allow": live["evaluations"], "deny": 0}, str(live))
    expect(live["instructions"]["p50"] > 0 or not live["evaluations"], live)
    expect(shown["evidence_revision"] == shown["revision"], str(shown))
    expect([r["name"] for r in s.ask("GET", "/v1/rollouts")["rollouts"]] == ["velocity"], "one")
    has(s.ask("PUT", "/v1/rollouts/velocity", {"arms": [
        {"version": 3, "percent": 25.5}]}), variants=[{"version": 3, "kind": "arm", "percent": 25.5}])
    has(s.ask("POST", "/v1/rollouts/velocity:abort", {"reason": "no"}), variants=[], active=1)
    problem(s.ask("POST", "/v1/rollouts/velocity:abort", code=400), "invalid")
    s.ask("PUT", "/v1/rollouts/velocity", {"version": 3, "percent": 1})
    has(s.ask("POST", "/v1/rollouts/velocity:promote"), active=3, variants=[], previous=1)
    s.ask("POST", "/v1/rules/velocity:activate", {"version": 1})


def shadows(s):
    has(s.ask("PUT", "/v1/shadows/velocity", {"version": 2, "reason": "look"}),
        shadows=[{"version": 2, "sample_rate": 1.0}])
    for _ in range(20):
        decide(s)
    shown = s.ask("GET", "/v1/shadows/velocity")
    has(shown["evidence"][0], version=2, variant="shadow", evaluations=20, compared=20, mismatches=20)
    expect(s.ask("GET", "/v1/shadows")["shadows"][0]["evidence"] == shown["evidence"], str(shown))
    has(s.ask("PUT", "/v1/shadows/velocity", {"shadows": [
        {"version": 2, "sample_rate": 0.5}, {"version": 3}]}),
        shadows=[{"version": 2, "sample_rate": 0.5}, {"version": 3, "sample_rate": 1.0}])
    problem(s.ask("PUT", "/v1/shadows/velocity", {"sample_rate": 2}, code=400), "body")
    has(s.ask("DELETE", "/v1/shadows/velocity?version=2"), shadows=[{"version": 3, "sample_rate": 1.0}])
    problem(s.ask("DELETE", "/v1/shadows/velocity?version=2", code=404), "not-found")
    has(s.ask("DELETE", "/v1/shadows/velocity"), shadows=[])
    expect(s.ask("GET", "/v1/shadows")["shadows"] == [], "none")


def repeats(s):
    """Idempotency-Key: the same answer again, for the same request alone."""
    key = {"Idempotency-Key": "one"}
    before = s.ask("GET", "/v1/rules/velocity")["revision"]
    first = s.request("POST", "/v1/rules/velocity:pause", {"reason": "x"}, key)
    second = s.request("POST", "/v1/rules/velocity:pause", {"reason": "x"}, key)
    expect(first[0] == second[0] == 200 and first[2] == second[2], "%s\n%s" % (first, second))
    expect(second[1]["Idempotency-Replayed"] == "true" and first[1]["ETag"] == second[1]["ETag"] and
           "Idempotency-Replayed" not in first[1], second[1])
    expect(s.ask("GET", "/v1/rules/velocity")["revision"] == before + 1, "changed once")
    problem(s.ask("POST", "/v1/rules/velocity:pause", {"reason": "y"}, key, 422), "idempotency-key")
    problem(s.ask("POST", "/v1/rules/velocity:resume", {"reason": "x"}, key, 422), "idempotency-key")
    problem(s.ask("POST", "/v1/rules/velocity:resume", None, {"Idempotency-Key": "a b"}, 400),
            "idempotency-key")
    s.ask("POST", "/v1/rules/velocity:resume", None, {"Idempotency-Key": "two"})
    # many at once: one change
    answers = []

    def send():
        connection = s.connect()
        answers.append(s.request("PUT", "/v1/rules/velocity", rule("allow", more="    -- raced\n"),
                                 {"Idempotency-Key": "race"}, connection)[0])
        connection.close()
    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(set(answers) <= {201, 409} and 201 in answers, str(answers))
    has(s.ask("GET", "/v1/rules/velocity"), newest=4)


def decisions(s):
    for node in (1, 2, 2, 3):
        s.ask("POST", "/v1/evaluate/sent", {"node": "Account:%d" % node, "now": "2026-01-10"})
    all_of = s.ask("GET", "/v1/decisions?limit=1000")["decisions"]
    expect([d["sequence"] for d in all_of] == sorted((d["sequence"] for d in all_of), reverse=True),
           "the newest first")
    has(all_of[0], rule="sent", path="sent", outcome="ok", status="SUCCESS")
    oldest = s.ask("GET", "/v1/decisions?limit=1000&order=oldest")["decisions"]
    expect(oldest == all_of[::-1], "the same from the other end")
    for order in ("newest", "oldest"):
        seen, cursor = [], None
        while cursor or not seen:
            page = s.ask("GET", "/v1/decisions?rule=velocity&limit=7&order=%s%s" % (
                order, "&cursor=" + cursor if cursor else ""))
            decide(s)  # what comes meanwhile moves no page
            seen += [d["sequence"] for d in page["decisions"]]
            cursor = page["next"]
            if len(seen) > 400:
                break
        known = [d["sequence"] for d in (all_of if order == "newest" else oldest)
                 if d["rule"] == "velocity"]
        expect(seen[:len(known)] == known if order == "oldest" else seen[-len(known):] == known,
               "%s: %s" % (order, seen))
    of_two = s.ask("GET", "/v1/decisions?rule=sent&node=Account:2")["decisions"]
    expect(len(of_two) == 2 and of_two[0]["input"]["node"]["key"] == "2", str(of_two))
    expect(s.ask("GET", "/v1/decisions?rule=sent&decision=nothing")["decisions"] == [], "none")
    expect(s.ask("GET", "/v1/decisions?outcome=limit")["decisions"] == [], "none")
    expect(len(s.ask("GET", "/v1/decisions?until=2020-01-01")["decisions"]) == 0, "none then")
    expect(len(s.ask("GET", "/v1/decisions?since=2020-01-01&limit=3")["decisions"]) == 3, "since")
    problem(s.ask("GET", "/v1/decisions?since=soon", code=400), "query", "is no time")
    problem(s.ask("GET", "/v1/decisions?outcome=good", code=400), "query")
    problem(s.ask("GET", "/v1/decisions?cursor=x", code=400), "query")
    problem(s.ask("GET", "/v1/decisions?cursor=1-5&order=oldest", code=400), "invalid")
    problem(s.ask("GET", "/v1/decisions?node=Account", code=400), "query")
    one = s.ask("GET", "/v1/decisions/" + of_two[1]["decision_id"])
    expect(one == of_two[1], str(one))
    problem(s.ask("GET", "/v1/decisions/" + 32 * "0", code=404), "not-found", "is in the log")
    # as the command tells it
    told = [json.loads(line) for line in command(
        cordon, "audit", "export", log, "--decision-id", one["decision_id"]).splitlines()]
    expect(told == [one], "the command: %s\nthe server: %s" % (told, one))
    state = s.ask("GET", "/v1/audit")
    expect(state["stats"]["recorded"] >= len(all_of) and state["newest"]["hash"] and
           "sound" not in state, str(state))
    checked = s.ask("GET", "/v1/audit?verify=true")
    has(checked, sound=True, findings=[], keyed=False, chain_checked=True)
    problem(s.ask("GET", "/v1/audit?verify=perhaps", code=400), "query")


def wishes(s):
    """Proposals: three that the command logged, and those of what was evaluated here since, a set
    of which each member proposes its own among them."""
    s.ask("PUT", "/v1/rules/wishing", {
        "source": "return { name = 'wishing', decisions = { 'allow', 'deny' }, "
                  "rules = { 'a1', 'sent' } }", "kind": "set"}, code=201)
    s.ask("POST", "/v1/rules/wishing:activate")
    judged = s.ask("POST", "/v1/sets/wishing:evaluate", {"node": "Account:2", "now": "2026-01-10"})
    has(judged, proposals={"logged": 1, "refused": 0})
    expect(judged["members"][1]["updated_nodes"][0]["key"] == "2" and
           "updated_nodes" not in judged["members"][0], str(judged["members"]))
    newest = s.ask("GET", "/v1/proposals?rule=sent&limit=200")["proposals"][-1]
    expect(newest["content"]["key"] == "2" and
           newest["decision_id"] != judged["decision_id"], "the member's own: %s" % newest)
    listed = s.ask("GET", "/v1/proposals")
    numbers = [p["sequence"] for p in listed["proposals"]]
    expect(len(numbers) > 3 and numbers == list(range(1, len(numbers) + 1)), str(listed))
    has(listed["proposals"][0], kind="update", state="pending", rule="sent", revision=0)
    page = s.ask("GET", "/v1/proposals?limit=2")
    expect(len(page["proposals"]) == 2 and page["next"] == "2", str(page))
    page = s.ask("GET", "/v1/proposals?limit=200&cursor=" + page["next"])
    expect([p["sequence"] for p in page["proposals"]] == numbers[2:] and page["next"] is None,
           str(page))
    status, headers, text = s.request("GET", "/v1/proposals/1")
    has(json.loads(text), sequence=1, content={"key": "1", "label": "Account", "set": {"open": False}})
    tag = headers["ETag"]
    has(s.ask("POST", "/v1/proposals/1:accept?dry_run=true"), state="pending")
    answer = s.ask("POST", "/v1/proposals/1:accept", {"reason": "looked at it"}, {"If-Match": tag})
    has(answer, state="accepted", revision=1)
    has(answer["history"][0], state="accepted", author="anonymous", reason="looked at it")
    problem(s.ask("POST", "/v1/proposals/1:reject", None, {"If-Match": tag}, 412), "precondition")
    has(s.ask("POST", "/v1/proposals/1:reject", None, {"X-Reason": "no"}), state="rejected")
    problem(s.ask("POST", "/v1/proposals/999:accept", code=404), "not-found",
            "no proposal 999")
    problem(s.ask("GET", "/v1/proposals/x", code=404), "not-found")
    expect([p["sequence"] for p in s.ask("GET", "/v1/proposals?state=pending")["proposals"]] ==
           numbers[1:], "pending")
    problem(s.ask("GET", "/v1/proposals?state=odd", code=400), "query")
    told = json.loads(command(cordon, "proposal", "list", "--log", proposals, "--format",
                              "json"))
    expect(told["proposals"][0]["state"] == "rejected", "durable when it is answered: %s" % told)


def config(s):
    answer = s.ask("GET", "/v1/config")
    settings = {row["name"]: row for row in answer["settings"]}
    has(settings["engine.slots"], value="5", **{"from": "environment"})
    has(settings["engine.max_edges"], **{"from": "default"})
    has(answer["serves"], data=store, audit=log, registry=registry)


def outlasts(s):
    """What was answered is there for another process, and after a kill."""
    has(s.ask("PUT", "/v1/rules/velocity", rule("deny", more="    -- the last\n"), lua, 201), version=5)
    told = json.loads(command(cordon, "rule", "show", "velocity", "5", "-d", store, "--format", "json"))
    expect(told["version"]["author"] == "anonymous" and told["standing"]["newest"] == 5, told)


requests = "".join('{"node": "Account:%d", "now": "2026-01-10"}\n' % n for n in (1, 2, 3))
command(cordon, "eval", os.path.join(cli, "rules/sent.lua"), "-d", store, "-i", "-",
        "--propose", "--log", proposals, "--format", "ndjson", stdin=requests.encode())
arguments = [os.path.join(cli, "rules/sent.lua"), "-d", store, "--registry", registry, "--audit",
             log, "--proposals", proposals]
with Server(cordon, work, *arguments, env={"CORDON_ENGINE__SLOTS": "5"}) as s:
    versions(s)
    deciding(s)
    lists(s)
    rollouts(s)
    shadows(s)
    repeats(s)
    decisions(s)
    wishes(s)
    config(s)
    outlasts(s)
with Server(cordon, work, os.path.join(cli, "rules/sent.lua")) as s:
    for path in ("/v1/rollouts", "/v1/shadows", "/v1/rules/sent/versions"):
        problem(s.ask("GET", path, code=404), "no-registry")
    problem(s.ask("PUT", "/v1/rules/x", rule("allow", "x"), lua, 404), "no-registry")
    problem(s.ask("GET", "/v1/decisions", code=404), "no-log")
    problem(s.ask("GET", "/v1/audit", code=404), "no-log")
    problem(s.ask("GET", "/v1/proposals", code=404), "no-proposals")
    expect([r["name"] for r in s.ask("GET", "/v1/rules")["rules"]] == ["sent"], "of files")
finish()
