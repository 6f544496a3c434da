#!/usr/bin/python3
"""The life of the packages on real hosts: whatever happens to them, the services that were deployed go on serving."""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fleet")]

import built  # noqa: E402
from harness import CannotRun, CommandFailed, Fleet, requirements  # noqa: E402

LOAD = HERE.parent / "fleet/load.py"
RELEASE = "/srv/sample/releases/1"
AGENT_UNITS = ["switchyard-agent.service", "switchyard-deadman.service", "switchyard-resume.service"]

# What an agent leaves on a host: a release, the unit of a slot, the switch and the unit that loads it.
SAMPLE_UNIT = f"""
[Unit]
After=network-online.target
[Service]
WorkingDirectory={RELEASE}
ExecStart=/usr/sbin/nginx -p {RELEASE} -c {RELEASE}/nginx.conf -e stderr
[Install]
WantedBy=multi-user.target
"""
SAMPLE_NGINX = """
daemon off;
pid /run/sample.pid;
events {}
http { access_log off; server { listen 5002; return 200 "sample 1\\n"; } }
"""
RULESET = """
add table inet switchyard
flush table inet switchyard
table inet switchyard {
  map live { type inet_service : inet_service; elements = { 8080 : 5002 } }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    fib daddr type local meta l4proto tcp redirect to :tcp dport map @live
  }
}
"""
SWITCH_UNIT = """
[Unit]
After=nftables.service switchyard-resume.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/switchyard-switch/ruleset.nft
[Install]
WantedBy=multi-user.target
"""

# A release of its own for the real deployment: perl-base is on every Debian host.
SERVER = r"""#!/usr/bin/perl
use strict;
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 128, ReuseAddr => 1) or die "listen: $!";
while (my $client = $server->accept) {
  while (my $line = <$client>) { last if $line =~ /^\r?\n$/; }
  my $body = "VERSION\n";
  print $client "HTTP/1.1 200 OK\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
  close $client;
}
"""


def manifest(version, watch_seconds):
    return f"""
metadata: {{name: hello, environment: test, version: "{version}"}}
components:
  - name: hello
    hosts: [h2]
    artifact: {{directory: release-{version}}}
    service: {{command: [bin/serve]}}
    ports: {{stable: 8080, blue: 5002, green: 5003}}
    strategy: blue-green
    traffic: {{kind: nftables}}
    health_checks: [tcp_connectivity]
deployment_settings: {{watch_seconds: {watch_seconds}, keep_old_seconds: 5}}
"""


def wait_for(what, condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.2)


def properties(host, unit, *names):
    text = host.run(["systemctl", "show", unit, "--property", ",".join(names)])
    return dict(line.split("=", 1) for line in text.splitlines())


def write(host, path, text, mode="0644"):
    host.run(["install", "-D", "-m", mode, "/dev/stdin", path], input=text)


def exists(host, path):
    return host.run(["sh", "-c", f"test -e {path} && echo yes"], check=False).strip() == "yes"


def dpkg(host, *words, environment=(), check=True):
    return host.run(["env", "DEBIAN_FRONTEND=noninteractive", *environment, "dpkg", *words], timeout=300, check=check)


