#!/usr/bin/env python3
"""cordon init from outside, and what the other commands make of a project.

  project.py CORDON HERE WORK"""
import json
import os
import shutil
import subprocess
import sys

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
failures = checks = 0
environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI", "TERM")}
FILES = [".gitignore", ".luarc.json", "cordon.lua", "fixtures/payments.graph",
         "rules/%s.lua", "rules/%s_test.lua", "schemas/payments.lua", "types/cordon.lua"]


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, cwd=work, code=0):
    done = subprocess.run([cordon, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=cwd, env=environment)
    out, err = done.stdout.decode(), done.stderr.decode()
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, out[-2000:], err[-2000:]))
    expect("Sanitizer" not in err, "%s: %s" % (args, err[-3000:]))
    return out, err


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, _, names in os.walk(folder) for name in names)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def made():
    out, err = run("init", "--dry-run", "first")
    expect(not os.path.exists(os.path.join(work, "first")) and "would write" in out and not err,
           "--dry-run: " + out + err)
    out, err = run("init", "first")
    first = os.path.join(work, "first")
    expect(files(first) == sorted(f.replace("%s", "velocity") for f in FILES), "files: %s"
           % files(first))
    expect(sorted(out.splitlines()) == sorted("wrote  first/" + f for f in files(first)),
           "what was written: " + out)
    expect(out.splitlines()[-1] == "wrote  first/cordon.lua", "the manifest is last")
    expect("next: cd first && cordon test && cordon check" in err, "what is next: " + err)
    for name in files(first):
        expect("@NAME@" not in read(os.path.join(first, name)) and
               "@RULE@" not in read(os.path.join(first, name)), "placeholders in " + name)
    expect('name   = "first"' in read(os.path.join(first, "cordon.lua")), "the project's name")
    run("check", "--types", "again.lua", cwd=first)
    expect(read(os.path.join(first, "again.lua")) == read(os.path.join(first, "types/cordon.lua")),
           "types/cordon.lua is what check --types writes")
    os.remove(os.path.join(first, "again.lua"))
    # of its own rule, and from within
    second = os.path.join(work, "second project!")
    os.makedirs(second)
    record = json.loads(run("init", "--rule", "mule_chain", "--format", "json", cwd=second)[0])
    expect(record["name"] == "secondproject" and
           sorted(f["path"] for f in record["files"]) == files(second) and
           all(f["written"] and not f["kept"] for f in record["files"]), "as JSON: %s" % record)
    expect(files(second) == sorted(f.replace("%s", "mule_chain") for f in FILES), "--rule")
    expect(run("check", cwd=second)[0] == "rules/mule_chain.lua: ok  mule_chain\n", "its check")
    run("init", "-q", "quiet")
    expect(run("init", "-q", "third")[0] == "", "-q")


def passes():
    """What init writes is what test and check pass."""
    first = os.path.join(work, "first")
    out, err = run("check", "--fail-level", "info", cwd=first)
    expect(out == "rules/velocity.lua: ok  velocity\n" and not err, "check: " + out + err)
    out, _ = run("test", cwd=first)
    expect("5 passed, 0 failed, 0 skipped in 1 file" in out, "test: " + out)
    # the manifest's roots are what is tested
    other = os.path.join(first, "elsewhere", "x_test.lua")
    write(other, "function test_fails() assert.equal(1, 2) end")
    expect("in 1 file" in run("test", cwd=first)[0], "only what lies below the roots")
    os.remove(other)
    os.rmdir(os.path.dirname(other))
    run("test", cwd=os.path.join(work, "second project!"))


def kept():
    first = os.path.join(work, "first")
    before = {name: read(os.path.join(first, name)) for name in files(first)}
    _, err = run("init", "first", code=3)
    expect("first/cordon.lua is there: the folder is a project already" in err, "again: " + err)
    expect(before == {name: read(os.path.join(first, name)) for name in files(first)},
           "nothing was touched")
    old = os.path.join(work, "old")
    write(os.path.join(old, "rules", "velocity.lua"), "-- mine\n")
    write(os.path.join(old, ".gitignore"), "mine\n")
    out, err = run("init", "old")
    expect("kept   old/rules/velocity.lua\n" in out and "kept   old/.gitignore\n" in out and
           out.count("kept") == 2 and "2 of the files were there already" in err,
           "what was there: " + out + err)
    expect(read(os.path.join(old, "rules/velocity.lua")) == "-- mine\n", "is as it was")
    expect(not [f for f in files(old) if ".tmp-" in f], "nothing is left over")
    write(os.path.join(work, "a-file"), "")
    run("init", "a-file", code=3)
    run("init", "no/such/parent", code=3)
    write(os.path.join(work, "blocked", "rules"), "a file where a folder goes")
    run("init", "blocked", code=3)
    expect(not os.path.exists(os.path.join(work, "blocked", "cordon.lua")),
           "no manifest without the rest")


