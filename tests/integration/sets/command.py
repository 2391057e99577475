#!/usr/bin/env python3
"""cordon eval NAME and cordon set eval, from outside: what runs is what the registry says.

  command.py CORDON DATA WORK

DATA has a small graph (schema.lua and its files)."""
import json
import os
import shutil
import subprocess
import sys

cordon, data, work = (os.path.abspath(p) for p in sys.argv[1:4])
store = os.path.join(work, "store")
failures = checks = 0


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, code=0, stdin=""):
    done = subprocess.run([cordon, *args, "-d", store], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=work, text=True, check=False)
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, done.stdout[-1500:], done.stderr[-1500:]))
    return done.stdout, done.stderr


def records(*args, code=0, stdin=""):
    out, _ = run(*args, "--format", "ndjson", code=code, stdin=stdin)
    return [json.loads(line) for line in out.splitlines()]


def one(*args, code=0):
    found = records(*args, code=code)
    expect(len(found) == 1, "%s: %d answers" % (args, len(found)))
    return found[0]


def write(name, text):
    with open(os.path.join(work, name), "w", encoding="utf-8") as file:
        file.write(text)


def rule(name, body):
    write(name + ".lua", """return { name = "%s", decisions = { "allow", "review", "deny" },
  fallback = "review", params = { limit = { type = "number", default = 1 } },
  evaluate = function(graph, request) %s end }
""" % (name, body))


def push(name):
    run("rule", "push", name + ".lua")
    run("rule", "activate", name)


def by_name():
    rule("calm", 'return { decision = "allow", score = 1 }')
    _, err = run("eval", "calm", code=3)
    expect("there is no registry" in err, err)
    push("calm")
    answer = one("eval", "calm")
    expect((answer["rule"], answer["version"], answer["variant"], answer["result"]["score"]) ==
           ("calm", 1, "live", 1), str(answer))
    expect(answer["digest"] == one("eval", "calm.lua")["digest"], "the digest is the text's")
    _, err = run("eval", "clam", code=3)
    rule("calm", 'return { decision = "deny", score = 2 }')
    run("rule", "push", "calm.lua")
    expect(one("eval", "calm")["version"] == 1, "pushed is not activated")
    run("rollout", "start", "calm", "--percent", "50")
    lines = "".join('{"node": "Account:%d"}\n' % key for key in accounts())
    answers = records("eval", "calm", "--input", "-", stdin=lines)
    variants = {a["variant"] for a in answers}
    expect(variants == {"live", "canary"}, "half of the accounts: %s" % variants)
    for answer in answers:
        expect((answer["variant"] == "canary") == (answer["version"] == 2) ==
               (answer["result"]["decision"] == "deny"), str(answer))
    expect([a["version"] for a in answers] ==
           [a["version"] for a in records("eval", "calm", "--input", "-", stdin=lines)],
           "the same subject gets the same version")
    run("rollout", "abort", "calm")
    run("rule", "pause", "calm", "--reason", "too loud", "--author", "ann")
    answer = one("eval", "calm", code=1)
    expect((answer["outcome"], answer["fallback"], answer["result"]["decision"]) ==
           ("denied", True, "review"), str(answer))
    expect("paused by ann: too loud" in answer["error"]["message"], str(answer))
    run("rule", "resume", "calm")
    expect(one("eval", "calm")["outcome"] == "ok", "resumed")


def accounts():
    with open(os.path.join(data, "accounts.csv"), encoding="utf-8") as file:
        rows = file.read().splitlines()[1:]
    return [int(row.split(",")[0]) for row in rows]


def of_files():
    rule("strict", 'return { decision = "deny", score = 0.9, reasons = { "because\\27[2J" } }')
    rule("broken", 'error("broken")')
    write("payment.lua", """return { name = "payment", decisions = { "allow", "review", "deny" },
  rules = { "calm", "strict", "broken" } }
""")
    found = one("set", "eval", "payment.lua", "calm.lua", "strict.lua", "broken.lua", code=1)
    expect((found["set"], found["decision"], found["fallback"], found["failed"]) ==
           ("payment", "deny", False, 1), str(found))
    calm, strict, broken = found["members"]
    expect(strict["decided"] and strict["reasons"] == ["because\x1b[2J"], str(strict))
    expect(broken["outcome"] == "error" and broken["fallback"] and
           broken["decision"] == "review" and not broken["decided"], str(broken))
    out, _ = run("set", "eval", "payment.lua", "calm.lua", "strict.lua", "broken.lua",
                 "--format", "pretty", code=1)
    expect("payment  deny" in out and "> strict" in out and "\x1b" not in out, out)
    found = one("set", "eval", "payment.lua", "strict.lua", code=1)
    expect(found["members"][0]["status"] == "CORDON_E_NOTFOUND" and found["decision"] == "deny",
           str(found))
    write("bad.lua", 'return { name = "bad", decisions = { "a" }, rules = { "r" }, combin = 1 }')
    _, err = run("set", "eval", "bad.lua", code=2)
    expect("did you mean 'combine'" in err, err)


