#!/usr/bin/env python3
"""/openapi.json against the server that gives it, both ways.

  openapi.py CORDON SOURCE_DIR WORK

Every route of the sources is in it and nothing else is; every reference leads somewhere and every
component is used; every example is what its schema says; and so is what a running server answers to
each GET route and to evaluations."""
import glob
import json
import os
import re
import sys

import schema
import server
from server import Server, command, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
os.makedirs(work, exist_ok=True)

ONE = {"node": "Account:1", "now": "2026-01-10T00:00:00Z"}

# What is asked of each GET route: paths, or (path, status).  A route that is not here fails the test.
SAMPLES = {
    "/healthz": ["/healthz"],
    "/readyz": ["/readyz"],
    "/metrics": ["/metrics"],
    "/v1/status": ["/v1/status", "/v1/status?pretty=true"],
    "/openapi.json": ["/openapi.json", "/openapi.json?pretty=true"],
    "/v1/graph/schema": ["/v1/graph/schema", "/v1/graph/schema?usage=true"],
    "/v1/graph/nodes/{label}/{key}": [
        "/v1/graph/nodes/Account/1", ("/v1/graph/nodes/Account/77", 404), ("/v1/graph/nodes/None/1", 404),
        ("/v1/graph/nodes/Account/1?properties=none", 400)],
    "/v1/graph/nodes/{label}/{key}/neighbourhood": [
        "/v1/graph/nodes/Account/1/neighbourhood?limit=1&usage=true",
        ("/v1/graph/nodes/Account/1/neighbourhood?cursor=none", 400)],
    "/v1/graph/nodes/{label}/{key}/ego": [
        "/v1/graph/nodes/Account/1/ego?hops=2", "/v1/graph/nodes/Account/1/ego?format=dot"],
    "/": ["/"],
    "/page.css": ["/page.css"],
    "/page.js": ["/page.js"],
    "/api.js": ["/api.js"],
    "/draw.js": ["/draw.js"],
    "/form.js": ["/form.js"],
    "/show.js": ["/show.js"],
    "/text.js": ["/text.js"],
    "/icon.svg": ["/icon.svg"],
    "/v1/rules": ["/v1/rules?contract=true", "/v1/rules?limit=1", ("/v1/rules?limit=0", 400)],
    "/v1/rules/{id}": ["/v1/rules/told", "/v1/rules/sent", ("/v1/rules/none", 404)],
    "/v1/rules/{id}/versions": ["/v1/rules/told/versions", ("/v1/rules/sent/versions", 404)],
    "/v1/rules/{id}/versions/{version}": [
        "/v1/rules/told/versions/1", "/v1/rules/told/versions/newest?format=source",
        "/v1/rules/told/versions/2?format=cases", ("/v1/rules/told/versions/9", 404)],
    "/v1/rules/{id}/diff": ["/v1/rules/told/diff", "/v1/rules/told/diff?format=text"],
    "/v1/rules/{id}/history": ["/v1/rules/told/history?limit=2"],
    "/v1/rollouts": ["/v1/rollouts"],
    "/v1/rollouts/{id}": ["/v1/rollouts/told"],
    "/v1/shadows": ["/v1/shadows"],
    "/v1/shadows/{id}": ["/v1/shadows/told"],
    "/v1/decisions": ["/v1/decisions", "/v1/decisions?order=oldest&limit=1",
                      ("/v1/decisions?outcome=good", 400)],
    "/v1/decisions/{id}": [("/v1/decisions/00", 404)],
    "/v1/audit": ["/v1/audit", "/v1/audit?verify=true"],
    "/v1/proposals": ["/v1/proposals"],
    "/v1/proposals/{id}": ["/v1/proposals/1", ("/v1/proposals/999", 404)],
    "/v1/config": ["/v1/config"],
}
# What is posted to the routes that evaluate.
POSTS = {
    "/v1/reload": [("/v1/reload", {}, 200)],
    "/v1/evaluate/{rule}": [
        ("/v1/evaluate/sent?usage=true&explain=full&provenance=true&metrics=true", ONE, 200),
        ("/v1/evaluate/sent", {**ONE, "id": [1], "limits": {"edges": 1}}, 200),
        ("/v1/evaluate/sent?explain=fails", {}, 200),
        ("/v1/evaluate/endless?strict=true", ONE, 422),
        ("/v1/evaluate/none", {}, 404),
        ("/v1/evaluate/sent", {"nodes": 1}, 400)],
    "/v1/evaluate": [
        ("/v1/evaluate", {"requests": [{"rule": "sent", **ONE}, {"rule": "none"}, {"rule": "endless"}, {}]}, 200),
        ("/v1/evaluate", {"requests": []}, 200),
        ("/v1/evaluate", ONE, 400)],
    "/v1/sets/{set}:evaluate": [
        ("/v1/sets/pair:evaluate", ONE, 200),
        ("/v1/sets/pair:evaluate", {**ONE, "id": 1, "principal": "nobody"}, 200),
        ("/v1/sets/none:evaluate", ONE, 404)],
}


