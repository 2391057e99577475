#!/usr/bin/env python3
"""cordon bench from outside: what is drawn, what it costs, saved and compared.

  bench.py CORDON HERE WORK"""
import json
import os
import re
import shutil
import sys

from checks import Checks

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
rules = os.path.abspath(os.path.join(here, "../../../rules"))
store = os.path.join(work, "store")
base = os.path.join(work, "base.json")
fan_out = os.path.join(rules, "fraud", "fan_out.lua")
checks = Checks(cordon, work)
expect, run = checks.expect, checks.run


def bench(*args, rule=fan_out, data=store, **kw):
    """Far from the time limit, which a busy machine would reach."""
    return run("bench", rule, *(["-d", data] if data else []), "--max-time", "60s", *args, **kw)


def record(*args, **kw):
    return json.loads(bench("--sample", "20", "--repeat", "2", *args, **kw)[0])


def steady(whole):
    """Without what a clock decides."""
    for group in whole["groups"]:
        del group["costs"]["wall_ns"]
    return whole


def groups(whole):
    return {group["degree"]: group for group in whole["groups"]}


def sampled():
    whole = record()
    by_degree = groups(whole)
    expect(whole["schema_version"] == 1 and whole["kind"] == "cordon-bench" and
           whole["rule"] == "fan_out" and whole["generation"] == 1, "what it is: %s" % whole)
    expect(list(by_degree)[-1] == "all" and "10-99" in by_degree and "100-999" in by_degree,
           "classes: %s" % list(by_degree))
    expect(all(g["runs"] == min(20, g["nodes"]) for n, g in by_degree.items() if n != "all"),
           "at most so many of a class")
    expect(by_degree["all"]["nodes"] == 1000 ==
           sum(g["nodes"] for n, g in by_degree.items() if n != "all"), "every node has a class")
    for name, group in by_degree.items():
        expect(group["outcomes"] == {"ok": group["runs"]}, "%s: outcomes %s" % (name, group))
        for cost, figures in group["costs"].items():
            quantiles = [figures[q] for q in ("p50", "p90", "p99", "p999", "max")]
            expect(quantiles == sorted(quantiles) and figures["mean"] <= figures["max"],
                   "%s %s: %s" % (name, cost, figures))
            limit = whole["limits"][cost]
            expect(all(abs(figures["share"][q] * limit - figures[q]) < 1e-6 * limit
                       for q in figures["share"]), "shares of %s %s" % (name, cost))
    expect(by_degree["100-999"]["costs"]["edges"]["p50"] > by_degree["1-9"]["costs"]["edges"]["p50"],
           "edges grow with the degree")
    # the cost of one node is what eval says of it
    node = whole["dearest"]["node"]
    alone = json.loads(run("eval", fan_out, "-d", store, "--node", node, "--now",
                           str(whole["now"]))[0])["usage"]
    cost = whole["dearest"]["cost"]
    expect(alone[cost] == whole["dearest"]["used"] or cost == "memory_bytes",
           "eval of the dearest: %s and %s" % (alone, whole["dearest"]))
    one = record("--node", node)
    expect(one["groups"][0]["costs"]["edges"]["p50"] == alone["edges"] and
           one["sample"]["label"] is None and one["groups"][0]["runs"] == 1, "--node: %s" % one)
    expect(steady(record()) == steady(whole), "the same again")
    expect(record("--seed", "5")["workload"] != whole["workload"], "--seed draws others")
    expect(groups(record("--as-of", "2000-01-01"))["0"]["nodes"] == 1000,
           "before all edges every degree is 0")


def given():
    lines = b'{"node":"Account:1000001"}\n{"node":"Account:1000002","params":{"window":"48h"}}\n'
    whole = record("--input", "-", stdin=lines)
    expect(groups(whole)["all"]["runs"] == 2, "--input: %s" % groups(whole))
    whole = record(rule=os.path.join(here, "rules", "plain.lua"), data=None)
    expect(list(groups(whole)) == ["no subject", "all"] and whole["snapshot_id"] is None,
           "a rule that reads nothing: %s" % list(groups(whole)))
    _, err = bench("--input", "-", stdin=b'{"node":"Account:1000001"}\n{"nod":1}\n', code=3)
    expect("line 2: " in err and "did you mean 'node'" in err, "a bad line: " + err)
    _, err = bench("--input", "-", stdin=b"", code=3)
    expect("has no request" in err, "no line: " + err)
    _, err = bench("--node", "Account:1", code=3)
    expect("no node Account:1" in err, "no such node: " + err)


