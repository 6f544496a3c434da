#!/usr/bin/python3
"""clang-tidy over everything that is shipped, by the rules of .clang-tidy: clang_tidy.py BUILD_DIRECTORY

The build directory must be configured. Its unity sources are what is looked at: each header is then read once for
several sources.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

PROGRAM = "clang-tidy-14"
SECONDS_PER_SOURCE = 900  # others may be at work
NOT_SHIPPED = "/tests/"
FINDING = re.compile(r"(error|warning): .*\[[a-z]")


def check(build, source):
    """The findings of one source, each with the lines that show it."""
    ended = subprocess.run([PROGRAM, "-p", build, "--quiet", source], check=False, capture_output=True, text=True,
                           timeout=SECONDS_PER_SOURCE)
    if ended.returncode == 0:
        return ""
    return ended.stdout if FINDING.search(ended.stdout) else ended.stdout + ended.stderr


def main():
    build = pathlib.Path(sys.argv[1])
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    sources = sorted({command["file"] for command in commands if NOT_SHIPPED not in command["file"]})
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [text for text in pool.map(lambda source: check(build, source), sources) if text]
    print("\n".join(findings), end="")
    print(f"clang-tidy: {len(sources)} compilations, {len(findings)} with findings")
    return 1 if findings or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
