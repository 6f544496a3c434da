"""Switchyard on the hosts of a fleet, as its users have it: the packages installed, a coordinator under its own
systemd unit on a host of its own, and every other host enrolled with a token.

    product = Product(fleet)            # the coordinator's host is named c1
    product.install()
    product.deploy(directory / "deploy.yaml")

What tests look at comes from the command line on the coordinator's host and from its API's unix socket. Faults are
made by the harness, never through the product.
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from harness import CannotRun, CommandFailed, processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = pathlib.Path(os.environ.get("SWITCHYARD_PACKAGES", ROOT / "build/packages"))
COORDINATOR_HOST = "c1"
COORDINATOR_PROGRAM = "switchyard-coordinator"
AGENT_PROGRAM = "switchyard-agent"
# What the kernel keeps of a program's name.
PROGRAM_NAME_BYTES = 15

DONE, ROLLED_BACK, UNRESOLVED = 0, 3, 4
AT_REST = ("done", "rolled_back", "stuck", "paused")

CONNECT_SECONDS = 30
# A deployment ends without a host that is away and was never told to switch. When it is back, it puts away what was
# prepared there; until then it refuses another.
TRY_AGAIN, TRY_AGAIN_SECONDS = "not over; try again in a moment", 30
DEPLOY_SECONDS = 100
ANSWER_SECONDS = 40


class Ended:
    """How a command line ended, and what it said."""

    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr

    def __str__(self):
        return f"exit status {self.status}\n{self.stdout}{self.stderr}"


def packages(directory=PACKAGES):
    """The agent's and the coordinator's package file."""
    found = []
    for name in ("switchyard-agent", "switchyard-coordinator"):
        files = sorted(directory.glob(f"{name}_*.deb"))
        if not files:
            raise CannotRun([f"the package {name} in {directory} (script/package builds it)"])
        found.append(files[-1])
    return found


class Product:
    def __init__(self, fleet, coordinator=COORDINATOR_HOST):
        self.fleet = fleet
        self.coordinator = fleet[coordinator]
        self.hosts = [host for host in fleet.hosts if host is not self.coordinator]

    # Installing -----------------------------------------------------------------------------------

    def install(self):
        """Packages, coordinator, and all hosts enrolled and connected."""
        agent, coordinator = packages()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            installed = [pool.submit(host.install_deb, [agent]) for host in self.hosts]
            installed.append(pool.submit(self.coordinator.install_deb, [coordinator]))
            for job in installed:
                job.result()
        self.wait_for_coordinator()
        self.enrol(self.hosts)

    def enrol(self, hosts):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(self._enrol, hosts))
        self.wait_until_connected(hosts)

    def _enrol(self, host):
        token = self.ask("agents", "token", "create", "--host", host.name)["enrolment"]
        host.run(["switchyard-agent", "enroll", "-"], input=token + "\n")
        host.run(["systemctl", "enable", "--now", "--quiet", "switchyard-agent"])

    # The command line -----------------------------------------------------------------------------

    def run(self, *words, timeout=DEPLOY_SECONDS):
        """The command line on the coordinator's host; every exit status is an answer."""
        ended = subprocess.run(self.coordinator.inside(["switchyard", *map(str, words)]), timeout=timeout,
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                               check=False)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def ask(self, *words):
        """The same with --json: what it prints, read. Fails when the command did."""
        ended = self.run("--json", *words)
        if ended.status != 0:
            raise CommandFailed(["switchyard", "--json", *words], ended.status, ended.stdout, ended.stderr)
        return json.loads(ended.stdout)

    def follow(self, *words):
        """The command line as a Popen, its two streams in one, to be read line by line while it runs."""
        started = subprocess.Popen(self.coordinator.inside(["switchyard", *map(str, words)]), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   errors="replace", bufsize=1)
        self.fleet.adopt(started)
        return started

    def provide(self, directory):
        """Puts a directory with a manifest and its artifacts where the command line runs; gives its place there."""
        place = f"/root/releases/{pathlib.Path(directory).name}"
        self.coordinator.copy_in(directory, place)
        return place

    def start(self, manifest, *options):
        """Starts a deployment and returns its id at once."""
        return self._start("deploy", "start", manifest, "--detach", *options)

    def start_rollback(self, deployment, *options):
        return self._start("rollback", "start", deployment, "--reason", "a test", "--detach", *options)

    def create_snapshot(self, *options, environment="production"):
        """The id of the new snapshot."""
        return self._start("snapshot", "create", "--environment", environment, *options)

    def start_restore(self, snapshot):
        return self._start("snapshot", "restore", snapshot, "--reason", "a test", "--detach")

    def restore(self, snapshot, expected=DONE):
        return self._to_the_end(self.start_restore(snapshot), expected)

    def _start(self, *words):
        """A host may still be taking back what a deployment that is over has left there. The refusal says so, and to
        try again in a moment."""
        deadline = time.monotonic() + TRY_AGAIN_SECONDS
        while True:
            ended = self.run(*words)
            if TRY_AGAIN not in ended.stderr or time.monotonic() > deadline:
                return self._id_of(ended)
            time.sleep(0.5)

    def deploy(self, manifest, *options, expected=DONE):
        """Deploys to the end, and gives the deployment as the API tells it."""
        return self._to_the_end(self.start(manifest, *options), expected)

    def roll_back(self, deployment, *options, expected=DONE):
        return self._to_the_end(self.start_rollback(deployment, *options), expected)

    def _to_the_end(self, identity, expected):
        try:
            ended = self.run("deploy", "status", identity, "--follow")
        except subprocess.TimeoutExpired:
            raise AssertionError(f"deployment {identity} has not ended after {DEPLOY_SECONDS} s\n"
                                 + self.story(identity)) from None
        if ended.status != expected:
            raise AssertionError(f"deployment {identity}: expected status {expected}, got {ended}\n"
                                 + self.story(identity))
        return self.deployment(identity)

    @staticmethod
    def _id_of(ended):
        if ended.status != 0:
            raise AssertionError(f"it did not start: {ended}")
        return ended.stdout.split()[0]

    # The API --------------------------------------------------------------------------------------

    def get(self, path):
        status, body = self.request("GET", path)
        if status != 200:
            raise LookupError(f"GET {path}: {status} {body}")
        return body

    def request(self, method, path, body=None, token=None):
        """The status and what was answered, whatever that is: of the user root, or of whom the token is for."""
        headers = {"Host": "localhost"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = _UnixConnection(f"/proc/{self.coordinator.leader()}/root/run/switchyard/coordinator.sock")
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def deployment(self, identity):
        return self.get(f"/v1/deployments/{identity}")

    def timeline(self, identity, after=0, wait_ms=0):
        """The entries beyond `after`; all that there are, page by page, or what comes within `wait_ms`."""
        entries = []
        while True:
            page = self.get(f"/v1/deployments/{identity}/timeline?after={after + len(entries)}&wait_ms={wait_ms}")
            entries += page["entries"]
            if not page["entries"] or wait_ms:
                return entries

    def story(self, identity):
        """The timeline as text, for the message of a test that failed."""
        try:
            lines = [f"  {entry['wall_ms'] % 1_000_000} {entry['host'] or 'coordinator'} {entry['component']} "
                     f"{entry['what']} {entry['state']} {entry['text']} {entry['fields'].get('detail', '')}"
                     for entry in self.timeline(identity)]
            lines += [f"  now {row['host']} {row['component']} {row['state']} {row['step']} {row['detail']}"
                      for row in self.deployment(identity)["progress"]]
            return "\n".join(lines)
        except (OSError, LookupError) as error:
            return f"  (no timeline: {error})"

    # Waiting --------------------------------------------------------------------------------------

    def wait_for_entry(self, identity, matches, seconds=DEPLOY_SECONDS):
        """The first entry of the timeline for which matches(entry) is true, as soon as it is there."""
        deadline = time.monotonic() + seconds
        seen = 0
        while time.monotonic() < deadline:
            entries = self.timeline(identity, seen, wait_ms=1000)
            for entry in entries:
                if matches(entry):
                    return entry
            seen += len(entries)
            if not entries and self.deployment(identity)["final"]:
                break
        raise AssertionError(f"deployment {identity}: what was waited for did not happen\n" + self.story(identity))

    def wait_for_news(self, identity, text, host=None, seconds=DEPLOY_SECONDS):
        """Waits for what a host said, such as "switched api"."""
        return self.wait_for_entry(identity, lambda entry: entry["what"] == "host" and entry["text"].startswith(text)
                                   and host in (None, entry["host"]), seconds)

    def wait_for_state(self, identity, *states, seconds=DEPLOY_SECONDS):
        """The deployment, once it is in one of the states. Outlives a coordinator that comes and goes."""
        deployment = {}

        def look():
            nonlocal deployment
            try:
                deployment = self.deployment(identity)
            except OSError:
                return False
            return deployment["state"] in states

        if not processes.wait_until(look, seconds, pause=0.05):
            raise AssertionError(f"deployment {identity} did not get to {' or '.join(states)}: "
                                 f"{deployment.get('state')} {deployment.get('reason')}\n" + self.story(identity))
        return deployment

    def wait_for_end(self, identity, seconds=DEPLOY_SECONDS):
        return self.wait_for_state(identity, *AT_REST, seconds=seconds)

    def wait_for_coordinator(self, seconds=CONNECT_SECONDS):
        def answers():
            try:
                return self.get("/v1/health")["status"] == "ok"
            except (OSError, RuntimeError, ValueError):
                return False
        if not processes.wait_until(answers, seconds, pause=0.05):
            raise AssertionError("the coordinator does not answer; its journal:\n"
                                 + self.coordinator.read_journal("switchyard-coordinator"))

    def connected(self):
        return {host["host"] for host in self.get("/v1/hosts")["hosts"] if host["connected"]}

    def wait_until_connected(self, hosts, seconds=CONNECT_SECONDS):
        self._wait_for_hosts(lambda: {host.name for host in hosts} <= self.connected(), hosts, "connect", seconds)

    def wait_until_lost(self, hosts, seconds=CONNECT_SECONDS):
        self._wait_for_hosts(lambda: not {host.name for host in hosts} & self.connected(), hosts, "vanish", seconds)

    @staticmethod
    def _wait_for_hosts(condition, hosts, what, seconds):
        def holds():
            try:
                return condition()
            except OSError:
                return False
        if not processes.wait_until(holds, seconds, pause=0.05):
            raise AssertionError(f"these hosts did not {what}: {' '.join(host.name for host in hosts)}\n"
                                 + "\n".join(host.read_journal("switchyard-agent")[-3000:] for host in hosts))

    # Faults ---------------------------------------------------------------------------------------

    def process_of(self, host, program):
        """The number, as the machine counts, of a program's process in a host."""
        for process_id in sorted(host.cgroup.process_ids()):
            try:
                name = pathlib.Path(f"/proc/{process_id}/comm").read_text(encoding="utf-8").strip()
            except OSError:
                continue
            if name == program[:PROGRAM_NAME_BYTES]:
                return process_id
        raise LookupError(f"{program} does not run on {host.name}")

    def kill_coordinator(self):
        """SIGKILL; its unit starts it again after a second."""
        os.kill(self.process_of(self.coordinator, COORDINATOR_PROGRAM), 9)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def require_packages():
    """Raises CannotRun when there is nothing to install."""
    packages()
    if not shutil.which("dpkg-deb"):
        raise CannotRun(["command dpkg-deb (Debian package dpkg)"])
