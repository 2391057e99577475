#!/usr/bin/env python3
"""Clients that do not play by the rules: each attack is met with a refusal or a closed connection,
everybody else is answered meanwhile, and memory stays where it was.

  hostile.py CORDON SOURCE_DIR WORK

Limits are small here, so that an attack is beyond them soon.  Nothing is said about how long
anything takes: where a connection has to be closed the test waits until it is."""
import http.client
import json
import os
import random
import socket
import struct
import sys
import time

import server
from server import Server, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)
store = server.make_store(cordon, source, work)
rule = os.path.join(source, "tests/integration/cli/rules/sent.lua")
one = json.dumps({"node": "Account:1", "now": "2026-01-10T00:00:00Z"}).encode()

HEADER, BODY, BATCH, CONNECTIONS = 8 << 10, 64 << 10, 256 << 10, 64
GROWTH = 32 << 20 # what an attack may add to the memory of a server, whatever it sends
limits = {"CORDON_SERVER__MAX_HEADER_BYTES": str(HEADER), "CORDON_SERVER__MAX_BODY_BYTES": str(BODY),
          "CORDON_SERVER__MAX_BATCH_BYTES": str(BATCH),
          "CORDON_SERVER__MAX_CONNECTIONS": str(CONNECTIONS),
          "CORDON_SERVER__MAX_CONNECTIONS_PER_ADDRESS": "0",
          "CORDON_SERVER__HEADER_TIMEOUT_MS": "300ms", "CORDON_SERVER__REQUEST_TIMEOUT_MS": "600ms",
          "CORDON_SERVER__IDLE_TIMEOUT_MS": "1s"}
with open(cordon, "rb") as program:
    sanitized = b"__asan_init" in program.read() or os.environ.get("CORDON_NO_RSS")


class Attack:
    """A connection that sends what it likes."""

    def __init__(self, s, text=b""):
        self.socket = socket.create_connection(("127.0.0.1", s.port), timeout=60)
        self.send(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, text):
        """False: the server has had enough."""
        try:
            self.socket.sendall(text)
            return True
        except OSError:
            return False

    def answers(self):
        """Status, headers and body of each answer, until the server closes the connection."""
        heard = b""
        while True:
            try:
                piece = self.socket.recv(1 << 16)
            except ConnectionError:
                piece = b""
            if not piece:
                break
            heard += piece
        found = []
        while heard.startswith(b"HTTP/1."):
            head, _, heard = heard.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
            length = int(headers.get("content-length", len(heard)))
            found.append((int(lines[0].split()[1]), headers, heard[:length]))
            heard = heard[length:]
        # libmicrohttpd, which refuses some of this before we see it, then repeats its header
        last = found[-1] if found else (0, {}, b"")
        expect(not heard or (last[0] in (400, 413) and last[1].get("connection") == "close" and
                             last[2].startswith(b"HTTP/1.1 4")), "what is no answer: %s" % heard[:200])
        return found

    def close_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def ask(s, *words):
    """One exchange on a connection of its own."""
    connection = s.connect()
    try:
        return s.request(*words, connection=connection)
    finally:
        connection.close()


def comes_in(s, told):
    """Whoever comes now is answered, as soon as the server has noticed who is gone."""
    for _ in range(1000):
        try:
            status, _, text = ask(s, "GET", "/healthz")
            expect(status == 200, "%s: %d %s" % (told, status, text))
            return
        except (http.client.HTTPException, OSError):
            time.sleep(0.02)
    expect(False, told + ": nobody is let in")


def memory(s, what):
    with open("/proc/%d/status" % s.process.pid, encoding="ascii") as file:
        for line in file:
            if line.startswith(what):
                return int(line.split()[1]) << 10
    return 0


