#!/usr/bin/env python3
"""No command with --tier runs a text in its own process, not even to know what it is called.

  reading.py CORDON WORKER MISBEHAVING WORK

With the worker of the build, texts that are good and texts that are not come to the same answer
behind each wall, word for word.  With one that lies about a file called "lie:N", a command that
believes it did not run the file itself; and one that the worker does not survive is refused."""
import glob
import os
import shutil
import subprocess
import sys

CORDON, WORKER, MISBEHAVING, WORK = (os.path.abspath(p) for p in sys.argv[1:5])
# tests/unit/isolation/misbehaving.h
CRASH, OTHER = 7, 501
RULE = """return {
  name = "honest", decisions = { "allow", "deny" }, fallback = "deny",
  evaluate = function() return { decision = "allow"%s } end,
}
"""
TEXTS = {
    "good": RULE % "",
    "faulty": 'return { name = "x y", params = 3, decisions = { "a", "a" }, evaluate = 4, zz = 1 }\n',
    "syntax": "return {\n  name = \n}\n",
    "raises": "local a = nil\nreturn a.b\n",
    "spins": "while true do end\n",
    "number": "return 4\n",
    "grows": "local t = {}\nfor i = 1, 1e7 do t[i] = {} end\nreturn t\n",
}
checks = failures = 0


def run(*args, worker=WORKER):
    return subprocess.run((CORDON,) + args, capture_output=True, text=True, timeout=300,
                          env=dict(os.environ, CORDON_WORKER=worker))


def check(right, what):
    global checks, failures
    checks += 1
    if not right:
        failures += 1
        print("FAILED: " + what)


def told(done):
    return done.returncode, done.stdout, done.stderr


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    os.chdir(WORK)
    works = [wall for wall in ("process", "container")
             if run("eval", "/dev/null", "--tier", wall).returncode != 5]
    for name, text in TEXTS.items():
        with open(name + ".lua", "w", encoding="ascii") as file:
            file.write(text)
        here = run("check", name + ".lua")
        check((here.returncode == 0) == (name == "good"), "check %s: %r" % (name, told(here)))
        pushed = run("rule", "push", name + ".lua", "--registry", "here.mdb")
        for wall in works:
            there = run("check", name + ".lua", "--tier", wall)
            check(told(there) == told(here), "check %s behind %s: %r where %r"
                  % (name, wall, told(there), told(here)))
            there = run("rule", "push", name + ".lua", "--registry", wall + ".mdb", "--tier",
                        wall)
            check(told(there) == told(pushed), "push %s behind %s: %r where %r"
                  % (name, wall, told(there), told(pushed)))

    # what believes a liar has run nothing itself
    liar, killer = "lie:%d" % OTHER, "lie:%d" % CRASH
    for name in (liar, killer):
        with open(name, "w", encoding="ascii") as file:
            # the liar's contract has no decisions
            file.write((RULE % "").replace('decision = "allow"', "") if name == liar else RULE % "")
    lying = ("--tier", "process")
    done = run("check", liar, *lying, worker=MISBEHAVING)
    check(done.stdout == "%s: ok  liar\n" % liar, "check of a lie: %r" % (told(done),))
    done = run("check", killer, *lying, worker=MISBEHAVING)
    check(done.returncode == 2 and "and was killed" in done.stdout + done.stderr,
          "check of a killer: %r" % (told(done),))
    done = run("check", killer, worker=MISBEHAVING)
    check(done.stdout == "%s: ok  honest\n" % killer, "check without a wall: %r" % (told(done),))
    for args in (("rule", "push", "--registry", "lies.mdb"),
                 ("bench",), ("eval",)):
        done = run(*args, killer, *lying, worker=MISBEHAVING)
        check(done.returncode == 2 and "and was killed" in done.stderr,
              "%s of a killer: %r" % (args, told(done)))
    done = run("rule", "push", liar, "--registry", "lies.mdb", *lying, worker=MISBEHAVING)
    check(": liar version 1 is pushed" in done.stderr, "push of a lie: %r" % (told(done),))

    # a version that is to decide is read, and tried, behind the wall
    for what in ("", ", score = 2"):
        with open("killer.lua", "w", encoding="ascii") as file:
            file.write(RULE % what)
        shutil.copyfile("killer.lua", killer)
        done = run("rule", "push", killer, "--registry", "acts.mdb")
        check(done.returncode == 0, "push: %r" % (told(done),))
    acts = ("--registry", "acts.mdb", "--author", "ann")
    for args in (("rule", "activate", "honest", "1"),):
        done = run(*args, *acts, *lying, worker=MISBEHAVING)
        check(done.returncode == 2 and "and was killed" in done.stderr,
              "%s of a killer: %r" % (args, told(done)))
        done = run(*args, *acts, *lying)
        check(done.returncode == 0, "%s: %r" % (args, told(done)))
    shadow = ("shadow", "start", "honest", "--version", "2")
    done = run(*shadow, *acts, *lying, worker=MISBEHAVING)
    check(done.returncode == 2 and "and was killed" in done.stderr,
          "a shadow that is a killer: %r" % (told(done),))
    done = run(*shadow, *acts, *lying)
    check(done.returncode == 0, "a shadow: %r" % (told(done),))
    canary = ("rollout", "start", "honest", "--version", "2", "--percent", "5", "--no-guard")
    done = run(*canary, *acts, *lying, worker=MISBEHAVING)
    check(done.returncode == 2 and "and was killed" in done.stderr,
          "a canary that is a killer: %r" % (told(done),))
    done = run(*canary, *acts, *lying)
    check(done.returncode == 0, "a canary: %r" % (told(done),))
    done = run("rollout", "promote", "honest", *acts, *lying, worker=MISBEHAVING)
    check(done.returncode == 2 and "and was killed" in done.stderr,
          "promoting a killer: %r" % (told(done),))
    done = run("rollout", "promote", "honest", *acts, *lying)
    check(done.returncode == 0, "promoting: %r" % (told(done),))
    here = run("rule", "diff", "honest", "1", "2", "--registry", "acts.mdb")
    there = run("rule", "diff", "honest", "1", "2", "--registry", "acts.mdb", *lying)
    check(here.stdout and told(there) == told(here), "diff: %r where %r"
          % (told(there), told(here)))
    check(not glob.glob("core*"), "a core was dropped")

    print("%d checks, %d failures; walls: inproc, %s" % (checks, failures, ", ".join(works)))
    return 1 if failures or not checks else 0


if __name__ == "__main__":
    sys.exit(main())
