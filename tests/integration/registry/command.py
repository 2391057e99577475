#!/usr/bin/env python3
"""The commands on a registry, from outside: what they do, print and refuse.

  command.py CORDON DATA WORK

DATA has a small graph (schema.lua and its files).  What a whole session prints is shown, and
run, in src/engine/README.md; here are the corners."""
import json
import os
import pty
import select
import shutil
import subprocess
import sys

cordon, data, work = (os.path.abspath(p) for p in sys.argv[1:4])
store = os.path.join(work, "store")
failures = checks = 0
environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI", "TERM")}


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, code=0, where=None):
    """Standard output and error of a command that ends as expected."""
    args = [*args, "-d", where or store]
    done = subprocess.run([cordon, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=work, env=environment)
    out, err = done.stdout.decode(), done.stderr.decode()
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, out[-1500:], err[-1500:]))
    expect("Sanitizer" not in err, "%s: %s" % (args, err[-3000:]))
    return out, err


def refused(text, *args, code):
    _, err = run(*args, code=code)
    expect(text in err, "%s: %r is not in %s" % (" ".join(args), text, err))


def asked(*args):
    """The record a command prints as JSON."""
    out, _ = run(*args, "--format", "ndjson")
    expect(out.count("\n") == 1, "%s: %s" % (args, out))
    return json.loads(out)


def standing(name="velocity"):
    return asked("rule", "show", name)["standing"]


def write(name, text):
    with open(os.path.join(work, name), "w", encoding="utf-8") as file:
        file.write(text)


def rule(name, reads="Account = {}", score=1, extra=""):
    return """return { name = "%s", reads = { %s }, decisions = { "allow", "deny" }, fallback = "deny", %s
  evaluate = function(graph, request)
    return { decision = "allow", score = %s }
  end }
""" % (name, reads, extra, score)


def pushing():
    write("velocity.lua", rule("velocity"))
    refused("there is no registry", "rule", "list", code=3)
    first = asked("rule", "push", "velocity.lua", "--author", "ann", "--reason", "why", "--dry-run")
    expect(first["dry_run"] and first["versions"][0]["version"] == 1, str(first))
    expect(asked("rule", "list")["objects"] == [], "a dry run pushed something")
    first = asked("rule", "push", "velocity.lua", "--author", "ann", "--reason", "why")["versions"][0]
    expect((first["name"], first["version"], first["new"], first["author"], first["reason"], first["file"]) ==
           ("velocity", 1, True, "ann", "why", "velocity.lua"), str(first))
    again = asked("rule", "push", "velocity.lua", "--author", "ben")["versions"][0]
    expect((again["version"], again["new"], again["author"]) == (1, False, "ann"), str(again))

    write("broken.lua", "return {\n  name = 'broken',\n  evaluate = 7,\n}\n")
    refused("broken.lua:1", "rule", "push", "broken.lua", code=2)
    write("syntax.lua", "return {\n  name = \n}\n")
    refused("syntax.lua:3", "rule", "push", "syntax.lua", code=2)
    refused("no rule given", "rule", "push", code=2)
    refused("cannot open gone.lua", "rule", "push", "gone.lua", code=3)
    write("set.lua", "return { name = 'payments', decisions = { 'a', 'b' }, rules = { 'velocity' } }")
    expect(asked("rule", "push", "--set", "set.lua")["versions"][0]["kind"] == "set", "no set")
    write("set.lua", "return { name = 'velocity', decisions = { 'a', 'b' }, rules = { 'x' } }")
    refused("'velocity' is a rule already", "rule", "push", "--set", "set.lua", code=2)
    write("set.lua", "return { rules = {} }")
    refused("'name' is missing", "rule", "push", "--set", "set.lua", code=2)

    for line, text in (("{", "wrong_cases.ndjson:2"), ("{}", "a case needs \"expect\""),
                       ('{"expect": {}}', "a case needs \"expect\""),
                       ('{"nod": "A:1", "expect": {"score": 1}}', "did you mean 'node'?"),
                       ('{"expect": {"decison": "x"}}', "did you mean 'decision'?"),
                       ('{"expect": {"score": "x"}}', "expect.score must be a number"),
                       ('{"expect": {"max_edges": -1}}', "expect.max_edges must be an integer from 0"),
                       ('{"expect": {"truncated": 1}}', "expect.truncated must be true or false"),
                       ('{"expect": {"outcome": null}}', "expect.outcome must be a string"),
                       ('{"expect": {"decision": 1}}', "expect.decision must be a string, or null")):
        write("wrong.lua", rule("wrong"))
        write("wrong_cases.ndjson", '{"expect": {"score": 1}}\n' + line + "\n")
        refused(text, "rule", "push", "wrong.lua", code=3)
    expect([o["name"] for o in asked("rule", "list")["objects"]] == ["payments", "velocity"], "more was pushed")
    refused("belongs to one rule", "rule", "push", "velocity.lua", "wrong.lua", "--cases", "x", code=2)
    refused("cannot open x", "rule", "push", "velocity.lua", "--cases", "x", code=3)


