#!/usr/bin/env python3
"""Every rule on the snapshot and on a slice that covers its reads.

  slices.py CORDON RULES SHARED WORK

For each rule under rules/ and the data it is for: cut a slice around the request's node, as deep
as the rule reads and with nothing but what its `reads` names, evaluate the same request on both,
and compare outcome, result, truncation, digest of reads, instructions, edges, nodes and bytes of
output.  So does algorithms.lua, beside this file, with all searches and view algorithms.  A rule that is not in the table below fails the test: it has to be given a depth."""
import json
import os
import re
import subprocess
import sys

cordon, rules, shared, work = sys.argv[1:5]
here = os.path.dirname(os.path.abspath(__file__))
USAGE = ("instructions", "edges", "nodes", "output_bytes")
# how many edges from the request's node are the nodes whose lists a rule opens, plus one
DEPTH = {
    "fraud/fan_in": 1, "fraud/fan_out": 2, "fraud/cycle": 4, "fraud/mule_chain": 6,
    "fraud/shared_device": 3, "fraud/structuring": 2, "fraud/token_fan_in": 2,
    "fraud/distrusted": 2, "fraud/velocity": 1, "fraud/guilt_by_association": 6,
    "recommend/bought_together": 3, "recommend/similar_customers": 4,
    "finbench/tcr1": 4, "finbench/tcr2": 5, "finbench/tcr3": 12,
    "finbench/tcr4": 3, "finbench/tcr5": 5, "finbench/tcr6": 3, "finbench/tcr7": 2,
    "finbench/tcr8": 6, "finbench/tcr9": 3, "finbench/tcr10": 3, "finbench/tcr11": 12,
    "finbench/tcr12": 4,
    "finbench/tsr1": 1, "finbench/tsr2": 2, "finbench/tsr3": 2, "finbench/tsr4": 2,
    "finbench/tsr5": 2, "finbench/tsr6": 3,
}
# two hops, whose nodes' lists are read for the edges between them, and neighbours' neighbours
OURS = "algorithms"
DEPTH[OURS] = 4
# of no node: it goes over all of a label, which no neighbourhood holds
WHOLE = {"recommend/cold_start"}
PERSONS = ("tcr2", "tcr5", "tcr10", "tcr11", "tcr12")
BANK = ("fan_in", "fan_out", "cycle", "mule_chain", "shared_device", "structuring",
        "velocity", "guilt_by_association")
compared = failures = 0
answered = {}
asked = {} # by rule and store, the requests and the nodes that each one's slice is around


def run(*words, **more):
    return subprocess.run([cordon, *words], check=True, stdout=subprocess.PIPE, **more).stdout


def imported(name, schema, folder):
    store = os.path.join(work, name)
    subprocess.run(["rm", "-rf", store], check=True)
    run("import", "--schema", schema, "--out", store, "--no-progress", "--quiet", folder)
    return store


def data(name, *parts):
    schema = os.path.join(rules, "schemas", {"amlsim-20k-fanin": "amlsim"}.get(name, name) + ".lua")
    return imported(name, schema, os.path.join(shared, "data", name, *parts))


def reads_of(rule):
    with open(rule, encoding="utf-8") as file:
        block = re.search(r"\n  reads\s*=\s*\{(.*?)\},?\s*\n  \w+\s*=", file.read(), re.S).group(1)
    for kind, properties in re.findall(r"(\w+)\s*=\s*\{([^}]*)\}", block):
        # time and key are always there
        names = [p for p in re.findall(r'"(\w+)"', properties) if p not in ("time", "key", "label")]
        yield "--read"
        yield kind + (":" + ",".join(names) if names else "")


def evaluate(rule, store, requests):
    """The answers; where the rule's own limit of time stopped one, as on a busy machine, again."""
    answers = [None] * len(requests)
    for _ in range(20):
        left = [i for i, answer in enumerate(answers) if answer is None
                or answer.get("error", {}).get("message", "").startswith("time:")]
        if not left:
            break
        done = subprocess.run([cordon, "eval", rule, "--data", store, "--input", "-", "--format",
                               "ndjson", "--quiet"], text=True, stdout=subprocess.PIPE, check=False,
                              input="".join(json.dumps(requests[i]) + "\n" for i in left))
        for i, line in zip(left, done.stdout.splitlines(), strict=True):
            answers[i] = json.loads(line)
    return answers


def same(name, store, request, nodes):
    asked.setdefault((name, store), []).append((request, nodes))


def compare_all(name, store, items):
    rule = os.path.join(here if name == OURS else rules, name + ".lua")
    cut = os.path.join(work, "cut.slice")
    for (request, nodes), whole in zip(items, evaluate(rule, store, [item[0] for item in items])):
        words = [word for node in nodes for word in ("--node", node)]
        run("snapshot", "slice", store, *words, "--hops", str(DEPTH[name]), *reads_of(rule), "-o", cut)
        compare(name, request, whole, evaluate(rule, cut, [request])[0])


