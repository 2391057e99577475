#!/usr/bin/env python3
"""cordon repl from outside: lines through a pipe, keys through a pseudo-terminal, and what
stands on the screen of one (tmux, where there is one).

  repl.py CORDON HERE WORK [--update]

HERE is as for run.py.  --update writes what sessions print into golden/ anew; read the
difference before you commit it."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
update = "--update" in sys.argv
store, state = os.path.join(work, "store"), os.path.join(work, "state")
failures = checks = 0
environment = {k: v for k, v in os.environ.items()
               if k not in ("NO_COLOR", "CI", "TERM", "EDITRC", "LC_ALL", "LC_CTYPE", "LANG")}
environment.update(HOME=work, XDG_STATE_HOME=state, LC_ALL="C.UTF-8")
history = os.path.join(state, "cordon", "history")
NOW = ["--now", "2026-01-06"]


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(lines, *args, code=0, data=None):
    """A session through a pipe: what it prints, errors among it where they come."""
    if isinstance(lines, str):
        lines = lines.encode()
    done = subprocess.run([cordon, "repl", "-d", data or store, *NOW, *args], input=lines,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=here,
                          env=environment, timeout=300)
    out = done.stdout.decode("utf-8", "replace")
    expect(done.returncode == code, "%r %s: exit %d, wanted %d\n%s" % (
        lines[:200], args, done.returncode, code, out[-2000:]))
    expect("Sanitizer" not in out, "%r: %s" % (lines[:200], out[-3000:]))
    expect(not re.search("[\x00-\x08\x0b-\x1f\x7f]", out), "%r prints control characters: %r"
           % (lines[:200], out[-500:]))
    return out


def normal(text):
    text = text.replace(work, "WORK").replace(here, "HERE")
    text = re.sub(r"identity [0-9a-f]{16}", "identity HEX", text)
    text = re.sub(r'("(?:digest|snapshot_id|reads_digest)": ?)"[0-9a-f]+"', r'\1"HEX"', text)
    text = re.sub(r'("(?:wall_ns|native_ns|memory_bytes|instructions)": ?)\d+', r"\1N", text)
    text = re.sub(r"\d{1,3}(?:,\d{3})* instructions", "N instructions", text)
    text = re.sub(r"\d[\d.]* (?:B|KiB|MiB), \d[\d.]* (?:ns|us|ms|s)\b", "SIZE, TIME", text)
    text = re.sub(r"(kept between inputs: )\d.*", r"\1SIZE", text)
    return text


def golden(name, text):
    path = os.path.join(here, "golden", name)
    text = normal(text)
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    expect(text == wanted, "golden/%s differs\n--- wanted\n%s--- got\n%s" % (name, wanted, text))


# ---- through a pipe ------------------------------------------------------------------------

LOOKING = r"""
1 + 1, "two", nil, true
x = graph:node("Account", "1")
x
x:outgoing("transfer")
x:outgoing("transfer"):count(), x:outgoing("transfer"):sum("amount")
x:outgoing("transfer"):nodes()
x:outgoing("transfer"):group({ n = "count", sent = { sum = "amount" } })
x:outgoing("transfer"):first()
graph:ego(x, { hops = 1, edges = "transfer" })
graph:ego(x, { hops = 1, edges = "transfer" }):degree()
graph:ego(x, { hops = 1, edges = "transfer" }):components()
{ 1, { a = 2 }, x, function() end }
{ first = "a long text that fills the line", second = "another one of that length", third = 3 }
function double(n)
  return n * 2