def activating():
    expect(asked("rule", "activate", "velocity", "--dry-run")["active"] == 0, "a dry run activated")
    after = asked("rule", "activate", "velocity", "1", "--author", "ann")
    expect((after["state"], after["active"], after["dry_run"]) == ("active", 1, False), str(after))
    # reads what the snapshot does not have: it may be pushed, not activated
    write("velocity.lua", rule("velocity", reads="Acount = {}"))
    run("rule", "push", "velocity.lua")
    refused("Acount", "rule", "activate", "velocity", code=2)
    # every kind of expectation, met and missed
    write("velocity.lua", rule("velocity", score=2))
    good = ('{"node": "Account:1", "expect": {"decision": "allow", "score": 2.0, "outcome": "ok", '
            '"truncated": false, "max_edges": 0, "max_instructions": 1000}}\n\n')
    write("velocity_cases.ndjson", good)
    run("rule", "push", "velocity.lua")
    _, err = run("rule", "activate", "velocity")
    expect("version 3 decides; its 1 case passed" in err, err)
    for number, (given, told) in enumerate((
            ('"decision": "deny"', "the decision is allow, expected deny"),
            ('"decision": null', "the decision is allow, expected none"),
            ('"score": 3', "score is 2, expected 3"),
            ('"outcome": "limit"', "the outcome is ok, expected limit"),
            ('"truncated": true', "it was not truncated"),
            ('"max_instructions": 0', "expected at most 0"))):
        write("velocity_cases.ndjson", good + '{"expect": {%s}}\n' % given)
        run("rule", "push", "velocity.lua")
        _, err = run("rule", "activate", "velocity", code=1)
        expect("case on line 3: " in err and told in err, "%s: %s" % (given, err))
        expect("1 of the 2 cases" in err, err)
        expect(standing()["active"] == 3 and standing()["newest"] == 4 + number, str(standing()))
    write("velocity_cases.ndjson", '{"node": "Account:nobody", "expect": {"decision": "allow"}}\n')
    run("rule", "push", "velocity.lua")
    _, err = run("rule", "activate", "velocity", code=1)
    expect("no node Account:nobody" in err, err)
    refused("no version 99", "rule", "activate", "velocity", "99", code=3)
    refused("did you mean 'velocity'?", "rule", "activate", "velocty", code=3)
    refused("the version:", "rule", "activate", "velocity", "x", code=2)


