#!/usr/bin/env python3
"""cordon completion: the scripts hold every command and option, and the one for bash runs.

  completion.py CORDON WORK"""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

cordon, work = (os.path.abspath(p) for p in sys.argv[1:3])
failures = checks = 0


def expect(good, text):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED " + text)


def run(*args, code=0):
    done = subprocess.run([cordon, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=work, check=False)
    expect(done.returncode == code, "%s: exit %d\n%s" % (args, done.returncode,
                                                         done.stderr.decode()[-1000:]))
    return done.stdout.decode()


def commands():
    """Each command with its options, as --help has them: name to (short, argument)."""
    found = {}
    listed = run("help")
    for name in re.findall(r"(?m)^  (\w+(?: \w+)?)  +\w", listed[listed.index("Commands"):]):
        options = {}
        for short, long, argument in re.findall(
                r"(?m)^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?", run(*name.split(), "--help")):
            # a command's own stands before one of every command of the same name
            options.setdefault("--" + long, ("-" + short if short else None, argument))
        found[name] = options
    return found


def complete(*words):
    """What bash offers for the last of these words, as readline splits them."""
    script = os.path.join(work, "completion.bash")
    quoted = " ".join("'%s'" % word for word in words)
    done = subprocess.run(
        ["bash", "--norc", "-c", 'source "$0"\nCOMP_WORDS=(cordon %s)\nCOMP_CWORD=%d\n'
         '_cordon\nprintf "%%s\\n" "${COMPREPLY[@]}"' % (quoted, len(words)), script],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work,
        check=False)
    expect(not done.stderr, "bash says: " + done.stderr.decode())
    return set(done.stdout.decode().split())


def bash(known):
    write("completion.bash", run("completion", "bash"))
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", "-s", "bash", "-e", "SC2207",
                               os.path.join(work, "completion.bash")],
                              stdout=subprocess.PIPE, check=False)
        expect(done.returncode == 0, "shellcheck: " + done.stdout.decode()[:2000])
    first = {name.split()[0] for name in known}
    expect(complete("") >= first, "commands: %s" % complete(""))
    expect(complete("ev") == {"eval"}, "ev: %s" % complete("ev"))
    for name, options in known.items():
        words = name.split()
        if len(words) == 2:
            expect(words[1] in complete(words[0], ""), "%s behind its group" % name)
        wanted = set(options) | {short for short, _ in options.values() if short}
        expect(complete(*words, "-") == wanted, "%s: %s" % (name, complete(*words, "-") ^ wanted))
    for words, wanted in (
            (("eval", "--format", ""), {"pretty", "json", "ndjson"}),
            (("eval", "--format", "=", "nd"), {"ndjson"}),
            (("eval", "--format", "="), {"pretty", "json", "ndjson"}),
            (("bench", "--format", "go"), {"gobench"}),
            (("check", "--format", "s"), {"sarif"}),
            (("--color", ""), {"auto", "always", "never"}),
            (("--color", "never", "snap"), {"snapshot"}),
            (("-q", "rule", "pu"), {"push"}),
            (("eval", "--data", "st"), {"store"}),
            (("eval", "-d", "st"), {"store"}),
            (("eval", "ru"), {"rule.lua"}),
            (("snapshot", "info", "st"), {"store"}),
            (("import", "--schema", "ru"), {"rule.lua"}),
            (("import", "--schema", "x.lua", "st"), {"store"}),
            (("eval", "rule.lua", "--node", ""), set()),
            (("eval", "rule.lua", "--node", "Account", ":", "17", "--usa"), {"--usage"}),
            (("eval", "rule.lua", "-p", "a", "=", "b", "--usa"), {"--usage"}),
            (("completion", ""), {"bash", "zsh", "fish"}),
            (("nonsense", "-"), complete("version", "-"))):
        got = complete(*words)
        expect(got == wanted, "%s: %s" % (words, got))
    expect(complete("help", "ev") == {"eval"}, "help: %s" % complete("help", "ev"))


def typed():
    """Typed into a real bash: TAB finishes the word."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(work)
        os.environ["PS1"] = "ready> "
        os.environ["TERM"] = "dumb"
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    seen = b""

    def until(text):
        nonlocal seen
        end = time.monotonic() + 30
        while text not in seen and time.monotonic() < end:
            if select.select([fd], [], [], 0.2)[0]:
                try:
                    seen += os.read(fd, 65536)
                except OSError:
                    break
        return text in seen

    expect(until(b"ready> "), "bash is ready")
    os.write(fd, b"source completion.bash; echo sour''ced\n")
    expect(until(b"\nsourced"), "the script is read: %r" % seen)
    os.write(fd, b"cordon ev\t--expl\tfu\t")
    expect(until(b"cordon eval --explain full"), "TAB: %r" % seen[-300:])
    os.kill(pid, signal.SIGKILL)
    os.close(fd)
    os.waitpid(pid, 0)


def others(known):
    zsh, fish = run("completion", "zsh"), run("completion", "fish")
    expect(zsh.startswith("#compdef cordon\n"), "zsh's first line")
    for name, options in known.items():
        body = re.search(r"(?m)^_cordon_%s\(\) \{\n  _arguments -s((?: \\\n .*)*)\n\}$"
                         % name.replace(" ", "_"), zsh)
        expect(body, "zsh has %s" % name)
        for option, (short, argument) in options.items():
            expect(re.search(r"%s%s\[" % (option, "=" if argument else ""), body.group(1)),
                   "zsh: %s %s" % (name, option))
            expect(not short or re.search(r"%s\+?\[" % short, body.group(1)),
                   "zsh: %s %s" % (name, short))
            pattern = r"(?m)^complete -c cordon( -n '__cordon_at %s')? -l %s( |$)" % (name, option[2:])
            expect(re.search(pattern, fish), "fish: %s %s" % (name, option))
        if " " in name:
            expect("-n '__cordon_just %s' -a %s " % tuple(name.split()) in fish, "fish: " + name)
    expect("--format=[" in zsh and ":FORMAT:(pretty json ndjson gobench)" in zsh, "zsh's choices")
    # every quote is closed, and every line of fish is one of two kinds
    for line in zsh.splitlines():
        bare = line.replace("'\\''", "")
        expect(bare.count("'") % 2 == 0 or line.startswith("#"), "zsh's quotes: " + line)
    for line in fish.splitlines()[fish.splitlines().index("complete -c cordon -f"):]:
        bare = re.sub(r"\\.", "", line)
        expect(line.startswith("complete -c cordon") and bare.count("'") % 2 == 0, "fish: " + line)
    for shell, text in (("zsh", zsh), ("fish", fish)):
        write("completion." + shell, text)
        if shutil.which(shell):
            done = subprocess.run([shell, "-n", os.path.join(work, "completion." + shell)],
                                  stderr=subprocess.PIPE, check=False)
            expect(done.returncode == 0, "%s -n: %s" % (shell, done.stderr.decode()))
        else:
            print("%s is not here: its script is not parsed by it" % shell)


def write(name, text):
    with open(os.path.join(work, name), "w", encoding="utf-8") as file:
        file.write(text)


shutil.rmtree(work, ignore_errors=True)
os.makedirs(os.path.join(work, "store"))
write("rule.lua", "")
run("completion", code=2)
run("completion", "tcsh", code=2)
run("completion", "bash", "zsh", code=2)
table = commands()
expect(len(table) > 40 and all("--help" in options for options in table.values()), "commands")
bash(table)
typed()
others(table)
print("%d checks, %d failed" % (checks, failures))
sys.exit(1 if failures else 0)