end
double(21)
local lost = 1
lost
grpah
graph
:globals
:schema
:node Account:1
request.node.key, request.now
:sample 3 Account
:snapshot
:limits
:limits online
:json
{ 1, { a = true } }
x:outgoing("transfer"):limit(1)
x
:json off
:usage
x.name
:usage off
:set seed 7
:set
:help sum
:help scores
:help :node
"""

RULES = r"""
:run
:load rules/sent.lua
:node Account:1
:run
:run Account:2 threshold=3 note=5
:input {"node": "Account:3", "params": {"window": "1d"}}
:run
:input
:load rules/syntax.lua
:load rules/nowhere.lua
:run
:explain
:profile
:trace on
request.node:outgoing("transfer"):count()
:trace off
:set as-of 2026-01-02
request.node
:run Account:1
:run Account:99
"""


def looking():
    golden("repl_looking.txt", run(LOOKING))
    shown = run(RULES, code=2)
    expect(shown.count("\nexplained  ") == 2 and "request.node.name" in shown
           and "count: outgoing transfer of Account:3" in shown, "explained: " + shown)
    expect("\nprofile  rules/sent.lua, 1 run\n" in shown, "profiled: " + shown)
    # what they look like in full, traced.py sees
    shown = re.sub(r"(?m)^(explained|profile)  .*\n( .*\n)*", r"\1\n", shown)
    golden("repl_rules.txt", shown)


def exits():
    """The exit code is the last error's."""
    for lines, code in (("1\n", 0), ("", 0), ("error('x')\n", 1), ("x = =\n", 1),
                        ("1 +\n", 1), ("while true do end\n", 4), (":nothing\n", 2),
                        ("error('x')\nwhile true do end\n1\n", 4),
                        ("while true do end\nerror('x')\n", 1), (":load no.lua\n", 2),
                        (":data %s\n1\n" % (work + "/none"), 3), (":quit\nerror('x')\n", 0),
                        ("local x = 1 return x\n\n", 0), ("no newline = 1", 1)):
        run(lines, "--max-instructions", "1e6", code=code)
    for args, code, message in (((), 2, "--data STORE"), (("-d", work + "/none"), 3, "none"),
                                (("-d", store, "a", "b"), 2, "one rule"),
                                (("-d", store, "--limits", "much"), 2, "online")):
        done = subprocess.run([cordon, "repl", *args], input=b"", capture_output=True, cwd=here,
                              env=environment)
        expect(done.returncode == code and message in done.stderr.decode(),
               "%s: %d %s" % (args, done.returncode, done.stderr))
    out = run("1\n", "rules/sent.lua", "--node", "Account:1")
    expect("decision  deny" in out and "Account:1  balance = 10.5" in out, "begun: " + out)


def hostile():
    """Whatever an input does, the session goes on, and what it prints is escaped."""
    out = run("\n".join((
        "n = 1",
        "n = 2 while true do end",
        "n = 3 local s = 'x' while true do s = s .. s end",
        "n = 4 local t = {} for i = 1, 1e9 do t[i] = { i } end",
        "n = 5 local function f() return 1 + f() end f()",
        "n = 6 error(setmetatable({}, { __tostring = function() while true do end end }))",
        "n = 7 string = nil pairs = nil graph = nil request = nil error('gone')",
        "pcall(function() while true do end end)",
        "coroutine.wrap(function() while true do end end)()",
        "n")) + "\n", "--max-instructions", "3e6", code=4)
    expect(out.endswith("\n1\n"), "after hostile inputs: " + out[-300:])
    out = run('"\\27[31mred\\7\\0"\n{ ["\\27[2J"] = "\\226\\128\\174" }\nerror("\\27]0;x\\7")\n'
              'x = "\\27[1m"\nx\n', code=1)
    expect(out.startswith('"\\x1b[31mred\\x07\\x00"\n'), "escaped: " + out)
    expect("\\xe2\\x80\\xae" in out, "writing direction escaped: " + out)
    out = run("while true do end\n1\n", "--max-instructions", "1000", code=4)
    expect(":set max-instructions" in out, "the advice: " + out)
    out = run("n = 1\n('x'):rep(300)\nn = 2 return ('x'):rep(300)\nn\n", "--max-output", "200",
              code=4)
    expect(out.count("output: ") == 2 and out.endswith("\n1\n"), "output: " + out)
    out = run("t = {} t.t = t\nt\nt.t.t.t\n")
    expect(out.count("it is within itself") == 2, "cyclic: " + out)
    run(b"x = '\xff\xc0\xfe'\n#x\n\xff\xfe\n", code=1)
    run(b"x = 1\0 y\n'a\0b'\n:node\0 x\n", code=2)
    out = run("x = '%s'\n#x\n" % ("y" * 70000), code=1)
    expect("at most 65536" in out, "a long input: " + out[-300:])
    run("x = '%s'\n1\n" % ("y" * 1100000), code=2)
    run("(" * 60000 + "\n\n", code=1)
    run("{" * 300 + "}" * 300 + "\n", code=1)
    out = run("%s\n1\n" % ("x = {\n" * 3000), code=1)
    run("for i = 1, 1e7 do _G['g' .. i] = i end\n", "--max-memory", "4MiB", code=4)
    out = run("for i = 1, 3000 do _G['g' .. i] = i end\n:globals\n")
    expect(out.count("number") == 256, "globals are bounded")
    out = run("x = {} for i = 1, 1000 do x[i] = i end return x\n")
    expect("… 970 more" in out, "a bounded table: " + out)
    run(":" * 1000 + "\n:help " + "x" * 5000 + "\n:node " + "y" * 5000 + "\n:load " + "z" * 9000
        + "\n:set " + "w" * 900 + "\n:sample 99999999999999999999 Account\n:dot a b c\n", code=2)