def misused():
    for args in (["a", "b"], [""], ["x", "--rule", "../../x"], ["x", "--rule", "7x"],
                 ["x", "--rule", "x" * 60], ["x", "--rule", ""], ["--bogus"]):
        run("init", *args, code=2)
    expect(not os.path.exists(os.path.join(work, "x")), "nothing is written")


def manifests():
    """A manifest read by check, eval and bench."""
    folder = os.path.join(work, "of")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(work, "first"), folder)
    manifest = os.path.join(folder, "cordon.lua")
    good = read(manifest)
    rule = "rules/velocity.lua"
    usage = json.loads(run("eval", os.path.join(here, "rules/plain.lua"), "--limits", "batch",
                           "--max-output", "2KiB", cwd=folder)[0])
    expect(usage["limits"]["edges"] == 1e7 and usage["limits"]["output_bytes"] == 2048,
           "--limits: %s" % usage["limits"])
    _, err = run("eval", rule, "--limits", "onlin", cwd=folder, code=2)
    expect("no limits called 'onlin'; did you mean 'online'?" in err, "--limits onlin: " + err)
    _, err = run("eval", os.path.join(here, "rules/plain.lua"), "--limits", "online", code=2)
    expect("this folder has no cordon.lua" in err, "--limits without a project: " + err)
    _, err = run("check", code=2)
    expect("this folder has no cordon.lua; name one or more files" in err, "check: " + err)
    # names that the schema does not have are found by the manifest's schema
    write(os.path.join(folder, rule), read(os.path.join(folder, rule)).replace(
        'transfer = { "amount" }', 'transfer = { "amout" }'))
    out, _ = run("check", cwd=folder, code=2)
    expect("no property 'amout' on transfer" in out, "the manifest's schema: " + out)
    shutil.copy(os.path.join(work, "first", rule), os.path.join(folder, rule))
    write(os.path.join(folder, "policy.lua"), "return { principals = 7 }")
    write(manifest, good.replace("schema =", 'grants = "policy.lua", schema ='))
    _, err = run("check", cwd=folder, code=3)
    expect("policy.lua:1" in err and "every fault: cordon config validate policy.lua" in err,
           "grants: " + err)
    write(os.path.join(folder, "policy.lua"),
          "return { principals = { all = { rules = '*', reads = '*' } } }")
    run("check", cwd=folder)
    for text, message in (("return {", "cordon.lua:1"),
                          ("while true do end", "instructions"),
                          ("return { nmae = 'x' }", "did you mean 'name'"),
                          ("return { name = 'x', rules = { '/etc' } }", "relative"),
                          ("return { name = 'x', rules = { 'nowhere' } }", "nowhere"),
                          ("return { name = 'x', rules = { '\\27[31m' } }", "control"),
                          ("x" * 100000, "larger than")):
        write(manifest, text)
        for args in (["check"], ["eval", rule, "--limits", "online"]):
            if args[0] == "check":
                run("test", cwd=folder, code=3)
            if args[0] == "check" or "nowhere" not in text:
                _, err = run(*args, cwd=folder, code=2 if args[0] == "eval" and
                             "name = 'x'" in text and "27" not in text and "/etc" not in text
                             else 3)
                expect("\033" not in err, "raw escapes: " + err)
                if args[0] == "check":
                    expect(message in err, "%.40s: %s" % (text, err))
    os.makedirs(os.path.join(folder, "empty"))
    write(manifest, "return { name = 'x', rules = { 'empty' } }")
    _, err = run("check", cwd=folder, code=2)
    expect("cordon.lua leads to no rule" in err, "no rule: " + err)


shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
for test in (made, passes, kept, misused, manifests):
    test()
print("%d checks, %d failed" % (checks, failures))
sys.exit(1 if failures else 0)
