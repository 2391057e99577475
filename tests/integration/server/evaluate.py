#!/usr/bin/env python3
"""Evaluations over HTTP: what is asked, what is answered, what is refused.

  evaluate.py CORDON SOURCE_DIR WORK"""
import json
import os
import re
import sys

import server
from server import Server, command, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
cli = os.path.join(source, "tests/integration/cli")
store = server.make_store(cordon, source, work)
rules = [os.path.join(cli, "rules/sent.lua"),
         os.path.join(source, "tests/integration/server/rules/endless.lua")]
one = {"node": "Account:1", "now": "2026-01-10T00:00:00Z"}


def problem(answer, word, text=""):
    expect(answer["type"] == "urn:cordon:problem:" + word and text in answer["detail"],
           "wanted the problem %s, '%s': %s" % (word, text, answer))


def same_as_command(s):
    """The server and `cordon eval` answer alike, under the same names."""
    answer = s.ask("POST", "/v1/evaluate/sent?usage=true&provenance=true", one)
    record = json.loads(command(cordon, "eval", rules[0], "-d", store, "--node", "Account:1",
                                "--now", one["now"], "--format", "ndjson"))
    for key in ("schema_version", "rule", "outcome", "status", "fallback", "truncated", "result",
                "limits"):
        expect(answer[key] == record[key], "%s: %s, and the command says %s" % (
            key, answer[key], record[key]))
    for key in ("instructions", "edges", "nodes", "hops", "output_bytes"):
        expect(answer["usage"][key] == record["usage"][key], "usage.%s differs" % key)
    expect(answer["provenance"]["digest"] == record["digest"], "another digest")
    for key in ("reads_digest", "snapshot_id", "generation"):
        expect(answer["provenance"][key] == record[key], "another " + key)
    expect(answer["provenance"]["clock"] == record["input"]["now"] and
           answer["provenance"]["seed"] == 0, "another clock or seed")
    expect(re.fullmatch("[0-9a-f]{32}", answer["decision_id"]), "no decision's name")
    expect(answer["variant"] == "live" and answer["version"] == 0, "another version")


def flags(s):
    def ask(query, **more):
        return s.ask("POST", "/v1/evaluate/sent?" + query, one, **more)
    expect(sorted(ask("")["usage"]) == ["edges", "instructions", "wall_ns"], "usage is short")
    expect("usage" not in ask("usage=false"), "usage was not wanted")
    expect("explain" not in ask("explain=off") and "explain" not in ask("explain=fails"),
           "an explanation nobody wanted")
    explained = ask("explain=full")["explain"]
    expect(explained["steps"] and explained["reads"][0]["type"] == "transfer",
           "no explanation: %s" % explained)
    expect(sorted(ask("metrics=true")["metrics"]) ==
           ["timer_evaluate_ns", "timer_graph_ns", "timer_server_ns"], "no metrics")
    _, _, text = s.request("POST", "/v1/evaluate/sent?pretty=true", one)
    expect(text.startswith(b"{\n  \"schema_version\": 1,\n"), "not pretty: %s" % text[:80])
    problem(ask("explain=all", code=400), "query", "off, full and fails")
    problem(ask("usage=maybe", code=400), "query", "neither true nor false")
    failed = s.ask("POST", "/v1/evaluate/sent?explain=fails", {})
    expect(failed["outcome"] == "error" and failed["explain"]["steps"], "no explanation of a failure")


def stopped(s):
    """A rule that is stopped or fails is no error of HTTP's."""
    answer = s.ask("POST", "/v1/evaluate/endless", one)
    expect(answer["outcome"] == "limit" and answer["status"] == "FAILURE" and answer["fallback"] and
           answer["limit"]["kind"] == "instructions" and
           answer["limit"]["used"] >= answer["limit"]["limit"], "not stopped: %s" % answer)
    expect(s.ask("POST", "/v1/evaluate/endless?strict=true", one, code=422)["outcome"] == "limit",
           "strict")
    answer = s.ask("POST", "/v1/evaluate/sent", {**one, "limits": {"edges": 1}})
    expect(answer["limit"]["kind"] == "edges" and answer["limit"]["limit"] == 1,
           "the request's limit: %s" % answer)
    answer = s.ask("POST", "/v1/evaluate/sent", {"now": one["now"]})
    expect(answer["outcome"] == "error" and answer["line"] == 17 and answer["message"],
           "where it failed: %s" % answer)


