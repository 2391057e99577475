#!/usr/bin/env python3
"""What is noted of a run behind the process wall is what is noted of one in this process.

  traced.py CORDON RULES WORK

Rules of RULES over a generated bank: explained, profiled and covered, as text and as JSON, where
they answer and where a limit stops them.  Everything must be equal but times."""
import json
import os
import shutil
import subprocess
import sys

CORDON, RULES, WORK = (os.path.abspath(p) for p in sys.argv[1:4])
MEASURED = {"wall_ns", "native_ns", "host_ns", "memory_bytes", "memory_peak_bytes", "decision_id",
            "timestamp"}
WAYS = (["--explain", "full"], ["--explain", "fails"], ["--coverage"], ["--profile"],
        ["--explain", "full", "--coverage", "--profile"])
LIMITS = ([], ["--max-instructions", "400"], ["--max-edges", "3"])
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


def answers(rule, tier, limits, way):
    """Times are not to be compared: where a run met its limit of time, all are asked again."""
    for _ in range(20):
        done = run("eval", rule, "-d", "bank.store", "-i", "requests.ndjson", "--now",
                   "2026-06-01T00:00:00Z", "--tier", tier, "--usage", "--format", "ndjson",
                   *limits, *way)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        if not any(a.get("status") == "TIMEOUT" for a in told):
            break
    return done.returncode, [computed(a) for a in told]


def shown(rule, tier):
    done = run("eval", rule, "-d", "bank.store", "--node", "Account:1000001", "--now",
               "2026-06-01T00:00:00Z", "--tier", tier, "--format", "pretty", "--color", "always",
               "--max-time", "5s", "--explain", "full", "--coverage")
    return done.returncode, done.stdout, done.stderr


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    os.chdir(WORK)
    probed = json.loads(run("tier", "probe", "--format", "json").stdout)["tiers"]
    if not any(t["tier"] == "process" and t["works"] for t in probed):
        print("SKIPPED: the process wall does not work here: %s" % probed)
        return 77
    for args in (("generate", "--out", "bank", "--accounts", "1000", "-q"),
                 ("import", "--schema", "bank/schema.lua", "--out", "bank.store", "bank", "-q")):
        done = run(*args)
        assert done.returncode == 0, done.stderr
    with open("requests.ndjson", "w", encoding="utf-8") as out:
        for i in range(1, 12):
            print(json.dumps({"node": "Account:%d" % (1000000 + i), "id": i}), file=out)
        print('{"node": "Account:7", "id": "there is none"}', file=out)
    noted = 0
    for name in ("fan_out", "velocity", "mule_chain"):
        rule = os.path.join(RULES, "fraud", name + ".lua")
        check(shown(rule, "inproc") == shown(rule, "process"), "%s as text" % name)
        for way in WAYS:
            for limits in LIMITS:
                here = answers(rule, "inproc", limits, way)
                there = answers(rule, "process", limits, way)
                noted += sum(len(a.get("explain", {}).get("steps", ())) for a in here[1])
                check(here == there, "%s %s %s: %s\nis not %s" % (
                    name, way, limits, json.dumps(there)[:3000], json.dumps(here)[:3000]))
    check(noted > 500, "only %d steps were noted" % noted)
    print("%d checks, %d failures (%d steps)" % (checks, failures, noted))
    return 1 if failures else 0


sys.exit(main())
