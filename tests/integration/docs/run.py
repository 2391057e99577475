#!/usr/bin/env python3
"""Runs every command that a document shows and compares what it prints.

  run.py CORDON SOURCE_DIR WORK DOCUMENT...

In a block marked ```console a line that starts with "$ " is a command (a trailing \\ goes on
in the next line); the lines after it are what it prints, standard error included.  In
expected output "…" stands for any text within a line and the spaces around it, and a line that is only "…" for any
number of lines.  A block marked ```file NAME is written to NAME before what follows it is
run.  All blocks of one document run in order in one folder that starts with a copy of rules/.
Blocks of other kinds (sh, lua, c) are not run here."""
import os
import re
import shutil
import subprocess
import sys

cordon, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
failures = 0


def pattern(expected):
    parts = []
    for line in expected:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            words = (re.escape(p) for p in re.split(r" *… *", line.rstrip()))
            parts.append(".*?".join(words) + r"[ \t]*\n")
    return re.compile("".join(parts) + r"\Z")


def steps(text):
    """The commands of a console block with what each is expected to print."""
    command, expected = None, []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield command, expected
            command, expected = line[2:], []
            while command.endswith("\\"):
                command = command[:-1] + next(lines).strip()
        elif command:
            expected.append(line)
    if command:
        yield command, expected


def check(document):
    global failures
    name = os.path.relpath(document, source).replace(os.sep, "-")
    folder = os.path.join(work, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    shutil.copytree(os.path.join(source, "rules"), os.path.join(folder, "rules"))
    env = dict(os.environ, PATH=os.path.dirname(cordon) + ":" + os.environ["PATH"], NO_COLOR="1",
               LC_ALL="C.UTF-8", COLUMNS="88")
    with open(document, encoding="utf-8") as file:
        text = file.read()
    ran = 0
    for kind, argument, body in re.findall(r"^```(console|file) ?(\S*)\n(.*?)^```$", text,
                                           re.S | re.M):
        if kind == "file":
            path = os.path.join(folder, argument)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(body)
            continue
        for command, expected in steps(body):
            done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            ran += 1
            if not pattern(expected).match(done.stdout):
                failures += 1
                print("FAILED %s: $ %s (exit %d)\n--- shown\n%s\n--- printed\n%s"
                      % (name, command, done.returncode, "\n".join(expected), done.stdout))
    print("%s: %d commands" % (name, ran))


for each in sys.argv[4:]:
    check(os.path.abspath(each))
sys.exit(1 if failures else 0)