def data():
    """Nothing that was set outlives the snapshot that it is of."""
    other = os.path.join(work, "other")
    shutil.copytree(store, other)
    out = run("x = graph:node('Account', '1')\n:data %s\nx\n:data\n:data %s\n1\n"
              % (other, work + "/none"), code=3)
    expect("was of the other snapshot and is gone" in out and "\nnil\n" in out
           and out.endswith("1\n"), "data: " + out)
    small = os.path.join(work, "small")
    subprocess.run([cordon, "snapshot", "slice", store, "--node", "Account:2", "--hops", "1",
                    "--out", small], check=True, env=environment, capture_output=True)
    out = run(":node Account:9007199254740993\n:data %s\nrequest.node\n1\n"
              ':input {"node": "Account:77"}\nrequest.node\n' % small, code=2)
    expect(out.count("no node Account:") == 2 and out.count("\nnil\n") == 2 and "\n1\n" in out,
           "a node that the other snapshot has not: " + out)
    out = run("x = graph:node('Account', '1'):outgoing('transfer')\nx:count()\n"
              ":set as-of 2026-01-02\nx\n:node Account:1\n")
    expect("3\n" in out and "is gone" in out and "nil" in out and "out      2" in out,
           "as of: " + out)
    out = run(":node Account:1\nrequest.node:outgoing('transfer'):count()\n", "--as-of",
              "2026-01-02")
    expect(out.endswith("2\n"), "--as-of: " + out)