class OnHosts(unittest.TestCase):
    hosts = 1

    @classmethod
    def setUpClass(cls):
        place = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="switchyard-packages-"))
        cls.place = pathlib.Path(place)
        cls.old = built.paths()
        cls.new = {name: built.with_version(path, "99.0", place) for name, path in cls.old.items()}
        cls.fleet = cls.enterClassContext(Fleet(f"pkg{cls.__name__.lower()}"[:12], hosts=cls.hosts))

    @contextlib.contextmanager
    def load(self, host, rate=50):
        """A steady load on the host's stable port; at its end no request may have failed."""
        url = f"http://{host.address}:8080/"
        client = self.fleet.start_outside(
            [sys.executable, LOAD, url, "--profile", "plain", "--rate", str(rate), "--seconds", "3600"],
            stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(0.5)
            yield
            time.sleep(0.5)
            client.send_signal(signal.SIGTERM)
            result = json.loads(client.communicate(timeout=60)[0].splitlines()[-1])
        finally:
            client.kill()
            client.stdout.close()
        print(f"{result['requests']} requests, {result['failed']} failed")
        self.assertEqual(result["failed"], 0, result["failures"])
        self.assertGreater(result["requests"], rate / 2)


class Services(OnHosts):
    """A service that stands as an agent would have left it, and the packages come and go."""

    def setUp(self):
        self.host = self.fleet.hosts[0]
        write(self.host, f"{RELEASE}/nginx.conf", SAMPLE_NGINX)
        write(self.host, "/etc/systemd/system/sample@blue.service", SAMPLE_UNIT)
        write(self.host, "/etc/switchyard-switch/ruleset.nft", RULESET)
        write(self.host, "/etc/systemd/system/switchyard-switch.service", SWITCH_UNIT)
        self.host.run(["systemctl", "enable", "--now", "sample@blue", "switchyard-switch"])

    def what_serves(self):
        """Everything that must not change: the very process, the switch, and what the next boot will do."""
        host = self.host
        return {
            "service": properties(host, "sample@blue", "MainPID", "InvocationID", "ActiveState", "UnitFileState"),
            "switch": host.run(["nft", "list", "table", "inet", "switchyard"]),
            "switch unit": properties(host, "switchyard-switch", "ActiveState", "UnitFileState"),
            "files": host.run(["sh", "-c", "find /srv /etc/switchyard-switch /etc/systemd/system -name '*switchyard-*'"
                               " -prune -o -type f -print0 | sort -z | xargs -0 sha256sum"]),
        }

    def test_go_on_over_install_upgrade_remove_and_purge(self):
        host = self.host
        before = self.what_serves()
        with self.load(host):
            host.install_deb(self.old.values())
            self.assertEqual(self.what_serves(), before)
            self.check_installed()
            self.check_upgrade()
            self.assertEqual(self.what_serves(), before)
            dpkg(host, "--remove", *built.NAMES)
            self.assertEqual(self.what_serves(), before)
            self.check_removed()
            dpkg(host, "--purge", *built.NAMES)
            self.assertEqual(self.what_serves(), before)
            self.check_purged()
        host.reboot()
        with self.load(host):
            self.assertEqual(host.state(), "running")

    def check_installed(self):
        host = self.host
        agent = properties(host, "switchyard-agent", "UnitFileState", "ActiveState", "ConditionResult", "Result")
        # Not enrolled: it will start when it is, and to wait for that is no failure.
        self.assertEqual(agent, {"UnitFileState": "enabled", "ActiveState": "inactive", "ConditionResult": "no",
                                 "Result": "success"})
        for unit in AGENT_UNITS[1:]:
            self.assertEqual(properties(host, unit, "UnitFileState")["UnitFileState"], "enabled")
        wait_for("coordinator active", lambda: self.coordinator()["ActiveState"] == "active")
        self.assertEqual(self.coordinator()["UnitFileState"], "enabled")
        process = self.coordinator()["MainPID"]
        self.assertEqual(host.run(["ps", "-o", "user=", "-p", process]).strip(), "switchyard")
        # The command line finds it without being told where, and so does a member of the group.
        self.assertEqual(json.loads(host.run(["switchyard", "--json", "agents", "list"])), {"agents": []})
        host.run(["useradd", "--groups", "switchyard", "alice"])
        host.run(["runuser", "-u", "alice", "--", "switchyard", "--json", "agents", "token", "create"])
        entries = json.loads(host.run(["switchyard", "--json", "audit", "list"]))["entries"]
        self.assertIn("local:alice", [entry["principal"] for entry in entries])
        host.run(["useradd", "mallory"])
        with self.assertRaises(CommandFailed):
            host.run(["runuser", "-u", "mallory", "--", "switchyard", "agents", "list"])
        self.assertEqual(host.run(["stat", "-c", "%U %a", "/var/lib/switchyard", "/var/lib/switchyard/coordinator",
                                   "/run/switchyard"]).split("\n")[:3], ["root 755", "switchyard 700", "root 755"])
        self.assertEqual(host.state(), "running")
        print(host.run(["sh", "-c", "systemd-analyze security --no-pager | grep switchyard"]))

    def coordinator(self):
        return properties(self.host, "switchyard-coordinator", "ActiveState", "UnitFileState", "MainPID", "NRestarts")

    def check_upgrade(self):
        host = self.host
        write(host, "/etc/switchyard/agent.yaml", "log_level: debug\n")
        token = host.run(["cat", "/var/lib/switchyard/coordinator/admin.token"])
        process = self.coordinator()["MainPID"]
        host.install_deb(self.new.values())
        wait_for("coordinator active", lambda: self.coordinator()["ActiveState"] == "active")
        self.assertNotEqual(self.coordinator()["MainPID"], process)
        self.assertEqual(host.run(["cat", "/var/lib/switchyard/coordinator/admin.token"]), token)
        self.assertEqual(host.run(["cat", "/etc/switchyard/agent.yaml"]), "log_level: debug\n")
        self.assertFalse(exists(host, "/run/switchyard/restart-when-idle"))

    def check_removed(self):
        host = self.host
        for unit in [*AGENT_UNITS, "switchyard-coordinator.service"]:
            self.assertEqual(properties(host, unit, "ActiveState")["ActiveState"], "inactive", unit)
        for place in ("/etc/switchyard/agent.yaml", "/etc/switchyard/coordinator.yaml",
                      "/var/lib/switchyard/coordinator/admin.token"):
            self.assertTrue(exists(host, place), place)
        self.assertFalse(exists(host, "/usr/bin/switchyard-agent"))

    def check_purged(self):
        host = self.host
        for place in ("/etc/switchyard", "/var/lib/switchyard"):
            self.assertFalse(exists(host, place), place)
        self.assertEqual(host.run(["sh", "-c", "find /etc/systemd -name 'switchyard-*' | sort"]).split(),
                         ["/etc/systemd/system/multi-user.target.wants/switchyard-switch.service",
                          "/etc/systemd/system/switchyard-switch.service"])


class MidDeployment(OnHosts):
    """h1 is the coordinator, h2 runs an agent and what is deployed there."""

    hosts = 2
    watch_seconds = 20

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.h1, cls.h2 = cls.fleet.hosts
        cls.h1.install_deb([cls.old["switchyard-coordinator"]])
        cls.h2.install_deb([cls.old["switchyard-agent"]])
        string = cls.h1.run(["switchyard", "agents", "token", "create"]).split()[0]
        cls.h2.run(["switchyard-agent", "enroll", string])
        cls.h2.run(["systemctl", "start", "switchyard-agent"])
        wait_for("agent connected", lambda: json.loads(
            cls.h1.run(["switchyard", "--json", "agents", "list"]))["agents"][0]["connected"])

    def deploy(self, version, *, watch_seconds=0, detach=False):
        write(self.h1, f"/root/release-{version}/bin/serve", SERVER.replace("VERSION", version), "0755")
        write(self.h1, f"/root/{version}.yaml", manifest(version, watch_seconds))
        return self.h1.run(["switchyard", "deploy", "start", f"/root/{version}.yaml",
                            *(["--detach"] if detach else [])], timeout=180).split()[0]

    def served(self):
        return self.fleet.run_outside(["curl", "-sS", "--max-time", "5", f"http://{self.h2.address}:8080/"]).strip()

    def agent_process(self):
        return properties(self.h2, "switchyard-agent", "MainPID")["MainPID"]

    def is_busy(self):
        try:
            self.h2.run(["switchyard-agent", "status"])
        except CommandFailed as failed:
            return failed.status == 3
        return False

    def test_an_upgrade_waits_for_the_end_and_a_removal_is_refused(self):
        h1, h2 = self.h1, self.h2
        self.deploy("1.0")
        self.assertEqual(self.served(), "1.0")
        with self.load(h2):
            deployment = self.deploy("2.0", watch_seconds=self.watch_seconds, detach=True)
            wait_for("the new release serves", lambda: self.served() == "2.0")
            wait_for("under way", self.is_busy)
            process = self.agent_process()

            output = h2.install_deb([self.new["switchyard-agent"]])
            self.assertIn("a deployment is under way", output)
            self.assertTrue(exists(h2, "/run/switchyard/restart-when-idle"))
            self.assertEqual(self.agent_process(), process)

            with self.assertRaisesRegex(CommandFailed, "cannot be removed now"):
                dpkg(h2, "--remove", "switchyard-agent")
            self.assertEqual(self.agent_process(), process)
            self.assertTrue(self.is_busy())

            h1.run(["switchyard", "deploy", "status", deployment, "--follow"], timeout=120)
            outcome = json.loads(h1.run(["switchyard", "--json", "deploy", "status", deployment]))
            self.assertEqual(outcome["state"], "done")
            wait_for("the new agent runs", lambda: self.agent_process() not in (process, "0"))
            self.assertFalse(exists(h2, "/run/switchyard/restart-when-idle"))
        self.assertEqual(self.served(), "2.0")
        self.assertNotIn("Failed", h2.read_journal("switchyard-agent"))

    def test_zz_a_rebooted_host_serves_without_the_agent(self):
        version = self.served()
        wait_for("idle", lambda: not self.is_busy(), seconds=60)
        dpkg(self.h2, "--purge", "switchyard-agent")
        self.assertEqual(self.served(), version)
        self.h2.reboot()
        wait_for("served after the boot", lambda: self.served_or_nothing() == version)
        self.assertEqual(self.h2.state(), "running")

    def served_or_nothing(self):
        with contextlib.suppress(CommandFailed):
            return self.served()
        return ""


def main():
    try:
        requirements.require()
    except CannotRun as error:
        print("tests/packages: this machine cannot boot test hosts. Missing:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in error.missing), file=sys.stderr)
        return requirements.EXIT_STATUS
    outcome = unittest.main(exit=False, verbosity=1).result
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
