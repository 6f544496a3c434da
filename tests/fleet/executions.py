"""What was executed, out of the log of `strace -f -y -e trace=execve,execveat -o LOG`.

A call is one line, or two when somebody else's came in between. It may come from a thread, and then ends under the
number of the process; it may name no path but an open file:

    12 execve("/bin/true", ["true"], 0x7ffc /* 3 vars */) = 0
    13 execve("/bin/sh", ["sh"], 0x7ffc /* 3 vars */ <unfinished ...>
    13 <... execve resumed>)             = 0
    14 execveat(3</usr/bin/dash>, "", ["sh"], 0x7ffc /* 0 vars */, AT_EMPTY_PATH) = 0
    16 execve("/bin/sh", ["sh"], 0x7ffc /* 3 vars */ <pid changed to 15 ...>
    15 +++ superseded by execve in pid 16 +++
    15 <... execve resumed>)             = 0

Whoever looks for what must not be executed looks at every attempt. How it ended may never be known, because the tracer
left first; such an attempt counts like one that succeeded. A line that is not understood is an error.

What the kernel itself starts to read a script (`#!/bin/sh`) is no such call, and not in the log.
"""

import dataclasses
import pathlib
import re

# What runs a line of text, or another program that somebody else names.
SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "busybox", "csh", "tcsh", "fish", "env", "xargs",
          "nohup"}
TRACE = ["-f", "-qq", "-y", "-e", "trace=execve,execveat", "-e", "signal=none", "-s", "300"]

TEXT = r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?'
NO_TEXT = r"[^\s,\")]+"  # an address that could not be read, or NULL
CALL = re.compile(
    rf"(?P<process>\d+)\s+(?:execve\(|execveat\((?P<at>AT_FDCWD|-?\d+)(?:<(?P<opened>[^>]*)>(?:\(deleted\))?)?, )"
    rf"(?P<program>{TEXT}|{NO_TEXT}), (?P<words>\[(?:{TEXT}|[^\]\"])*\]|{NO_TEXT})(?P<rest>.*)")
RESUMED = re.compile(r"(?P<process>\d+)\s+<\.\.\. execve(?:at)? resumed>(?P<rest>.*)")
SUPERSEDED = re.compile(r"(?P<process>\d+)\s+\+\+\+ superseded by execve in pid (?P<thread>\d+) \+\+\+")
ENDED = re.compile(r"\d+\s+\+\+\+ (exited with|killed by) .*")
RESULT = re.compile(r"\)\s+= (?P<result>-?\d+.*)$")
MOVED = re.compile(r"<pid changed to (?P<process>\d+) \.\.\.>$")


@dataclasses.dataclass
class Execution:
    """One attempt."""

    process: int
    program: str  # as it was named; of an open file its path; empty: not known
    words: list
    result: str = ""  # "0", "-1 ENOENT (No such file or directory)"; empty: not known

    @property
    def failed(self):
        return self.result.startswith("-")

    @property
    def name(self):
        return pathlib.PurePath(self.program).name

    @property
    def is_shell(self):
        """By what it is, or by what it is called. What is not known is no good news."""
        called = pathlib.PurePath(self.words[0]).name.lstrip("-") if self.words else ""
        return not self.program or self.name in SHELLS or called in SHELLS


def parse(log):
    """The attempts, in the order in which they began."""
    attempts, pending = [], {}
    for line in filter(None, log.split("\n")):
        if found := CALL.fullmatch(line):
            attempt = _begun(found)
            attempts.append(attempt)
            moved = MOVED.search(found["rest"])
            _follow(attempt, found["rest"], int(moved["process"]) if moved else attempt.process, pending)
        elif found := RESUMED.fullmatch(line):
            process = int(found["process"])
            attempt = pending.pop(process, None)
            if attempt is None:
                # It began before anybody watched.
                attempt = Execution(process, "", [])
                attempts.append(attempt)
            _follow(attempt, found["rest"], process, pending)
        elif found := SUPERSEDED.fullmatch(line):
            if int(found["thread"]) in pending:
                pending[int(found["process"])] = pending.pop(int(found["thread"]))
        elif not ENDED.fullmatch(line):
            raise ValueError(f"a line of strace that is not understood: {line}")
    return attempts


def _begun(found):
    # What strace could not read stays unknown.
    program = _plain(found["program"]) if found["program"].startswith('"') else ""
    opened = found["opened"]
    if found["program"] == '""' and found["at"] not in (None, "AT_FDCWD"):
        program = _plain(f'"{opened}"') if opened else f"open file {found['at']}"
    words = [_plain(word) for word in re.findall(TEXT, found["words"])] if found["words"].startswith("[") else []
    return Execution(int(found["process"]), program, words)


def _follow(attempt, rest, process, pending):
    result = RESULT.search(rest)
    if result:
        attempt.result = result["result"]
    else:
        pending[process] = attempt


def _plain(text):
    """Without quotation marks and escapes, as strace writes both."""
    body = text.removesuffix("...")[1:-1]
    return re.sub(r"\\(x[0-9a-f]{2}|[0-7]{1,3}|.)", lambda escape: _character(escape[1]), body)


def _character(escape):
    if escape[0] == "x":
        return chr(int(escape[1:], 16))
    if escape[0] in "01234567":
        return chr(int(escape, 8))
    return {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f"}.get(escape, escape)