def contract(s):
    answer = s.ask("POST", "/v1/evaluate/sent", {
        "node": {"label": "Account", "key": 1}, "now": 1768003200000, "as_of": "2026-01-09",
        "params": {"threshold": 5, "note": "hé"}, "seed": 7, "id": {"of": ["mine"]}, "priority": 7,
        "principal": None, "limits": {"instructions": 1e5}})
    expect(answer["id"] == {"of": ["mine"]} and answer["result"]["output"]["note"] == "hé" and
           answer["result"]["decision"] == "allow", "fields: %s" % answer)
    for body, text in (
            ({"nodes": 1}, "did you mean 'node'"),
            ({"priority": 8}, "from 0 to 7"),
            ({"limits": {"time": 1}}, "has instructions, edges"),
            ({"limits": {"edges": -1}}, "integer from 0"),
            ({"limits": [1]}, "an object"),
            ({"rule": "sent"}, "no field 'rule'"),
            ({"node": "Account"}, "names no node"),
            ({"params": {"threshold": "x"}}, "threshold"),
            ({"params": 3}, "an object"),
            ({"traceparent": 3}, "a text"),
            ([1], "a request is a JSON object")):
        answer = s.ask("POST", "/v1/evaluate/sent", body, code=400)
        expect(text in answer["detail"], "%s: %s" % (body, answer))
    problem(s.ask("POST", "/v1/evaluate/none", {}, code=404), "not-found", "no rule 'none'")
    problem(s.ask("POST", "/v1/evaluate/sent", {"node": "Account:999"}, code=404), "not-found", "999")
    problem(s.ask("POST", "/v1/evaluate/sent", {**one, "deadline_ms": 1}, code=504), "deadline")
    expect(s.ask("POST", "/v1/evaluate/sent", {**one, "deadline_ms": "2999-01-01"})["status"] ==
           "SUCCESS", "a deadline that is far away")
    problem(s.ask("POST", "/v1/evaluate/sent", one, {"X-Cordon-Deadline-Ms": "1"}, code=504),
            "deadline")
    problem(s.ask("POST", "/v1/evaluate/sent", one, {"X-Cordon-Priority": "9"}, code=400), "data")
    answer = s.ask("POST", "/v1/evaluate/sent", {**one, "principal": "nobody"})
    expect(answer["outcome"] == "denied" and answer["result"] == {"decision": "review"},
           "a principal that nobody knows: %s" % answer)


