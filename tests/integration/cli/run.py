#!/usr/bin/env python3
"""The cordon command from outside: every command, option and exit code.

  run.py CORDON HERE WORK [--update]

HERE has data/ (a small graph), rules/ and golden/ (what commands print, with what differs from
run to run replaced by words).  --update writes golden/ anew; read the difference before you
commit it."""
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
update = "--update" in sys.argv
store = os.path.join(work, "store")
failures = checks = 0
environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "CI", "TERM")}


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, stdin=b"", code=0, env=None):
    """Exit code as expected, and never a signal, a sanitizer's report or a raw escape."""
    done = subprocess.run([cordon, *args], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=here, env={**environment, **(env or {})})
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, done.stdout.decode("utf-8", "replace")[-2000:],
        done.stderr.decode("utf-8", "replace")[-2000:]))
    expect(b"Sanitizer" not in done.stderr, "%s: %s" % (args, done.stderr[-3000:]))
    return done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def sent(*args, **kw):
    return run("eval", "rules/sent.lua", "-d", store, *args, **kw)


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def normal(text):
    """What differs from run to run, or with a file's bytes, becomes a word."""
    text = text.replace(work, "WORK")
    text = re.sub(r'("(?:wall_ns|native_ns|memory_bytes|instructions|p\d\d_ns)": ?)\d+(?=[,}\n])', r"\1N", text)
    text = re.sub(r'("(?:digest|snapshot_id|reads_digest)": ?)"[0-9a-f]+"', r'\1"HEX"', text)
    text = re.sub(r"identity [0-9a-f]{16}", "identity HEX", text)
    text = re.sub(r'("(?:bytes|file_bytes|segments)": ?)\d+', r"\1N", text)
    text = re.sub(r"\d[\d.,]* (?:B|KiB|MiB) in \d+ segments", "SIZE in N segments", text)
    text = re.sub(r"(nodes, key \w+|edges), \d[\d.]* (?:B|KiB)", r"\1, SIZE", text)
    text = re.sub(r"\d[\d.]* (?:ns|us|ms|s)\b", "TIME", text)
    text = re.sub(r"(?m)^(  memory +)\d[\d.]* (?:B|KiB)", r"\1SIZE", text)
    text = re.sub(r"(?m)^(  instructions +)\d[\d,]*", r"\1N", text)
    text = re.sub(r"(?m)^(  (?:memory|time|  in the graph).*?)  +[<\d][\d.]* %.*$", r"\1", text)
    text = re.sub(r"(?m)^(  (?:cost |instructions |edges read|nodes touched|hops |memory |time |  in the|"
                  r"output +\d+ B).*)$", lambda m: re.sub(r"  +", "  ", m.group(1)), text)
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


# ---- the command as a whole ---------------------------------------------------------------

def commands():
    out, _ = run("help")
    names = re.findall(r"(?m)^  (\w+(?: \w+)?)  +\w", out[out.index("Commands"):])
    expect(set(names) >= {"generate", "import", "check", "eval", "snapshot info",
                          "snapshot slice", "snapshot verify", "snapshot list", "snapshot pin",
                          "snapshot unpin", "snapshot gc", "snapshot apply", "proposal list",
                          "proposal show", "proposal accept", "proposal reject", "config init",
                          "config show", "config validate", "token new", "version", "help"},
           "help lists %s" % names)
    for name in names:
        text, err = run(*name.split(), "--help")
        expect(text.startswith("Examples\n  "), "%s --help starts with examples" % name)
        expect("\nUsage\n  cordon " + name in text, "%s --help has its usage" % name)
        tail = text[text.index("\nExit codes\n"):]
        expect(re.fullmatch(r"\nExit codes\n(  \d+ +\S.*\n)+", tail), "%s --help ends: %s"
               % (name, tail))
        expect(not err, "%s --help says on stderr: %s" % (name, err))
        expect(text == run("help", *name.split())[0], "help %s is %s --help" % (name, name))
        expect(max(len(line) for line in text.splitlines()) <= 100, "%s --help is wide" % name)
    expect(run("--help")[0] == out, "--help is help")
    expect(run("help", "snapshot")[0] == run("snapshot", "--help")[0], "help of a group")
    out, err = run(code=2)
    expect(not out and "Commands" in err, "no command")
    for args, message in (
            (["evl"], "there is no command 'evl'; did you mean 'eval'?"),
            (["snapshot", "inof"], "did you mean 'snapshot info'?"),
            (["snapshot"], "'snapshot' needs a command behind it"),
            (["help", "evla"], "did you mean 'eval'?"),
            (["\033[31m"], r"there is no command '\x1b[31m'"),
            (["x" * 5000], "there is no command 'xxx"),
            (["--bogus"], "unknown option '--bogus'"),
            (["-q", "--format"], "--format needs a value"),
            (["version", "now"], "version takes no arguments")):
        out, err = run(*args, code=2)
        expect(message in err and not out, "%s: %s" % (args, err))


def version():
    out, _ = run("version")
    expect(re.fullmatch(r"cordon \d+\.\d+\.\d+\n", out), "version: " + out)
    expect(run("--version")[0] == out and run("-V")[0] == out, "--version")
    record = json.loads(run("version", "--format", "json")[0])
    expect(record["schema_version"] == 1 and "cordon %s\n" % record["version"] == out,
           "version as JSON")
    expect(json.loads(run("--format=ndjson", "version")[0]) == record, "options before the command")


def logs():
    _, err = run("--log-format", "json", "version", "x", code=2)
    record = json.loads(err)
    expect(record["level"] == "error" and "'x'" in record["message"], "diagnostics as JSON: " + err)


# ---- check --------------------------------------------------------------------------------

SMALL = """return {
  name = "example", description = "An example", fallback = "review",
  params = { window = { type = "duration", default = "1h" } },
  reads = { Account = {}, transfer = { "amount" } },
  decisions = { "allow", "review" }, limits = { edges = 1000 },
  evaluate = function(_, request)
%s  end,
}
"""


