#!/usr/bin/env python3
"""The programs of include/README.md, as an outsider would build them.

  run.py BUILD_DIR SOURCE_DIR WORK [SANITIZERS]

Installs into a folder of its own, takes the code blocks out of the README, builds and runs
each program, `embed` four ways: C with pkg-config, C++ with pkg-config, CMake with the installed package,
CMake with the source tree as a subdirectory (shared and static).  Each must give the same
answer on a small bank."""
import os
import re
import shutil
import subprocess
import sys

build, source, work = (os.path.abspath(p) for p in sys.argv[1:4])
sanitize = ["-fsanitize=" + sys.argv[4]] if len(sys.argv) > 4 and sys.argv[4] else []

SCHEMA = """
return {
  labels = { Account = { file = "accounts.csv", key = { column = "id", type = "int64" } } },
  edges = { { type = "transfer", from = "Account", to = "Account", file = "transfers.csv",
              source = "src", target = "dst", time = "at",
              properties = { amount = "float64",
                             at = { type = "timestamp", format = "ms" } } } },
}
"""
RULE = """
return {
  name = "payees", reads = { Account = {}, transfer = { "amount" } },
  decisions = { "allow", "review" }, fallback = "review",
  evaluate = function(_, request)
    local sent = request.node:outgoing("transfer")
    return { decision = sent:distinct() > 1 and "review" or "allow",
             reasons = { ("%d payees, %.2f sent"):format(sent:distinct(), sent:sum("amount")) } }
  end,
}
"""
RISK = """
return {
  name = "risk", functions = { "country_risk" }, fallback = "none",
  evaluate = function()
    assert(not pcall(host.country_risk, "Sweden"))
    return { score = host.country_risk("SE") + host.country_risk("XX") }
  end,
}
"""
EXPECTED = "ok: review\n  2 payees, 42.75 sent\n"


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        sys.exit("FAILED (%d): %s\n%s" % (done.returncode, " ".join(command), done.stdout))
    return done.stdout


def write(name, text):
    path = os.path.join(work, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def blocks(language):
    with open(os.path.join(source, "include", "README.md"), encoding="utf-8") as file:
        return re.findall(r"```%s\n(.*?)```" % language, file.read(), re.S)


def main():
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    prefix = os.path.join(work, "prefix")
    run("cmake", "--install", build, "--prefix", prefix)
    programs = {re.match(r"/\* (\w+)\.c", text).group(1): text for text in blocks("c")}
    (cmake,) = blocks("cmake")
    for name, text in programs.items():
        write(name + ".c", text)
    write("embed.cc", programs["embed"])
    write("accounts.csv", "id\n" + "".join("%d\n" % key for key in range(1, 1001)))
    write("transfers.csv", "src,dst,amount,at\n1,2,40.5,1000\n1,3,2.25,2000\n")
    schema, rule = write("schema.lua", SCHEMA), write("payees.lua", RULE)
    store = os.path.join(work, "store")

    found = [os.path.join(folder, "cordon.pc") for folder, _, files in os.walk(prefix)
             if "cordon.pc" in files]
    if len(found) != 1:
        sys.exit("FAILED: cordon.pc found at %s" % found)
    libraries = os.path.dirname(os.path.dirname(found[0]))
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(found[0]), LD_LIBRARY_PATH=libraries,
               CMAKE_PREFIX_PATH=prefix)
    run(os.path.join(prefix, "bin", "cordon"), "import", "--schema", schema, "--out", store,
        "--no-progress", work, env=env)

    def check(how, path):
        answer = run(path, store, rule, "Account", "1", env=env)
        if not answer.startswith(EXPECTED):
            sys.exit("FAILED: %s: %r" % (how, answer))
        print("ok: %s" % how)

    flags = run("pkg-config", "--cflags", "--libs", "cordon", env=env).split()
    run("cc", "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", *sanitize, "-o", "embed",
        "embed.c", *flags, cwd=work, env=env)
    check("C, pkg-config", os.path.join(work, "embed"))
    run("c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", *sanitize, "-o", "embed-cc",
        "embed.cc", *flags, cwd=work, env=env)
    check("C++, pkg-config", os.path.join(work, "embed-cc"))
    answers = {
        "host_function": ([write("risk.lua", RISK)], "ok, score 1\n"),
        "pages": ([store, rule], "to 2\nto 3\nallow: 1 payees, 7.50 sent\n"),
        "thread_pool": ([store, rule], "4000 decided, 0 failed\n"),
        "canary": ([store, os.path.join(work, "rules.mdb")],
                   "version 2 decides about every fifth\nversion 2 decides about 1000 of 1000\n"),
    }
    for name in sorted(set(programs) - set(answers) - {"embed"}):  # pieces of programs
        run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-c", name + ".c", *flags, cwd=work,
            env=env)
        print("ok: %s.c compiles" % name)
    for name, (arguments, expected) in answers.items():
        run("cc", "-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror", *sanitize, "-o", name,
            name + ".c", *flags, "-lpthread", cwd=work, env=env)
        answer = run(os.path.join(work, name), *arguments, env=env)
        if answer != expected:
            sys.exit("FAILED: %s: %r" % (name, answer))
        print("ok: %s" % name)

    ways = {
        "installed, shared": cmake,
        "installed, static": cmake.replace("cordon::cordon", "cordon::cordon_static"),
        "subdirectory": cmake.replace("find_package(cordon REQUIRED)",
                                      "add_subdirectory(%s cordon)" % source),
    }
    for how, text in ways.items():
        folder = os.path.join(work, how.replace(", ", "-"))
        os.makedirs(folder)
        shutil.copy(os.path.join(work, "embed.c"), folder)
        with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(text)
        options = ["-DCMAKE_C_FLAGS=" + " ".join(sanitize)] if sanitize else []
        if how == "subdirectory":
            # everything is compiled anew: that the pieces fit does not take optimising them
            options += ["-DCORDON_TESTS=OFF", "-DCORDON_BENCH=OFF", "-DCMAKE_BUILD_TYPE=Debug"]
        run("cmake", "-G", "Ninja", "-S", folder, "-B", os.path.join(folder, "b"), *options, env=env)
        run("cmake", "--build", os.path.join(folder, "b"), "--target", "embed", env=env)
        check("CMake, " + how, os.path.join(folder, "b", "embed"))
    return 0


sys.exit(main())