def attack(s, body):
    """Run one, with a look at the server's memory at its highest, and at its health behind it."""
    with open("/proc/%d/clear_refs" % s.process.pid, "w", encoding="ascii") as file:
        file.write("5\n") # the highest is from now on
    before = memory(s, "VmRSS")
    body(s)
    grown = memory(s, "VmHWM") - before
    expect(sanitized or grown < GROWTH, "%s: memory grew by %d KiB" % (body.__name__, grown >> 10))
    comes_in(s, "after " + body.__name__)


def request(method="POST", path="/v1/evaluate/sent", body=one, *more, version="1.1"):
    """The bytes of a request; a body of None has no length."""
    lines = ["%s %s HTTP/%s" % (method, path, version), "Host: x", *more]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def one_answer(s, text, codes, told):
    """The bytes are answered once, with one of these codes, and the connection is closed."""
    with Attack(s, text) as a:
        found = a.answers()
        expect(len(found) == 1 and found[0][0] in codes, "%s: wanted one of %s: %s" % (
            told, codes, [(status, body[:200]) for status, _, body in found]))
        return found[0] if found else (0, {}, b"")


# ---- limits -------------------------------------------------------------------------------

def large_headers(s):
    for told, text, codes in (
            ("a long header", request("GET", "/healthz", None, "X-Long: " + "a" * 3 * HEADER), (413, 431)),
            ("many headers", request("GET", "/healthz", None, *["X-%d: a" % i for i in range(3000)]),
             (413, 431)),
            ("a long path", request("GET", "/" + "a" * 3 * HEADER, None), (413, 414, 431)),
            ("many parameters", request("GET", "/healthz?" + "a=b&" * 3 * HEADER, None),
             (413, 414, 431))):
        one_answer(s, text, codes, told)
    for count in range(200): # a header that does not end
        with Attack(s, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ") as a:
            sent = 0
            while sent < 8 * HEADER and a.send(b"a" * 1024):
                sent += 1024
        if count > 20 and sent < 8 * HEADER:
            break


def large_bodies(s):
    problem = one_answer(s, request() [:-len(one)].replace(
        b"Content-Length: %d" % len(one), b"Content-Length: 99999999999") + b"{", (413,), "a long body")
    expect(json.loads(problem[2])["type"] == "urn:cordon:problem:too-large", "%s" % problem[2])
    # a little beyond the limit: read, refused, and the connection is good for another
    with Attack(s, request(body=b" " * (BODY + 1)) + request("GET", "/healthz", None, "Connection: close")) as a:
        expect([status for status, _, _ in a.answers()] == [413, 200], "a body beyond the limit")
    with Attack(s, request(body=one + b" " * (BODY - len(one))) +
                request("GET", "/healthz", None, "Connection: close")) as a:
        expect([status for status, _, _ in a.answers()] == [200, 200], "a body at the limit")
    # who waits to be asked for it is not asked
    first = one_answer(s, request(body=None)[:-2] + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
                       (413,), "100-continue")
    expect(first[0] == 413, "a long body was asked for")
    # chunks without an end
    with Attack(s, request(body=None)[:-2] + b"Transfer-Encoding: chunked\r\n\r\n") as a:
        sent = 0
        while sent < 64 << 20 and a.send(b"4000\r\n" + b" " * 0x4000 + b"\r\n"):
            sent += 0x4000
        expect(sent < 64 << 20, "chunks without an end are read for ever")


def chunks(s):
    head = request(body=None)[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
    good = b"%x\r\n%s\r\n0\r\n\r\n" % (len(one), one)
    with Attack(s, head + good + request("GET", "/healthz", None, "Connection: close")) as a:
        expect([status for status, _, _ in a.answers()] == [200, 200], "chunks")
    for text in (b"FFFFFFFFFFFFFFFF\r\n", b"10000000000000000\r\n", b"-1\r\n", b"+2\r\n{}\r\n0\r\n\r\n",
                 b"0x2\r\n{}\r\n0\r\n\r\n", b" 2\r\n{}\r\n0\r\n\r\n", b"2 \n{}\r\n0\r\n\r\n", b"\r\n{}\r\n",
                 b"zz\r\n", b"2\r\n{}0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n", b"1" * 3 * HEADER + b"\r\n",
                 b"2;" + b"a" * 3 * HEADER):
        with Attack(s, head + text) as a:
            a.close_sending()
            found = a.answers()
            expect(not [f for f in found if f[0] < 400], "chunks %s: %s" % (text[:30], found))


def smuggled(s):
    """What a proxy might read otherwise is refused, and nothing behind it is read at all."""
    behind = request("GET", "/openapi.json", None)
    chunked = "Transfer-Encoding: chunked"
    cases = [
        (request("POST", "/v1/evaluate/sent", one, "Content-Length: 0"), (400,)),
        (request("POST", "/v1/evaluate/sent", one, "Content-Length: %d" % len(one)), (400,)),
        (request("POST", "/v1/evaluate/sent", one, chunked), (400,)),
        (request("POST", "/v1/evaluate/sent", None, chunked, chunked) + b"0\r\n\r\n", (400,)),
        (request("POST", "/v1/evaluate/sent", None, chunked + ", identity") + b"0\r\n\r\n", (400, 501)),
        (request("POST", "/v1/evaluate/sent", None, "Transfer-Encoding: xchunked") + b"0\r\n\r\n", (400, 501)),
        (request("POST", "/v1/evaluate/sent", None, "Transfer-Encoding: gzip") + b"0\r\n\r\n", (400, 501)),
        (request("POST", "/v1/evaluate/sent", None, "Transfer-Encoding : chunked") + b"0\r\n\r\n", (400,)),
        (request("POST", "/v1/evaluate/sent", None, chunked, version="1.0") + b"0\r\n\r\n", (400,)),
        (request("POST", "/v1/evaluate/sent", one, "Host: y"), (400,)),
        (request("POST", "/v1/evaluate/sent", one, "Authorization: Bearer a", "Authorization: Bearer b"),
         (400,)),
        (request("GET", "/healthz", None, "X: a\x0bb"), (400,)),
        (request("GET", "/healthz", None, "X Y: a"), (400,)),
        (b"GET /healthz HTTP/1.1\r\n\r\n", (400,)),
        (request("GET", "/healthz", None, version="2.0"), (400, 505)),
        (request("GET", "/healthz", None, version="0.9"), (400, 505)),
    ]
    for length in ("+5", "-1", "0x5", "5,5", "5 5", "", "1e1", "99999999999999999999", "5;"):
        cases.append((request("POST", "/v1/evaluate/sent", None, "Content-Length: " + length) + b"{}   ",
                      (400, 413)))
    for text, codes in cases:
        with Attack(s, text + behind) as a:
            found = a.answers()
            expect(len(found) <= 1 and all(f[0] in codes for f in found), "%s: wanted one of %s: %s" % (
                text[:160], codes, [(status, body[:160]) for status, _, body in found]))


def codings(s):
    for coding in ("gzip", "deflate", "br", "gzip, identity", "zstd"):
        status, headers, text = ask(s, "POST", "/v1/evaluate/sent", one, {"Content-Encoding": coding})
        expect(status == 415 and headers["Accept-Encoding"] == "identity", "%s: %d %s" % (
            coding, status, text))
    expect(ask(s, "POST", "/v1/evaluate/sent", one, {"Content-Encoding": "identity"})[0] == 200,
           "identity is refused")


# ---- time and numbers ---------------------------------------------------------------------

def drip(s, text, told):
    """Connections that send a byte now and then, as if for ever, are closed; others are answered
    meanwhile."""
    dripping = [Attack(s, text[:1]) for _ in range(24)]
    at = 1
    while dripping and at < 4000:
        for a in list(dripping):
            # a byte that would end the headers is never sent
            if not a.send(text[at:at + 1] or b"a"):
                a.socket.close()
                dripping.remove(a)
        status, _, _ = s.over_socket("GET", "/healthz")
        if at % 50 == 1:
            expect(status == 200, "%s: nobody else is answered" % told)
        at += 1
        for a in dripping[:1]:
            a.socket.settimeout(0.02)
            try:
                expect(not a.socket.recv(100).startswith(b"HTTP/1.1 2"), "%s is answered" % told)
            except OSError:
                pass
    expect(not dripping, "%s: %d connections are still open" % (told, len(dripping)))
    for a in dripping:
        a.socket.close()


def slow_headers(s):
    drip(s, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", "slow headers")
    # behind a request that was whole, too
    with Attack(s, request("GET", "/healthz", None)) as a:
        at = 0
        while at < 100000 and a.send(b"GET /healthz HTTP/1.1\r\nX: "[at:at + 1] or b"a"):
            a.socket.settimeout(0.02)
            try:
                if not a.socket.recv(4096):
                    break
            except TimeoutError:
                pass
            except OSError:
                break
            at += 1
        expect(at < 100000, "a slow second request is waited for")


def slow_bodies(s):
    drip(s, request(body=b" " * 9000)[:-9000], "slow bodies")


def nothing_at_all(s):
    """Connections that say nothing are closed."""
    quiet = [Attack(s) for _ in range(24)]
    for a in quiet:
        expect(a.answers() == [], "nothing is answered")
        a.socket.close()


def many_connections(s):
    """More than may be open: the rest waits or is closed, the socket and later ones are served."""
    opened = []
    for _ in range(4 * CONNECTIONS):
        try:
            opened.append(Attack(s))
        except OSError:
            break
    expect(s.over_socket("GET", "/healthz")[0] == 200, "the socket is held up by TCP")
    for a in opened:
        a.socket.close()
    comes_in(s, "after too many connections")


def pipelined(s):
    count = 300
    with Attack(s, request("GET", "/healthz", None) * (count - 1) +
                request("GET", "/healthz", None, "Connection: close")) as a:
        found = a.answers()
        expect([status for status, _, _ in found] == [200] * count, "%d of %d are answered" % (
            len(found), count))


def never_reads(s):
    """Whoever does not read what he asked for is cut off, and holds nothing meanwhile."""
    asking = request("GET", "/openapi.json?pretty=true", None) * 400
    while descriptors(s) > idle: # those of the attack before are gone
        time.sleep(0.02)
    before = descriptors(s)
    hungry = []
    for _ in range(8):
        a = Attack(s)
        a.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        a.socket.settimeout(0.2)
        a.send(asking)
        a.socket.settimeout(60)
        hungry.append(a)
    expect(s.over_socket("GET", "/healthz")[0] == 200, "nobody else is answered")
    # what is on its way to them is the kernel's; the server is done with them
    while descriptors(s) > before:
        time.sleep(0.02)
    for a in hungry:
        a.socket.close()


def descriptors(s):
    return len(os.listdir("/proc/%d/fd" % s.process.pid))


# ---- nonsense -----------------------------------------------------------------------------

def garbage(s):
    chance = random.Random(7)
    for round_ in range(60):
        text = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 600)))
        if round_ % 3 == 0:
            text = b"\r\n" * (round_ % 5) + request()[:chance.randrange(1, 120)] + text
        elif round_ % 3 == 1:
            whole = bytearray(request())
            for _ in range(4):
                whole[chance.randrange(len(whole))] = chance.randrange(256)
            text = bytes(whole)
        with Attack(s, text) as a:
            a.close_sending()
            a.answers()