def proposals():
    """What members propose is logged, each under its own rule."""
    key = accounts()[0]
    for name, field in (("opens", "open = true"), ("odd", "opened = true")):
        write(name + ".lua", """return { name = "%s", decisions = { "allow" }, fallback = "allow",
  reads = { Account = {} }, evaluate = function(graph, request) return { decision = "allow",
    updated_nodes = { { label = "Account", key = request.node.key, set = { %s } } } } end }
""" % (name, field))
    write("wishes.lua", """return { name = "wishes", decisions = { "allow" },
  rules = { "opens", "calm", "odd" } }
""")
    wishes = ["set", "eval", "wishes.lua", "opens.lua", "calm.lua", "odd.lua"]
    log = ["--log", os.path.join(work, "wished.mdb")]
    out, err = run(*wishes, "--node", "Account:%d" % key, "--propose", *log, "--format", "ndjson")
    members = json.loads(out)["members"]
    expect(members[0]["updated_nodes"][0]["set"] == {"open": True} and
           "updated_nodes" not in members[1], str(members))
    expect("1 proposal logged, 1 refused" in err and
           "updated_nodes[1] is not logged: 'odd': set.opened: Account has no such property" in err,
           err)
    lines = "".join('{"node": "Account:%d"}\n' % k for k in accounts())
    _, err = run(*wishes, "--input", "-", *log, "--format", "ndjson", stdin=lines)
    expect("%d proposals logged, %d refused" % (len(accounts()), len(accounts())) in err and
           "line 2: updated_nodes[1]" in err, err)
    listed = [json.loads(line) for line in run("proposal", "list", *log, "--format",
                                               "ndjson")[0].splitlines()]
    expect(len(listed) == 1 + len(accounts()) and {p["rule"] for p in listed} == {"opens"},
           str(listed)[:500])
    done = subprocess.run([cordon, *wishes, "--propose"], cwd=work, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    expect(done.returncode == 2 and "--propose needs the store" in done.stderr, done.stderr)


def of_the_registry():
    push("strict")
    run("rule", "push", "payment.lua", "--set")
    run("rule", "activate", "payment")
    found = one("set", "eval", "payment", code=1)
    expect([m["rule"] for m in found["members"]] == ["calm", "strict", "broken"] and
           found["members"][1]["version"] == 1 and found["decision"] == "deny", str(found))
    log = os.path.join(work, "log")
    one("set", "eval", "payment", "--audit", log, code=1)
    logged = [json.loads(line) for line in subprocess.run(
        [cordon, "audit", "export", log], stdout=subprocess.PIPE, text=True,
        check=True).stdout.splitlines()]
    expect([r["rule"] for r in logged] == ["calm", "strict", "payment"] and
           {r["set"] for r in logged} == {"payment"}, str(logged))
    run("rule", "kill", "strict", "--yes")
    expect(one("set", "eval", "payment", code=1)["decision"] == "review", "its fallback")
    lines = '{"id": 7}\n\n{"nod": 1}\n{"params": {"limit": 3}}\n{"params": {"limt": 3}}\n'
    found = records("set", "eval", "payment", "--input", "-", stdin=lines, code=3)
    expect(len(found) == 4 and found[0]["id"] == 7 and "error" in found[1] and
           "decision" in found[2] and "parameter 'limt'" in found[3]["error"]["message"],
           str(found))
    rule("noted", 'return { decision = request.params.note == "07" and "deny" or "allow" }')
    with open(os.path.join(work, "noted.lua"), encoding="utf-8") as file:
        text = file.read().replace('{ limit = {', '{ note = { type = "string" }, limit = {')
    write("noted.lua", text)
    write("notes.lua", """return { name = "notes", decisions = { "allow", "review", "deny" },
  rules = { "noted" } }
""")
    found = one("set", "eval", "notes.lua", "noted.lua", "-p", "note=07")
    expect(found["decision"] == "deny", "text as it stands: %s" % found)
    write("nobody.lua", 'return { principals = { ann = { rules = { "others" } } } }')
    found = one("set", "eval", "notes.lua", "noted.lua", "--principal", "ann", "--policy",
                "nobody.lua", code=1)
    expect(found["outcome"] == "denied" and not found["members"] and not found["decision"] and
           found["message"] == "principal 'ann' may not run set 'notes'", str(found))
    write("nobody.lua", 'return { principals = { ann = { rules = { "notes" } } } }')
    found = one("set", "eval", "notes.lua", "noted.lua", "--principal", "ann", "--policy",
                "nobody.lua", code=1)
    expect(found["outcome"] == "ok" and found["members"][0]["outcome"] == "denied" and
           found["decision"] == "review", str(found))
    answer = one("eval", "payment", code=3)
    expect("is a set" in answer["error"]["message"], str(answer))


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    subprocess.run([cordon, "import", "--schema", os.path.join(data, "schema.lua"), "--out", store,
                    data], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    by_name()
    of_files()
    proposals()
    of_the_registry()
    print("%d checks, %d failures" % (checks, failures))
    return 1 if failures else 0


sys.exit(main())
