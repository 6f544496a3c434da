#!/usr/bin/python3
"""Does each source have the includes it needs? each_source.py BUILD_DIRECTORY

All builds put several sources into one compilation, where one source's includes hide what the next one lacks. Here
each is read by itself, without code being made. The build directory must be configured. It takes about half an hour of
processor time, so script/soak runs it, not script/test.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

INCLUDED = re.compile(r'#include "(/[^"]+\.cpp)"')
SECONDS_PER_SOURCE = 300


def sources_of(command):
    """The sources that one compilation of the build stands for, each with the flags of that compilation."""
    words = shlex.split(command["command"])
    flags = [word for word in words[1:words.index("-o")] if word != "-c"]
    if words[0].endswith("ccache"):
        flags = flags[1:]
    if "/Unity/" not in command["file"]:
        return [(command["file"], flags)]
    unity = pathlib.Path(command["file"]).read_text(encoding="utf-8")
    return [(source, flags) for source in INCLUDED.findall(unity)]


def check(source, flags):
    """What the compiler says against it, or nothing."""
    ended = subprocess.run(["g++", *flags, "-fsyntax-only", source], check=False, capture_output=True, text=True,
                           timeout=SECONDS_PER_SOURCE)
    return "" if ended.returncode == 0 else f"{source} does not compile by itself:\n{ended.stderr}"


def main():
    build = pathlib.Path(sys.argv[1])
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    sources = sorted({source: flags for command in commands for source, flags in sources_of(command)}.items())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [text for text in pool.map(lambda one: check(*one), sources) if text]
    print("\n".join(findings), end="")
    print(f"{len(sources)} sources by themselves, {len(findings)} lack something")
    return 1 if findings or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
