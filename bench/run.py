#!/usr/bin/env python3
"""Runs the benchmarks and prints one JSON line a result.

  bench/run.py --bin build/release/bench --cordon build/release/src/cli/cordon \
               --shared ../shared --size small --work build/bench [--rounds 3] [--smoke]

Every result is a ratio against a reference that ran in the same round on the same machine:
the sandbox's interpreter against the bare one, W0-W3 against the C reference of the
workloads, the pristine sandbox against a fresh LuaJIT state, import against merely reading the rows.  An engine whose answers differ is not timed:
the digests of the answers are compared with the expected ones first.
--smoke: one short round, for a check that everything runs and agrees."""
import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time

WORKLOADS = ("W0", "W1", "W2", "W3")


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, **options)
    if done.returncode:
        sys.exit("bench: %s: exit %d\n%s" % (" ".join(command), done.returncode, done.stderr))
    return done.stdout


def emit(**fields):
    print(json.dumps(fields), flush=True)


def results(path):
    """The times and answers that a workload program wrote, and what it says of memory."""
    times, answers, notes = [], [], {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                words = line[1:].split()
                notes = {k: int(v) for k, v in zip(words[::2], words[1::2])}
                continue
            ns, answer = line.rstrip("\n").split("\t", 1)
            times.append(int(ns))
            answers.append(answer)
    return times, answers, notes


def expected(shared, size, workload):
    """The expected digests of the first so many answers."""
    table = {}
    with open(os.path.join(shared, "workloads", "expected.txt"), encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                of, name, count, digest = line.split()
                if (of, name) == (size, workload):
                    table[int(count)] = digest
    return table


def check(shared, size, workload, answers, who):
    """Refuse to go on if the answers differ from the expected ones."""
    wanted = expected(shared, size, workload)
    counts = [count for count in wanted if count <= len(answers)]
    if not counts:
        return 0
    count = max(counts)
    text = "".join(a + "\n" for a in answers[:count])
    if hashlib.sha256(text.encode()).hexdigest() != wanted[count]:
        sys.exit("bench: %s %s: %s's answers differ from the expected ones; first: %r"
                 % (size, workload, who, answers[0]))
    return count


def prepare(args):
    """Generate the data, the reference's image and the snapshot, once a work folder."""
    data = os.path.join(args.work, args.size)
    store = os.path.join(data, "store")
    os.makedirs(data, exist_ok=True)
    if not os.path.exists(os.path.join(data, "requests.csv")):
        run(os.path.join(args.bin, "bench_gen"), args.size, data)
    if not os.path.exists(os.path.join(data, "graph.csr")):
        run(os.path.join(args.bin, "bench_mkdb"), "csr", data)
    if os.path.exists(store):
        run("rm", "-r", store)
    rows = 0
    for name in ("accounts.csv", "transfers.csv", "ratings.csv"):
        with open(os.path.join(data, name), "rb") as file:
            rows += sum(chunk.count(b"\n") for chunk in iter(lambda f=file: f.read(1 << 20), b"")) - 1
    started = time.monotonic()
    run(args.cordon, "import", "--schema", os.path.join(args.rules, "schemas", "workloads.lua"),
              "--out", store, "--no-progress", data)
    seconds = time.monotonic() - started
    size = sum(os.path.getsize(os.path.join(store, f)) for f in os.listdir(store))
    # the reference: the plain C program that reads the same rows into its own CSR image
    started = time.monotonic()
    run(os.path.join(args.bin, "bench_mkdb"), "csr", data)
    reference = time.monotonic() - started
    emit(bench="import", size=args.size, rows=rows, seconds=round(seconds, 3),
         rows_per_s=int(rows / seconds), snapshot_bytes=size,
         reference="mkdb csr", reference_seconds=round(reference, 3),
         ratio=round(seconds / reference, 3))
    return data, store


def workloads(args, data, store):
    requests = "1000" if args.smoke else str(args.requests)
    rounds = 1 if args.smoke else args.rounds
    for workload in WORKLOADS:
        rule = os.path.join(args.bench, "rules", workload.lower() + ".lua")
        ratios_p50, ratios_mean, ours_p50, ref_p50, notes, checked = [], [], [], [], {}, 0
        for _ in range(rounds):
            ref, mine = (os.path.join(data, "%s.%s" % (workload, who)) for who in ("ref", "cordon"))
            run(os.path.join(args.bin, "bench_cref"), data, workload, requests, args.seconds, ref)
            run(os.path.join(args.bin, "bench_workloads"), data, store, rule, workload, requests,
                args.seconds, mine)
            ref_times, ref_answers, _ = results(ref)
            times, answers, notes = results(mine)
            count = min(len(times), len(ref_times))
            if answers[:count] != ref_answers[:count] and workload != "W0":
                at = next(i for i in range(count) if answers[i] != ref_answers[i])
                sys.exit("bench: %s %s: answer %d is %r, the reference says %r"
                         % (args.size, workload, at, answers[at], ref_answers[at]))
            checked = check(args.shared, args.size, workload, answers, "cordon")
            a, b = times[:count], ref_times[:count]
            ours_p50.append(statistics.median(a))
            ref_p50.append(statistics.median(b))
            ratios_p50.append(statistics.median(a) / statistics.median(b))
            ratios_mean.append(statistics.fmean(a) / statistics.fmean(b))
        emit(bench=workload, size=args.size, requests=count, answers_checked=checked,
             p50_ns=int(statistics.median(ours_p50)), reference="cref",
             reference_p50_ns=int(statistics.median(ref_p50)),
             ratio_p50=round(statistics.median(ratios_p50), 3),
             ratio_mean=round(statistics.median(ratios_mean), 3),
             image_kb=notes.get("sandbox_kb"), rss_kb=notes.get("rss_kb"))
        if workload == "W0":
            fresh = [int(run(os.path.join(args.bin, "bench_fresh"), rule, "300" if args.smoke else "3000"))
                     for _ in range(rounds)]
            emit(bench="pristine", reference="luaL_newstate + libraries + rule",
                 p50_ns=int(statistics.median(ours_p50)),
                 reference_p50_ns=int(statistics.median(fresh)),
                 speedup=round(statistics.median(fresh) / statistics.median(ours_p50), 1))


def price(args):
    """The same Lua in the bare interpreter, under a bare count hook and in the sandbox."""
    sys.stdout.write(run(os.path.join(args.bin, "bench_price"), os.path.join(args.bench, "price"),
                         "1" if args.smoke else "41"))
    sys.stdout.flush()


def opening(args, store):
    ns, segments, nodes, edges = map(int, run(os.path.join(args.bin, "bench_open"), store,
                                              "20" if args.smoke else "200").split())
    emit(bench="open", size=args.size, p50_ms=round(ns / 1e6, 3), segments=segments,
         ns_per_segment=round(ns / max(segments, 1)), nodes=nodes, edges=edges)


def edges(args, data, store):
    """The price of an edge, by the way it is asked for, around the busiest sender: read from
    the snapshot, or gone over by an algorithm in a view of two hops."""
    degree = {}
    with open(os.path.join(data, "transfers.csv"), encoding="utf-8") as file:
        next(file)
        for line in file:
            sender = line.split(",", 1)[0]
            degree[sender] = degree.get(sender, 0) + 1
    busiest = min(degree, key=lambda sender: (-degree[sender], int(sender)))
    for kind in ("edges", "views"):
        folder = os.path.join(args.bench, kind)
        names = ["none"] + sorted(f[:-4] for f in os.listdir(folder) if f != "none.lua")
        rows = run(os.path.join(args.bin, "bench_edges"), store, "Account", busiest,
                   "2" if args.smoke else "40",
                   *(os.path.join(folder, name + ".lua") for name in names)).splitlines()
        rows = [tuple(map(int, row.split())) for row in rows]
        base_ns, base_edges, _ = rows[0]
        if kind == "views":
            emit(bench="views", how="making it", size=args.size, edges=base_edges,
                 ns_per_edge=round(base_ns / max(base_edges, 1), 2))
        for name, (ns, read, gone_over) in list(zip(names, rows))[1:]:
            count = gone_over if kind == "views" else read - base_edges
            emit(bench=kind, how=name, size=args.size, edges=count,
                 ns_per_edge=round((ns - base_ns) / max(count, 1), 2))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--cordon", required=True)
    parser.add_argument("--shared", default=os.path.join(here, "..", "..", "shared"))
    parser.add_argument("--work", required=True)
    parser.add_argument("--size", default="small", choices=("small", "tenth", "medium"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=10000)
    parser.add_argument("--seconds", default="20")
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args()
    args.bench, args.rules = here, os.path.join(here, "..", "rules")
    price(args)
    if not os.path.exists(os.path.join(args.shared, "workloads", "gen.c")):
        print("SKIPPED: no workloads at %s" % args.shared)
        return 77
    data, store = prepare(args)
    opening(args, store)
    edges(args, data, store)
    workloads(args, data, store)
    return 0


if __name__ == "__main__":
    sys.exit(main())