def codes_of(source):
    """The codes found in a source, all levels, with the store."""
    path = os.path.join(work, "example.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source if source.startswith("return {\n  name") else SMALL % source)
    out = subprocess.run([cordon, "check", path, "--data", store, "--format", "json"],
                         stdout=subprocess.PIPE, text=True, check=False).stdout
    return {finding["code"] for finding in json.loads(out)["files"][0]["findings"]}


def check_codes():
    """Every code explains itself, and its examples are what they are called."""
    log = json.loads(run("check", "rules/plain.lua", "--format", "sarif")[0])
    examples = 0
    for code in [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]:
        out, _ = run("check", "--explain", code)
        expect(out.startswith(code + " ("), "--explain " + code)
        if "\nBad:\n" not in out:
            continue
        bad, good = re.search(r"\nBad:\n\n(.*)\nGood:\n\n(.*)", out, re.DOTALL).groups()
        bad, good = [re.sub("^    ", "", text, flags=re.MULTILINE) for text in (bad, good)]
        expect(code in codes_of(bad), "%s: the bad example has %s" % (code, codes_of(bad)))
        expect(code not in codes_of(good), "%s: the good example has it" % code)
        examples += 1
    expect(examples >= 25, "only %d codes have examples" % examples)


def check_formats():
    check_fix()
    golden("check-lint.txt", run("check", "rules/lint.lua", code=1)[0])
    golden("check-lint.github", run("check", "rules/lint.lua", "--format", "github", code=1)[0])
    out, _ = run("check", "rules/lint.lua", "rules/plain.lua", "--format", "sarif", code=1)
    log = json.loads(out)
    results = log["runs"][0]["results"]
    expect(log["version"] == "2.1.0" and len(log["runs"]) == 1, "sarif")
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    expect(all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in results), "sarif's rules")
    expect(sum("suppressions" in r for r in results) == 1, "sarif tells what is suppressed")
    where = [r["locations"][0]["physicalLocation"] for r in results]
    expect(all(w["artifactLocation"]["uri"].startswith("rules/") for w in where), "sarif's files")
    wide = [r for r in results if "nmae" in r["message"]["text"]]
    line = open(os.path.join(here, "rules", "lint.lua"), encoding="utf-8").read().split("\n")[
        wide[0]["locations"][0]["physicalLocation"]["region"]["startLine"] - 1]
    region = wide[0]["locations"][0]["physicalLocation"]["region"]
    expect(line[region["startColumn"] - 1:region["endColumn"] - 1] == "nmae",
           "sarif counts columns in code points: %s" % region)
    run("check", "rules/lint.lua", "--format", "csv", code=2)
    types = os.path.join(work, "cordon-types.lua")
    expect(run("check", "--types", types, "--data", store) == ("", ""), "--types alone is silent")
    with open(types, encoding="utf-8") as file:
        text = file.read()
    expect(text.startswith("---@meta\n") and '"transfer"' in text and
           "---@field amount? number of transfer" in text, "types of a store: " + text[:2000])
    expect(run("check", "--types", "-", "--data", store)[0] == text, "--types to stdout")
    expect(run("check", "--types", "-", "--schema", "data/schema.lua")[0] == text,
           "a store's types are its schema's")
    expect("cordon.Label string" in run("check", "--types", "-")[0], "--types of the API alone")
    out, _ = run("check", "rules/plain.lua", "--types", types)
    expect(out == "rules/plain.lua: ok  plain\n", "--types with rules: " + out)
    run("check", "--types", os.path.join(work, "no/such/folder.lua"), code=3)
    rules = sorted(os.path.join(folder, name)
                   for folder, _, names in os.walk(os.path.join(here, "../../../rules"))
                   for name in names if name.endswith(".lua") and "schemas" not in folder)
    tests = [name for name in rules if name.endswith("_test.lua")]
    out, _ = run("check", *rules, "--fail-level", "warning")  # as a shell names them: tests too
    rules = [name for name in rules if name not in tests]
    _, err = run("check", tests[0], code=2)
    expect("is a test, not a rule; run it: cordon test " + tests[0] in err, "a test alone: " + err)
    _, err = run("check", "-v", tests[0], rules[0])
    expect("_test.lua is a test, not a rule, and left out" in err, "left out, and said so: " + err)
    for words in (["rule", "push"], ["set", "eval"]):
        _, err = run(*words, tests[0], "-d", store, code=2)
        expect("run it: cordon test" in err, "%s of a test: %s" % (" ".join(words), err))
    expect(len(rules) > 20 and out.count(": ok  ") == len(rules), "our own rules: " + out)


def check_fix():
    """--fix mends what is certain, once, in place; --dry-run only shows it."""
    path, link = os.path.join(work, "careless.lua"), os.path.join(work, "careless-link.lua")
    text = ('local function f(a, b) return b end\nreturn { name = "careless", fallback = "none",\n'
            '  evaluate = function(graph, request)\n    local spare, used = 1, f(1, 2)\n'
            '    local last = 1\n    last = 2\n    return { score = used + request.now }\n  end }\n')
    wanted = text.replace("f(a,", "f(_a,").replace("(graph", "(_graph").replace("local spare", "local _spare")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o640)
    if not os.path.islink(link):
        os.symlink("careless.lua", link)
    out, err = run("check", link, "--fix", "--dry-run")
    expect("-local function f(a, b) return b end\n+local function f(_a, b) return b end\n" in out and
           out.endswith(": ok  careless\n") and "3 would be mended" in err, "--dry-run: " + out + err)
    run("check", link, "--fix", "--dry-run", "--format", "json")
    expect(open(path, encoding="utf-8").read() == text, "--dry-run changes nothing")
    out, err = run("check", link, "--fix", "--fail-level", "info", code=1)
    expect(open(path, encoding="utf-8").read() == wanted, "--fix: " + open(path, encoding="utf-8").read())
    expect("3 findings are mended" in err and "CRD204" not in out and
           re.findall(r"CRD203\]: '(\w+)'", out) == ["last"], "--fix tells what is left: " + out + err)
    expect(os.path.islink(link) and os.stat(path).st_mode & 0o777 == 0o640, "--fix keeps links and rights")
    out, err = run("check", link, "--fix")
    expect(err == "" and open(path, encoding="utf-8").read() == wanted, "--fix twice: " + err)
    run("check", path, "--dry-run", code=2)
    with open(path, "w", encoding="utf-8") as file:
        file.write("local a = 1\nreturn {")
    run("check", path, "--fix", code=2)
    expect(open(path, encoding="utf-8").read() == "local a = 1\nreturn {", "--fix leaves what does not load")


