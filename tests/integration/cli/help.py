#!/usr/bin/env python3
"""cordon help, its topics and manual pages, and cordon doctor.

  help.py CORDON SOURCE_DIR WORK"""
import json
import os
import re
import shutil
import subprocess
import sys

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
failures = checks = 0
environment = {k: v for k, v in os.environ.items()
               if k not in ("NO_COLOR", "CI", "TERM") and not k.startswith("CORDON_")}


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, code=0, env=None, cwd=None):
    done = subprocess.run([cordon, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=cwd or work, check=False,
                          env={**environment, **(env or {})})
    out, err = done.stdout.decode(), done.stderr.decode()
    expect(done.returncode == code, "%s: exit %d, wanted %d\n%s%s" % (
        " ".join(args), done.returncode, code, out[-1000:], err[-1000:]))
    expect("Sanitizer" not in err, "%s: %s" % (args, err[-3000:]))
    return out, err


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def words(text):
    """Without what showing a text changes: blanks, marks, targets of links."""
    text = re.sub(r"\]\([^)]*\)", "", text).replace("[", "").replace("**", "")
    return re.sub(r"[\s-]+", "", text)


def topics():
    out, _ = run("help", "topics")
    guides = re.findall(r"(?m)^(\S+/README\.md)$", out)
    expect(guides[0] == "rules/README.md" and len(guides) == 4, "guides: %s" % guides)
    names = re.findall(r"(?m)^  ([a-z0-9-]+) +\S", out)
    expect(len(names) == len(set(names)) > 30 and "exit-codes" in names, "names: %s" % names)
    sections = []
    for guide in guides:
        text = re.sub(r"(?ms)^```.*?^```$", lambda m: m.group(0).replace("\n#", "\n\0#"),
                      read(source, guide))
        sections += re.split(r"(?m)^## .*\n", text)[1:]
    expect(len(sections) + 1 == len(names), "%d sections, %d topics" % (len(sections), len(names)))
    for name, section in zip(names, sections):
        shown, err = run("help", name)
        expect(not err and shown.strip(), "help " + name)
        # every paragraph of the guide is there, word by word
        prose = re.sub(r"(?ms)^```.*?^```$", "", section.replace("\0", ""))
        for paragraph in re.split(r"\n\n", prose):
            if paragraph.strip() and not re.match(r"\s*(#|\||[-*] |\d+\. )", paragraph):
                expect(words(paragraph) in words(shown), "help %s lacks: %s" % (name, paragraph))
        for block in re.findall(r"(?ms)^```[^\n]*\n(.*?)^```$", section.replace("\0", "")):
            expect("".join("    " + l + "\n" if l else "\n" for l in block.splitlines()) in shown,
                   "help %s lacks: %s" % (name, block[:200]))
        for line in shown.splitlines():
            expect(len(line) <= 80 or line.startswith("    ") or line.startswith("  |") or
                   " " not in line.strip(" -"), "help %s is wide: %s" % (name, line))
    for name in ("rules", "graph", "limits", "results", "testing", "sandbox", "time", "tutorial",
                 "schema", "embedding", "policy"):
        expect(run("help", name)[0], "help " + name)
    out, _ = run("help", "exit-codes")
    expect(re.search(r"(?m)^  4 +a resource limit stopped the rule$", out), "exit-codes: " + out)
    for word, message in (("topcis", "did you mean 'topics'"), ("evall", "did you mean 'eval'"),
                          ("edges:smu", "did you mean 'sum'"), ("\033[31m", "\\x1b"),
                          ("x" * 500, "no command, topic or call"), ("", "no command"),
                          ("nowhere:", "no command"), (":", "no command")):
        out, err = run("help", word, code=2)
        expect(message in err and not out and "\033" not in err, "%.20s: %s" % (word, err))


def calls():
    """Every row of the manual is found under its name, and all of a receiver under its own."""
    rows = re.findall(r'(?m)^    \{"(\w*)", "(\w+)", (NULL|"[^"]*"),',
                      read(source, "src/graph/manual.c"))
    expect(len(rows) > 100, "%d rows" % len(rows))
    receivers = {}
    for receiver, name, arguments in rows:
        receivers.setdefault(receiver, []).append(name)
    for receiver, name, arguments in rows[::5]:
        shown = run("help", "%s:%s" % (receiver, name) if receiver else ":" + name)[0]
        first = shown.splitlines()[0]
        expect(re.match(r"(%s[:.])?%s(\(| ->|$)" % (receiver, name), first) and
               ("(" in first.split("->")[0]) == (arguments != "NULL"), "%s:%s: %s" % (
                   receiver, name, first))
    for receiver, names in receivers.items():
        if receiver:
            shown = run("help", receiver + ":")[0]
            expect(re.findall(r"(?m)^%s[:.](\w+)" % receiver, shown) == names,
                   "help %s: %s" % (receiver, shown[:300]))


def manual_pages():
    run("help", "--man-dir", work)
    listed = run("help")[0]
    commands = re.findall(r"(?m)^  (\w+(?: \w+)?)  +\w", listed[listed.index("Commands"):])
    pages = {name: read(work, name) for name in os.listdir(work)
             if re.fullmatch(r"[\w-]+\.[1357]", name)}
    groups = {name.split()[0] for name in commands if " " in name}
    expect(set(pages) == {"cordon.1", "cordon.3", "cordon-config.5", "cordon-rules.7"} |
           {"cordon-%s.1" % group for group in groups}, "pages: %s" % sorted(pages))
    for name, text in pages.items():
        expect(run("help", "--man", name)[0] == text, "--man " + name)
        expect(text.startswith('.\\" Made by') and "\n.SH NAME\n" in text, "its beginning")
    for name in commands:
        page = pages["cordon-%s.1" % name.split()[0] if " " in name else "cordon.1"]
        section = re.search(r'(?ms)^\.SS "cordon %s"$(.*?)(?=^\.S[SH] )' % name, page)
        expect(section, "cordon %s has a section" % name)
        own = run(*name.split(), "--help")[0].split("\nOptions of every command\n")[0]
        own = own[own.index("\nUsage\n"):]
        for option in re.findall(r"(?m)^  (?:-\w, |    )--([\w-]+)", own):
            expect(r"\fB\-\-" + option.replace("-", r"\-") + r"\fR" in section.group(1),
                   "cordon %s --%s has none" % (name, option))
    for setting in re.findall(r"(?m)^    X\((\w+), (\w+),", read(source, "src/cli/settings.h")):
        expect(r"\fB%s.%s\fR" % setting in pages["cordon-config.5"], "setting %s.%s" % setting)
    for title in re.findall(r"(?m)^## (.*)$", re.sub(r"(?ms)^```.*?^```$", "", read(
            source, "rules/README.md"))):
        expect('.SH "%s"' % title.upper().replace("'", r"\(aq").replace("-", r"\-") in
               pages["cordon-rules.7"], "cordon-rules(7) lacks " + title)
    run("help", "--man", "cordon.9", code=2)
    run("help", "--man", "../x.1", code=2)
    run("help", "--man-dir", os.path.join(work, "nowhere"), code=3)
    checkers = [["man", "--warnings", "-l"], ["mandoc", "-Tlint", "-Wwarning"],
                ["groff", "-man", "-ww", "-z", "-Tutf8"]]
    for checker in checkers:
        if not shutil.which(checker[0]):
            print("%s is not here: pages are not checked by it" % checker[0])
            continue
        for name in pages:
            done = subprocess.run([*checker, os.path.join(work, name)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False,
                                  env={**environment, "LC_ALL": "C.UTF-8", "MANWIDTH": "200"})
            expect(done.returncode == 0 and not done.stderr, "%s %s: %s" % (
                " ".join(checker), name, done.stderr.decode()[:500]))


def doctor():
    out, _ = run("doctor")
    expect(re.search(r"(?m)^ok       sandbox        ", out) and "failed" not in out, out)
    record = json.loads(run("doctor", "--format", "json")[0])
    expect(record["failed"] == 0 and {c["name"] for c in record["checks"]} >= {
        "cordon", "sandbox", "configuration", "engine", "LMDB", "page size", "address space",
        "open files", "clock"}, "%s" % record)
    expect(all(("hint" in c) == (c["status"] != "ok") for c in record["checks"]), "hints")
    run("generate", "--out", "bank", "--accounts", "1000", "-q")
    run("import", "--schema", "bank/schema.lua", "--out", "store", "bank", "-q")
    out, _ = run("doctor", "-d", "store")
    expect("generation 1, " in out and re.search(r"(?m)^ok       disk ", out), "a store: " + out)
    run("init", "-q", "project")
    expect(re.search(r"(?m)^ok       project        project$", run(
        "doctor", cwd=os.path.join(work, "project"))[0]), "a project")

    def failed(*args, **kw):
        return re.findall(r"(?m)^failed   (.{14})", run("doctor", *args, code=1, **kw)[0])

    with open(os.path.join(work, "store", "policy.lua"), "w", encoding="utf-8") as file:
        file.write("return {")
    with open(os.path.join(work, "store", "registry.mdb"), "w", encoding="utf-8") as file:
        file.write("no registry")
    expect([name.strip() for name in failed("-d", "store")] == ["registry", "policy"], "both")
    expect(failed("-d", "nowhere")[0].strip() == "snapshot", "no store")
    expect(failed("--audit", "nowhere")[0].strip() == "decision log", "no log")
    with open(os.path.join(work, "bad.lua"), "w", encoding="utf-8") as file:
        file.write("return { engine = { max_egdes = 1 } }")
    expect(failed("--config", "bad.lua")[0].strip() == "configuration", "a bad configuration")
    expect(failed(env={"CORDON_ENGINE__SLOTS": "x"})[0].strip() == "configuration", "environment")
    with open(os.path.join(work, "project", "cordon.lua"), "w", encoding="utf-8") as file:
        file.write("return { name = 'x', rules = { '/etc' } }")
    expect(failed(cwd=os.path.join(work, "project"))[0].strip() == "project", "a bad manifest")
    out, _ = run("doctor", "-q")
    expect(not re.search(r"(?m)^ok", out), "-q: " + out)
    run("doctor", "x", code=2)


shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
for test in (topics, calls, manual_pages, doctor):
    test()
print("%d checks, %d failed" % (checks, failures))
sys.exit(1 if failures else 0)
