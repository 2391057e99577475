#!/usr/bin/env python3
"""All rules over their graphs, to the program that compares answers, in two processes each.

  run.py CORDON PROGRAM RULES SHARED WORK

The generated bank is always there; the data sets under SHARED are taken where they are."""
import csv
import datetime
import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import sys

cordon, program, rules, shared, work = sys.argv[1:6]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
failures = 0
asked = 0


def packed(value):
    """msgpack, as much of it as parameters need."""
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\xd9" + bytes([len(text)]) + text
    if isinstance(value, list):
        return b"\xdc" + struct.pack(">H", len(value)) + b"".join(map(packed, value))
    return b"\xde" + struct.pack(">H", len(value)) + b"".join(
        packed(k) + packed(v) for k, v in value.items())


def line(node=None, now=0, as_of="-", params=None):
    label, key = node.split(":", 1) if node else ("-", "-")
    return f"{label} {key} {now} {as_of} {packed(params).hex() if params else '-'}"


def imported(name, schema, *sources):
    store = os.path.join(work, name + ".store")
    subprocess.run([cordon, "import", "--schema", schema, "--out", store, "--quiet", *sources],
                   check=True)
    return store


def folder_of(name, paths):
    folder = os.path.join(work, name + ".rules")
    os.makedirs(folder)
    for path in paths:
        shutil.copy(os.path.join(rules, path), folder)
    return folder


def compare(name, store, folder, lines, fewest_rules=1, stopped=False):
    """Ask twice, in two processes: no differences within, and the same hash of all."""
    global failures, asked
    ends = []
    for _ in range(2):
        done = subprocess.run([program, store, folder], input="\n".join(lines) + "\n", text=True,
                              stdout=subprocess.PIPE, check=False)
        ends.append(done.stdout.splitlines()[-1] if done.stdout else "nothing")
        if done.returncode:
            sys.stdout.write(done.stdout)
            failures += 1
            return
    print(name + ":", ends[0])
    found = re.match(r"(\d+) rules, (\d+) requests, (\d+) ok, (\d+) stopped", ends[0])
    counts = [int(count) for count in found.groups()]
    asked += counts[0]
    if ends[0] != ends[1]:
        failures += 1
        print(f"FAILED {name}: another process says {ends[1]}")
    if counts[0] < fewest_rules or counts[1] != len(lines) or counts[2] == 0 or (
            stopped and counts[3] == 0):
        failures += 1
        print(f"FAILED {name}: the questions do not reach what they should")


def bank():
    made = os.path.join(work, "bank")
    subprocess.run([cordon, "generate", "--out", made, "--accounts", "2000", "--seed", "11",
                    "--quiet"], check=True)
    store = imported("bank", os.path.join(made, "schema.lua"), made)
    lines = []
    with open(os.path.join(made, "requests.ndjson"), encoding="utf-8") as requests:
        for number, text in enumerate(requests):
            if number % 9:
                continue
            request = json.loads(text)
            now = datetime.datetime.fromisoformat(request["now"].replace("Z", "+00:00"))
            ms = round(now.timestamp() * 1000)
            lines.append(line(request["node"], ms, "-" if len(lines) % 2 else ms - 86400000))
    assert len(lines) > 30, len(lines)
    compare("bank", store, os.path.join(rules, "fraud"), lines, fewest_rules=6, stopped=True)


def finbench():
    data = os.path.join(shared, "data", "finbench-sf0.01")
    store = imported("finbench", os.path.join(rules, "schemas", "finbench-sf0.01.lua"),
                     os.path.join(data, "snapshot"))
    for rule in sorted(os.listdir(os.path.join(rules, "finbench"))):
        name = rule.removesuffix(".lua")
        if name == rule or name.endswith("_test"):
            continue
        with open(os.path.join(data, "cases", name + ".jsonl"), encoding="utf-8") as cases:
            lines = [line(params=json.loads(text)["params"]) for text in list(cases)[::12]]
        compare(name, store, folder_of(name, ["finbench/" + rule]), lines)


def keys(path, column, step):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)][::step]


def others():
    for name, label, path, file, column in (
            ("amlsim-20k-fanin", "Account", "fraud/token_fan_in.lua", "nodes.csv", "nodeid"),
            ("bitcoin-otc", "User", "fraud/distrusted.lua", "labels.csv", "user"),
            ("online-retail", "Product", "recommend/bought_together.lua", "products.csv.gz",
             "StockCode")):
        data = os.path.join(shared, "data", name)
        schema = os.path.join(rules, "schemas", name.removesuffix("-20k-fanin") + ".lua")
        store = imported(name, schema, data)
        chosen = keys(os.path.join(data, file), column, 1)
        chosen = [key for key in chosen if not re.search(r"\s", key)]
        compare(name, store, folder_of(name, [path]),
                [line(f"{label}:{key}", 0) for key in chosen[::len(chosen) // 40]])


bank()
if os.path.isdir(os.path.join(shared, "data")):
    finbench()
    others()
print(f"{asked} rules asked, {failures} failures")
sys.exit(failures != 0)
