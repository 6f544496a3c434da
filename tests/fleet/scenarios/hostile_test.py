#!/usr/bin/python3
"""Names, paths and arguments that are attacks, on real hosts: no shell is executed, nothing is written where it may not
be, no line is forged; and the keys and tokens of the bus are nowhere but in their files, after deployments that failed
too."""

import base64
import collections
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import executions  # noqa: E402
import hostile_manifests  # noqa: E402
import memory_files  # noqa: E402
import sample  # noqa: E402
from harness import processes  # noqa: E402
from hostile_manifests import FORGED, PAYLOADS  # noqa: E402
from product import ROLLED_BACK  # noqa: E402
from scenario import Scenario, main  # noqa: E402

# What deployments change on a host: releases, units, Switchyard's state, and what the system itself keeps.
EXPECTED_PLACES = ("srv/", "etc/systemd/system/", "var/lib/switchyard/", "var/log/", "var/lib/systemd/", "run/",
                   "tmp/", "var/tmp/", "root/", "etc/switchyard-switch/", "var/cache/")
# Said by the shells that the watch itself starts.
PLANTED = "planted by the watch"
# What the command line says when it did what it was asked, did not understand it, or was not allowed to.
ANSWERS = (0, 2, 6)
# Of the payloads, how many the command line is asked with for each field; the API is asked with all of them.
BY_COMMAND_LINE = 3
GUARDED = """
environments:
  guarded: {approvals: 2}
"""
# Writes down what it was called with, and what it was told on its standard input.
TOLD = r"""#!/usr/bin/perl
use strict;
use warnings;
my $kind = shift @ARGV;
open my $book, '>', "/run/told/$kind" or die "no book: $!";
print $book join("\0", @ARGV, join('', <STDIN>));
close $book;
print qq({"status": "ok"}\n) if $kind eq 'hook';
"""
# As strace writes it, one of each form. The processes 20 to 27 execute shells, or nobody knows what.
RECORDED = r"""
10 execve("/usr/sbin/nft", ["/usr/sbin/nft", "-f", "-"], 0x7ffe135998e0 /* 3 vars */) = 0
11 execve("/usr/bin/true", ["true", ") = 0", "[\"x\"]", "sh"...], 0x7ffe135998e0 /* 3 vars */ <unfinished ...>
20 execve("/bin/sh", ["sh", "-c", "pla\"n\nted"], 0x7ffe135998e0 /* 3 vars */ <unfinished ...>
12 execve("/usr/local/bin/no-such", ["no-such"], 0x7ffe135998e0 /* 3 vars */) = -1 ENOENT (No such file or directory)
11 <... execve resumed>)                 = 0
21 execveat(3</usr/bin/dash>, "", ["x"], 0x7f01d8e3c390 /* 0 vars */, AT_EMPTY_PATH <unfinished ...>
20 <... execve resumed>)                 = 0
21 <... execveat resumed>)               = 0
13 execveat(AT_FDCWD</>, "usr/bin/perl", ["perl"], 0x7f01d8e3c390 /* 0 vars */, 0) = 0
22 execve("/usr/local/bin/bash", ["bash"], 0x7ffe135998e0 /* 3 vars */) = -1 ENOENT (No such file or directory)
23 execve("/opt/own-name", ["-sh"], 0x7ffe135998e0 /* 3 vars */ <detached ...>
31 execve("/usr/bin/env", ["env", "true"], 0x7ffe135998e0 /* 3 vars */ <pid changed to 24 ...>
24 +++ superseded by execve in pid 31 +++
24 <... execve resumed>)                 = 0
33 execve("/usr/bin/busybox", ["x"], 0x7ffe135998e0 /* 3 vars */ <unfinished ...>
25 +++ superseded by execve in pid 33 +++
25 <... execve resumed>)                 = 0
26 execve(NULL, NULL, NULL)              = -1 EFAULT (Bad address)
27 <... execve resumed>)                 = 0
11 +++ exited with 0 +++
"""