def echoed(s):
    """What is sent back of a request's own is only what may stand in a header."""
    for text in ("a b", 'a"b', "a,b", "a\tb", "a<b>", "\xe9", "a" * 65, "a%0d%0aX: y", "a;b", "", "{}"):
        with Attack(s, request("GET", "/healthz", None, "X-Request-Id: " + text, "Connection: close")) as a:
            status, headers, _ = a.answers()[0]
            expect(status == 200 and headers["x-request-id"] != text and
                   headers["x-request-id"].isalnum(), "%r is sent back: %s" % (text, headers))
    with Attack(s, request("GET", "/healthz", None, "X-Request-Id: a-B_9.:/+=@", "Connection: close")) as a:
        expect(a.answers()[0][1]["x-request-id"] == "a-B_9.:/+=@", "a good name is not sent back")
    for name in ("traceparent", "tracestate", "Idempotency-Key", "If-Match", "Accept", "Origin", "Cookie"):
        with Attack(s, request("GET", "/healthz", None, name + ": <script>\xff;x", "Connection: close")) as a:
            found = a.answers()
            expect(len(found) == 1 and "<script>" not in str(found[0][1]), "%s is sent back: %s" % (
                name, found))
    # in a problem, too, it stays text
    status, headers, text = ask(s, "GET", "/%3Cscript%3E/%0d%0aX-A:%20b")
    expect(status == 404 and "X-A" not in headers and
           headers["Content-Type"] == "application/problem+json", "%d %s" % (status, headers))
    json.loads(text)


