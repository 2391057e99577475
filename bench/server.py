#!/usr/bin/env python3
"""The graph query server under load: prints one JSON line a result.

  bench/server.py --bin build/release/bench --cordon build/release/src/cli/cordon \\
                  --shared ../shared --size small --work build/bench [--rounds 5] [--smoke]

W1 of the workloads through POST /v1/evaluate/w1_velocity, asked with the workloads' own requests,
over loopback and over a Unix socket: by bench_load (load/load.c), and over loopback by wrk.  What
it is held against runs in the same rounds, in turns: the same server answering a constant of the
same size, and Redis running W1 as a function (redis/w1.lua), in each of three forms of the data.
Then overload: four times what the server can do, of a rule of two thirds of a millisecond and of
W1, for --overload seconds.

Every answer of the server and of Redis is compared with the expected ones before anything is
timed.  --smoke: a few seconds, for a check that everything runs and agrees."""
import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

import redis_peer
from run import check, emit, results, run

CONNECTIONS = 32
SMOKE = {"rounds": 1, "seconds": 0.2, "overload": 1, "answers": 1000}
PATHS = {"w1": "/v1/evaluate/w1_velocity", "busy": "/v1/evaluate/busy", "constant": "/constant"}


# ---- the data, and requests as they go over the wire ----

def prepare(args):
    """The workloads' data, the reference's answers and the store; made once a work folder."""
    data = os.path.join(args.work, args.size)
    store = os.path.join(data, "server_store")
    os.makedirs(data, exist_ok=True)
    if not os.path.exists(os.path.join(data, "requests.csv")):
        run(os.path.join(args.bin, "bench_gen"), args.size, data)
    if not os.path.exists(os.path.join(data, "graph.csr")):
        run(os.path.join(args.bin, "bench_mkdb"), "csr", data)
    shutil.rmtree(store, ignore_errors=True)
    run(args.cordon, "import", "--schema", os.path.join(args.rules, "schemas", "workloads.lua"),
        "--out", store, "--no-progress", data)
    reference = os.path.join(data, "W1.ref")
    run(os.path.join(args.bin, "bench_cref"), data, "W1", "10000", "60", reference)
    _, answers, _ = results(reference)
    check(args.shared, args.size, "W1", answers, "the reference")
    return data, store, answers


def requests_of(data):
    with open(os.path.join(data, "requests.csv"), encoding="utf-8") as file:
        next(file)
        return [line.split(",")[1:3] for line in file]


def write_frames(path, frames):
    with open(path, "wb") as file:
        for frame in frames:
            file.write(struct.pack("<I", len(frame)) + frame)


def read_frames(path):
    with open(path, "rb") as file:
        while head := file.read(4):
            yield file.read(struct.unpack("<I", head)[0])


def post(path, body):
    head = ("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Content-Length: %d\r\n\r\n" % (path, len(body)))
    return head.encode() + body


def body_of(account, now):
    return json.dumps({"node": {"label": "Account", "key": account}, "now": int(now)},
                      separators=(",", ":")).encode()


# ---- what is measured ----

