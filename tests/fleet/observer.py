#!/usr/bin/python3
"""Finds out what really serves on the hosts of a fleet, by asking systemd, /proc, the ports and the bytes
of the release directories. It never asks Switchyard and reads none of its files.

    observer.py --name FLEET --components components.json [--releases VERSION=DIR …] [--ids ids.tsv]

components.json names what to look at:

    {"api": {"hosts": ["h1", "h2"], "units": ["api@blue.service", "api@green.service"],
             "port": 8080, "version_path": "/version"}}

`port` is the stable one that clients use; with `version_path` the process behind it is asked for its
number. Without it (a database) the process that listens there is looked up. --releases names directories
(each with one directory per component) so that a digest found on a host gets a version's name.

The last line is JSON. `mixed` counts the components × hosts that do not serve the version that most of
them serve; what cannot be found out counts as different. With --ids (from load.py) the requests that the
clients counted are looked up in the journals of the services.
"""

import argparse
import collections
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import CommandFailed, Fleet  # noqa: E402

# A release directory, as it appears in the path or the arguments of a process that runs from it.
RELEASE_DIRECTORY = re.compile(r"(/[^\s=]*/releases/[^/\s]+)")
REQUEST_LINE = re.compile(r"^request id=(\S+) ")


@dataclasses.dataclass(frozen=True)
class Component:
    name: str
    hosts: list
    units: list
    port: int
    version_path: str = ""


# What the bytes are ----------------------------------------------------------------------------------

def digest_of_directory(directory):
    """SHA-256 over names, bytes and executability of the regular files. Links are left out: a deployment
    adds some (to shared/), and owners and times are its own affair."""
    lines = []
    for path in sorted(pathlib.Path(directory).rglob("*"), key=lambda path: bytes(path.relative_to(directory))):
        if path.is_file() and not path.is_symlink():
            executable = "x" if path.stat().st_mode & 0o100 else "-"
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{content} {executable} {path.relative_to(directory)}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# The same, with the tools that every host has.
DIGEST_SCRIPT = """
cd "$1" || exit 1
find . -type f -printf '%P\\0' | LC_ALL=C sort -z | while IFS= read -r -d '' name; do
  content=$(sha256sum <"$name")
  [ -n "$(find "./$name" -perm -u+x)" ] && mark=x || mark=-
  printf '%s %s %s\\n' "${content%% *}" "$mark" "$name"
done | sha256sum
"""


def digest_on_host(host, directory):
    return host.run(["bash", "-c", DIGEST_SCRIPT, "bash", directory]).split()[0]


# What serves -----------------------------------------------------------------------------------------

def observe(fleet, components, releases=None):
    """`releases`: version → directory with one directory per component."""
    versions = {component.name: {} for component in components}
    for version, directory in (releases or {}).items():
        for component in components:
            tree = pathlib.Path(directory, component.name)
            if tree.is_dir():
                versions[component.name].setdefault(digest_of_directory(tree), []).append(version)
    report = {}
    for component in components:
        report[component.name] = {}
        for name in component.hosts:
            seen = observe_one(fleet, fleet[name], component)
            seen["versions"] = versions[component.name].get(seen.get("digest"), [])
            report[component.name][name] = seen
    return {"components": report, **_compare(report, bool(releases))}


def observe_one(fleet, host, component):
    """One component on one host; what could not be found out is absent, and `fault` says why."""
    if not host.is_running():
        return {"fault": "the host is down"}
    try:
        seen = {"units": {unit: unit_state(host, unit) for unit in component.units}}
        process_id = serving_process(fleet, host, component, seen)
        seen["pid"] = process_id
        seen["unit"] = unit_of_process(host, process_id)
        seen["release_directory"] = release_directory(host, process_id)
        seen["digest"] = digest_on_host(host, seen["release_directory"])
        return seen
    except (CommandFailed, LookupError, RuntimeError, ValueError) as error:
        return {**locals().get("seen", {}), "fault": str(error)}


def unit_state(host, unit):
    text = host.run(["systemctl", "show", unit, "--property",
                     "ActiveState,SubState,UnitFileState,MainPID,InvocationID,NRestarts"])
    values = dict(line.split("=", 1) for line in text.splitlines())
    return {"active": values["ActiveState"], "sub": values["SubState"], "enabled": values["UnitFileState"],
            "main_pid": int(values["MainPID"]), "invocation": values.get("InvocationID", ""),
            "restarts": int(values.get("NRestarts", 0) or 0)}


