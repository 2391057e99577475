#!/usr/bin/env python3
"""The manual against what is registered, both ways.

  manual.py ROOT

What is registered is read from the tables in src/graph/lua_*.c, src/rule/request.c and
src/sandbox/library.c, the manual's rows from src/graph/manual.c; each must have what the other
has.  Exits with 1 and the differences."""
import glob
import os
import re
import sys

root = sys.argv[1]


def read(*path):
    with open(os.path.join(root, *path), encoding="utf-8") as file:
        return file.read()


def registered():
    found = set()
    for path in glob.glob(os.path.join(root, "src/graph/lua_*.c")):
        text = read(path)
        for name, receiver in re.findall(
                r'\{"(\w+)",\s*(?:cdn_)?(graph|nodes|node|edges|view|scores|groups)_\w+\}', text):
            found.add((receiver, name))
    for name, field in re.findall(r'\{"(\w+)", FIELD_(\w+)\}', read("src/graph/lua_handle.c")):
        found.add(("node" if field in ("KEY", "LABEL") else "edge", name))
    for name in re.findall(r'memcmp\(key, "(\w+)"', read("src/rule/request.c")):
        found.add(("request", name))
    library = read("src/sandbox/library.c")
    for part, rows in re.findall(r"static const struct row (\w+)_rows\[\] = \{(.*?)\n\};", library,
                                 re.DOTALL):
        for name in re.findall(r'\{"(\w+)",', rows):
            found.add(("" if part == "base" else part, name))
    for name in re.findall(r'lua_setfield\(L, globals, "(\w+)"\)', library):
        found.add(("", name))
    return found


rows = set(re.findall(r'^    \{"(\w*)", "(\w+)", ', read("src/graph/manual.c"), re.MULTILINE))
there = registered()
for receiver, name in sorted(there - rows):
    print("%s.%s is registered and not in the manual" % (receiver, name))
for receiver, name in sorted(rows - there):
    print("%s.%s is in the manual and not registered" % (receiver, name))
lists = {frozenset(re.findall(r'"(\w+)"', part))
         for path in glob.glob(os.path.join(root, "src/graph/lua_*.c"))
         for part in re.findall(r"(?:known|path_options|cycle_options)\[\] = \{(.*?)NULL\};", read(path),
                                re.DOTALL)}
options = re.findall(r'^    \{"(\w+)", "(\w+)", "([\w ]+)"\},', read("src/graph/manual.c"), re.MULTILINE)
told = {frozenset(names.split()) for _, _, names in options}
for names in lists ^ told:
    print("options %s are %s" % (sorted(names), "not in the manual" if names in lists else "not read"))
takes = set(re.findall(r'^    \{"(\w+)", "(\w+)", "[^"]*options\?: map', read("src/graph/manual.c"),
                       re.MULTILINE))
for pair in takes ^ {(receiver, name) for receiver, name, _ in options}:
    print("%s.%s: options in one of its rows, not in the other" % pair)
    lists = None
print("%d rows, %d registered" % (len(rows), len(there)))
sys.exit(rows != there or len(rows) < 150 or lists != told or len(told) < 10)
