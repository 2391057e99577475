#!/usr/bin/env python3
"""cordon backtest on labelled data sets, held against a plain reading of the same files.

  backtest_data.py CORDON RULES SHARED WORK

On amlsim-20k-fanin every one of the 118,250 transfers is an event about its payee, at its own
time: what token_fan_in can have known then follows from the first token-sized transfer of each
account.  Asked at the end instead, about each account or user once, the figures are those that
the rules' own comments state."""
import csv
import datetime
import json
import os
import shutil
import subprocess
import sys

cordon, rules, shared, work = (os.path.abspath(p) for p in sys.argv[1:5])
failures = 0
TOKEN = 10


def expect(good, text):
    global failures
    if not good:
        failures += 1
        print("FAILED " + text)


def data(*parts):
    return os.path.join(shared, "data", *parts)


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def imported(name, schema):
    store = os.path.join(work, name)
    subprocess.run([cordon, "import", "--schema", os.path.join(rules, "schemas", schema), "--out",
                    store, "--quiet", data(name)], check=True, stdout=subprocess.DEVNULL)
    return store


def backtest(rule, store, corpus, *args):
    done = subprocess.run([cordon, "backtest", os.path.join(rules, rule), "-d", store, "--corpus",
                           corpus, "-q", *args], stdout=subprocess.PIPE, check=True)
    report = json.loads(done.stdout)
    side = report["versions"][0]
    print("%s on %s: precision %s, recall %s of %d events"
          % (rule, os.path.basename(corpus), side["precision"], side["recall"], side["judged"]))
    return report, side


def day(step):
    return (datetime.date(2020, 1, 1) + datetime.timedelta(days=int(step))).isoformat()


def amlsim():
    name = "amlsim-20k-fanin"
    store = imported(name, "amlsim.lua")
    fraud = {row["nodeid"]: row["isFraud"] == "1" for row in rows(data(name, "nodes.csv"))}
    first = {}  # the step from which on an account has sent or received a token-sized amount
    transfers = list(rows(data(name, "transactions.csv")))
    for row in transfers:
        if float(row["value"]) < TOKEN:
            for end in (row["sourceNodeId"], row["targetNodeId"]):
                first[end] = min(first.get(end, 10 ** 9), int(row["time"]))
    wanted = {"tp": 0, "fp": 0, "fn": 0, "tn": 0}
    caught = missed = 0.0
    corpus = os.path.join(work, "transfers.csv")
    with open(corpus, "w", encoding="utf-8") as file:
        file.write("node,time,label,amount\n")
        for row in transfers:
            payee, step = row["targetNodeId"], int(row["time"])
            known = first.get(payee, 10 ** 9) <= step
            wanted[("tp" if known else "fn") if fraud[payee] else ("fp" if known else "tn")] += 1
            caught += float(row["value"]) * (fraud[payee] and known)
            missed += float(row["value"]) * (fraud[payee] and not known)
            file.write("Account:%s,%s,%d,%s\n" % (payee, day(step), fraud[payee], row["value"]))
    report, side = backtest("fraud/token_fan_in.lua", store, corpus)
    expect({k: side[k] for k in wanted} == wanted, "as of each transfer: %s, wanted %s"
           % ({k: side[k] for k in wanted}, wanted))
    expect(abs(side["money"]["caught"] - caught) < 0.01 and
           abs(side["money"]["missed"] - missed) < 0.01, "money: %s" % side["money"])
    expect(side["precision"] == 1 and side["recall"] < 0.691, "less is known in time than later")
    expect(not report["caveats"], "it reads nothing that leaks: %s" % report["caveats"])
    report, side = backtest("fraud/token_fan_in.lua", store, data(name, "nodes.csv"), "--columns",
                            "node=nodeid,label=isFraud", "--node-label", "Account")
    expect((side["tp"], side["fp"], side["fn"]) == (659, 0, 295), "at the end: %s" % side["tp"])
    expect("20,000 events have no time" in report["caveats"][0], "and that is told")


def bitcoin():
    name = "bitcoin-otc"
    _, side = backtest("fraud/distrusted.lua", imported(name, "bitcoin-otc.lua"),
                       data(name, "labels.csv"), "--columns", "node=user", "--node-label", "User",
                       "--fraud=-1", "--alert", "deny")
    expect((side["tp"], side["fp"], side["fn"], side["tn"]) == (175, 0, 5, 136), "users: %s" % side["tp"])


if not os.path.isdir(data("amlsim-20k-fanin")):
    print("SKIPPED: no data at %s" % shared)
    sys.exit(77)
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
amlsim()
bitcoin()
print("%d failed" % failures)
sys.exit(1 if failures else 0)