def serving_process(fleet, host, component, seen):
    """The number, as the host counts, of the process that answers on the stable port."""
    if component.version_path:
        url = f"http://{host.address}:{component.port}{component.version_path}"
        answer = fleet.run_outside(["curl", "--silent", "--show-error", "--max-time", "5", url], timeout=15)
        seen["answer"] = json.loads(answer)
        return int(seen["answer"]["pid"])
    listening = host.run(["ss", "-Hltnp", f"sport = :{component.port}"])
    found = sorted(set(map(int, re.findall(r"pid=(\d+)", listening))))
    if not found:
        raise LookupError(f"nobody listens on port {component.port}")
    return found[0]


def unit_of_process(host, process_id):
    return host.run(["ps", "-o", "unit=", "-p", str(process_id)]).strip()


def release_directory(host, process_id):
    """Where the process runs from: by its program, its working directory, or its arguments."""
    script = 'readlink "/proc/$1/exe" "/proc/$1/cwd"; tr "\\0" "\\n" <"/proc/$1/cmdline"'
    for line in host.run(["sh", "-c", script, "sh", str(process_id)]).splitlines():
        found = RELEASE_DIRECTORY.search(line)
        if found:
            return host.run(["readlink", "-e", found.group(1)]).strip()
    raise LookupError(f"process {process_id} does not run from a release directory")


def _compare(report, by_version):
    """A version is what its digest is called. Without names, each component is compared with itself."""
    cells = [(component, seen) for component, hosts in report.items() for seen in hosts.values()]
    if by_version:
        counts = collections.Counter(version for _, seen in cells for version in seen["versions"])
        # Several versions may share all the bytes of a component; ties go to the newer name.
        majority = max(counts, key=lambda version: (counts[version], _order(version)), default=None)
        return {"version": majority, "mixed": sum(majority not in seen["versions"] for _, seen in cells)}
    mixed = 0
    for hosts in report.values():
        counts = collections.Counter(seen.get("digest") for seen in hosts.values())
        majority = max((digest for digest in counts if digest), key=counts.get, default=None)
        mixed += sum(count for digest, count in counts.items() if digest is None or digest != majority)
    return {"version": None, "mixed": mixed}


def _order(version):
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


# What the servers logged -----------------------------------------------------------------------------

def compare_logs(fleet, component, records):
    """`records`: (request id, failed?) of the clients. Every request that a client saw answered must be in
    the logs of the component's hosts exactly once; a failed one may be there once or not at all."""
    logged = collections.Counter()
    for name in component.hosts:
        for unit in component.units:
            for line in fleet[name].read_journal(unit).splitlines():
                found = REQUEST_LINE.match(line)
                if found:
                    logged[found.group(1)] += 1
    answered = [request_id for request_id, failed in records if not failed]
    return {"answered": len(answered),
            "logged": sum(1 for request_id, _ in records if logged[request_id]),
            "missing": [request_id for request_id in answered if not logged[request_id]][:20],
            "twice": [request_id for request_id, _ in records if logged[request_id] > 1][:20]}


def read_ids(path):
    """(request id, failed?) from the file that load.py wrote."""
    with open(path, encoding="ascii") as file:
        next(file)
        return [(fields[0], bool(fields[4])) for fields in (line.rstrip("\n").split("\t") for line in file)]


def read_components(path):
    described = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    return [Component(name=name, **fields) for name, fields in described.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--name", default="fleet", help="of the fleet")
    parser.add_argument("--components", required=True)
    parser.add_argument("--releases", nargs="*", default=[], metavar="VERSION=DIR")
    parser.add_argument("--ids")
    options = parser.parse_args()
    fleet = Fleet.open(options.name)
    components = read_components(options.components)
    report = observe(fleet, components, dict(pair.split("=", 1) for pair in options.releases))
    if options.ids:
        records = read_ids(options.ids)
        report["logs"] = {component.name: compare_logs(fleet, component, records)
                          for component in components if component.version_path}
    print(json.dumps(report))
    return 0 if report["mixed"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
