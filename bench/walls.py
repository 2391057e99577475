#!/usr/bin/env python3
"""What an evaluation costs behind each wall: prints one JSON line a result.

  bench/walls.py --bin build/release/bench --cordon build/release/src/cli/cordon \\
                 --work build/bench [--rounds 9] [--smoke]

By bench_walls (walls.c), over a made-up bank: an empty rule (rules/w0.lua) and one that reads the
graph (rules/fraud/velocity.lua), in this process and behind each wall that the machine has, in
turns.  What a wall costs is held against the same in this process in the same round.  Walls that
the machine has not got have a line that says why.  Every answer is compared before anything is
timed.  Memory is what the kernel says of each worker's processes: `pss_kb` shares what several map
(the snapshot's pages with the host), `private_kb` is theirs alone.

--smoke: a second or two, for a check that everything runs and agrees."""
import argparse
import json
import os
import shutil
import subprocess
import sys

from run import emit, run

WALLS = ("inproc", "process", "container", "microvm")
# {(what, wall): (field, at most)}; a microVM's is that in emulation
AIMS = {("warm", "process"): ("p50_us_above", 25), ("cold", "process"): ("ms", 5),
        ("warm", "container"): ("p50_us_above", 25), ("cold", "container"): ("ms", 150),
        ("warm", "microvm"): ("p50_us", 2000), ("cold", "microvm"): ("ms", 3000)}
NOW = "1780272000000"  # 2026-06-01, when the made-up bank has its usual business
SMOKE = {"rounds": 2, "evaluations": 50, "seconds": 0.05, "cold": 1, "accounts": 1000}


def prepare(args):
    """The bank's store, made anew; and a file of requests."""
    bank, store = os.path.join(args.work, "walls_bank"), os.path.join(args.work, "walls_store")
    requests = os.path.join(args.work, "walls_requests")
    for folder in (bank, store):
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(args.work, exist_ok=True)
    run(args.cordon, "generate", "--out", bank, "--accounts", str(args.accounts), "-q")
    run(args.cordon, "import", "--schema", os.path.join(bank, "schema.lua"), "--out", store, "-q",
        bank)
    with open(requests, "w", encoding="utf-8") as out:
        for i in range(0, args.accounts, max(args.accounts // 200, 1)):
            print("Account", 1000001 + i, file=out)
    return store, requests


def probe(args):
    """{wall: what is in force there}, of those that work; the others are told of."""
    found = {}
    for tier in json.loads(run(args.cordon, "tier", "probe", "--format", "json"))["tiers"]:
        if tier["works"]:
            found[tier["tier"]] = tier["detail"]
        else:
            emit(bench="walls", wall=tier["tier"], absent=tier["detail"])
    return {wall: found[wall] for wall in WALLS if wall in found}


def worker_of(args):
    """Where cordon finds it (cordon help tier)."""
    beside = os.path.dirname(os.path.abspath(args.cordon))
    for place in (os.environ.get("CORDON_WORKER", ""), os.path.join(beside, "cordon-worker"),
                  os.path.join(beside, "../libexec/cordon-worker"),
                  os.path.join(beside, "../isolation/cordon-worker")):
        if os.access(place, os.X_OK):
            return os.path.realpath(place)
    return None


# ---- memory ----

def below(parent):
    """All processes below one: {number: name}."""
    parents, names = {}, {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % entry, encoding="utf-8", errors="replace") as file:
                head, _, tail = file.read().rpartition(")")
        except OSError:
            continue  # it has ended
        parents[int(entry)], names[int(entry)] = int(tail.split()[1]), head.partition("(")[2]
    found, at = {}, [parent]
    while at:
        one = at.pop()
        for number in (n for n, p in parents.items() if p == one):
            found[number] = names[number]
            at.append(number)
    return found


def memory_of(number):
    """(resident, proportional, private) in KiB; None: the kernel does not say."""
    sums = {"Rss": 0, "Pss": 0, "Private_Clean": 0, "Private_Dirty": 0}
    try:
        with open("/proc/%d/smaps_rollup" % number, encoding="ascii") as file:
            for line in file:
                name = line.partition(":")[0]
                if name in sums:
                    sums[name] = int(line.split()[1])
    except OSError:
        return None
    return sums["Rss"], sums["Pss"], sums["Private_Clean"] + sums["Private_Dirty"]


def tell_memory(wall, workers, rule, processes):
    """One line: of each of the wall's workers, with all processes that stand behind it."""
    found = [memory_of(number) for number in processes]
    if not workers or None in found:
        return
    rss, pss, private = (sum(column) for column in zip(*found))
    emit(bench="walls", what="memory", wall=wall, rule=rule, workers=workers,
         processes=sorted(set(processes.values())), pss_kb=pss // workers,
         private_kb=private // workers, rss_kb=rss // workers)


# ---- one rule ----

def measure(args, rule, walls, store, requests, cold):
    """Have bench_walls measure one rule, and tell what it says."""
    name = os.path.splitext(os.path.basename(rule))[0]
    command = [os.path.join(args.bin, "bench_walls"), "--data", store, "--rule", rule,
               "--requests", requests, "--now", NOW, "--walls", ",".join(walls),
               "--rounds", str(args.rounds), "--evaluations", str(args.evaluations),
               "--cold", str(cold), "--seconds", str(args.seconds)]
    worker, known = worker_of(args), {}
    with subprocess.Popen(command + (["--worker", worker] if worker else []),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            row = json.loads(line)
            if row["what"] == "memory":
                now = below(child.pid)
                tell_memory(row["wall"], row["workers"], name,
                            {n: text for n, text in now.items() if n not in known})
                known = now
                child.stdin.write("\n")
                child.stdin.flush()
                continue
            what, wall = row.pop("what"), row.pop("wall")
            if wall != "inproc":
                row["reference"] = "inproc"
            if (what, wall) in AIMS:
                field, most = AIMS[what, wall]
                row["aim"], row["reached"] = "%s < %d" % (field, most), row[field] < most
            emit(bench="walls", what=what, wall=wall, rule=name, in_force=walls[wall], **row)
    if child.returncode:
        sys.exit("walls.py: %s: exit %d" % (" ".join(command), child.returncode))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--cordon", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--evaluations", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--cold", type=int, default=21)
    parser.add_argument("--accounts", type=int, default=20000)
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args()
    if args.smoke:
        vars(args).update(SMOKE)
    walls = probe(args)
    if args.smoke:  # a wall whose workers take seconds to start is not for that
        walls = {wall: walls[wall] for wall in walls if wall in ("inproc", "process")}
    store, requests = prepare(args)
    measure(args, os.path.join(here, "rules", "w0.lua"), walls, store, requests, args.cold)
    measure(args, os.path.join(here, "..", "rules", "fraud", "velocity.lua"), walls, store,
            requests, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
