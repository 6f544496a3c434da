#!/usr/bin/python3
"""clang-tidy over everything that is shipped, by the rules of .clang-tidy: clang_tidy.py BUILD_DIRECTORY

The build directory must be configured. Its unity sources are what is looked at: each header is then read once for
several sources. What was found clean is not looked at again, also from another checkout, until a file that it reads,
its command, the rules or the program is another one; that is remembered in $XDG_CACHE_HOME/switchyard/clang-tidy.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

PROGRAM = "clang-tidy-14"
ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / ".clang-tidy"
FORGET_SECONDS = 30 * 86_400
SECONDS_PER_SOURCE = 900  # others may be at work
NOT_SHIPPED = "/tests/"
FINDING = re.compile(r"(error|warning): .*\[[a-z]")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "switchyard/clang-tidy"


def relative(text):
    """Without what differs between two checkouts."""
    return text.replace(f"{ROOT}/", "").replace(str(ROOT), "")


@functools.lru_cache(maxsize=None)
def digest_of(file):
    try:
        # Unity sources name their parts by absolute paths.
        return hashlib.sha256(pathlib.Path(file).read_bytes().replace(f"{ROOT}/".encode(), b"")).hexdigest()
    except OSError:
        return "not there"


@functools.lru_cache(maxsize=None)
def salt():
    version = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    return hashlib.sha256((version + RULES.read_text(encoding="utf-8")).encode()).hexdigest()


def files_read_by(command):
    """Every file that the compiler reads, system headers included."""
    words = shlex.split(command["command"])
    words = words[next(at for at, word in enumerate(words) if re.search(r"(\+\+|/cc|clang|gcc)[-.0-9]*$", word)):]
    output = words.index("-o")
    del words[output:output + 2]
    listed = subprocess.run([*(word for word in words if word != "-c"), "-M"], check=True, capture_output=True,
                            text=True, cwd=command["directory"]).stdout
    return sorted({str(pathlib.Path(command["directory"], name))
                   for name in listed.split(":", 1)[1].replace("\\\n", " ").split()})


class Compilation:
    def __init__(self, build, command):
        self._build = build
        self._command = command
        name = hashlib.sha256(relative(command["file"] + "\0" + command["command"]).encode()).hexdigest()
        self._note = CACHE / name

    def was_clean(self):
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return note["salt"] == salt() and all(
                digest_of(str(ROOT / name)) == digest for name, digest in note["files"].items())
        except (OSError, ValueError, KeyError):
            return False

    def remember_clean(self, files):
        CACHE.mkdir(parents=True, exist_ok=True)
        beside = self._note.with_suffix(f".{os.getpid()}")  # others may look at another checkout
        beside.write_text(json.dumps({"salt": salt(), "files": files}), encoding="utf-8")
        beside.rename(self._note)

    def findings(self):
        """Each with the lines that show it; and whether it was looked at."""
        if self.was_clean():
            return "", False
        # Before: what is changed meanwhile was not looked at.
        files = {relative(name): digest_of(name) for name in files_read_by(self._command)}
        ended = subprocess.run([PROGRAM, "-p", self._build, "--quiet", self._command["file"]], check=False,
                               capture_output=True, text=True, timeout=SECONDS_PER_SOURCE)
        if ended.returncode == 0:
            self.remember_clean(files)
            return "", True
        return (ended.stdout if FINDING.search(ended.stdout) else ended.stdout + ended.stderr), True


def forget_old():
    """Of sources that are no more, or were not looked at for long."""
    for note in CACHE.glob("*"):
        if time.time() - note.stat().st_mtime > FORGET_SECONDS:
            note.unlink(missing_ok=True)


def main():
    forget_old()
    build = pathlib.Path(sys.argv[1])
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    shipped = {command["file"]: Compilation(build, command) for command in commands
               if NOT_SHIPPED not in command["file"]}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(Compilation.findings, (shipped[file] for file in sorted(shipped))))
    findings = [text for text, _ in results if text]
    looked_at = sum(1 for _, looked in results if looked)
    print("\n".join(findings), end="")
    print(f"clang-tidy: {len(results)} compilations, {looked_at} looked at, the others unchanged since they were clean; "
          f"{len(findings)} with findings")
    return 1 if findings or not results else 0


if __name__ == "__main__":
    sys.exit(main())