def paths(s):
    for path in ("/%", "/%4", "/%zz", "/%00", "/v1/evaluate/%00", "/v1/evaluate/a%00b", "/v1/evaluate/%",
                 "/v1/evaluate/..", "/v1/evaluate/%2e%2e%2f", "/v1/evaluate/..%2f..%2fetc%2fpasswd",
                 "/v1/evaluate/%c0%ae%c0%ae", "/v1/evaluate/%ff", "/v1/evaluate/%f4%90%80%80",
                 "/v1/evaluate/" + "a" * 3000, "/v1/evaluate/a:b:c", "/v1/evaluate/sent/",
                 "/v1/evaluate//sent", "//v1/evaluate/sent", "/v1/evaluate/sent;x=1", "/v1/evaluate/SENT",
                 "/../../etc/passwd", "/page.css/../page.js", "/page.css%00.js"):
        status, _, text = ask(s, "POST", path, one)
        expect(status in (400, 404, 405), "POST %s: %d %s" % (path, status, text[:200]))
        json.loads(text)
    expect(ask(s, "POST", "/v1/evaluate/%73ent", one)[0] == 200, "an escape that none needs")
    for query in ("usage=a%00b", "usage=%", "usage=%zz", "a%00=b", "pretty=%"):
        status, _, text = ask(s, "POST", "/v1/evaluate/sent?" + query, one)
        expect(status == 400 and b"urn:cordon:problem:query" in text, "?%s: %d %s" % (query, status, text))
    # as many parameters as there is room for
    with Attack(s, request("GET", "/healthz?" + "&".join("a%d" % i for i in range(1000)), None,
                           "Connection: close")) as a:
        expect(all(f[0] in (200, 413, 414, 431) for f in a.answers()), "a thousand parameters")