def written():
    """:dot and :save; what is there already is not written over by a test."""
    dot, test = os.path.join(work, "x.dot"), os.path.join(work, "sent_test.lua")
    out = run(":dot\n:node Account:1\n:dot %s\n:dot %s 2\n:dot\n:dot %s 9\n" % (dot, dot, dot),
              code=2)
    text = open(dot, encoding="utf-8").read()
    expect(text.startswith("digraph") and '"Account:1"' in text and "transfer (2)" in text
           and text.endswith("}\n"), "a picture: " + text)
    expect("digraph" in out, "a picture on the screen: " + out)
    run(":node Account:1\n:dot /nowhere/x.dot\n", code=3)
    rule = os.path.join(work, "sent.lua")
    shutil.copy(os.path.join(here, "rules", "sent.lua"), rule)
    run(":save\n:load %s\n:save\n" % rule, code=2)
    out = run(":load %s\n:run Account:1 window=90d note=a\\\"b\n:save\n:save\n:save other\n"
              ":save /x.lua\n" % rule, code=2)
    expect("is there already" in out and out.count("written: ") == 2 and "beside its rule" in out,
           "save: " + out)
    golden("repl_save.txt", re.sub(r"(edges|instructions) = \d+", r"\1 = N",
                                   open(test, encoding="utf-8").read()))
    expect('rule "sent.lua"' in open(os.path.join(work, "other.lua"), encoding="utf-8").read(),
           "a test of another name says whose it is")
    info = subprocess.run([cordon, "snapshot", "info", test[:-4] + ".slice"],
                          capture_output=True, env=environment)
    expect(info.returncode == 0 and b"transfer" in info.stdout, "the slice: %s" % info)
    done = subprocess.run([cordon, "test", test], capture_output=True, env=environment)
    expect(done.returncode == 0 and b"1 passed, 0 failed" in done.stdout,
           "cordon test runs what :save wrote: %s" % done)
    with open(rule, encoding="utf-8") as file:
        text = file.read()
    with open(rule, "w", encoding="utf-8") as file:
        file.write(text.replace('and "deny"', 'and "review"'))
    done = subprocess.run([cordon, "test", test], capture_output=True, env=environment)
    expect(done.returncode == 1, "and sees a change: %s" % done)
    elsewhere = os.path.join(work, "elsewhere.lua")
    with open(elsewhere, "w", encoding="utf-8") as file:
        file.write(text.replace('request.node:outgoing("transfer"):since',
                                'graph:node("Account", "2"):outgoing("transfer"):since')
                   .replace("function(_,", "function(graph,").replace('"sent"', '"elsewhere"'))
    out = run(":load %s\n:run Account:9007199254740993\n:save\n" % elsewhere, code=1)
    expect("it reads elsewhere too" in out and not os.path.exists(elsewhere[:-4] + "_test.lua"),
           "a rule that begins elsewhere: " + out)


# ---- through a pseudo-terminal ----------------------------------------------------------------

class Terminal:
    """A session with keys and what it prints."""

    def __init__(self, *args, env=None):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(here)
            os.execvpe(cordon, [cordon, "repl", "-d", store, *NOW, *args],
                       {**environment, "TERM": "xterm", "NO_COLOR": "1", **(env or {})})
        self.seen = ""

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += got.decode("utf-8", "replace")
        return bool(got)

    def wait(self, text, seconds=60):
        """Read until `text` has come; returns what came up to it."""
        end = time.monotonic() + seconds
        while text not in self.plain() and time.monotonic() < end:
            self.read(0.2)
        plain = self.plain()
        expect(text in plain, "on the terminal, %r is not in %r" % (text, plain[-1500:]))
        self.seen = plain[plain.find(text) + len(text):] if text in plain else ""
        return plain

    def plain(self):
        return re.sub("\x1b\\[[0-9;?]*[A-Za-z]|\r|\x07", "", self.seen)

    def keys(self, text):
        os.write(self.fd, text.encode())

    def stop(self, line, text):
        """Type the line and Ctrl-C while it runs, until `text` comes.  A Ctrl-C that comes before
        the line was read drops the line, which is then typed again."""
        end = time.monotonic() + 90
        while text not in self.plain() and time.monotonic() < end:
            self.keys(line + "\n")
            self.wait(line + "\n")
            self.read(0.3)
            self.keys("\x03")
            for _ in range(10):
                self.read(0.2)
                if text in self.plain():
                    break
        self.wait(text)

    def line(self, text, answer):
        self.keys(text + "\n")
        self.wait(answer)
        return self.wait("cordon> ")

    def end(self, code=0, keys="\x04"):
        self.keys(keys)
        for _ in range(300):
            if not self.read(0.1):
                time.sleep(0.1)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                got = os.waitstatus_to_exitcode(status)
                expect(got == code, "the session ended with %d, wanted %d: %r"
                       % (got, code, self.plain()[-500:]))
                os.close(self.fd)
                return
        expect(False, "the session does not end: %r" % self.plain()[-500:])
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def begun(*args, **kw):
    terminal = Terminal(*args, **kw)
    terminal.wait("cordon> ")
    return terminal


