#!/usr/bin/env python3
"""Many evaluations in one request, sets, and what workers are for: batches are answered while they
are evaluated and hold little, what is slow holds nobody up, who has gone is not worked for, and who
comes when the queue is full is told so at once.

  batch.py CORDON SOURCE_DIR WORK"""
import json
import os
import re
import socket
import sys
import time

import server
from server import Server, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
store = server.make_store(cordon, source, work)
here = os.path.join(source, "tests/integration/server/rules")
rules = [os.path.join(source, "tests/integration/cli/rules/sent.lua")] + [
    os.path.join(here, name + ".lua") for name in ("endless", "slow", "quick")]
sets = ["--set", os.path.join(here, "pair_set.lua")]
one = {"rule": "sent", "node": "Account:1", "now": "2026-01-10T00:00:00Z"}
ndjson = {"Content-Type": "application/x-ndjson"}


def lines(requests):
    return "".join(json.dumps(r) + "\n" for r in requests)


def batches(s):
    mixed = [{**one, "id": 1}, {"rule": "none", "id": 2}, {"rule": "endless"}, {"node": "Account:1"},
             {**one, "node": "Account:999"}, {**one, "wrong": 1, "id": 5}, {**one, "id": "last"}]
    answer = s.ask("POST", "/v1/evaluate", {"requests": mixed})
    results = answer["results"]
    expect([r["index"] for r in results] == list(range(7)), "the order of answers")
    expect([r["status"] for r in results] ==
           ["SUCCESS", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "SUCCESS"],
           "each fails alone: %s" % results)
    expect([r.get("id") for r in results] == [1, 2, None, None, None, 5, "last"], "their own names")
    expect([r.get("error", {}).get("status") for r in results] ==
           [None, 404, None, 400, 404, 400, None], "why: %s" % results)
    expect(results[2]["limit"]["kind"] == "instructions" and "rule" in results[3]["error"]["detail"],
           "what stopped it: %s" % results[2:4])
    alone = s.ask("POST", "/v1/evaluate/sent", {k: v for k, v in one.items() if k != "rule"})
    expect(results[0]["result"] == alone["result"], "a batch's answer differs from that of one")

    body = lines(mixed[:2]) + "\n  \r\n{\"rule\": \n" + json.dumps(mixed[6])
    status, headers, text = s.request("POST", "/v1/evaluate", body, ndjson)
    found = [json.loads(line) for line in text.splitlines()]
    expect(status == 200 and headers["Content-Type"] == "application/x-ndjson" and
           [r["status"] for r in found] == ["SUCCESS", "FAILURE", "FAILURE", "SUCCESS"] and
           found[3]["id"] == "last", "lines: %d %s" % (status, text))
    status, headers, text = s.request("POST", "/v1/evaluate", body,
                                      {**ndjson, "Accept": "application/json"})
    expect(len(json.loads(text)["results"]) == 4, "lines in, one document out: %s" % text)
    status, headers, text = s.request("POST", "/v1/evaluate", {"requests": mixed},
                                      {"Accept": "application/msgpack"})
    expect(text[:1] == b"\x83" and b"\xa7results\x97" in text, "as msgpack: %s" % text[:80])
    for wrong, kind, code in (({}, None, 400), ({"requests": 1}, None, 400), ([one], None, 400),
                              ({"requests": [], "more": 1}, None, 400), ("", ndjson, 400)):
        s.ask("POST", "/v1/evaluate", wrong, kind, code=code)
    expect(s.ask("POST", "/v1/evaluate", {"requests": []})["results"] == [], "an empty batch")
    several_nodes(s)
    status, _, _ = s.request("POST", "/v1/evaluate", body, {**ndjson, "Accept": "application/msgpack"})
    expect(status == 406, "lines as msgpack: %d" % status)


def several_nodes(s):
    """One request for several nodes is answered as one request for each of them."""
    nodes = ["Account:1", {"label": "Account", "key": 2}, "Account:999", 7, "Account:1"]
    shared = {**{k: v for k, v in one.items() if k != "node"}, "id": "all"}
    together = s.ask("POST", "/v1/evaluate", {**shared, "nodes": nodes})["results"]
    each = s.ask("POST", "/v1/evaluate", {"requests": [{**shared, "node": n} for n in nodes]})["results"]
    told = ("index", "id", "rule", "status", "outcome", "result", "error")
    expect([[r.get(k) for k in told] for r in together] == [[r.get(k) for k in told] for r in each],
           "several nodes: %s, each: %s" % (together, each))
    expect([r["status"] for r in together] == ["SUCCESS", "SUCCESS", "FAILURE", "FAILURE", "SUCCESS"],
           "several nodes: %s" % together)
    expect(s.ask("POST", "/v1/evaluate", {**shared, "nodes": []})["results"] == [], "no nodes")
    results = s.ask("POST", "/v1/evaluate", {"nodes": nodes[:2]})["results"]
    expect(all("rule" in r["error"]["detail"] for r in results), "nodes without a rule: %s" % results)
    for wrong in ({**shared, "nodes": nodes, "node": "Account:1"}, {**shared, "nodes": "Account:1"},
                  {**shared, "nodes": nodes, "requests": []}):
        if "requests" in wrong:
            found = s.ask("POST", "/v1/evaluate", wrong)["results"]
            expect(all(r["error"]["status"] == 400 for r in found), "an unknown field: %s" % found)
        else:
            s.ask("POST", "/v1/evaluate", wrong, code=400)
    s.ask("POST", "/v1/evaluate", {**shared, "params": {"text": "x" * 100000}, "nodes": ["Account:1"] * 1000},
          code=413)