def check():
    out, err = run("check", "rules/sent.lua", "rules/plain.lua")
    expect(out == "rules/sent.lua: ok  sent\nrules/plain.lua: ok  plain\n" and not err,
           "check: " + out)
    expect(run("check", "-q", "rules/sent.lua")[0] == "", "check -q")
    golden("check-faults.txt", run("check", "rules/broken.lua", "rules/syntax.lua", code=2)[0])
    golden("check-remarks.txt", run("check", "-v", "rules/bare.lua")[0])
    golden("check-data.txt", run("check", "rules/misfit.lua", "rules/sent.lua", "--data", store,
                                 code=2)[0])
    schema = ["--schema", "data/schema.lua"]
    out, _ = run("check", "rules/sent.lua", "--data", store)
    expect(out.count("warning[CRD104]") == 1 and "Account.name has no history" in out and
           "in the schema that the store is imported with" in out and "transfer.amount has" not in out, "no history: " + out)
    expect(run("check", "rules/sent.lua", *schema)[0].count("CRD104") == 1, "--schema alone")
    expect("in the label's `immutable`" in run("check", "rules/sent.lua", "--data", store,
                                              *schema)[0], "--data and --schema")
    run("check", "rules/sent.lua", "--data", store, "--fail-level=warning", code=1)
    fixed = os.path.join(work, "fixed.lua")
    with open(os.path.join(here, "data", "schema.lua"), encoding="utf-8") as file:
        text = file.read()
    expect(text.count("properties = { name") == 1, "the schema's property: " + text)
    with open(fixed, "w", encoding="utf-8") as file:
        file.write(text.replace("properties = { name", "immutable = true, properties = { name"))
    out, _ = run("check", "rules/sent.lua", "--data", store, "--schema", fixed)
    expect(out == "rules/sent.lua: ok  sent\n", "declared immutable: " + out)
    run("import", "--schema", fixed, "--out", os.path.join(work, "fixed.store"), "-q", "data")
    out, _ = run("check", "rules/sent.lua", "--data", os.path.join(work, "fixed.store"))
    expect(out == "rules/sent.lua: ok  sent\n", "the store remembers what is immutable: " + out)
    out, _ = run("snapshot", "info", os.path.join(work, "fixed.store"), "--format", "json")
    expect(out.count('"immutable": true') == 3, "info tells what is immutable: " + out)
    run("check", "rules/sent.lua", "--schema", "data/accounts.csv", code=3)
    golden("check-ceilings.txt", run("check", "rules/greedy.lua", code=2)[0])
    run("eval", "rules/greedy.lua", code=2)
    golden("check.json", run("check", "rules/broken.lua", "rules/bare.lua", "--format", "json",
                             code=2)[0])
    lines = records(run("check", "rules/broken.lua", "rules/bare.lua", "rules/sent.lua",
                        "--format", "ndjson", code=2)[0])
    expect([(r["file"], r["loads"]) for r in lines] == [
        ("rules/broken.lua", False), ("rules/bare.lua", True), ("rules/sent.lua", True)],
        "check as NDJSON: %s" % lines)
    run("check", "rules/misfit.lua")  # fits no snapshot, but none was given
    run("check", "rules/bare.lua", "--fail-level", "warning")
    out, _ = run("check", "rules/bare.lua", "--fail-level", "info", code=1)
    expect("info[CRD102]" in out, "--fail-level info shows what it fails for")
    twice = ["check", "rules/sent.lua", "rules/sent.lua"]
    expect("warning[CRD101]" in run(*twice)[0], "two rules of one name")
    run(*twice, "--fail-level=warning", code=1)
    out, _ = run("check", "rules/nothing.lua", code=2)
    expect("error[CRD001]" in out, "a file that is not there: " + out)
    big = os.path.join(work, "big.lua")
    with open(big, "w", encoding="ascii") as file:
        file.write("-" * 300000)
    expect("CRD001" in run("check", big, code=2)[0], "a file that is too long")
    check_codes()
    check_formats()
    run("check", "--explain", "CRD999", code=2)
    run("check", "--explain", "CRD001", "rules/sent.lua", code=2)
    run("check", code=2)
    run("check", "rules/sent.lua", "--data", os.path.join(work, "nowhere"), code=3)


# ---- snapshot -----------------------------------------------------------------------------

