#!/usr/bin/env python3
"""Make a bank, and hand a sample of its requests to the program that compares answers.

  run.py CORDON PROGRAM RULES WORK"""
import datetime
import json
import os
import shutil
import subprocess
import sys

cordon, program, rules, work = sys.argv[1:5]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
bank = os.path.join(work, "bank")
store = os.path.join(work, "bank.store")
subprocess.run([cordon, "generate", "--out", bank, "--accounts", "2000", "--seed", "11", "--quiet"],
               check=True)
subprocess.run([cordon, "import", "--schema", os.path.join(bank, "schema.lua"), "--out", store,
                "--quiet", bank], check=True)

lines = []
with open(os.path.join(bank, "requests.ndjson")) as requests:
    for number, line in enumerate(requests):
        if number % 9:
            continue
        request = json.loads(line)
        label, key = request["node"].split(":", 1)
        now = datetime.datetime.fromisoformat(request["now"].replace("Z", "+00:00"))
        ms = round(now.timestamp() * 1000)
        lines.append(f"{label} {key} {ms} {'-' if len(lines) % 2 else ms - 86400000}")
assert len(lines) > 30, len(lines)
done = subprocess.run([program, store, rules], input="\n".join(lines) + "\n", text=True)
sys.exit(done.returncode)
