#!/usr/bin/env python3
"""The demo from start to end, and its table against a plain reading of the same files.

  demo.py CORDON JUDGE SOURCE WORK"""
import collections
import csv
import datetime
import json
import os
import re
import shutil
import subprocess
import sys

cordon, judge, source, work = (os.path.abspath(p) for p in sys.argv[1:5])
failures = 0


def expect(good, text):
    global failures
    if not good:
        failures += 1
        print("FAILED " + text)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def rows(name):
    with open(os.path.join(work, "bank", name), encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def stakes(asked):
    """The larger of what each account received and sent in the ten days before, in cents."""
    received, sent = collections.Counter(), collections.Counter()
    days = datetime.timedelta(days=10)
    for row in rows("transfers.csv"):
        at = moment(row["at"])
        for key, sums in ((row["from"], sent), (row["to"], received)):
            if key in asked and asked[key] - days < at <= asked[key]:
                sums[key] += round(float(row["amount"]) * 100)
    return {key: max(received[key], sent[key]) for key in asked}


def percent(part, whole):
    return "%.1f %%" % (100 * part / whole)


def row_of(alerted, wanted, stake):
    right = alerted & wanted
    caught, total = sum(stake[k] for k in right), sum(stake[k] for k in wanted)
    return ["{:,}".format(len(alerted)), "{:,}".format(len(right)),
            percent(len(right), len(alerted)), percent(len(right), len(wanted)),
            "{:,}".format(caught // 100), percent(caught, total)]


def main():
    shutil.rmtree(work, ignore_errors=True)
    done = subprocess.run([os.path.join(source, "src/cli/demo/demo.sh"), cordon, judge, source,
                           work], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "NO_COLOR": "1"})
    out = done.stdout
    if done.returncode:
        sys.exit("FAILED the demo ends with %d\n%s" % (done.returncode, out))
    for part in ("100,000 transfers", "generation 1", "decision  deny", "reasons   - ",
                 "limit: instructions", "(the rule's declared fallback stands in)",
                 "exit code 4", "What to try next"):
        expect(part in out, "the demo shows '%s'\n%s" % (part, out))

    labels = collections.defaultdict(set)
    asked = {}
    for row in rows("labels.csv"):
        if row["kind"] != "none":
            labels[row["kind"]].add(row["account"])
            asked[row["account"]] = moment(row["at"])
    stake = stakes(asked)
    everybody, alerted_by_any = set(asked), set()
    table = {m.group(1): re.split(r"  +", m.group(2).strip())
             for m in re.finditer(r"(?m)^  (\w+|all together)  +(\d.*%.*)$",
                                  out[out.index("Held against"):])}
    expect(set(table) == set(labels) | {"all together"}, "a row a kind: %s" % list(table))
    for kind, wanted in labels.items():
        with open(os.path.join(work, "answers", kind + ".ndjson"), encoding="utf-8") as file:
            answers = [json.loads(line) for line in file]
        alerted = {a["input"]["node"].split(":")[1] for a in answers
                   if a["result"]["decision"] != "allow"}
        alerted_by_any |= alerted
        edges = "%.1f" % (sum(a["usage"]["edges"] for a in answers) / len(answers))
        row = table.get(kind, [])
        expect(row[:6] == row_of(alerted, wanted, stake) and row[-1] == edges,
               "%s: %s, wanted %s" % (kind, row, row_of(alerted, wanted, stake) + [edges]))
    expect(table["all together"] == row_of(alerted_by_any, everybody, stake),
           "all together: %s" % table["all together"])

    # what it tells to try works as it stands
    lines = out[out.index("What to try next"):].splitlines()[2:]
    script = "set -e\n" + "\n".join(line for line in lines if line.startswith("  "))
    done = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    expect(done.returncode == 0, "what to try next: %d\n%s" % (done.returncode, done.stdout))
    done = subprocess.run([judge, os.path.join(work, "bank"), os.path.join(work, "bank",
                           "labels.csv")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect(done.returncode == 3 and b"labels.csv:1" in done.stderr, "the judge refuses no answers")
    return 1 if failures else 0


sys.exit(main())
