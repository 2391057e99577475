#!/usr/bin/env python3
"""The container wall through the command.

  container.py CORDON WORK

As whoever runs the tests and, where that is root, without privilege too: `tier probe` names the
runtime and what is in force; an evaluation behind it answers as without, of the store's file
and of a slice; a store that the worker may not read is said to be one; and the system's folders
hold what they held."""
import json
import os
import re
import shutil
import subprocess
import sys

CORDON, WORK = (os.path.abspath(p) for p in sys.argv[1:3])
RULE = """return { name = 'counts', decisions = { 'few', 'many' }, fallback = 'many',
  reads = { Account = {}, Device = {}, sign_in = {} },
  evaluate = function(_, request)
    return { decision = 'few', score = request.node:incoming("sign_in"):count() }
  end }
"""
IN_FORCE = ("namespaces", "user", "root", "capabilities", "seccomp", "rlimits")
checks = 0


def check(right, what):
    global checks
    checks += 1
    assert right, what


def run(*args, user=None):
    who = {"user": user, "group": user, "extra_groups": []} if user else {}
    return subprocess.run((CORDON,) + args, capture_output=True, text=True, timeout=300,
                          cwd=WORK, env={"PATH": os.environ["PATH"], "HOME": WORK}, **who)


def probe(user):
    for _ in range(20):  # an evaluation is stopped for its time where the machine has other work
        done = run("tier", "probe", "--format", "json", user=user)
        assert done.returncode == 0, done.stderr
        told = {t["tier"]: t for t in json.loads(done.stdout)["tiers"]}["container"]
        if not told["detail"].startswith("time:"):
            break
    return told


def evaluate(tier, user, *more):
    for _ in range(20):
        done = run("eval", "counts.lua", "-d", "bank.store", "-i", "request.json", "--now",
                   "2026-06-01T00:00:00Z", "--tier", tier, "--format", "ndjson", *more, user=user)
        if '"TIMEOUT"' not in done.stdout:
            break
    return done


def answer(done):
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    return {k: told.get(k) for k in ("outcome", "result", "decision", "reads_digest")}


def bank():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    for args in (("generate", "--out", "bank", "--accounts", "1000", "-q"),
                 ("import", "--schema", "bank/schema.lua", "--out", "bank.store", "bank", "-q")):
        done = run(*args)
        assert done.returncode == 0, done.stderr
    with open(WORK + "/counts.lua", "w") as out:
        out.write(RULE)
    with open(WORK + "/request.json", "w") as out:
        out.write('{"node": "Account:1000001"}')


def names():
    return {f: {n for n in os.listdir(f) if re.match("crun|runc", n)}
            for f in ("/tmp", "/run", "/var/tmp") if os.path.isdir(f)}


def look(user):
    told = probe(user)
    if not told["works"]:
        return told["detail"]
    detail = re.match(r"^(crun|runc) \d+\.\d+\S*: (.*)$", told["detail"])
    check(detail, "the runtime is not named: %s" % told["detail"])
    for lock in IN_FORCE:
        check(lock in detail.group(2).split(", "), "%s is not in force: %s" % (
            lock, told["detail"]))
    here = answer(evaluate("inproc", user))
    for more in ((), ("--slice", "granted"), ("--slice", "hops=2")):
        check(answer(evaluate("container", user, *more)) == here,
              "another answer than without a wall %s" % " ".join(more))
    return None


def main():
    bank()
    before = names()
    why = look(None)
    if why:
        print("SKIPPED: no container wall here: %s" % why)
        return 77
    if os.geteuid() == 0:
        # root's own file, which nobody may read
        folder = os.path.join(WORK, "bank.store")
        files = [os.path.join(folder, n) for n in os.listdir(folder)]
        modes = {f: os.stat(f).st_mode for f in files}
        for file in files:
            os.chmod(file, 0o600)
        done = evaluate("container", None)
        check(done.returncode == 3 and "chmod o+r" in done.stderr, done.stdout + done.stderr)
        answer(evaluate("container", None, "--slice", "granted"))
        for file in files:
            os.chmod(file, modes[file])
        # and without privilege, if somebody else may get at the program at all
        may = subprocess.run(["test", "-x", CORDON], user=65534, group=65534, extra_groups=[],
                             cwd="/").returncode == 0
        why = look(65534) if may else "the program cannot be reached"
        print("without privilege: %s" % (why or "as well"))
    check(names() == before, "left behind: %s, not %s" % (names(), before))
    print("%d checks" % checks)
    return 0


sys.exit(main())