def routes_of_sources():
    """(method, path) of the tables in src/server, as they are written there."""
    found = set()
    for name in glob.glob(os.path.join(source, "src/server/routes_*.c")):
        with open(name, encoding="utf-8") as file:
            text = file.read()
        for table in re.findall(r"const struct cdn_route cdn_routes_\w+\[\] = \{(.*?)\n\};", text, re.S):
            for path in re.findall(r'\bPAGE\("([^"]+)"', table):
                found.add(("get", path))
            for method, path in re.findall(r'\.method = CDN_METHOD_(\w+),\s*\.path = "([^"]+)"', table):
                found.add((method.lower(), path))
            expect(len(re.findall(r"\.path = \"|PAGE\(", table)) ==
                   len(re.findall(r'\bPAGE\("|\.method = CDN_METHOD_\w+,\s*\.path = "', table)),
                   "%s: a route is not written as .method = ..., .path = ..." % name)
    return found


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def walk(value, where="#"):
    """Every object within, with the way to it."""
    if isinstance(value, dict):
        yield where, value
        for key, item in value.items():
            yield from walk(item, where + "/" + key)
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from walk(item, "%s/%d" % (where, i))


def check_routes(document):
    described = {(method, path) for method, path, _ in operations(document)}
    written = routes_of_sources()
    expect(len(written) > 10, "the sources have routes: %d" % len(written))
    expect(described == written, "described, but in no table: %s; in a table, but not described: %s"
           % (sorted(described - written), sorted(written - described)))
    names = [operation["operationId"] for _, _, operation in operations(document)]
    expect(len(names) == len(set(names)), "operations have names of their own: %s" % sorted(names))
    for method, path, operation in operations(document):
        expect(operation["summary"] and len(operation["summary"]) < 120, "%s %s: summary" % (method, path))
        expect(operation["responses"], "%s %s: answers" % (method, path))
        known = [schema.resolve(document, p["$ref"]) for p in operation["parameters"]
                 if p["$ref"][13:] and p["$ref"].split("/")[-1] in document["components"]["parameters"]]
        braces = re.findall(r"\{(\w+)\}", path)
        expect([p["name"] for p in known if p["in"] == "path"] == braces,
               "%s %s: parameters %s for the braces %s" % (method, path, known, braces))
        expect(len({(p["in"], p["name"]) for p in known}) == len(known),
               "%s %s: a parameter stands twice" % (method, path))
        expect(all(p["in"] != "path" or p["required"] for p in known), "%s: required" % path)
        expect(bool(operation["security"]) == ("x-right" in operation), "%s: security" % path)


