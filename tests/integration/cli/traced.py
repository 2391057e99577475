#!/usr/bin/env python3
"""cordon eval --explain, --profile and --coverage from outside.

  traced.py CORDON HERE WORK [--update]

HERE is as for run.py.  --update writes what is shown into golden/ anew; read the difference
before you commit it."""
import json
import os
import re
import shutil
import sys

from checks import Checks

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
update = "--update" in sys.argv
store = os.path.join(work, "store")
checks = Checks(cordon, here)
expect, run = checks.expect, checks.run


def ways(*args, **kw):
    return run("eval", "rules/ways.lua", "-d", store, "--now", "2026-01-06", *args, **kw)


def golden(name, text):
    path = os.path.join(here, "golden", name)
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    expect(text == wanted, "golden/%s differs\n--- wanted\n%s--- got\n%s" % (name, wanted, text))


def line_of(text):
    """The number of the rule's only line with this text."""
    with open(os.path.join(here, "rules/ways.lua"), encoding="utf-8") as file:
        found = [number for number, line in enumerate(file, 1) if text in line]
    assert len(found) == 1, text
    return found[0]


def explained():
    out, _ = ways("--node", "Account:1", "--format", "pretty", "--explain", "full")
    golden("traced-explain.txt", out)
    expect(max(len(line) for line in out.splitlines()) <= 100, "explained in 100 columns")
    expect("\033" not in out, "no colour where it is not asked for")
    colored, _ = ways("--node", "Account:1", "--format", "pretty", "--explain", "full",
                      "--color", "always")
    expect(re.sub(r"\033\[[0-9;]*m", "", colored) == out, "colour changes nothing else")
    plain, _ = ways("--node", "Account:1", "--format", "pretty")
    expect(out.startswith(plain), "the answer is the same")
    off, _ = ways("--node", "Account:1", "--format", "pretty", "--explain", "off")
    expect(off == plain, "--explain off")

    record = json.loads(ways("--node", "Account:1", "--explain", "full")[0])
    explain = record["explain"]
    steps = [step["line"] for step in explain["steps"]]
    expect(not explain["truncated"] and explain["digest"] == record["digest"], str(explain))
    expect(steps.count(line_of("last = edge.target")) == 3, "steps in order: %s" % steps)
    expect(line_of('decision = "allow"') not in steps, "a branch that is not taken: %s" % steps)
    values = {(value["name"], value["value"]) for value in explain["values"]}
    expect({("node", "Account:1"), ("name", "Ada"), ("most", "100"), ("decision", "deny")} <= values,
           str(values))
    reads = explain["reads"]
    expect([read["method"] for read in reads] == ["each", "count"], str(reads))
    expect(reads[0]["refined"] == "amount > 5, latest 3" and reads[0]["kept"] == 3 and
           reads[0]["direction"] == "outgoing" and reads[0]["to"] == 1767657600000, str(reads))
    expect(sum(read["edges"] for read in reads) == record["usage"]["edges"], str(reads))
    expect(all(steps[read["step"]] in (line_of("for edge in"), line_of("recent:count()"))
               for read in reads), str(reads))


def fails():
    out, _ = ways("--node", "Account:1", "--format", "pretty", "--explain", "fails")
    expect("explained" not in out, "--explain fails of what does not: " + out)
    out, _ = ways("--node", "Account:1", "--format", "pretty", "--explain", "fails", "-p",
                  "fail=true", code=1)
    golden("traced-fails.txt", out)
    requests = b'{"node": "Account:1"}\n{"node": "Account:2", "params": {"fail": true}}\n{"node": 7}\n'
    lines = ways("--input", "-", "--explain", "fails", stdin=requests, code=3)[0].splitlines()
    expect(["explain" in json.loads(line) for line in lines] == [False, True, False], str(lines))
    stopped = json.loads(ways("--node", "Account:1", "--explain", "fails", "--max-edges", "2",
                              code=4)[0])
    last = stopped["explain"]["steps"][-1]["line"]
    expect(last == stopped["error"]["line"], "the last step is where it was stopped: %s" % stopped)


def profiled():
    record = json.loads(ways("--node", "Account:1", "--profile")[0])
    lines = record["profile"]["lines"]
    for kind in ("instructions", "edges", "nodes"):
        expect(sum(line[kind] for line in lines) == record["usage"][kind],
               "%s of all lines: %s" % (kind, lines))
    expect(lines == sorted(lines, key=lambda line: (-line["instructions"], line["line"])),
           "dearest first: %s" % lines)
    expect({line["line"]: line["hits"] for line in lines}[line_of("for edge in")] == 4, str(lines))
    ten = json.loads(ways("--node", "Account:1", "--profile", "--count", "10")[0])["profile"]
    expect(ten["runs"] == 10 and [10 * line["instructions"] for line in lines] ==
           [line["instructions"] for line in ten["lines"]], "ten runs: %s" % ten)
    out, _ = ways("--node", "Account:1", "--format", "pretty", "--profile")
    expect(re.search(r"(?m)^profile  rules/ways.lua, 1 run\n  instructions +share +edges", out) and
           re.search(r"(?m)^ +\d+ +\d+\.\d % +\d+ +\d+ +\S+(?: [num]?s)? +\d+ +\d+  for edge in", out),
           "profile: " + out)
    expect(max(len(line) for line in out.splitlines()) <= 100, "profile in 100 columns: " + out)