def bodies(s):
    deep = 12000
    texts = [b"[" * deep, b"[" * deep + b"]" * deep, b'{"a":' * deep, b'{"params":' + b"[" * 200 + b"]" * 200 + b"}",
             b"1e999", b'{"now":1e999}', b'{"seed":' + b"9" * 5000 + b"}", b'{"now":-' + b"9" * 40 + b"}",
             b'{"params":{"window":1e400}}', b"{", b"{}{}", b'{"a":1,"a":2}', b'{"\\ud800":1}', b'"\xff"',
             b"\xef\xbb\xbf{}", b"nul", b"NaN", b"{'a':1}", b'{"node":"' + b"a" * 60000 + b'"}', b"\x00", b"[]",
             b'{"node":{"label":"Account","key":[]}}', b'{"params":5}', b'{"principal":5}', b'{"node":null,"x":1}']
    for text in texts:
        status, _, answer = ask(s, "POST", "/v1/evaluate/sent", text, {"Content-Type": "application/json"})
        expect(status in (400, 404), "%s...: %d %s" % (text[:40], status, answer[:200]))
        json.loads(answer)
    lies = [struct.pack(">BI", code, size) for code in (0xc6, 0xc9, 0xdb, 0xdd, 0xdf)
            for size in (1, 0xffff, 0x7fffffff, 0xffffffff)]
    lies += [b"\xdc\xff\xff", b"\xde\xff\xff", b"\xda\xff\xff", b"\x9f", b"\x8f", b"\xbf", b"\xc1", b"\xd4", b"",
             b"\x91" * 60000, b"\x81\xa1a" * 20000, b"\x81\xc0\xc0", b"\x82\xa1a\x01\xa1a\x02", b"\x80\x80",
             b"\xcb\x7f\xf0" + b"\0" * 6, b"\x81\xa4node\xdd\xff\xff\xff\xff",
             b"\xdd\x00\x00\xff\x00" + b"\xc0" * 60000]
    for text in lies:
        for path in ("/v1/evaluate/sent", "/v1/evaluate"):
            status, _, answer = ask(s, "POST", path, text, {"Content-Type": "application/msgpack",
                                                              "Accept": "application/json"})
            expect(status == 400, "%s %s...: %d %s" % (path, text[:12], status, answer[:200]))
            json.loads(answer)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x",
                 "application/json/x", "application/x-ndjson"):
        status, _, answer = ask(s, "POST", "/v1/evaluate/sent", one, {"Content-Type": kind})
        expect(status == 415, "%s: %d %s" % (kind, status, answer[:200]))


