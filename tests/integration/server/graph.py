#!/usr/bin/env python3
"""The graph over HTTP, as principals see it, and evaluations on a graph in the request.

  graph.py CORDON SOURCE_DIR WORK"""
import os
import sys
from urllib.parse import quote

import server
from server import Server, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
store = server.make_store(cordon, source, work)
rule = os.path.join(source, "tests/integration/cli/rules/sent.lua")
with open(os.path.join(store, "policy.lua"), "w", encoding="utf-8") as file:
    file.write("""return { principals = {
      near = { rules = "*", reads = { Account = { "open" }, transfer = {} }, hops = 1 },
      blind = { reads = { transfer = { "amount" } } },
      part = { rules = "*", reads = "*", masks = { transfer = { amount = { "bucket", 100 } },
                                                   Account = { name = "redact" } } },
    } }
""")
NODE = "/v1/graph/nodes/Account/1"


def refused(answer, word, text):
    expect(answer["type"] == "urn:cordon:problem:" + word and text in answer["detail"],
           "wanted %s, '%s': %s" % (word, text, answer))


def reads(s):
    answer = s.ask("GET", "/v1/graph/schema")
    expect([(l["label"], l["count"]) for l in answer["labels"]] == [("Account", 4)] and
           answer["types"][0]["time"] == "at", "another schema: %s" % answer)
    answer = s.ask("GET", NODE + "?usage=true")
    expect(answer["node"] == {"label": "Account", "key": "1",
                              "properties": {"balance": 10.5, "name": "Ada", "open": True}},
           "another node: %s" % answer)
    expect(answer["usage"]["nodes"] == 1, "another usage: %s" % answer)
    refused(s.ask("GET", "/v1/graph/nodes/Acount/1", code=404), "not-found", "did you mean 'Account'")
    refused(s.ask("GET", "/v1/graph/nodes/Account/77", code=404), "not-found", "no node Account:77")
    answer = s.ask("GET", NODE + "/neighbourhood?direction=outgoing&order=oldest")
    expect([(e["node"]["key"], e["properties"]["amount"]) for e in answer["edges"]] ==
           [("2", 100), ("2", 50.25), ("3", 7)] and answer["cursor"] is None,
           "other edges: %s" % answer)
    answer = s.ask("GET", NODE + "/neighbourhood?where=" + quote("amount>=50;time<2026-01-02", safe=""),
                   code=400)
    refused(answer, "invalid", "'time' of transfer" if "time" in answer["detail"] else "timestamp")
    answer = s.ask("GET", NODE + "/neighbourhood?where=" + quote("amount>=50.25", safe="") +
                   "&since=2026-01-02&until=2026-01-05T00:00Z&properties=amount,balance")
    expect([e["node"] for e in answer["edges"]] ==
           [{"label": "Account", "key": "2", "properties": {"balance": -3}}], "other edges: %s" % answer)
    answer = s.ask("GET", NODE + "/ego?hops=2&properties=amount")
    expect([n["key"] for n in answer["nodes"]][0] == "1" and
           {n["key"] for n in answer["nodes"]} == {"1", "2", "3"} and not answer["truncated"],
           "another view: %s" % answer)


def pages(s):
    whole = s.ask("GET", NODE + "/neighbourhood")["edges"]
    seen, cursor = [], ""
    while cursor is not None:
        answer = s.ask("GET", NODE + "/neighbourhood?limit=1" + ("&cursor=" + cursor if cursor else ""))
        expect(len(answer["edges"]) <= 1, "too long a page")
        seen += answer["edges"]
        cursor = answer["cursor"]
    expect(seen == whole and len(whole) >= 3, "pages are not the whole: %s" % seen)
    refused(s.ask("GET", NODE + "/neighbourhood?cursor=nonsense", code=400), "invalid", "cursor")
    cursor = s.ask("GET", NODE + "/neighbourhood?limit=1")["cursor"]
    refused(s.ask("GET", NODE + "/neighbourhood?order=oldest&cursor=" + cursor, code=400),
            "invalid", "another query")
    refused(s.ask("GET", NODE + "/neighbourhood?principal=blind&cursor=" + cursor, code=403),
            "denied", "label Account")


def queries(s):
    for query, text in (("direction=up", "both, outgoing, incoming"), ("order=no", "newest, oldest"),
                        ("since=soon", "is no time"), ("limit=0", "no integer from 1"),
                        ("where=amount", "is no condition"), ("where=%3E5", "is no condition"),
                        ("where=" + ";".join(["amount%3E1"] * 9), "8"),
                        ("types=" + ",".join(["x"] * 33), "more names")):
        refused(s.ask("GET", NODE + "/neighbourhood?" + query, code=400), "query", text)
    refused(s.ask("GET", NODE + "/neighbourhood?types=transfr", code=400), "invalid", "'transfer'")
    refused(s.ask("GET", NODE + "/neighbourhood?where=amout%3E5", code=400), "invalid", "'amount'")
    refused(s.ask("GET", NODE + "/neighbourhood?where=amount%3E%225%22", code=400), "invalid",
            "compare it with a number")
    refused(s.ask("GET", NODE + "/ego?format=svg", code=400), "query", "json, dot")
    refused(s.ask("GET", NODE + "?properties=pin", code=400), "invalid", "no property 'pin'")


