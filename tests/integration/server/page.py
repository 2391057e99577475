#!/usr/bin/env python3
"""The page at / in a real browser, over a made-up bank with the rules of rules/fraud.

  page.py CORDON SOURCE_DIR WORK

What the page shows is compared with what the server answers to the same questions asked directly;
it is used by mouse, by keyboard alone, on a narrow screen, without rights, with tokens; and what
graph and rules say to harm it stays text.  SKIPPED where there is no chromium or no chromedriver."""
import http.client
import json
import os
import re
import shutil
import sys
import urllib.parse

import browser
import server
from browser import Browser, KEYS
from server import Server, command, expect, finish

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
fraud = os.path.join(source, "rules/fraud")
OWNED = "<script>document.title='owned'</script>\u202e&amp;"
OURS = ("velocity", "fan_in", "fan_out")
BOTH = """return { name = "both", rules = { "velocity", "fan_in" }, decisions = { "allow", "review", "deny" },
                  fallback = "review" }"""


# ---- what is served ------------------------------------------------------------------------

def append(name, *lines):
    with open(os.path.join(work, "bank", name), "a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def patient(name, suffix, *change):
    """A rule of rules/fraud that no busy machine stops; its path."""
    with open(os.path.join(fraud, name + ".lua"), encoding="utf-8") as file:
        text = file.read().replace("limits      = {", 'limits      = { time = "10s",')
    expect('time = "10s"' in text, "%s declares its limits otherwise" % name)
    path = os.path.join(work, name + suffix)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(*change) if change else text)
    return path


def make():
    """A bank, one of whose persons has a name meant for browsers, and a registry of rules."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    bank, store = os.path.join(work, "bank"), os.path.join(work, "store")
    command(cordon, "generate", "--out", bank, "--seed", "3", "--accounts", "1000", "-q")
    with open(os.path.join(bank, "corpus.csv"), encoding="utf-8") as file:
        cases = [line.split(",")[:2] for line in file if ",fan_in," in line]
    append("persons.csv", '"%s",XX' % OWNED.replace('"', '""'))
    for node, _ in cases:
        append("person_accounts.csv", '"%s",%s' % (OWNED.replace('"', '""'), node.split(":")[1]))
    command(cordon, "import", "--schema", os.path.join(bank, "schema.lua"), "--out", store, "-q", bank)
    for name in OURS:
        command(cordon, "rule", "push", patient(name, ".lua"), "-d", store, "--author",
                "ann <b>", "--reason", "first <i>of all</i>", "-q")
        command(cordon, "rule", "activate", name, "-d", store, "--author", "ann", "-q")
    command(cordon, "rule", "push", patient("fan_in", "_2.lua", '"60h"', '"61h"'), "-d", store, "--author", "bob", "-q")
    command(cordon, "rollout", "start", "fan_in", "--version", "2", "--percent", "10", "-d", store, "--author",
            "bob", "-q")
    with open(os.path.join(work, "both.lua"), "w", encoding="utf-8") as file:
        file.write(BOTH)
    return store, cases


def denied(s, node, at):
    return s.ask("POST", "/v1/evaluate/fan_in", {"node": node, "as_of": at})["result"]["decision"] == "deny"


def link(url, **words):
    return url + "#" + urllib.parse.urlencode(words)


def visit(b, url):
    """Open it anew, also where only what is behind # differs."""
    b.open("about:blank")
    b.open(url)
    b.until("document.querySelectorAll('#rule option').length > 1", "the rules are offered")


# ---- what the page shows -------------------------------------------------------------------