def sets():
    """A set's cases are judged by the active versions of its rules."""
    write("pair.lua", "return { name = 'pair', decisions = { 'allow', 'deny' }, rules = { 'velocity', 'nobody' } }")
    write("pair_cases.ndjson", '{"expect": {"decision": "allow", "score": 2, "max_edges": 0}}\n')
    run("rule", "push", "--set", "pair.lua")
    _, err = run("rule", "activate", "pair")
    expect("'pair' names nobody, and no version of a rule of that name decides" in err, err)
    expect("version 1 decides; its 1 case passed" in err, err)
    for number, (given, told) in enumerate((
            ('"decision": "deny"', "the decision is allow, expected deny"),
            ('"score": 3', "score is 2, expected 3"),
            ('"max_instructions": 0', "expected at most 0"),
            ('"outcome": "ok"', "'outcome' is expected, which a set does not have"))):
        write("pair_cases.ndjson", '{"expect": {%s}}\n' % given)
        run("rule", "push", "--set", "pair.lua")
        _, err = run("rule", "activate", "pair", code=1)
        expect("case on line 1: " in err and told in err, "%s: %s" % (given, err))
        expect(standing("pair")["active"] == 1 and standing("pair")["newest"] == 2 + number, str(standing("pair")))
    run("rule", "pause", "pair", "--author", "ann", "--reason", "too many")
    out, _ = run("set", "eval", "pair", "--format", "pretty", code=1)
    expect("'pair' is paused by ann: too many" in out, out)
    out, _ = run("set", "eval", "pair", "--format", "ndjson", code=1)
    expect(json.loads(out)["message"] == "'pair' is paused by ann: too many", out)
    run("rule", "resume", "pair")
    refused("'pair' is a set; a rollout is of a rule", "rollout", "start", "pair", "--percent", "5", code=2)
    refused("'pair' is a set; a shadow is of a rule", "shadow", "start", "pair", code=2)


def states():
    refused("only what is active can be paused", "rule", "pause", "payments", code=2)
    before = standing()["revision"]
    _, err = run("rule", "pause", "velocity", "--dry-run")
    expect("would be: paused at version 3" in err and standing()["revision"] == before, err)
    refused("was changed meanwhile", "rule", "pause", "velocity", "--expect-revision", str(before - 1), code=3)
    expect(asked("rule", "pause", "velocity", "--expect-revision", str(before))["state"] == "paused", "not paused")
    expect(asked("rule", "resume", "velocity")["state"] == "active", "not resumed")
    expect(asked("rule", "rollback", "velocity")["active"] == 1, "not rolled back")
    refused("nothing to roll back to", "rule", "rollback", "velocity", code=2)
    run("rule", "activate", "velocity", "3")
    refused("say --yes", "rule", "kill", "velocity", code=2)
    refused("say --yes", "rule", "kill", "velocity", "--no-input", code=2)
    expect(standing()["state"] == "active", "killed without a word")
    run("rule", "kill", "velocity", "--dry-run")
    for word, state in (("n", "active"), ("yes", "killed")):
        expect(answering(word, "rule", "kill", "velocity", "-d", store) == 0, "kill on a terminal")
        expect(standing()["state"] == state, "%s: %s" % (word, standing()))
    refused("activate a version or roll back", "rule", "resume", "velocity", code=2)
    refused("an author must be one line", "rule", "rollback", "velocity", "--author", "a\nb", code=2)
    expect(asked("rule", "rollback", "velocity")["state"] == "active", "rollback of what was killed")
    run("rule", "activate", "velocity", "3")


