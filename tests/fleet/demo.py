#!/usr/bin/python3
"""What script/demo runs: a fleet of three hosts and a coordinator is made, and the guestbook is deployed to it while
clients load it. It narrates, and its last line on stdout is one JSON object. Exit status 0 only if every promise held;
77 if this machine cannot boot such hosts.

    demo.py [--json] [--keep]

--json: nothing but that line on stdout; the narration goes to stderr.
--keep: the fleet stays up afterwards, to look around.
"""

import argparse
import contextlib
import json
import pathlib
import re
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import guestbook  # noqa: E402
import load  # noqa: E402
import product  # noqa: E402
from harness import CannotRun, CommandFailed, Fleet, requirements  # noqa: E402

FLEET = "demo"
RATE = 300  # so that 20 in flight are no matter of luck
RATE_PROMISED = 200
IN_FLIGHT_PROMISED = 20
SETTLE_SECONDS = 1.0
# As the command line tells that a host has switched a component.
FIRST_SWITCH = re.compile(r": (\S+ )?switched ")


class Narrator:
    def __init__(self, stream):
        self._stream = stream
        self._began = time.monotonic()
        self._chapters = 0

    def chapter(self, title):
        self._chapters += 1
        self._write(f"\n[{time.monotonic() - self._began:5.1f} s] {self._chapters}. {title}")

    def say(self, text):
        self._write(f"   {text}")

    def command(self, *words):
        self._write("   $ " + " ".join(map(str, words)))

    def quote(self, text):
        for line in text.rstrip("\n").split("\n"):
            self._write(f"   | {line}")

    def _write(self, line):
        print(line, file=self._stream, flush=True)