def check_references(document):
    used = set()
    for where, of in walk(document):
        ref = of.get("$ref")
        if not isinstance(ref, str):
            continue
        try:
            schema.resolve(document, ref)
        except KeyError:
            expect(False, "%s: %s leads nowhere; src/server/schemas/*.json has it not" % (where, ref))
        used.add(ref)
    for kind in ("schemas", "parameters"):
        for name in document["components"][kind]:
            expect("#/components/%s/%s" % (kind, name) in used,
                   "nothing uses the %s %s" % (kind, name))
            expect(re.fullmatch(r"[A-Za-z0-9._-]+", name), "OpenAPI allows no such name: %s" % name)
    files = glob.glob(os.path.join(source, "src/server/schemas/*.json"))
    total = {"schemas": 0, "parameters": 0}
    for name in files:
        with open(name, encoding="utf-8") as file:
            of = json.load(file)
        expect(set(of) == set(total), "%s has %s" % (name, sorted(of)))
        for kind in total:
            total[kind] += len(of[kind])
    for kind, count in total.items():
        expect(len(document["components"][kind]) == count, "a name stands in two files of schemas, or "
               "a file is not compiled in: %d %s of %d" % (len(document["components"][kind]), kind, count))


def check_examples(document):
    for name, of in document["components"]["schemas"].items():
        expect(of.get("examples"), "the schema %s has no examples" % name)
        for example in of.get("examples", []):
            for fault in schema.faults(document, of, example, name):
                expect(False, "example of " + fault)
    for where, of in walk(document["components"]["parameters"]):
        if "in" in of and "schema" in of:
            expect(of.get("description"), "%s says nothing" % where)
            for example in [of[k] for k in ("example",) if k in of]:
                for fault in schema.faults(document, of["schema"], example, where):
                    expect(False, "example of " + fault)


def check_answer(document, operation, path, status, headers, text):
    """What came back is described: its status, its media type, and what it says."""
    of = operation["responses"].get(str(status), operation["responses"]["default"])
    if "$ref" in of:
        of = schema.resolve(document, of["$ref"])
    media = headers.get("Content-Type", "").split(";")[0]
    content = of.get("content")
    if not content:
        expect(text == b"", "%s: %d is to be empty: %s" % (path, status, text[:100]))
        return
    expect(media in content, "%s: %d is %s, described are %s" % (path, status, media, sorted(content)))
    if media.endswith("json") and content.get(media, {}).get("schema") != {"type": "string"}:
        for fault in schema.faults(document, content[media]["schema"], json.loads(text), path):
            expect(False, fault)


def check_answers(document, s):
    for method, path, operation in operations(document):
        if method == "get":
            expect(path in SAMPLES, "no request for GET %s: add one to SAMPLES of openapi.py" % path)
            for sample in SAMPLES.get(path, []):
                where, wanted = sample if isinstance(sample, tuple) else (sample, 200)
                status, headers, text = s.request("GET", where)
                expect(status == wanted, "%s: %d, wanted %d: %s" % (where, status, wanted, text[-300:]))
                check_answer(document, operation, where, status, headers, text)
        elif operation.get("x-right") == "evaluate":
            expect(path in POSTS, "no request for POST %s: add one to POSTS of openapi.py" % path)
            for where, body, wanted in POSTS.get(path, []):
                status, headers, text = s.request("POST", where, body)
                expect(status == wanted, "%s: %d, wanted %d: %s" % (where, status, wanted, text[-300:]))
                check_answer(document, operation, where, status, headers, text)
        # what is not described is not there
        concrete = re.sub(r"\{\w+\}", "1", path)
        allowed = set(document["paths"][path])
        for other in {"get", "put", "post", "delete"} - allowed:
            if any(m == other and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(p)), concrete)
                   for m, p, _ in operations(document)):
                continue # another template takes this very path
            status, _, _ = s.request(other.upper(), concrete)
            expect(status == 405, "%s %s: %d, and it is not described" % (other, concrete, status))
    for name in set(SAMPLES) | set(POSTS):
        expect(name in document["paths"], "%s is asked for and not described" % name)


