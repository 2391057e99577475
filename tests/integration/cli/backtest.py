#!/usr/bin/env python3
"""cordon backtest from outside: its figures against a plain count over cordon eval's answers,
and that neither threads nor the future change them.

  backtest.py CORDON HERE WORK RULES [--update]

--update writes golden/backtest.txt anew; read the difference before you commit it."""
import csv
import json
import os
import re
import shutil
import sys
import xml.etree.ElementTree

from checks import Checks

cordon, here, work, rules = (os.path.abspath(p) for p in sys.argv[1:5])
update = "--update" in sys.argv
fan_in = os.path.join(rules, "fraud", "fan_in.lua")
checks = Checks(cordon, work)
expect, run = checks.expect, checks.run


def backtest(*args, rule=fan_in, store="store", corpus="bank/corpus.csv", **kw):
    out, _ = run("backtest", rule, "-d", store, "--corpus", corpus, "-q", *args, **kw)
    return json.loads(out) if out else None


def timeless(report):
    """Without what differs from run to run."""
    report = json.loads(json.dumps(report))
    del report["timing"]
    for version in report["versions"]:
        del version["cost"]["wall_ns"]
    return report


def rows(path):
    with open(os.path.join(work, path), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path, text):
    with open(os.path.join(work, path), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def make():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    run("generate", "--out", "bank", "--accounts", "1200", "--seed", "3", "-q")
    run("import", "--schema", "bank/schema.lua", "--out", "store", "bank", "-q")


# ---- the figures --------------------------------------------------------------------------

def check_figures(report, answers, events, alert, positive):
    """Counted again from the answers, one by one."""
    counts = {"tp": 0, "fp": 0, "fn": 0, "tn": 0}
    money = {"caught": 0.0, "missed": 0.0, "false_alarms": 0.0}
    decisions, scores = {}, []
    for event, answer in zip(events, answers):
        fraud = event["label"] in positive
        alarm = alert(answer["result"])
        counts[("tp" if alarm else "fn") if fraud else ("fp" if alarm else "tn")] += 1
        amount = float(event["amount"])
        if fraud:
            money["caught" if alarm else "missed"] += amount
        elif alarm:
            money["false_alarms"] += amount
        decisions.setdefault(answer["result"]["decision"], [0, 0])[fraud] += 1
        scores.append((answer["result"]["score"], fraud))
    got = report["versions"][0]
    for name, wanted in counts.items():
        expect(got[name] == wanted, "%s is %s, counted %s" % (name, got[name], wanted))
    for name, wanted in money.items():
        expect(abs(got["money"][name] - wanted) < 0.01,
               "money %s is %s, counted %s" % (name, got["money"][name], wanted))
    for word, (good, fraud) in decisions.items():
        said = got["decisions"][word]
        expect((said["good"], said["fraud"]) == (good, fraud), "decisions of %s: %s" % (word, said))
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    for name, part, whole in (("precision", tp, tp + fp), ("recall", tp, tp + fn),
                              ("f1", 2 * tp, 2 * tp + fp + fn),
                              ("alert_rate", tp + fp, len(events))):
        wanted = part / whole if whole else None
        expect(got[name] == wanted or abs(got[name] - wanted) < 1e-12,
               "%s is %s, counted %s" % (name, got[name], wanted))
    all_fraud = tp + fn
    average, before = 0, 0
    for threshold in sorted({s for s, _ in scores}, reverse=True):
        hits = sum(1 for s, f in scores if s >= threshold and f)
        alerts = sum(1 for s, _ in scores if s >= threshold)
        average += (hits - before) / all_fraud * hits / alerts
        before = hits
    expect(abs(got["average_precision"] - average) < 1e-9,
           "average precision is %s, counted %s" % (got["average_precision"], average))
    costs = sorted(a["usage"]["edges"] for a in answers)
    expect(got["cost"]["edges"]["max"] == costs[-1] and
           got["cost"]["edges"]["p50"] == costs[(len(costs) + 1) // 2 - 1], "cost of edges")


def figures():
    events = rows("bank/corpus.csv")
    asked = "".join(json.dumps({"node": e["node"], "now": e["time"], "as_of": e["time"]}) + "\n"
                    for e in events)
    out, _ = run("eval", fan_in, "-d", "store", "--input", "-", stdin=asked.encode())
    answers = [json.loads(line) for line in out.splitlines()]
    report = backtest("--fraud", "fan_in")
    check_figures(report, answers, events, lambda r: r["decision"] != "allow", {"fan_in"})
    expect(report["versions"][0]["tp"] > 0, "something is found")
    report = backtest("--fraud", "fan_in,fan_out", "--threshold", "0.5")
    check_figures(report, answers, events, lambda r: r["score"] >= 0.5, {"fan_in", "fan_out"})
    report = backtest("--fraud", "fan_in", "--alert", "review")
    check_figures(report, answers, events, lambda r: r["decision"] == "review", {"fan_in"})
    wanted = {e["node"] for e, a in zip(events, answers)
              if e["label"] == "fan_in" and a["result"]["decision"] == "allow"}
    missed = backtest("--fraud", "fan_in")["examples"]["missed"]
    expect({e["node"] for e in missed["first"]} <= wanted and missed["found"] == len(wanted),
           "missed: %s" % missed)
    expect(all(e["why"] for e in missed["first"]), "each is told why: %s" % missed)


def threads():
    """The same for any number of threads, and for every way of asking for JSON."""
    one = timeless(backtest("--fraud", "fan_in", "-p", "1"))
    for count in ("2", "3", "7"):
        many = timeless(backtest("--fraud", "fan_in", "-p", count))
        expect(many == one, "-p %s gives other figures than -p 1" % count)
    expect(timeless(backtest("--fraud", "fan_in", "--format", "json")) == one, "--format json")
    stopped = [timeless(backtest("--fraud", "fan_in", "--max-edges", "20", "-p", count))
               for count in ("1", "2", "3")]
    expect(stopped[0] == stopped[1] == stopped[2], "with runs that are stopped, too")
    outcomes = stopped[0]["versions"][0]["outcomes"]
    expect(outcomes["limit"] > 0 and stopped[0]["versions"][0]["limits"] ==
           {"edges": outcomes["limit"]}, "stopped runs are counted: %s" % outcomes)
    expect(stopped[0]["versions"][0]["fallbacks"] == outcomes["limit"], "their fallbacks decide")


def future():
    """What the store has from after an event does not reach it: a store without the later half
    answers alike about what lies before."""
    cut = "2026-04-01T00:00:00Z"
    os.makedirs(os.path.join(work, "early"), exist_ok=True)
    for name in os.listdir(os.path.join(work, "bank")):
        shutil.copy(os.path.join(work, "bank", name), os.path.join(work, "early", name))
    for name in ("transfers.csv", "sign_ins.csv", "corpus.csv"):
        column = "time" if name == "corpus.csv" else "at"
        path = os.path.join(work, "early", name)
        kept = [r for r in rows("bank/" + name) if r[column] <= cut]
        expect(0 < len(kept) < len(rows("bank/" + name)), "half of %s" % name)
        with open(path, "w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, kept[0].keys(), lineterminator="\n")
            out.writeheader()
            out.writerows(kept)
    run("import", "--schema", "early/schema.lua", "--out", "early.store", "early", "-q")
    for rule in ("fan_in", "fan_out", "mule_chain", "shared_device"):
        path = os.path.join(rules, "fraud", rule + ".lua")
        early = timeless(backtest("--fraud", rule, rule=path, store="early.store",
                                  corpus="early/corpus.csv"))
        full = timeless(backtest("--fraud", rule, rule=path, corpus="early/corpus.csv"))
        full["snapshot_id"] = early["snapshot_id"]
        expect(early == full, "%s sees the future" % rule)
        early = timeless(backtest("--fraud", rule, "--as-of", cut, rule=path))
        left_out = early["corpus"].pop("later_than_as_of")
        expect(left_out > 0 and early["corpus"]["events"] == len(rows("early/corpus.csv")),
               "--as-of leaves later events out: %s" % early["corpus"])
        for key in ("versions",):
            expect(early[key] == full[key], "%s --as-of: %s differs" % (rule, key))


# ---- the corpus ---------------------------------------------------------------------------

def corpora():
    plain = timeless(backtest("--fraud", "fan_in"))["versions"][0]
    events = rows("bank/corpus.csv")
    lines = "".join(json.dumps({"node": e["node"], "time": e["time"], "label": e["label"],
                                "amount": float(e["amount"])}) + "\n" for e in events)
    write("corpus.ndjson", lines)
    got = timeless(backtest("--fraud", "fan_in", corpus="corpus.ndjson"))["versions"][0]
    expect(got == plain, "JSON lines are the same corpus")
    got = backtest("--fraud", "fan_in", corpus="-", stdin=lines.encode())
    expect(timeless(got)["versions"][0] == plain, "so is standard input")
    # what eval reads, with the bank's labels: those hold for a node from their time on
    got = backtest("--fraud", "fan_in", "--labels", "bank/labels.csv", "--node-label", "Account",
                   "--label-columns", "node=account,label=kind", "--unlabelled", "good",
                   corpus="bank/requests.ndjson")
    joined = timeless(got)["versions"][0]
    expect(joined["fraud"] >= plain["fraud"], "the bank's requests and labels: %s" % joined["fraud"])
    keys = "".join("%s,%s\n" % (e["node"].split(":")[1], e["time"]) for e in events)
    write("keys.csv", "key,time\n" + keys)
    got = backtest("--fraud", "fan_in", "--labels", "bank/labels.csv", "--columns", "node=key",
                   "--label-columns", "node=account,label=kind,time=at", "--node-label", "Account",
                   "--unlabelled", "good", corpus="keys.csv")
    expect(timeless(got)["versions"][0] == joined, "keys alone are the same nodes")
    labelled = got["versions"][0]
    expect(labelled["fraud"] >= plain["fraud"] and labelled["unlabelled"] == 0 and
           labelled["alerts"] == plain["alerts"], "labels of their own file: %s" % labelled["fraud"])
    expect(labelled["recall"] is not None, "there is a recall")
    got = backtest(corpus="bank/requests.ndjson")["versions"][0]
    expect(got["precision"] is None and got["recall"] is None and got["unlabelled"] > 0 and
           got["alerts"] == plain["alerts"], "requests are a corpus without labels")
    sampled = backtest("--fraud", "fan_in", "--sample", "50", "--seed", "4")
    expect(sampled["corpus"]["events"] == 50 and
           sampled["corpus"]["sampled_from"] == len(events), "a sample: %s" % sampled["corpus"])
    again = backtest("--fraud", "fan_in", "--sample", "50", "--seed", "4", "-p", "3")
    expect(timeless(again) == timeless(sampled), "the same sample again")
    write("odd.csv", "node,time,label,amount\n"
          "Account:999999999,2026-03-01,1,70\n"
          "Nobody:1,2026-03-01,0,\n"
          "Account:x,2026-03-01,0,\n"
          "Account:1000001,2020-01-01,0,5\n"
          "Account:1000001,,0,5\n")
    out, err = run("backtest", fan_in, "-d", "store", "--corpus", "odd.csv")
    got = json.loads(out)["versions"][0]
    expect(got["outcomes"]["no_node"] == 3 and got["judged"] == 2 and got["fraud"] == 0,
           "nodes that are not there: %s" % got["outcomes"])
    for words in ("3 events name a node that the graph does not have",
                  "1 events are from before the graph's first edge",
                  "1 events have no time and are asked about as of 2026-06-29",
                  "no event is labelled fraud"):
        expect(words in err, "'%s' is told: %s" % (words, err))


def refusals():
    bad = write("bad.csv", "node,time\nAccount:1,x\nAccount:2,y\n")
    for args, code, message in (
            ([], 2, "no rule given"),
            ([fan_in], 2, "--data STORE"),
            ([fan_in, "-d", "store"], 2, "--corpus FILE"),
            ([fan_in, fan_in, "-d", "store", "--corpus", "bank/corpus.csv"], 2, "--against"),
            ([fan_in, "-d", "store", "--corpus", bad], 3,
             "bad.csv:2: 'x' is no time; write 2026-11-24T02:29:00Z or a number of milliseconds "
             "since 1970 (1 more rows cannot be used)"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv"], 3, "--fraud="),
            ([fan_in, "-d", "store", "--corpus", "none.csv"], 3, "none.csv"),
            ([fan_in, "-d", "nowhere", "--corpus", "bank/corpus.csv"], 3, "nowhere"),
            (["none.lua", "-d", "store", "--corpus", "bank/corpus.csv"], 2, "none.lua"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--alert", "dney"], 2,
             "has no decision 'dney'"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--threshold", "x"], 2,
             "not a value of --threshold"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--unexpected", "fail"], 2,
             "--expectations"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--junit", "x"], 2,
             "--expectations"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--fraud", "fan_in",
              "--param", "payers=none"], 2, "the event on line"),
            ([fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--fraud", "fan_in",
              "--as-of", "1999-01-01"], 3, "no event")):
        out, err = run("backtest", *args, code=code)
        expect(message in err and not out, "%s: %s" % (args, err))


# ---- two versions, expectations -----------------------------------------------------------

def versions():
    with open(fan_in, encoding="utf-8") as file:
        text = file.read()
    write("keen.lua", text.replace("default = 8, min = 2", "default = 2, min = 2")
          .replace("default = 0.7", "default = 0.2"))
    got = backtest("--fraud", "fan_in", "--against", fan_in, rule="keen.lua")
    keen = backtest("--fraud", "fan_in", rule="keen.lua")["versions"][0]
    plain = backtest("--fraud", "fan_in")["versions"][0]
    for side, wanted in zip(got["versions"], (keen, plain)):
        for each in (side, wanted):
            each["cost"].pop("wall_ns")
        expect(side == wanted, "a version beside another is judged as alone")
    changes = got["changes"]
    expect(changes["gained"] - changes["lost"] == keen["alerts"] - plain["alerts"] and
           changes["gained"] > 0, "changes: %s" % changes)
    expect(sum(row["count"] for row in changes["table"]) == plain["judged"], "the table has all")
    expect(changes["better"] - changes["worse"] ==
           keen["tp"] + keen["tn"] - plain["tp"] - plain["tn"], "better and worse: %s" % changes)
    first = got["examples"]["changed"]["first"][0]
    expect(first["value_a"]["decision"] != first["value_b"]["decision"] and first["why_a"] and
           first["why_b"], "an example of a change: %s" % first)
    run("rule", "push", "-d", "store", fan_in, "-q")
    run("rule", "activate", "-d", "store", "fan_in", "1", "-q")
    run("rule", "push", "-d", "store", "keen.lua", "-q")
    registered = backtest("--fraud", "fan_in", "--against", "1", rule="fan_in@2")
    for side in registered["versions"]:
        side["cost"].pop("wall_ns")
    expect([v["version"] for v in registered["versions"]] == [2, 1], "versions of the registry")
    expect([v["tp"] for v in registered["versions"]] == [keen["tp"], plain["tp"]], "their figures")
    active = backtest("--fraud", "fan_in", rule="fan_in")
    expect(active["versions"][0]["version"] == 1, "a name is what decides")
    _, err = run("backtest", "fan_in@9", "-d", "store", "--corpus", "bank/corpus.csv", code=2)
    expect("9" in err, "no such version: " + err)


def expectations():
    got = backtest("--fraud", "fan_in")["versions"][0]
    write("good.json", json.dumps({"precision": {"at_least": got["precision"]},
                                   "tp": {"exactly": got["tp"]},
                                   "decisions.deny": {"at_least": 1, "at_most": 1000},
                                   "cost.edges.max": {"at_most": got["cost"]["edges"]["max"]}}))
    report = backtest("--fraud", "fan_in", "--expectations", "good.json")
    expect([e["met"] for e in report["expectations"]] == [True] * 5, "all are met")
    write("bad.json", json.dumps({"precision": {"at_least": 1}, "outcomes.error": {"exactly": 0}}))
    report = backtest("--fraud", "fan_in", "--expectations", "bad.json", "--junit", "junit.xml",
                      "--unexpected", "fail", code=1)
    met = {e["name"]: e["met"] for e in report["expectations"]}
    expect(met == {"precision": False, "outcomes.error": True, "decisions.deny": False},
           "missed, met, unexpected: %s" % met)
    suite = xml.etree.ElementTree.parse(os.path.join(work, "junit.xml")).getroot()
    expect(suite.get("tests") == "3" and suite.get("failures") == "2" and
           len(suite.findall("testcase/failure")) == 2, "JUnit: %s" % suite.attrib)
    _, err = run("backtest", fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--fraud",
                 "fan_in", "--expectations", "bad.json", code=1)
    expect("unexpected: decisions.deny is" in err and "1 expectation was missed" in err, err)
    for text, message in (('{"precison": {"at_least": 1}}', "did you mean 'precision'"),
                          ('{"recall": 1}', "needs an object"),
                          ('{"recall": {"least": 1}}', "at_least, at_most or exactly"),
                          ('{"recall": {"at_least": "1"}}', "must be a number"),
                          ("[]", "an object is needed"), ("{", "wrong.json")):
        write("wrong.json", text)
        _, err = run("backtest", fan_in, "-d", "store", "--corpus", "bank/corpus.csv", "--fraud",
                     "fan_in", "--expectations", "wrong.json", code=3)
        expect(message in err and "wrong.json" in err, "%s: %s" % (text, err))


def columns():
    """A column that may have been another then is warned of, once for all of a rule."""
    shutil.copytree(os.path.join(here, "data"), os.path.join(work, "data"), dirs_exist_ok=True)
    run("import", "--schema", "data/schema.lua", "--out", "small", "data", "-q")
    write("small.csv", "node,time,label\nAccount:1,2026-01-03,1\nAccount:2,2026-01-03,0\n")
    out, err = run("backtest", os.path.join(here, "rules", "sent.lua"), "-d", "small", "--corpus",
                   "small.csv")
    expect(err.count("warning") == 1 and "have no history: Account.name." in err and
           "immutable" in err, err)
    expect("Account.name" in json.loads(out)["caveats"][0], "and a caveat: " + out)


def shown():
    """A small graph of its own, so that nobody's change of the bank is a change here."""
    rule = """return {
  name = "sum", description = "Paid much", reads = { User = {}, paid = { "amount" } },
  decisions = { "allow", "review", "deny" }, fallback = "review",
  evaluate = function(_, request)
    local sum = request.node:outgoing("paid"):sum("amount")
    if sum > 4500 then error("too much") end
    return { decision = sum > %d and "deny" or sum > 2000 and "review" or "allow", score = sum / 100,
             reasons = { "paid " .. sum } }
  end,
}
"""
    write("before.lua", rule % 3500)
    write("after.lua", rule % 3000)
    os.makedirs(os.path.join(work, "users"), exist_ok=True)
    write("users/schema.lua", """return {
  labels = { User = { file = "users.csv", key = { column = "id", type = "int64" } } },
  edges = { { type = "paid", from = "User", to = "User", file = "paid.csv", source = "from",
              target = "to", time = "at", properties = { at = "timestamp", amount = "float64" } } },
}
""")
    write("users/users.csv", "id\n" + "".join("%d\n" % i for i in range(1, 101)))
    write("users/paid.csv", "from,to,at,amount\n" + "".join(
        "%d,%d,2026-01-%02dT00:00:00Z,%d\n" % (1 + i % 97, 1 + i * 7 % 100, 1 + i % 28, i * 37 % 1000)
        for i in range(1000)))
    write("asked.csv", "node,time,label,amount\n" + "".join(
        "User:%d,2026-01-%02dT12:00:00Z,%s,%d\n" % (i, 1 + i * 11 % 28, ("1", "0", "0", "")[i * i % 31 % 4],
                                                   i * 13) for i in range(1, 105)))
    run("import", "--schema", "users/schema.lua", "--out", "users.store", "users", "-q")
    out, err = run("backtest", "after.lua", "-d", "users.store", "--corpus", "asked.csv", "--against",
                   "before.lua", "--format", "pretty", "--expectations", "bad.json", "--max-edges",
                   "5000", code=1)
    out = re.sub(r"(?m)^(  time) .*$", r"\1 TIMES", out)
    out = re.sub(r"(?m)^(  memory) .*$", r"\1 SIZES", out)
    out = re.sub(r"(?m)^(  instructions) .*$", r"\1 COUNTS", out)
    out = re.sub(r"(?m)^.* with \d+ threads?: .*$", "PACE", out)
    # how wide the columns of costs are depends on the times in them
    out = re.sub(r"(?m)^  (?:edges|nodes) .*$|^ +p50 .*$", lambda m: re.sub("  +", "  ", m[0]), out)
    path = os.path.join(here, "golden", "backtest.txt")
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(out)
        return
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    expect(out == wanted, "golden/backtest.txt differs\n--- wanted\n%s--- got\n%s" % (wanted, out))


make()
figures()
threads()
future()
corpora()
refusals()
versions()
expectations()
columns()
shown()
sys.exit(checks.close())
