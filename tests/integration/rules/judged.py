#!/usr/bin/env python3
"""Rules on real data, held against a plain reading of the same files and against labels.

  judged.py CORDON RULES SHARED WORK

token_fan_in on amlsim-20k-fanin, distrusted on bitcoin-otc, the recommendations on online-retail.
Each decision (or list) must be what a few lines of Python over the CSV say, and precision and
recall must be what the rule's own comment states, or rules/recommend/README.md."""
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


def evaluate(rule, store, nodes, now=0, **params):
    asked = [{"now": now, "params": params, **({"node": node} if node else {})} for node in nodes]
    answers = ask(rule, store, asked)
    for _ in range(20):  # where the rule's own limit of time stopped it, as on a busy machine, again
        late = [i for i, answer in enumerate(answers)
                if answer.get("error", {}).get("message", "").startswith("time:")]
        for i, answer in zip(late, ask(rule, store, [asked[i] for i in late]) if late else []):
            answers[i] = answer
    for answer in answers:
        if answer["outcome"] != "ok":
            fail("%s: %s" % (rule, json.dumps(answer)[:300]))
    return [answer["result"] for answer in answers]


def ask(rule, store, requests):
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([cordon, "eval", os.path.join(rules, rule), "--data", store,
                           "--input", "-", "--format", "ndjson"], input=lines, text=True,
                          stdout=subprocess.PIPE, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(requests) or done.returncode not in (0, 4):
        sys.exit("%s: exit %d, %d answers of %d; first %s"
                 % (rule, done.returncode, len(answers), len(requests), done.stdout[:600]))
    return answers


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


class Shop:
    """online-retail's purchases, by customer and by product, in the order of their time."""

    def __init__(self):
        self.bought, self.buyers = collections.defaultdict(list), collections.defaultdict(list)
        self.store = imported("online-retail", "online-retail.lua")
        for order, row in enumerate(rows(data("online-retail", "transactions-early.csv.gz"))):
            if not row["CustomerID"] or int(row["Quantity"]) <= 0:
                continue
            at = datetime.datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S")
            self.bought[row["CustomerID"]].append((at, row["StockCode"], order))
            self.buyers[row["StockCode"]].append((at, row["CustomerID"], order))
        for of in (self.bought, self.buyers):
            for each in of.values():
                each.sort()


def bought_together(shop):
    bought, buyers = shop.bought, shop.buyers
    popular = sorted(buyers, key=lambda p: (-len(buyers[p]), p))[::40][:40]
    results = evaluate("recommend/bought_together.lua", shop.store, ["Product:" + p for p in popular])
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


# What was bought until then is known; what was bought later is what should be foreseen.
SPLIT = datetime.datetime(2011, 9, 1)


def before(purchases, at=SPLIT):
    return [purchase for purchase in purchases if purchase[0] <= at]


def similar(shop, customer):
    """What similar_customers should say: by the same arithmetic, in the same order."""
    def basket(who):
        return dict.fromkeys(p for _, p, _ in before(shop.bought[who])[-100:])
    ours, met = basket(customer), collections.Counter()
    for product in ours:
        met.update(c for _, c, _ in before(shop.buyers[product])[-100:])
    del met[customer]
    score, backers = collections.defaultdict(float), collections.Counter()
    for peer in sorted(met, key=lambda c: (-met[c], int(c)))[:30]:
        theirs = basket(peer)
        alike = len(theirs.keys() & ours.keys()) / math.sqrt(len(theirs) * len(ours))
        for product in theirs.keys() - ours.keys():
            score[product] += alike
            backers[product] += 1
    best = [p for p in score if backers[p] >= 2]
    return sorted(best, key=lambda p: (-score[p], p.encode()))[:10]


def popular_lately(shop, customer):
    """What cold_start should say, if 28 days are enough."""
    sold = {}
    for product, purchases in shop.buyers.items():
        recent = [c for at, c, _ in before(purchases) if at >= SPLIT - datetime.timedelta(days=28)]
        if len(recent) >= 3 and (not customer or all(c != customer for _, c, _ in before(purchases))):
            sold[product] = recent
    best = sorted(sold, key=lambda p: (-len(sold[p]), p.encode()))[:30]
    buyers = {p: len(set(sold[p])) for p in best}
    return sorted((p for p in best if buyers[p] >= 3), key=lambda p: (-buyers[p], p.encode()))[:10]


def foreseen(shop):
    """Both on the customers who bought something new after the split, and for newcomers."""
    then = {c: {p for _, p, _ in before(of)} for c, of in shop.bought.items()}
    later = {c: {p for at, p, _ in of if at > SPLIT} - then[c] for c, of in shop.bought.items()}
    known = sorted(c for c in later if later[c] and then[c])
    newcomers = sorted(c for c in later if later[c] and not then[c])
    with open(os.path.join(rules, "recommend", "README.md"), encoding="utf-8") as file:
        text = re.sub(r"\s+", " ", file.read())

    def held(rule, named, whom, recommended):
        right = sum(len(later[c] & set(r)) for c, r in zip(whom, recommended))
        some = sum(bool(later[c] & set(r)) for c, r in zip(whom, recommended))
        line = "| %s | %s | %.1f %% | %.1f %% |" % (rule, named, 100 * right / sum(map(len, recommended)),
                                                100 * some / len(whom))
        print(line)
        if line not in text:
            fail("rules/recommend/README.md does not say " + line)

    for rule, expected in (("similar_customers", similar), ("cold_start", popular_lately)):
        results = evaluate("recommend/%s.lua" % rule, shop.store, ["Customer:" + c for c in known],
                           now="2011-09-01")
        lists = [[p["product"] for p in result["output"]["products"]] for result in results]
        for customer, ours in list(zip(known, lists))[::20]:
            if ours != expected(shop, customer):
                fail("%s Customer:%s:\n  got    %s\n  wanted %s"
                     % (rule, customer, ours, expected(shop, customer)))
        held(rule, "known", known, lists)
    visitor = evaluate("recommend/cold_start.lua", shop.store, [None], now="2011-09-01")[0]["output"]
    visitor = [p["product"] for p in visitor["products"]]
    if visitor != popular_lately(shop, None):
        fail("cold_start of a visitor: %s" % visitor)
    held("cold_start", "new", newcomers, [visitor] * len(newcomers))


def main():
    if not os.path.isdir(data("amlsim-20k-fanin")):
        print("SKIPPED: no data at %s" % shared)
        return 77
    os.makedirs(work, exist_ok=True)
    token_fan_in()
    distrusted()
    shop = Shop()
    bought_together(shop)
    foreseen(shop)
    print("%d failed" % failures)
    return 1 if failures else 0


sys.exit(main())