def tell_of(document, s):
    """Give the registry, and the log, something to tell; each answer is as described."""
    text = ("return { name = 'told', decisions = { 'a', 'b' }, fallback = 'b', evaluate = function() "
            "return { decision = '%s' } end }")
    change = {"reason": "to be told"}
    for method, path, body in (
            ("PUT", "/v1/rules/told", {"source": text % "a"}),
            ("PUT", "/v1/rules/told", {"source": text % "b", "cases": '{"expect": {"decision": "b"}}'}),
            ("PUT", "/v1/rules/told", {"source": text % "b"}),
            ("POST", "/v1/rules/told:activate", {"version": 1, **change}),
            ("PUT", "/v1/rollouts/told", {"percent": 50, "guard": {"max_drift": 1}, **change}),
            ("PUT", "/v1/shadows/told", {"version": 3}),
            ("POST", "/v1/rules/told:pause", change), ("POST", "/v1/rules/told:resume", change),
            ("POST", "/v1/rules/told:quarantine", {"version": 1, "wall": "process", **change}),
            ("POST", "/v1/rules/told:trust", {"version": 1, **change}),
            ("POST", "/v1/rules/told:quarantine", change),
            ("POST", "/v1/rollouts/told:abort", change), ("DELETE", "/v1/shadows/told", None),
            ("PUT", "/v1/shadows/told", {"version": 3}), ("PUT", "/v1/rollouts/told", {"percent": 50}),
            ("POST", "/v1/rules/told:rollback", None), ("POST", "/v1/proposals/1:accept", None)):
        status, headers, answer = s.request(method, path, body)
        expect(status in (200, 201, 400, 404), "%s %s: %d %s" % (method, path, status, answer))
        for other, template, operation in operations(document):
            if other == method.lower() and re.fullmatch(
                    re.sub(r"\\\{\w+\\\}", "[^/:]+", re.escape(template)), path):
                check_answer(document, operation, path, status, headers, answer)
    for node in (1, 2, 3):
        s.ask("POST", "/v1/evaluate/told", {"node": "Account:%d" % node})


def check_page(s):
    """The files of the page: cached by their content, and held to themselves."""
    for path in [p for p in SAMPLES if p == "/" or p.endswith((".css", ".js", ".svg"))]:
        status, headers, text = s.request("GET", path)
        expect(status == 200 and text, "%s: %d" % (path, status))
        policy = headers["Content-Security-Policy"]
        expect("default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy and
               "*" not in policy and "data:" not in policy, "%s: policy %s" % (path, policy))
        expect(headers["X-Content-Type-Options"] == "nosniff" and
               headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-cache",
               "%s: headers %s" % (path, headers))
        tag = headers["ETag"]
        status, headers, text = s.request("GET", path, headers={"If-None-Match": tag})
        expect(status == 304 and text == b"" and headers["ETag"] == tag, "%s: %d" % (path, status))
        status, _, text = s.request("GET", path, headers={"If-None-Match": '"0", ' + tag})
        expect(status == 304, "%s: one tag of several" % path)
        status, _, text = s.request("GET", path, headers={"If-None-Match": '"0000000000000000"'})
        expect(status == 200 and text, "%s: another tag" % path)
        expect(not re.search(rb"https?://(?!www\.w3\.org/2000/svg)|\binnerHTML|insertAdjacentHTML|"
                             rb"outerHTML|\beval\(|document\.write|<style|\bstyle=|\son\w+=", text),
               "%s: it needs no network, and no text becomes markup" % path)


for fault in schema.selftest():
    expect(False, "the validator: " + fault)
store = server.make_store(cordon, source, work)
cli = os.path.join(source, "tests/integration/cli")
with Server(cordon, work, "--set", os.path.join(source, "tests/integration/server/rules/pair_set.lua"),
            os.path.join(cli, "rules/sent.lua"),
            os.path.join(source, "tests/integration/server/rules/endless.lua"), "-d", store,
            "--registry", os.path.join(store, "rules.mdb"), "--audit", os.path.join(store, "audit"),
            "--proposals", os.path.join(store, "proposals.mdb")) as s:
    document = s.ask("GET", "/openapi.json")
    expect(document["openapi"] == "3.1.0", "OpenAPI 3.1")
    check_routes(document)
    check_references(document)
    check_examples(document)
    tell_of(document, s)
    check_answers(document, s)
    check_page(s)
finish()
