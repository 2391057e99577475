#!/usr/bin/env python3
"""Every wall gives the same answers.

  parity.py CORDON RULES WORK [--whole]

Over a generated bank, each rule of RULES that fits it is asked about accounts good and bad, and
again under limits that stop it, in this process and behind each wall that this machine has; and
the tests beside all rules are run behind each, a rule's costs are measured, and the REPL goes
from wall to wall.  Everything must be equal but times and peak memory: outcomes, results,
messages, counts, digests, and what a test asserted.

The process wall is asked all of that; the others, whose workers take long to start, some of it,
and with --whole everything as well."""
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
# What a wall is asked whose workers take long to start.
FEW_RULES, FEW_LIMITS, FEW_TESTS = ("fan_out.lua", "cycle.lua"), LIMITS[:2], "fraud/velocity.lua"
# A machine takes seconds, of one rule; where it is emulated, the rule's own limit of time may end
# what it does not end here.
SLOW, SLOW_RULES = "microvm", FEW_RULES[:1]
checks = failures = 0


def run(*args, stdin=""):
    return subprocess.run((CORDON,) + args, input=stdin, capture_output=True, text=True,
                          timeout=600)


def check(right, what):
    global checks, failures
    checks += 1
    if not right:
        failures += 1
        print("FAILED: " + what[:1000])


def computed(value):
    if isinstance(value, dict):
        return {k: computed(v) for k, v in value.items() if k not in MEASURED}
    if isinstance(value, list):
        return [computed(v) for v in value]
    return value


def answers(rule, tier, limits):
    """Times are not to be compared: where a run met its limit of time, on a machine with other
    work, all are asked again."""
    for _ in range(5 if tier == SLOW else 20):
        code, told = answers_once(rule, tier, limits)
        if sum(late(a) for a in told) <= (len(told) // 2 if tier == SLOW else 0):
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


def compare_rules(walls, whole):
    """Evaluations, run to their end and stopped; how many there were of each."""
    rules = [r for r in sorted(glob.glob(RULES + "/fraud/*.lua")) if not r.endswith("_test.lua")]
    judged = stopped = 0
    for rule in rules:
        for limits in LIMITS:
            code, here = answers(rule, "inproc", limits)
            if code == 2:
                break  # it is for another graph
            judged += sum(a.get("outcome") == "ok" for a in here)
            stopped += sum(a.get("outcome") == "limit" for a in here)
            for wall in walls:
                few = SLOW_RULES if wall == SLOW else FEW_RULES
                if wall in whole or (os.path.basename(rule) in few and limits in FEW_LIMITS):
                    compare_answers(rule, wall, limits, code, here)
    check(judged > 200, "only %d answers were ok" % judged)
    check(stopped > 200, "only %d runs were stopped" % stopped)
    return judged, stopped


def compare_answers(rule, wall, limits, code, here):
    there_code, there = answers(rule, wall, limits)
    what = "%s %s behind %s" % (os.path.basename(rule), " ".join(limits), wall)
    check(len(here) == len(there), "%s: %d answers, not %d" % (what, len(there), len(here)))
    if wall == SLOW and any(late(a) for a in there):
        in_time = [(a, b) for a, b in zip(here, there) if not late(b)]
        check(len(in_time) > 10, "%s: only %d answers were in time" % (what, len(in_time)))
        here, there = zip(*in_time)
    else:
        check(code == there_code, "%s: exit %d, not %d" % (what, there_code, code))
    for a, b in zip(here, there):
        if a != b:
            check(False, "%s: %s is not %s" % (what, json.dumps(b), json.dumps(a)))
            break


def tested(below, wall):
    """What the tests beside rules come to, and how it ended."""
    done = run("test", os.path.join(RULES, below), "--tier", wall, "--max-time", "10s", "-o", "json")
    return done.returncode, computed(json.loads(done.stdout)), done.stderr


def compare_tests(walls, whole):
    """The tests beside the rules; how many there were."""
    here = {below: tested(below, "inproc") for below in ("", FEW_TESTS)}
    for wall in walls:
        if wall == SLOW and wall not in whole:
            continue  # a machine for every graph that a test writes down
        below = "" if wall in whole else FEW_TESTS
        (code, report, _), (there_code, there, err) = here[below], tested(below, wall)
        check(code == there_code == 0, "tests behind %s: exit %d, not %d: %s" % (
            wall, there_code, code, err))
        for a, b in zip(report["files"], there["files"]):
            check(a == b, "tests behind %s: %s is not %s" % (wall, json.dumps(b), json.dumps(a)))
        check(report == there, "tests behind %s: another report" % wall)
    check(here[""][1]["passed"] > 30, "only %d tests passed" % here[""][1]["passed"])
    return here[""][1]["passed"]


def benched(wall):
    """A rule's costs, without what a clock says."""
    done = run("bench", RULES + "/fraud/fan_out.lua", "-d", "bank.store", "--sample", "5",
               "--repeat", "1", "--max-time", "60s", "--tier", wall, "--format", "json")
    check(done.returncode == 0, "bench behind %s: %s" % (wall, done.stderr))
    report = json.loads(done.stdout)
    check(report.pop("tier") == wall, "bench does not say that it was behind %s" % wall)
    return computed(report)


def compare_bench(walls):
    here = benched("inproc")
    for wall in walls:
        check(benched(wall) == here, "bench behind %s: other costs" % wall)


def compare_repl(walls):
    """:tier shows and sets; what was set and asked stays, and the rule answers the same."""
    rule = RULES + "/fraud/fan_out.lua"
    lines = ["kept = 7", ":node Account:1000001", ":load " + rule, ":tier", ":json"]
    for wall in walls + ["inproc"]:
        lines += [":tier " + wall, ":tier"]
    done = run("repl", "-d", "bank.store", "--now", "2026-06-01T00:00:00Z",
               stdin="\n".join(lines + [":tier moon", "kept"]) + "\n")
    out = done.stdout.splitlines()
    told = [line for line in out if line.startswith("rules run ")]
    check(told == ["rules run in this process"] + ["rules run behind the wall " + w for w in walls]
          + ["rules run in this process"], "repl: :tier tells %s" % told)
    answers = [json.loads(line) for line in out if line.startswith("{")]
    check(len(answers) == len(walls) + 1, "repl: %d answers: %s" % (len(answers), done.stderr))
    check(all(computed(a) == computed(answers[-1]) for a in answers), "repl: other answers")
    check(out[-1] == "7" and done.returncode == 2 and "'moon' is not a value" in done.stderr,
          "repl: exit %d, %s %s" % (done.returncode, out[-1:], done.stderr))


def main():
    bank()
    probed = json.loads(run("tier", "probe", "--format", "json").stdout)["tiers"]
    walls = [t["tier"] for t in probed if t["works"] and t["tier"] != "inproc"]
    for tier in probed:
        if not tier["works"]:
            print("not asked: %s: %s" % (tier["tier"], tier["detail"]))
    if not walls:
        print("SKIPPED: no wall works here")
        return 77
    whole = walls if "--whole" in sys.argv else ["process"]
    judged, stopped = compare_rules(walls, whole)
    tests = compare_tests(walls, whole)
    compare_bench(whole)
    compare_repl(whole)
    print("%d checks, %d failures (walls: %s; %d ok, %d stopped, %d tests)" % (
        checks, failures, ", ".join(walls), judged, stopped, tests))
    return 1 if failures else 0


sys.exit(main())
