#!/usr/bin/env python3
"""cordon snapshot list, pin, unpin and gc from outside.

  generations.py CORDON"""
import json
import os
import subprocess
import sys
import tempfile

CORDON = os.path.abspath(sys.argv[1])
CHECKS = 0

SCHEMA = """return { labels = { Account = { file = "accounts.csv",
  key = { column = "id", type = "int64" } } } }
"""


def expect(what, *about):
    global CHECKS
    CHECKS += 1
    if not what:
        raise AssertionError(about)


def run(*args, code=0):
    done = subprocess.run([CORDON, *args], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    expect(done.returncode == code, args, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def snapshot(*args, code=0):
    return run("snapshot", *args, code=code)


def listed():
    found = json.loads(snapshot("list", "store", "--format", "json")[0])
    expect(found["schema_version"] == 1 and found["store"] == "store", found)
    return {one["generation"]: one for one in found["generations"]}


def fates(*args):
    found = json.loads(snapshot("gc", "store", "--format", "json", *args)[0])
    expect(found["removed"] == len([one for one in found["generations"]
                                    if one["fate"] == "removed"]), found)
    return {one["generation"]: one["fate"] for one in found["generations"]}


def usage():
    for args, message in ((["list"], "no store given"), (["list", "a", "b"], "one store"),
                          (["pin", "store"], "a store and the number"),
                          (["pin", "store", "x"], "a whole number"),
                          (["pin", "store", "0"], "a whole number from 1"),
                          (["pin", "store", "1", "--reason", "a\nb"], "one line"),
                          (["gc", "store"], "say --yes"),
                          (["gc", "store", "--keep", "0"], "a whole number from 1")):
        _, err = snapshot(*args, code=2)
        expect(message in err, args, err)
    for args in (["list", "nothing"], ["pin", "nothing", "1"], ["gc", "nothing", "--yes"],
                 ["pin", "store", "9"], ["unpin", "store", "9"],
                 ["pin", "store", "9", "--dry-run"], ["unpin", "store", "1", "--dry-run"]):
        out, err = snapshot(*args, code=3)
        expect(out == "" and err.startswith("cordon: error: "), args, err)


def pins():
    snapshot("pin", "store", "2", "--dry-run")
    expect(not listed()[2]["pinned"])
    snapshot("pin", "store", "2", "--reason", "audit of May \x7f".strip("\x7f "))
    one = listed()[2]
    expect(one["pinned"] and one["reason"] == "audit of May" and one["pinned_at"], one)
    out, _ = snapshot("list", "store", "--format", "pretty")
    expect("pinned: audit of May" in out and "current" in out, out)
    snapshot("unpin", "store", "2", "--dry-run")
    expect(listed()[2]["pinned"])


def collecting():
    expect(fates("--dry-run") == {1: "removed", 2: "pinned", 3: "removed", 4: "kept"})
    expect(sorted(listed()) == [1, 2, 3, 4])
    out, err = snapshot("gc", "store", "--keep", "2", "--yes", "--format", "pretty")
    expect("generation 1: removed\ngeneration 2: pinned\ngeneration 3: kept" in out, out)
    expect("1 were removed" in err, err)
    expect(sorted(listed()) == [2, 3, 4])
    snapshot("unpin", "store", "2")
    expect(fates("--yes") == {2: "removed", 3: "removed", 4: "kept"})
    expect([name for name in sorted(os.listdir("store")) if name[0] != "."]
           == ["CURRENT", "generation-000004.cdn"], os.listdir("store"))
    snapshot("verify", "store")
    run("import", "--schema", "s.lua", "--out", "store", "data")
    expect(listed()[5]["current"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("data")
        for name, text in (("s.lua", SCHEMA), ("data/accounts.csv", "id\n1\n2\n")):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        for _ in range(4):
            run("import", "--schema", "s.lua", "--out", "store", "data")
        for test in (usage, pins, collecting):
            test()
        os.chdir("/")
    print(f"{CHECKS} checks passed")


main()
