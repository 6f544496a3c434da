#!/usr/bin/python3
"""Style that is executable: include direction, banned calls, heavy headers, stray files.

Every rule prints file:line and what to do. The last line counts; the exit status is 1 when a rule is broken.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "simulation"))
import named_tests  # noqa: E402  (it is beside this file)
import planted_table  # noqa: E402  (found by the line above)

# A folder may include itself and what is named here: arrows point downward only. The longest prefix counts.
COMMON = ["common"]
PROTOCOL = COMMON + ["protocol"]
MODEL = PROTOCOL + ["coordinator/access", "coordinator/model"]
AGENT_SYSTEM = PROTOCOL + ["agent/system", "agent/executors/executor.hpp"]
MAY_INCLUDE = {
    "common": [],
    "protocol": COMMON,
    "agent/core": PROTOCOL,
    "agent/journal": PROTOCOL + ["agent/core"],
    "agent/system": AGENT_SYSTEM,
    "agent/probes": AGENT_SYSTEM + ["agent/executors"],
    "agent/executors": AGENT_SYSTEM + ["agent/probes"],
    "agent/inventory": AGENT_SYSTEM + ["agent/executors"],
    "agent/link": PROTOCOL + ["agent"],
    "coordinator/access": COMMON,
    "coordinator/model": PROTOCOL + ["coordinator/access"],
    "coordinator/artifact": PROTOCOL,
    "coordinator/templates": COMMON,
    "coordinator/config": MODEL + ["coordinator/templates"],
    "coordinator/planner": MODEL,
    "coordinator/engine": MODEL,
    "coordinator/forecast": MODEL + ["coordinator/planner", "coordinator/engine"],
    "coordinator/store": MODEL,
    "coordinator/fleet": MODEL + ["coordinator/artifact", "coordinator/planner", "coordinator/engine", "coordinator/forecast",
                                  "coordinator/store"],
    "coordinator/api": MODEL + ["coordinator/planner", "coordinator/forecast", "coordinator/store", "coordinator/fleet"],
    "coordinator": PROTOCOL + ["coordinator"],
    "cli": MODEL + ["coordinator/artifact", "coordinator/planner", "coordinator/templates", "coordinator/config"],
}

# A heavy library is included in one place, so that the others neither pay for it nor depend on it.
HEAVY = [
    (r"<msgpack", ["protocol/pack"]),
    (r"<zmq", ["protocol/zmq_"]),
    (r"<spdlog", ["common/log.cpp"]),
    (r"<sqlite3", ["coordinator/store/"]),
    (r"<yaml-cpp", ["common/yaml_"]),
    (r"<CLI/", ["cli/"]),
    (r"<curl/", ["cli/"]),
    (r"<nlohmann", ["coordinator/store/", "coordinator/api/", "coordinator/templates/", "cli/"]),
    (r"<boost/beast", ["coordinator/api/", "agent/probes/"]),
    (r"<boost/asio", ["common/", "coordinator/api/", "agent/probes/"]),
    (r"<systemd/sd-bus", ["agent/system/"]),
    (r"<archive", ["agent/executors/", "coordinator/artifact/"]),
]

# Decisions read no clock, no disk and no network.
PURE = ["agent/core/", "coordinator/access/", "coordinator/engine/", "coordinator/forecast/", "coordinator/planner/", "coordinator/model/",
        "coordinator/config/"]
IMPURE = re.compile(r"#include <(chrono|thread|mutex|fstream|iostream|sys/|unistd|fcntl|boost|nlohmann|zmq|sqlite3)")

SLEEPS = re.compile(r"sleep_for|sleep_until|\b(u|nano|clock_nano)sleep\(|(?<![\w_])sleep\(")
# What no clock of ours moves is waited for here, and nowhere else.
REAL_TIME = "tests/support/real_time.hpp"

BANNED = [
    (re.compile(r"(?<![\w:.>])(std::)?system\("), "no shell: use posix_spawn with an argument list", ["common", "protocol", "agent", "coordinator", "cli"]),
    (re.compile(r"\bpopen\("), "no shell: use posix_spawn with an argument list", ["common", "protocol", "agent", "coordinator", "cli"]),
    (re.compile(r"(?<![\w_.>])v?fork\("), "never fork: posix_spawn or a systemd unit", ["common", "protocol", "agent", "coordinator", "cli"]),
    (SLEEPS, f"no sleeping: a timer of the loop, or a wait with a deadline; in tests see {REAL_TIME}",
     ["common", "agent/core", "coordinator", "cli", "tests/unit", "tests/support", "tests/contract", "tests/simulation"]),
    (re.compile(r"std::cout|std::cerr"), "output belongs to the command line programs and the log", ["common", "protocol", "agent/core", "agent/executors", "agent/system", "coordinator/engine", "coordinator/planner", "coordinator/store", "coordinator/fleet"]),
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "do the thing instead of promising it", [""]),
]


def tracked(*suffixes):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [pathlib.Path(line) for line in out.splitlines() if line.endswith(suffixes) and (ROOT / line).exists()]


def folder_rule(path):
    text = path.as_posix()
    fits = [prefix for prefix in MAY_INCLUDE if text.startswith(prefix + "/")]
    return max(fits, key=len) if fits else None


def check_includes(path, lines, report):
    rule = folder_rule(path)
    for number, line in enumerate(lines, 1):
        found = re.match(r'#include "([^"]+)"', line)
        if not found or rule is None:
            continue
        target = found.group(1)
        if not (ROOT / target).exists():
            if "build" not in target and not target.endswith((".inc", "generated.hpp")):
                report(path, number, f'"{target}" is not a path from the root of the tree')
            continue
        allowed = [rule] + MAY_INCLUDE[rule]
        if not any(target == prefix or target.startswith(prefix + "/") for prefix in allowed):
            report(path, number, f'{rule} must not include "{target}": arrows point downward (see docs/ARCHITECTURE.md)')


def check_heavy(path, lines, report):
    if path.parts[0] in ("tests", "examples"):
        return
    for number, line in enumerate(lines, 1):
        if not line.startswith("#include <"):
            continue
        for pattern, places in HEAVY:
            if re.search(pattern, line) and not any(path.as_posix().startswith(place) for place in places):
                report(path, number, f"{line.strip()} belongs in {' or '.join(places)} only")
        if any(path.as_posix().startswith(place) for place in PURE) and IMPURE.match(line) and path.suffix in (".cpp", ".hpp"):
            report(path, number, f"{line.strip()}: this folder decides and touches nothing")


def check_banned(path, lines, report):
    if path == pathlib.Path("tests/tidy/tidy.py"):
        return
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0] if path.suffix in (".cpp", ".hpp") else line
        for pattern, advice, places in BANNED:
            if pattern is SLEEPS and path.as_posix() == REAL_TIME:
                continue
            text = line if "TODO" in pattern.pattern else code
            if any(path.as_posix().startswith(place) for place in places) and pattern.search(text):
                report(path, number, f"'{pattern.search(text).group(0)}': {advice}")


def check_built(path, report):
    """Every source file is named in a CMakeLists.txt of its folder or of one above it."""
    folder = path.parent
    while True:
        lists = ROOT / folder / "CMakeLists.txt"
        if lists.exists() and path.relative_to(folder).as_posix() in lists.read_text():
            return
        if folder == pathlib.Path("."):
            break
        folder = folder.parent
    report(path, 1, "no CMakeLists.txt builds this file")


def main():
    broken = []
    checked = 0

    def report(path, line, text):
        broken.append(f"{path}:{line}: {text}")

    for path in tracked(".cpp", ".hpp"):
        lines = (ROOT / path).read_text(errors="replace").splitlines()
        checked += 1
        check_includes(path, lines, report)
        check_heavy(path, lines, report)
        check_banned(path, lines, report)
        if path.suffix == ".cpp":
            check_built(path, report)
        for number, line in enumerate(lines, 1):
            if len(line) > 120:
                report(path, number, f"{len(line)} columns; clang-format keeps 120")
        if path.suffix == ".hpp" and "#pragma once" not in lines[:40]:
            report(path, 1, "#pragma once is missing")
    for path in tracked(".py", ".sh") + [p for p in tracked("") if p.parts[0] in ("script", ".ci")]:
        check_banned(path, (ROOT / path).read_text(errors="replace").splitlines(), report)
    named_tests.check(report)
    for text in planted_table.disagreements():
        report("docs/RELIABILITY.md", 1, text)
    for line in broken:
        print(line)
    print(f"{checked} files checked, {len(broken)} rules broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
