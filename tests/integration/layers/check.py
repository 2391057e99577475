#!/usr/bin/env python3
"""Holds the source tree to the architecture that src/README.md states.

  check.py ROOT [SHARED]    print every violation, one a line; exit 1 if there is one
  check.py --self-test      plant one violation of every rule and show that it is found

Each rule is a generator over the tree that yields (path, line, what is wrong and what would
be right).  SHARED is the folder of data sets beside a checkout, none of which may be
committed; without it that one rule has nothing to compare and is skipped."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

LAYERS = {  # folder: what it may include and link, besides itself
    "base": set(),
    "snapshot": {"base"},
    "sandbox": {"base"},
    "graph": {"base", "snapshot", "sandbox"},
    "rule": {"base", "snapshot", "sandbox", "graph"},
    "isolation": {"base", "snapshot", "sandbox", "graph", "rule"},
    "engine": {"base", "snapshot", "sandbox", "graph", "rule", "isolation"},
}
CORE = set(LAYERS)
LAYERS["codec"] = {"base"}
LAYERS["import"] = CORE | {"codec"}
LAYERS["lint"] = CORE
LAYERS["console"] = CORE - {"isolation", "engine"}
# The reference embedding: of the library it has what any host has, the public headers.
LAYERS["server"] = {"base", "codec"}
LAYERS["cli"] = CORE | {"codec", "import", "lint", "console", "server"}

HOMES = {  # third-party header: the folders of src/ that may include it
    "msgpack.h": {"base"},
    "xxhash.h": {"base"},
    "sodium.h": {"base"},
    "lmdb.h": {"snapshot", "engine"},
    "lua.h": {"sandbox", "graph", "rule", "console"},
    "lauxlib.h": {"sandbox", "graph", "rule", "console"},
    "lualib.h": {"sandbox", "graph", "rule"},
    "luajit.h": {"sandbox", "graph", "rule"},
    "csv.h": {"import"},
    "zlib.h": {"import"},
    "jansson.h": {"codec"},
    "microhttpd.h": {"server"},
    "curl/curl.h": {"server"},
    "gnutls/gnutls.h": {"server"},
    "histedit.h": {"cli"},
    "editline/readline.h": {"cli"},
    "seccomp.h": {"isolation"},
    "check.h": set(),
}
HOMES_BY_FOLDER = {"msgpack": {"base"}, "sodium": {"base"}}

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "src", "lua", "rules", "include", "tests", "bench",
    "README.md", "LICENSE", ".ci", ".clang-format", ".clang-tidy", ".editorconfig",
    ".gitignore",
}
# Names so common that sharing one with a data file says nothing; their content still does.
COMMON_NAMES = {"README.md", "LICENSE", "CMakeLists.txt", "Makefile", "run.py", "schema.lua",
                "graph.h", "nodes.csv", "edges.csv", "labels.csv"}

BANNED = {
    "strcpy": "memcpy with a length, or snprintf", "strcat": "cdn_buf_text or snprintf",
    "sprintf": "snprintf", "vsprintf": "vsnprintf", "gets": "fgets", "strtok": "strcspn",
    "atoi": "strtol with its end checked", "atol": "strtol with its end checked",
    "atof": "strtod with its end checked", "system": "posix_spawn", "popen": "posix_spawn",
}
RAW_HEAP = ("malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup",
            "aligned_alloc", "posix_memalign", "asprintf", "vasprintf")
# What a library does not do to its host.
UNHOSTED = ("exit", "_exit", "quick_exit", "abort", "printf", "vprintf", "puts", "putchar",
            "perror", "signal", "sigaction", "pthread_create", "thrd_create", "fork", "vfork",
            "setitimer", "timer_create", "alarm")

MAX_FILE_LINES = 1200
MAX_FUNCTION_LINES = 150
MAX_PUBLIC_HEADER_LINES = 250


class Tree:
    """The files of a checkout: those git tracks or would, or all of a plain folder."""

    def __init__(self, root, shared=None):
        self.root = root
        self.shared = shared
        self.files = sorted(self.list_files())
        self.texts = {}

    def list_files(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            out = subprocess.run(
                ["git", "-C", self.root, "ls-files", "-z", "-co", "--exclude-standard"],
                stdout=subprocess.PIPE, check=True).stdout
            for name in {n for n in out.decode().split("\0") if n}:
                if os.path.isfile(os.path.join(self.root, name)):
                    yield name
            return
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def read(self, path):
        if path not in self.texts:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
                self.texts[path] = f.read()
        return self.texts[path]

    def sources(self, *tops):
        return [f for f in self.files
                if f.endswith((".c", ".h")) and f.split("/")[0] in tops]


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_of(text):
    """The text with comments and literals blanked, line by line as before; includes kept."""
    def blank(match):
        token = match.group(0)
        if token[0] == '"' and text[text.rfind("\n", 0, match.start()) + 1:match.start()] \
                .lstrip().startswith("#"):
            return token
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def lines(text):
    return enumerate(text.splitlines(), 1)


def folder_of(path):
    """The folder of src/ a file is in, or None."""
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def calls(tree, files, names):
    # A member of that name, as in table->free(x), is somebody's function pointer.
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))
    for path in files:
        for number, line in lines(code_of(tree.read(path))):
            for match in pattern.finditer(line):
                yield path, number, match.group(1)


def third_party(tree):
    include = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')
    for path in tree.sources("src", "include"):
        for number, line in lines(tree.read(path)):
            match = include.match(line)
            if not match:
                continue
            header = match.group(1)
            homes = HOMES.get(header, HOMES_BY_FOLDER.get(header.split("/")[0]))
            if homes is not None and folder_of(path) not in homes:
                yield path, number, "<%s> is included outside its home (%s)" % (
                    header, ", ".join(sorted(homes)) or "tests only")


def upward_include(tree):
    include = re.compile(r'\s*#\s*include\s*[<"]([a-z]+)/[^>"]+[>"]')
    for path in tree.sources("src"):
        folder = folder_of(path)
        for number, line in lines(tree.read(path)):
            match = include.match(line)
            if not match or match.group(1) not in LAYERS:
                continue
            if match.group(1) != folder and match.group(1) not in LAYERS.get(folder, set()):
                yield path, number, "%s/ may not include %s/, which is not below it" % (
                    folder, match.group(1))


def upward_link(tree):
    for path in tree.files:
        if not re.fullmatch(r"src/\w+/CMakeLists\.txt", path):
            continue
        for call in re.finditer(r"cordon_layer\(([^)]*)\)", tree.read(path)):
            words = call.group(1).split()
            takes = False
            for word in words[1:]:
                if word.isupper():
                    takes = word == "LAYERS"
                elif takes and word not in LAYERS.get(words[0], set()):
                    yield path, 1, "%s/ may not link %s/, which is not below it" % (
                        words[0], word)


def private_header_public(tree):
    for path in tree.sources("include"):
        for number, line in lines(tree.read(path)):
            if re.match(r'\s*#\s*include\s*"', line):
                yield path, number, "a public header includes only <cordon/...> and the C library"


def banned_function(tree):
    files = tree.sources("src", "include", "tests", "bench")
    for path, number, name in calls(tree, files, BANNED):
        yield path, number, "%s() is banned; use %s" % (name, BANNED[name])


def raw_heap(tree):
    files = [f for f in tree.sources("src") if folder_of(f) != "base"]
    for path, number, name in calls(tree, files, RAW_HEAP):
        yield path, number, "%s() outside base/; use base/alloc.h" % name


def unhosted(tree):
    # the worker behind a wall is a program, of which the library holds nothing
    files = [f for f in tree.sources("src")
             if folder_of(f) in CORE and not f.startswith("src/isolation/worker/")]
    for path, number, name in calls(tree, files, UNHOSTED):
        yield path, number, "%s() is not for a library to call" % name
    for path in files:
        for number, line in lines(code_of(tree.read(path))):
            if re.search(r"\b(stdout|stderr|stdin)\b", line):
                yield path, number, "a library leaves its host's standard streams alone"


def long_file(tree):
    for path in tree.files:
        if path.endswith((".c", ".h", ".py", ".lua", ".cmake", ".sh")):
            count = tree.read(path).count("\n")
            if count > MAX_FILE_LINES:
                yield path, count, "%d lines; at most %d" % (count, MAX_FILE_LINES)


def long_function(tree):
    for path in tree.sources("src", "tests", "bench"):
        start = 0
        for number, line in lines(tree.read(path)):
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start - 1 > MAX_FUNCTION_LINES:
                    yield path, start, "a function of %d lines; at most %d" % (
                        number - start - 1, MAX_FUNCTION_LINES)
                start = 0


def long_public_header(tree):
    for path in tree.sources("include"):
        count = tree.read(path).count("\n")
        if count > MAX_PUBLIC_HEADER_LINES:
            yield path, count, "%d lines; a public header has at most %d" % (
                count, MAX_PUBLIC_HEADER_LINES)


def top_level(tree):
    for name in sorted({f.split("/")[0] for f in tree.files} - TOP_LEVEL):
        yield name, 0, "not a name the top level has"


def unfinished(tree):
    mark = re.compile(r"\b(TO" "DO|FIX" "ME|XX" "X)\\b")
    for path in tree.files:
        if path.endswith((".c", ".h", ".py", ".lua", ".cmake", ".txt", ".sh", ".md")):
            for number, line in lines(tree.read(path)):
                if mark.search(line):
                    yield path, number, "unfinished work is an issue, not a comment"


def shared_data(tree):
    if not tree.shared or not os.path.isdir(tree.shared):
        return
    names = set()
    sizes = {}
    for folder, _, files in os.walk(tree.shared):
        for name in files:
            path = os.path.join(folder, name)
            names.add(name)
            sizes.setdefault(os.path.getsize(path), []).append(path)
    for path in tree.files:
        here = os.path.join(tree.root, path)
        if os.path.basename(path) in names - COMMON_NAMES:
            yield path, 0, "a file of this name lies in the shared data, which is used in place"
        elif os.path.getsize(here) > 0 and any(
                digest(here) == digest(other)
                for other in sizes.get(os.path.getsize(here), [])):
            yield path, 0, "a copy of shared data, which is used in place"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()


RULES = [third_party, upward_include, upward_link, private_header_public, banned_function,
         raw_heap, unhosted, long_file, long_function, long_public_header, top_level,
         unfinished, shared_data]

# A tree that breaks nothing, though it comes near to each rule.
CLEAN = {
    "README.md": "A tree.\n",
    "src/base/alloc.c": "#include <msgpack.h>\n#include <stdlib.h>\nvoid f(void)\n{\n"
                        "    free(malloc(1));\n}\n",
    "src/snapshot/store.c": '#include "base/alloc.h"\n#include <lmdb.h>\n'
                            "/* malloc(1) and strcpy(a, b) and stderr in words */\n"
                            'static const char *s = "sprintf(x) free(y) stdout";\n'
                            "void g(struct t *t)\n{\n    t->free(t);\n    cdn_free(t);\n}\n",
    "src/snapshot/CMakeLists.txt": "cordon_layer(snapshot LAYERS base SOURCES store.c)\n",
    "src/cli/main.c": '#include "import/csv.h"\nint main(void)\n{\n    puts("data");\n}\n',
    "include/cordon/error.h": "#include <stdint.h>\n#include <cordon/export.h>\n",
    "tests/unit/base/test_alloc.c": "#include <check.h>\n#include <lua.h>\n"
                                    "void t(void)\n{\n    free(malloc(1));\n}\n",
    "src/base/long.c": "x\n" * MAX_FILE_LINES,
    "src/base/body.c": "int f(void)\n{\n" + "    ;\n" * MAX_FUNCTION_LINES + "}\n",
    "include/cordon/long.h": "x\n" * MAX_PUBLIC_HEADER_LINES,
}
# (rule, path, content): each must be found by that rule and by no other.
PLANTED = [
    (third_party, "src/engine/pool.c", "#include <msgpack.h>\n"),
    (third_party, "src/snapshot/read.c", "#include <lua.h>\n"),
    (third_party, "src/graph/walk.c", "#  include <lmdb.h>\n"),
    (third_party, "src/base/pack.c", "#include <check.h>\n"),
    (third_party, "include/cordon/rule.h", "#include <lua.h>\n"),
    (third_party, "src/rule/run.c", "#include <msgpack/pack.h>\n"),
    (upward_include, "src/base/buf.c", '#include "snapshot/store.h"\n'),
    (upward_include, "src/snapshot/reader.c", '#include "sandbox/slot.h"\n'),
    (upward_include, "src/sandbox/slot.c", '#include "graph/graph.h"\n'),
    (upward_include, "src/engine/engine.c", '#include "cli/cli.h"\n'),
    (upward_include, "src/import/csv.c", '#include "cli/cli.h"\n'),
    (upward_link, "src/sandbox/CMakeLists.txt",
     "cordon_layer(sandbox\n  LAYERS base snapshot\n  SOURCES slot.c)\n"),
    (private_header_public, "include/cordon/value.h", '#include "error.h"\n'),
    (long_file, "src/base/longer.c", "x\n" * (MAX_FILE_LINES + 1)),
    (long_function, "src/base/body2.c",
     "int f(void)\n{\n" + "    ;\n" * (MAX_FUNCTION_LINES + 1) + "}\n"),
    (long_public_header, "include/cordon/longer.h", "x\n" * (MAX_PUBLIC_HEADER_LINES + 1)),
    (top_level, "docs/guide.md", "words\n"),
    (top_level, "Makefile", "all:\n"),
    (unfinished, "src/base/clock.c", "/* TO" "DO: finish */\n"),
    (unfinished, "rules/rule.lua", "-- FIX" "ME\n"),
    (shared_data, "tests/integration/transfers.csv", "renamed? no: 1\n"),
    (shared_data, "tests/integration/renamed.dat", "secret,data\n1,2\n"),
    (unhosted, "src/engine/log.c", "void f(void)\n{\n    fprintf(stderr, x);\n}\n"),
]
PLANTED += [(banned_function, "src/graph/x.c", "void f(void)\n{\n    %s (a);\n}\n" % name)
            for name in BANNED]
PLANTED += [(raw_heap, "src/graph/x.c", "void f(void)\n{\n    p = %s(a);\n}\n" % name)
            for name in RAW_HEAP]
PLANTED += [(unhosted, "src/graph/x.c", "void f(void)\n{\n    %s(a);\n}\n" % name)
            for name in UNHOSTED]


def write(root, path, content):
    whole = os.path.join(root, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "w", encoding="utf-8") as file:
        file.write(content)


def fired(tree):
    return [(rule, path) for rule in RULES for path, _, _ in rule(tree)]


def self_test():
    failures = 0
    work = tempfile.mkdtemp(prefix="cordon-layers-")
    try:
        shared = os.path.join(work, "shared")
        root = os.path.join(work, "tree")
        write(shared, "data/transfers.csv", "secret,data\n1,2\n")
        for path, content in CLEAN.items():
            write(root, path, content)
        for rule, path in fired(Tree(root, shared)):
            print("FAILED: %s fires on the clean %s" % (rule.__name__, path))
            failures += 1
        for rule, path, content in PLANTED:
            kept = CLEAN.get(path)
            write(root, path, content)
            found = fired(Tree(root, shared))
            wanted = path.split("/")[0] if rule is top_level else path
            if not found or any(hit != (rule, wanted) for hit in found):
                print("FAILED: %s planted in %s, found %s" % (
                    rule.__name__, path, [(r.__name__, p) for r, p in found]))
                failures += 1
            os.remove(os.path.join(root, path))
            if kept is not None:
                write(root, path, kept)
        unplanted = {r.__name__ for r in RULES} - {r.__name__ for r, _, _ in PLANTED}
        for name in sorted(unplanted):
            print("FAILED: nothing is planted for %s" % name)
            failures += 1
    finally:
        shutil.rmtree(work)
    print("%d rules, %d planted violations, %d failures" % (
        len(RULES), len(PLANTED), failures))
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    tree = Tree(os.path.abspath(arguments[0]),
                os.path.abspath(arguments[1]) if len(arguments) == 2 else None)
    found = 0
    for rule in RULES:
        for path, number, what in rule(tree):
            print("%s:%d: %s [%s]" % (path, number, what, rule.__name__))
            found += 1
    print("%d files, %d rules, %d violations" % (len(tree.files), len(RULES), found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
