#!/usr/bin/env python3
"""The decision log from outside: eval --audit, audit tail, verify and export, and replay.

  audit.py CORDON HERE WORK [--update]

HERE and golden/ as in run.py.  A log is recorded over two generations, looked at in every format
and through every filter, tampered with, torn, and replayed."""
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from checks import Checks, ENVIRONMENT

cordon, here, work = (os.path.abspath(p) for p in sys.argv[1:4])
update = "--update" in sys.argv
store, key = os.path.join(work, "store"), os.path.join(work, "key")
log = os.path.join(store, "audit")
checks = Checks(cordon, here)
expect, run = checks.expect, checks.run


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def golden(name, text):
    path = os.path.join(here, "golden", name)
    text = text.replace(work, "WORK")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "WHEN", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "DECISION", text)
    text = re.sub(r"\b[0-9a-f]{16}\b", "HEX", text)
    text = re.sub(r"\d[\d,]* instructions", "N instructions", text)
    text = re.sub(r"(?m)^(  instructions ).*$", r"\1N", text)
    text = re.sub(r"\d[\d.]* KiB", "SIZE", text)
    text = re.sub(r'("(?:wall_ns|native_ns|memory_bytes|instructions|offset|file_bytes|'
                  r'timer_rego_query_eval_ns)": ?)\d+', r"\1N", text)
    text = re.sub(r'("instructions": ?\{)[^}]*', r"\1N", text)
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    expect(text == wanted, "golden/%s differs\n--- wanted\n%s--- got\n%s" % (name, wanted, text))


def record():
    """Two generations, two rules, every outcome that needs no clock."""
    with open(key, "wb") as file:
        file.write(os.urandom(32))
    run("import", "--schema", "data/schema.lua", "--out", store, "-q", "data")
    lines = "\n".join('{"node":"Account:%d","params":{"threshold":%d,"note":"n%d"}}'
                      % (1 + i % 3, 1 + i % 4, i) for i in range(24))
    out, err = run("eval", "rules/sent.lua", "-d", store, "-i", "-", "--now=2026-01-10", "--audit",
                   log, "--audit-key", key, stdin=lines.encode())
    expect(len(records(out)) == 24 and not err, "answers with --audit: " + err)
    expect([a["decision_id"] for a in records(out)] ==
           [r["decision_id"] for r in records(run("audit", "export", store)[0])], "an answer names its record")
    for mood, code in (("fine", 0), ("error", 1), ("loop", 4), ("invalid", 1)):
        run("eval", "rules/moody.lua", "-d", store, "--node=Account:1", "-p", "mood=" + mood,
            "--seed=18446744073709551615", "--now=2026-01-10", "--as-of=2026-01-05", "--audit", log,
            "--audit-key", key, code=code)
    run("import", "--schema", "data/schema.lua", "--out", store, "-q", "data")
    run("eval", "rules/sent.lua", "-d", store, "--node=Account:1", "--now=2026-01-10", "--audit", log,
        "--audit-key", key)
    run("eval", "rules/bare.lua", "--now=2026-01-10", "--audit", log, "--audit-key", key, code=1)


