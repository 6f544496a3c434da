#!/usr/bin/python3
"""Nothing grows: the memory of coordinator and agents over many deployments, and over many dials of agents that nobody
has enrolled. The coordinator is the shipped program; the agents are real ones, many in one process, whose systemd and
switch are kept in memory (tests/bench/local_host.hpp).

    leak.py [--deployments N] [--refusals N] [--build DIRECTORY]

The first part of each is not judged: caches, pools and bounded books fill up. From there to the end nothing may grow by
more than the margins below, which are far below what one forgotten object each time would come to. What grows is the
slope of a line through many looks (Theil and Sen's: the median of the slopes between any two of them), so that a single
look at a bad moment changes nothing. Nor may there be many more open files or threads in the second half of the looks
than in the first.
"""

import argparse
import itertools
import pathlib
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))

import local  # noqa: E402

DEPLOYMENTS = 1_000
REFUSALS = 10_000
# Not judged: of the deployments this share, and of the refusals so many of each stranger.
WARM_SHARE = 0.3
WARM_REFUSALS = 30
# What one of them may leave behind, on the average of those that are judged.
COORDINATOR_BYTES_PER_DEPLOYMENT = 2_048
AGENT_BYTES_PER_DEPLOYMENT = 1_024
COORDINATOR_BYTES_PER_REFUSAL = 128
AGENT_BYTES_PER_REFUSAL = 512
# What an allocator keeps or gives back from one moment to the next, over all that is judged.
NOISE_KIB = 1_024
# Open files and threads come and go with what is under way; one that is left behind each time would be hundreds.
SPARE = 50
# So many times memory is looked at, evenly over what is judged.
LOOKS = 12

AGENTS = 4
# The old slots go after a second.
RETIRE_SECONDS = 3
NAMES = ("cart", "feed", "mail", "shop")
STRANGERS = 300
# Nothing that is measured here needs a disk.
PLACE = "/dev/shm"
STRANGER_SECONDS = 240

MANIFEST = """\
metadata: {{name: {name}, environment: production, version: "{version}"}}
components:
  - name: {name}
    hosts: [{hosts}]
    artifact: {{directory: release}}
    service: {{command: [bin/serve]}}
    ports: {{stable: {port}, blue: {blue}, green: {green}}}
deployment_settings: {{watch_seconds: 0, keep_old_seconds: 1, health_checks_enabled: false}}
"""


class Deployer:
    """Deploys one component again and again, each time another release of twenty files."""

    def __init__(self, coordinator, place, number):
        self._coordinator = coordinator
        self._name = NAMES[number]
        self._port = 8000 + 10 * number
        self._place = place / self._name
        program = self._place / "release/bin/serve"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/true\n", encoding="ascii")
        program.chmod(0o755)
        for file in range(20):
            (self._place / f"release/file-{file}").write_text(f"{file}\n" * 200, encoding="ascii")

    def deploy(self, version):
        (self._place / "release/VERSION").write_text(f"{version}\n", encoding="ascii")
        manifest = self._place / "deploy.yaml"
        manifest.write_text(MANIFEST.format(
            name=self._name, version=version, hosts=", ".join(f"h{each}" for each in range(1, AGENTS + 1)),
            port=self._port, blue=self._port + 1, green=self._port + 2), encoding="ascii")
        self._coordinator.run("--json", "deploy", "start", manifest)


def open_files(process):
    return len(list(pathlib.Path(f"/proc/{process}/fd").iterdir()))


def threads(process):
    return len(list(pathlib.Path(f"/proc/{process}/task").iterdir()))