def check_answer(b, s, node, at):
    """Run by mouse; the same as the server says."""
    visit(b, link(s.url, rule="fan_in", node=node, at=at))
    b.until("document.querySelectorAll('.param').length == 4 && document.querySelector('#around-body svg')",
            "the rule's parameters, and a drawing")
    expect(b.js("return document.getElementById('decision')") is None, "a link alone evaluates nothing")
    expect(b.js("return [document.getElementById('rule').value, document.getElementById('key').value,"
                "document.getElementById('param-window').placeholder]") ==
           ["fan_in", node.split(":")[1], b.js("return document.getElementById('param-window').placeholder")] and
           b.js("return document.getElementById('param-window').placeholder") in ("60h", "61h"), "the link's form")
    expect("0 to 1" in b.text("#param-passed-about"), "bounds: %s" % b.text("#param-passed-about"))
    b.click("#explain")
    b.click("#run")
    b.until("document.getElementById('decision')", "an answer")
    answer = s.ask("POST", "/v1/evaluate/fan_in?usage=true", {"node": node, "as_of": at})
    result = answer["result"]
    expect(b.text("#decision") == result["decision"] == "deny", "decision %s" % b.text("#decision"))
    expect("bad" in b.js("return document.getElementById('verdict').className"), "its severity")
    expect(b.texts("#reasons li") == result["reasons"], "reasons %s" % b.texts("#reasons li"))
    expect(b.text("#score") == "{:,}".format(round(result["score"], 3)), "score %s" % b.text("#score"))
    expect(b.text("#outcome") == "ok" and b.text("#fallback") is None and b.text("#stopped") is None, "it is well")
    for budget, key in (("edges", "edges"), ("nodes", "nodes"), ("output", "output_bytes")):
        meter = "[data-budget=%s] [role=meter]" % budget
        told = b.js("const m = document.querySelector(arguments[0]); return [m.getAttribute('aria-valuenow'),"
                    "m.getAttribute('aria-valuemax')]", meter)
        expect(told == [str(answer["usage"][key]), str(answer["limits"][key])], "%s: %s" % (budget, told))
    expect(len(b.texts(".usage li")) == 7, "seven budgets")
    expect(result["decision"] in b.text("#said") and result["reasons"][0] in b.text("#said"), "it is said")
    steps = b.texts("#trace > li")
    expect(len(steps) > 8 and any("recent:nodes()" in s and "read" in s for s in steps),
           "steps with their text and what was read: %s" % steps[:9])


def check_drawing(b, s, node, at):
    """Who sends and who receives, as the server tells the edges."""
    label, key = node.split(":")
    page = s.ask("GET", "/v1/graph/nodes/%s/%s/neighbourhood?limit=500&as_of=%s" % (
        label, key, urllib.parse.quote(at)))
    sums = {}
    for edge in page["edges"]:
        name = "%s:%s" % (edge["node"]["label"], edge["node"]["key"])
        of = sums.setdefault(name, {"incoming": 0, "outgoing": 0})
        of[edge["direction"]] += edge["properties"].get("amount", 0) or 0
    largest = sorted((n for n in sums if sums[n]["incoming"] > sums[n]["outgoing"]),
                     key=lambda n: -sums[n]["incoming"] - sums[n]["outgoing"])[:9]
    drawn = b.js("return [...document.querySelectorAll('#around svg a.neighbour')].map((a) => ["
                 "decodeURIComponent(new URLSearchParams(a.getAttribute('href').slice(1)).get('node')),"
                 "+a.querySelector('circle').getAttribute('cx'), a.getAttribute('aria-label')])")
    width = b.js("return document.querySelector('#around svg').viewBox.baseVal.width")
    left = [name for name, x, _ in drawn if x < width / 2]
    expect(left == largest, "left are %s, and who sends most are %s" % (left, largest))
    right = [name for name, x, _ in drawn if x > width / 2]
    expect(right and all(sums[n]["outgoing"] >= sums[n]["incoming"] for n in right), "right are %s" % right)
    expect(all(len(drawn) and "amount" in said or "own" in said or "sign_in" in said for _, _, said in drawn),
           "amounts are said: %s" % drawn[0][2])
    flows = b.js("return document.querySelectorAll('#around svg path.flow').length")
    expect(flows >= len(drawn) and flows == b.js("return document.querySelectorAll('#around svg path.head').length"),
           "%d lines for %d neighbours, each with a head" % (flows, len(drawn)))
    before = b.js("return document.querySelector('#around svg').outerHTML")
    b.js("window.dispatchEvent(new HashChangeEvent('hashchange'))")
    visit(b, link(s.url, rule="fan_in", node=node, at=at))
    b.until("document.querySelector('#around-body svg')", "the drawing again")
    again = b.js("return document.querySelector('#around svg').outerHTML")
    strip = lambda text: re.sub(r'href="[^"]*"', "", text)
    expect(strip(before) == strip(again), "the same node is drawn the same again")
    own = s.ask("GET", "/v1/graph/nodes/%s/%s" % (label, key))["node"]["properties"]
    expect(b.texts("#node-facts dt") == sorted(own) and b.text("#node-facts").count("no") + b.text("#node-facts").count("yes")
           == 1, "what the node is: %s, %s" % (b.text("#node-facts"), own))
    rows = b.js("return document.querySelectorAll('#around tbody tr').length")
    expect(rows >= len(sums), "the table has all %d neighbours: %d" % (len(sums), rows))
    # a neighbour becomes the subject, by mouse and by going back
    first = drawn[0][0]
    b.click("#around svg a.neighbour circle")
    b.until("document.getElementById('key').value == arguments[0]", "the neighbour is the subject", first.split(":")[1])
    b.until("document.querySelector('#around svg')?.getAttribute('aria-label').includes(arguments[0])",
            "the neighbour's own neighbourhood", first)
    expect(urllib.parse.quote(first, safe="") in b.js("return location.hash"), "the address says so")
    b.js("history.back()")
    b.until("document.getElementById('key').value == arguments[0]", "going back", key)