class Demo:
    def __init__(self, fleet, place, narrator):
        self.fleet, self.place, self.narrator = fleet, place, narrator
        self.product = product.Product(fleet)
        self.broken = []
        self.deployments = []
        self.clients = None
        self.switches = []
        self.swap_ms = self.rollback_ms = None
        self.resumed = False
        self.places = {}

    # The story ------------------------------------------------------------------------------------

    def run(self):
        try:
            self.set_up()
            self.first_version()
            self.second_version_under_load()
            self.third_version_is_bad()
            self.fourth_version_outlives_its_coordinator()
            self.way_back()
            result = self.count_requests()
        finally:
            if self.clients:
                self.clients.end()
        return {"deployments": self.deployments, "requests": result["requests"], "failed": result["failed"],
                "rollback_ms": self.rollback_ms, "swap_ms": self.swap_ms, "resumed": self.resumed,
                "mixed": sum(deployment["mixed"] for deployment in self.deployments)}

    def set_up(self):
        self.narrator.chapter("Four machines: h1, h2, h3 for the service, c1 for the coordinator")
        for host in self.fleet.hosts:
            self.narrator.say(f"{host.name}: {host.address}, systemd is {host.state()}")
        self.narrator.say("putting together the four versions of the guestbook")
        self.releases = guestbook.assemble(self.place)
        self.narrator.chapter("Install the packages, let the agents join with one-use tokens")
        guestbook.prepare_hosts(self.fleet)
        self.product.install()
        for version, directory in self.releases.items():
            self.places[version] = self.product.provide(directory) + "/deploy.yaml"
        self.narrator.command("switchyard hosts list")
        self.narrator.quote(self.product.run("hosts", "list").stdout)

    def first_version(self):
        self.narrator.chapter("Version 1.0.0: database on h3, API on h1 and h2, web front behind nginx on h1")
        self.show_plan("1.0.0")
        if self.deploy("1.0.0", serves="1.0.0")["state"] != "done":
            raise AssertionError("without a first version there is no story to tell")
        self.narrator.say(f"open for visitors at http://{self.fleet['h1'].address} (from the bridge)")

    def second_version_under_load(self):
        self.narrator.chapter(f"Version 2.0.0, blue-green, under {RATE} requests per second from outside")
        self.narrator.say("GET and POST, half of them keep-alive and half one-shot, nothing is ever tried twice;")
        self.narrator.say("these clients stay until the end of the demo")
        self.clients = guestbook.Load(self.fleet, self.place, rate=RATE)
        self.show_plan("2.0.0")
        time.sleep(SETTLE_SECONDS)
        deployment = self.deploy("2.0.0", serves="2.0.0")
        timeline = self.product.timeline(deployment["id"])
        self.swap_ms = spread_of_switch(timeline)
        self.switches = [entry["wall_ms"] for entry in timeline
                         if entry["what"] == "step" and entry["text"].startswith("switch ")
                         and entry["state"] == "done"]
        self.narrator.say(f"the fleet was a mix of two versions for {self.swap_ms} ms")

    def third_version_is_bad(self):
        self.narrator.chapter("Version 3.0.0, which is unhealthy on h2 only: there is a directory it may not write")
        deployment = self.deploy("3.0.0", serves="2.0.0", expected=product.ROLLED_BACK)
        self.promise(deployment["state"] == "rolled_back", "the whole fleet is back on 2.0.0, by itself")

    def fourth_version_outlives_its_coordinator(self):
        self.narrator.chapter("Version 4.0.0; its coordinator is killed (SIGKILL) right after the first switch")
        killed = []

        def kill_once(line):
            if not killed and FIRST_SWITCH.search(line):
                self.product.kill_coordinator()
                killed.append(line)
                self.narrator.say("*** the coordinator is dead; its systemd starts it again ***")

        deployment = self.deploy("4.0.0", serves=None, on_line=kill_once)
        self.resumed = bool(killed) and deployment["resumed"] > 0 and deployment["final"]
        self.promise(self.resumed, "the deployment was taken up by the restarted coordinator and ended")
        self.fourth = deployment

    def way_back(self):
        all_new = self.fourth["state"] == "done"
        undone = self.fourth if all_new else next(each for each in self.deployments if each["version"] == "2.0.0")
        serves = "2.0.0" if all_new else "1.0.0"
        self.narrator.chapter(f"Back to {serves}: the old slots are still warm")
        began_ms = time.time_ns() // 1_000_000
        deployment = self.drive(["rollback", "start", undone["id"], "--reason", "the demonstration"], serves, product.DONE, "rollback")
        switched = [entry["wall_ms"] for entry in self.product.timeline(deployment["id"]) if is_switched(entry)]
        self.rollback_ms = max(switched, default=began_ms) - began_ms
        self.promise(switched and self.rollback_ms < 5000,
                     f"from the command's start to the last host's switch: {self.rollback_ms} ms")

    def count_requests(self):
        self.narrator.chapter("What the clients counted, and what the servers logged")
        time.sleep(SETTLE_SECONDS)
        result = self.clients.stop()
        in_flight = [load.in_flight_at(result, moment) for moment in self.switches]
        self.narrator.say(f"{result['requests']} requests, {result['failed']} failed; {result['rate']} per second; "
                          f"answered by {', '.join(result['served_by'])}")
        for failure in result["first_failures"]:
            self.narrator.say(f"failed: {failure}")
        self.promise(result["failed"] == 0 and result["requests"] > 0, "no request failed")
        self.promise(result["rate"] >= RATE_PROMISED, f"at least {RATE_PROMISED} requests per second")
        self.promise(in_flight and None not in in_flight and min(in_flight) >= IN_FLIGHT_PROMISED,
                     f"in flight at the moments of the switches to 2.0.0: {in_flight}, "
                     f"at least {IN_FLIGHT_PROMISED} each")
        differing = guestbook.lost_in_logs(self.fleet, self.clients.ids)
        self.promise(not differing, "every request is in the servers' logs exactly once"
                     + (f": {differing}" if differing else ""))
        return result

    # Deploying and looking ------------------------------------------------------------------------

    def show_plan(self, version):
        self.narrator.command("switchyard plan", self.places[version])
        self.narrator.quote(self.product.run("plan", self.places[version]).stdout)

    def deploy(self, version, serves, expected=product.DONE, on_line=None):
        return self.drive(["deploy", "start", self.places[version]], serves, expected, version, on_line)

    def drive(self, words, serves, expected, version, on_line=None):
        """Runs a command that deploys, shows what it says, and compares its claim with what the observer finds.
        `serves` is the version that all shall serve afterwards; None: the one that the outcome names."""
        self.narrator.command("switchyard", *words)
        client = self.product.follow(*words)
        for line in client.stdout:
            self.narrator.quote(line)
            if on_line:
                on_line(line)
        status = client.wait(product.ANSWER_SECONDS)
        deployment = self.newest()
        if serves is None:
            serves = version if deployment["state"] == "done" else "2.0.0"
            self.promise(status in (product.DONE, product.ROLLED_BACK),
                         f"it ended and says how: {deployment['state']} (exit status {status})")
        else:
            self.promise(status == expected, f"exit status {status}, as it should be")
        self.look(deployment, version, serves)
        return deployment

    def newest(self):
        return self.product.deployment(self.product.get("/v1/deployments?limit=1")["deployments"][0]["id"])

    def look(self, deployment, version, serves):
        report = guestbook.observe(self.fleet, self.releases)
        faults = [f"{component} on {host}: {seen.get('fault') or seen['versions']}"
                  for component, hosts in report["components"].items() for host, seen in hosts.items()
                  if serves not in seen["versions"]]
        self.promise(not faults, f"systemd, ports and bytes on the hosts say: all serve {serves}, "
                     f"{report['mixed']} differ")
        for fault in faults:
            self.narrator.say(fault)
        finished = deployment["finished_ms"] or deployment["updated_ms"]
        self.deployments.append({"id": deployment["id"], "version": version, "state": deployment["state"],
                                 "serves": report["version"], "mixed": report["mixed"],
                                 "resumed": deployment["resumed"], "ms": finished - deployment["created_ms"]})

    def promise(self, held, text):
        self.narrator.say(("kept:   " if held else "BROKEN: ") + text)
        if not held:
            self.broken.append(text)


