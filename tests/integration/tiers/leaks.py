#!/usr/bin/env python3
"""Nothing is left of workers: not after many lives of them, not after the host was killed.

  leaks.py LEAKS WORKER WORK WALL CYCLES KILLS

LEAKS (leaks.c) is a host that kills, stops and replaces its workers.  It is run for so many
cycles, and then so many times killed itself at a moment of chance.  After that there must be no
process of the worker's program, no mount, control group or temporary file that was not there
before.  What others do on the machine meanwhile is told from what is left by its passing, and by
a copy of the program that only this run has."""
import glob
import os
import random
import shutil
import subprocess
import sys
import time

LEAKS, WORKER, WORK = (os.path.abspath(p) for p in sys.argv[1:4])
WALL, CYCLES, KILLS = sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
PATIENCE = 60  # seconds for what is to pass; none of it is needed on an idle machine


def processes(folder):
    """Those whose program, or what they were started with, is in the folder: a container's or a
    machine's processes are other programs."""
    found = []
    for link in glob.glob("/proc/[0-9]*/exe"):
        pid = link.split("/")[2]
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                line = file.read()
            if os.readlink(link).startswith(folder) or folder.encode() in line:
                found.append(int(pid))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def mounts():
    with open("/proc/self/mountinfo") as file:
        return {line.split()[4] for line in file}


def groups():
    """Control groups of workers whose keeper is no more."""
    found = set()
    for path, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            keeper = name.split("-")[1] if name.startswith("cordon-") else ""
            if keeper.isdigit() and not os.path.exists("/proc/" + keeper):
                found.add(os.path.join(path, name))
    return found


def files(folder):
    return {os.path.join(path, name) for path, folders, names in os.walk(folder)
            for name in folders + names}


def left(before):
    now = {"processes": {str(p) for p in processes(WORK + "/")}, "mounts": mounts(),
           "groups": groups(), "files": files(os.environ["TMPDIR"])}
    return {what: now[what] - before[what] for what in now if now[what] - before[what]}


def settle(before, when):
    """Until nothing is left.  A group whose keeper was killed is the next worker's to remove,
    whoever had it: this run's, or another's on this machine."""
    began = time.monotonic()
    while True:
        rest = left(before)
        if not rest:
            return True
        if set(rest) == {"groups"} and time.monotonic() > began + 2:
            cycles(1)
        if time.monotonic() > began + PATIENCE:
            print("FAILED: %s there is left: %s" % (when, rest))
            return False
        time.sleep(0.02)


def cycles(count):
    return subprocess.run([LEAKS, "cycles", WALL, os.path.join(WORK, "cordon-worker"), str(count)],
                          capture_output=True, text=True)


def kill_host(seed):
    """True: it was killed; at a moment of its first tenths of a second, or before it is ready."""
    host = subprocess.Popen([LEAKS, "host", WALL, os.path.join(WORK, "cordon-worker"), str(seed)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if seed % 4:
        host.stdout.readline()
    time.sleep(random.Random(seed).uniform(0, 0.15))
    host.kill()
    err = host.communicate()[1]
    if host.returncode != -9:
        print("FAILED: host %d ended by itself with %d: %s" % (seed, host.returncode, err))
    return host.returncode == -9


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK + "/tmp")
    os.environ["TMPDIR"] = os.environ["XDG_RUNTIME_DIR"] = WORK + "/tmp"
    for program in glob.glob(WORKER + "*"):  # the static one is beside it
        if os.access(program, os.X_OK) and not os.path.isdir(program):
            shutil.copy(program, WORK)
    before = {"processes": set(), "mounts": mounts(), "groups": groups(),
              "files": files(WORK + "/tmp")}
    done = cycles(CYCLES)
    print(done.stdout + done.stderr, end="")
    if done.returncode:
        return done.returncode
    failures = not settle(before, "after the cycles")
    for seed in range(KILLS):
        failures += not kill_host(seed)
        failures += not settle(before, "after kill -9 number %d" % seed)
        if failures:
            break
    print("%d cycles and %d kills of the host, %d failures" % (CYCLES, KILLS, failures))
    return 1 if failures else 0


sys.exit(main())
