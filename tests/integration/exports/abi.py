#!/usr/bin/env python3
"""The binary interface, held to what is written down.

  abi.py CC NM LIBRARY INCLUDE_DIR WORK LIST [--update]

LIST names every function that the library exports, every enumerator with its value, and every
public struct with its size and the place of each field, as the public headers say them to this
compiler.  A line that is no longer so, or is missing, breaks programs that were compiled
before, or is new: read the difference, and write the list anew with --update."""
import os
import re
import subprocess
import sys

cc, nm, library, include, work, listed = sys.argv[1:7]
update = "--update" in sys.argv[7:]


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout


def top_level(text, separator):
    """The parts of a text between separators that stand in no brackets."""
    depth, part = 0, ""
    for char in text:
        depth += (char in "({[") - (char in ")}]")
        if char == separator and not depth:
            yield part
            part = ""
        else:
            part += char
    yield part


def field_of(declaration):
    """The name a declaration declares; None: it declares nothing."""
    declaration = declaration.strip()
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
    if pointer:
        return pointer.group(1)
    name = re.search(r"(\w+)\s*(?:\[[^]]*\]\s*)*$", declaration)
    return name.group(1) if name else None


def body_at(text, at):
    """The text within the braces that open at `at`."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if not depth:
            return text[at + 1:end]
    sys.exit("FAILED: braces that do not close")


def main():
    os.makedirs(work, exist_ok=True)
    flags = ["-I" + include]
    source = os.path.join(work, "abi.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <cordon.h>\n")
    text = "\n".join(line for line in run(cc, "-E", *flags, source).splitlines()
                     if not line.startswith("#"))
    lines = []
    structs = list(re.finditer(r"typedef struct (cordon_\w+)\s*\{", text))
    for match in structs:
        name = match.group(1)
        lines.append('printf("struct %s %%zu\\n", sizeof(%s));' % (name, name))
        for declaration in top_level(body_at(text, match.end() - 1), ";"):
            field = field_of(declaration)
            if field:
                lines.append('printf("  %s %%zu\\n", offsetof(%s, %s));' % (field, name, field))
    enums = list(re.finditer(r"typedef enum (cordon_\w+)\s*\{", text))
    for match in enums:
        lines.append('puts("enum %s");' % match.group(1))
        for enumerator in top_level(body_at(text, match.end() - 1), ","):
            name = enumerator.split("=")[0].strip()
            if name:
                lines.append('printf("  %s %%d\\n", (int)%s);' % (name, name))
    if len(structs) < 10 or len(enums) < 5:
        sys.exit("FAILED: only %d structs and %d enums found" % (len(structs), len(enums)))
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <stddef.h>\n#include <stdio.h>\n#include <cordon.h>\n"
                   "int main(void)\n{\n    %s\n    return 0;\n}\n" % "\n    ".join(lines))
    program = os.path.join(work, "abi")
    run(cc, "-std=c11", *flags, "-o", program, source)
    functions = sorted({line.split()[-1].split("@")[0] for line in
                        run(nm, "-D", "--defined-only", library).splitlines()
                        if line.split()[-2] != "A"})
    found = ["function " + name for name in functions] + run(program).splitlines()

    if update:
        with open(listed, "w", encoding="utf-8") as file:
            file.write("\n".join(found) + "\n")
        return 0
    with open(listed, encoding="utf-8") as file:
        wanted = file.read().splitlines()
    gone = entries(wanted) - entries(found)
    added = entries(found) - entries(wanted)
    for entry in sorted(gone):
        print("FAILED: no longer so: " + entry)
    for entry in sorted(added):
        print("FAILED: not listed: " + entry)
    print("%d functions, %d structs, %d enums, %d faults" % (
        len(functions), len(structs), len(enums), len(gone) + len(added)))
    if gone or added:
        print("if that is meant: %s ... --update" % os.path.basename(sys.argv[0]))
    return 1 if gone or added else 0


def entries(lines):
    """Each line with what it belongs to."""
    out, owner = set(), ""
    for line in lines:
        if line.startswith("  "):
            out.add("%s.%s" % (owner, line.strip()))
        else:
            owner = line.split()[1]
            out.add(line)
    return out


sys.exit(main())
