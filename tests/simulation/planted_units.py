#!/usr/bin/python3
"""Which of the bugs of common/planted.hpp do the unit tests notice?

  tests/simulation/planted_units.py [--build DIR] [--bug NAME]…     (script/soak planted builds what it needs)

Every unit program over the planted modules (build target planted_units) runs once without a bug, where all of it must
pass, and once with each bug of a module that it links (planted_programs.txt of the build). What fails then is run again
by itself, with the bug and without: a test that fails for another reason notices nothing. ACCEPT=1 writes what came out
to planted_units.txt, which docs/RELIABILITY.md quotes.

Exit status: 0 as planted_units.txt says, and ten bugs that the protocol names pass the unit tests and are found by the
simulation; 1 otherwise; 2 bad usage.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import planted_table  # noqa: E402  (beside this file)

ROOT = planted_table.ROOT
# A program whose loop never ends with a bug has noticed it as well.
SECONDS_LEAST = 60
TIMES_AS_LONG = 10


class Run:
    """One program, run to its end."""

    def __init__(self, program, bug, only=None, seconds=600):
        environment = dict(os.environ, SWITCHYARD_PLANTED=bug) if bug else dict(os.environ)
        command = [str(program), "--gtest_color=no"] + ([f"--gtest_filter={only}"] if only else [])
        begin = time.monotonic()
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", timeout=seconds)
            output, self.passed = done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired as late:
            output, self.passed = (late.stdout or b"").decode(errors="replace"), False
        self.seconds = time.monotonic() - begin
        self.failed = []
        for name in re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", output, re.MULTILINE) + self._cut_short(output):
            if name not in self.failed:
                self.failed.append(name)

    def _cut_short(self, output):
        """The test at which the program died, or stood still."""
        begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
        over = set(re.findall(r"^\[ (?:      OK|  FAILED |  SKIPPED) \] ([\w/]+\.[\w/]+)", output, re.MULTILINE))
        return [name for name in begun if name not in over] if not self.passed else []


def programs_of(build):
    """Program -> the planted modules that it links."""
    folder = build / "tests" / "simulation"
    found = {}
    for line in (folder / "planted_programs.txt").read_text().splitlines():
        name, *modules = line.split()
        if not os.access(folder / name, os.X_OK):
            sys.exit(f"{folder / name} is not built: script/build {build.name} planted_units")
        found[folder / name] = set(modules)
    return found


def modules_of_bugs():
    """Bug -> the modules with a line of it."""
    found = {}
    for side in ("agent", "coordinator"):
        for path in (ROOT / side).rglob("*.cpp"):
            module = "_".join(path.relative_to(ROOT).parts[:2])
            for bug in re.findall(r"\bPLANTED\((\w+)\)", path.read_text()):
                found.setdefault(bug, set()).add(module)
    return found


def noticed_by(bug, programs, usual, pool):
    """The first test that fails because of the bug, and how many do; None when none does."""
    longest = {p: max(SECONDS_LEAST, TIMES_AS_LONG * usual[p]) for p in programs}
    runs = {p: pool.submit(Run, p, bug, None, longest[p]) for p in programs}
    suspects = [(p, name) for p in programs for name in runs[p].result().failed]
    for program, name in suspects:
        with_bug, without = Run(program, bug, name, longest[program]), Run(program, None, name, longest[program])
        if not with_bug.passed and without.passed:
            return name, len(suspects)
    # Of what fails only after other tests of its program, nobody can say why.
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "dev")
    parser.add_argument("--bug", action="append", help="only this one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    bugs = planted_table.read_bugs()
    for name in options.bug or []:
        if name not in bugs:
            parser.error(f"no planted bug is called {name}")
    programs = programs_of(options.build)
    modules, usual = modules_of_bugs(), {}
    for program in programs:
        calm = Run(program, None)
        if not calm.passed:
            print(f"{program.name} fails without a bug: {', '.join(calm.failed)}")
            return 1
        usual[program] = calm.seconds
    print(f"{len(programs)} programs pass without a bug, in {sum(usual.values()):.0f} s")
    results = {} if not options.bug else planted_table.read_units()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for bug in options.bug or bugs:
            linked = [p for p in programs if programs[p] & modules[bug]]
            notice = noticed_by(bug, linked, usual, pool)
            results[bug] = f"{notice[0]} {notice[1]}" if notice else "-"
            print(f"{bug:<48} {'noticed by ' + results[bug] if notice else 'not noticed'}", flush=True)
    return judge(results, bugs)


def judge(results, bugs):
    changed = {bug for bug, result in results.items() if (result == "-") != (planted_table.read_units().get(bug) == "-")}
    if os.environ.get("ACCEPT"):
        planted_table.write_units(results)
        changed = set()
    for bug in sorted(changed):
        print(f"planted_units.txt says otherwise of {bug}; ACCEPT=1 writes it anew")
    found = planted_table.read_found()
    named = [bug for bug in results if bugs[bug]]
    hidden = [bug for bug in named if results[bug] == "-" and bug in found]
    print(f"{sum(r != '-' for r in results.values())} of {len(results)} planted bugs are noticed by unit tests; of "
          f"{len(named)} that the protocol names, {len(hidden)} are not, and are found by the simulation (goal: 10)")
    whole = len(results) == len(bugs)
    return 1 if changed or (whole and len(hidden) < 10) else 0


if __name__ == "__main__":
    sys.exit(main())
