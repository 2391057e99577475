#!/usr/bin/env python3
"""An import takes no more memory than it is told, however much there is to import, and makes
the same snapshot.

  bounded.py CORDON

Rows that take several times --memory when they are held are imported with little memory and
with a lot: peak memory, which the system counted, is at most a tenth above what was allowed,
and the snapshots are equal.  String keys spread so far that not even an index over them fits
go through the join on disk."""
import json
import os
import random
import subprocess
import sys
import tempfile

CORDON = os.path.abspath(sys.argv[1])
MEMORY_MIB = 64
NODES = 400000
EDGES = {"int64": 2000000, "string": 600000}
REPEATED = 10  # each edge is there so often: they are many sooner than they are made

SCHEMA = """return {
  labels = { Account = { file = "accounts.csv", key = { column = "id", type = "%s" },
    properties = { name = "text", country = "string" } } },
  edges = { { type = "pays", from = "Account", to = "Account", file = "pays.csv",
    source = "from", target = "to", time = { column = "at", format = "ms" },
    properties = { amount = "int64", memo = "text?" } } },
}
"""


def expect(what, *about):
    if not what:
        raise AssertionError(about)


def run(*command):
    """Output, and peak memory in MiB, of a command that must end well."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    expect(child.returncode == 0, command, child.returncode)
    return out, usage.ru_maxrss / 1024


def key_of(node, kind):
    spread = node * 2654435761 % (1 << 40)
    return "account-%012x" % spread if kind == "string" else str(spread)


def write(kind):
    dice = random.Random(20240611)
    with open("schema.lua", "w", encoding="utf-8") as file:
        file.write(SCHEMA % kind)
    with open("data/accounts.csv", "w", encoding="utf-8") as file:
        file.write("id,name,country\n")
        for node in range(NODES):
            file.write("%s,the name of %d,%s\n" % (key_of(node, kind), node,
                                                   "NO SE DK DE".split()[node % 4]))
    with open("data/pays.csv", "w", encoding="utf-8") as file:
        file.write("from,to,at,amount,memo\n")
        edges = []
        for edge in range(EDGES[kind] // REPEATED):
            bits = dice.getrandbits(60)
            edges.append("%s,%s,%d,%d,%s\n" % (
                key_of(bits % NODES, kind), key_of((bits >> 20) % NODES, kind),
                1700000000000 + (bits >> 40) % 1000000, bits % 100000,
                "memo %d" % (bits % 1000) if bits % 3 else ""))
        for _ in range(REPEATED):
            file.writelines(edges)


def snapshot_id(store):
    out, _ = run(CORDON, "snapshot", "info", store, "--format", "json")
    return json.loads(out)["snapshot_id"]


def bounded(kind):
    write(kind)
    peaks = {}
    for memory in ("%dMiB" % MEMORY_MIB, "2GiB"):
        out, peaks[memory] = run(CORDON, "import", "--schema", "schema.lua", "--out",
                                 "store" + memory, "--memory", memory, "--format", "json", "data")
        found = json.loads(out)
        expect(found["nodes"] == {"Account": NODES} and found["edges"][0]["count"] == EDGES[kind], found)
    small, large = ("store%dMiB" % MEMORY_MIB, "store2GiB")
    expect(snapshot_id(small) == snapshot_id(large))
    run(CORDON, "snapshot", "verify", small)
    expect(peaks["%dMiB" % MEMORY_MIB] <= 1.1 * MEMORY_MIB, peaks)
    if kind == "int64":  # else it would not show anything
        expect(peaks["2GiB"] > 2.5 * MEMORY_MIB, peaks)
    expect([name for name in os.listdir(small) if name[0] != "."]
           and not [name for name in os.listdir(small) if "spill" in name or "tmp" in name])
    print("%s keys: %s" % (kind, ", ".join("%s: %.0f MiB" % item for item in peaks.items())))


def full_disk():
    """A file system that fills up: a clear error, nothing published, nothing left behind."""
    limit = "ulimit -f 20000; trap '' XFSZ; exec \"$@\""
    done = subprocess.run(["bash", "-c", limit, "import", CORDON, "import", "--schema",
                           "schema.lua", "--out", "full", "--memory", "%dMiB" % MEMORY_MIB,
                           "data"], capture_output=True, text=True)
    expect(done.returncode == 3 and "cordon: error: " in done.stderr and
           "File too large" in done.stderr, done.returncode, done.stderr)
    expect([name for name in os.listdir("full") if name != ".lock"] == [], os.listdir("full"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("data")
        for kind in ("int64", "string"):
            bounded(kind)
            for store in os.listdir("."):
                if store.startswith("store"):
                    subprocess.run(["rm", "-r", store], check=True)
        full_disk()
        os.chdir("/")
    print("2 kinds of keys passed")


main()