def compare(name, request, whole, part):
    global compared, failures
    for answer in (whole, part):
        answer["usage"] = {key: answer.get("usage", {}).get(key) for key in USAGE}
    keys = ("outcome", "result", "truncated", "reads_digest", "usage", "error", "generation")
    whole, part = ({key: answer.get(key) for key in keys} for answer in (whole, part))
    compared += 1
    answered.setdefault(name, [0, 0])[0] += 1
    answered[name][1] = max(answered[name][1], whole["usage"]["edges"] or 0)
    if whole != part or whole["outcome"] != "ok":
        failures += 1
        if failures <= 10:
            print("FAILED %s %s\n  whole %s\n  slice %s" % (name, json.dumps(request),
                  json.dumps(whole)[:500], json.dumps(part)[:500]))


def every(items, count):
    """At most `count` of them, evenly."""
    return items[::max(1, len(items) // count)][:count]


def bank():
    folder = os.path.join(work, "bank")
    subprocess.run(["rm", "-rf", folder], check=True)
    run("generate", "--out", folder, "--seed", "1", "--quiet")
    store = imported("bank.store", os.path.join(folder, "schema.lua"), folder)
    with open(os.path.join(folder, "requests.ndjson"), encoding="utf-8") as file:
        requests = [json.loads(line) for line in file]
    for rule in BANK:
        for request in every(requests, 20):
            same("fraud/" + rule, store, request, [request["node"]])
    for request in every(requests, 40):
        same(OURS, store, request, [request["node"]])


def keys(name, file, column):
    with open(os.path.join(shared, "data", name, file), encoding="utf-8") as rows:
        header = rows.readline().rstrip("\n").split(",")
        return [row.rstrip("\n").split(",")[header.index(column)] for row in rows]


def labelled():
    for rule, name, file, column, label in (
            ("fraud/token_fan_in", "amlsim-20k-fanin", "nodes.csv", "nodeid", "Account"),
            ("fraud/distrusted", "bitcoin-otc", "labels.csv", "user", "User")):
        store = data(name)
        for key in every(keys(name, file, column), 40):
            node = label + ":" + key
            same(rule, store, {"node": node, "now": 0}, [node])
    store = data("online-retail")
    for key in ("12748", "14911", "17841", "13047"):
        node = "Customer:" + key
        same("recommend/similar_customers", store, {"node": node, "now": "2011-09-01"}, [node])
    for key in ("85123A", "22423", "84879", "20725", "22197", "21212", "85099B"):
        node = "Product:" + key
        same("recommend/bought_together", store, {"node": node, "now": 0}, [node])


def finbench():
    store, mini = data("finbench-sf0.01", "snapshot"), data("finbench-mini", "snapshot")
    for query in sorted(name[9:] for name in DEPTH if name.startswith("finbench/")):
        label = {"tcr8": "Loan:"}.get(query, "Person:" if query in PERSONS else "Account:")
        path = os.path.join(shared, "data", "finbench-sf0.01", "cases", query + ".jsonl")
        with open(path, encoding="utf-8") as file:
            cases = [(store, json.loads(line)) for line in file]
        path = os.path.join(shared, "data", "finbench-mini", "cases.jsonl")
        with open(path, encoding="utf-8") as file:
            toy = [(mini, case) for case in map(json.loads, file)
                   if case["query"] == query.upper() and not case.get("special")]
        for where, case in every(cases, 10) + toy:
            params = case["params"]
            nodes = [label + params[key] for key in ("id", "id1", "id2", "pid1", "pid2") if key in params]
            same("finbench/" + query, where, {"now": 0, "params": params}, nodes)


def main():
    known = {os.path.relpath(os.path.join(folder, file), rules)[:-4]
             for folder, _, files in os.walk(rules) for file in files
             if file.endswith(".lua") and not file.endswith("_test.lua")
             and os.path.basename(folder) != "schemas"}
    known.add(OURS)
    known -= WHOLE
    if known != set(DEPTH):
        print("rules without a depth, or depths without a rule: %s" % sorted(known ^ set(DEPTH)))
        return 1
    if not os.path.isdir(os.path.join(shared, "data", "finbench-sf0.01")):
        print("SKIPPED: no data at %s" % shared)
        return 77
    os.makedirs(work, exist_ok=True)
    bank()
    labelled()
    finbench()
    for (name, store), items in asked.items():
        compare_all(name, store, items)
    for name, (count, edges) in sorted(answered.items()):
        print("%s: %d requests, edges read: at most %d" % (name, count, edges))
    print("%d requests compared, %d failures" % (compared, failures))
    return 1 if failures or set(answered) != known else 0


sys.exit(main())
