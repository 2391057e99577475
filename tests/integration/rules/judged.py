#!/usr/bin/env python3
"""Rules on real data, held against a plain reading of the same files and against labels.

  judged.py CORDON RULES SHARED WORK

token_fan_in on amlsim-20k-fanin, distrusted on bitcoin-otc, bought_together on online-retail.
Each decision (or list) must be what a few lines of Python over the CSV say, and precision and
recall must be what the rule's own comment states."""
import collections
import csv
import datetime
import gzip
import json
import math
import os
import re
import subprocess
import sys

cordon, rules, shared, work = sys.argv[1:5]
failures = 0


def fail(text):
    global failures
    failures += 1
    if failures <= 20:
        print("FAILED " + text)


def data(*parts):
    return os.path.join(shared, "data", *parts)


def rows(path):
    opened = gzip.open(path, "rt", encoding="utf-8", newline="") if path.endswith(".gz") else \
        open(path, encoding="utf-8", newline="")
    with opened as file:
        yield from csv.DictReader(file)


def imported(name, schema, *options):
    store = os.path.join(work, name)
    subprocess.run(["rm", "-rf", store], check=True)
    subprocess.run([cordon, "import", "--schema", os.path.join(rules, "schemas", schema),
                    "--out", store, "--no-progress", "--quiet", *options, data(name)], check=True,
                   stdout=subprocess.DEVNULL)
    return store


def evaluate(rule, store, nodes, **params):
    lines = "".join(json.dumps({"node": node, "now": 0, "params": params}) + "\n" for node in nodes)
    done = subprocess.run([cordon, "eval", os.path.join(rules, rule), "--data", store,
                           "--input", "-", "--format", "ndjson"], input=lines, text=True,
                          stdout=subprocess.PIPE, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(nodes) or done.returncode:
        sys.exit("%s: exit %d, %d answers of %d; first %s"
                 % (rule, done.returncode, len(answers), len(nodes), done.stdout[:600]))
    for answer in answers:
        if answer["outcome"] != "ok":
            fail("%s: %s" % (rule, json.dumps(answer)[:300]))
    return [answer["result"] for answer in answers]


def stated(rule, found, wanted):
    """Precision and recall, which must be the ones that the rule's comment states."""
    hit = len(found & wanted)
    precision, recall = hit / max(1, len(found)), hit / len(wanted)
    print("%s: %d found, %d of %d labelled: precision %.3f, recall %.3f"
          % (rule, len(found), hit, len(wanted), precision, recall))
    with open(os.path.join(rules, rule), encoding="utf-8") as file:
        text = re.sub(r"\s*\n--\s*", " ", file.read())
    if "precision of %.3f and a recall of %.3f" % (precision, recall) not in text and \
            "precision %.3f, recall %.3f" % (precision, recall) not in text:
        fail("%s: its comment states other figures" % rule)


def token_fan_in():
    name, token = "amlsim-20k-fanin", 10
    senders, payees = collections.defaultdict(set), collections.defaultdict(set)
    for row in rows(data(name, "transactions.csv")):
        if float(row["value"]) < token:
            senders[row["targetNodeId"]].add(row["sourceNodeId"])
            payees[row["sourceNodeId"]].add(row["targetNodeId"])
    labels = {row["nodeid"]: row["isFraud"] == "1" for row in rows(data(name, "nodes.csv"))}
    nodes = list(labels)
    found = set()
    results = evaluate("fraud/token_fan_in.lua", imported(name, "amlsim.lua"), ["Account:" + n for n in nodes])
    for node, result in zip(nodes, results):
        suspicious = bool(senders[node] or payees[node])
        output = {"gathered_from": len(senders[node]), "collectors": min(20, len(payees[node]))}
        if (result["decision"] == "review") != suspicious or result["output"] != output:
            fail("token_fan_in Account:%s: %s, wanted %s" % (node, result, output))
        if result["decision"] == "review":
            found.add(node)
    stated("fraud/token_fan_in.lua", found, {n for n in nodes if labels[n]})


def distrusted():
    name = "bitcoin-otc"
    ratings = collections.defaultdict(list)
    for row in rows(data(name, "ratings.csv")):
        ratings[row["target"]].append((row["source"], int(row["rating"])))
    mean = {n: sum(r for _, r in given) / len(given) for n, given in ratings.items()}
    labels = {row["user"]: row["label"] == "-1" for row in rows(data(name, "labels.csv"))}
    nodes = list(labels)
    found = set()
    results = evaluate("fraud/distrusted.lua", imported(name, "bitcoin-otc.lua"), ["User:" + n for n in nodes])
    for node, result in zip(nodes, results):
        weighted = sum(max(0, mean.get(s, 0)) * r for s, r in ratings[node])
        if abs(result["output"]["weighted"] - weighted) > 1e-6 * max(1, abs(weighted)):
            fail("distrusted User:%s: %s, wanted %r" % (node, result, weighted))
        if (result["decision"] == "deny") != (weighted < 0):
            fail("distrusted User:%s: %s" % (node, result))
        if result["decision"] == "deny":
            found.add(node)
    stated("fraud/distrusted.lua", found, {n for n in nodes if labels[n]})


def bought_together():
    name = "online-retail"
    bought, buyers = collections.defaultdict(list), collections.defaultdict(list)
    store = imported(name, "online-retail.lua")
    order = 0
    for row in rows(data(name, "transactions-early.csv.gz")):
        if not row["CustomerID"] or int(row["Quantity"]) <= 0:
            continue
        at = datetime.datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S")
        order += 1
        bought[row["CustomerID"]].append((at, row["StockCode"], order))
        buyers[row["StockCode"]].append((at, row["CustomerID"], order))
    popular = sorted(buyers, key=lambda p: (-len(buyers[p]), p))[::40][:40]
    for of in (bought, buyers):
        for each in of.values():
            each.sort()
    results = evaluate("recommend/bought_together.lua", store, ["Product:" + p for p in popular])
    for product, result in zip(popular, results):
        recent = dict.fromkeys(c for _, c, _ in buyers[product][-100:])
        shared_buyers = collections.Counter()
        for customer in recent:
            shared_buyers.update({p for _, p, _ in bought[customer][-100:]})
        del shared_buyers[product]
        lift = {p: n / math.sqrt(len(buyers[p])) for p, n in shared_buyers.items() if n >= 3}
        best = sorted(lift, key=lambda p: (-lift[p], p.encode()))[:10]
        ours = result["output"]["products"]
        if [p["product"] for p in ours] != best or result["output"]["buyers"] != len(recent) or \
                any(p["shared_buyers"] != shared_buyers[p["product"]] for p in ours):
            fail("bought_together Product:%s:\n  got    %s\n  wanted %s"
                 % (product, json.dumps(ours), best))
    print("recommend/bought_together.lua: %d products agree" % len(popular))


def main():
    if not os.path.isdir(data("amlsim-20k-fanin")):
        print("SKIPPED: no data at %s" % shared)
        return 77
    os.makedirs(work, exist_ok=True)
    token_fan_in()
    distrusted()
    bought_together()
    print("%d failed" % failures)
    return 1 if failures else 0


sys.exit(main())