def check_lists(b, s, node, at):
    """Versions, how they stand, and what was decided last."""
    expect(re.search("fan_in decides as version 1", b.text("#standing")), "standing: %s" % b.text("#standing"))
    rows = b.texts("#versions-body > .scroll tbody tr")
    expect(len(rows) >= 2 and "v2" in rows[0] and "canary 10 %" in rows[0] and "bob" in rows[0] and
           "decides" in rows[1] and "ann <b>" in rows[1] and "first <i>of all</i>" in rows[1], "versions: %s" % rows)
    evidence = b.texts("#versions .part tbody tr")
    expect(len(evidence) == 2 and "live" in evidence[0] and "canary" in evidence[1], "evidence: %s" % evidence)
    b.until("document.querySelector('#recent-body tbody tr')", "recent decisions")
    log = s.ask("GET", "/v1/decisions?limit=20")["decisions"]
    rows = b.texts("#recent-body tbody tr")
    expect(len(rows) == len(log) and all(r["rule"] in row and r["decision"] in row for r, row in zip(log, rows)),
           "recent decisions: %s" % rows)
    b.click("#recent-body tbody a")
    b.until("location.hash.includes('rule=fan_in')", "a decision leads back to what was asked")


def check_params(b, s, node, at):
    """Wrong ones are said beside the field; right ones go along, and into the address."""
    visit(b, link(s.url, rule="fan_in", node=node, at=at, **{"p.payers": "100"}))
    b.until("document.getElementById('param-payers')?.value == '100'", "the link's parameter")
    b.js("document.getElementById('param-passed').value = '7'")
    b.click("#run")
    b.until("document.getElementById('ask-note').textContent", "a fault")
    expect("out of bounds" in b.text("#param-passed-fault") and b.focused() == "param-passed" and
           b.js("return document.getElementById('param-passed').getAttribute('aria-invalid')") == "true",
           "what is wrong: %s, %s" % (b.text("#param-passed-fault"), b.focused()))
    b.js("document.getElementById('param-passed').value = ''; document.getElementById('param-window').value = '30h'")
    b.click("#run")
    b.until("document.getElementById('decision')", "an answer")
    answer = s.ask("POST", "/v1/evaluate/fan_in", {"node": node, "as_of": at, "params": {"payers": 100, "window": "30h"}})
    expect(b.text("#decision") == answer["result"]["decision"] == "allow" and
           b.texts("#reasons li") == answer["result"]["reasons"], "parameters went along: %s" % b.texts("#reasons li"))
    words = urllib.parse.parse_qs(b.js("return location.hash.slice(1)"))
    expect(words["p.window"] == ["30h"] and words["p.payers"] == ["100"] and "p.passed" not in words, "%s" % words)


def check_stopped(b, s, node):
    visit(b, link(s.url, rule="endless", node=node))
    b.until("document.getElementById('rule').value == 'endless'", "the rule")
    b.click("#run")
    b.until("document.getElementById('stopped')", "what stopped it")
    expect("instructions" in b.text("#stopped") and "endless" in b.text("#stopped"), b.text("#stopped"))
    expect(b.text("#decision") == "review" and "fallback" in b.text("#fallback"), "the fallback stands in")
    expect(b.js("return document.querySelector('.usage .stopped').dataset.budget") == "instructions" and
           b.js("return document.querySelector('.usage .stopped .fill').style.width") == "100%", "the bar is full")
    expect("loaded from a file" in b.text("#versions-body"), b.text("#versions-body"))


