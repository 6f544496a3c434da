#!/usr/bin/python3
"""What the agent and the coordinator cost while nothing happens: memory, and processor time by the scheduler's own
accounts. The agent is compared with a bare process: the same libraries, one idle CURVE connection.

    footprint.py [--json] [--seconds N]      how long idleness is watched (600)
    footprint.py --gate                      a minute, and goals with a margin: for every day
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fleet")]

import product  # noqa: E402
import report  # noqa: E402
import sample  # noqa: E402
from harness import CannotRun, Fleet, processes, requirements  # noqa: E402

BARE = HERE.parents[1] / "build/bench/tests/bench/bench_bare_dealer"
BARE_PROGRAM = "bench_bare_dealer"
BARE_PORT = 7500
SETTLE_SECONDS = 20
SECONDS = 600
GATE_SECONDS = 60
# In per cent, of what --gate lets pass: what is loaded differs a little from run to run; and of a minute a few pings are
# much, on a machine that does other things besides.
GATE_MEMORY_MARGIN = 10
GATE_TIME_MARGIN = 50


def needed_libraries(program):
    listing = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    return sorted(line.split("[")[1].rstrip("]\n") for line in listing.splitlines() if "(NEEDED)" in line)


class Process:
    def __init__(self, process_id):
        self._place = pathlib.Path(f"/proc/{process_id}")

    def memory_mb(self):
        """(resident, private) in MB of 1024 KiB."""
        values = {}
        for line in (self._place / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
            name, _, rest = line.partition(":")
            values[name] = int(rest.split()[0])
        return values["Rss"] / 1024, (values["Private_Clean"] + values["Private_Dirty"]) / 1024

    def on_processor_ns(self):
        return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0])
                   for task in (self._place / "task").iterdir())


def check_fairness(fleet):
    """The bare process must load what the agent loads, else the comparison says nothing."""
    agent = fleet["h1"].root / "usr/bin/switchyard-agent"
    bare = [name for name in needed_libraries(BARE) if name != "libm.so.6"]
    if bare != [name for name in needed_libraries(agent) if name != "libm.so.6"]:
        raise AssertionError(f"the bare process needs {bare}, the agent {needed_libraries(agent)}")


def start_bare(fleet):
    """One end on the coordinator's host, the other, which is measured, on h1: as the agent."""
    coordinator, h1 = fleet[product.COORDINATOR_HOST], fleet["h1"]
    for host in (coordinator, h1):
        host.copy_in(BARE, f"/usr/local/bin/{BARE_PROGRAM}")
    coordinator.run(["systemd-run", "--quiet", "--unit=bare", f"/usr/local/bin/{BARE_PROGRAM}", "listen",
                     f"tcp://0.0.0.0:{BARE_PORT}"])
    key = processes.wait_until(lambda: coordinator.read_journal("bare").strip().splitlines()[-1:], 10)
    key = [line for line in coordinator.read_journal("bare").splitlines() if len(line) == 40][-1]
    h1.run(["systemd-run", "--quiet", "--unit=bare", f"/usr/local/bin/{BARE_PROGRAM}", "dial",
            f"tcp://{coordinator.address}:{BARE_PORT}", key])


def with_margin(bound, percent):
    return f"<= {round(bound * (100 + percent) / 100, 6):g}"


def measure(fleet, seconds, figures, gate):
    memory, idleness = (GATE_MEMORY_MARGIN, GATE_TIME_MARGIN) if gate else (0, 0)
    installed = product.Product(fleet)
    installed.install()
    check_fairness(fleet)
    start_bare(fleet)
    time.sleep(SETTLE_SECONDS)

    agent = Process(installed.process_of(fleet["h1"], product.AGENT_PROGRAM))
    bare = Process(installed.process_of(fleet["h1"], BARE_PROGRAM))
    coordinator = Process(installed.process_of(installed.coordinator, product.COORDINATOR_PROGRAM))
    before, began = [each.on_processor_ns() for each in (agent, bare)], time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    idle, idle_bare = [(each.on_processor_ns() - then) / 1e9 / passed for each, then in zip((agent, bare), before)]

    (rss, private), (bare_rss, bare_private) = agent.memory_mb(), bare.memory_mb()
    figures.add("agent_rss_mb", round(rss, 2), "MB", goal=with_margin(12, memory), against=round(bare_rss, 2))
    figures.add("agent_rss_vs_bare", round(rss / bare_rss, 3), "ratio", goal=with_margin(1.25, memory))
    figures.add("agent_private_mb_over_bare", round(private - bare_private, 2), "MB", goal=with_margin(2, memory),
                against=round(bare_private, 2))
    figures.add("agent_idle_cores", round(idle, 6), "cores", goal=with_margin(0.0003, idleness),
                against=round(idle_bare, 6))
    if gate:
        return
    deploy_something(installed)
    # What its work made it touch stays mapped; nearly all of it are pages of libraries, which others share.
    (rss, private) = agent.memory_mb()
    figures.add("agent_rss_after_deployment_mb", round(rss, 2), "MB", goal="<= 12", against=round(bare_rss, 2))
    figures.add("agent_rss_after_deployment_vs_bare", round(rss / bare_rss, 3), "ratio", goal="<= 1.25")
    figures.add("agent_private_after_deployment_mb", round(private, 2), "MB")
    figures.add("coordinator_rss_mb", round(coordinator.memory_mb()[0], 2), "MB")


def deploy_something(installed):
    with tempfile.TemporaryDirectory() as place:
        directory = sample.write_release(place, "1.0.0", [sample.Component()])
        installed.deploy(installed.provide(directory) + "/deploy.yaml")
    time.sleep(SETTLE_SECONDS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--gate", action="store_true")
    options = parser.parse_args()
    seconds = options.seconds or (GATE_SECONDS if options.gate else SECONDS)
    figures = report.Report("footprint")
    try:
        product.require_packages()
        with Fleet("footprint", hosts=["h1", "h2", product.COORDINATOR_HOST]) as fleet:
            measure(fleet, seconds, figures, options.gate)
    except CannotRun as error:
        print(f"script/bench footprint: {error}", file=sys.stderr)
        return requirements.EXIT_STATUS
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