class Watched:
    """Processes that are looked at again and again, while they do what may not make them grow."""

    def __init__(self, **processes):
        self._processes = processes
        self._looks = {name: [] for name in processes}

    def look(self, done):
        """`done` deployments or refusals have been, since the first look or before it."""
        for name, process in self._processes.items():
            self._looks[name].append((done, local.private_kib(process), open_files(process), threads(process)))

    def judge(self, what, bounds):
        """True when nothing grew too much. Says what was measured."""
        good = True
        for name, looks in self._looks.items():
            count = looks[-1][0] - looks[0][0]
            slope = statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.combinations(looks, 2))
            bound = NOISE_KIB / count + bounds[name] / 1024
            grows = slope > bound
            # Of things that come and go, the many looks show the usual number.
            half = len(looks) // 2
            kept = {kind: (statistics.median_low(look[at] for look in looks[:half]),
                           statistics.median_low(look[at] for look in looks[half:]))
                    for kind, at in (("open files", 2), ("threads", 3))}
            stays = all(after <= before + SPARE for before, after in kept.values())
            print(f"  {name}: {looks[0][1]} KiB, after {count} more {what} {looks[-1][1]} KiB: {slope * 1024:+.0f} bytes"
                  f" each (at most {bound * 1024:+.0f}){'  GROWS' if grows else ''}; "
                  + ", ".join(f"{after} {kind}" + ("" if after <= before + SPARE else f", {before} before  GROW")
                              for kind, (before, after) in kept.items()), flush=True)
            good = good and stays and not grows
        return good


def over_deployments(build, count, place):
    warm = int(count * WARM_SHARE)
    with local.Coordinator(build, PLACE) as coordinator, local.members(coordinator, place / "agents",
                                                                       AGENTS) as agents:
        watched = Watched(coordinator=coordinator.pid, agents=agents.pid)
        deployers = [Deployer(coordinator, place, number) for number in range(len(NAMES))]
        version = 0

        # One after another: of two at a time on one host, the one has the other wait while it dials anew.
        def deploy(number):
            nonlocal version
            for _ in range(number):
                version += 1
                deployers[version % len(deployers)].deploy(version)
            time.sleep(RETIRE_SECONDS)

        began = time.monotonic()
        deploy(warm)
        watched.look(version)
        for look in range(1, LOOKS):
            deploy(warm + (count - warm) * look // (LOOKS - 1) - version)
            watched.look(version)
        print(f"  {count} deployments to {AGENTS} agents in {time.monotonic() - began:.0f} s")
        # The agents' process is all four.
        return watched.judge("deployments", {"coordinator": COORDINATOR_BYTES_PER_DEPLOYMENT,
                                             "agents": AGENT_BYTES_PER_DEPLOYMENT * AGENTS})


def over_refusals(build, count, place):
    with local.Coordinator(build, PLACE) as coordinator, local.Lines(
            [coordinator.build / "tests/bench/bench_agents", place / "strangers", "strangers", STRANGERS]) as strangers:
        strangers.say(coordinator.new_enrolment())
        strangers.say("")
        watched = Watched(coordinator=coordinator.pid, refused_agents=strangers.pid)

        def wait_for(number):
            words = strangers.hear_until(lambda heard: heard[0] == "refused" and int(heard[2]) >= number,
                                         STRANGER_SECONDS)
            return int(words[2])

        began = time.monotonic()
        first = last = wait_for(STRANGERS * WARM_REFUSALS)
        watched.look(first)
        for look in range(1, LOOKS):
            last = wait_for(max(first + count * look // (LOOKS - 1), last + 1))
            watched.look(last)
        print(f"  {last} dials of {STRANGERS} agents that nobody enrolled, turned away in "
              f"{time.monotonic() - began:.0f} s")
        bounds = {"coordinator": COORDINATOR_BYTES_PER_REFUSAL, "refused_agents": AGENT_BYTES_PER_REFUSAL}
        return watched.judge("refusals", bounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--deployments", type=int, default=DEPLOYMENTS)
    parser.add_argument("--refusals", type=int, default=REFUSALS)
    parser.add_argument("--build", type=pathlib.Path, default=local.ROOT / "build/bench")
    options = parser.parse_args()
    good = True
    for part, count in ((over_refusals, options.refusals), (over_deployments, options.deployments)):
        if count == 0:
            continue
        with tempfile.TemporaryDirectory(prefix="switchyard-leak-", dir=PLACE) as place:
            good = part(options.build, count, pathlib.Path(place)) and good
    print("nothing grows" if good else "something grows")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
