#!/usr/bin/python3
"""The table of planted bugs in docs/RELIABILITY.md, made of what is measured:

  common/planted.hpp         which bugs there are, and which rule of docs/protocol.md each breaks
  planted_seeds.txt          with which seed the simulation finds each, after how many schedules, as what; or that it does not
  planted_units.txt          which unit test notices each

  tests/simulation/planted_table.py           says whether the page agrees (tests/tidy/tidy.py asks so, too)
  tests/simulation/planted_table.py --write   writes the table into the page
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "RELIABILITY.md"
UNITS = ROOT / "tests" / "simulation" / "planted_units.txt"
SEEDS = ROOT / "tests" / "simulation" / "planted_seeds.txt"
BEGIN, END = "<!-- planted bugs: tests/simulation/planted_table.py --write -->\n", "<!-- end of planted bugs -->\n"


def read_bugs():
    """Name -> the rule that it breaks, "" when it breaks none that is written down; in the order of the header."""
    text = (ROOT / "common" / "planted.hpp").read_text()
    return dict(re.findall(r'\bBUG\((\w+), "([^"]*)"\)', text))


def read_lines(path):
    if not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(" ", 1) for line in lines)


def read_seeds():
    """Name -> (seed, schedules, as what); seed "0": so many schedules did not find it."""
    return {name: tuple(rest.split(" ", 2)) for name, rest in read_lines(SEEDS).items()}


def read_found():
    return {name for name, (seed, _, _) in read_seeds().items() if seed != "0"}


def read_units():
    """Name -> "-" or "Suite.Test N": N tests notice it, among them that one."""
    return read_lines(UNITS)


def write_units(results):
    head = ("# Which unit test notices a bug of common/planted.hpp, and how many do; -: none. Rewritten by\n"
            "# ACCEPT=1 tests/simulation/planted_units.py\n")
    UNITS.write_text(head + "".join(f"{bug} {results[bug]}\n" for bug in sorted(results)))


def table():
    bugs, seeds, found, units = read_bugs(), read_seeds(), read_found(), read_units()
    lines = ["| bug | named in the protocol | by seed | after schedules | as | unit tests notice it |",
             "|---|---|---|---|---|---|"]
    for bug, rule in bugs.items():
        seed, schedules, text = seeds.get(bug, ("not searched", "", ""))
        if seed == "0":
            seed, text = "not found", ""
        test, _, count = units.get(bug, "not measured").partition(" ")
        more = f" and {int(count) - 1} more" if count.isdigit() and int(count) > 1 else ""
        notice = "no" if test == "-" else f"yes: `{test}`{more}" if "." in test else "not measured"
        lines.append(f"| `{bug}` | {'yes: ' + rule if rule else 'no'} | {seed} | {schedules} | {text.replace('|', '/')} | {notice} |")
    named = [bug for bug, rule in bugs.items() if rule]
    hidden = [bug for bug in named if units.get(bug) == "-" and bug in found]
    noticed = sum(units.get(bug, "-") != "-" for bug in bugs)
    lines += ["", f"Of {len(bugs)} bugs, {len(named)} of which break a rule of [the protocol](protocol.md), the simulation was "
                  f"asked about {len(seeds)}, and finds {len(found)}. " +
              (f"Unit tests were asked about {len(units)}, and notice {noticed}: of those that break a rule, {len(hidden)} are "
               f"found by the simulation and noticed by no unit test (goal: 10)." if units else "Unit tests were not asked yet.")]
    return "\n".join(lines) + "\n"


def disagreements():
    """What is wrong with the page or the files that it is made of, as texts."""
    bugs, wrong = read_bugs(), []
    for path, names in ((SEEDS, read_seeds()), (UNITS, read_units())):
        wrong += [f"{path.name} names {name}, which nobody has planted" for name in names if name not in bugs]
    rules = set(re.findall(r"^\| ([A-Z]\d+) \|", (ROOT / "docs" / "protocol.md").read_text(), re.MULTILINE))
    for bug, rule in bugs.items():
        if rule and rule not in rules:
            wrong.append(f"common/planted.hpp: {bug} breaks {rule}, which docs/protocol.md does not have")
    page = PAGE.read_text()
    if BEGIN not in page or page.split(BEGIN)[1].split(END)[0].strip() != table().strip():
        wrong.append("the table of planted bugs is not what was measured; tests/simulation/planted_table.py --write")
    return wrong


def main():
    if sys.argv[1:] == ["--write"]:
        page = PAGE.read_text()
        before, rest = page.split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1])
    wrong = disagreements()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
