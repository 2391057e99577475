#!/usr/bin/env python3
"""Imports a generated graph that is larger than the memory it is given, and prints one JSON line.

  bench/scale.py --bin build/release/bench --cordon build/release/src/cli/cordon \\
                 --work build/scale [--nodes 20000000] [--edges 200000000] [--memory 2GiB]

The references ran on the same machine just before and after: reading and parsing the same CSV
and nothing else, and a plain sequential write of as many bytes as the snapshot has, synced.
Peak disk is what the work folder's file system lost while the import ran, the CSV aside.
Everything it made is removed at the end."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time


def measured(*command):
    """Seconds, peak memory in bytes and output of a command."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    if child.returncode:
        sys.exit("scale: %s: exit %d" % (" ".join(command), child.returncode))
    return seconds, usage.ru_maxrss * 1024, out, usage.ru_utime + usage.ru_stime


class Disk(threading.Thread):
    """The least free space while it runs."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.ended = folder, False
        self.before = self.least = self.free()

    def free(self):
        about = os.statvfs(self.folder)
        return about.f_bavail * about.f_frsize

    def run(self):
        while not self.ended:
            self.least = min(self.least, self.free())
            time.sleep(0.2)

    def taken(self):
        self.ended = True
        self.join()
        return self.before - self.least


def write_plainly(folder, size):
    block = os.urandom(1 << 20)
    path = os.path.join(folder, "plain")
    started = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(size >> 20):
            file.write(block)
        os.fsync(file.fileno())
    seconds = time.monotonic() - started
    os.unlink(path)
    return seconds


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bin", required=True)
    options.add_argument("--cordon", required=True)
    options.add_argument("--work", required=True)
    options.add_argument("--nodes", type=int, default=20000000)
    options.add_argument("--edges", type=int, default=200000000)
    options.add_argument("--files", type=int, default=4)
    options.add_argument("--memory", default="2GiB")
    options.add_argument("--verify", action="store_true", help="check the snapshot as well")
    args = options.parse_args()
    data, store = os.path.join(args.work, "csv"), os.path.join(args.work, "store")
    shutil.rmtree(args.work, ignore_errors=True)
    os.makedirs(data)
    try:
        measured(os.path.join(args.bin, "bench_scale_gen"), str(args.nodes), str(args.edges),
                 str(args.files), data)
        csv_bytes = sum(os.path.getsize(os.path.join(data, name)) for name in os.listdir(data))
        schema = os.path.join(data, "schema.lua")
        parse, _, _, _ = measured(os.path.join(args.bin, "bench_parse"), schema, data)
        disk = Disk(args.work)
        disk.start()
        seconds, memory, out, cpu = measured(
            args.cordon, "import", "--schema", schema, "--out", store, "--memory", args.memory,
            "--no-progress", "--format", "json", data)
        taken = disk.taken()
        summary = json.loads(out)
        if args.verify:
            measured(args.cordon, "snapshot", "verify", store)
        size = summary["file_bytes"]
        shutil.rmtree(store)
        plain = write_plainly(args.work, size)
        if (summary["nodes"] != {"Account": args.nodes} or summary["rejected"] or
                summary["edges"][0]["count"] != args.edges):
            sys.exit("scale: %s" % out)
        print(json.dumps({
            "bench": "scale", "nodes": args.nodes, "edges": args.edges, "memory": args.memory,
            "csv_bytes": csv_bytes, "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1),
            "rows_per_s": int(summary["rows"] / seconds), "peak_memory_bytes": memory,
            "snapshot_bytes": size, "peak_disk_bytes": taken,
            "parse_seconds": round(parse, 1), "ratio_to_parse": round(seconds / parse, 2),
            "write_seconds": round(plain, 1), "ratio_to_write": round(seconds / plain, 2)}))
    finally:
        shutil.rmtree(args.work, ignore_errors=True)


main()
