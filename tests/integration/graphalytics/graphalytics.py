#!/usr/bin/env python3
"""The view algorithms against LDBC Graphalytics' reference outputs.

  graphalytics.py CORDON SCHEMAS SHARED WORK

Imports graphalytics-examples and wiki-vote, runs each algorithm over a view of the whole graph
through `cordon eval`, and compares every vertex as Graphalytics does: BFS and CDLP exactly, PR,
LCC and SSSP within a relative error of 0.0001, WCC up to renaming.  Of wiki-vote also the known
sizes of its components, its triangles and its average clustering."""
import collections
import json
import os
import subprocess
import sys

cordon, schemas, shared, work = sys.argv[1:5]
here = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 0.0001
UNREACHED = {"BFS": "9223372036854775807", "SSSP": "Infinity"}
compared = failures = 0


def check(what, good, why=""):
    global compared, failures
    compared += 1
    if not good:
        failures += 1
        print("%s: %s" % (what, why))


def imported(name):
    store = os.path.join(work, name)
    subprocess.run(["rm", "-rf", store], check=True)
    subprocess.run([cordon, "import", "--schema", os.path.join(schemas, name + ".lua"),
                    "--out", store, "--no-progress", "--quiet",
                    os.path.join(shared, "data", name)],
                   check=True, stdout=subprocess.DEVNULL)
    return store


def rule_for(label, edge, weight):
    with open(os.path.join(here, "whole.lua"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("WEIGHT", '"%s"' % weight if weight else "nil")
    path = os.path.join(work, label + ".lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("LABEL", label).replace("EDGE", edge))
    return path


def evaluate(rule, store, **params):
    done = subprocess.run([cordon, "eval", rule, "--data", store, "--input", "-",
                           "--max-memory", "32MiB", "--format", "ndjson"],
                          input=json.dumps({"now": 0, "params": params}) + "\n",
                          text=True, stdout=subprocess.PIPE, check=False)
    answer = json.loads(done.stdout)
    if answer.get("outcome") != "ok":
        sys.exit("%s: %s" % (params, done.stdout[:500]))
    return answer["result"]["output"], answer["usage"]


def reference(folder, name):
    with open(os.path.join(shared, "data", folder, name), encoding="utf-8") as file:
        return dict(line.split() for line in file)


def same_partition(ours, wanted):
    pairs = {(ours[v], wanted[v]) for v in wanted}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def compare(what, algorithm, ours, wanted):
    if algorithm == "WCC":
        check(what, ours.keys() == wanted.keys() and same_partition(ours, wanted),
              "another partition")
        return
    for vertex, value in wanted.items():
        mine = ours.get(vertex)
        if value == UNREACHED.get(algorithm):
            check("%s of %s" % (what, vertex), mine is None, "%s, not unreached" % mine)
        elif algorithm in ("BFS", "CDLP"):
            check("%s of %s" % (what, vertex), mine is not None and int(mine) == int(value),
                  "%s, not %s" % (mine, value))
        else:
            check("%s of %s" % (what, vertex), mine is not None
                  and abs(mine - float(value)) <= TOLERANCE * abs(float(value)),
                  "%s, not %s" % (mine, value))
    check(what, not set(ours) - set(wanted), "vertices that the reference has not")


def sizes(groups):
    return collections.Counter(groups.values()).most_common()


def examples():
    store = imported("graphalytics-examples")
    for kind, label, edge, source in (("directed", "Directed", "leads", "1"),
                                      ("undirected", "Undirected", "joins", "2")):
        rule = rule_for(label, edge, "weight")
        for algorithm in ("BFS", "CDLP", "LCC", "PR", "SSSP", "WCC"):
            name = "example-%s-%s" % (kind, algorithm)
            ours, _ = evaluate(rule, store, algorithm=algorithm, source=source, iterations=2,
                               undirected=kind == "undirected")
            compare(name, algorithm, ours, reference("graphalytics-examples", name))


def wiki_vote():
    store = imported("wiki-vote")
    rule = rule_for("User", "vote", None)
    for algorithm, iterations in (("BFS", 1), ("CDLP", 10), ("LCC", 1), ("PR", 20),
                                  ("WCC", 1)):
        name = "wiki-vote-" + algorithm
        ours, usage = evaluate(rule, store, algorithm=algorithm, iterations=iterations,
                               source="2565")
        compare(name, algorithm, ours, reference("wiki-vote", name))
        print("%s: %d edges, %d instructions, %d bytes"
              % (name, usage["edges"], usage["instructions"], usage["memory_bytes"]))
        if algorithm == "WCC":
            check("largest weak component", sizes(ours)[0][1] == 7066, sizes(ours)[0])
    strong, _ = evaluate(rule, store, algorithm="SCC")
    check("largest strong component", sizes(strong)[0][1] == 1300, sizes(strong)[0])
    triangles, _ = evaluate(rule, store, algorithm="TRI")
    check("triangles", sum(triangles.values()) == 3 * 608389, sum(triangles.values()) / 3)
    clustering, _ = evaluate(rule, store, algorithm="LCC", undirected=True)
    average = sum(clustering.values()) / len(clustering)
    check("average clustering", abs(average - 0.1409) < 0.00005, average)


if not os.path.isdir(os.path.join(shared, "data", "wiki-vote")):
    print("SKIPPED: no data in", shared)
    sys.exit(77)
os.makedirs(work, exist_ok=True)
examples()
wiki_vote()
print("%d values compared, %d failures" % (compared, failures))
sys.exit(1 if failures else 0)