def keys():
    """Editing, several lines as one, and the end."""
    t = begun()
    t.line("1 + 1", "\n2\n")
    t.line("x = 5", "")
    t.keys("function f(n)\n")
    t.wait("-> ")
    t.keys("return n * 2\n")
    t.wait("-> ")
    t.line("end", "")
    t.line("f(x)", "\n10\n")
    t.line("error('no')", "no")  # an error does not end it
    t.line("x", "\n5\n")
    t.line("'h\u00e9llo'", '"h\u00e9llo"')
    t.end()


def interrupts():
    """Ctrl-C stops what runs, and drops what is typed; the session stays."""
    t = begun("--max-instructions", "1e12", "--max-time", "10m")
    t.line("n = 1", "")
    for text in ("n = 2 while true do end", "n = 3 while true do pcall(error) end"):
        t.stop(text, "stopped; what was set before stands")
        t.wait("cordon> ")
        t.line("n", "\n1\n")
    t.keys("n = 4 error('half typed")
    time.sleep(0.2)
    t.keys("\x03")
    t.wait("^C")
    t.wait("cordon> ")
    t.keys("n = {\n")
    t.wait("-> ")
    t.keys("\x03")
    t.wait("cordon> ")
    t.line("n", "\n1\n")
    t.end(keys=":quit\n")
    t = begun()
    os.kill(t.pid, signal.SIGTERM)
    t.end(code=130, keys="")


def completion():
    t = begun()
    for typed, answer in (
            ("gra\t:no\t('Acc\t', '1').na\t\n", '"Ada"'),
            ("graph:node('Account', '1'):outg\t('tr\t'):cou\t()\n", "\n3\n"),
            ("y = graph:node('Account', '1')\n", ""),
            ("y:outgoing('transfer'):su\t('amo\t')\n", "157.25"),
            (":sche\t\n", "label, key int64"),
            (":node Acc\t:2\n", "balance = -3"),
            ("math.flo\t(1.5)\n", "\n1\n")):
        for key in typed:
            t.keys(key)
        t.wait(answer)
        t.wait("cordon> ")
    t.keys("y:\t")
    shown = t.wait("outgoing")
    expect("incoming" in t.plain() + shown and "both" in t.plain() + shown,
           "the methods of a node: %r" % t.plain())
    t.keys("\x03")
    t.wait("^C")
    t.wait("cordon> ")
    t.end()


def remembers():
    """The history: several lines are one item, over sessions; where it cannot be kept the
    session goes on."""
    shutil.rmtree(state, ignore_errors=True)
    t = begun()
    t.keys("function g()\n")
    t.wait("-> ")
    t.keys("return 'first'\n")
    t.wait("-> ")
    t.line("end", "")
    t.line("'back\\\\slash'", "slash")
    t.line(":usage", "usage is on")
    t.line("\x10", "usage is off")  # up: the command again
    t.line("\x10\x10", '"back')
    t.end()
    with open(history, encoding="utf-8") as file:
        text = file.read()
    expect(text == "function g()\\nreturn 'first'\\nend\n'back\\\\\\\\slash'\n:usage\n:usage\n"
           "'back\\\\\\\\slash'\n",
           "the history: %r" % text)
    expect(os.stat(history).st_mode & 0o777 == 0o600, "the history is one's own")
    t = begun()
    t.keys("\x10" * 4 + "\n")  # four up: the function, whole
    t.wait("cordon> ")
    t.line("g()", '"first"')
    t.end()
    target = os.path.join(work, "target")
    os.rename(history, target)
    before = open(target, "rb").read()
    os.symlink(target, history)
    t = Terminal()
    t.wait("the history is not kept")
    t.wait("cordon> ")
    t.line("1", "1")
    t.end()
    expect(open(target, "rb").read() == before, "a link is not followed")
    os.remove(history)
    with open(history, "wb") as file:
        file.write(b"\xff\xfe\x00x\n" + b"a" * 100000 + b"\\\n\n'good'\n" + b"torn")
    t = begun()
    t.keys("\x10\n")
    t.wait("good")
    t.end()
    for value in ("/dev/null/none", "/proc/nothing"):
        t = begun(env={"XDG_STATE_HOME": value})
        t.line("1", "1")
        t.end()


