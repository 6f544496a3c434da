#!/usr/bin/python3
"""The kill loop of tests/fleet/kills.py, for as long as script/test can wait; script/soak kills runs it longer."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import kills  # noqa: E402

SECONDS = 90

if __name__ == "__main__":
    sys.exit(kills.main(["--seconds", str(SECONDS)]))
