#!/usr/bin/python3
"""How fast texts are masked when a thousand secrets are known: on one core, in MB per second of processor time.

    redact.py [--json] [--build DIRECTORY]
"""

import argparse
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import report  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench")
    options = parser.parse_args()
    told = subprocess.run([options.build / "tests/bench/bench_redact"], check=True, capture_output=True, text=True)
    measured = dict(line.split() for line in told.stdout.splitlines())
    figures = report.Report("redact")
    figures.add("redact_mb_per_s", float(measured["mb_per_s"]), "MB/s", goal=">= 300")
    figures.add("redact_short_mb_per_s", float(measured["short_mb_per_s"]), "MB/s", goal=">= 300",
                against="the same with a secret of four bytes")
    figures.add("redact_making_ms", float(measured["making_ms"]), "ms")
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
