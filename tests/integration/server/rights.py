#!/usr/bin/env python3
"""Every route, with every right, with none, without a token and with a wrong one: who may is
exactly who is said to, here a second time.

  rights.py CORDON SOURCE_DIR WORK"""
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time

import server
from server import Server, command, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
store = server.make_store(cordon, source, work)
cli = os.path.join(source, "tests/integration/cli")
one = {"node": "Account:1", "now": "2026-01-10T00:00:00Z"}

RIGHTS = ["evaluate", "read", "author", "promote", "kill", "audit"]
ANYBODY = None
TABLE = [  # method, pattern of the path, right: the first that fits
    ("get", r"/|/[a-z]+\.(js|css|svg|html)|/healthz|/readyz|/openapi\.json", ANYBODY),
    ("get", r"/metrics", "read"),
    ("post", r"/v1/evaluate(/\{rule\})?|/v1/sets/\{set\}:evaluate", "evaluate"),
    ("get", r"/v1/(decisions|audit)(/.*)?", "audit"),
    ("get", r"/v1/(rules|rollouts|shadows|graph|proposals|status|config|sets)([/:].*)?", "read"),
    ("put", r"/v1/(rules|rollouts|shadows)/\{\w+\}", "author"),
    ("delete", r"/v1/rules/\{\w+\}", "kill"),
    ("delete", r"/v1/shadows/\{\w+\}", "author"),
    ("post", r"/v1/rules/\{\w+\}:(kill|pause|quarantine)", "kill"),
    ("post", r"/v1/rules/\{\w+\}:(resume|activate|rollback|trust)", "promote"),
    ("post", r"/v1/rollouts/\{\w+\}:(promote|abort)", "promote"),
    ("post", r"/v1/proposals/\{\w+\}:(accept|reject)", "promote"),
    ("post", r"/v1/reload", "promote"),
]


def right_of(method, path):
    for row in TABLE:
        if row[0] == method and re.fullmatch(row[1], path):
            return row[2]
    expect(False, "%s %s: nobody has said here who may" % (method, path))
    return ANYBODY