def http(s):
    problem(s.ask("GET", "/v1/nothing", code=404), "no-path")
    problem(s.ask("GET", "/v1/evaluate/", code=404), "no-path")
    problem(s.ask("POST", "/v1/evaluate/a%00b", one, code=404), "no-path")
    problem(s.ask("POST", "/v1/evaluate/%6eone", {}, code=404), "not-found", "no rule 'none'")
    status, headers, text = s.request("GET", "/v1/evaluate/sent")
    expect(status == 405 and headers["Allow"] == "OPTIONS, POST", "%d %s" % (status, headers))
    status, headers, text = s.request("OPTIONS", "/healthz")
    expect(status == 204 and headers["Allow"] == "OPTIONS, GET, HEAD" and text == b"",
           "OPTIONS: %d %s" % (status, headers))
    status, headers, text = s.request("HEAD", "/healthz")
    expect(status == 200 and int(headers["Content-Length"]) > 0 and text == b"", "HEAD")
    status, headers, _ = s.request("GET", "/healthz", headers={"X-Request-Id": "of-mine.1"})
    expect(headers["X-Request-Id"] == "of-mine.1", "the request's own name")
    status, headers, _ = s.request("GET", "/healthz", headers={"X-Request-Id": "a b\"<"})
    expect(re.fullmatch("[0-9a-f]{24}", headers["X-Request-Id"]), "a name that is none")
    for body, kind, code, word in (
            (b"{", "application/json", 400, "body"),
            (b"", "application/json", 400, "body"),
            (b"{}", "text/plain", 415, "media-type"),
            (b"\x81", "application/msgpack", 400, "body"),
            (b"{\"node\":1,\"node\":2}", "application/json; charset=utf-8", 400, "body"),
            (b"\x82\xa3now\x01\xa3now\x02", "application/x-msgpack", 400, "data")):
        status, _, text = s.request("POST", "/v1/evaluate/sent", body, {"Content-Type": kind})
        expect(status == code, "%s as %s: %d" % (body, kind, status))
        problem(json.loads(text), word)
    status, headers, text = s.request("POST", "/v1/evaluate/sent", one,
                                      {"Accept": "application/json;q=0.5, application/msgpack"})
    expect(status == 200 and headers["Content-Type"] == "application/msgpack" and
           text[:1] == b"\xdf" and b"\xa8decision\xa4deny" in text, "msgpack: %s" % text[:100])
    status, headers, text = s.request("POST", "/v1/evaluate/sent",
                                      b"\x82\xa4node\xa9Account:1\xa3now\xaa2026-01-10",
                                      {"Content-Type": "application/msgpack"})
    expect(status == 200 and json.loads(text)["result"]["decision"] == "deny", "msgpack in")
    large = b"{\"id\":\"" + b"x" * (1 << 20) + b"\"}"
    problem(s.ask("POST", "/v1/evaluate/sent", large, {"Content-Type": "application/json"}, code=413),
            "too-large")


def proposals():
    """What a rule proposes is in the log before it is in the answer; twice is once."""
    log = os.path.join(work, "proposals.mdb")
    if os.path.exists(log):
        os.remove(log)
    odd = os.path.join(work, "odd.lua")
    with open(odd, "w", encoding="utf-8") as file:
        file.write("""return {
  name = "odd", reads = { Account = { "name" } }, decisions = { "allow" }, fallback = "allow",
  evaluate = function(_, request)
    return { decision = "allow", updated_nodes = {
      { label = "Account", key = request.node.key, set = { open = 3 } },
      { label = "Account", key = request.node.key, set = { balance = 1.5 } } } }
  end,
}
""")
    with Server(cordon, work, odd, *rules, "-d", store, "--proposals", log) as s:
        answer = s.ask("POST", "/v1/evaluate/sent", one)
        expect(answer["proposals"] == {"logged": 1, "refused": 0}, "logged: %s" % answer)
        listed = command(cordon, "proposal", "list", "--log", log, "-d", store, "--format", "ndjson")
        expect(answer["decision_id"] in listed, "%s is not in %s" % (answer["decision_id"], listed))
        told = s.ask("POST", "/v1/evaluate/odd", {"node": "Account:1"})["proposals"]
        expect(told["logged"] == 1 and told["refused"] == 1 and
               told["refusals"][0]["list"] == "updated_nodes" and told["refusals"][0]["detail"],
               "refused: %s" % told)
        answer = s.ask("POST", "/v1/evaluate", {"requests": [{"rule": "odd", "node": "Account:2"}]})
        expect(answer["results"][0]["proposals"]["logged"] == 1, "of a batch: %s" % answer)
        expect("proposals" not in s.ask("POST", "/v1/evaluate/endless", {}), "nothing was proposed")


proposals()
with Server(cordon, work, *rules, "-d", store) as s:
    for ask in (same_as_command, flags, stopped, contract, http):
        ask(s)
    status, _, text = s.over_socket("POST", "/v1/evaluate/sent", one)
    expect(status == 200 and json.loads(text)["result"]["decision"] == "deny", "over the socket")
    expect(s.ask("GET", "/readyz") == {"status": "ready"}, "not ready")
finish()
