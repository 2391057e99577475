#!/usr/bin/env python3
"""What a server tells: spans to a collector that takes them, is slow, fails, or is not there; and
lines of its log.

  telling.py CORDON SOURCE_DIR WORK"""
import http.server
import json
import os
import shutil
import sys
import threading
import time

import server as s

here = os.path.dirname(os.path.abspath(__file__))
RULES = [os.path.join(here, "rules", name + ".lua") for name in ("quick", "endless")]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(http.server.ThreadingHTTPServer):
    """OTLP over HTTP; `answers` in turn: a status, or a number of seconds to think first."""
    daemon_threads = True

    def __init__(self, *answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.spans, self.requests, self.lock = [], 0, threading.Lock()
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a sender that gave up


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.requests += 1
            answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer < 100:
            time.sleep(answer)
            answer = 200
        if answer == 200:
            s.expect(self.path == "/v1/traces" and
                     self.headers["Content-Type"] == "application/json", "path and type")
            batch = json.loads(body)["resourceSpans"][0]
            service = {a["key"]: a["value"] for a in batch["resource"]["attributes"]}
            s.expect(service["service.name"] == {"stringValue": "tested"}, "service: %s" % service)
            with self.server.lock:
                self.server.spans += batch["scopeSpans"][0]["spans"]
        self.send_response(answer)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def serve(cordon, work, collector, *args, **more):
    return s.Server(cordon, work, *RULES, *args, env={
        "CORDON_TRACE__ENDPOINT": collector if isinstance(collector, str) else collector.url,
        "CORDON_TRACE__SERVICE": "tested", **more})


def attributes(span):
    return {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}


def parent(sampled):
    return {"traceparent": "00-%s-00f067aa0ba902b7-%02d" % (TRACE, sampled)}


def spans_are_right(cordon, work):
    collector = Collector()
    with serve(cordon, work, collector) as server:
        good = server.ask("POST", "/v1/evaluate/quick", {}, parent(1))
        server.ask("POST", "/v1/evaluate/quick", {}, parent(0))  # its caller does not record it
        stopped = server.ask("POST", "/v1/evaluate/endless", {})  # a trace of our own
        server.ask("GET", "/v1/rules/none", code=404, headers=parent(1))
    spans = collector.spans  # a server that ends has sent everything
    s.expect(len(spans) == 5, "%d spans: %s" % (len(spans), [x["name"] for x in spans]))
    requests = {x["spanId"]: x for x in spans if x["kind"] == 2}
    runs = {attributes(x)["cordon.decision_id"]: x for x in spans if x["kind"] == 1}
    for run in runs.values():
        own = requests.get(run["parentSpanId"])
        s.expect(own and own["traceId"] == run["traceId"], "its request is its parent: %s" % run)
        s.expect(run["name"] == "cordon.evaluate" and
                 own["name"] == "POST /v1/evaluate/{rule}", "names: %s" % own)
        s.expect(int(own["startTimeUnixNano"]) <= int(run["endTimeUnixNano"]), "times")
    run = runs[good["decision_id"]]
    told = attributes(run)
    s.expect(run["traceId"] == TRACE and
             requests[run["parentSpanId"]]["parentSpanId"] == "00f067aa0ba902b7", "the caller's")
    s.expect(told["cordon.rule.id"] == "quick" and told["cordon.status"] == "SUCCESS" and
             told["cordon.variant"] == "live" and int(told["cordon.usage.instructions"]) > 0,
             "attributes: %s" % told)
    event = run["events"][0]
    flags = attributes(event)
    s.expect(event["name"] == "feature_flag.evaluation" and flags["feature_flag.key"] == "quick" and
             flags["feature_flag.result.reason"] == "static", "event: %s" % event)
    run = runs[stopped["decision_id"]]
    s.expect(attributes(run)["cordon.limit"] == "instructions" and run["status"]["code"] == 2 and
             run["traceId"] != TRACE, "a stopped rule: %s" % run)
    codes = sorted(attributes(x)["http.response.status_code"] for x in requests.values())
    s.expect(codes == ["200", "200", "404"], "codes: %s" % codes)
    collector.shutdown()


def figures(server):
    text = server.request("GET", "/metrics")[2].decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
            if line.startswith(("cordon_trace_", "cordon_server_log"))}


def busy(server, count=50):
    for _ in range(count):
        server.ask("POST", "/v1/evaluate/quick", {}, parent(1))


def wait_for(server, what, least):
    while figures(server)[what] < least:
        time.sleep(0.02)


def slow_and_failing(cordon, work):
    """Requests are answered as ever; what is asked to be sent again is."""
    collector = Collector(0.3, 503, 429)
    with serve(cordon, work, collector) as server:
        busy(server)
        wait_for(server, "cordon_trace_spans_exported_total", 1)
        busy(server)
        wait_for(server, "cordon_trace_retries_total", 1)
        wait_for(server, "cordon_trace_spans_exported_total", 200)
        s.expect("trace.failed" in server.log(), "the log tells")
    s.expect(sum(x["traceId"] == TRACE for x in collector.spans) == 200, "each span arrives once")
    collector.shutdown()


def refusing(cordon, work):
    collector = Collector(*[400] * 100)
    with serve(cordon, work, collector) as server:
        busy(server)
        wait_for(server, 'cordon_trace_spans_dropped_total{reason="refused"}', 1)
        s.expect(figures(server)["cordon_trace_retries_total"] == 0, "a refusal is final")
    collector.shutdown()


def absent(cordon, work):
    """Nobody there: requests are answered, and the end does not wait for long."""
    collector = Collector()
    url = collector.url
    collector.shutdown()
    collector.server_close()
    with serve(cordon, work, url) as server:
        busy(server, 200)
        wait_for(server, "cordon_trace_retries_total", 1)
        s.expect(figures(server)["cordon_trace_spans_exported_total"] == 0, "nothing arrives")


def lines(cordon, work):
    with s.Server(cordon, work, *RULES, env={
            "CORDON_LOG__FORMAT": "json", "CORDON_LOG__ACCESS": "true"}) as server:
        server.ask("POST", "/v1/evaluate/quick", {}, {"X-Request-Id": "mine-1", **parent(1)})
        server.ask("GET", "/v1/rules/secret-name", code=404)
        while server.log().count('"access"') < 2:
            time.sleep(0.01)
        kept = [json.loads(line) for line in server.log().splitlines()]
    access = [line for line in kept if line.get("event") == "access"]
    first = access[0]
    s.expect(first["method"] == "POST" and first["route"] == "/v1/evaluate/{rule}" and
             first["status"] == 200 and first["request_id"] == "mine-1" and
             first["trace_id"] == TRACE and first["caller"] == "anonymous" and first["ms"] >= 0,
             "an access line: %s" % first)
    s.expect(access[1]["status"] == 404 and access[1]["route"] == "/v1/rules/{id}",
             "another: %s" % access[1])
    s.expect(not any("secret-name" in json.dumps(line) for line in access), "no path is logged")


def main():
    cordon, _, work = sys.argv[1:]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    spans_are_right(cordon, work)
    slow_and_failing(cordon, work)
    refusing(cordon, work)
    absent(cordon, work)
    lines(cordon, work)
    s.finish()


main()
