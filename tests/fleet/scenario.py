"""What the stories in scenarios/ have in common: a fleet with Switchyard on it, the sample service, and eyes outside.

One fleet per file, because booting and installing is not what is tested; each test brings the hosts to where its story
begins by deploying, and leaves them whole.
"""

import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

import guestbook
import observer
import product
import sample
from harness import CannotRun, CommandFailed, Fleet, requirements


JOURNAL_LINES = 120

# Stories that script/test has no time for; script/soak faults tells them all.
LONG = "SWITCHYARD_LONG_STORIES"
long = unittest.skipUnless(os.environ.get(LONG), "a long story: script/soak faults tells it")


class Scenario(unittest.TestCase):
    fleet_name = ""
    host_names = ("h1", "h2")

    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.fleet = cls.enterClassContext(Fleet(cls.fleet_name, hosts=[*cls.host_names, product.COORDINATOR_HOST]))
        cls.product = product.Product(cls.fleet)
        cls.prepare_hosts()
        cls.product.install()
        cls.releases = {}
        cls.counts = 0

    @classmethod
    def prepare_hosts(cls):
        """What the hosts need before Switchyard comes."""

    def release(self, version, components, **options):
        """Makes a release and puts it where the command line runs; gives the manifest's place there."""
        directory = sample.write_release(self.place, version, components, **options)
        self.releases[version] = directory
        return self.product.provide(directory) + "/deploy.yaml"

    def next_version(self):
        """Versions of a file's tests never repeat: each release is one of its own."""
        type(self).counts += 1
        return f"{self.counts}.0.0"

    def run(self, result=None):
        """After a failure: what the hosts' own journals say of the last minute."""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) == before:
            return
        for host in self.fleet.hosts:
            text = host.read_journal(output="short-precise", since="-90 seconds")
            print(f"--- {host.name} ({host.state()}):", *text.splitlines()[-JOURNAL_LINES:], sep="\n  ", file=sys.stderr)

    # Looking ----------------------------------------------------------------------------------------

    def observe(self, components):
        return observer.observe(self.fleet, [component.observed() for component in components], self.releases)

    def assert_all_serve(self, version, components):
        """Gives what the observer saw."""
        report = self.observe(components)
        found = {(name, host): seen.get("versions") or seen.get("fault")
                 for name, hosts in report["components"].items() for host, seen in hosts.items()}
        wrong = {where: versions for where, versions in found.items() if version not in versions}
        self.assertEqual(wrong, {}, f"all should serve {version}")
        self.assertEqual(report["mixed"], 0)
        return report

    def assert_one_slot_enabled(self, component, slot):
        other = "green" if slot == "blue" else "blue"
        for name in component.hosts:
            states = {each: observer.unit_state(self.fleet[name], f"{component.name}@{each}.service")["enabled"]
                      for each in (slot, other)}
            self.assertEqual((states[slot], states[other] == "enabled"), ("enabled", False), name)

    def version_at(self, host, port=sample.PORTS["stable"]):
        """Asked from outside; None when nobody answers."""
        try:
            answer = self.fleet.run_outside(["curl", "-sf", "--max-time", "1", f"http://{host.address}:{port}/version"])
            return json.loads(answer)["release"]
        except (CommandFailed, KeyError, ValueError):
            return None

    def assert_no_request_failed(self, result):
        self.assertEqual(result["failed"], 0, result["first_failures"])
        self.assertGreater(result["requests"], 0)

    def load(self, url, rate=200):
        clients = guestbook.Load(self.fleet, self.place, name=self.id(), url=url, profile="plain", rate=rate)
        self.addCleanup(clients.end)
        time.sleep(0.5)
        return clients


class Watcher(threading.Thread):
    """Asks hosts for their version, again and again, and keeps when each answer was first seen."""

    PAUSE_SECONDS = 0.05

    def __init__(self, scenario, hosts, port=sample.PORTS["stable"]):
        super().__init__(daemon=True)
        self._scenario, self._hosts, self._port = scenario, hosts, port
        self._ending = threading.Event()
        self.changes = {host.name: [] for host in hosts}

    def run(self):
        while not self._ending.is_set():
            for host in self._hosts:
                version = self._scenario.version_at(host, self._port)
                changes = self.changes[host.name]
                if not changes or changes[-1][1] != version:
                    changes.append((time.monotonic(), version))
            self._ending.wait(self.PAUSE_SECONDS)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self.join(30)

    def wait_for(self, version, seconds):
        """The moment at which the last host began to answer with this version, and goes on so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            last = [changes[-1] for changes in self.changes.values() if changes]
            if len(last) == len(self._hosts) and all(seen == version for _, seen in last):
                return max(moment for moment, _ in last)
            time.sleep(0.02)
        raise AssertionError(f"not every host answers with {version}: {self.changes}")


def main():
    try:
        requirements.require()
        product.require_packages()
    except CannotRun as error:
        print(error, file=sys.stderr)
        sys.exit(requirements.EXIT_STATUS)
    unittest.main(module="__main__", verbosity=2)
