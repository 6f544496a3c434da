#!/usr/bin/env python3
"""Runs the fuzz targets, two at a time, and prints what each did.

    fuzz.py                a fixed number of executions each, from fixed seeds: the same runs every time
    fuzz.py --minutes M    M minutes each, from new seeds; what is found on the way is kept in build/fuzz/corpus
    fuzz.py NAME...        only these targets

The seed corpora are tests/fuzz/corpus/NAME, and for the codecs the golden frames of tests/golden/protocol. An input that
breaks a target is printed in base64 and kept in build/fuzz/found. Exit status: 0 nothing found, 1 something found.
"""
import argparse
import base64
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/fuzz"
GOLDEN = ROOT / "tests/golden/protocol"
PARALLEL = 2

# What script/test runs of each: executions, and the longest input.
TARGETS = {
    "decode": (1_000_000, 1024),
    "journal": (1_000_000, 1024),
    "manifest": (40_000, 2048),
    "config": (40_000, 2048),
    "archive": (40_000, 4096),
    "http": (40_000, 2048),
}
# Golden frames that are no messages: what fuzz_decode's first byte calls them.
KINDS = {"plan_slice": 1, "plan_header": 2, "artifact": 3}
NO_FRAMES = {"journal"}


def seeds(name, directory):
    """The corpus that the run starts from."""
    for path in sorted((ROOT / "tests/fuzz/corpus" / name).glob("*")):
        (directory / path.name).write_bytes(path.read_bytes())
    if name == "decode":
        for path in sorted(GOLDEN.glob("*.hex")):
            if path.stem not in NO_FRAMES:
                kind = bytes([KINDS.get(path.stem, 0)])
                (directory / path.stem).write_bytes(kind + bytes.fromhex(path.read_text()))


def command(name, corpora, arguments):
    executions, longest = TARGETS[name]
    found = BUILD / "found"
    found.mkdir(parents=True, exist_ok=True)
    line = [str(BUILD / "tests/fuzz" / f"fuzz_{name}"), f"-max_len={longest}", "-timeout=20", "-rss_limit_mb=1024",
            "-malloc_limit_mb=256", "-print_final_stats=1", f"-artifact_prefix={found}/{name}-"]
    words = ROOT / "tests/fuzz" / f"{name}.dict"
    if words.exists():
        line.append(f"-dict={words}")
    line += [f"-max_total_time={arguments.minutes * 60}"] if arguments.minutes else [f"-runs={executions}", "-seed=1"]
    return line + [str(corpus) for corpus in corpora]


def run(name, arguments):
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        start = pathlib.Path(directory) / "seeds"
        start.mkdir()
        seeds(name, start)
        grown = BUILD / "corpus" / name if arguments.minutes else pathlib.Path(directory) / "grown"
        grown.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(command(name, [grown, start], arguments), cwd=directory, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace",
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
    output = done.stderr
    executions = int((re.findall(r"stat::number_of_executed_units: *(\d+)", output) or ["0"])[-1])
    edges = int((re.findall(r"cov: (\d+)", output) or ["0"])[-1])
    seconds = time.monotonic() - begin
    print(f"fuzz: {name}: {executions} executions, {edges} edges, {seconds:.0f} s, "
          f"{'nothing found' if done.returncode == 0 else 'FOUND SOMETHING'}", flush=True)
    if done.returncode == 0:
        return executions >= TARGETS[name][0] or bool(arguments.minutes)
    print(output[-6000:])
    for artifact in re.findall(r"Test unit written to (\S+)", output):
        print(f"fuzz: {artifact} in base64: {base64.b64encode(pathlib.Path(artifact).read_bytes()).decode()}")
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=0)
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        good = list(pool.map(lambda name: run(name, arguments), arguments.targets or list(TARGETS)))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
