#!/usr/bin/python3
"""What people wait for, on 50 hosts: a plan, a changed configuration, the way back, a report, news; and what stands
behind them: renderings of templates.

    plan.py [--json] [--hosts N] [--rounds N] [--build DIRECTORY]

The coordinator and the command line are the shipped programs on loopback, each figure is from the command to its end.
The agents are real ones, many in one process that shares the processors with the coordinator; their systemd and switch
are kept in memory (tests/bench/local_host.hpp). How long a switch takes on real hosts is measured by `swap`.

Goals: validating 2 minutes, going back 5, an environment 3, a report 1, news 30 s were asked for; ours are a hundredth
of that or less, of a report a 60th and of an environment a 36th.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import local  # noqa: E402
import report  # noqa: E402

HOSTS = 50
ROUNDS = 5
SETTLE_SECONDS = 12
# Of a follower's request, far above what news takes.
WAIT_MS = 10_000

MANIFEST = """\
metadata: {{name: shop, environment: production, version: "{version}"}}
components:
  - name: shop
    hosts: [{hosts}]
    artifact: {{directory: release}}
    service: {{command: [bin/serve], configuration: {{format: json, file: settings.json}}}}
    ports: {{stable: 8000, blue: 8001, green: 8002}}
deployment_settings: {{watch_seconds: 0, keep_old_seconds: 600, health_checks_enabled: false}}
"""
ENVIRONMENT = "variables:\n  greeting: \"hello {number}\"\n"
SERVER = """\
name: shop
base_config: {port: 8000}
templates: {greeting: "{{ env.greeting }} from {{ environment }}"}
"""


class Shop:
    """One component on every host, its release and its configuration."""

    def __init__(self, coordinator, place, hosts):
        self._coordinator, self._place = coordinator, place
        self._hosts = ", ".join(f"h{number}" for number in range(1, hosts + 1))
        self.manifest = place / "deploy.yaml"
        self._config = place / "config"
        for folder in ("config/environments", "config/servers", "release/bin"):
            (place / folder).mkdir(parents=True)
        (self._config / "servers/shop.yaml").write_text(SERVER, encoding="ascii")
        program = place / "release/bin/serve"
        program.write_text("#!/bin/true\n", encoding="ascii")
        program.chmod(0o755)
        self.set(version=0, number=0)

    def set(self, *, version, number):
        """Another version is another release; another number is another configuration, and nothing else."""
        (self._place / "release/VERSION").write_text(f"{version}\n", encoding="ascii")
        self.manifest.write_text(MANIFEST.format(version=version, hosts=self._hosts), encoding="ascii")
        (self._config / "environments/production.yaml").write_text(ENVIRONMENT.format(number=number), encoding="ascii")

    def plan(self):
        return json.loads(self._coordinator.run("plan", self.manifest, "--config-dir", self._config, "--json"))

    def deploy(self, *options):
        return self._coordinator.run("--json", "deploy", "start", self.manifest, "--config-dir", self._config, *options)


def timed(action):
    began = time.monotonic()
    result = action()
    return time.monotonic() - began, result


def newest(coordinator):
    return coordinator.get("/v1/deployments")["deployments"][0]["id"]


class Follower:
    """Somebody who waits for a deployment's news, and notes how old each is when it comes: milliseconds. Both clocks are
    this machine's."""

    def __init__(self, coordinator, identity):
        self._coordinator, self._identity = coordinator, identity
        self.ages_ms = []
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self):
        after, ended = 0, False
        while not ended:
            answer = self._coordinator.get(
                f"/v1/deployments/{self._identity}/timeline?after={after}&wait_ms={WAIT_MS}")
            now = time.time() * 1000
            # What had happened before it began to follow is not news.
            if after > 0:
                self.ages_ms += [now - entry["wall_ms"] for entry in answer["entries"]]
            after, ended = answer["next"], answer["deployment"]["final"]

    def finish(self):
        self._thread.join()
        return self.ages_ms


def measure(options, place, figures):
    with local.Coordinator(options.build) as coordinator:
        with local.members(coordinator, place / "agents", options.hosts):
            time.sleep(SETTLE_SECONDS)
            shop = Shop(coordinator, place, options.hosts)
            shop.deploy()
            plans, updates, ways_back, reports, ages = [], [], [], [], []
            for number in range(1, options.rounds + 1):
                shop.set(version=number, number=0)
                shop.plan()  # uploads the release
                took, plan = timed(shop.plan)
                plans.append(took)
                if f"h{options.hosts}" not in json.dumps(plan):
                    raise AssertionError("the plan does not name the last host")
                shop.deploy("--detach")
                ages += Follower(coordinator, newest(coordinator)).finish()
                took, _ = timed(lambda: coordinator.run("rollback", "start", newest(coordinator), "--reason",
                                                        "a measurement"))
                ways_back.append(took)
                shop.set(version=0, number=number)
                took, _ = timed(shop.deploy)
                updates.append(took)
                took, _ = timed(lambda: coordinator.run("deploy", "status", newest(coordinator), "--json"))
                reports.append(took)
                print(f"  round {number}: plan {plans[-1]:.2f} s, back {ways_back[-1]:.2f} s, "
                      f"configuration {updates[-1]:.2f} s, report {reports[-1]:.3f} s", file=sys.stderr)
    figures.add(f"validate_{options.hosts}_hosts_s", round(statistics.median(plans), 3), "s", goal="<= 1")
    figures.add("rollback_s", round(statistics.median(ways_back), 3), "s", goal="<= 1")
    figures.add("environment_update_s", round(statistics.median(updates), 3), "s", goal="<= 5")
    figures.add("report_s", round(statistics.median(reports), 3), "s", goal="<= 1")
    figures.add("change_visible_ms", round(report.percentile(ages, 99), 1), "ms", goal="<= 250",
                against=f"median {statistics.median(ages):.1f} ms of {len(ages)} changes")


def of_program(*argv):
    return subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=local.LINE_SECONDS, check=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hosts", type=int, default=HOSTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--build", type=pathlib.Path, default=local.BUILD)
    options = parser.parse_args()
    figures = report.Report("plan")
    with tempfile.TemporaryDirectory(prefix="switchyard-plan-", dir="/var/tmp") as place:
        measure(options, pathlib.Path(place), figures)
    renders = json.loads(of_program(options.build / "tests/bench/bench_renders",
                                    local.ROOT / "coordinator/templates/template_helper.py"))
    figures.add("renders_per_s", renders["renders_per_s"], "1/s", goal=">= 1000",
                against=f"from the cache: {renders['cached_per_s']:.0f}")
    redact = dict(line.split() for line in of_program(options.build / "tests/bench/bench_redact").splitlines())
    figures.add("redact_mb_per_s", float(redact["mb_per_s"]), "MB/s", goal=">= 300")
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
