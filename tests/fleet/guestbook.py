"""The guestbook (examples/guestbook) as something to deploy: its releases, what its hosts need beforehand, clients
that load it, and what the observer shall look at."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import load
import observer

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/guestbook"
VERSIONS = ("1.0.0", "2.0.0", "3.0.0", "4.0.0")
BUILD_SECONDS = 600

COMPONENTS = [
    observer.Component("database", ["h3"], ["database@blue.service", "database@green.service"], 5432),
    observer.Component("api", ["h1", "h2"], ["api@blue.service", "api@green.service"], 8080, "/version"),
    observer.Component("web", ["h1"], ["web@blue.service", "web@green.service"], 8000, "/version"),
]
SPOOL = "/var/spool/guestbook"


def assemble(place, versions=VERSIONS):
    """Builds the programs and puts together what each version consists of: version → directory."""
    releases = {}
    build = []
    for version in versions:
        releases[version] = pathlib.Path(place, f"guestbook-{version}")
        subprocess.run([EXAMPLE / "release", version, releases[version], *build], check=True, timeout=BUILD_SECONDS)
        build = ["--build", ROOT / "build/guestbook"]
    return releases


def prepare_hosts(fleet):
    """nginx in front of the web component, and the spool that version 3.0.0 wants: only h1 has one that the service
    may write."""
    h1, h2 = fleet["h1"], fleet["h2"]
    h1.run(["rm", "-f", "/etc/nginx/sites-enabled/default"])
    h1.copy_in(EXAMPLE / "nginx.conf", "/etc/nginx/sites-enabled/guestbook")
    h1.run(["systemctl", "enable", "--now", "--quiet", "nginx"])
    for host in (h1, h2):
        host.run(["mkdir", "-p", SPOOL])
    h1.run(["chown", "www-data:", SPOOL])


def observe(fleet, releases):
    return observer.observe(fleet, COMPONENTS, releases)


def wait_until_observed(fleet, releases, version, seconds=15):
    """The observer's report as soon as all serve this version; the last one if they never do. Only for the time after
    a fault, when nothing else says that the hosts are through with it."""
    deadline = time.monotonic() + seconds
    while True:
        report = observe(fleet, releases)
        if (report["version"], report["mixed"]) == (version, 0) or time.monotonic() > deadline:
            return report
        time.sleep(0.2)


class Load:
    """Clients on the bridge, from their start until `stop`."""

    SECONDS_MAX = 900

    def __init__(self, fleet, place, *, name="load", url=None, profile="guestbook-web", rate=250,
                 one_shot=0.5):
        self.ids, self._result = pathlib.Path(place, f"{name}.ids"), pathlib.Path(place, f"{name}.json")
        self._clients = fleet.start_outside(
            [sys.executable, ROOT / "tests/fleet/load.py", url or f"http://{fleet['h1'].address}",
             "--profile", profile, "--rate", rate, "--one-shot", one_shot, "--seconds", self.SECONDS_MAX,
             "--ids", self.ids, "--result", self._result], stdout=subprocess.DEVNULL)

    def stop(self):
        """Lets the requests that are under way finish, and gives the result."""
        self._clients.send_signal(signal.SIGTERM)
        if self._clients.wait(load.REQUEST_SECONDS_MAX + 30) != 0:
            raise AssertionError("the clients failed")
        return json.loads(self._result.read_text(encoding="ascii"))

    def end(self):
        """For the way out of a failed test."""
        if self._clients.poll() is None:
            self._clients.kill()
            self._clients.wait(30)


def lost_in_logs(fleet, ids, components=("api", "web")):
    """What the services' own logs do not say exactly once about the requests of the clients: component → the
    comparison, for those that differ."""
    records = observer.read_ids(ids)
    compared = {component.name: observer.compare_logs(fleet, component, records)
                for component in COMPONENTS if component.name in components}
    return {name: logs for name, logs in compared.items()
            if logs["missing"] or logs["twice"] or logs["logged"] != logs["answered"]}


def remove(releases):
    for directory in releases.values():
        shutil.rmtree(directory, ignore_errors=True)