def streamed(s):
    """More than sockets and pieces hold comes out whole, in pieces, while the client reads slowly."""
    count = 3000
    request = {"rule": "quick", "params": {"text": "x" * 1000}}
    connection = s.connect()
    connection.request("POST", "/v1/evaluate", lines([request] * count), ndjson)
    answer = connection.getresponse()
    expect(answer.headers.get("Transfer-Encoding") == "chunked", "not in pieces: %s" % answer.headers)
    first = answer.read(1000)
    expect(s.ask("GET", "/healthz")["status"] == "ok", "another request meanwhile")
    found = (first + answer.read()).splitlines()
    expect(len(found) == count and all(json.loads(line)["status"] == "SUCCESS" for line in found),
           "%d answers" % len(found))
    status, _, _ = s.request("GET", "/healthz", connection=connection)
    expect(status == 200, "the connection goes on")
    connection.close()


def evaluate_set(s):
    answer = s.ask("POST", "/v1/sets/pair:evaluate", {k: v for k, v in one.items() if k != "rule"})
    expect(answer["set"] == "pair" and answer["decision"] == "deny" and answer["outcome"] == "ok" and
           answer["failed"] == 1 and not answer["fallback"], "a set: %s" % answer)
    first, second = answer["members"]
    expect(first["rule"] == "sent" and first["decided"] and first["score"] == 1.0 and
           second["outcome"] == "limit" and second["limit"] == "instructions" and
           second["fallback"], "its members: %s" % answer["members"])
    s.ask("POST", "/v1/sets/none:evaluate", {}, code=404)
    s.ask("POST", "/v1/sets/sent:evaluate", {}, code=400)
    s.ask("GET", "/v1/sets/pair:evaluate", code=405)


def wait_for(s, what, wanted):
    """The figure of the server's load comes to be `wanted`: what another connection did is seen."""
    for _ in range(3000):
        load = s.ask("GET", "/v1/status")["load"]
        if load[what] == wanted:
            return load
        time.sleep(0.01)
    expect(False, "%s is %d, wanted %d" % (what, load[what], wanted))
    return load


def send(connection, path, body, headers=None):
    connection.request("POST", path, json.dumps(body),
                       {"Content-Type": "application/json", **(headers or {})})
    return connection


def overloaded(s):
    """Two workers and a queue of two: slow rules fill them, and nothing else is held up."""
    slow = [send(s.connect(), "/v1/evaluate/slow", {}) for _ in range(2)]
    wait_for(s, "workers_running", 2)
    low = []
    for i in range(2):  # one after the other: which loop is first is nobody's to say
        low.append(send(s.connect(), "/v1/evaluate/slow", {"id": i}))
        wait_for(s, "waiting", i + 1)
    refused = s.ask("POST", "/v1/evaluate/slow", {}, code=503)
    expect(refused["type"] == "urn:cordon:problem:overloaded", "refused: %s" % refused)
    status, headers, _ = s.request("POST", "/v1/evaluate/slow", {})
    expect(status == 503 and headers["Retry-After"] == "1", "when to try again: %s" % headers)
    # one that matters more takes the place of the latest of those that matter less
    high = send(s.connect(), "/v1/evaluate/slow", {"priority": 7})
    answer = low[1].getresponse()
    expect(answer.status == 503 and answer.headers["Retry-After"] == "1", "displaced: %d" % answer.status)
    answer.read()
    expect(s.ask("GET", "/healthz")["status"] == "ok", "health under load")
    expect(s.ask("GET", "/v1/status")["load"]["shed"] == 3, "how many were refused")
    for connection in slow + low + [high]:
        connection.close()  # nobody waits any more
    load = wait_for(s, "workers_running", 0)
    expect(load["waiting"] == 0, "nobody waits: %s" % load)
    text = s.request("GET", "/metrics")[2].decode()
    expect('cordon_http_shed_total{reason="queue"} 3\n' in text, "counted as refused")
    expect('route="/v1/evaluate/{rule}",method="POST",code="503"' in text, "counted by its code")
    ended = re.search(r'cordon_evaluations_total\{rule="slow",.*outcome="cancelled"\} (\d+)', text)
    expect(ended and int(ended.group(1)) >= 2,
           "they were cancelled: %s" % [l for l in text.splitlines() if "slow" in l][:8])


def gone(s):
    """Who leaves in the middle of a batch is not worked for."""
    connection = s.connect()
    connection.request("POST", "/v1/evaluate", lines([{"rule": "slow"}] * 100), ndjson)
    wait_for(s, "workers_running", 1)
    connection.close()
    wait_for(s, "workers_running", 0)
    # and one who does not read: closed while its answer waits for it
    raw = socket.create_connection(("127.0.0.1", s.port))
    body = lines([{"rule": "quick", "params": {"text": "x" * 1000}}] * 8000).encode()
    raw.sendall(b"POST /v1/evaluate HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body)
    raw.recv(1000)
    raw.close()
    wait_for(s, "in_flight", 1)  # the one that asks


with Server(cordon, work, *rules, *sets, "-d", store,
            env={"CORDON_SERVER__WORKERS": "2", "CORDON_SERVER__QUEUE": "2"}) as s:
    for ask in (batches, streamed, evaluate_set, overloaded, gone):
        ask(s)
with Server(cordon, work, *rules, "-d", store) as s:
    # it ends although a rule runs, which is cancelled
    connection = send(s.connect(), "/v1/evaluate/slow", {})
    wait_for(s, "workers_running", 1)
finish()