def make_tokens():
    """A token for each right, for all, and for two principals; the configuration with them."""
    tokens, entries = {}, []
    wanted = [(right, right, None) for right in RIGHTS]
    wanted += [("all", ",".join(RIGHTS), None), ("masked", "evaluate,read", "masked"),
               ("poor", "evaluate,read", "poor")]
    for name, rights, principal in wanted:
        more = ["--principal", principal] if principal else []
        record = json.loads(command(cordon, "token", "new", "--name", name, "--right", rights,
                                    "--format", "json", *more))
        tokens[name] = record["token"]
        entries.append(record["entry"])
    path = os.path.join(work, "server.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write("return { auth = { tokens = {\n%s\n} } }\n" % "\n".join(entries))
    return tokens, path


def bearer(token):
    return {"Authorization": "Bearer " + token}


def check_route(s, tokens, method, path, right):
    target = re.sub(r"\{\w+\}", "none", path)
    body = None if method in ("get", "head") else b"{}"

    def ask(headers):
        # nothing it names is there, so that whoever may changes nothing
        status, found, text = s.request(method.upper(), target, body,
                                        {"Content-Type": "application/json", **headers})
        return status, found, text

    for name in RIGHTS + ["all"]:
        status, _, text = ask(bearer(tokens[name]))
        told = "%s %s with %s: %d %s" % (method, path, name, status, text[-300:])
        if right is ANYBODY or name in (right, "all"):
            expect(status not in (401, 403, 405), told)
        else:
            expect(status == 403, told)
            if method != "head":
                problem = json.loads(text)
                expect(problem["type"] == "urn:cordon:problem:right" and
                       problem["detail"] == "%s has no right to %s" % (name, right), told)
    for name, headers in (("nothing", {}), ("a wrong token", bearer(tokens["all"][:-1] + "!")),
                          ("a hash", bearer("0" * 64)), ("no scheme", {"Authorization": tokens["all"]}),
                          ("another scheme", {"Authorization": "Basic " + tokens["all"]})):
        status, found, text = ask(headers)
        told = "%s %s with %s: %d %s" % (method, path, name, status, text[-300:])
        if right is ANYBODY and name == "nothing":
            expect(status not in (401, 403), told)
        else:
            expect(status == 401 and found["WWW-Authenticate"].startswith("Bearer"), told)


def every_route(s, tokens):
    routes = s.ask("GET", "/openapi.json")["paths"]
    count = 0
    for path, methods in routes.items():
        for method, operation in methods.items():
            right = right_of(method, path)
            expect(operation.get("x-right") == right, "%s %s: %s, and here it is %s" % (
                method, path, operation.get("x-right"), right))
            check_route(s, tokens, method, path, right)
            if method == "get":
                check_route(s, tokens, "head", path, right)
            count += 1
    expect(count >= 10, "only %d routes" % count)
    # what is no route tells nobody anything, and opens nothing
    for path in ("/v1/none", "/v1/evaluate/", "/v1//evaluate/x", "/..", "/v1/../metrics", "//metrics",
                 "/metrics/", "/%2e%2e/metrics", "/v1/evaluate%2fsent", "/METRICS", "/metrics%00",
                 "/metrics;x", "/metrics%2f"):
        status, _, text = s.request("GET", path)
        expect(status == 404, "GET %s: %d %s" % (path, status, text[-200:]))
    for method in ("PATCH", "TRACE", "CONNECT", "BREW", "get"):
        status, _, text = s.request(method, "/v1/status")
        expect(status in (400, 405), "%s /v1/status: %d %s" % (method, status, text[-200:]))


def principals(s, tokens):
    def evaluate(name, code=200, **more):
        return s.ask("POST", "/v1/evaluate/sent", {**one, **more}, bearer(tokens[name]), code)
    plain = evaluate("evaluate")["result"]["output"]
    masked = evaluate("masked")["result"]["output"]
    expect(plain["key"] != masked["key"] and plain["name"] != masked["name"],
           "%s is seen as by the host: %s" % (plain, masked))
    expect(evaluate("masked", principal="masked")["result"]["output"] == masked,
           "his own name changes what he sees")
    for other in ("all", "poor", "nobody"):
        problem = evaluate("masked", code=403, principal=other)
        expect("masked evaluates as 'masked', not as '%s'" % other in problem["detail"], problem["detail"])
    # the host's own token may be anybody
    expect(evaluate("evaluate", principal="masked")["result"]["output"] == masked, "no principal")
    poor = evaluate("poor")
    expect(poor["outcome"] == "denied" and "principal 'poor'" in poor["message"], "%s" % poor)
    # in a batch it is the same
    lines = s.ask("POST", "/v1/evaluate", {"requests": [
        {"rule": "sent", **one}, {"rule": "sent", **one, "principal": "all"}]}, bearer(tokens["masked"]))
    text = json.dumps(lines)
    expect(json.dumps(masked["key"]) in text and json.dumps(plain["name"]) not in text, text)


def open_metrics():
    with Server(cordon, work, os.path.join(cli, "rules/sent.lua"), "-d", store, "--config", config,
                env={"CORDON_SERVER__OPEN_METRICS": "true"}) as s:
        expect(s.request("GET", "/metrics")[0] == 200, "/metrics is not open")
        expect(s.request("GET", "/v1/status")[0] == 401, "/v1/status is open, too")


def peers():
    """Whoever is at the other end of the socket is known without a token."""
    path = os.path.join(work, "peers.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write("return { auth = { peers = { { name = 'me', uid = %d, rights = 'read' } } } }\n"
                   % os.getuid())
    with Server(cordon, work, os.path.join(cli, "rules/sent.lua"), "-d", store, "--config", path) as s:
        status, _, text = s.over_socket("GET", "/v1/status")
        expect(status == 200, "%d %s" % (status, text))
        status, _, text = s.over_socket("POST", "/v1/evaluate/sent", json.dumps(one))
        expect(status == 403 and "me has no right to evaluate" in text.decode(), text)
        expect(s.request("GET", "/v1/status")[0] == 401, "TCP has no peers")
        expect(s.over_socket("GET", "/v1/status", headers=bearer("cordon_x"))[0] == 401,
               "a wrong token is made up for by the socket")


def sockets():
    """The socket's file: who may open it, and whose it is."""
    rule = os.path.join(cli, "rules/sent.lua")

    def refused(path, code, says):
        done = subprocess.run([cordon, "serve", rule, "--no-tcp", "--socket", path], env=server.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)
        expect(done.returncode == code and says in done.stderr.decode(), "%s: %d %s" % (
            path, done.returncode, done.stderr.decode()))

    with Server(cordon, work, rule, env={"CORDON_SERVER__SOCKET_MODE": "0600"}) as s:
        expect(stat.S_IMODE(os.stat(s.path).st_mode) == 0o600, "the socket's mode")
        refused(s.path, 3, "is there already")
        expect(s.over_socket("GET", "/healthz")[0] == 200, "another's start took the socket away")
        plain = os.path.join(s.folder.name, "plain")
        with open(plain, "w", encoding="ascii") as file:
            file.write("mine")
        refused(plain, 3, "is there already")
        with open(plain, encoding="ascii") as file:
            expect(file.read() == "mine", "a file was taken for a socket")
        refused("@cordon", 2, "has no permissions")
        refused("/" + "a" * 200, 2, "a socket's path has at most 107 bytes")
        refused(os.path.join(s.folder.name, "none/socket"), 3, "No such file")
        # one that a killed server left behind is nobody's
        s.process.kill()
        s.process.wait()
        expect(os.path.exists(s.path), "a killed server removed its socket")
        heir = subprocess.Popen([cordon, "serve", rule, "--no-tcp", "--socket", s.path],
                                env=server.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        told = json.loads(heir.stdout.readline() or b"{}")
        expect(told.get("socket") == s.path and s.over_socket("GET", "/healthz")[0] == 200,
               "a socket that was left behind is not taken: %s" % told)
        expect("port" not in told, "%s" % told)
        heir.terminate()
        expect(heir.wait(60) == 0 and not os.path.exists(s.path), "the socket is not removed at the end")
        heir.stdout.close()
        s.code = -9


def reloaded():
    """Who may call is read again, by SIGHUP and POST /v1/reload; requests and connections go on."""
    first, second = (json.loads(command(cordon, "token", "new", "--name", name, "--right", "read,promote",
                                        "--format", "json")) for name in ("first", "second"))
    path = os.path.join(work, "reloaded.lua")

    def write(*entries):
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("return { auth = { tokens = { %s } } }\n" % " ".join(entries))
        os.replace(path + ".new", path)

    def status(record, connection=None):
        return s.request("GET", "/v1/status", None, bearer(record["token"]), connection)[0]

    write(first["entry"])
    with Server(cordon, work, os.path.join(cli, "rules/sent.lua"), "-d", store, "--config", path,
                env={"CORDON_SERVER__IDLE_TIMEOUT_MS": "31s"}) as s:
        expect(status(first) == 200 and status(second) == 401, "before")
        write(first["entry"], second["entry"])
        answer = s.ask("POST", "/v1/reload", {}, bearer(first["token"]))
        expect(status(first) == 200 and status(second) == 200, "both: %s" % answer)
        write(second["entry"])
        s.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while status(first) != 401 and time.monotonic() < until:
            time.sleep(0.02)
        expect(status(first) == 401 and status(second) == 200, "the first is still known")
        # what cannot be read, or would open the server to everybody, changes nothing
        for text, says in (("return { auth = { tokens = { {} } } }", "'name' is missing"),
                           ("return {", "reloaded.lua:1"), ("return {}", "nobody is configured any more")):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            code, _, answer = s.request("POST", "/v1/reload", b"{}", bearer(second["token"]))
            expect(code == 409, "%s: %d" % (text, code))
            expect(b'"part":"config"' in answer and says in answer.decode(), "%s: %s" % (text, answer))
            expect(status(second) == 200 and status(first) == 401 and s.request("GET", "/v1/status")[0] == 401,
                   "after %s" % text)
            expect(s.request("GET", "/readyz")[0] == 503, "/readyz does not say that the reload failed")
        write(second["entry"])
        s.ask("POST", "/v1/reload", {}, bearer(second["token"]))
        expect(s.request("GET", "/readyz")[0] == 200, "/readyz is not ready again")
        write(first["entry"])
        rereads(s, path, first)


def rereads(s, path, caller):
    """The rest of the configuration: the log changes at once, what takes a new start is named, by
    answers and the log; the environment is above the file as before; a fault changes nothing."""
    def write(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write("return { auth = { tokens = { %s } }, %s }\n" % (caller["entry"], text))

    def setting(name):
        config = s.ask("GET", "/v1/config", None, bearer(caller["token"]))
        return next((x["value"], x["from"], x.get("restart", False)) for x in config["settings"]
                    if x["name"] == name)

    def by_signal(event):
        before = s.log().count(event)
        s.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while s.log().count(event) == before and time.monotonic() < until:
            time.sleep(0.02)
        expect(s.log().count(event) > before, "no %s in the log" % event)

    by_signal("reload: everything is as its files say")
    expect(setting("log.level") == ("info", "default", False), "log.level at first")
    write('log = { level = "debug", format = "json", access = true }, '
          'server = { queue = 7, idle_timeout_ms = 9000, port = 9 }, '
          'audit = { masks = { { path = "/input/params" } } }')
    wanted = ["server.queue", "audit.masks"]
    answer = s.ask("POST", "/v1/reload", {}, bearer(caller["token"]))
    expect(answer == {"status": "reloaded", "restart": wanted}, "what takes a new start: %s" % answer)
    expect(setting("log.level") == ("debug", "file", False) and setting("log.access")[0] == "true" and
           setting("log.format")[0] == "json", "the log is not as the file says")
    expect(setting("server.queue") == ("64", "default", True), "server.queue: %s" % (setting("server.queue"),))
    # of these the environment, and an option, say something else
    expect(setting("server.idle_timeout_ms") == ("31000", "environment", False) and
           setting("server.port") == ("0", "flag", False), "the file is stronger than those above it")
    expect(s.ask("GET", "/v1/status", None, bearer(caller["token"]))["restart"] == wanted, "/v1/status")
    expect(s.request("GET", "/readyz")[0] == 200, "a new start that is wanted is no failure")
    by_signal('"event":"reload.restart","message":"server.queue: ')
    s.ask("GET", "/v1/rules", None, {**bearer(caller["token"]), "X-Request-Id": "told"})
    until = time.monotonic() + 60
    while '"request_id":"told"' not in s.log() and time.monotonic() < until:
        time.sleep(0.02)
    expect('"request_id":"told"' in s.log(), "no access line after the reload")
    # faults, of the file and together with good settings
    write('log = { level = "loud" },\n  server = { queue = 9 }')
    code, _, answer = s.request("POST", "/v1/reload", b"{}", bearer(caller["token"]))
    expect(code == 409 and b"reloaded.lua:1: log.level" in answer, "a fault: %s" % answer)
    expect(setting("log.level")[0] == "debug" and json.loads(answer)["restart"] == wanted, "a fault was taken over")
    by_signal('"event":"reload","message":"something could not be taken over')
    expect("reloaded.lua:1: log.level" in s.log(), "the log does not say where the fault is")
    expect(b'"failures":["config"]' in s.request("GET", "/readyz")[2], "/readyz does not name it")
    # without them, everything is as at the start
    write("")
    expect(s.ask("POST", "/v1/reload", {}, bearer(caller["token"])) == {"status": "reloaded"}, "mended")
    expect(setting("log.level") == ("info", "default", False) and not setting("server.queue")[2], "as at first")


tokens, config = make_tokens()
with Server(cordon, work, os.path.join(cli, "rules/sent.lua"), "-d", store, "--config", config,
            "--policy", os.path.join(cli, "policies/good.lua"),
            "--audit", os.path.join(work, "audit")) as s:
    every_route(s, tokens)
    principals(s, tokens)
    everything = s.log()
    for token in tokens.values():
        expect(token not in everything, "a token is in the log")
open_metrics()
peers()
sockets()
reloaded()
finish()