def is_switched(entry):
    return entry["what"] == "host" and entry["text"].startswith("switched ")


def spread_of_switch(timeline):
    """From the order to switch to the last host that has."""
    began = [entry["wall_ms"] for entry in timeline if entry["what"] == "state" and entry["state"] == "swapping"]
    switched = [entry["wall_ms"] for entry in timeline if is_switched(entry)]
    return max(switched) - began[-1] if began and switched else None


@contextlib.contextmanager
def demo_fleet(keep):
    fleet = Fleet(FLEET, hosts=["h1", "h2", "h3", product.COORDINATOR_HOST])
    if not keep:
        with fleet:
            yield fleet
        return
    requirements.require()
    with fleet.claimed():
        fleet.down()
        fleet.up()
        yield fleet


def say_how_to_look_around(narrator, address):
    sh = f"script/fleet --name {FLEET}"
    narrator.chapter("The fleet stays up")
    narrator.say(f"{sh} sh c1 switchyard deploy list")
    narrator.say(f"{sh} outside curl http://{address}  # what a visitor sees; or any other command, from outside")
    narrator.say(f"{sh} sh h1                        # a shell on a host: systemctl, journalctl, /srv")
    narrator.say(f"{sh} down                         # takes it all away")


def main():
    parser = argparse.ArgumentParser(description="Watch Switchyard deploy a service to three real hosts.")
    parser.add_argument("--json", action="store_true", help="only the result on stdout, the narration on stderr")
    parser.add_argument("--keep", action="store_true", help="leave the fleet up")
    options = parser.parse_args()
    narrator = Narrator(sys.stderr if options.json else sys.stdout)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        product.require_packages()
        with demo_fleet(options.keep) as fleet, tempfile.TemporaryDirectory() as place:
            demo = Demo(fleet, place, narrator)
            result = demo.run()
    except CannotRun as error:
        print("script/demo: this machine cannot boot test hosts. Missing:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in error.missing), file=sys.stderr)
        return requirements.EXIT_STATUS
    except (AssertionError, CommandFailed, LookupError, OSError, RuntimeError) as error:
        print(f"script/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.keep:
        say_how_to_look_around(narrator, fleet["h1"].address)
    narrator.chapter(f"{len(demo.broken)} promises were broken" if demo.broken else "Every promise was kept")
    for text in demo.broken:
        narrator.say(text)
    print(json.dumps(result), flush=True)
    return 1 if demo.broken else 0


if __name__ == "__main__":
    sys.exit(main())