def export():
    whole = records(run("audit", "export", store)[0])
    expect(len(whole) == 30, "30 records: %d" % len(whole))
    expect([r["sequence"] for r in whole] == list(range(1, 31)), "in order")
    expect(all(b["prev_hash"] == a["hash"] for a, b in zip(whole, whole[1:])), "a chain")
    expect(len({r["decision_id"] for r in whole}) == 30, "each has a name of its own")
    for name in ("decision_id", "timestamp", "labels", "path", "input", "bundles", "metrics", "rule",
                 "version", "digest", "variant", "reads_digest", "truncated", "usage", "limits",
                 "status", "fallback", "prev_hash", "hash", "outcome"):
        expect(all(name in r for r in whole), "every record has " + name)
    expect(whole[0]["input"] == {"node": {"label": "Account", "key": "1"}, "now": 1768003200000,
                                 "params": {"threshold": 1, "note": "n0"}}, "%s" % whole[0]["input"])
    expect(whole[24]["input"]["seed"] == 2 ** 64 - 1 and whole[24]["input"]["as_of"] == 1767571200000,
           "%s" % whole[24]["input"])
    expect([r["outcome"] for r in whole[24:28]] == ["ok", "error", "limit", "invalid_result"] and
           whole[26]["limit"] == "instructions" and whole[26]["fallback"], "outcomes")
    expect([r.get("generation") for r in whole[27:30]] == [1, 2, 0] and
           "snapshot_id" not in whole[29], "generations")
    for words, wanted in (
            (["--rule=moody"], 4), (["--outcome", "limit"], 1), (["--decision=deny"], None),
            (["--decision-id", whole[7]["decision_id"]], 1), (["--principal=nobody"], 0),
            (["--since", whole[28]["timestamp"]], 2), (["--until", "2020-01-01"], 0),
            (["--rule=sent", "--until", whole[23]["timestamp"]], 24)):
        some = records(run("audit", "export", store, *words)[0])
        if wanted is None:
            wanted = sum(r.get("decision") == "deny" for r in whole)
        expect(len(some) == wanted > -1 and all(r in whole for r in some),
               "%s: %d, not %d" % (words, len(some), wanted))
    rows = list(csv.DictReader(io.StringIO(run("audit", "export", log, "--format=csv")[0])))
    expect([(r["sequence"], r["decision_id"], r["decision"], r["instructions"]) for r in rows] ==
           [(str(r["sequence"]), r["decision_id"], r.get("decision", ""),
             str(r["usage"]["instructions"])) for r in whole], "csv says the same")
    expect(rows[0]["node"] == "Account:1" and rows[29]["node"] == "", "nodes in csv")
    text = json.loads(run("audit", "export", store, "--format", "json", "--rule=moody")[0])
    expect(text["schema_version"] == 1 and len(text["records"]) == 4, "one JSON text")
    expect(json.loads(run("audit", "export", store, "--format=json", "--rule=x")[0])["records"] == [],
           "none is an empty list")
    golden("audit-export.ndjson", run("audit", "export", store, "--outcome=error")[0])
    golden("audit-export.csv", run("audit", "export", store, "--format=csv", "--outcome=limit")[0]
           .splitlines()[0] + "\n")


def tail():
    golden("audit-tail.txt", run("audit", "tail", store, "-n", "6", "--format=pretty")[0])
    last = records(run("audit", "tail", store)[0])
    expect([r["sequence"] for r in last] == list(range(21, 31)), "the last ten")
    expect(len(records(run("audit", "tail", store, "-n", "100000")[0])) == 30, "all of them")
    with subprocess.Popen([cordon, "audit", "tail", store, "-n1", "-f"], stdout=subprocess.PIPE,
                          env=ENVIRONMENT) as process:
        expect(json.loads(process.stdout.readline())["sequence"] == 30, "the newest")
        run("eval", "rules/bare.lua", "--audit", log, "--audit-key", key, code=1)
        expect(json.loads(process.stdout.readline())["sequence"] == 31, "and the one after it")
        process.send_signal(signal.SIGINT)
        expect(process.wait(60) == 130, "Ctrl-C: %d" % process.returncode)


