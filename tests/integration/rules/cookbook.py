#!/usr/bin/env python3
"""The cookbook: rules/fraud and rules/recommend.

  cookbook.py CORDON RULES WORK

Each rule has a test beside it that passes and reaches all but every line and branch, a contract with
nothing left out, and a page; check finds nothing, without a graph or with the one it is for; and
what the pages show of a rule is what stands in it."""
import os
import re
import shutil
import subprocess
import sys

cordon, rules, work = (os.path.abspath(path) for path in sys.argv[1:4])
CONTRACT = ("name", "description", "owner", "tags", "params", "reads", "fallback", "returns", "limits", "evaluate")
# for other graphs than the made-up bank
ELSEWHERE = ("token_fan_in", "distrusted")
failures = 0


def expect(good, text):
    global failures
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*words, code=0):
    done = subprocess.run([cordon, *words], cwd=os.path.dirname(rules), text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect(done.returncode == code, "cordon %s: exit %d\n%s" % (" ".join(words), done.returncode, done.stdout))
    return done.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def squeezed(text):
    """Text without its comments, and without the blanks and line ends that an excerpt sets otherwise."""
    return re.sub(r"\s", "", re.sub(r"--.*", "", text))


def contract(path, text):
    body = text[text.index("\nreturn {"):]
    for field in CONTRACT:
        expect(re.search(r"(?m)^  %s +=" % field, body), "%s: no %s" % (path, field))
    params = re.search(r"(?ms)^  params +=.*?^  \},$", body).group(0)
    for name, of in re.findall(r"(?ms)^    (\w+) += \{(.*?)\},\n(?=    \w+ += \{|  \},)", params + "\n"):
        expect("default" in of and "min" in of, "%s: parameter %s has no default or no range" % (path, name))
    head = text[:text.index("\nreturn {")]
    for said in ("Why it works:", "What fools it:", "False alarms:", "Cost:"):
        expect(said in head, "%s: its comment does not say: %s" % (path, said))
    expect("request.now" not in body or re.search(r"up_to|between", body), "%s: sees what is after now" % path)


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    bank, store = os.path.join(work, "bank"), os.path.join(work, "bank.store")
    run("generate", "--out", bank, "--accounts", "1000", "--transfers", "10000", "--quiet")
    run("import", "--schema", os.path.join(bank, "schema.lua"), "--out", store, "--quiet", bank)
    count = 0
    for folder in ("fraud", "recommend"):
        page = read(os.path.join(rules, folder, "README.md"))
        known = ""
        for name in sorted(os.listdir(os.path.join(rules, folder))):
            path = os.path.join(rules, folder, name)
            if not name.endswith(".lua"):
                continue
            text = read(path)
            known += squeezed(text) + "\n"
            if name.endswith("_test.lua"):
                continue
            count += 1
            contract(path, text)
            expect(name[:-4] in page, "%s is on no page" % path)
            expect(os.path.exists(path[:-4] + "_test.lua"), "%s has no test" % path)
            out = run("check", "-v", path)
            expect(out == "%s: ok  %s\n" % (path, name[:-4]), out)
            if folder == "fraud" and name[:-4] not in ELSEWHERE:
                out = run("check", "-v", path, "--data", store)
                expect(out == "%s: ok  %s\n" % (path, name[:-4]), out)
        for line in "\n".join(re.findall(r"(?ms)^```lua\n(.*?)^```$", page)).splitlines():
            expect(squeezed(line) in known, "%s/README.md shows what no rule has: %s" % (folder, line))
    expect(count == 13, "%d rules" % count)
    out = run("test", rules, "--coverage", "--threshold", "98", "--fail-on-empty", "--format", "json",
              "--max-time", "10s")
    print(out[-400:] if failures else "%d rules" % count)
    return 1 if failures else 0


sys.exit(main())
