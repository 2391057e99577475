#!/usr/bin/env python3
"""What the shared library shows to the world.

  check.py NM READELF LIBRARY INCLUDE_DIR

It exports every function that a public header declares and nothing else, its soname is the
major version, and it names no library beyond those it is meant to stand on."""
import glob
import os
import re
import subprocess
import sys

nm, readelf, library, include = sys.argv[1:5]
STANDS_ON = ("libluajit", "liblmdb", "libmsgpack", "libxxhash", "libsodium", "libc.", "libm.",
             "libpthread", "ld-linux", "libgcc_s", "libasan", "libubsan", "libtsan",
             "libstdc++", "libdl.", "librt.")


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


declared = set()
for path in glob.glob(os.path.join(include, "cordon", "*.h")):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    declared |= set(re.findall(r"CORDON_EXPORT\s[^;(]*?\b(cordon_\w+)\s*\(", text))
symbols = [line.split()[-2:] for line in
           output(nm, "-D", "--defined-only", library).splitlines()]
exported = {name.split("@")[0] for kind, name in symbols if kind != "A"}
faults = []
if len(declared) < 4:
    faults.append("only %d declarations found in %s" % (len(declared), include))
faults += ["%s is exported but no public header declares it" % name
           for name in sorted(exported - declared)]
faults += ["%s is declared but not exported" % name for name in sorted(declared - exported)]
dynamic = output(readelf, "-dW", library)
soname = re.findall(r"\(SONAME\).*\[(.*)\]", dynamic)
if soname != ["libcordon.so.0"]:
    faults.append("the soname is %s, not libcordon.so.0" % soname)
for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
    if not needed.startswith(STANDS_ON):
        faults.append("it needs %s" % needed)
for fault in faults:
    print("FAILED: " + fault)
print("%d functions declared, %d exported, %d faults" % (
    len(declared), len(exported), len(faults)))
sys.exit(1 if faults else 0)