def verify():
    golden("audit-verify.txt", run("audit", "verify", store, "--key", key, "--format=pretty")[0])
    expect("the chain has a key and none was given" in
           run("audit", "verify", store, "--format=pretty")[0], "without the key")
    whole = json.loads(run("audit", "verify", store, "-k", key, "--format=json")[0])
    expect(whole["sound"] and whole["records"] == 31 and whole["chain_checked"], "%s" % whole)
    _, err = run("audit", "verify", store, "--key", "rules/sent.lua", code=2)
    expect("not written with the key" in err, err)
    path = os.path.join(log, "0000000001.audit")
    with open(path, "rb") as file:
        sound = file.read()
    at = sound.index(b"Account", len(sound) // 2)
    with open(path, "wb") as file:
        file.write(sound[:at] + b"Accoumt" + sound[at + 7:])
    out, _ = run("audit", "verify", store, "--key", key, "--format=json", code=1)
    found = json.loads(out)
    expect(not found["sound"] and len(found["findings"]) == 1, out)
    finding = found["findings"][0]
    expect(finding["segment"] == 1 and finding["offset"] < at and
           finding["after_sequence"] == found["records"] > 10 and "checksum" in finding["what"], out)
    out, _ = run("audit", "verify", log, "--key", key, "--format=pretty", code=1)
    expect("segment 1, offset %d (after record" % finding["offset"] in out, out)
    out, err = run("audit", "export", store, code=1)
    expect(len(records(out)) == found["records"] and "offset %d" % finding["offset"] in err,
           "what is whole is exported: " + err)
    with open(path, "wb") as file:
        file.write(sound[:-5])
    expect("torn by a crash" in run("audit", "verify", store, "--key", key, code=1)[0], "torn")
    _, err = run("eval", "rules/bare.lua", "--audit", log, "--audit-key", key, code=1)
    expect("had a torn end" in err, "the next writer says so: " + err)
    out, _ = run("audit", "tail", store, "-n2", "--format=pretty")
    expect("the log notes: recovered" in out, "and notes it: " + out)
    expect(json.loads(run("audit", "verify", store, "-k", key, "--format=json")[0])["sound"], "sound")
    with open(path, "wb") as file:
        file.write(sound)


def replay():
    out, err = run("replay", "-d", store, "--rules", "rules", "--format=pretty")
    golden("audit-replay.txt", out)
    expect(not err, err)
    whole = json.loads(run("replay", "-d", store, "--rules", "rules")[0])
    expect(whole["records"] == whole["identical"] == 31, "%s" % whole)
    some = json.loads(run("replay", "-d", store, "--audit", log, "--rules", "rules/moody.lua",
                          "--rules", "rules/sent.lua", "--outcome=limit")[0])
    expect(some["records"] == some["identical"] == 1, "%s" % some)
    out, err = run("replay", "-d", store, "--rules", "rules/sent.lua", code=1)
    expect(json.loads(out)["text_missing"] == 6 and "has the digest" in err, out + err)
    _, err = run("replay", "-d", store, code=1)
    expect("nothing was compared" in err, err)
    with open(os.path.join(here, "rules", "sent.lua"), encoding="utf-8") as file:
        text = file.read()
    candidate = os.path.join(work, "candidate.lua")
    with open(candidate, "w", encoding="utf-8") as file:
        file.write(text.replace("payees >= params.threshold", "payees > params.threshold"))
    out, _ = run("replay", "-d", store, "--against", candidate, "--format=pretty", "--examples=2",
                 code=1)
    golden("audit-against.txt", out)
    found = json.loads(run("replay", "-d", store, "--against", candidate, code=1)[0])
    expect(found["of_other_rules"] == 6 and found["changed"] + found["identical"] == 25 and
           0 < found["changed"] == sum(d["count"] for d in found["decisions"] if d["was"] != d["is"]),
           "%s" % found)
    expect(len(found["examples"]) == min(10, found["changed"]), "examples")
    same = os.path.join(work, "same.lua")
    with open(same, "w", encoding="utf-8") as file:
        file.write("-- a comment\n" + text)
    expect(json.loads(run("replay", "-d", store, "--against", same)[0])["changed"] == 0, "same")
    # the first generation goes
    run("snapshot", "gc", store, "--keep", "1", "--yes")
    gone = json.loads(run("replay", "-d", store, "--rules", "rules", code=1)[0])
    expect(gone["generation_gone"] == 28 and gone["identical"] == 3 and gone["changed"] == 0,
           "%s" % gone)


def registered():
    """Texts come from the store's registry too."""
    if "rule push" not in run("help")[0]:
        return
    for name in ("sent", "bare"):
        run("rule", "push", "rules/%s.lua" % name, "-d", store)
    found = json.loads(run("replay", "-d", store, code=1)[0])
    expect(found["identical"] == 3 and found["text_missing"] == 0, "%s" % found)


def shadowed():
    """What runs in the shadow of a named rule is recorded as an engine records it."""
    candidate, other = os.path.join(work, "shadow.lua"), os.path.join(work, "shadowed")
    with open(os.path.join(here, "rules", "sent.lua"), encoding="utf-8") as file:
        text = file.read()
    with open(candidate, "w", encoding="utf-8") as file:
        file.write(text.replace("payees >= params.threshold", "payees < params.threshold"))
    run("rule", "activate", "sent", "-d", store)
    run("rule", "push", candidate, "-d", store)
    run("shadow", "start", "sent", "-d", store)
    for log_of, count in ((other, "1"), (other, "7"), (log, "1")):
        run("eval", "sent", "-d", store, "--node=Account:1", "--now=2026-01-10", "--count", count,
            "--audit", log_of, *(("--audit-key", key) if log_of == log else ()))
    found = records(run("audit", "export", other)[0])
    expect([(r["variant"], r["version"]) for r in found] == 2 * [("live", 1), ("shadow", 2)],
           "%s" % [(r["variant"], r["version"]) for r in found])
    expect(len({r["decision_id"] for r in found}) == 4 and
           found[0]["result"]["decision"] != found[1]["result"]["decision"], "%s" % found)
    found = json.loads(run("replay", "-d", store, "--audit", other)[0])
    expect(found["records"] == found["identical"] == 4, "%s" % found)
    found = json.loads(run("shadow", "report", "-d", store, "--format=json")[0])
    expect("sent" in json.dumps(found), "%s" % found)
    run("eval", "rules/sent.lua", "-d", store, "--node=Account:1", "--now=2026-01-10", "--audit", other)
    expect(len(records(run("audit", "export", other)[0])) == 5, "a file has no shadows")


def masked():
    """What was decided behind masks is decided again behind them, or not at all."""
    policy, other = os.path.join(work, "policy.lua"), os.path.join(work, "masked")
    with open(policy, "w", encoding="utf-8") as file:
        file.write("""return { mask_key = "file:%s", principals = { ann = { rules = { "*" }, reads = "*",
  output = "*", masks = { Account = { name = "redact", key = "hash" } },
  quota = { rate = 0.001, burst = 1 } } } }""" % key)
    run("eval", "rules/sent.lua", "-d", store, "--node", "Account:1", "--now", "2026-05-13",
        "--policy", policy, "--principal", "ann", "--audit", other)
    found = json.loads(run("replay", "-d", store, "--audit", other, "--rules", "rules")[0])
    expect(found["not_reproducible"] == 1 and found["changed"] == 0, "%s" % found)
    run("eval", "rules/sent.lua", "-d", store, "--node", "Account:1", "--now", "2026-05-13",
        "--policy", policy, "--principal", "ann", "--audit", other)
    found = json.loads(run("replay", "-d", store, "--audit", other, "--rules", "rules", "--policy",
                           policy)[0])
    expect(found["records"] == found["identical"] == 2, "quotas hold no replay back: %s" % found)


def wrong_usage():
    for words, code, part in (
            (["audit", "tail"], 2, "no log given"),
            (["audit", "verify", "a", "b"], 2, "one log at a time"),
            (["audit", "export", os.path.join(work, "nowhere")], 3, "cannot open the decision log"),
            (["audit", "tail", store, "-f", "--format=json"], 2, "never ends"),
            (["audit", "export", store, "--notes", "--format=csv"], 2, "--notes"),
            (["audit", "export", store, "--outcome=bad"], 2, "invalid_result"),
            (["audit", "verify", store, "--key", os.path.join(work, "none")], 3, "cannot open"),
            (["eval", "rules/bare.lua", "--audit-key", key], 2, "--audit-key without"),
            (["eval", "rules/bare.lua", "--audit", log], 2, "was begun with a key"),
            (["eval", "rules/bare.lua", "--audit", "/proc/nothing"], 3, "cannot make"),
            (["replay"], 2, "no log given"),
            (["replay", "-d", store, "rules"], 2, "given by --rules"),
            (["replay", "-d", store, "--own-limits"], 2, "--against"),
            (["replay", "-d", store, "--against", "rules/syntax.lua"], 2, "syntax.lua"),
            (["replay", "-d", store, "--rules", os.path.join(work, "none")], 3, "cannot open")):
        _, err = run(*words, code=code)
        expect(part in err, "%s: %s" % (words, err))
    with subprocess.Popen([cordon, "eval", "rules/bare.lua", "-i", "-", "--audit", log, "--audit-key",
                           key], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"{}\n")
        process.stdin.flush()
        process.stdout.readline()
        _, err = run("eval", "rules/bare.lua", "--audit", log, "--audit-key", key, code=3)
        expect("one writer at a time" in err, err)
        expect("sound" in run("audit", "verify", log, "--key", key)[0], "verified while it is written")


def main():
    started = time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    for part in (record, export, tail, verify, replay, registered, shadowed, masked, wrong_usage):
        part()
    return checks.close(", %.0f s" % (time.monotonic() - started))


sys.exit(main())
