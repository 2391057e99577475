#!/usr/bin/env python3
"""Does a request cost the same in a large graph as in a small one?  Prints one JSON line.

  bench/flat.py --bin build/release/bench --cordon build/release/src/cli/cordon \\
                --work build/flat [--store STORE | --nodes 20000000 --edges 200000000]

One rule (rules/flat.lua), around nodes of equal neighbourhood, in the generated graph of ten
thousand nodes and a hundred thousand edges and in a larger one of the same generator: STORE,
where it exists already, or one that is made and removed again.  Both are measured in turns."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

FIELDS = ("nodes", "edges", "requests", "p50_ns", "mean_ns", "first_p50_ns", "first_mean_ns",
          "first_faults", "faults", "edges_read")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit("flat: %s: exit %d" % (" ".join(command), done.returncode))
    return done.stdout


def make(args, name, nodes, edges):
    """A generated graph's store."""
    folder = os.path.join(args.work, name)
    data, store = os.path.join(folder, "csv"), os.path.join(folder, "store")
    os.makedirs(data)
    run(os.path.join(args.bin, "bench_scale_gen"), str(nodes), str(edges), "4", data)
    run(args.cordon, "import", "--schema", os.path.join(data, "schema.lua"), "--out", store,
        "--memory", args.memory, "--no-progress", "--format", "json", data)
    shutil.rmtree(data)
    return store


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    options = argparse.ArgumentParser()
    options.add_argument("--bin", required=True)
    options.add_argument("--cordon", required=True)
    options.add_argument("--work", required=True)
    options.add_argument("--store")
    options.add_argument("--nodes", type=int, default=20000000)
    options.add_argument("--edges", type=int, default=200000000)
    options.add_argument("--memory", default="2GiB")
    options.add_argument("--requests", type=int, default=50000)
    options.add_argument("--rounds", type=int, default=3)
    args = options.parse_args()
    rule = os.path.join(here, "rules", "flat.lua")
    shutil.rmtree(args.work, ignore_errors=True)
    try:
        small = make(args, "small", 10000, 100000)
        large = args.store or make(args, "large", args.nodes, args.edges)
        rounds = []
        for _ in range(args.rounds):
            rounds.append([
                dict(zip(FIELDS, map(int, run(os.path.join(args.bin, "bench_flat"), store, rule,
                                              str(args.requests)).split())))
                for store in (small, large)])

        def ratio(field):
            return round(statistics.median(b[field] / max(a[field], 1) for a, b in rounds), 2)

        a, b = rounds[len(rounds) // 2]
        print(json.dumps({
            "bench": "flat", "nodes": b["nodes"], "edges": b["edges"], "requests": b["requests"],
            "p50_ns": b["p50_ns"], "mean_ns": b["mean_ns"],
            "reference": "%d nodes, %d edges" % (a["nodes"], a["edges"]),
            "reference_p50_ns": a["p50_ns"], "reference_mean_ns": a["mean_ns"],
            "ratio_p50": ratio("p50_ns"), "ratio_mean": ratio("mean_ns"),
            "edges_read_ratio": ratio("edges_read"),
            "first_touch_mean_ns": b["first_mean_ns"],
            "first_touch_faults_per_request": round(b["first_faults"] / b["requests"], 2),
            "faults_per_request": round(b["faults"] / b["requests"], 3)}))
    finally:
        shutil.rmtree(args.work, ignore_errors=True)


main()