def pictures(s):
    for path, headers in ((NODE + "/ego?format=dot", {}),
                          (NODE + "/ego", {"Accept": "text/vnd.graphviz"})):
        status, told, text = s.request("GET", path, headers=headers)
        expect(status == 200 and told["Content-Type"].startswith("text/vnd.graphviz"),
               "%d %s" % (status, told))
        expect(text.startswith(b"digraph neighbourhood {") and b'label="Account:1"' in text and
               b"n0 -> n1" in text and text.endswith(b"}\n"), "another picture: %s" % text)
    status, told, text = s.request("GET", NODE, headers={"Accept": "application/msgpack"})
    expect(status == 200 and "msgpack" in told["Content-Type"] and b"Ada" in text, "no msgpack")


def principals(s):
    answer = s.ask("GET", NODE + "?principal=near")
    expect(answer["node"]["properties"] == {"open": True}, "too much: %s" % answer)
    answer = s.ask("GET", NODE + "/neighbourhood?principal=near")
    expect(answer["edges"] and all(e["properties"] == {} for e in answer["edges"]), "too much: %s" % answer)
    refused(s.ask("GET", NODE + "/ego?principal=near&hops=2", code=403), "denied", "is granted 1")
    refused(s.ask("GET", NODE + "?principal=blind", code=403), "denied", "label Account")
    refused(s.ask("GET", NODE + "/neighbourhood?principal=near&where=amount%3E1", code=403),
            "denied", "'amount' of transfer")
    refused(s.ask("GET", NODE + "?principal=nobody", code=403), "denied", "no principal 'nobody'")
    answer = s.ask("GET", NODE + "/neighbourhood?principal=part&properties=amount,name")
    expect({e["properties"]["amount"] for e in answer["edges"]} <= {0, 100} and
           all(e["node"]["properties"]["name"] == "[redacted]" for e in answer["edges"]),
           "bare: %s" % answer)
    expect("Ada" not in str(answer) and "Ben" not in str(answer), "bare: %s" % answer)
    refused(s.ask("GET", NODE + "/neighbourhood?principal=part&where=amount%3E1", code=403),
            "denied", "masked")


def inline(s):
    graph = {"nodes": [{"label": "Account", "key": 7,
                        "properties": {"name": "Eve", "balance": 1, "open": True}},
                       {"label": "Account", "key": 8, "properties": {"balance": 0, "open": True}}],
             "edges": [{"type": "transfer", "from": "Account:7", "to": "Account:8",
                        "time": "2026-01-05T00:00Z", "properties": {"amount": 12.5}}]}
    request = {"node": "Account:7", "now": "2026-01-10T00:00:00Z", "graph": graph}
    answer = s.ask("POST", "/v1/evaluate/sent?provenance=true", request)
    expect(answer["result"]["output"]["sum"] == 12.5 and answer["result"]["output"]["name"] == "Eve",
           "another answer: %s" % answer)
    expect(s.ask("POST", "/v1/evaluate/sent", {"node": "Account:1", "now": request["now"]})
           ["result"]["output"]["name"] == "Ada", "the store is another now")
    expect(s.ask("POST", "/v1/evaluate/sent", {**request, "node": "Account:1"}, code=404)["detail"],
           "a node of the store")
    bad = {**request, "graph": {**graph, "edges": [{**graph["edges"][0], "properties": {"amount": "x"}}]}}
    refused(s.ask("POST", "/v1/evaluate/sent", bad, code=400), "data",
            "graph: edges[0].properties.amount: 'x' is no number")
    bad = {**request, "graph": {"nodes": [{"label": "Acount", "key": 7}]}}
    refused(s.ask("POST", "/v1/evaluate/sent", bad, code=400), "data",
            "graph: nodes[0].label: the schema has no label 'Acount'; did you mean 'Account'?")
    refused(s.ask("POST", "/v1/evaluate/sent", {**request, "graph": 5}, code=400), "data", "graph")
    answer = s.ask("POST", "/v1/evaluate/sent", {**request, "principal": "near"})
    expect(answer["outcome"] == "denied" and "property 'name' of Account" in answer["message"],
           "near sees too much: %s" % answer)
    answer = s.ask("POST", "/v1/evaluate", {"requests": [{"rule": "sent", **request},
                                                         {"rule": "sent", **bad}]})
    expect(answer["results"][0]["result"]["output"]["sum"] == 12.5 and "error" in answer["results"][1],
           "another batch: %s" % answer)


with Server(cordon, work, rule, "-d", store) as s:
    for test in (reads, pages, queries, pictures, principals, inline):
        test(s)
finish()