def damaged(name, change):
    folder = os.path.join(work, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(store, folder)
    with open(os.path.join(folder, "CURRENT"), encoding="ascii") as file:
        path = os.path.join(folder, file.read().strip())
    with open(path, "rb") as file:
        data = bytearray(file.read())
    change(data)
    with open(path, "wb") as file:
        file.write(data)
    return folder


def snapshot():
    golden("info.txt", run("snapshot", "info", store)[0])
    golden("info.json", run("snapshot", "info", store, "--format", "json")[0])
    record = json.loads(run("snapshot", "info", store, "--format", "ndjson")[0])
    expect(record["nodes"] == 4 and record["edges"] == 5 and record["generation"] == 1,
           "info as NDJSON: %s" % record)
    expect(run("snapshot", "info", store, "-g1")[0] == run("snapshot", "info", store)[0], "-g 1")
    run("snapshot", "info", store, "--generation", "7", code=3)
    run("snapshot", "info", store, "--generation", "0", code=2)
    run("snapshot", "info", os.path.join(work, "nowhere"), code=3)
    run("snapshot", "info", os.path.join(here, "data", "accounts.csv"), code=3)
    run("snapshot", "info", code=2)
    run("snapshot", "info", store, store, code=2)
    out, _ = run("snapshot", "verify", store)
    expect("sound" in out, "verify: " + out)
    expect(run("snapshot", "verify", "-q", store)[0] == "", "verify -q")
    record = json.loads(run("snapshot", "verify", store, "--format", "json")[0])
    expect(record["findings"] == [] and record["finding_count"] == 0, "verify as JSON")
    run("snapshot", "verify", os.path.join(work, "nowhere"), code=3)
    run("snapshot", "verify", code=2)

    def flip(data):  # the amounts: 157.25 bytes of one column, found by their values
        at = data.find(bytes.fromhex("0000000000005940"))  # 100.0
        expect(at > 0, "the column is in the file")
        data[at] ^= 1

    folder = damaged("flipped", flip)
    out, err = run("snapshot", "verify", folder, code=1)
    expect("damage:" in out and "import it again" in err, "verify of a flipped bit: " + out + err)
    record = json.loads(run("snapshot", "verify", folder, "--format", "json", code=1)[0])
    expect(record["finding_count"] == len(record["findings"]) > 0, "damage as JSON")

    def cut(data):
        del data[len(data) // 2:]

    _, err = run("snapshot", "verify", damaged("cut", cut), code=1)
    expect("cordon: error:" in err, "verify of half a file: " + err)
    run("snapshot", "info", os.path.join(work, "cut"), code=3)


# ---- eval: one request --------------------------------------------------------------------

def single():
    now = ["--node", "Account:1", "--now", "2026-01-10"]
    golden("eval.txt", sent(*now, "--format", "pretty")[0])
    golden("eval-usage.txt", sent(*now, "--format", "pretty", "--usage")[0])
    golden("eval.json", sent(*now, "--format", "json")[0])
    golden("eval.ndjson", sent(*now)[0])
    expect(sent(*now, "--format=ndjson")[0].count("\n") == 1, "NDJSON is one line")
    record = json.loads(sent(*now)[0])
    expect(record["result"]["output"]["sum"] == 157.25, "the sum: %s" % record)

    def out(*args):
        return json.loads(sent(*args)[0])["result"]["output"]

    expect(out("--node", "Account:1", "--now", "2026-01-02T12:00:00Z")["sum"] == 150.25, "--now")
    expect(out("--node", "Account:1", "--now=2026-01-10", "--as-of=1767312000000")["sum"] == 150.25,
           "--as-of in milliseconds")
    expect(out("--node", "Account:1", "--as-of", "2026-01-01")["sum"] == 100,
           "--now is --as-of where it is not given")
    expect(out(*now, "-p", "window=8d")["sum"] == 57.25 - 50.25 + 50.25, "-p of a duration")
    expect(out(*now, "--param", "note=\"5\"")["note"] == "5", "--param as JSON text")
    expect(out(*now, "--param", "note=a=b")["note"] == "a=b", "--param as text")
    expect(out(*now, "--param", "note=5")["note"] == "5", "--param of a declared string")
    expect(out(*now, "--param", "note=[1]")["note"] == "[1]", "--param of a declared string")
    expect(json.loads(sent(*now, "-p", "threshold=3")[0])["result"]["decision"] == "allow",
           "--param of an integer")
    expect(out("--node", "Account:9007199254740993", "--now=2026-01-10")["key"]
           == "9007199254740993", "a key beyond 2^53")
    expect("name" not in out("--node", "Account:3", "--now=2026-01-10"), "null is nil")
    for node, message in (("Account:7", "no node Account:7"),
                          ("Acount:1", "did you mean 'Account'"),
                          ("Account", "Label:key"), ("Account:x", "Account:x"),
                          ("Account:\033[1m", "\\x1b")):
        text, err = sent("--node", node, "--format", "pretty", code=3)
        expect(message in err and not text, "--node %s: %s" % (node, err))
        record = json.loads(sent("--node", node, code=3)[0])
        expect(record["status"] == "FAILURE" and "outcome" not in record, "%s" % record)
    for param, message in (("threshold=0", "threshold"), ("threshold=many", "threshold"),
                           ("thresold=1", "did you mean 'threshold'"), ("window=x", "window")):
        _, err = sent(*now, "-p", param, "--format=pretty", code=3)
        expect(message in err, "-p %s: %s" % (param, err))
    out, _ = run("eval", "rules/plain.lua", "-p", "big=9007199254740991", "-p", "ratio=0.1",
                 "-p", 'words=["a","\\u00e4"]', "--now", "5", "--seed", "4")
    result = json.loads(out)["result"]["output"]
    random = result.pop("random")
    expect(result == {"big": 9007199254740991, "ratio": 0.1, "words": ["a", "\u00e4"], "now": 5},
           "parameters come through: %s" % result)
    again = json.loads(run("eval", "rules/plain.lua", "--seed=4")[0])["result"]["output"]["random"]
    other = json.loads(run("eval", "rules/plain.lua", "--seed=5")[0])["result"]["output"]["random"]
    expect(random == again != other, "--seed")


def counted():
    record = json.loads(sent("--node", "Account:1", "--count", "50")[0])
    timing = record["timing"]
    expect(timing["count"] == 50 and
           0 < timing["p50_ns"] <= timing["p90_ns"] <= timing["p99_ns"], "%s" % timing)
    golden("eval-count.txt", sent("--node=Account:1", "--now=2026-01-10", "--count=3",
                                  "--format=pretty")[0])
    for count in ("0", "1e9", "-1", "x"):
        sent("--node", "Account:1", "--count", count, code=2)


# ---- policies and settings ----------------------------------------------------------------

def principals():
    now = ["--node", "Account:1", "--now", "2026-01-10", "--policy", "policies/good.lua"]

    def ask(who, *args, code=0):
        return json.loads(sent(*now, "--principal", who, *args, code=code)[0])

    free, bare = ask("all"), json.loads(sent(*now[:4])[0])
    expect(free["requested_by"] == "all" and "requested_by" not in bare, "requested_by")
    expect(free["result"] == bare["result"] and free["reads_digest"] == bare["reads_digest"],
           "a principal to whom all is granted: %s" % free)
    masked = ask("masked")
    key = masked["result"]["output"]["key"]
    expect(re.fullmatch("[0-9a-f]{32}", key), "the key is hashed: %s" % masked)
    expect(masked["result"]["output"]["name"] == "[redacted]", "the name is redacted")
    expect(masked["result"]["reasons"][1] == "sent by Account:" + key, "as text too")
    expect(masked["limits"]["edges"] == 500, "the ceiling: %s" % masked["limits"])
    expect(ask("masked")["result"] == masked["result"], "masks are stable")
    _, err = sent(*now, "--principal", "masked", "--max-edges", "501", "--format=pretty", code=3)
    expect("above the ceiling of principal 'masked', 500" in err, err)
    for who, message in (
            ("poor", "principal 'poor' may not read property 'name' of Account, property "
                     "'amount' of transfer, which rule 'sent' does"),
            ("maskd", "no principal 'maskd' in policies/good.lua; did you mean 'masked'?")):
        record = ask(who, code=1)
        expect(record["outcome"] == "denied" and record["error"]["message"] == message,
               "%s: %s" % (who, record))
        expect(record["result"] == {"decision": "review"} and record["fallback"], "%s" % record)
    expect(ask("some")["result"]["output"] == {"sum": 157.25}, "fields of output")
    for who, logged, message in (("all", 0, "Account.open is not in what the principal may propose"),
                                 ("writes", 1, "")):
        log = os.path.join(work, "proposals-%s.mdb" % who)
        _, err = sent(*now, "--principal", who, "--propose", "--log", log)
        expect(message in err, "%s proposes: %s" % (who, err))
        shown = run("proposal", "list", "--log", log, "--format", "ndjson")[0] if logged else ""
        expect(shown.count("\n") == logged and (not logged or "writes" in shown), "the log: " + shown)
    # the store's own policy
    shutil.copy(os.path.join(here, "policies/good.lua"), os.path.join(store, "policy.lua"))
    shutil.copy(os.path.join(here, "policies/mask.key"), os.path.join(store, "mask.key"))
    own = json.loads(sent(*now[:4], "--principal", "masked")[0])
    expect(own["result"] == masked["result"], "policy.lua of the store")
    env = {"CORDON_POLICY__FILE": "policies/faults.lua"}
    _, err = sent(*now[:4], "--principal", "a", code=3, env=env)
    expect("policies/faults.lua:3" in err and "cordon config validate policies/faults.lua" in err, err)
    _, err = sent(*now[:4], "--principal", "a", "--policy", "policies/misfit.lua", code=3)
    expect("did you mean 'name'?" in err, err)
    sent(*now[:4], "--principal", "a", "--policy", "policies/none.lua", code=3)
    os.remove(os.path.join(store, "policy.lua"))


def callers(pretty):
    """Tokens: made once, known by their hash, shown nowhere."""
    lines = run("token", "new", "--name=shop", "--right=evaluate,read", "--right=kill",
                "--principal=till", *pretty)[0].splitlines()
    token, entry = lines
    expect(len(lines) == 2 and re.fullmatch(r"cordon_[A-Za-z0-9_-]{43}", token), "%s" % lines)
    digest = hashlib.blake2b(token.encode(), digest_size=32).hexdigest()
    expect(entry == '{ name = "shop", hash = "%s", rights = { "evaluate", "read", "kill" }, '
           'principal = "till" },' % digest, entry)
    record = json.loads(run("token", "new", "--format=json")[0])
    expect(record["hash"] == hashlib.blake2b(record["token"].encode(), digest_size=32).hexdigest()
           and record["token"] != token and record["schema_version"] == 1, "%s" % record)
    path = os.path.join(work, "tokens.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write("return { auth = { tokens = {\n%s\n%s\n},\npeers = { { name = 'me', user = 'root', "
                   "rights = 'author' } } } }\n" % (entry, record["entry"]))
    run("config", "validate", path)
    for style in (pretty, ["--format=json"]):
        out, err = run("config", "show", "--config", path, *style)
        expect(digest not in out + err and record["hash"] not in out + err, "a hash is shown")
    expect([(c["name"], c["by"], c["rights"], c["principal"]) for c in json.loads(out)["auth"]] ==
           [("shop", "token", ["evaluate", "read", "kill"], "till"),
            ("caller", "token", ["evaluate"], None), ("me", "peer", ["author"], None)], out)
    for words in (["--right=raed"], ["--right=read,"], ["--name=a b"], ["--name=anonymous"],
                  ["--principal=a\"b"], ["--principal="], ["x"]):
        run("token", "new", *words, code=2)


def configuration():
    pretty = ["--format", "pretty"]
    golden("config-valid.txt", run("config", "validate", "policies/good.lua", "-d", store, *pretty)[0])
    golden("config-faults.txt", run("config", "validate", "policies/faults.lua", *pretty, code=3)[0])
    run("config", "validate", "policies/misfit.lua", code=0)
    golden("config-misfit.txt", run("config", "validate", "policies/misfit.lua", "-d", store,
                                    *pretty, code=1)[0])
    record = json.loads(run("config", "validate", "policies/misfit.lua", "-d", store,
                            "--format=json", code=1)[0])
    expect(record["loads"] and [f["line"] for f in record["findings"]] == [3, 3, 4], "%s" % record)
    run("config", "validate", "policies/none.lua", code=3)
    run("config", "validate", "policies/good.lua", "-d", os.path.join(work, "nowhere"), code=3)
    run("config", "validate", code=2)
    run("config", "validate", "a", "b", code=2)
    # init
    path = os.path.join(work, "policy.lua")
    run("config", "init", path)
    out, _ = run("config", "validate", path)
    expect("1 principal\n" in out, out)
    run("config", "init", path, code=3)
    run("config", "init", path, "--force")
    with open(path, encoding="utf-8") as file:
        expect(file.read() == run("config", "init", "--dry-run", path)[0], "--dry-run")
    run("config", "init", os.path.join(work, "no", "policy.lua"), code=3)
    path = os.path.join(work, "server.lua")
    run("config", "init", path)
    golden("config-server.txt", run("config", "init", "--server", "--dry-run")[0])
    out, _ = run("config", "validate", path)
    expect(out == path + ": ok  a configuration\n", out)
    # a configuration's faults
    golden("config-server-faults.txt",
           run("config", "validate", "policies/server-faults.lua", *pretty, code=3)[0])
    record = json.loads(run("config", "validate", "policies/server-faults.lua", "--format=json",
                            code=3)[0])
    expect(not record["loads"] and record["findings"][0]["line"] == 3, "%s" % record)
    callers(pretty)
    # show: flag over environment over file over default
    path = os.path.join(work, "cordon.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write("return { engine = { max_edges = 2000, max_nodes = 12, max_wall_ns = '5s',\n"
                   "  slots = 3, max_memory_bytes = '1MiB', interrupt_slots = 0, tighten = 4 },\n"
                   "  policy = { file = 'a.lua' } }\n")
    env = {"CORDON_ENGINE__MAX_EDGES": "1e3", "CORDON_ENGINE__BUSY_WAIT_MS": "2s",
           "CORDON_POLICY__FILE": "b.lua", "CORDON_ENGINE__MAX_WAITING": "9e9"}
    args = ["config", "show", "--config", path, "--origin"]
    shown = json.loads(run(*args, "--format=json", "--policy", "c.lua", env=env)[0])
    for name, value, origin in (("engine.max_edges", 1000, "environment"),
                                ("engine.max_nodes", 12, "file"),
                                ("engine.max_wall_ns", 5000000000, "file"),
                                ("engine.max_memory_bytes", 1048576, "file"),
                                ("engine.busy_wait_ms", 2000, "environment"),
                                ("engine.max_hops", 1000000, "default"),
                                ("engine.interrupt_slots", 0, "file"),
                                ("engine.tighten", 4, "file"),
                                ("engine.max_waiting", 4294967294, "environment"), # a count, not "none"
                                ("policy.file", "c.lua", "flag")):
        expect(shown[name] == {"value": value, "from": origin}, "%s: %s" % (name, shown[name]))
    golden("config-show.txt", run(*args, *pretty, env=env)[0])
    short = json.loads(run("config", "show", "--format=json", env={"CORDON_CONFIG": path})[0])
    expect(short["engine.slots"] == 3 and short["policy.file"] == "a.lua", "%s" % short)
    short = json.loads(run("config", "show", "--format=json")[0])
    expect(short["engine.max_waiting"] == 64 and short["engine.interrupt_slots"] == 2 and
           short["engine.tighten"] == 0, "%s" % short)
    short = json.loads(run("config", "show", "--format=json", env={"CORDON_ENGINE__MAX_WAITING": "0"})[0])
    expect(short["engine.max_waiting"] == 0, "%s" % short)
    record = json.loads(sent("--node=Account:1", "--config", path)[0])
    expect(record["limits"]["nodes"] == 12, "eval goes by it: %s" % record["limits"])
    for text, message in (("return { engine = { max_edge = 1 } }", "did you mean 'max_edges'?"),
                          ("return { engin = {} }", "did you mean 'engine'?"),
                          ("return { engine = { slots = 0 } }", "a whole number from 1"),
                          ("return { engine = { tighten = -1 } }", "a whole number, or 0 for none"),
                          ("return { engine = { max_waiting = 'none' } }", "a whole number, or 0 for none"),
                          ("return { engine = { interrupt_slots = 0.5 } }", "a whole number, or 0 for none"),
                          ("return { engine = { max_wall_ns = 'x' } }", "a time such as"),
                          ("return { policy = { file = 5 } }", "a string is wanted"), ("return {", ":1")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        _, err = run("config", "show", "--config", path, code=3)
        expect(message in err and path in err, "%s: %s" % (text, err))
    _, err = run("config", "show", env={"CORDON_ENGINE__SLOTS": "many"}, code=3)
    expect("CORDON_ENGINE__SLOTS" in err, err)
    run("config", "show", "--config", os.path.join(work, "nowhere"), code=3)
    run("config", "show", "x", code=2)


def wrong_usage():
    for args, message in (
            ([], "no rule given"),
            (["rules/sent.lua", "rules/plain.lua"], "one rule at a time"),
            (["rules/sent.lua", "--node=A:1", "--input=-"], "exclude each other"),
            (["rules/sent.lua", "--nod", "A:1"], "did you mean '--node'"),
            (["rules/sent.lua", "-p", "novalue"], "name=value"),
            (["rules/sent.lua", "--max-time", "5"], "a time with its unit"),
            (["rules/sent.lua", "--max-memory", "lots"], "a size such as"),
            (["rules/sent.lua", "--max-memory", "1TiB"], "--max-memory takes at most 64MiB"),
            (["rules/sent.lua", "--max-output", "2GiB"], "--max-output takes at most 1GiB"),
            (["rules/sent.lua", "--max-time", "2502h"], "--max-time takes at most 2501h"),
            (["rules/sent.lua", "--max-edges", "1e16"], "--max-edges takes at most 2^53"),
            (["rules/sent.lua", "--max-nodes", "1e16"], "--max-nodes takes at most 2^53"),
            (["rules/sent.lua", "--max-hops", "1e16"], "--max-hops takes at most 2^53"),
            (["rules/sent.lua", "--max-instructions", "1e16"], "--max-instructions takes at most"),
            (["rules/sent.lua", "--max-instructions", "0"], "a whole number from 1"),
            (["rules/sent.lua", "--max-edges", "0"], "a whole number from 1"),
            (["rules/sent.lua", "--max-memory", "0"], "above 0"),
            (["rules/sent.lua", "--max-output", "0"], "above 0"),
            (["rules/sent.lua", "--max-time", "0ms"], "above 0"),
            (["rules/sent.lua", "--now", "later"], "a time such as"),
            (["rules/sent.lua", "--format", "xml"], "pretty|json|ndjson"),
            (["rules/nothing.lua"], "rules/nothing.lua"),
            (["rules/broken.lua"], "rules/broken.lua:2: error:"),
            (["rules/syntax.lua"], "cordon check rules/syntax.lua"),
            (["rules/misfit.lua", "-d", store], "did you mean"),
            (["rules/sent.lua", "--policy", "x"], "whose grant is wanted?"),
            (["rules/sent.lua", "--principal", "x"], "give --policy FILE"),
            (["rules/sent.lua", "--node=Account:1"], "give the snapshot: --data STORE")):
        out, err = run("eval", *args, code=2)
        expect(message in err and not out, "eval %s: %s" % (args, err))
    run("eval", "rules/sent.lua", "-d", os.path.join(work, "nowhere"), code=3)
    run("eval", "rules/sent.lua", "-d", store, "-i", os.path.join(work, "nowhere"), code=3)
    _, err = run("eval", "rules/sent.lua", "-d", store, code=1)
    expect("the request has no node; give one: --node LABEL:KEY" in err, "no node: " + err)
    _, err = run("eval", "rules/sent.lua", "-d", store, "-i", "-", stdin=b"{}", code=1)
    expect("--node" not in err, "of a line, the line lacks it: " + err)
    _, err = run("eval", "rules/sent.lua", "-d", store, "-i", work, code=3)
    expect("cannot read %s: it is a folder" % work in err, "a folder as input: " + err)


def outcomes():
    def moody(mood, *args, code=0):
        return run("eval", "rules/moody.lua", "-d", store, "--node=Account:1", "-p",
                   "mood=" + mood, *args, code=code)[0]

    for mood, code, outcome, kind in (
            ("fine", 0, "ok", None), ("silent", 0, "ok", None), ("error", 1, "error", None),
            ("invalid", 1, "invalid_result", None), ("loop", 4, "limit", "instructions"),
            ("memory", 4, "limit", "memory"), ("edges", 4, "limit", "edges"),
            ("output", 4, "limit", "output")):
        args = ["--max-memory=4MiB"] if mood == "output" else []
        record = json.loads(moody(mood, *args, code=code))
        expect(record["outcome"] == outcome and record["fallback"] == (outcome != "ok") and
               record["status"] == ("SUCCESS" if outcome == "ok" else "FAILURE"),
               "%s: %s" % (mood, record))
        if kind:
            limit = record["error"]["limit"]
            expect(limit["kind"] == kind and limit["used"] >= limit["limit"] > 0 and
                   record["result"] == {"decision": "review"}, "%s: %s" % (mood, record))
        elif outcome != "ok":
            expect(record["error"]["message"] and record["result"]["decision"] == "review",
                   "%s: %s" % (mood, record))
    record = json.loads(moody("loop", "--max-time=1ms", "--max-instructions=1e9", code=4))
    expect(record["status"] == "TIMEOUT" and record["error"]["limit"]["kind"] == "time",
           "time: %s" % record)
    moody("silent", "--fail", code=1)
    for option, name, value in (("--max-instructions=7_000", "instructions", 7000),
                                ("--max-edges=12", "edges", 12),
                                ("--max-nodes=13", "nodes", 13),
                                ("--max-hops=2", "hops", 2),
                                ("--max-memory=100KiB", "memory_bytes", 102400),
                                ("--max-output=1KiB", "output_bytes", 1024),
                                ("--max-time=2s", "wall_ns", 2000000000)):
        record = json.loads(moody("fine", option))
        expect(record["limits"][name] == value, "%s: %s" % (option, record["limits"]))
    for mood, code in (("error", 1), ("loop", 4), ("invalid", 1)):
        golden("outcome-%s.txt" % mood, moody(mood, "--format=pretty", code=code))
    golden("outcome-none.txt", run("eval", "rules/bare.lua", "--format=pretty", code=1)[0])
    text = moody("fine", "--format=pretty", "--color=always")
    expect("\033[1;32mallow\033[0m" in text and "\\x1b[1m fine" in text,
           "colour is ours alone: %r" % text)
    expect("\033" not in moody("fine", "--format=pretty"), "no colour into a pipe")


# ---- eval: many requests ------------------------------------------------------------------

HOSTILE = [
    b"{", b"[]", b"17", b"nonsense", b"{} {}", b'{"node":"Account:1"', b'{"nod":"Account:1"}',
    b'{"node":"Account:1","node":"Account:2"}', b'{"node":"Account:1","params":{"a":1,"a":2}}',
    b'{"node":"Account:77"}', b'{"node":"Nothing:1"}', b'{"node":{"label":"Account"}}',
    b'{"node":"Account:1","params":{"threshold":9223372036854775808}}',
    b'{"node":"Account:1","params":{"threshold":1e999}}',
    b'{"node":"Account:1","params":{"threshold":' + b"9" * 5000 + b"}}",
    b'{"node":"Account:1","params":{"threshold":1.5}}', b'{"node":"Account:1","params":[]}',
    b'{"node":"Account:1","params":{"note":' + b"[" * 100 + b"]" * 100 + b"}}",
    b'{"a":' * 100000 + b"1" + b"}" * 100000, b"[" * 500000,
    b'{"node":"Account:\xff\xfe"}', b'{"node":"Account:\xc0\x80"}', b'{"node":"Acc\x00ount:1"}',
    b'{"node":"Account:1\x00"}', b"\x00", b"\xff" * 100, b'{"node":"Account:\\u0000"}',
    b'{"node":"Account:\\ud800"}', b'{"now":"yesterday"}', b'{"now":1e3}', b'{"seed":-1}',
    b'{"node":"Account:1","now":-9223372036854775808}', b'{"node":"' + b"A" * 70 + b':1"}',
    b'{"node":"Account:' + b"1" * 100000 + b'"}', b'{"node":"Account:1","pad":"' + b"x" * 1048576
    + b'"}', b"x" * 3000000, b'{"id":"\\u001b[31m","node":5}',
]


def hostile_lines():
    lines, wanted = [], []
    for number, line in enumerate(HOSTILE):
        lines += [b'{"node":"Account:1","now":"2026-01-10","id":%d}' % number, line]
        wanted += [number, None]
    lines.append(b'{"node":{"label":"Account","key":2},"now":1768003200000,"id":{"last":[1.5]}}')
    for end in (b"\n", b"\r\n"):
        text, err = sent("--input", "-", stdin=end.join(lines), code=3)
        answers = records(text)
        expect(len(answers) == len(lines), "an answer a line: %d of %d" % (len(answers), len(lines)))
        for at, (answer, number) in enumerate(zip(answers, wanted)):
            expect(answer["line"] == at + 1, "line %d: %s" % (at + 1, answer))
            if number is None:
                expect(answer["status"] == "FAILURE" and answer["error"]["message"] and
                       "outcome" not in answer, "%r: %s" % (lines[at][:60], answer))
                expect(not re.search(r"[\x00-\x1f]", answer["error"]["message"]),
                       "control characters are escaped: %r" % answer["error"]["message"])
            else:
                expect(answer["id"] == number and answer["outcome"] == "ok" and
                       answer["result"]["output"]["sum"] == 157.25, "spoilt: %s" % answer)
        expect(answers[-1]["id"] == {"last": [1.5]}, "the id comes back: %s" % answers[-1])
        expect("could not be evaluated" in err, "a summary: " + err)
    text, _ = sent("-i", "-", "--format", "pretty", stdin=b"\n".join(lines), code=3)
    expect("\033" not in text, "pretty output of hostile lines is clean")


def many():
    path = os.path.join(work, "requests.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.write('\ufeff{"node":"Account:1","id":"a"}\n\n   \n'
                   '{"node":"Account:2","as_of":"2026-01-01","params":{"threshold":9}}\n'
                   '{"node":"Account:1","now":"2026-01-01","params":null,"as_of":null}')
    text, err = sent("--input", path, "--now", "2026-01-10", "-p", "note=n", "-p", "threshold=1")
    answers = records(text)
    expect([a["line"] for a in answers] == [1, 4, 5] and not err, "blank lines are no requests")
    expect([a["result"]["output"]["sum"] for a in answers] == [157.25, 0, 100],
           "what the request says goes before the command line: %s" % answers)
    expect(all(a["result"]["output"]["note"] == "n" for a in answers), "--param for all")
    expect([a["input"].get("params", {}).get("threshold") for a in answers] == [1, 9, 1], "merged")
    expect([a["result"]["score"] for a in answers] == [2, 0, 1], "scores: %s" % answers)
    replayed, _ = sent("-i-", stdin="\n".join(json.dumps(a["input"]) for a in answers).encode())
    expect([a["result"] for a in records(replayed)] == [a["result"] for a in answers] and
           [a["reads_digest"] for a in records(replayed)] == [a["reads_digest"] for a in answers],
           "an answer's input asked again is answered alike")
    whole = json.loads(sent("--input", path, "--format", "json")[0])
    expect(whole["schema_version"] == 1 and len(whole["results"]) == 3, "one JSON text")
    expect(json.loads(sent("-i-", "--format=json")[0])["results"] == [], "nothing in, nothing out")
    golden("eval-many.txt", sent("-i", path, "--now=2026-01-10", "--format=pretty")[0])
    text, err = sent("-i", "-", "-q", stdin=b"x", code=3)
    expect(not err, "-q: " + err)
    text, _ = sent("-i", "-", stdin=b'\n{"node":"Account:1","now":?}', code=3)
    expect(records(text)[0]["line"] == 2 and
           records(text)[0]["error"]["message"].startswith("column 27: "), "the place: " + text)
    text, _ = sent("-i", "-", stdin=b'{"node":"Account:1"}\n\xef\xbb\xbf{}', code=3)
    expect([a["status"] for a in records(text)] == ["SUCCESS", "FAILURE"], "a mark in the middle")

    def moods(*names, code):
        lines = "\n".join(json.dumps({"node": "Account:1", "params": {"mood": n}}) for n in names)
        run("eval", "rules/moody.lua", "-d", store, "-i", "-", stdin=lines.encode(), code=code)

    moods("fine", "fine", code=0)
    moods("fine", "error", "fine", code=1)
    moods("error", "loop", "invalid", code=4)
    moods("error", "loop", 5, code=3)
    count = 20000
    text, _ = sent("-i-", stdin=b'{"node":"Account:1","now":"2026-01-10"}\n' * count)
    digests = set(a["reads_digest"] for a in records(text))
    expect(text.count("\n") == count and len(digests) == 1, "many lines, one digest")


def streams():
    """An answer is there before the next request is written, and Ctrl-C ends it with 130."""
    for ask in ("ndjson", "pretty"):
        with subprocess.Popen([cordon, "eval", "rules/sent.lua", "-d", store, "-i", "-",
                               "--now=2026-01-10", "--format", ask], cwd=here,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for sender in (1, 2, 1):
                process.stdin.write(b'{"node":"Account:%d"}\n' % sender)
                process.stdin.flush()
                expect(select.select([process.stdout], [], [], 60)[0], "no answer: " + ask)
                text = os.read(process.stdout.fileno(), 65536)
                expect(b"Account:%d" % sender in text, "the answer: %r" % text)
            process.stdin.write(b'{"node":')  # half a line keeps nothing back either
            process.stdin.flush()
            process.send_signal(signal.SIGINT)
            expect(process.wait(60) == 130, "Ctrl-C while it waits: %d" % process.returncode)
    with subprocess.Popen([cordon, "eval", "rules/moody.lua", "-d", store, "--node=Account:1",
                           "-p", "mood=loop", "--max-instructions=1e15", "--max-time=1h"],
                          cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None:  # however early the signal comes it must end
            process.send_signal(signal.SIGINT)
            try:
                out, _ = process.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                continue
    expect(process.returncode in (130, -signal.SIGINT), "Ctrl-C: %d" % process.returncode)
    if process.returncode == 130:
        expect(json.loads(out)["outcome"] == "cancelled", "Ctrl-C: %s" % out)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([cordon, "version"], stdout=full, stderr=subprocess.PIPE)
    expect(done.returncode == 3 and b"cannot write the output" in done.stderr, "a full disk")


def terminal():
    """On a terminal: pretty, in colour, unless NO_COLOR."""
    for env, color in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                       ({"TERM": "dumb"}, False)):
        leader, follower = pty.openpty()
        process = subprocess.Popen([cordon, "eval", "rules/sent.lua", "-d", store,
                                    "--node=Account:1", "--now=2026-01-10"], cwd=here,
                                   stdout=follower, stderr=follower, stdin=subprocess.DEVNULL,
                                   env={**environment, **env})
        os.close(follower)
        text = b""
        while select.select([leader], [], [], 60)[0]:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk
        os.close(leader)
        expect(process.wait() == 0 and b"decision" in text and (b"\033[" in text) == color,
               "on a terminal with %s: %r" % (env, text))


def sliced():
    with open(os.path.join(here, "data", "accounts.csv"), encoding="utf-8") as file:
        key = file.read().splitlines()[1].split(",")[0]
    node, cut = "Account:" + key, os.path.join(work, "near.slice")
    run("snapshot", "slice", store, "--node", node, "--hops", "9", "-o", cut)
    expect("sound" in run("snapshot", "verify", cut)[0], "a slice is sound")
    ours = records(run("eval", "rules/sent.lua", "-d", cut, "--node", node, "--now", "1795487340000", "--format", "ndjson")[0])
    whole = records(sent("--node", node, "--now", "1795487340000", "--format", "ndjson")[0])
    expect([r["result"] for r in ours] == [r["result"] for r in whole], "%s, not %s" % (ours, whole))
    for words, code, text in (
            ([], 2, "no --node given"), (["--node", "17"], 2, "--node is LABEL:KEY"),
            (["--node", "Account:nobody"], 3, "no Account has the key 'nobody'"),
            (["--node", "Acount:" + key], 3, "did you mean 'Account'?"),
            (["--node", node, "--read", "Account:"], 2, "--read is KIND"),
            (["--node", node, "--read", "Account:zzz"], 3, "no property 'zzz' on Account"),
            (["--node", node, "--hops", "9", "--max-nodes", "1"], 3, "more than 1 nodes")):
        _, err = run("snapshot", "slice", store, *words, "-o", cut, code=code)
        expect(text in err, "%s: %s" % (words, err))
    with open(cut, "r+b") as file:
        file.seek(20)
        file.write(b"\xff")
    _, err = run("eval", "rules/sent.lua", "-d", cut, "--node", node, code=3)
    expect("header is damaged" in err, err)


# ---- proposals ----------------------------------------------------------------------------

def proposals():
    own = os.path.join(work, "proposed.store")
    run("import", "--schema", "data/schema.lua", "--out", own, "-q", "data")
    wants = ["eval", "rules/wants.lua", "-d", own, "--now", "2026-01-10", "--propose"]
    _, err = run("proposal", "list", "-d", own, code=3)
    expect("holds no proposals; 'cordon eval --propose' logs them" in err, "no log: " + err)
    _, err = run("snapshot", "apply", "-d", own, code=3)
    expect("proposals.mdb" in err, "apply without a log: " + err)
    _, err = run(*wants, "--node", "Account:1", "--format", "pretty")
    expect("2 proposals logged, 2 refused" in err and
           "updated_nodes[2] is not logged: set.opne: Account has no such property; did you mean "
           "'open'?" in err and "new_edges[2] is not logged: to.key: there is no Account with key "
           "'77'" in err, "eval --propose: " + err)
    lines = b'{"node": "Account:2"}\n{"node": "Account:3"}\n'
    _, err = run(*wants, "--input", "-", stdin=lines)
    expect("4 proposals logged, 4 refused" in err and "line 2: updated_nodes[2] is" in err,
           "eval --propose of many: " + err)
    entries = records(run("proposal", "list", "-d", own)[0])
    expect([e["sequence"] for e in entries] == [1, 2, 3, 4, 5, 6] and
           all(e["state"] == "pending" and e["rule"] == "wants" and e["generation"] == 1 and
               e["schema_version"] == 1 and not e["history"] for e in entries), "%s" % entries)
    expect(entries[0]["content"] == {"key": "1", "label": "Account", "set": {"open": False}} and
           entries[0]["before"] == {"open": True}, "%s" % entries[0])
    out, _ = run("proposal", "list", "-d", own, "--format", "pretty", "--limit", "2")
    out = re.sub(r"20\d\d-\S+", "TIME", out)
    expect([line.split() for line in out.splitlines()] == [
        "sequence state rule proposed what".split(),
        "1 pending wants TIME Account:1 open = false".split(),
        "2 pending wants TIME transfer Account:1 -> Account:1 amount = 1.5".split()], out)
    whole = json.loads(run("proposal", "list", "-d", own, "--format", "json", "--after", "4",
                           "--rule", "wants")[0])
    expect([e["sequence"] for e in whole["proposals"]] == [5, 6], "%s" % whole)
    of_one = records(run("proposal", "list", "-d", own, "--decision",
                         entries[2]["decision_id"])[0])
    expect([e["sequence"] for e in of_one] == [3, 4], "--decision: %s" % of_one)
    expect(run("proposal", "list", "-d", own, "--rule", "other")[0] == "", "--rule")

    decide = ["-d", own, "--author", "eve", "--reason", "looked at it"]
    _, err = run("proposal", "accept", "1", "2", *decide, "--dry-run")
    expect("2 proposals would be accepted" in err, err)
    _, err = run("proposal", "accept", "1", "2", "3", *decide)
    expect("3 proposals are accepted" in err, err)
    record = json.loads(run("proposal", "reject", "3", *decide, "--format", "json")[0])
    expect(record == {"schema_version": 1, "state": "rejected", "dry_run": False, "asked": 1,
                      "changed": 1}, "%s" % record)
    _, err = run("proposal", "accept", "4", "99", *decide, code=3)
    expect("no proposal 99" in err, err)
    out, _ = run("proposal", "show", "3", "4", "-d", own, "--format", "pretty")
    expect("proposal 3: rejected" in out and "by eve: looked at it" in out and
           "proposal 4: pending" in out, "one is missing, none is accepted: " + out)
    _, err = run("proposal", "show", "99", "-d", own, code=3)
    expect("there is no proposal 99" in err, err)
    _, err = run("snapshot", "apply", "-d", own, "--dry-run")
    expect("2 would be applied to generation 1, 0 in conflict" in err, err)
    _, err = run("snapshot", "apply", "-d", own, "--author", "op")
    expect("generation 2: 1 nodes updated, 1 edges added, 0 in conflict" in err, err)
    _, err = run("snapshot", "apply", "-d", own)
    expect("nothing is accepted and waiting" in err, err)
    _, err = run("proposal", "reject", "1", *decide, code=3)
    expect("proposal 1 is applied, in generation 2" in err, err)
    expect("sound" in run("snapshot", "verify", own)[0], "the new generation is sound")
    record = json.loads(run("snapshot", "info", own, "--format", "ndjson")[0])
    expect(record["generation"] == 2 and record["edges"] == 6, "%s" % record)

    # account 1's `open` is false by now, as the second run wants it too; a third is in conflict
    run("import", "--schema", "data/schema.lua", "--out", own, "-q", "data")
    run(*wants, "--node", "Account:1", "-p", "name=Zoe")
    with open(os.path.join(work, "renamed.csv"), "w", encoding="utf-8") as file:
        file.write("id,name\n1,Yan\n")
    with open(os.path.join(work, "renamed.lua"), "w", encoding="utf-8") as file:
        file.write('return { labels = { Account = { key = { column = "id", type = "int64" }, '
                   'properties = { name = "string?" }, sources = { { file = "renamed.csv", '
                   'change = "update" } } } } }')
    run("import", "--base", "current", "--schema", os.path.join(work, "renamed.lua"), "--out", own, "-q",
        work)
    _, err = run("proposal", "accept", "--all", *decide, "--rule", "wants")
    expect("5 proposals are accepted" in err, err)
    out, err = run("snapshot", "apply", "-d", own, code=1)
    expect(out.startswith("conflict: proposal 7, Account:1 ") and "set.name: it is no longer what "
           "it was" in out and "1 nodes updated, 3 edges added, 1 in conflict" in err, out + err)
    record = json.loads(run("snapshot", "apply", "-d", own, "--format", "json")[0])
    expect(record["applied"] == record["conflicts"] == record["generation"] == 0 and
           record["proposals"] == [], "%s" % record)
    _, err = run("proposal", "accept", "7", *decide, code=3)
    expect("was found in conflict" in err, err)
    log = os.path.join(work, "elsewhere.mdb")
    run(*wants, "--node", "Account:2", "--log", log)
    expect(len(records(run("proposal", "list", "--log", log)[0])) == 2, "--log")
    for args, message in (
            (["proposal", "list"], "no store given"),
            (["proposal", "show", "-d", own], "which proposal"),
            (["proposal", "show", "x", "-d", own], "the number of a proposal"),
            (["proposal", "accept", "-d", own], "which proposals? give numbers, or --all"),
            (["proposal", "accept", "1", "--all", "-d", own], "exclude each other"),
            (["proposal", "accept", "1", "--rule", "x", "-d", own], "go with --all"),
            (["proposal", "accept", "4", "--author", "a\nb", "-d", own], "the author is one line"),
            (["proposal", "list", "--state", "maybe", "-d", own], "pending"),
            (["snapshot", "apply"], "no store given"),
            (["eval", "rules/wants.lua", "--propose"], "--propose needs the store")):
        _, err = run(*args, code=2)
        expect(message in err, "%s: %s" % (args, err))
    _, err = run("proposal", "list", "--log", "data/accounts.csv", code=3)
    expect("is not a log of proposals" in err, err)


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    run("import", "--schema", "data/schema.lua", "--out", store, "-q", "data")
    for part in (commands, version, logs, check, snapshot, sliced, single, counted, principals,
                 configuration, wrong_usage, outcomes,
                 hostile_lines, many, streams, terminal, proposals):
        part()
    print("%d checks, %d failed" % (checks, failures))
    return 1 if failures else 0


sys.exit(main())
