#!/usr/bin/env python3
"""Slices give the same answers as the snapshot, or say where they end.

  slices.py CORDON RULES WORK

Over a generated bank, each fraud rule of RULES is asked about accounts good and bad in this
process, and behind the process wall by the host and by a principal with masks, with each form of a
slice.  All that is computed must be equal; of a neighbourhood an answer may be the limit that says
where it ends instead, and of one that is wide enough none is."""
import glob
import json
import os
import shutil
import subprocess
import sys

CORDON, RULES, WORK = (os.path.abspath(p) for p in sys.argv[1:4])
MEASURED = {"wall_ns", "native_ns", "host_ns", "memory_bytes", "memory_peak_bytes", "decision_id",
            "timestamp"}
POLICY = """return { mask_key = "file:mask.key", principals = {
  analyst = { rules = "*", reads = "*",
              masks = { Account = { key = "hash" }, Person = { key = { "truncate", 3 } } } } } }
"""
checks = failures = 0


def run(*args):
    return subprocess.run((CORDON,) + args, capture_output=True, text=True, timeout=300)


def check(right, what):
    global checks, failures
    checks += 1
    if not right:
        failures += 1
        print("FAILED: " + what)


def computed(value):
    if isinstance(value, dict):
        return {k: computed(v) for k, v in value.items() if k not in MEASURED}
    if isinstance(value, list):
        return [computed(v) for v in value]
    return value


def answers(rule, *how):
    """Times are not to be compared: where a run met its limit of time, all are asked again."""
    for _ in range(20):
        done = run("eval", rule, "-d", "bank.store", "-i", "requests.ndjson", "--now",
                   "2026-06-01T00:00:00Z", "--usage", "--format", "ndjson", *how)
        told = [computed(json.loads(line)) for line in done.stdout.splitlines()]
        if not any(a.get("status") == "TIMEOUT" for a in told):
            break
    return done.returncode, told


def bank():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    os.chdir(WORK)
    for args in (("generate", "--out", "bank", "--accounts", "1000", "-q"),
                 ("import", "--schema", "bank/schema.lua", "--out", "bank.store", "bank", "-q")):
        done = run(*args)
        assert done.returncode == 0, done.stderr
    with open("policy.lua", "w") as out:
        out.write(POLICY)
    with open("mask.key", "w") as out:
        out.write("a secret for tests of 32 bytes or more\n")
    with open("requests.ndjson", "w") as out:
        for i in range(1, 16):
            print(json.dumps({"node": "Account:%d" % (1000000 + i), "id": i}), file=out)
        print('{"node": "Account:7", "id": "there is none"}', file=out)
        print('{"node": "Nobody:7"}', file=out)
        print('{"params": {}}', file=out)
        print('{"node": "Account:1000002", "as_of": "2026-01-01T00:00:00Z"}', file=out)


def ended(answer):
    return answer.get("outcome") == "limit" and "the slice" in answer["error"]["message"]


def main():
    bank()
    probed = json.loads(run("tier", "probe", "--format", "json").stdout)["tiers"]
    if not any(t["tier"] == "process" and t["works"] for t in probed):
        print("SKIPPED: no process wall works here: %s" % probed)
        return 77
    rules = [r for r in sorted(glob.glob(RULES + "/fraud/*.lua")) if not r.endswith("_test.lua")]
    same = {"granted": 0, "hops=1": 0, "hops=4": 0}
    ends = dict.fromkeys(same, 0)
    for rule in rules:
        for who, forms in (([], ("granted", "hops=4")),
                           (["--policy", "policy.lua", "--principal", "analyst"],
                            ("granted", "hops=1"))):
            code, here = answers(rule, "--tier", "inproc", *who)
            if code == 2:
                break  # it is for another graph
            for form in forms:
                _, there = answers(rule, "--tier", "process", "--slice", form, *who)
                what = "%s %s %s" % (os.path.basename(rule), form, " ".join(who[3:]))
                check(len(here) == len(there), "%s: %d answers, not %d" % (
                    what, len(there), len(here)))
                for a, b in zip(here, there):
                    ends[form] += ended(b)
                    same[form] += a == b
                    if a != b and not ended(b):
                        check(False, "%s: %s is not %s" % (what, json.dumps(b), json.dumps(a)))
                        break
    check(same["granted"] > 200, "only %d answers were the same" % same["granted"])
    check(not ends["granted"], "%d ended where nothing ends" % ends["granted"])
    check(ends["hops=1"] > 10, "only %d ended one hop away" % ends["hops=1"])
    check(same["hops=4"] > 100, "only %d were the same within four hops" % same["hops=4"])
    print("%d checks, %d failures (the same: %s; ended: %s)" % (checks, failures, same, ends))
    return 1 if failures else 0


sys.exit(main())
