#!/usr/bin/python3
"""A coordinator that was away for a minute, in the middle of a deployment to 50 hosts: how long after its port is bound
each agent is back, and how long until the deployment goes on.

    outage.py [--json] [--hosts N] [--rounds N] [--seconds N]

Every host is a test host with a systemd and an agent of its own. The coordinator is killed while all hosts prepare, and
stays away until they are done, which nobody has heard; what it must do when it is back is to switch.
"""

import argparse
import json
import os
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

HOSTS, ROUNDS, SECONDS = 50, 3, 65
# A new slot is healthy only after this time: before the coordinator is back, and after it is gone.
SLOW_SECONDS = 40
END_SECONDS = 180

# Says when it could connect for the first time, by the machine's clock, which is the hosts' too.
WATCH_PORT = """
import socket, sys, time
print("ready", flush=True)
while True:
    try:
        socket.create_connection((sys.argv[1], 7400), 0.5).close()
        break
    except OSError:
        time.sleep(0.002)
print(time.time(), flush=True)
"""


class Outages:
    def __init__(self, fleet, place, options, say):
        self.product = product.Product(fleet)
        self.fleet, self.place, self.options, self.say = fleet, place, options, say
        # In batches, because 50 hosts that start something at once are too much for one machine's processors.
        self.component = sample.Component("sample", [host.name for host in self.product.hosts],
                                          extra="strategy: rolling\nmax_parallel: 10\n")
        self.back_ms, self.on_ms, self.ended_ms = [], [], []

    def release(self, version, **options):
        settings = "watch_seconds: 0\nprepare_seconds: 300\nconfirm_seconds: 60\n"
        return self.product.provide(sample.write_release(self.place, version, [self.component], settings=settings,
                                                         deadline=240, **options)) + "/deploy.yaml"

    def run(self):
        self.product.install()
        self.say(f"{len(self.product.hosts)} agents are connected")
        first = self.product.start(self.release("1.0.0"))
        self.expect(first, "done")
        for number in range(1, self.options.rounds + 1):
            self.outage(f"2.{number}.0")

    def expect(self, deployment, state):
        ended = self.product.wait_for_end(deployment, END_SECONDS)
        if ended["state"] != state:
            raise AssertionError(f"deployment {deployment} is {ended['state']}: {ended['reason']}")

    def outage(self, version):
        coordinator = self.product.coordinator
        deployment = self.product.start(self.release(version, slow={"sample": SLOW_SECONDS}))
        self.product.wait_for_state(deployment, "preparing")
        wanted = len(self.product.hosts)
        begun = lambda: len({entry["host"] for entry in self.product.timeline(deployment)  # noqa: E731
                             if entry["text"].startswith("check sample") or entry["text"].startswith("check quick")})
        if not processes.wait_until(lambda: begun() == wanted, SLOW_SECONDS, pause=1):
            raise AssertionError(f"only {begun()} of {wanted} hosts began to check the new slot in time")
        os.kill(self.product.process_of(coordinator, product.COORDINATOR_PROGRAM), 9)
        coordinator.run(["systemctl", "stop", "switchyard-coordinator"])
        time.sleep(self.options.seconds)
        watch = self.fleet.start_outside([sys.executable, "-c", WATCH_PORT, coordinator.address],
                                         stdout=subprocess.PIPE, text=True)
        watch.stdout.readline()
        since = time.time()
        coordinator.run(["systemctl", "start", "switchyard-coordinator"])
        bound = float(watch.stdout.readline())
        watch.wait(10)
        watch.stdout.close()
        self.expect(deployment, "done")
        back = self.connected_at(since)
        if len(back) != wanted:
            raise AssertionError(f"only {len(back)} of {wanted} agents came back")
        states = {entry["state"]: entry["wall_ms"] for entry in self.product.timeline(deployment)
                  if entry["what"] == "state"}
        self.back_ms += [(moment - bound) * 1000 for moment in back.values()]
        self.on_ms.append(states["swapping"] - bound * 1000)
        self.ended_ms.append(states["done"] - bound * 1000)
        self.say(f"outage of {bound - since + self.options.seconds:.0f} s: the last agent is back after "
                 f"{max(self.back_ms[-wanted:]):.0f} ms, all switch after {self.on_ms[-1]:.0f} ms, "
                 f"done after {self.ended_ms[-1]:.0f} ms")

    def connected_at(self, since):
        """host → when the coordinator first took its agent in again."""
        moments = {}
        for line in self.product.coordinator.read_journal("switchyard-coordinator", output="json",
                                                          since=f"@{int(since)}").splitlines():
            entry = json.loads(line)
            message, moment = str(entry.get("MESSAGE", "")), int(entry["__REALTIME_TIMESTAMP"]) / 1e6
            if "agent connected" in message and moment >= since:
                words = dict(word.split("=", 1) for word in message.split() if "=" in word)
                moments.setdefault(words["host"].strip('"'), moment)
        return moments


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hosts", type=int, default=HOSTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    options = parser.parse_args()
    say = (lambda _: None) if options.json else (lambda text: print(f"  {text}", flush=True))
    figures = report.Report("outage")
    try:
        product.require_packages()
        names = [f"h{number}" for number in range(1, options.hosts + 1)]
        with tempfile.TemporaryDirectory() as place, Fleet("outage", hosts=[*names, product.COORDINATOR_HOST]) as fleet:
            outages = Outages(fleet, place, options, say)
            outages.run()
    except CannotRun as error:
        print(f"script/bench outage: {error}", file=sys.stderr)
        return requirements.EXIT_STATUS
    figures.add("agents_back_ms_p99", round(report.percentile(outages.back_ms, 99)), "ms", goal="<= 2000",
                against=f"{options.hosts} hosts x {options.rounds}")
    figures.add("agents_back_ms_median", round(report.percentile(outages.back_ms, 50)), "ms")
    figures.add("deployment_goes_on_ms_max", round(max(outages.on_ms)), "ms", goal="<= 2000")
    figures.add("deployment_done_ms_max", round(max(outages.ended_ms)), "ms")
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