def batches(s):
    """As many requests as fit into a batch, and nonsense for each of them."""
    for text, kind in ((b'{"requests":[' + b",".join([b"{}"] * 80000) + b"]}", "application/json"),
                       (b'{"requests":[' + b"[" * 100000 + b"]" * 100000 + b"]}", "application/json"),
                       (b"{}\n" * 80000, "application/x-ndjson"), (b"\n" * 250000, "application/x-ndjson"),
                       (b"x" * 250000, "application/x-ndjson"), (b"[\n" * 120000, "application/x-ndjson")):
        with Attack(s, request("POST", "/v1/evaluate", text, "Content-Type: " + kind,
                               "Connection: close")) as a:
            heard = 0
            while True:
                piece = a.socket.recv(1 << 20)
                if not piece:
                    break
                heard += len(piece)
            expect(heard > 0, "%s... is not answered" % text[:20])
    status, _, answer = ask(s, "POST", "/v1/evaluate", b" " * (BATCH + 1),
                                  {"Content-Type": "application/json"})
    expect(status == 413, "a batch beyond the limit: %d %s" % (status, answer[:200]))


def per_address():
    """One address cannot take all connections."""
    env = {**limits, "CORDON_SERVER__MAX_CONNECTIONS_PER_ADDRESS": "8",
           "CORDON_SERVER__HEADER_TIMEOUT_MS": "60s", "CORDON_SERVER__IDLE_TIMEOUT_MS": "60s"}
    with Server(cordon, work, rule, "-d", store, env=env) as s:
        served, refused = [], 0
        for _ in range(20):
            connection = s.connect()
            try:
                s.request("GET", "/healthz", connection=connection)
                served.append(connection)
            except (http.client.HTTPException, OSError):
                refused += 1
        expect(len(served) == 8 and refused == 12, "%d are served, %d refused" % (len(served), refused))
        for connection in served:
            connection.close()


ATTACKS = (large_headers, large_bodies, chunks, smuggled, codings, slow_headers, slow_bodies,
           nothing_at_all, many_connections, pipelined, never_reads, garbage, echoed, paths, bodies, batches)
chosen = [a for a in ATTACKS if len(sys.argv) < 5 or a.__name__ in sys.argv[4:]]
with Server(cordon, work, rule, "-d", store, env=limits) as victim:
    idle = descriptors(victim) + 2
    for body in chosen:
        attack(victim, body)
if len(chosen) == len(ATTACKS):
    per_address()
finish()
