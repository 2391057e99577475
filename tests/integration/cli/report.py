#!/usr/bin/env python3
"""The HTML report of cordon backtest: its markup, that it needs nothing but itself, that what
came from outside stays text, and what a real browser makes of it.

  report.py CORDON WORK

The browser is Debian's chromium; where there is none that half says SKIPPED."""
import html.parser
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")

cordon, work = (os.path.abspath(p) for p in sys.argv[1:3])
failures = checks = 0

HOSTILE = '<img src=x onerror="document.title=1">&amp;</script><script>document.title="owned"</script>'

SCHEMA = """return {
  labels = { User = { file = "users.csv", key = { column = "id", type = "string" },
                      properties = { name = { type = "string", nullable = true } } } },
  edges = { { type = "paid", from = "User", to = "User", file = "paid.csv", source = "from",
              target = "to", time = "at",
              properties = { at = "timestamp", amount = "float64" } } },
}
"""

RULE = """return {
  name = "paid%s", description = [[Pays <b>much</b> %s]],
  reads = { User = { "name" }, paid = { "amount" } },
  decisions = { "allow", "deny" }, fallback = "deny",
  evaluate = function(_, request)
    local sum = request.node:outgoing("paid"):sum("amount")
    if sum > 95 then error("too much: <script>" .. sum) end
    return { decision = sum > %d and "deny" or "allow", score = sum,
             reasons = { "paid " .. sum .. " by " .. tostring(request.node), "<u>&" } }
  end,
}
"""


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, code=0):
    done = subprocess.run([cordon, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work)
    expect(done.returncode == code and b"Sanitizer" not in done.stderr,
           "%s: exit %d\n%s" % (args, done.returncode, done.stderr.decode()[-2000:]))


def write(name, text):
    with open(os.path.join(work, name), "w", encoding="utf-8") as file:
        file.write(text)


def quoted(text):
    return '"%s"' % text.replace('"', '""')


def make():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(os.path.join(work, "data"))
    users = [HOSTILE] + ["user%d" % i for i in range(1, 100)]
    write("data/schema.lua", SCHEMA)
    write("data/users.csv", "id,name\n" + "".join("%s,\n" % quoted(u) for u in users))
    write("data/paid.csv", "from,to,at,amount\n" + "".join(
        "%s,user1,2026-01-%02dT00:00:00Z,%d\n" % (quoted(u), 1 + i % 28, i or 40)
        for i, u in enumerate(users)))
    write("events.csv", "node,time,label,amount\n" + "".join(
        "%s,2026-02-%02dT12:00:00Z,%d,%d\n" % (quoted("User:" + u), 1 + i % 28,
                                               i > 60 or i % 7 == 0, i * 1000 or 10 ** 9)
        for i, u in enumerate(users)) + quoted("User:" + HOSTILE + "?") + ",2026-02-01,1,1\n")
    write("new.lua", RULE % ("", HOSTILE, 50))
    write("old.lua", RULE % ("", "", 70))
    run("import", "--schema", "data/schema.lua", "--out", "store", "data", "-q")
    write("wanted.json", '{"recall": {"at_least": 0.999}}')
    run("backtest", "new.lua", "-d", "store", "--corpus", "events.csv", "--against", "old.lua",
        "--expectations", "wanted.json", "--report", "two.html", "-q", code=1)
    run("backtest", "old.lua", "-d", "store", "--corpus", "events.csv", "--report", "one.html", "-q")
    write("bare.ndjson", '{"node": "User:user1"}\n')
    run("backtest", "old.lua", "-d", "store", "--corpus", "bare.ndjson", "--report", "bare.html",
        "-q")
    run("backtest", "old.lua", "-d", "store", "--corpus", "events.csv", "--report",
        "nowhere/x.html", "-q", code=3)


# ---- the file -----------------------------------------------------------------------------

class Page(html.parser.HTMLParser):
    """Elements as a browser would find them, and the text between."""
    VOID = {"meta", "input", "br", "img", "link"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.stack, self.text, self.ids, self.labelled = [], [], [], [], []
        self.faults = []
        self.feed(text)
        self.faults += ["<%s> is never closed" % t for t in self.stack if t != "tr"]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "tr" and self.stack and self.stack[-1] == "tr":
            self.stack.pop()
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.labelled += attrs.get("aria-labelledby", "").split()
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if tag != "tr" and self.stack and self.stack[-1] == "tr":
            self.stack.pop()
        if not self.stack or self.stack.pop() != tag:
            self.faults.append("</%s> closes nothing" % tag)

    def handle_data(self, data):
        self.text.append(data)


def read(name):
    with open(os.path.join(work, name), encoding="utf-8") as file:
        return file.read()


def check_page(name):
    text = read(name)
    page = Page(text)
    shown = "".join(page.text)
    expect(not page.faults, "%s: %s" % (name, page.faults[:5]))
    expect(len(page.ids) == len(set(page.ids)), "%s: ids are unique: %s" % (name, page.ids))
    expect(set(page.labelled) <= set(page.ids), "%s: %s" % (name, set(page.labelled) - set(page.ids)))
    names = [tag for tag, _ in page.tags]
    expect(names.count("script") == 1 and names.count("style") == 1, "%s: one script" % name)
    expect(not set(names) & {"img", "link", "iframe", "object", "b-", "u", "form", "base"},
           "%s: nothing from outside became an element" % name)
    for tag, attrs in page.tags:
        expect(not [a for a in attrs if a.startswith("on") or a in ("src", "href", "action")],
               "%s: <%s %s>" % (name, tag, attrs))
    expect(not re.search(r"https?://|url\(|@import", text), "%s: it needs no network" % name)
    policy = [a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    nonce = [a.get("nonce") for t, a in page.tags if t == "script"][0]
    expect(len(policy) == 1 and "default-src 'none'" in policy[0] and
           "script-src 'nonce-%s'" % nonce in policy[0] and len(nonce) == 64, "%s: %s" % (name, policy))
    for picture in re.findall(r"<svg.*?</svg>", text, re.S):
        root = xml.etree.ElementTree.fromstring(picture)
        expect(root.find("title") is not None and root.find("title").text, "a picture has a title")
        expect("nan" not in picture.lower() and "inf" not in picture, "%s: %s" % (name, picture[:300]))
    return shown


def files():
    shown = check_page("two.html")
    expect("new.lua against old.lua" in shown, "its title")
    for words in (HOSTILE, "<u>&", "Pays <b>much</b>", "too much: <script>", "recall", "missed",
                  "have no history: User.name", "Decided otherwise", "No such node", "Runs that failed"):
        expect(words in shown, "'%s' is shown as text" % words)
    expect("hits" in check_page("one.html"), "one version")
    expect("no event has a label" in check_page("bare.html"), "no label, no amount, no time")


# ---- in a browser -------------------------------------------------------------------------

def browse(profile, *args):
    done = subprocess.run(
        [*CHROMIUM, "--hide-scrollbars", "--user-data-dir=" + profile, *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work, check=False, timeout=200)
    expect(done.returncode == 0, "chromium %s: %d %s" % (args, done.returncode, done.stderr[-500:]))
    return done.stdout.decode("utf-8", "replace")


def browser_opens():
    """Is there a browser, and can it open an empty page on this machine?"""
    if not shutil.which("chromium"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run([*CHROMIUM, "--user-data-dir=" + folder, "--dump-dom", "about:blank"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=200)
        except subprocess.TimeoutExpired:
            return False
    if done.returncode:
        print("chromium: %s" % done.stderr.decode("utf-8", "replace")[-500:])
    return done.returncode == 0


def colours(name):
    """The colours of a PNG's pixels, with how many have each (RFC 2083, 8 bits a channel)."""
    with open(os.path.join(work, name), "rb") as file:
        data = file.read()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, form = struct.unpack(">IIBB", data[at + 8:at + 18])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    step = {2: 3, 6: 4}[form]
    expect(depth == 8, "depth of %s" % name)
    raw, above, counts = zlib.decompress(packed), bytes(width * step), {}
    for y in range(height):
        start = y * (width * step + 1)
        kind, line = raw[start], bytearray(raw[start + 1:start + 1 + width * step])
        for i in range(len(line) if kind else 0):
            left = line[i - step] if i >= step else 0
            up, corner = above[i], above[i - step] if i >= step else 0
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda v: abs(guess - v))
            line[i] = (line[i] + (0, left, up, (left + up) // 2, paeth)[kind]) & 255
        above = bytes(line)
        for i in range(0, len(line), step):
            colour = above[i:i + 3]
            counts[colour] = counts.get(colour, 0) + 1
    return counts


def check_colours(name, wanted):
    found = colours(name)
    for word, colour in wanted.items():
        expect(found.get(bytes.fromhex(colour), 0) > 30, "%s: %s is seen" % (name, word))


MEASURE = """<script>addEventListener("load", function () {
  document.title = "wide " + document.documentElement.scrollWidth + " of " + innerWidth;
});</script></body>"""


def browser():
    with tempfile.TemporaryDirectory() as profile:
        page = browse(profile, "--dump-dom", "file://" + work + "/two.html")
        expect("<title>new.lua: backtest</title>" in page, "nothing changed its title")
        expect(re.search(r'<output for="pick">score from [\d.]+: \d+ alerts, precision', page),
               "a threshold can be picked")
        expect(not re.search(r'class="pick" hidden', page) and 'id="mark" class="mark" y1=' in page and
               re.search(r'id="mark"[^>]* x1="[\d.]+"', page), "and is marked")
        # the same without its policy, so that it can be asked how wide it is
        write("measured.html", re.sub(r"<meta http-equiv[^>]*>", "", read("two.html"))
              .replace("</body>", MEASURE))
        page = browse(profile, "--dump-dom", "--window-size=500,900", "file://" + work + "/measured.html")
        title = re.search(r"<title>wide (\d+) of (\d+)</title>", page)
        expect(title and int(title[1]) <= int(title[2]), "a narrow window needs no scrolling: %s"
               % (title and title[0]))
        browse(profile, "--window-size=1000,1500", "--force-device-scale-factor=0.25",
               "--blink-settings=preferredColorScheme=0",
               "--screenshot=dark.png", "file://" + work + "/two.html")
        check_colours("dark.png", {"paper": "161b22", "fraud": "f0813f", "good": "6ba4f2",
                                   "the rule": "35b5a5"})
        browse(profile, "--print-to-pdf=printed.pdf", "file://" + work + "/two.html")
        with open(os.path.join(work, "printed.pdf"), "rb") as file:
            pages = len(re.findall(rb"/Type\s*/Page\b", file.read()))
        expect(2 <= pages <= 10, "it prints on %d pages" % pages)


make()
files()
opens = browser_opens()
if opens:
    browser()
print("%d checks, %d failed" % (checks, failures))
if not failures and not opens:
    print("SKIPPED: no chromium that runs here to open the report in; its markup is as it should be")
    sys.exit(77)
sys.exit(1 if failures else 0)