def z85_decoded(text):
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    raw = b""
    for at in range(0, len(text), 5):
        value = 0
        for character in text[at:at + 5]:
            value = value * 85 + digits.index(character)
        raw += value.to_bytes(4, "big")
    return raw


def forms(raw, text=""):
    """A secret as it could stand somewhere: raw, and in the encodings that people use."""
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), base64.b85encode(raw), base64.a85encode(raw)}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).rstrip(b"=")[:-1]
        encoded = encoded[before + 1 if before else 0:]
        found |= {encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")}
    if text:
        found.add(text.encode())
    return found


def is_traced(process):
    """All of its threads."""
    try:
        texts = [status.read_text() for status in pathlib.Path(f"/proc/{process}/task").glob("*/status")]
    except OSError:  # a thread has ended meanwhile
        return False
    return bool(texts) and not any("TracerPid:\t0\n" in text for text in texts)


def escaped(text):
    """For a manifest, where `${` begins a variable."""
    return text.replace("${", "$${")


def code_of(answer):
    status, body = answer
    return body["error"]["code"] if status >= 400 else "ok"


class Hostile(Scenario):
    fleet_name = "hostile"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        coordinator = cls.product.coordinator
        coordinator.run(["tee", "-a", "/etc/switchyard/coordinator.yaml"], input=GUARDED)
        coordinator.run(["systemctl", "restart", "switchyard-coordinator"])
        cls.product.wait_for_coordinator()
        cls.product.wait_until_connected(cls.product.hosts)
        cls.began = time.time()

    @classmethod
    def prepare_hosts(cls):
        for name in cls.host_names:
            host = cls.fleet[name]
            host.run(["install", "-m", "755", "/dev/stdin", "/usr/local/bin/told"], input=TOLD)

    # Watching -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def programs_watched(self):
        """What is executed on the hosts, by their systemd, Switchyard and all that comes of them, as (host, execution).
        A shell is planted when the watch begins and another when it ends: who has not seen them has seen nothing."""
        seen, tracers = [], []
        try:
            for host in self.fleet.hosts:
                program = "switchyard-coordinator" if host is self.product.coordinator else "switchyard-agent"
                watched = [host.leader(), self.product.process_of(host, program)]
                log = self.place / f"strace-{host.name}"
                tracers.append((host, log, subprocess.Popen(
                    ["strace", *executions.TRACE, "-o", log, *[f"--attach={process}" for process in watched]],
                    stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
                self.assertTrue(processes.wait_until(lambda: all(map(is_traced, watched)), 20), "strace does not begin")
            self.plant_shells()
            yield seen
            self.plant_shells()
            for host, _, tracer in tracers:
                self.assertIsNone(tracer.poll(), f"the watch of {host.name} has ended before its time")
        finally:
            for _, _, tracer in tracers:
                tracer.send_signal(signal.SIGINT)
            for _, _, tracer in tracers:
                tracer.wait(20)
        for host, log, _ in tracers:
            seen += [(host.name, each) for each in executions.parse(log.read_text(errors="replace"))]
        self.take_planted(seen)

    def plant_shells(self):
        """By its path, and by an open file, which is another system call."""
        by_file = f"import os; os.execve(os.open('/bin/sh', os.O_RDONLY), ['sh', '-c', 'true', '{PLANTED}'], {{}})"
        for host in self.fleet.hosts:
            for words in (["/bin/sh", "-c", "true", PLANTED], ["/usr/bin/python3", "-c", by_file]):
                host.run(["systemd-run", "--quiet", "--collect", "--property=Type=oneshot", *words])

    def take_planted(self, seen):
        planted = [(host, each) for host, each in seen if each.is_shell and PLANTED in each.words]
        counts = collections.Counter(host for host, _ in planted)
        self.assertEqual(counts, {host.name: 4 for host in self.fleet.hosts}, "two shells, twice: the watch is blind")
        seen[:] = [each for each in seen if each not in planted]

    def command_line(self, *words):
        """The command line, traced: its two streams as bytes, its status, and the programs that it executed or tried
        to, itself the first."""
        log = self.place / "strace-cli"
        ended = subprocess.run(["strace", *executions.TRACE, "-o", log,
                                *self.product.coordinator.inside(["switchyard", *words])],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        attempts = executions.parse(log.read_text(errors="replace"))
        own = [index for index, each in enumerate(attempts) if each.name == "switchyard" and not each.failed]
        self.assertTrue(own, "the watch has not seen the command line itself")
        return ended, [each.name for each in attempts[own[0]:]]

    def ask(self, *words, answers=ANSWERS):
        """The same, which does nothing but what it was asked for, and shows nothing that a terminal would obey."""
        ended, programs = self.command_line(*words)
        self.assertIn(ended.returncode, answers, (words, ended.stdout, ended.stderr))
        self.assertEqual(programs, ["switchyard"])
        self.assert_harmless(ended.stdout + ended.stderr)
        return ended

    def assert_harmless(self, said):
        self.assertNotIn(b"\x1b", said)
        self.assertNotIn(b"\xc2\x9b", said)
        self.assertFalse(any(line.startswith(FORGED.encode()) for line in said.splitlines()), said)

    def assert_untouched(self):
        """No canary anywhere, and nothing new outside of the places where deployments write."""
        for host in self.fleet.hosts:
            upper = host.directory / "upper"
            new = [str(path.relative_to(upper)) for path in upper.rglob("*")
                   if path.lstat().st_mtime > self.began and not path.is_dir()]
            self.assertEqual([path for path in new if "canary" in path], [], host.name)
            self.assertEqual([path for path in new if not path.startswith(EXPECTED_PLACES)], [], host.name)
            in_memory = [path for path, _ in memory_files.files_in_memory(host)]
            self.assertEqual([path for path in in_memory if "canary" in path], [], host.name)
            self.assertFalse((host.root / "canary").exists())

    def assert_no_line_forged(self):
        for host in self.fleet.hosts:
            for line in host.read_journal(output="json").splitlines():
                message = json.loads(line).get("MESSAGE")
                text = bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)
                self.assertFalse(text.startswith(FORGED), text)
                if json.loads(line).get("_COMM", "").startswith("switchyard"):
                    self.assertNotIn("\x1b", text)

    # The stories --------------------------------------------------------------------------------------

    def test_0_the_watch_overlooks_no_form_of_an_execution(self):
        attempts = executions.parse(RECORDED.strip())
        self.assertEqual(len(attempts), 12)
        self.assertEqual([each.process for each in attempts if each.is_shell], [20, 21, 22, 23, 31, 33, 26, 27])
        by_process = {each.process: each for each in attempts}
        self.assertEqual([process for process, each in by_process.items() if each.failed], [12, 22, 26])
        self.assertEqual([process for process, each in by_process.items() if not each.result], [23])
        self.assertEqual((by_process[21].program, by_process[13].name), ("/usr/bin/dash", "perl"))
        self.assertEqual(by_process[11].words, ["true", ") = 0", '["x"]', "sh"])
        self.assertEqual(by_process[20].words[-1], 'pla"n\nted')
        with self.assertRaises(ValueError):
            executions.parse('10 execve("/bin/sh"')

    def test_1_what_is_injected_into_a_manifest_executes_nothing(self):
        self.assertEqual(hostile_manifests.fields_of_schemas(),
                         {field for document in hostile_manifests.SAMPLES.values()
                          for field, _ in hostile_manifests.texts(document)}, "every text that a manifest may hold")
        place = self.product.provide(sample.write_release(self.place, "0.0.1", [sample.Component()]))
        self.product.coordinator.run(["tar", "-C", place, "-czf", place + "/sample.tar.gz", "sample"])
        with self.programs_watched() as seen:
            by_command_line = sum(self.inject_by_command_line(place, name) for name in hostile_manifests.SAMPLES)
            by_api = sum(self.inject_by_api(name) for name in hostile_manifests.SAMPLES)
            registered = self.inject_into_checks()
        self.assert_no_shell(seen)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile manifests: {by_command_line} by the command line, {by_api} by the API, {registered} definitions"
              " of checks; no shell, no canary")

    def test_2_what_is_deployed_reaches_the_service_as_it_was_written(self):
        values = [payload for payload in PAYLOADS if payload.isprintable() or payload == "a\u202eb\u009b31m"]
        values = [escaped(value) for value in values if "\u202e" not in value]
        told = "/usr/local/bin/told"
        extra = {
            "service": {"command": ["bin/serve", *values], "user": "www-data",
                        "environment": {f"HOSTILE_{i}": value for i, value in enumerate(values)}},
            "run": [{"name": "told", "command": [told, "run", *values], "undo": [told, "undo", *values]}],
            "hooks": [{"name": "told", "phase": "post_prepare", "command": [told, "hook", *values],
                       "undo": [told, "undone", *values], "config": {"all": [escaped(each) for each in PAYLOADS]}}],
            "files_to_backup": ["/srv/sample/$(id)", "/srv/sample/`id`;-rf"],
        }
        component = sample.Component(extra="".join(f"{key}: {json.dumps(value)}\n" for key, value in extra.items()))
        directory = sample.write_release(self.place, "0.0.2", [component])
        usual = "    service: {command: [bin/serve], user: www-data}\n"
        (directory / "deploy.yaml").write_text((directory / "deploy.yaml").read_text().replace(usual, ""))
        for host in self.product.hosts:
            host.run(["install", "-d", "-o", "www-data", "/run/told"])
        with self.programs_watched() as seen:
            deployment = self.product.deploy(self.product.provide(directory) + "/deploy.yaml")
            broken = sample.write_release(self.place, "0.0.3", [sample.Component()], unhealthy=["h2"])
            self.product.deploy(self.product.provide(broken) + "/deploy.yaml", expected=ROLLED_BACK)
        self.assertIn("nft", {each.name for _, each in seen if not each.failed}, "the watch sees what is executed")
        self.assert_no_shell(seen)
        wanted = [value.replace("$${", "${") for value in values]
        for host in self.product.hosts:
            self.assert_service_was_told(host, wanted)
            self.assert_programs_were_told(host, wanted)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile words: {len(wanted)} reached service, command and hook as they were, by {deployment['id']};"
              f" {len(seen)} programs executed, no shell")

    def test_3_what_is_injected_into_the_api_is_refused(self):
        self.assertNotEqual(self.product.coordinator.run(["which", "curl"], check=False).strip(), "",
                            "without curl nothing of this is asked")
        for payload in PAYLOADS:
            quoted = "".join(f"%{byte:02x}" for byte in payload.encode())
            for method, path in (("DELETE", "hosts/{}"), ("GET", "deployments/{}"), ("POST", "agents/{}/revoke"),
                                 ("DELETE", "secrets/production/{}"), ("DELETE", "health-checks/production/{}")):
                body = ["-H", "Content-Type: application/json", "-d", "{}"] if method == "POST" else []
                ended = self.product.coordinator.run(
                    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", "--unix-socket",
                     "/run/switchyard/coordinator.sock", "-X", method, *body,
                     "http://localhost/v1/" + path.format(quoted)], check=False)
                self.assertRegex(ended, r"^4\d\d$", (method, path, payload))
            in_production = ("--environment", "production")
            for words in (("hosts", "add", "--", payload), ("agents", "revoke", "--", payload),
                          ("agents", "token", "create", "--host=" + payload),
                          ("deploy", "cancel", "--", payload), ("rollback", "start", "--reason=r", "--", payload),
                          ("secrets", "rm", *in_production, "--", payload), ("tokens", "revoke", "--", payload),
                          ("tokens", "create", "--role", "viewer", *in_production, "--name=" + payload),
                          ("health", "run", *in_production, "--", payload), ("approvals", "show", "--", payload)):
                self.ask(*words, answers=(2, 3, 4, 5, 6))
        self.assertEqual({row["host"] for row in self.product.get("/v1/hosts")["hosts"]}, {"h1", "h2"})
        self.assert_untouched()
        self.assert_no_line_forged()

    def test_4_keys_and_tokens_are_nowhere_but_in_their_files(self):
        known = self.secrets()
        made = self.product.ask("agents", "token", "create", "--host", "h9")["enrolment"]
        token = base64.urlsafe_b64decode(made[4:] + "=" * (-len(made[4:]) % 4))[-32:]
        known.append(("a token", forms(token), "none"))
        of_api = self.approver("carl")
        self.assertEqual(self.product.request("GET", "/v1/version", token=of_api)[0], 200)
        known.append(("a token of the API", forms(of_api.encode(), of_api), "none"))
        for host in self.product.hosts:
            host.run(["switchyard-agent", "enroll", "-"], input=made + "\n", check=False)  # refused: enrolled already
            host.run(["systemctl", "kill", "--signal=ABRT", "switchyard-agent"])
        self.product.coordinator.run(["systemctl", "kill", "--signal=ABRT", "switchyard-coordinator"])
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)
        planted, places = self.plant_secret()
        found, searched = self.search([*known, ("planted", {planted.encode()}, "none")])
        self.assertEqual(sorted(where for name, where in found if name == "planted"), sorted(places),
                         "the search does not look everywhere")
        self.assertEqual([each for each in found if each[0] != "planted"], [])
        print(f"secrets of the bus: {len(known)} searched in {searched / 1e6:.0f} MB of disks, memory, processes,"
              f" journals and answers: 0 found; one that was planted in {len(places)} places was found in all of them")
        for host in self.fleet.hosts:
            cores = [path for path in (host.directory / "upper").rglob("core*")
                     if path.is_file() and b"\x7fELF" == path.read_bytes()[:4]]
            self.assertEqual(cores, [], "a core dump")

    def plant_secret(self):
        """A text that must be found, and where: on disk, in what is in memory, and beside the hosts."""
        planted, places = os.urandom(20).hex(), []
        for host in self.fleet.hosts:
            for path in ("/root/planted", "/tmp/planted", "/dev/shm/planted", "/run/planted"):
                host.run(["tee", path], input=planted)
                self.addCleanup(host.run, ["rm", "-f", path])
                places.append(f"{host.name}:{path}")
        (self.place / "planted").write_text(planted)
        self.addCleanup((self.place / "planted").unlink)
        return planted, [*places, str(self.place / "planted")]

    def search(self, known):
        """(secret, where) for each that is not at home there, and how many bytes were looked at."""
        found, searched = [], 0
        for where, text in self.everything():
            searched += len(text)
            found += [(name, where) for name, shapes, home in known
                      if not where.endswith(home) and any(shape in text for shape in shapes)]
        return found, searched

    def test_5_a_host_gets_a_new_key_while_its_service_goes_on(self):
        h1 = self.product.hosts[0]
        old = (h1.root / "var/lib/switchyard/agent/agent.key").read_text()
        service = [process for process in os.listdir("/proc")
                   if process.isdigit() and self.runs_on(h1, process, "bin/serve")]
        token = self.product.ask("agents", "token", "create", "--host", "h1", "--new-key")["enrolment"]
        h1.run(["switchyard-agent", "enroll", "-", "--new-key"], input=token + "\n")
        changed = time.monotonic()
        self.assertNotEqual((h1.root / "var/lib/switchyard/agent/agent.key").read_text(), old)
        while "beginning anew with this host's other key" not in h1.read_journal("switchyard-agent"):
            self.assertLess(time.monotonic() - changed, 20, "the agent has not noticed its new key")
            time.sleep(0.2)
        self.product.wait_until_connected(self.product.hosts)
        print(f"a new key: the host is back after {time.monotonic() - changed:.1f} s, its service goes on")
        self.assertEqual(service, [process for process in os.listdir("/proc")
                                   if process.isdigit() and self.runs_on(h1, process, "bin/serve")])
        self.product.deploy(self.product.provide(sample.write_release(self.place, "0.0.5", [sample.Component()]))
                            + "/deploy.yaml")

    def test_6_the_coordinator_gets_new_keys_while_all_services_go_on(self):
        state = self.product.coordinator.root / "var/lib/switchyard/coordinator"
        files = [state / "server.key", state / "plan.key"]
        old = [file.read_text() for file in files]
        services = {host.name: [process for process in os.listdir("/proc")
                                if process.isdigit() and self.runs_on(host, process, "bin/serve")]
                    for host in self.product.hosts}
        self.assertTrue(services["h1"])
        began = time.monotonic()
        answer = self.product.ask("keys", "renew", "--reason", "a backup was lost")
        self.assertTrue(answer["in_force"], answer)
        changed = time.monotonic()
        for file, before in zip(files, old):
            self.assertNotEqual(file.read_text(), before, file)
        # The sessions of before are over with the process that led them; whoever is connected came with the new key.
        while "beginning anew" not in self.product.coordinator.read_journal("switchyard-coordinator"):
            self.assertLess(time.monotonic() - changed, 20, "the coordinator has not begun anew")
            time.sleep(0.1)
        # An agent begins anew twice: when it knows both pairs of keys, and when it trusts the new one alone.
        for host in self.product.hosts:
            while host.read_journal("switchyard-agent").count("restarting for the coordinator's new keys") < 2:
                self.assertLess(time.monotonic() - changed, 30, f"{host.name} has not changed its keys")
                time.sleep(0.1)
        self.product.wait_until_connected(self.product.hosts)
        print(f"new keys for the coordinator: every host knew them after {changed - began:.1f} s, all are back "
              f"{time.monotonic() - changed:.1f} s later, their services go on")
        for host in self.product.hosts:
            self.assertEqual(services[host.name], [process for process in os.listdir("/proc")
                                                   if process.isdigit() and self.runs_on(host, process, "bin/serve")])
        self.product.deploy(self.product.provide(sample.write_release(self.place, "0.0.6", [sample.Component()]))
                            + "/deploy.yaml")
        server = self.product.ask("keys", "show")["keys"]
        self.assertEqual(server, answer["next"])
        for host in self.product.hosts:
            self.assertFalse((host.root / "var/lib/switchyard/agent/next-keys.yaml").exists(), "the old key is trusted")

    def test_7_what_is_given_as_a_reason_is_told_as_it_was_written(self):
        guarded = sample.Component(name="guarded", ports={"stable": 8090, "blue": 5012, "green": 5013})
        manifest = self.product.provide(sample.write_release(self.place, "0.0.4", [guarded])) + "/deploy.yaml"
        ann, bob = (self.approver(name) for name in ("ann", "bob"))
        for number, payload in enumerate(PAYLOADS):
            draft = self.product.start(manifest, "--environment", "guarded")
            wish = {"plan_hash": self.product.get(f"/v1/approvals/{draft}")["plan_hash"], "reason": payload}
            self.decide(f"approvals/{draft}/approve", wish, ann)
            if number % 2:
                self.decide(f"approvals/{draft}/reject", wish, bob)
            else:
                self.decide(f"deployments/{draft}/cancel", {"reason": payload})
            votes = [vote["reason"] for vote in self.product.get(f"/v1/approvals/{draft}")["votes"]]
            self.assertEqual(votes, [payload] * (1 + number % 2))
            for words in (("approvals", "show", draft), ("deploy", "status", draft)):
                self.ask(*words, answers=(0, 2, 3, 4, 5, 6))
        self.assertEqual(self.product.request("POST", "/v1/hosts", {"host": "h8", "labels": {
            f"l{number}": payload for number, payload in enumerate(PAYLOADS)}})[0], 201)
        for words in ("approvals list", "deploy list", "hosts list", "audit export", "tokens list"):
            self.ask(*words.split(), answers=(0,))
        self.assertEqual(self.product.run("audit", "verify").status, 0)
        told = {row["reason"] for row in self.audit()}
        self.assertEqual([payload for payload in PAYLOADS if payload not in told], [], "in the audit as it was written")
        self.assert_untouched()
        self.assert_no_line_forged()

    # What the stories need ----------------------------------------------------------------------------

    def inject_by_command_line(self, place, name):
        """Some payloads in each field, and all in what the command line alone acts on; how many it was asked with."""
        document, count = hostile_manifests.SAMPLES[name], 0
        # It asks for a configuration before it asks the coordinator.
        verb = "validate" if name == "configured" else "plan"
        self.write_manifest(place, json.dumps(document))
        self.assertEqual(self.ask("validate", place + "/hostile.yaml").returncode, 0, f"the sample `{name}` itself")
        self.ask(verb, place + "/hostile.yaml")
        for number, (field, where) in enumerate(hostile_manifests.fields(document).items()):
            some = PAYLOADS if ".artifact." in field else [
                PAYLOADS[(number * BY_COMMAND_LINE + i) % len(PAYLOADS)] for i in range(BY_COMMAND_LINE)]
            for payload in some:
                with self.subTest(field, payload=payload):
                    self.write_manifest(place, hostile_manifests.hostile(document, where, payload))
                    self.ask(verb, place + "/hostile.yaml")
                    count += 1
        return count

    def write_manifest(self, place, text):
        (self.place / "hostile.yaml").write_text(text, encoding="utf-8")
        self.product.coordinator.copy_in(self.place / "hostile.yaml", place + "/hostile.yaml")

    def inject_by_api(self, name):
        """Each payload in each field, for a coordinator that has only the caller's word for what a manifest is. The
        sample itself is read, so that what is refused as a manifest is refused for the payload."""
        document = hostile_manifests.SAMPLES[name]
        components = ("a", "b")
        request = {"file": "hostile.yaml", "artifacts": dict.fromkeys(components, "0" * 64),
                   "artifact_sizes": dict.fromkeys(components, {"bytes": 100, "unpacked_bytes": 1000})}
        if name == "configured":
            pieces = [{"pieces": [{"text": "{}"}]}]
            request["configuration"] = {"environment": "e", "components": {"a": {"format": "json", "parts": pieces}}}

        def plan(text):
            return self.product.request("POST", "/v1/plans", request | {"manifest": text})

        self.assertNotIn(code_of(plan(json.dumps(document))), ("bad_manifest", "bad_input", "cannot_configure"), name)
        return self.inject(document, plan)

    def inject_into_checks(self):
        """The same for checks that are registered, and shown afterwards."""
        document = {"health_checks": hostile_manifests.REGISTERED}

        def register(text):
            return self.product.request("POST", "/v1/health-checks",
                                        {"environment": "e", "file": "hostile.yaml", "definitions": text})

        self.assertEqual(register(json.dumps(document))[0], 201)
        count = self.inject(document, register)
        self.ask("health", "list", answers=(0,))
        return count

    def inject(self, document, say):
        counts = collections.Counter()
        places = hostile_manifests.fields(document)
        for field, where in places.items():
            for payload in PAYLOADS:
                answer = say(hostile_manifests.hostile(document, where, payload))
                with self.subTest(field, payload=payload):
                    self.assertIn(answer[0], (200, 201, 400, 404, 409, 422), answer)
                    counts[field] += 1
        self.assertEqual(counts, {field: len(PAYLOADS) for field in places}, "what was not delivered")
        return counts.total()

    def assert_service_was_told(self, host, wanted):
        service = next(pathlib.Path("/proc", process) for process in os.listdir("/proc")
                       if process.isdigit() and self.runs_on(host, process, "bin/serve"))
        words = (service / "cmdline").read_bytes().decode().split("\0")
        self.assertEqual(words[-len(wanted) - 1:-1], wanted)
        variables = dict(each.split("=", 1) for each in (service / "environ").read_bytes().decode().split("\0") if each)
        self.assertEqual([variables[f"HOSTILE_{i}"] for i in range(len(wanted))], wanted)
        for unit in (host.directory / "upper/etc/systemd/system").glob("sample@*.service"):
            self.assertNotRegex(unit.read_text(), r"(?m)^(ExecStartPre|ExecStartPost|ExecStop|ExecReload|OnFailure)")

    def assert_programs_were_told(self, host, wanted):
        """The command and the hook, by their arguments, and the hook by its configuration."""
        for kind in ("run", "hook"):
            *words, told = host.copy_out(f"/run/told/{kind}").decode().split("\0")
            self.assertEqual(words, wanted, kind)
        self.assertEqual(json.loads(told)["config"]["all"], PAYLOADS)

    def approver(self, name):
        status, made = self.product.request("POST", "/v1/tokens", {"name": name, "kind": "person", "role": "approver",
                                                                   "environment": "guarded"})
        self.assertEqual(status, 201, made)
        return made["token"]

    def decide(self, path, body, token=None):
        status, answer = self.product.request("POST", "/v1/" + path, body, token)
        self.assertEqual(status, 200, answer)

    def audit(self):
        rows, page = [], True
        while page:
            page = self.product.get(f"/v1/audit?limit=100&after={rows[-1]['seq'] if rows else 0}")["entries"]
            rows += page
        return rows

    def runs_on(self, host, process, word):
        try:
            same = os.readlink(f"/proc/{process}/ns/pid") == os.readlink(f"/proc/{host.leader()}/ns/pid")
            return same and word.encode() in pathlib.Path("/proc", process, "cmdline").read_bytes()
        except OSError:
            return False

    def assert_no_shell(self, seen):
        """Nor one that was not found, or of which nobody knows how it ended."""
        self.assertEqual([each for each in seen if each[1].is_shell], [])

    def secrets(self):
        found = []
        for host in self.product.hosts:
            text = (host.root / "var/lib/switchyard/agent/agent.key").read_text().split()[-1]
            found.append((f"the key of {host.name}", forms(z85_decoded(text[-40:]), text[-40:]), "agent.key"))
        state = self.product.coordinator.root / "var/lib/switchyard/coordinator"
        text = (state / "server.key").read_text().split()[-1][-40:]
        found.append(("the server's key", forms(z85_decoded(text), text), "server.key"))
        found.append(("the plan's key", forms(bytes.fromhex((state / "plan.key").read_text().strip())), "plan.key"))
        found.append(("the vault's key", forms(bytes.fromhex((state / "vault.key").read_text().strip())), "vault.key"))
        text = (state / "admin.token").read_text().strip()
        found.append(("the administrator's token", forms(text.encode(), text), "admin.token"))
        return found

    def everything(self):
        """What was written on the hosts since they were made, on disk and in memory, and on this machine by the test,
        what their processes are given, and what is told."""
        for host in self.fleet.hosts:
            upper = host.directory / "upper"
            on_disk = ((f"/{path.relative_to(upper)}", path) for path in upper.rglob("*")
                       if path.is_file() and not path.is_symlink() and "var/cache/fleet" not in str(path))
            for shown, path in (*on_disk, *memory_files.files_in_memory(host)):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    yield f"{host.name}:{shown}", path.read_bytes()
            yield f"the journal of {host.name}", host.read_journal(output="export").encode(errors="replace")
            for process in filter(str.isdigit, os.listdir("/proc")):
                if self.runs_on(host, process, ""):
                    for name in ("cmdline", "environ"):
                        with contextlib.suppress(OSError):
                            yield f"{host.name}: {name} of {process}", pathlib.Path("/proc", process, name).read_bytes()
        for path in self.files_beside_the_hosts():
            yield str(path), path.read_bytes()
        for path in ("hosts", "deployments?limit=50", "audit?limit=100", "artifacts", "serving", "recovery", "health",
                     "approvals", "tokens", "secrets", "health-checks"):
            with contextlib.suppress(LookupError):
                yield f"GET {path}", json.dumps(self.product.get("/v1/" + path)).encode()

    def files_beside_the_hosts(self):
        """What this test and its fleet have written on this machine; the hosts' own disks are looked at one by one."""
        for top in (self.place, self.fleet.directory):
            for directory, names, files in os.walk(top):
                if pathlib.Path(directory).parent == self.fleet.directory / "hosts":
                    names[:] = [name for name in names if name not in ("root", "upper", "work")]
                for path in (pathlib.Path(directory, name) for name in files):
                    if path.is_file() and not path.is_symlink():
                        yield path


if __name__ == "__main__":
    main()
