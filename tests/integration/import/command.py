#!/usr/bin/env python3
"""cordon import from outside: options, summaries, rejected rows, exit codes, Ctrl-C.

  command.py CORDON"""
import csv
import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CORDON = os.path.abspath(sys.argv[1])
CHECKS = 0
# of the files that `cordon generate --accounts 2000 --seed 5` writes
BANK = "c5c885a612f1ffbe62e5f70201db6bb3553a1205a6b48072ff8ba494d0738c47"

SCHEMA = """return {
  labels = { Account = { file = "accounts.csv", key = { column = "id", type = "int64" },
    properties = { name = "string?" } } },
  edges = { { type = "pays", from = "Account", to = "Account", file = "pays.csv",
    source = "from", target = "to", time = { column = "at", format = "ms" },
    properties = { amount = "float64" } } },
}
"""


def expect(what, *about):
    global CHECKS
    CHECKS += 1
    if not what:
        raise AssertionError(about)


def run(*args, code=0):
    done = subprocess.run([CORDON, "import", *args], capture_output=True, text=True)
    expect(done.returncode == code, args, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def write(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def store_is_empty():
    return not os.path.exists("store/CURRENT") and not [
        name for name in (os.listdir("store") if os.path.isdir("store") else [])
        if not name.startswith(".")]


def usage():
    for args, word in [(["data"], "--schema"), (["--schema", "s.lua", "data"], "--out"),
                       (["--schema", "s.lua", "--out", "store"], "data"),
                       (["--schema", "s.lua", "--out", "store", "--max-errors", "x", "data"],
                        "--max-errors"),
                       (["--schema", "s.lua", "--out", "store", "--max-error", "1", "data"],
                        "--max-errors")]:
        _, err = run(*args, code=2)
        expect(word in err, args, err)
    _, err = run("--schema", "s.lua", "--out", "store", "--memory", "0", "data", code=2)
    expect("a size such as 512KiB, 4MiB or 65536, above 0" in err, err)
    for option in ("--accounts", "--transfers"):
        done = subprocess.run([CORDON, "generate", "--out", "bank", option, "0"],
                              capture_output=True, text=True)
        expect(done.returncode == 2 and "a whole number from 1" in done.stderr, done)
    expect(not os.path.exists("bank"))
    out, _ = run("--help")
    expect("--reject-file" in out and "--max-errors" in out, out)


def published():
    out, err = run("--schema", "s.lua", "--out", "store", "--format", "json", "data")
    summary = json.loads(out)
    expect(summary["generation"] == 1 and summary["rows"] == 5, summary)
    expect(summary["nodes"] == {"Account": 3}, summary)
    expect(summary["edges"] == [{"type": "pays", "from": "Account", "to": "Account",
                                 "count": 2}], summary)
    expect(summary["rejected"] == 0 and summary["file_bytes"] ==
           os.path.getsize(summary["file"]), summary)
    expect(err == "", err)
    out, err = run("--schema", "s.lua", "--out", "store", "--format", "pretty", "data")
    expect("generation 2" in out and "0 rejected" in out and err == "", out, err)
    out, _ = run("--schema", "s.lua", "--out", "store", "-q", "--format", "pretty", "data")
    expect(out == "", out)
    before = sorted(os.listdir("store"))
    out, _ = run("--schema", "s.lua", "--dry-run", "--format", "json", "data")
    expect(json.loads(out)["dry_run"] is True and "generation" not in json.loads(out), out)
    expect(sorted(os.listdir("store")) == before)
    shutil.rmtree("store")


def rejected():
    write("bad/pays.csv", "from,to,at,amount\n1,2,1,1\n1,9,2,\"1\"\n1,2,,\"1\"\n" +
          "1,2,3,\"a, \"\"b\"\"\"\n" * 30)
    shutil.copy("data/accounts.csv", "bad/accounts.csv")
    out, err = run("--schema", "s.lua", "--out", "store", "bad", code=3)
    expect("bad/pays.csv:3: row rejected: column 'to': there is no Account '9'" in err, err)
    expect("bad/pays.csv:4: row rejected: column 'at' is empty" in err, err)
    expect("12 more rejected rows; --reject-file" in err, err)
    expect("32 rows were rejected, at most 0 may be; nothing was published" in err, err)
    expect(out == "" and store_is_empty(), out)

    _, err = run("--schema", "s.lua", "--out", "store", "--max-errors", "31",
                 "--reject-file", "rejects.csv", "bad", code=3)
    with open("rejects.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    expect(rows[0] == ["file", "line", "reason"] and len(rows) == 33, rows)
    expect(rows[1][0] == "bad/pays.csv" and rows[1][1] == "3", rows[1])
    expect(rows[3][2] == "column 'amount': 'a, \"b\"' is not a number", rows[3])
    expect(store_is_empty())

    for most in ("32", "all"):
        out, _ = run("--schema", "s.lua", "--out", "store", "--max-errors", most,
                     "--format", "json", "bad")
        expect(json.loads(out)["rejected"] == 32, out)
        expect(json.loads(out)["edges"][0]["count"] == 1, out)
    shutil.rmtree("store")
    if os.path.exists("/dev/full"):
        _, err = run("--schema", "s.lua", "--out", "store", "--max-errors", "all",
                     "--reject-file", "/dev/full", "bad", code=3)
        expect("could not be written" in err, err)
        shutil.rmtree("store")


def refused():
    write("broken.lua", "return {\n  labels = {\n    Account = { fiel = 1 } } }\n")
    _, err = run("--schema", "broken.lua", "--out", "store", "data", code=3)
    expect("broken.lua:3" in err and "did you mean 'file'" in err, err)
    write("broken.lua", "return {\n  labels = \n")
    _, err = run("--schema", "broken.lua", "--out", "store", "data", code=3)
    expect("broken.lua" in err, err)
    _, err = run("--schema", "none.lua", "--out", "store", "data", code=3)
    expect("none.lua" in err, err)
    _, err = run("--schema", "s.lua", "--out", "store", "none", code=3)
    expect("accounts.csv" in err and "none" in err, err)
    write("bad/pays.csv", "from,to,when,amount\n")
    _, err = run("--schema", "s.lua", "--out", "store", "bad", code=3)
    expect("bad/pays.csv:1" in err and "there is no column 'at'" in err and "when" in err,
           err)
    expect(not os.path.exists("store"))


def pay(rows):
    return "from,to,at,amount\n" + "".join(f"1,2,{i},1\n" for i in rows)


def compressed():
    """Files of many gz members, and what must not stand behind one."""
    os.mkdir("gz")
    shutil.copy("data/accounts.csv", "gz/accounts.csv")
    whole = gzip.compress(pay(range(3)).encode()) + gzip.compress(b"1,2,7,1\n1,2,8,1\n")
    for text, edges in [(whole, 5), (whole + bytes(1000), 5)]:
        with open("gz/pays.csv.gz", "wb") as file:
            file.write(text)
        out, _ = run("--schema", "s.lua", "--dry-run", "--format", "json", "gz")
        expect(json.loads(out)["edges"][0]["count"] == edges, out)
    for text in (whole + b"1,2,9,1\n1,2,10,1\n", whole + bytes(10) + whole, whole + b"\x1f"):
        with open("gz/pays.csv.gz", "wb") as file:
            file.write(text)
        _, err = run("--schema", "s.lua", "--out", "store", "gz", code=3)
        expect("gz/pays.csv.gz: the compressed data ends at byte "
               f"{len(whole)}, but the file goes on" in err, err)
        expect(store_is_empty())
    with open("gz/pays.csv.gz", "wb") as file:
        file.write(whole[:-3])
    _, err = run("--schema", "s.lua", "--out", "store", "gz", code=3)
    expect("gz/pays.csv.gz: the compressed data ends in the middle" in err, err)
    shutil.rmtree("store")


def bags():
    """Cells of JSON, up to a rule that reads them."""
    os.mkdir("bags")
    write("b.lua", SCHEMA.replace('name = "string?"', 'name = "bag?"')
          .replace('amount = "float64"', 'amount = "bag"'))
    write("bags/pays.csv", 'from,to,at,amount\n1,2,5,"{""eur"":1.5}"\n1,2,6,[]\n')
    write("bags/accounts.csv",
          'id,name\n1,"{""os"":""linux"",""seen"":[1,""b"",9007199254740993],""x"":null}"\n2,\n')
    run("--schema", "b.lua", "--out", "store", "bags")
    write("rule.lua", """return { name = "r", reads = { Account = { "name" }, pays = { "amount" } },
      fallback = "none", evaluate = function(graph, request)
        local bag = request.node.name
        local first, last = request.node:outgoing("pays"):first(),
                            request.node:outgoing("pays"):latest(1):first()
        return { output = { bag.os, #bag.seen, bag.seen[2], bag.seen[3], bag.x == nil,
          first.amount.eur, #last.amount, graph:node("Account", "2").name == nil } }
      end }""")
    done = subprocess.run([CORDON, "eval", "rule.lua", "-d", "store", "--node", "Account:1",
                           "--format", "json"], capture_output=True, text=True)
    expect(done.returncode == 0, done.stdout, done.stderr)
    expect(json.loads(done.stdout)["result"]["output"] == [
        "linux", 3, "b", "9007199254740993", True, 1.5, 0, True], done.stdout)
    shutil.rmtree("store")
    write("bags/accounts.csv", 'id,name\n1,"{""os"":linux}"\n2,"' + "[" * 33 + "]" * 33 + '"\n')
    write("bags/pays.csv", 'from,to,at,amount\n1,2,6,\n1,2,5,null\n')
    _, err = run("--schema", "b.lua", "--out", "store", "bags", code=3)
    expect("bags/accounts.csv:2: row rejected: column 'name': '{\"os\":linux}' is not JSON "
           "for a bag: invalid token near 'linux' (character 11)" in err, err)
    expect("bags/accounts.csv:3: row rejected: column 'name'" in err and
           "nested deeper than 32 levels" in err, err)
    write("bags/accounts.csv", "id,name\n1,\n2,null\n")
    _, err = run("--schema", "b.lua", "--out", "store", "bags", code=3)
    expect("bags/pays.csv:2: row rejected: column 'amount' is empty, and" in err, err)
    expect("bags/pays.csv:3: row rejected: column 'amount': 'null' is null, and" in err, err)
    expect(store_is_empty())
    shutil.rmtree("store")


def special():
    """A pipe is refused, with or without a writer: it could be read only once."""
    os.mkdir("pipe")
    shutil.copy("data/pays.csv", "pipe/pays.csv")
    os.mkfifo("pipe/accounts.csv")
    _, err = run("--schema", "s.lua", "--out", "store", "pipe", code=3)
    expect("pipe/accounts.csv is a pipe, not a regular file" in err, err)
    expect(not os.path.exists("store"))


def interrupted():
    """A file that takes long to read, whose keys recur so that memory does not grow."""
    os.mkdir("long")
    shutil.copy("data/pays.csv", "long/pays.csv")
    with open("long/accounts.csv.gz", "wb") as file:
        file.write(gzip.compress(b"id,name\n") + gzip.compress(b"1,x\n" * 1000000) * 1000)
    write("p.lua", SCHEMA.replace('file = "accounts.csv"',
                                  'file = "accounts.csv", distinct = true'))
    child = subprocess.Popen([CORDON, "import", "--schema", "p.lua", "--out", "store", "long"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not os.path.isdir("store") or not os.listdir("store"):
        expect(child.poll() is None)
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    expect(child.returncode == 130 and "interrupted" in err and out == "",
           child.returncode, out, err)
    expect(store_is_empty())
    run("--schema", "s.lua", "--out", "store", "data")
    shutil.rmtree("store")


def generated():
    """What `cordon generate` writes imports without a rejected row, and is the same twice
    and everywhere: a change to the made-up bank changes BANK."""
    for folder in ("bank", "again"):
        done = subprocess.run([CORDON, "generate", "--out", folder, "--accounts", "2000",
                               "--seed", "5"], capture_output=True, text=True)
        expect(done.returncode == 0, done.stderr)
    names = sorted(os.listdir("bank"))
    expect(names == sorted(os.listdir("again")) and "schema.lua" in names, names)
    for name in names:
        with open("bank/" + name, "rb") as one, open("again/" + name, "rb") as other:
            expect(one.read() == other.read(), name)
    digest = hashlib.sha256()
    for name in names:
        with open("bank/" + name, "rb") as file:
            digest.update(name.encode() + b"\0" + file.read() + b"\0")
    expect(digest.hexdigest() == BANK, digest.hexdigest())
    out, _ = run("--schema", "bank/schema.lua", "--out", "store", "--format", "json", "bank")
    expect(json.loads(out)["rejected"] == 0, out)
    done = subprocess.run([CORDON, "snapshot", "verify", "store"], capture_output=True,
                          text=True)
    expect(done.returncode == 0, done.stdout, done.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("data")
        os.mkdir("bad")
        write("s.lua", SCHEMA)
        write("data/accounts.csv", "id,name\n1,Ann\n2,\n9007199254740993,Cy\n")
        write("data/pays.csv", "from,to,at,amount\n1,2,5,1.5\n9007199254740993,1,4,2\n")
        for test in (usage, published, rejected, refused, compressed, bags, special, interrupted,
                     generated):
            test()
        os.chdir("/")
    print(f"{CHECKS} checks passed")


main()
