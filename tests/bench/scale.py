#!/usr/bin/python3
"""A thousand agents on one coordinator, the shipped program: how soon all are back after it was killed, what it has in
memory for them, and how long a plan for all of them takes, from the command to its last line.

    scale.py [--json] [--agents N] [--rounds N] [--build DIRECTORY]

The agents are many in one process; each has its own core, journal, session and CURVE sockets, with their threads. They
share the two cores with the coordinator: on a fleet it would have its own.
"""

import argparse
import pathlib
import signal
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import local  # noqa: E402
import report  # noqa: E402

AGENTS = 1000
ROUNDS = 5
AWAY_SECONDS = 2
# Two rounds of pings both ways.
SETTLE_SECONDS = 12

MANIFEST = """\
metadata: {{name: everywhere, environment: production, version: "1"}}
components:
  - name: page
    hosts: [{hosts}]
    artifact: {{directory: page}}
    service: {{command: [bin/serve]}}
    ports: {{stable: 8000, blue: 8001, green: 8002}}
"""


def storm(coordinator, agents):
    """Seconds from the start of the coordinator's process to the welcome of the last agent."""
    coordinator.end(signal.SIGKILL)
    time.sleep(AWAY_SECONDS)
    began = time.monotonic()
    coordinator.start()
    words = agents.hear_until(lambda heard: heard[0] == "welcomed" and float(heard[1]) / 1000 > began)
    return float(words[1]) / 1000 - began


def write_manifest(place, count):
    program = place / "page/bin/serve"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/true\n", encoding="ascii")
    program.chmod(0o755)
    manifest = place / "deploy.yaml"
    manifest.write_text(MANIFEST.format(hosts=", ".join(f"h{number}" for number in range(1, count + 1))),
                        encoding="ascii")
    return manifest


def plan_seconds(coordinator, manifest, count):
    began = time.monotonic()
    plan = coordinator.run("plan", manifest, "--json")
    took = time.monotonic() - began
    if f'"h{count}"' not in plan:
        raise AssertionError("the plan does not name the last host")
    return took


def measure(options, place, figures):
    with local.Lines([options.build / "tests/bench/bench_raw_curve", options.agents]) as raw:
        raw_connect_ms = float(raw.hear()[1])
    with local.Coordinator(options.build) as coordinator:
        alone_mb = local.resident_mb(coordinator.pid)
        with local.members(coordinator, place / "agents", options.agents) as agents:
            time.sleep(SETTLE_SECONDS)
            memory = [local.resident_mb(coordinator.pid)]
            storms = []
            for number in range(options.rounds):
                storms.append(storm(coordinator, agents))
                print(f"  storm {number + 1}: {storms[-1]:.2f} s", file=sys.stderr)
            time.sleep(SETTLE_SECONDS)
            memory.append(local.resident_mb(coordinator.pid))
            manifest = write_manifest(place, options.agents)
            coordinator.run("plan", manifest, "--json")  # uploads the artifact
            plans = [plan_seconds(coordinator, manifest, options.agents) for _ in range(options.rounds)]
            after_plans_mb = local.resident_mb(coordinator.pid)
    figures.add("connect_storm_s", round(statistics.median(storms), 2), "s", goal="<= 3",
                against=f"raw CURVE: {raw_connect_ms / 1000:.2f} s")
    figures.add("connect_storm_worst_s", round(max(storms), 2), "s")
    figures.add(f"coordinator_mb_per_{options.agents}_agents", round(max(memory), 1), "MB", goal="<= 90",
                against=f"{alone_mb:.1f} MB without agents")
    figures.add(f"plan_{options.agents}_hosts_s", round(statistics.median(plans), 2), "s", goal="<= 1")
    figures.add("coordinator_mb_after_plans", round(after_plans_mb, 1), "MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--build", type=pathlib.Path, default=local.BUILD)
    options = parser.parse_args()
    figures = report.Report("scale")
    with tempfile.TemporaryDirectory(prefix="switchyard-scale-", dir="/var/tmp") as place:
        measure(options, pathlib.Path(place), figures)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