def answering(word, *args):
    """A command on a terminal whose question is answered; its exit code."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(work)
        os.execve(cordon, [cordon, *args], environment)
    text = b""
    while b"[y/N]" not in text and select.select([fd], [], [], 60)[0]:
        try:
            text += os.read(fd, 1000)
        except OSError:
            break
    os.write(fd, word.encode() + b"\n")
    while True:
        try:
            if not os.read(fd, 1000):
                break
        except OSError:
            break
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def rollouts():
    refused("has no rollout", "rollout", "set", "velocity", "--percent", "5", code=2)
    refused("has no rollout", "rollout", "promote", "velocity", code=2)
    refused("has no rollout", "rollout", "abort", "velocity", code=2)
    refused("say --percent", "rollout", "start", "velocity", code=2)
    for wrong in ("0", "100.5", "0.001", "-1"):
        refused("", "rollout", "start", "velocity", "--percent=" + wrong, code=2)
    refused("is the active one", "rollout", "start", "velocity", "--version", "3", "--percent", "5", code=2)
    _, err = run("rollout", "start", "velocity", "--version", "4", "--percent", "5", code=1)
    expect("cases of 'velocity' version 4 failed" in err, err)
    after = asked("rollout", "start", "velocity", "--version", "1", "--percent", "2.5", "--max-error-rate",
                  "0.01", "--max-p99-ratio", "1.5", "--min-samples", "500")
    expect(after["variants"] == [{"version": 1, "kind": "canary", "percent": 2.5}], str(after))
    expect(after["guard"] == {"min_samples": 500, "max_error_rate": 0.01, "max_limit_rate": 0,
                              "max_p99_ratio": 1.5, "max_drift": 0}, str(after))
    refused("has a rollout", "rollout", "start", "velocity", "--version", "1", "--percent", "5", code=2)
    after = asked("rollout", "set", "velocity", "--max-drift", "0.2")
    expect(after["variants"][0]["percent"] == 2.5 and after["guard"]["max_drift"] == 0.2 and
           after["guard"]["min_samples"] == 500, str(after))
    refused("runs a canary, which --arm does not change", "rollout", "set", "velocity", "--arm", "1=5", code=2)
    after = asked("rollout", "set", "velocity", "--percent", "50", "--no-guard")
    expect(after["variants"][0] == {"version": 1, "kind": "canary", "percent": 50} and "guard" not in after,
           str(after))
    expect(asked("rollout", "status")["rollouts"] == [standing()], "status")
    expect(asked("rollout", "abort", "velocity")["variants"] == [], "not aborted")
    refused("VERSION=PERCENT", "rollout", "start", "velocity", "--arm", "3", code=2)
    refused("excludes", "rollout", "start", "velocity", "--arm", "1=5", "--percent", "5", code=2)
    after = asked("rollout", "start", "velocity", "--arm", "1=33.33")
    expect(after["variants"] == [{"version": 1, "kind": "arm", "percent": 33.33}], str(after))
    refused("runs arms, which --percent does not change", "rollout", "set", "velocity", "--percent", "5", code=2)
    after = asked("rollout", "promote", "velocity", "--version", "1")
    expect((after["active"], after["previous"], after["variants"]) == (1, 3, []), str(after))


def shadows():
    refused("is the active one", "shadow", "start", "velocity", "--version", "1", code=2)
    asked("shadow", "start", "velocity", "--version", "4", "--sample-rate", "0.1")
    after = asked("shadow", "start", "velocity", "--version", "3", "--reason", "compare", "--author", "eve")
    expect(after["shadows"] == [{"version": 4, "sample_rate": 0.1}, {"version": 3, "sample_rate": 1}], str(after))
    report = asked("shadow", "report")["shadows"]
    expect(report[0]["since"]["author"] == "eve" and report[0]["since"]["reason"] == "compare", str(report))
    refused("runs in no shadow", "shadow", "stop", "velocity", "--version", "2", code=2)
    expect(asked("shadow", "stop", "velocity", "--version", "4")["shadows"] ==
           [{"version": 3, "sample_rate": 1}], "the wrong one stopped")
    expect(asked("shadow", "stop", "velocity")["shadows"] == [], "not stopped")
    for rate in ("2", "0", "0.00001", "0.12345"):
        refused("--sample-rate takes 0.0001 to 1, in ten-thousandths", "shadow", "start", "velocity",
                "--sample-rate", rate, code=2)
    asked("shadow", "start", "velocity", "--version", "3")
    asked("shadow", "start", "velocity", "--version", "4")
    asked("rule", "pause", "velocity")
    expect(len(asked("shadow", "stop", "velocity", "--version", "4")["shadows"]) == 1, "stopped while paused")
    refused("needs an active version", "shadow", "start", "velocity", "--version", "4", code=2)
    asked("shadow", "stop", "velocity")
    asked("rule", "resume", "velocity")


def telling():
    changes = asked("rule", "history")["changes"]
    expect([c["sequence"] for c in changes] == list(range(len(changes), 0, -1)), "history has gaps")
    expect(changes[-1]["action"] == "push" and changes[-1]["author"] == "ann", str(changes[-1]))
    expect(len(asked("rule", "history", "velocity", "--limit", "3")["changes"]) == 3, "--limit")
    refused("no rule or set 'nobody'", "rule", "history", "nobody", code=3)
    out, _ = run("rule", "show", "velocity", "3", "--source")
    expect(out == rule("velocity", score=2), out)
    out, _ = run("rule", "show", "velocity", "3", "--cases")
    expect(out.startswith('{"node": "Account:1"'), out)
    shown = asked("rule", "show", "velocity", "3")["version"]
    expect(shown["source"] == rule("velocity", score=2) and shown["version"] == 3, str(shown))
    diff = asked("rule", "diff", "velocity", "1", "2")
    expect("- reads Account\n+ reads Acount\n" == diff["contract"], str(diff))
    expect("-return { name = \"velocity\", reads = { Account" in diff["text"], str(diff))
    _, err = run("rule", "diff", "velocity", "3", "4")
    expect("are the same text" in err, err)
    refused("has only one version", "rule", "diff", "payments", code=2)


def hostile():
    """What a rule's author wrote moves no cursor where somebody looks at it; as data it is exact."""
    texts = []
    for what in ("\x1b[2K\x1b[1A", "\u202e"):
        texts.append('return { name = "sly", decisions = { "a" }, fallback = "a", -- %s\n\tevaluate = '
                     'function() return {} end }\n' % what)
        write("sly.lua", texts[-1])
        run("rule", "push", "sly.lua")
    out, _ = run("rule", "diff", "sly")
    expect("\x1b" not in out and "\u202e" not in out and "\\x1b[2K\\x1b[1A" in out and
           "\\xe2\\x80\\xae" in out and "\n \tevaluate" in out, out)
    out, _ = run("rule", "show", "sly", "1", "--format", "pretty")
    expect("\x1b" not in out and "\\x1b[2K" in out, out)
    out, _ = run("rule", "show", "sly", "1", "--source")
    expect(out == texts[0], out)
    expect(asked("rule", "show", "sly", "2")["version"]["source"] == texts[1], "as data")


def elsewhere():
    done = subprocess.run([cordon, "rule", "list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    expect(done.returncode == 2 and b"no store given" in done.stderr, str(done))
    done = subprocess.run([cordon, "rule", "list", "--registry", os.path.join(store, "rules.mdb")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect(done.returncode == 0 and b"velocity" in done.stdout, str(done))
    run("rule", "push", "velocity.lua", where=os.path.join(work, "nowhere"), code=3)
    damaged = os.path.join(work, "damaged")
    os.makedirs(damaged)
    with open(os.path.join(store, "rules.mdb"), "rb") as file:
        whole = file.read()
    for cut in (b"", whole[:100], whole[:5000], b"x" * 8192):
        with open(os.path.join(damaged, "rules.mdb"), "wb") as file:
            file.write(cut)
        _, err = run("rule", "list", where=damaged, code=3)
        expect("rules.mdb" in err, err)


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    subprocess.run([cordon, "import", "--schema", os.path.join(data, "schema.lua"), "--out", store, "-q", data],
                   check=True)
    for part in (pushing, activating, sets, states, rollouts, shadows, telling, hostile, elsewhere):
        part()
    print("%d checks, %d failed" % (checks, failures))
    return 1 if failures else 0


sys.exit(main())