class Process:
    """A server's process: what it costs."""

    def __init__(self, pid):
        self.pid = pid

    def cpu_seconds(self):
        folder = "/proc/%d/task" % self.pid
        total = 0
        for task in os.listdir(folder):
            try:
                with open(os.path.join(folder, task, "schedstat"), encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except OSError:
                pass  # the thread has ended
        return total / 1e9

    def resident_kb(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


class Server:
    """A server of ours: `command` and where it is to listen; its first line says where it does."""

    def __init__(self, command, path):
        self.path = path
        self.child = subprocess.Popen(command + ["--port", "0", "--socket", path],
                                      stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        if not line:
            sys.exit("server.py: %s did not start" % command[0])
        self.port = json.loads(line)["port"]
        self.process = Process(self.child.pid)

    def close(self):
        self.child.terminate()
        self.child.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Load:
    """One way of asking one server: measured again and again, in turns with others."""

    def __init__(self, args, what, transport, server, frames, **options):
        self.what, self.transport, self.server = what, transport, server
        self.client = options.pop("client", "bench_load")
        self.depth = options.get("depth", 1)
        self.connections = 4 if args.smoke else CONNECTIONS
        self.seconds = args.seconds
        self.rows = []
        self.environment = dict(os.environ, CORDON_REQUESTS=frames)
        address = (["--unix", server.path] if transport == "unix"
                   else ["--tcp", "127.0.0.1:%d" % server.port])
        if self.client == "wrk":
            self.command = ["wrk", "-t1", "-c%d" % self.connections,
                            "-d%ds" % max(args.seconds, 1),
                            "-s", os.path.join(args.bench, "load", "wrk.lua"),
                            "http://127.0.0.1:%d/" % server.port]
        else:
            options = dict({"connections": self.connections, "seconds": args.seconds, "warm": 0.3},
                           **options)
            words = [w for name, value in options.items()
                     for w in ["--" + name] + ([] if value is True else [str(value)])]
            self.command = ([os.path.join(args.bin, "bench_load")] + address
                            + ["--requests", frames] + words)

    def measure(self):
        before = self.server.process.cpu_seconds()
        output = run(*self.command, env=self.environment).splitlines()[-1]
        row = json.loads(output)
        used = self.server.process.cpu_seconds() - before
        if self.client == "wrk":
            row = {"per_s": row["per_s"], "p50_us": row["p50_us"], "p99_us": row["p99_us"],
                   "requests": row["requests"], "bad": row["errors"]}
        else:
            served = row["served"]
            slow = {"p50_us": self.seconds * 1e6, "p99_us": self.seconds * 1e6}
            times = served.get("from_sent", slow)  # nothing was served in that time
            row = {"per_s": served["per_s"], "p50_us": times["p50_us"],
                   "p99_us": times["p99_us"], "requests": row["total"],
                   "bad": row["failed"]["count"] + row["refused"]["count"] + row["broken"]}
        if row["bad"]:
            sys.exit("server.py: %s: not everything was served: %s" % (self.what, output))
        row["server_cpu_us"] = used / row["requests"] * 1e6
        self.rows.append(row)

    def middle(self, field):
        return statistics.median(row[field] for row in self.rows)

    def ratio(self, other, field="per_s"):
        """Of this one to another, measured in the same rounds."""
        return round(statistics.median(a[field] / max(b[field], 1e-9)
                                       for a, b in zip(self.rows, other.rows)), 3)

    def fields(self):
        return {"what": self.what, "transport": self.transport, "client": self.client,
                "connections": self.connections, "depth": self.depth,
                "per_s": int(self.middle("per_s")), "p50_us": round(self.middle("p50_us"), 1),
                "p99_us": round(self.middle("p99_us"), 1),
                "server_cpu_us": round(self.middle("server_cpu_us"), 2)}


def ask(args, server, frames):
    """The bodies of the replies to all of them."""
    dump = frames + ".replies"
    run(os.path.join(args.bin, "bench_load"), "--unix", server.path, "--requests", frames,
        "--dump", dump)
    return list(read_frames(dump))


def answers_of_server(args, server, frames):
    """W1's answers, each in the form of the expected ones; and a usual reply."""
    words = {"allow": 0, "review": 1, "deny": 2}
    requests, bodies, answers = list(read_frames(frames)), ask(args, server, frames), []
    for at, body in enumerate(bodies):
        again = frames + ".again"
        write_frames(again, [requests[at]])
        for _ in range(20):  # the machine did something else for as long as the rule may take
            if json.loads(body).get("limit", {}).get("kind") != "time":
                break
            body, = ask(args, server, again)
        document = json.loads(body)
        if document.get("outcome") != "ok":
            sys.exit("server.py: request %d was answered %r" % (at, body))
        result = document["result"]
        answers.append(" ".join(map(str, [*result["output"], int(result["score"]),
                                          words[result["decision"]]])))
    bodies.sort(key=len)
    return answers, bodies[len(bodies) // 2]


def online(args, name):
    """The rule with a limit of time as rules have that somebody waits for: one that may take
    seconds would be kept off the event loops."""
    with open(os.path.join(args.bench, "rules", name), encoding="utf-8") as file:
        text = file.read()
    path = os.path.join(args.work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace('time = "5s"', 'time = "50ms"'))
    if 'time = "5s"' not in text:
        sys.exit("server.py: %s has no limit of 5 s any more" % name)
    return path


def compare(args, answers, reference, who):
    for at, (mine, theirs) in enumerate(zip(answers, reference)):
        if mine != theirs:
            sys.exit("server.py: %s: answer %d is %r, the reference says %r"
                     % (who, at, mine, theirs))
    return check(args.shared, args.size, "W1", answers, who)


def rates(args, data, cordon, constant, redis, frames):
    """Requests a second, all in turns."""
    own = {}
    for transport in ("tcp", "unix"):
        for what, server in (("constant", constant), ("w1", cordon)):
            own[what, transport] = Load(args, what, transport, server, frames[what])
        if args.smoke and transport == "tcp":
            continue
        own["redis constant", transport] = Load(args, "redis constant", transport, redis,
                                                frames["redis constant"], resp=True)
        for form in redis_peer.FORMS:
            for depth in (1,) if args.smoke else (1, 16):
                own[form, transport, depth] = Load(args, "redis " + form, transport, redis,
                                                   frames[form], resp=True, depth=depth)
    for what, server in (("constant", constant), ("w1", cordon)):
        own[what, "wrk"] = Load(args, what, "tcp", server, frames[what], client="wrk")
    for _ in range(args.rounds):
        for load in own.values():
            load.measure()
    for key, load in own.items():
        if load.what == "w1":
            where = key[1]
            reference = own["constant", where]
            emit(bench="server", size=args.size, **load.fields(), reference="constant",
                 reference_per_s=int(reference.middle("per_s")),
                 ratio=load.ratio(reference),
                 ratio_server_cpu=load.ratio(reference, "server_cpu_us"))
            peers = [other for name, other in own.items() if name[0] in redis_peer.FORMS
                     and (args.smoke or other.transport == load.transport)]
            best = max(peers, key=lambda peer: peer.middle("per_s"))
            emit(bench="server", size=args.size, **load.fields(),
                 reference="%s, depth %d" % (best.what, best.depth),
                 reference_per_s=int(best.middle("per_s")), ratio=load.ratio(best))
        else:
            emit(bench="server", size=args.size, **load.fields())


# ---- overload ----

class Watch:
    """The resident memory of a process, twice a second, until it is stopped."""

    def __init__(self, process):
        self.process, self.samples, self.ended = process, [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.5):
            self.samples.append(self.process.resident_kb())

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.samples or [self.process.resident_kb()]


def overload(args, server, what, frames):
    """Four times what the server can do: who is served is served soon, who is not hears so."""
    program = [os.path.join(args.bin, "bench_load"), "--tcp", "127.0.0.1:%d" % server.port,
               "--requests", frames]

    def load(connections, seconds, *more):
        return json.loads(run(*program, "--connections", str(connections), "--seconds",
                              str(seconds), "--warm", "0.5", *more))

    short = max(args.seconds, 1)
    capacity = load(16, short)["served"]["per_s"]
    calm = load(64, short, "--rate", str(max(capacity * 0.1, 1)))
    watch = Watch(server.process)
    pressed = load(512, args.overload, "--rate", str(capacity * 4))
    memory = watch.stop()
    quarter = max(len(memory) // 4, 1)
    calm_p99 = calm["served"]["from_due"]["p99_us"]
    served, refused = pressed["served"], pressed["refused"]
    emit(bench="overload", what=what, size=args.size, seconds=args.overload,
         capacity_per_s=int(capacity), offered_per_s=int(capacity * 4),
         served_per_s=int(served["per_s"]), refused_per_s=int(refused["per_s"]),
         unsent=pressed["unsent"], broken=pressed["broken"], failed=pressed["failed"]["count"],
         served_p99_us=served.get("from_due", {}).get("p99_us"), reference="a tenth of it",
         reference_p99_us=calm_p99,
         ratio_p99=round(served["from_due"]["p99_us"] / calm_p99, 2) if served["count"] else None,
         served_from_sent_p99_us=served.get("from_sent", {}).get("p99_us"),
         refused_from_sent_p50_us=refused.get("from_sent", {}).get("p50_us"),
         refused_from_sent_p99_us=refused.get("from_sent", {}).get("p99_us"),
         retry_after=pressed["retry_after"], refused=refused["count"],
         rss_kb_first_quarter=max(memory[:quarter]), rss_kb_last_quarter=max(memory[-quarter:]))
    if pressed["failed"]["count"] or pressed["broken"]:
        sys.exit("server.py: overload: not everything was answered: %r" % pressed)
    if pressed["retry_after"] != refused["count"]:
        sys.exit("server.py: overload: %d were refused, %d with a Retry-After"
                 % (refused["count"], pressed["retry_after"]))


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
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--overload", type=float, default=20)
    parser.add_argument("--answers", type=int, default=10000)
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args()
    args.bench, args.rules = here, os.path.join(here, "..", "rules")
    if args.smoke:
        vars(args).update(SMOKE)
    for missing, why in ((not os.path.exists(os.path.join(args.shared, "workloads", "gen.c")),
                          "no workloads at %s" % args.shared),
                         (not shutil.which("wrk"), "wrk is not installed"),
                         (not redis_peer.program(), "redis-tools is not installed")):
        if missing:
            print("SKIPPED: " + why)
            return 77
    data, store, reference = prepare(args)
    asked = requests_of(data)[:args.answers]
    frames = {name: os.path.join(data, name.replace(" ", "_") + ".frames")
              for name in (*PATHS, "redis constant", *redis_peer.FORMS)}
    for name, path in PATHS.items():
        write_frames(frames[name], [post(path, body_of(*r)) for r in asked])
    for form in redis_peer.FORMS:
        write_frames(frames[form], [redis_peer.command("FCALL_RO", form, 0, *r) for r in asked])
    write_frames(frames["redis constant"], [redis_peer.command("FCALL_RO", "constant", 0)] * len(asked))
    rules = [online(args, "w1.lua"), os.path.join(here, "rules", "busy.lua")]
    closing = []
    try:
        cordon = Server([args.cordon, "serve", "--data", store, *rules],
                        os.path.join(args.work, "cordon.sock"))
        closing.append(cordon)
        answers, usual = answers_of_server(args, cordon, frames["w1"])
        compare(args, answers, reference, "cordon")
        document = os.path.join(data, "constant.json")
        with open(document, "wb") as file:
            file.write(usual)
        constant = Server([os.path.join(args.bin, "bench_serve"), "--data", store,
                           "--constant", document], os.path.join(args.work, "constant.sock"))
        closing.append(constant)
        redis = redis_peer.Redis(args.work, free_port())
        closing.append(redis)
        redis.process = Process(redis.child.pid)
        redis.load(data, os.path.join(here, "redis", "w1.lua"))
        for form in redis_peer.FORMS:
            told = redis.ask([redis_peer.command("FCALL_RO", form, 0, *r) for r in asked])
            compare(args, [" ".join(map(str, t)) for t in told], reference, "redis " + form)
        rates(args, data, cordon, constant, redis, frames)
        for what in ("busy", "w1"):
            overload(args, cordon, what, frames[what])
    finally:
        for one in closing:
            one.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