def compared():
    small = ["--sample", "20", "--repeat", "1"]
    bench(*small, "--save", base)
    with open(base, encoding="utf-8") as file:
        saved = json.load(file)
    expect(steady(json.loads(bench(*small)[0])) == steady(json.loads(json.dumps(saved))),
           "--save has what --format json prints")
    out, _ = bench(*small, "--compare", base, "--format", "pretty")
    expect("compared with %s, the same rule: 0 of the costs changed, 0 grew by more than 10 %%"
           % base in out, "the same: " + out)
    # a rule that reads more: the window's count once again
    with open(fan_out, encoding="utf-8") as file:
        text = file.read()
    at = re.search(r"evaluate *= *function\((\w+), *(\w+)\)\n", text)
    worse = os.path.join(work, "worse.lua")
    with open(worse, "w", encoding="utf-8") as file:
        file.write(text[:at.end()] + '    local _ = %s.node:outgoing("transfer"):sum("amount")\n'
                   % at.group(2) + text[at.end():])
    out, _ = bench(*small, "--compare", base, "--format", "pretty", rule=worse, code=1)
    expect("the same rule" not in out and re.search(r"all +edges read +p50 .* grew\n", out),
           "a regression: " + out)
    whole = json.loads(bench(*small, "--compare", base, "--threshold", "1e9", rule=worse)[0])
    expect(whole["comparison"]["regressions"] == 0 < len(whole["comparison"]["changes"]),
           "--threshold: %s" % whole["comparison"])
    bench(*small, "--compare", base, "--time-threshold", "1e12")
    for group in saved["groups"]:
        for quantile in ("p50", "p90", "p99"):
            group["costs"]["wall_ns"][quantile] = 1
    with open(base + ".fast", "w", encoding="utf-8") as file:
        json.dump(saved, file)
    bench(*small, "--compare", base + ".fast")
    bench(*small, "--compare", base + ".fast", "--time-threshold", "50", code=1)
    for args, message in ((["--seed", "9"], "--seed"), (["--sample", "21"], "--sample"),
                          (["--now", "2026-01-01"], "--now"), (["-p", "window=1h"], "requests")):
        _, err = bench(*(small + args if args[0] != "--sample" else args), "--compare", base,
                       code=3)
        expect("%s: it cannot be compared" % base in err and message in err,
               "%s: %s" % (args, err))
    _, err = bench(*small, "--compare", base, code=3,
                   rule=os.path.join(rules, "fraud", "fan_in.lua"))
    expect("of the rule 'fan_out', not of 'fan_in'" in err, "another rule: " + err)
    for content, message in (("", "JSON"), ("[]", "no saved bench"), ("{", "JSON"),
                             ('{"kind":"cordon-bench","schema_version":9}', "schema_version 9"),
                             ("x" * 2000000, "")):
        path = os.path.join(work, "bad.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        _, err = bench(*small, "--compare", path, code=3)
        expect("bad.json" in err and message in err, "%.40s: %s" % (content, err))
    bench(*small, "--compare", os.path.join(work, "nowhere.json"), code=3)
    bench(*small, "--save", os.path.join(work, "no", "such", "folder.json"), code=3)


def shown():
    out, _ = bench("--sample", "20", "--repeat", "1", "--format", "pretty")
    expect(re.match(r"fan_out  [\d,]+ of 1,000 Account nodes by degree, now 20", out) and
           re.search(r"\n  degree +nodes +runs +p50 +p90 +p99 +p99.9 +max", out) and
           re.search(r"\n  budget +p50 +p90 +p99 +p99.9 +max +limit\n", out) and
           "\n  nearest to a limit: Account:" in out, "pretty: " + out)
    expect(max(len(line) for line in out.splitlines()) <= 110, "pretty is wide: " + out)
    out, _ = bench("--sample", "20", "--repeat", "3", "--format", "gobench")
    lines = out.splitlines()
    expect(lines[0] == "pkg: cordon" and len(lines) > 3, "gobench: " + out)
    for line in lines[1:]:
        name, count, *pairs = line.split("\t")
        expect(re.fullmatch(r"BenchmarkFanOut/degree=(all|0|\d+\.\.\d+)-1", name) and
               int(count) % 3 == 0 and
               all(re.fullmatch(r"[\d.e+]+ [\w.-]+/op", pair) for pair in pairs),
               "gobench: " + line)


def stopped():
    _, err = bench("--sample", "20", "--max-edges", "50", code=4)
    expect(re.search(r"of them at a limit; the first: Account:\d+: edges: ", err), "limit: " + err)
    bad = os.path.join(work, "bad.lua")
    with open(bad, "w", encoding="utf-8") as file:
        file.write('return { name = "bad", description = "Fails", fallback = "review",\n'
                   '  decisions = { "allow", "review" }, reads = { Account = {} },\n'
                   '  evaluate = function() error("no\\27[31m") end }\n')
    out, err = bench("--sample", "5", "--format", "pretty", rule=bad, code=1)
    expect("5 of 5 runs did not end well, 0 of them at a limit" in err and "\033" not in err + out,
           "an error: " + err)
    both = os.path.join(work, "both.lua")
    with open(both, "w", encoding="utf-8") as file:
        file.write('return { name = "both", description = "Reads two", fallback = "review",\n'
                   '  decisions = { "allow", "review" }, reads = { Account = {}, Person = {} },\n'
                   '  evaluate = function() return { decision = "allow" } end }\n')
    _, err = bench(rule=both, code=2)
    expect("the rule reads Account, Person; which is its subject?" in err, "which: " + err)
    expect(groups(record("--label", "Person", rule=both))["all"]["nodes"] > 0, "--label")
    _, err = bench("--label", "Nobody", rule=both, code=2)
    expect("no label 'Nobody'" in err, "no such label: " + err)


def misused():
    run("bench", code=2)
    run("bench", fan_out, fan_out, "-d", store, code=2)
    bench(os.devnull, code=2)
    for args in (["--sample", "0"], ["--sample", "1e9"], ["--repeat", "0"], ["--threshold", "5"],
                 ["--compare", base, "--threshold=-5"], ["--format", "csv"], ["--seed", "1e19"],
                 ["--label", "Account", "--node", "Account:1"],
                 ["--node", "Account:1", "--input", "-"]):
        bench(*args, code=2)
    bench(rule="nowhere.lua", code=2)
    bench(data=os.path.join(work, "nowhere"), code=3)
    bench(data=None, code=2)
    bench(rule=os.path.join(here, "rules", "syntax.lua"), code=2)


shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
run("generate", "--out", "bank", "--accounts", "1000", "-q")
run("import", "--schema", "bank/schema.lua", "--out", "store", "bank", "-q")
for test in (sampled, given, compared, shown, stopped, misused):
    test()
sys.exit(checks.close())
