#!/usr/bin/env python3
"""cordon test from outside: what passes, fails, is skipped and does not load, in each format;
golden results, coverage, order, watching, and hostile test files.

  run.py CORDON HERE WORK"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as xml

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
failures = checks = 0


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, code=0, cwd=None):
    done = subprocess.run([cordon, "test", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, cwd=cwd or work)
    out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, out[-2000:], err[-2000:]))
    expect("Sanitizer" not in err, "%s: %s" % (args, err[-3000:]))
    return out, err


def write(name, text):
    path = os.path.join(work, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(name):
    with open(os.path.join(work, name), encoding="utf-8") as file:
        return file.read()


def fresh():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    for name in ("project", "failing"):
        shutil.copytree(os.path.join(here, name), os.path.join(work, name))


def tests_of(report, index=0):
    return {test["name"]: test for test in report["files"][index]["tests"]}


# ---- what passes --------------------------------------------------------------------------

def passing():
    golden = "project/rules/velocity_test.golden.json"
    out, _ = run("project", code=1)
    expect("there is no golden result; --update keeps this one" in out, out)
    out, _ = run("project", "--update")
    expect("7 passed, 2 skipped, 1 golden result written" in out, out)
    kept = json.loads(read(golden))
    expect(kept["golden"] == {"velocity allows them otherwise": {
        "outcome": "ok", "decision": "allow", "score": 0.2, "reasons": ["2 transfers"],
        "output": {"sum": 912.5}}}, kept)
    before = read(golden)
    out, _ = run("project", "--update")
    expect("written" not in out and read(golden) == before, "an update that changes nothing")
    run("project")
    run("project/rules/velocity.lua")          # the rule stands for its test
    run("project/rules/velocity_test.lua", "project")
    run(cwd=os.path.join(work, "project"))
    write(golden, before.replace("912.5", "912.6"))
    out, _ = run("project", code=1)
    expect('"sum": 912.6' in out and '"sum": 912.5' in out and "not the golden result" in out, out)
    write(golden, before[:40])
    out, _ = run("project", code=1)
    expect("velocity_test.golden.json" in out, out)
    write(golden, before.replace('"velocity allows', '"nobody\'s": 1, "velocity allows'))
    run("project")
    run("project", "--update", "-r", "denies")
    expect("nobody" in read(golden), "results of tests that did not run stay")
    run("project", "--update")
    expect(read(golden) == before, "results that no test uses go")


def selecting():
    out, _ = run("project", "-r", "^velocity (denies|sees)", "-v")
    expect("2 passed, 0 failed, 0 skipped, 7 not run" in out and "sees nothing later" in out, out)
    out, _ = run("project", "--tags", "fast")
    expect("1 passed" in out, out)
    out, _ = run("project", "--tags", "fas", "--fail-on-empty", code=1)
    out, _ = run("project", "-r", "(", code=2)
    run("nowhere", code=3)
    run("project", "--threshold", "5", code=2)
    out, err = run("project/schemas")
    expect("no test was found" in err and "0 passed" in out, out + err)
    run("project/schemas", "--fail-on-empty", code=1)
    plain = re.sub(r"\(.*?\)", "", run("project")[0])
    for more in (["-p", "1"], ["-p", "4"], ["--shuffle"], ["--shuffle", "--seed", "7"], ["--repeat", "3"]):
        expect(re.sub(r"\(.*?\)", "", run("project", *more)[0]) == plain, "%s changes the answer" % more)
    run("project", "--as-of", "2026-11-24T09:00Z", "-r", "ring")


# ---- what fails ---------------------------------------------------------------------------

def failing():
    out, _ = run("failing", code=1)
    for text in (
            "failing/velocity_test.lua:15: the decision\n          expected  \"deny\"\n"
            "          actual    \"allow\"\n          answer    decision allow, score 0.1, ",
            "failing/velocity_test.lua:18: not as expected", "19: caught as well",
            "at most 5 instructions", "dearest   failing/../project/rules/velocity.lua:",
            "velocity_test.lua:27: attempt to index field 'nothing'", "printed   seen  allow",
            r"an object\x1b[31m",
            "failing/velocity_test.lua:5:16: 'amout' is no property; write name=value",
            "'/etc/passwd' is no file's name as a test may give it",
            "lies outside of " + work,
            "the test itself was stopped: instructions", "stack overflow",
            "there is no golden result", "warning: no assertion"):
        expect(text in out, "%r is not in\n%s" % (text, out[:6000]))
    expect("\033" not in out and len(out) < 200000, "escapes, or too much")
    report = json.loads(run("failing", "-o", "json", code=1)[0])
    tests = tests_of(report)
    expect(report["schema_version"] == 1 and report["failed"] == 14 and report["passed"] == 1, report)
    expect(len(tests["test_caught"]["failures"]) == 2, tests["test_caught"])
    expect(tests["test_decision"]["failures"][0]["expected"] == '"deny"' and
           tests["test_decision"]["line"] == 14, tests["test_decision"])
    expect(tests["test_nothing"]["verdict"] == "passed" and
           tests["test_nothing"]["assertions"] == 0, tests["test_nothing"])
    expect(len(tests["test_huge"].get("printed", "")) <= 70000, "what is printed is bounded")
    out, _ = run("failing", "--fail-fast", code=1)
    expect("0 passed, 1 failed, 0 skipped, 14 not run" in out, out)
    again = [run("failing", "project", "--fail-fast", "-p", str(n), code=1)[0] for n in (1, 2, 4)]
    again = [re.sub(r"\(\d.*?\)", "", text) for text in again]
    expect(again[0] == again[1] == again[2], "--fail-fast differs with --parallel: %s" % again)


def loading():
    write("broken/a_test.lua", "it('x', function()\n  oops(\n")
    write("broken/b_test.lua", "local x = = 1\n")
    write("broken/c_test.lua", "error('at load')\n")
    write("broken/d_test.lua", "while true do end\n")
    write("broken/e_test.lua", "function test_x() evaluate {} end\n")
    write("broken/f_test.lua", "function test_x() evaluate {} end\n")
    write("broken/f.lua", "return { name = 'f' }\n")
    write("broken/g_test.lua", "return 1\n")
    out, _ = run("broken", code=2)
    for text in ("broken/a_test.lua:", "broken/b_test.lua:1: error: ", "broken/c_test.lua:1: error: at load",
                 "broken/d_test.lua:1: error: the file runs more than", "there is no e.lua beside the test",
                 "broken/f.lua:1: ", "a test file returns nothing"):
        expect(text in out, "%r is not in\n%s" % (text, out))
    report = json.loads(run("broken", "-o", "json", code=2)[0])
    expect(report["files_not_loaded"] >= 5, report)


# ---- formats ------------------------------------------------------------------------------

def formats():
    out, _ = run("failing", "project", "-o", "tap", code=1)
    lines = out.splitlines()
    expect(lines[0] == "TAP version 13" and lines[1] == "1..24", lines[:2])
    numbers = [int(m.group(1)) for m in re.finditer(r"(?m)^(?:not )?ok (\d+) - ", out)]
    expect(numbers == list(range(1, 25)), numbers)
    expect(r"has a name with \# < &" in out and "# SKIP pending" in out, out)
    expect(out.count("\n  ---\n") == out.count("\n  ...\n") == 15, "yaml blocks")
    tree = xml.fromstring(run("failing", "project", "-o", "junit", code=1)[0])
    cases = tree.findall("testsuite/testcase")
    expect(tree.tag == "testsuites" and len(cases) == 24 and tree.get("failures") == "14", tree.attrib)
    expect(sum(case.find("failure") is not None for case in cases) == 14, "failed cases")
    expect(sum(case.find("skipped") is not None for case in cases) == 2, "skipped cases")
    expect(any(case.get("name") == 'has a name with # < & " %' for case in cases), "names are escaped")
    out, _ = run("failing", "-o", "github", code=1)
    expect("::error file=failing/velocity_test.lua,line=15,title=test_decision::the decision%0Aexpected "
           in out, out)
    expect("%25" in out and "::warning file=failing/velocity_test.lua,line=" in out, out)


def coverage():
    out, err = run("project", "--coverage", "--threshold", "90", code=1)
    expect(re.search(r"coverage  project/rules/velocity.lua: \d+ of \d+ lines \(\d\d\.\d %\), \d of \d branches", out)
           and "lines never run: 14" in out and "below the threshold of 90 %" in err, out + err)
    run("project", "--coverage", "--threshold", "50")
    report = json.loads(run("project", "--coverage", "-o", "json")[0])["coverage"]
    expect(report["rules"][0]["never_run"] == [14] and report["branches_run"] < report["branches"], report)
    several = [json.loads(run("project", "project/rules", "--coverage", "-o", "json", "-p", n)[0])["coverage"]
               for n in ("1", "4")]
    expect(several[0] == several[1], "coverage is the same whatever runs at once")


def watching():
    watch = subprocess.Popen([cordon, "test", "project", "-w"], cwd=work, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    seen = b""
    changed = False
    while True:
        seen += os.read(watch.stdout.fileno(), 65536)
        if seen.count(b"waiting for changes") == 1 and not changed:
            changed = True
            write("project/rules/velocity_test.lua", read("project/rules/velocity_test.lua") +
                  "\nfunction test_more() assert(true) end\n")
        if seen.count(b"waiting for changes") == 2:
            break
    watch.send_signal(signal.SIGINT)
    expect(watch.wait() == 130, "exit %s of an interrupted watch" % watch.returncode)
    expect(b"7 passed" in seen and b"8 passed" in seen, seen)


fresh()
passing()
selecting()
failing()
loading()
formats()
coverage()
watching()
print("%d checks, %d failures" % (checks, failures))
sys.exit(failures != 0)
