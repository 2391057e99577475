#!/usr/bin/env python3
"""The matrix in README.md: what attacks there are, how they end, how far past their limits.

    matrix.py --check                 does the block count the cases that are there?
    matrix.py --runner build/test/tests/attack/attack_runner
                                      run all cases and write the block anew
    matrix.py --record FILE           the same from what `attack_runner --record FILE` wrote

Counts come from the `expect` files, which the runner holds the cases to; times, instructions
and bytes from the record.  --check compares the counts alone: times are a machine's affair.
"""
import argparse
import collections
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN = "<!-- matrix: written by matrix.py -->"
END = "<!-- end of matrix -->"


def expected_ending(case):
    """"limit time", "ok", "load" ...: the outcome without what its message says."""
    words = (case / "expect").read_text().splitlines()[0].split()
    return " ".join(words[:2] if words[0] == "limit" else words[:1])


def counts():
    """{class: {ending: cases}}, in order."""
    found = {}
    for case in sorted(path.parent for path in HERE.glob("*/*/expect")):
        endings = found.setdefault(case.parent.name, collections.Counter())
        endings[expected_ending(case)] += 1
    return found


def row(name, endings):
    """The cells of a row that --check compares."""
    ends = ", ".join(f"{ending} {number}" for ending, number in sorted(endings.items()))
    return f"| {name} | {sum(endings.values())} | {ends} |"


def rows(found):
    total = sum(found.values(), collections.Counter())
    yield from (row(name, endings) for name, endings in found.items())
    yield row("**all**", total)


def block_of(text):
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        sys.exit(f"{README}: the lines '{BEGIN}' and '{END}' are missing")
    return text[:begin + len(BEGIN)], text[begin + len(BEGIN):end], text[end:]


def check():
    block = block_of(README.read_text())[1]
    written = [line for line in block.splitlines() if line.startswith("| ")][2:]
    wanted = list(rows(counts()))
    faults = [f"missing: {line}" for line in wanted
              if not any(other.startswith(line) for other in written)]
    faults += [f"not so: {line}" for line in written
               if not any(line.startswith(other) for other in wanted)]
    for fault in faults:
        print(fault)
    print(f"{len(wanted)} rows of the matrix, {len(faults)} faults")
    if faults:
        print("write it anew: tests/attack/matrix.py --runner BUILD/tests/attack/attack_runner")
    return 1 if faults else 0


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def write(lines):
    records = [json.loads(line) for line in lines]
    build, cases = records[0], records[1:]
    found = counts()
    failed = [case["case"] for case in cases if not case["passed"]]
    if len(cases) != sum(sum(endings.values()) for endings in found.values()):
        sys.exit(f"the record has {len(cases)} cases; run all of them")

    out = ["", f"{len(cases)} cases, {len(failed)} failed.  Build type {build['build']}, "
           f"{build['sanitizers'] or 'no sanitizer'}, gcc {build['compiler']}, "
           f"{os.cpu_count()} cores of {processor()} that do other work too.",
           "Each case ran five to eleven times; the figures are the class's worst case, its latest run and behind it",
           "its median one (what the other work adds differs from run to run).  \"Past\" is what a stopped rule used",
           "beyond its limit; the cap of memory has a reserve of 256 KiB for stopping.",
           "", "| class | cases | how they end | ms past the deadline | instructions past the budget "
           "| bytes past the cap |", "| --- | --- | --- | --- | --- | --- |"]
    for line, name in zip(rows(found), [*found, None]):
        here = [case for case in cases if name in (None, case["case"].split("/")[0])]
        late = max(case["ms_late"] for case in here)
        median = max(case["ms_late_median"] for case in here)
        over = max(case["instructions_over"] for case in here)
        bytes_over = max(case["memory_bytes_over"] for case in here)
        out.append(line + (f" {late:.1f}, {median:.1f} |" if late else " – |")
                   + "".join(f" {figure:,} |" if figure else " – |"
                             for figure in (over, bytes_over)))
    slow = sorted((case for case in cases if case["ms_late_median"] >= 1),
                  key=lambda case: -case["ms_late_median"])[:20]
    if slow:
        out += ["", "The latest by their median run: " + ", ".join(
            f"{case['case']} {case['ms_late_median']:.1f} ms" for case in slow) + "."]
    loads = sorted(cases, key=lambda case: -case["load_ms"])[:6]
    out += ["", "The longest to load: " + ", ".join(
        f"{case['case']} {case['load_ms']:.0f} ms" for case in loads) + ".", ""]

    head, _, tail = block_of(README.read_text())
    README.write_text(head + "\n".join(out) + "\n" + tail)
    print(f"{README}: {len(cases)} cases")
    for name in failed:
        print(f"failed: {name}")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--runner")
    choice.add_argument("--record")
    options = parser.parse_args()

    if options.check:
        return check()
    if options.record:
        return write(pathlib.Path(options.record).read_text().splitlines())
    with tempfile.NamedTemporaryFile(mode="r", suffix=".jsonl") as record:
        subprocess.run([options.runner, "--record", record.name, str(HERE)], check=False)
        return write(record.read().splitlines())


if __name__ == "__main__":
    sys.exit(main())
