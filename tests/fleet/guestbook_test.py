#!/usr/bin/python3
"""The guestbook, the load and the observer among themselves, deployed by hand on real hosts: what they say
about a deployment system later must first be true without one.

The places are those of a deployment: /srv/COMPONENT/releases/VERSION, two slots per component, and a
packet filter that sends the stable port to the live slot.
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import load  # noqa: E402
import observer  # noqa: E402
from harness import CannotRun, CommandFailed, Fleet, requirements  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSIONS = ("1.0.0", "2.0.0", "3.0.0", "4.0.0")
SLOT_PORTS = {"api": {"blue": 5002, "green": 5003}, "web": {"blue": 6002, "green": 6003}}
STABLE_PORTS = {"api": 8080, "web": 8000}

UNIT = """
[Unit]
Description={component} of the guestbook, slot %i
[Service]
Environment=SLOT=%i {environment}
EnvironmentFile=/srv/{component}/%i.env
ExecStart=/srv/{component}/%i/bin/{program}
User=www-data
TimeoutStopSec=30
"""

DATABASE_UNIT = """
[Service]
Environment=DATA_DIRECTORY=/srv/database/shared/data
ExecStart=/srv/database/releases/1.0.0/bin/run-database
KillMode=mixed
"""

FILTER = """
table inet switch {
  map live { type inet_service : inet_service; }
  chain incoming {
    type nat hook prerouting priority dstnat;
    fib daddr type local meta l4proto tcp redirect to :tcp dport map @live
  }
  chain own {
    type nat hook output priority -100;
    fib daddr type local meta l4proto tcp redirect to :tcp dport map @live
  }
}
"""


def wait_for(host, url, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return host.run(["curl", "-sSf", "--max-time", "2", url])
        except CommandFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Guestbook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.releases = {version: f"{place}/{version}" for version in VERSIONS}
        for version, directory in cls.releases.items():
            subprocess.run([ROOT / "examples/guestbook/release", version, directory], check=True, timeout=600)
        cls.place = pathlib.Path(place)
        cls.fleet = cls.enterClassContext(Fleet("guestbook", hosts=3))
        cls.h1, cls.h2, cls.h3 = cls.fleet.hosts
        cls.api_hosts, cls.web_hosts = [cls.h1, cls.h2], [cls.h1]
        cls.components = [
            observer.Component("database", ["h3"], ["database.service"], 5432),
            observer.Component("api", ["h1", "h2"], ["api@blue.service", "api@green.service"], 8080, "/version"),
            observer.Component("web", ["h1"], ["web@blue.service", "web@green.service"], 8000, "/version"),
        ]
        cls.prepare_hosts()
        cls.start("1.0.0", "blue", components=["api"])
        cls.switch("blue")
        cls.start("1.0.0", "blue", components=["web"])

    @classmethod
    def prepare_hosts(cls):
        cls.h3.copy_in(f"{cls.releases['1.0.0']}/database", "/srv/database/releases/1.0.0")
        cls.write(cls.h3, "/etc/systemd/system/database.service", DATABASE_UNIT)
        cls.h3.run(["systemctl", "start", "database"])
        api_urls = ",".join(f"http://{host.address}:8080" for host in cls.api_hosts)
        environments = {"api": f"DATABASE_URL=postgresql://guestbook@{cls.h3.address}/guestbook",
                        "web": f"API_URLS={api_urls}"}
        for component, hosts in (("api", cls.api_hosts), ("web", cls.web_hosts)):
            unit = UNIT.format(component=component, program=f"guestbook-{component}",
                               environment=environments[component])
            for host in hosts:
                cls.write(host, f"/etc/systemd/system/{component}@.service", unit)
                for slot, port in SLOT_PORTS[component].items():
                    cls.write(host, f"/srv/{component}/{slot}.env", f"PORT={port}\n")
        for host in cls.api_hosts:
            host.run(["nft", "-f", "-"], input=FILTER)
            host.run(["mkdir", "-p", "/var/spool/guestbook"])
        cls.h1.run(["chown", "www-data:", "/var/spool/guestbook"])
        cls.h1.run(["rm", "/etc/nginx/sites-enabled/default"])
        cls.h1.copy_in(ROOT / "examples/guestbook/nginx.conf", "/etc/nginx/sites-enabled/guestbook")
        cls.h1.run(["systemctl", "start", "nginx"])

    @staticmethod
    def write(host, path, text):
        host.run(["install", "-D", "/dev/stdin", path], input=text)

    @classmethod
    def start(cls, version, slot, components=("api", "web"), seconds=30):
        for component, hosts in (("api", cls.api_hosts), ("web", cls.web_hosts)):
            for host in hosts if component in components else []:
                release = f"/srv/{component}/releases/{version}"
                host.copy_in(f"{cls.releases[version]}/{component}", release)
                host.run(["ln", "-sfn", release, f"/srv/{component}/{slot}"])
                host.run(["systemctl", "start", f"{component}@{slot}"])
            for host in hosts if component in components else []:
                wait_for(host, f"http://127.0.0.1:{SLOT_PORTS[component][slot]}/health", seconds)

    @classmethod
    def stop(cls, slot):
        for component, hosts in (("api", cls.api_hosts), ("web", cls.web_hosts)):
            for host in hosts:
                host.run(["systemctl", "stop", f"{component}@{slot}"])

    @classmethod
    def switch(cls, slot, hosts=None):
        for host in hosts or cls.api_hosts:
            pairs = ", ".join(f"{STABLE_PORTS[name]} : {SLOT_PORTS[name][slot]}" for name in STABLE_PORTS)
            host.run(["nft", "-f", "-"], input="flush map inet switch live\n"
                     f"add element inet switch live {{ {pairs} }}\n")

    def under_load(self, seconds, action, *, url=None, profile="guestbook-web", rate=250):
        """Runs action(mark) after a second and a half of load; gives the load's result and its file of ids."""
        ids, result = self.place / f"ids-{profile}-{self.id()}", self.place / f"result-{profile}-{self.id()}"
        clients = self.fleet.start_outside(
            [sys.executable, ROOT / "tests/fleet/load.py", url or f"http://{self.h1.address}", "--profile", profile,
             "--rate", rate, "--seconds", seconds, "--ids", ids, "--result", result], stdout=subprocess.DEVNULL)
        time.sleep(1.5)
        action(lambda: clients.send_signal(signal.SIGUSR1))
        self.assertEqual(clients.wait(seconds + 40), 0)
        found = json.loads(result.read_text())
        print({name: found[name] for name in ("requests", "failures", "in_flight_at_mark", "latency_ms_short")},
              file=sys.stderr)
        return found, ids

    def observe(self):
        return observer.observe(self.fleet, self.components, self.releases)

    def observe_from_the_command_line(self):
        described = self.place / "components.json"
        described.write_text(json.dumps({component.name: {"hosts": component.hosts, "units": component.units,
                                                          "port": component.port,
                                                          "version_path": component.version_path}
                                         for component in self.components}))
        ended = subprocess.run([ROOT / "tests/fleet/observer.py", "--name", "guestbook", "--components", described,
                                "--releases", *(f"{version}={place}" for version, place in self.releases.items())],
                               capture_output=True, text=True, timeout=60, check=False)
        return ended.returncode, json.loads(ended.stdout)["components"]

    def assert_logged_exactly_once(self, ids):
        """Each request passes the web front and one of the API servers behind it."""
        for component in self.components[1:]:
            logs = observer.compare_logs(self.fleet, component, observer.read_ids(ids))
            self.assertEqual((logs["missing"], logs["twice"]), ([], []))
            self.assertEqual(logs["answered"], logs["logged"])

    def test_1_shows_what_was_written(self):
        url = f"http://{self.h1.address}"
        self.fleet.run_outside(["curl", "-sSf", "--max-time", "5", "-d", "author=Ada&message=%3Cb%3Ehello", f"{url}/sign"])
        page = self.fleet.run_outside(["curl", "-sSf", "--max-time", "5", url])
        self.assertIn("<b>Ada</b>: &lt;b&gt;hello", page)
        self.assertIn("release 1.0.0, slot blue", page)

    def test_2_loses_no_request_when_switched_and_stopped(self):
        """Clients of the web front come through nginx. Others ask one API server directly, through its packet
        filter only, on connections that they keep."""
        def deploy(mark):
            self.start("2.0.0", "green")
            mark()
            self.switch("green")
            time.sleep(1)
            self.stop("blue")

        direct = []
        api = f"http://{self.h2.address}:8080"
        through_nginx, ids = self.under_load(12, lambda mark: direct.append(self.under_load(
            8, lambda _: deploy(mark), url=api, profile="guestbook-api", rate=150)[0]))
        for result, name in ((through_nginx, "web"), (direct[0], "api")):
            self.assertEqual(result["failed"], 0, result["first_failures"])
            self.assertEqual(set(result["served_by"]), {f"guestbook-{name}/1.0.0", f"guestbook-{name}/2.0.0"})
        self.assertGreaterEqual(through_nginx["in_flight_at_mark"][0], 20)
        self.assertIsNotNone(load.in_flight_at(through_nginx, through_nginx["marks"][0]["wall_ms"]))
        self.assertGreater(direct[0]["closed_by_answer"], 0)
        self.assert_logged_exactly_once(ids)
        report = self.observe()
        self.assertEqual((report["version"], report["mixed"]), ("2.0.0", 0), json.dumps(report, indent=1))
        self.assertIn("<select name=\"mood\">", self.fleet.run_outside(["curl", "-sSf", f"http://{self.h1.address}"]))

    def test_3_outlives_a_restart_of_its_database(self):
        result, ids = self.under_load(6, lambda _: self.h3.run(["systemctl", "restart", "database"]))
        self.assertEqual(result["failed"], 0, result["first_failures"])
        self.assert_logged_exactly_once(ids)

    def test_4_is_unhealthy_only_where_its_spool_is_not_writable(self):
        with self.assertRaisesRegex(CommandFailed, "503"):
            self.start("3.0.0", "blue", components=["api"], seconds=3)
        wait_for(self.h1, "http://127.0.0.1:5002/health")
        answer = json.loads(self.h2.run(["curl", "-s", "http://127.0.0.1:5002/health"]))
        self.assertEqual((answer["status"], answer["database"]), ("unhealthy", "ok"))
        self.assertIn("/var/spool/guestbook: Permission denied", answer["spool"])
        self.stop("blue")
        self.start("4.0.0", "blue", components=["api"])
        self.stop("blue")

    def test_5_is_seen_mixed_when_it_is(self):
        self.start("4.0.0", "blue")
        self.switch("blue", hosts=[self.h2])
        report = self.observe()
        self.assertEqual((report["version"], report["mixed"]), ("2.0.0", 1), json.dumps(report, indent=1))
        self.assertEqual(report["components"]["api"]["h2"]["versions"], ["4.0.0"])
        self.assertEqual(report["components"]["api"]["h2"]["unit"], "api@blue.service")
        self.assertEqual(self.observe_from_the_command_line(), (1, report["components"]))
        self.h2.power_cut()
        self.assertEqual(self.observe()["components"]["api"]["h2"]["fault"], "the host is down")
        self.h2.start()

    def test_6_the_load_notices_what_is_lost(self):
        """A counter that can only say 0 proves nothing."""
        result, _ = self.under_load(4, lambda _: self.h1.run(["systemctl", "kill", "-s", "KILL", "api@green"]),
                                    url=f"http://{self.h1.address}:8080", profile="guestbook-api")
        self.assertGreater(result["failed"], 20)


if __name__ == "__main__":
    try:
        requirements.require()
    except CannotRun as error:
        print(error, file=sys.stderr)
        sys.exit(requirements.EXIT_STATUS)
    unittest.main()