def watches():
    """:watch runs the rule again when its file changes, until Ctrl-C."""
    rule = os.path.join(work, "watched.lua")
    shutil.copy(os.path.join(here, "rules", "sent.lua"), rule)
    t = begun(rule, "--node", "Account:1")
    t.keys(":watch\n")
    t.wait("watching")
    t.wait("decision  deny")
    text = open(rule, encoding="utf-8").read()
    with open(rule + ".new", "w", encoding="utf-8") as file:
        file.write(text.replace('and "deny"', 'and "review"'))
    os.replace(rule + ".new", rule)
    t.wait("decision  review")
    with open(rule, "w", encoding="utf-8") as file:
        file.write("return {")
    t.wait("error: ")
    with open(rule, "w", encoding="utf-8") as file:
        file.write(text)
    t.wait("decision  deny")
    t.keys("\x03")
    t.wait("cordon> ")
    t.line("1", "1")
    t.end()


def screen():
    """What stands on the screen after keys, as a terminal draws it."""
    if not shutil.which("tmux"):
        print("no tmux: the screen is not looked at")
        return
    socket = os.path.join(work, "tmux")
    tmux = ["tmux", "-S", socket, "-f", "/dev/null"]

    def ask(*args):
        return subprocess.run([*tmux, *args], capture_output=True, env=environment,
                              check=False).stdout.decode()

    def wait(pattern):
        for _ in range(300):
            shown = ask("capture-pane", "-p")
            if re.search(pattern, shown):
                return shown
            time.sleep(0.1)
        expect(False, "the screen never shows %r:\n%s" % (pattern, shown))
        return shown

    # its server takes the last screen with it
    ask("new-session", "-d", "-x", "100", "-y", "30", "env", "NO_COLOR=1",
        "XDG_STATE_HOME=" + state, "HOME=" + work, "LC_ALL=C.UTF-8", cordon, "repl", "-d",
        store, *NOW)
    try:
        wait(r"cordon>\s*$")
        ask("send-keys", "-l", "graph:node('Account', '1'):out")
        ask("send-keys", "Tab")
        shown = wait(r":outgoing")
        ask("send-keys", "-l", "('transfer')")
        ask("send-keys", "Enter")
        shown = wait(r"3 transfer edges")
        expect("Account:1  Account:2  2026-01-01T00:00:00Z     100" in shown,
               "a table on the screen:\n" + shown)
        ask("send-keys", "-l", "wrong")
        ask("send-keys", "C-a")
        ask("send-keys", "-l", "x")
        wait(r"cordon> xwrong")
        ask("send-keys", "C-c")
        wait(r"xwrong\^C\s+cordon>\s*$")
        ask("send-keys", "Up")
        wait(r"cordon> graph:node\('Account', '1'\):outgoing\('transfer'\)\s*$")
        ask("send-keys", "C-c")
        ask("send-keys", "C-d")
    finally:
        ask("kill-server")


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    done = subprocess.run([cordon, "import", "--schema", "data/schema.lua", "--out", store, "data"],
                          cwd=here, env=environment, capture_output=True)
    expect(done.returncode == 0, "import: %s" % done.stderr)
    for part in (looking, exits, hostile, data, written, keys, interrupts, completion, remembers,
                 watches, screen):
        started = time.monotonic()
        part()
        print("%s: %.1f s" % (part.__name__, time.monotonic() - started))
    print("%d checks, %d failures" % (checks, failures))
    return failures != 0


sys.exit(main())