def check_set(b, s, node, at):
    """A set: what each member said, and the parameters of all of them."""
    visit(b, link(s.url, rule="both", node=node, at=at))
    b.until("document.getElementById('param-window') && document.getElementById('param-habit') &&"
            "document.getElementById('param-payers')", "the members' parameters")
    b.click("#run")
    b.until("document.querySelector('#answer-body tbody tr')", "what each member said")
    answer = s.ask("POST", "/v1/sets/both:evaluate", {"node": node, "as_of": at})
    rows = b.texts("#answer-body tbody tr")
    expect(b.text("#decision") == answer["decision"] and len(rows) == 2 and
           all(m["rule"] in row and m["decision"] in row and m["reasons"][0] in row
               for m, row in zip(answer["members"], rows)), "a set: %s of %s" % (rows, answer))


def check_hostile(b, s, node, at):
    """Nothing that graph or rule say becomes anything but text."""
    titles = []
    visit(b, link(s.url, rule="hostile", node="Person:" + OWNED))
    b.until("document.querySelector('#around svg a.neighbour')", "a hostile node is drawn")
    titles.append(b.js("return document.title"))
    expect(b.js("return document.getElementById('key').value") == OWNED, "the key is what it is")
    b.click("#run")
    b.until("document.getElementById('reasons')", "an answer")
    reasons = b.texts("#reasons li")
    expect(reasons[0] == "<script>document.title='owned'</script>", reasons[0])
    expect("\u202e" not in reasons[1] and "\\u202e" in reasons[1], "a direction is shown by its number: %s" % reasons[1])
    expect(len(reasons[2]) < 400, "a long reason is cut: %d" % len(reasons[2]))
    b.click("#reasons li:nth-child(3) button")
    expect(len(b.texts("#reasons li")[2]) > 1020, "and is there on demand")
    expect([len(t) < 400 for t in b.texts(".output dd")] == [True] * 3, "long output is cut")
    b.click(".output dd button")
    expect(max(len(t) for t in b.texts(".output dd")) > 10000, "10,000 characters can be looked at")
    expect(b.js("return document.querySelectorAll('main script, main img, main li b, main dd b, main td b, main p b:not([id]), main iframe, main i:not([class])').length") == 0,
           "text became an element")
    expect(b.js("return document.documentElement.scrollWidth <= innerWidth"), "long text makes the page wide")
    titles.append(b.js("return document.title"))
    visit(b, link(s.url, rule="<script>", node=node, at="<b>", **{"p.<i>": "x"}))
    expect("no rule <script>" in b.text("#ask-note") or "no rule" in b.text("#ask-note"), b.text("#ask-note"))
    visit(b, link(s.url, rule="velocity", node="Nothing:1"))
    expect("no label Nothing" in b.text("#ask-note") and b.js("return document.getElementById('key').value") == "",
           "a label that is not there: %s" % b.text("#ask-note"))
    visit(b, link(s.url, rule="velocity", node=node, at=at))
    b.until("document.querySelector('#around details table')", "the table")
    expect(any("\\u202e" in text and "<script>" in text for text in b.texts("#around td.key")),
           "its neighbour with the hostile name: %s" % b.texts("#around td.key")[:40])
    titles.append(b.js("return document.title"))
    expect(not any(t == "owned" for t in titles), "something ran: %s" % titles)


def check_keyboard(b, s, node, at):
    """From the top of the page to an answer and to a neighbour, without a mouse."""
    visit(b, s.url)
    seen = []
    for _ in range(4):
        b.keys(KEYS["TAB"])
        seen.append(b.focused())
        if seen[-1] == "rule":
            break
    expect(seen[0] == "skip" and seen[-1] == "rule", "focus goes through %s" % seen)
    b.keys("v")
    b.until("document.getElementById('rule').value == 'velocity' && document.getElementById('param-window')",
            "a rule by its first letter")
    for wanted, text in (("label", "A"), ("key", node.split(":")[1])):
        b.keys(KEYS["TAB"])
        expect(b.focused() == wanted, "focus is on %s, not %s" % (b.focused(), wanted))
        b.keys(text)
    for _ in range(6):
        b.keys(KEYS["TAB"])
        if b.focused() == "at":
            break
    b.keys(at, KEYS["ENTER"])
    b.until("document.getElementById('decision')", "Enter runs it")
    expect(s.ask("POST", "/v1/evaluate/velocity", {"node": node, "as_of": at})["result"]["decision"] ==
           b.text("#decision"), "the decision")
    b.until("document.querySelector('#around svg a.neighbour')", "a drawing")
    for _ in range(40):
        b.keys(KEYS["TAB"])
        if b.focused() == "neighbour":
            break
    expect(b.focused() == "neighbour", "a neighbour can be reached: %s" % b.focused())
    shown = b.js("const r = document.activeElement.querySelector('.touch'); return getComputedStyle(r).strokeWidth")
    expect(shown == "2px", "what has the focus can be seen: %s" % shown)
    wanted = b.js("return new URLSearchParams(document.activeElement.getAttribute('href').slice(1)).get('node')")
    b.keys(KEYS["ENTER"])
    b.until("document.getElementById('key').value == arguments[0]", "Enter makes it the subject",
            wanted.split(":", 1)[1])
    b.until("document.activeElement.id == 'around-heading'", "the focus stays with the drawing")


CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * r + .7152 * g + .0722 * b; };
const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!/, 0\\)$|transparent/.test(c)) return rgb(c); } return [255, 255, 255]; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  if (e.closest('svg, dialog, datalist, .unseen, .skip, noscript, script') || !e.checkVisibility()) continue;
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
  const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
}
return bad;"""
NAMES = """
const bad = [];
for (const e of document.querySelectorAll('input, select, button, section, form#ask, svg[role], [role=meter], [role=region]'))
  if (!(e.labels && e.labels.length) && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby') && !e.textContent.trim())
    bad.push(e.outerHTML.slice(0, 120));
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) bad.push('twice: ' + id);
for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
  for (const id of ((e.getAttribute('aria-labelledby') || '') + ' ' + (e.getAttribute('aria-describedby') || '')).split(' '))
    if (id && !document.getElementById(id)) bad.push('no ' + id);
return bad;"""


def check_looks(b, s, node, at):
    """Names for all there is, contrast light and dark, a narrow screen, no motion for who wants none."""
    visit(b, link(s.url, rule="fan_in", node=node, at=at))
    b.until("document.querySelectorAll('.param').length == 4", "parameters")
    b.click("#run")
    b.until("document.getElementById('decision')", "an answer")
    expect(b.js("return ['header', 'main', 'footer', 'h1'].every((t) => document.querySelectorAll(t).length === 1) &&"
                "document.documentElement.lang === 'en'"), "landmarks")
    expect(b.js(NAMES) == [], "what has no name: %s" % b.js(NAMES))
    papers = set()
    for scheme in ("light", "dark"):
        b.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme},
                                                      {"name": "prefers-reduced-motion", "value": "reduce"}])
        expect(b.js(CONTRAST) == [], "too little contrast, %s: %s" % (scheme, b.js(CONTRAST)))
        papers.add(b.js("return getComputedStyle(document.body).backgroundColor"))
        expect(b.js("return [...document.querySelectorAll('.fill, .touch')].every((e) =>"
                    "getComputedStyle(e).transitionDuration === '0s')"), "it moves")
    expect(len(papers) == 2, "dark is not light: %s" % papers)
    for width in (360, 800, 1800):
        b.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        b.until("Math.abs(document.querySelector('#around .paper').clientWidth -"
                "document.querySelector('#around svg').viewBox.baseVal.width) < 2", "the drawing is laid out anew")
        expect(b.js("return document.documentElement.scrollWidth <= innerWidth"), "%d is too narrow for it" % width)
        outside = b.js("const s = document.querySelector('#around svg').getBoundingClientRect();"
                       "return [...document.querySelectorAll('#around svg text')].filter((t) => {"
                       "const r = t.getBoundingClientRect(); return r.left < s.left - 1 || r.right > s.right + 1; })"
                       ".map((t) => t.textContent)")
        expect(outside == [], "at %d these names are cut off: %s" % (width, outside))
    b.cdp("Emulation.clearDeviceMetricsOverride")
    b.cdp("Emulation.setEmulatedMedia", features=[])


def check_console(b, *allowed):
    """Nobody complained, and nobody else was asked."""
    allowed += (r"status of 503",) # a busy machine; the page asks again
    faults = [e["message"] for e in b.log() if e["level"] in ("SEVERE", "WARNING")
              and not any(re.search(a, e["message"]) for a in allowed)]
    expect(faults == [], "the console: %s" % faults[:5])
    others = b.js("return performance.getEntriesByType('resource').map((e) => e.name)"
                  ".filter((n) => !n.startsWith(location.origin + '/'))")
    expect(others == [], "asked elsewhere: %s" % others)


# ---- rights --------------------------------------------------------------------------------

def token(name, *rights):
    told = json.loads(command(cordon, "token", "new", "--name", name, "--right", ",".join(rights),
                              "--format", "json"))
    return told["token"], told["entry"]


def check_tokens(b, store, node, at):
    full, one = token("full", "evaluate", "read", "audit")
    less, two = token("less", "evaluate", "read")
    only, three = token("only", "evaluate")
    settings = os.path.join(work, "server.lua")
    with open(settings, "w", encoding="utf-8") as file:
        file.write("return { auth = { tokens = { %s %s %s } } }\n" % (one, two, three))
    with Server(cordon, work, "-d", store, "--config", settings, "--audit", os.path.join(work, "audit2")) as s:
        url = "http://127.0.0.1:%d/" % s.port
        b.open("about:blank")
        b.open(link(url, rule="velocity", node=node, at=at))
        b.until("document.getElementById('token-dialog').open", "it asks for a token, once")
        expect(b.focused() == "token", "and the field has the focus: %s" % b.focused())
        b.keys("wrong", KEYS["ENTER"])
        b.until("document.getElementById('token-dialog').open &&"
                "document.getElementById('token-why').textContent.includes('does not know')", "a wrong one is said")
        b.keys(less, KEYS["ENTER"])
        b.until("document.querySelector('#around-body svg')", "the page goes on with the token")
        b.click("#run")
        b.until("document.getElementById('decision')", "it evaluates")
        b.until("document.getElementById('recent-body').textContent.includes('audit')", "why decisions are empty")
        expect("right" in b.text("#recent-body"), b.text("#recent-body"))
        expect(b.js("return [localStorage.length, document.cookie, location.href.includes(arguments[0])]", less) ==
               [0, "", False] and b.js("return JSON.stringify(sessionStorage)").count(less) == 1,
               "the token lies in this tab alone")
        b.click("#token-open")
        b.keys(full, KEYS["ENTER"])
        b.until("document.querySelector('#recent-body tbody tr')", "another token has more rights")
        b.click("#token-open")
        b.keys(KEYS["ESCAPE"])
        expect(not b.js("return document.getElementById('token-dialog').open"), "Escape changes nothing")
        b.click("#token-open")
        b.click("button[value=forget]")
        b.until("document.getElementById('token-dialog').open && sessionStorage.length == 0", "forgotten, it asks again")
        b.keys(only, KEYS["ENTER"])
        b.until("document.getElementById('ask-note').textContent.includes('read')", "who may not read is told so")
        expect(b.js("return [document.getElementById('rule').value, document.getElementById('key').value]") ==
               ["velocity", node.split(":")[1]], "and what the link asks for can be asked")
        b.js("document.getElementById('answer-body').replaceChildren()")
        b.click("#run")
        b.until("document.getElementById('decision')", "without the right to read it evaluates")
        check_console(b, r"the server responded with a status of 40[13]")


def main():
    missing = browser.missing()
    if missing:
        print("SKIPPED: no %s here to open the page in" % missing)
        sys.exit(77)
    try:
        b = Browser()
    except (RuntimeError, OSError, http.client.HTTPException, browser.Refused) as fault:
        print("SKIPPED: no browser that runs here: %s" % str(fault)[:300])
        sys.exit(77)
    with b:
        store, cases = make()
        rules = [os.path.join(source, "tests/integration/server/rules", name) for name in ("hostile.lua", "endless.lua")]
        with Server(cordon, work, *rules, "--set", os.path.join(work, "both.lua"), "-d", store, "--audit", os.path.join(work, "audit")) as s:
            s.url = "http://127.0.0.1:%d/" % s.port
            node, at = next(case for case in cases if denied(s, *case))
            check_answer(b, s, node, at)
            check_drawing(b, s, node, at)
            check_lists(b, s, node, at)
            check_params(b, s, node, at)
            check_stopped(b, s, node)
            check_set(b, s, node, at)
            check_keyboard(b, s, node, at)
            check_looks(b, s, node, at)
            check_console(b)
            check_hostile(b, s, node, at)
            check_console(b, r"status of 40[04]")
        check_tokens(b, store, node, at)
    finish()


main()
