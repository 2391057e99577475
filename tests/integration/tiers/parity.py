#!/usr/bin/env python3
"""Every wall gives the same answers.

  parity.py CORDON RULES WORK

Over a generated bank, each rule of RULES that fits it is asked about accounts good and bad, and
again under limits that stop it, in this process and behind each wall that this machine has.
Everything must be equal but times and peak memory: outcomes, results, messages, counts, digests."""
import glob
import json
import os
import shutil
import subprocess
import sys

CORDON, RULES, WORK = (os.path.abspath(p) for p in sys.argv[1:4])
# What is measured and not computed, and what names one evaluation.
MEASURED = {"wall_ns", "native_ns", "host_ns", "memory_bytes", "memory_peak_bytes", "decision_id",
            "timestamp"}
LIMITS = ([], ["--max-instructions", "300"], ["--max-edges", "3"], ["--max-nodes", "2"],
          ["--max-output", "60"], ["--max-hops", "1"])
# A machine takes seconds to start, once a command: two of all commands show what is to be shown.
# Where it is emulated, a rule's own limit of time may end what it does not end here.
SLOW, SLOW_COMMANDS = "microvm", 2
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


def answers(rule, tier, limits):
    """Times are not to be compared: where a run met its limit of time, on a machine with other
    work, all are asked again."""
    for _ in range(1 if tier == SLOW else 20):
        code, told = answers_once(rule, tier, limits)
        if not any(late(a) for a in told):
            break
    return code, told


def late(answer):
    return answer.get("status") == "TIMEOUT"


def answers_once(rule, tier, limits):
    done = run("eval", rule, "-d", "bank.store", "-i", "requests.ndjson", "--now",
               "2026-06-01T00:00:00Z", "--tier", tier, "--usage", "--format", "ndjson", *limits)
    return done.returncode, [computed(json.loads(line)) for line in done.stdout.splitlines()]


def bank():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    os.chdir(WORK)
    for args in (("generate", "--out", "bank", "--accounts", "1000", "-q"),
                 ("import", "--schema", "bank/schema.lua", "--out", "bank.store", "bank", "-q")):
        done = run(*args)
        assert done.returncode == 0, done.stderr
    with open("requests.ndjson", "w") as out:
        for i in range(1, 60):
            print(json.dumps({"node": "Account:%d" % (1000000 + i), "id": i}), file=out)
        print('{"node": "Account:7", "id": "there is none"}', file=out)
        print('{"node": "Nobody:7"}', file=out)
        print('{"node": "Account:1000001", "params": {"no_such": 1}}', file=out)
        print('{"params": {}}', file=out)
        print('{"node": "Account:1000002", "as_of": "2026-01-01T00:00:00Z"}', file=out)


def main():
    bank()
    probed = json.loads(run("tier", "probe", "--format", "json").stdout)["tiers"]
    walls = [t["tier"] for t in probed if t["works"] and t["tier"] != "inproc"]
    if not walls:
        print("SKIPPED: no wall works here: %s" % probed)
        return 77
    rules = [r for r in sorted(glob.glob(RULES + "/fraud/*.lua")) if not r.endswith("_test.lua")]
    judged = stopped = slow = in_time = 0
    for rule in rules:
        for limits in LIMITS:
            code, here = answers(rule, "inproc", limits)
            if code == 2:
                break  # it is for another graph
            judged += sum(a.get("outcome") == "ok" for a in here)
            stopped += sum(a.get("outcome") == "limit" for a in here)
            for wall in walls:
                if wall == SLOW and slow == SLOW_COMMANDS:
                    continue
                there_code, there = answers(rule, wall, limits)
                what = "%s %s behind %s" % (os.path.basename(rule), " ".join(limits), wall)
                if wall == SLOW:
                    slow += 1
                    in_time += sum(not late(a) for a in there)
                    there = [b if late(a) else a for a, b in zip(there, here)]
                else:
                    check(code == there_code, "%s: exit %d, not %d" % (what, there_code, code))
                check(len(here) == len(there), "%s: %d answers, not %d" % (
                    what, len(there), len(here)))
                for a, b in zip(here, there):
                    if a != b:
                        check(False, "%s: %s is not %s" % (what, json.dumps(b), json.dumps(a)))
                        break
    check(not slow or in_time > 10, "only %d answers of a machine were in time" % in_time)
    check(judged > 200, "only %d answers were ok" % judged)
    check(stopped > 200, "only %d runs were stopped" % stopped)
    print("%d checks, %d failures (walls: %s; %d ok, %d stopped)" % (
        checks, failures, ", ".join(walls), judged, stopped))
    return 1 if failures else 0


sys.exit(main())
