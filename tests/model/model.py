#!/usr/bin/env python3
"""Checks deployment.pml with spin: the whole state space, then that every variant with a known mistake is refuted.

    model.py              two hosts, both restart modes, all variants (about half a minute)
    model.py --hosts 3    three hosts, in at most --minutes: a quarter of them for the whole space of each mode, in
                          MEMORY_MB; what does not fit is searched once more, for as long, with a few bits of a table
                          for each state, by which some may be missed. Says what was stopped before its end

Exit status: 0 as it should be, 1 not, 77 spin or gcc is missing.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

MODEL = pathlib.Path(__file__).with_name("deployment.pml")
MODES = {"on_restart: continue": [], "on_restart: abort": ["-DRESTART_ABORTS"]}
VARIANTS = ["NAIVE_COMMIT", "RACY_DEAD_MAN", "EQUAL_EPOCH", "VOLATILE_DECISION", "VOLATILE_VOTE", "OLD_CONNECTION",
            "BESIDE_THE_AGENT", "STOPPED_WORKER"]
DEPTH = 1_000_000
MEMORY_MB = 8_000


class Search:
    """One compiled search and what it found."""

    def __init__(self, directory, flags, seconds, bitstate=False):
        self.directory = pathlib.Path(directory)
        run(["spin", "-a", *flags, str(MODEL)], self.directory)
        store = ["-DBITSTATE"] if bitstate else ["-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}"]
        run(["gcc", "-O2", "-w", "-DSAFETY", "-DVECTORSZ=512", *store, "-o", "pan", "pan.c"], self.directory)
        begin = time.monotonic()
        try:
            options = ["-w33"] if bitstate else []
            self.output = subprocess.run(["./pan", f"-m{DEPTH}", *options], cwd=self.directory, capture_output=True,
                                         text=True, timeout=seconds).stdout
            self.timed_out = False
        except subprocess.TimeoutExpired as expired:
            self.output = (expired.stdout or b"").decode()
            self.timed_out = True
        self.seconds = time.monotonic() - begin

    @property
    def states(self):
        found = re.search(r"^ *(\d+) states, stored", self.output, re.M)
        if found:
            return int(found[1])
        progress = re.findall(r"States= *([0-9.e+]+)", self.output)
        return int(float(progress[-1])) if progress else 0

    @property
    def refuted(self):
        return (self.directory / f"{MODEL.name}.trail").exists()

    @property
    def complete(self):
        return not self.timed_out and "errors: 0" in self.output and "Search not completed" not in self.output \
            and "max search depth too small" not in self.output

    def story(self):
        """The run that refutes, as spin tells it."""
        shutil.copy(MODEL, self.directory)
        return subprocess.run(["spin", "-t", "-p", MODEL.name], cwd=self.directory, capture_output=True,
                              text=True).stdout


def run(command, directory):
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"model: {' '.join(command)}: {done.stdout}{done.stderr}")


def check_promise(hosts, seconds, faults):
    good = True
    for mode, flags in MODES.items():
        with tempfile.TemporaryDirectory() as directory:
            flags = flags + [f"-DAGENTS={hosts}", f"-DFAULTS={faults}"]
            search = Search(directory, flags, seconds)
            part = ""
            if not search.complete and not search.refuted and hosts > 2:
                print(f"model: {hosts} hosts, {mode}: the whole does not fit; stopped after {search.states} states, "
                      f"{search.seconds:.1f} s", flush=True)
                search = Search(directory, flags, seconds, bitstate=True)
                part = " (hashed to bits, to the end)" if search.complete else " (hashed to bits, stopped early)"
            errors = 1 if search.refuted else 0
            print(f"model: {hosts} hosts, {mode}: {search.states} states{part}, {errors} errors, "
                  f"{search.seconds:.1f} s", flush=True)
            if search.refuted:
                print(search.story())
            if search.refuted or not (search.complete or part):
                good = False
    return good


def check_variants(seconds):
    good = True
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as directory:
            search = Search(directory, [f"-D{variant}"], seconds)
            verdict = "refuted" if search.refuted else "NOT REFUTED"
            print(f"model: with {variant}: {verdict} after {search.states} states, {search.seconds:.1f} s", flush=True)
            good = good and search.refuted
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, choices=(2, 3), default=2)
    parser.add_argument("--minutes", type=int, default=2)
    arguments = parser.parse_args()
    for tool in ("spin", "gcc"):
        if not shutil.which(tool):
            print(f"model: {tool} is missing; run script/bootstrap")
            return 77
    if arguments.hosts == 3:
        return 0 if check_promise(3, arguments.minutes * 60 / 4, faults=1) else 1
    promised = check_promise(2, arguments.minutes * 60, faults=2)
    return 0 if check_variants(60) and promised else 1


if __name__ == "__main__":
    sys.exit(main())
