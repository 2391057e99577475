#!/usr/bin/env python3
"""The systemd unit: it says what its essay promises, systemd finds no fault with it where it is
there, and the server runs under the restrictions that can be had without systemd.

  unit.py CORDON SOURCE_DIR WORK UNIT"""
import ctypes
import os
import re
import shutil
import subprocess
import sys

import server as s

WANTED = {  # what must not be lost: a unit that is looser fails here
    "Type": "notify", "DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
    "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes", "ProtectClock": "yes", "ProtectHostname": "yes",
    "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes", "MemoryDenyWriteExecute": "yes", "CapabilityBoundingSet": "",
    "AmbientCapabilities": "", "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "SystemCallArchitectures": "native", "StateDirectory": "cordon", "KillMode": "mixed",
    "ConfigurationDirectory": "cordon", "RuntimeDirectory": "cordon", "ProtectProc": "invisible",
}
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 38, 65, 1


def read(unit):
    """Sections of a unit: lists of pairs."""
    sections, section = {}, None
    for number, line in enumerate(open(unit, encoding="utf-8"), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if re.fullmatch(r"\[\w+\]", line):
            section = sections.setdefault(line[1:-1], [])
            continue
        match = re.fullmatch(r"(\w+)=(.*)", line)
        s.expect(match and section is not None, "line %d of the unit: %s" % (number, line))
        if match and section is not None:
            section.append(match.groups())
    return sections


def check_text(unit):
    sections = read(unit)
    s.expect(set(sections) == {"Unit", "Service", "Install"}, "sections: %s" % set(sections))
    service = dict(sections["Service"])
    s.expect("PrivateUsers" not in service, "peers of the Unix socket are known by their users")
    for key, value in WANTED.items():
        s.expect(service.get(key) == value, "%s=%s, wanted %s" % (key, service.get(key), value))
    filters = [v for k, v in sections["Service"] if k == "SystemCallFilter"]
    s.expect(filters == ["@system-service", "~@privileged @resources",
                         "sched_getattr sched_setattr"], "filters: %s" % filters)
    s.expect("@" not in service["ExecStart"], "a path was not filled in: " + service["ExecStart"])
    s.expect("HUP" in service["ExecReload"], "a reload is a SIGHUP")
    s.expect(int(service["TimeoutStopSec"]) > 30, "a drain takes up to half a minute")


def check_systemd(unit, work, cordon):
    """By systemd's own check, of a copy whose program is there."""
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        print("no systemd-analyze: the unit's text alone was checked")
        return
    copy = os.path.join(work, "cordon.service")
    with open(unit, encoding="utf-8") as text, open(copy, "w", encoding="utf-8") as out:
        out.write(re.sub(r"^ExecStart=\S+", "ExecStart=" + cordon, text.read(), flags=re.M))
    done = subprocess.run([analyze, "verify", "--man=no", copy], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    s.expect(done.returncode == 0 and b"cordon.service:" not in done.stdout,
             "systemd-analyze verify: %s" % done.stdout.decode()[-1500:])
    done = subprocess.run([analyze, "security", "--offline=yes", "--threshold=20", copy],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    s.expect(done.returncode == 0, "systemd-analyze security: %s" % done.stdout.decode()[-3000:])


def restrict():
    """What MemoryDenyWriteExecute and NoNewPrivileges do, in the child before it is cordon."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
    os.umask(0o077)


def runs_restricted(cordon, source, work):
    """Rules run where no page may become executable; MDWE needs Linux 6.3, before which this
    shows less."""
    store = s.make_store(cordon, source, work)
    rule = os.path.join(work, "sums.lua")
    with open(rule, "w", encoding="utf-8") as out:
        out.write("""return { name = "sums", decisions = { "allow" }, fallback = "allow",
  reads = { transfer = { "amount" } }, returns = { total = "number" },
  evaluate = function(graph, request)
    return { decision = "allow", output = { total = request.node:outgoing("transfer"):sum("amount") } }
  end }""")
    before = subprocess.Popen
    try:
        subprocess.Popen = lambda *a, **k: before(*a, preexec_fn=restrict, **k)
        server = s.Server(cordon, work, rule, "-d", store, "--audit", os.path.join(work, "log"))
    finally:
        subprocess.Popen = before
    with server:
        answer = server.ask("POST", "/v1/evaluate/sums", {"node": "Account:1"})
        s.expect(answer["outcome"] == "ok" and answer["result"]["output"]["total"] > 0,
                 "a rule under the restrictions: %s" % answer)
        maps = open("/proc/%d/maps" % server.process.pid, encoding="utf-8").read()
        s.expect(not re.search(r" rwx", maps), "no page is writable and executable")


def main():
    cordon, source, work, unit = sys.argv[1:5]
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    check_text(unit)
    check_systemd(unit, work, cordon)
    runs_restricted(cordon, source, work)
    s.finish()


main()