def covered():
    out, _ = ways("--node", "Account:1", "--format", "pretty", "--coverage")
    golden("traced-coverage.txt", out)
    expect(max(len(line) for line in out.splitlines()) <= 100, "coverage in 100 columns")
    requests = b"".join(b'{"node": "Account:%d"}\n' % i for i in (1, 2, 3))
    lines = ways("--input", "-", "--coverage", "--profile", stdin=requests)[0].splitlines()
    expect(len(lines) == 4 and all("coverage" not in json.loads(line) for line in lines[:3]),
           "one more record: %s" % lines)
    total = json.loads(lines[3])
    coverage = total["coverage"]
    expect(set(total) == {"schema_version", "profile", "coverage"} and coverage["runs"] == 3, lines[3])
    never = [hit["line"] for hit in coverage["hits"] if not hit["hits"]]
    expect(never == [line_of('error("asked')], "never: %s" % never)
    expect(coverage["lines_run"] == coverage["lines"] - 1, str(coverage))
    ways_of = {branch["line"]: {way["to"]: way["times"] for way in branch["ways"]}
               for branch in coverage["branch_hits"]}
    expect(ways_of[line_of("if recent:count()")] ==
           {line_of('decision = "allow"'): 1, line_of("elseif most"): 2}, str(ways_of))
    expect(coverage["branches_run"] == coverage["branches"] - 1, str(coverage))
    array = json.loads(ways("--input", "-", "--format", "json", "--coverage", stdin=requests)[0])
    expect(len(array["results"]) == 3 and array["coverage"] == coverage, "as one JSON text")
    array = json.loads(ways("--input", "-", "--format", "json", stdin=requests)[0])
    expect(set(array) == {"schema_version", "results"}, "as before without")
    _, err = ways("--input", "nowhere.ndjson", "--format", "json", "--coverage", code=3)
    expect("nowhere.ndjson" in err, err)


def same():
    """Nothing that is answered, charged or recorded changes."""
    def stable(text):
        record = json.loads(text)
        record.pop("explain", None)
        for name in ("wall_ns", "native_ns", "memory_bytes"):
            record["usage"].pop(name)
        return record

    requests = b"".join(b'{"node": "Account:%d", "params": {"fail": %s}}\n' % (i, fail)
                        for i in (1, 2, 3) for fail in (b"true", b"false"))
    plain = ways("--input", "-", stdin=requests, code=1)[0].splitlines()
    traced = ways("--input", "-", "--explain", "full", "--coverage", "--profile", stdin=requests,
                  code=1)[0]
    expect(len(plain) == 6 and traced.count("\n") == 7, traced)
    for one, other in zip(plain, traced.splitlines()):
        expect("explain" in other and stable(one) == stable(other), "%s\n%s" % (one, other))


def masked():
    """The key of an account is hashed for this principal, and its name redacted."""
    principal = ["--principal", "masked", "--policy", "policies/good.lua"]
    record = json.loads(run("eval", "rules/sent.lua", "-d", store, "--node", "Account:1", "--now",
                            "2026-01-06", "--explain", "full", *principal)[0])
    shown = json.dumps(record["explain"])
    expect("Ada" not in shown and "Account:1\"" not in shown, shown)
    key = record["result"]["output"]["key"]
    expect(len(key) == 32 and record["explain"]["reads"][0]["node"] == "Account:" + key, shown)


def registered():
    """A rule of the registry: its text is the version's that ran."""
    run("rule", "push", "rules/ways.lua", "-d", store, "--author", "ann", "--reason", "first")
    run("rule", "activate", "ways", "1", "-d", store, "--author", "ann", "--reason", "first")
    out, _ = run("eval", "ways", "-d", store, "--now", "2026-01-06", "--node", "Account:1",
                 "--format", "pretty", "--explain", "full", "--coverage")
    expect("explained  ways: " in out and "for edge in edges:each() do" in out and
           re.search(r"coverage  ways, 1 run: \d+ of \d+ lines", out), out)


def usage():
    for args, message in ((["--explain", "all"], "off"), (["--explain"], "--explain needs a value")):
        _, err = ways("--node", "Account:1", *args, code=2)
        expect(message in err, "%s: %s" % (args, err))


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    run("import", "--schema", "data/schema.lua", "--out", store, "-q", "data")
    for part in (explained, fails, profiled, covered, same, masked, registered, usage):
        part()
    return checks.close()


sys.exit(main())
