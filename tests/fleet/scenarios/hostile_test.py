#!/usr/bin/python3
"""Names, paths and arguments that are attacks, on real hosts: no shell is executed, nothing is written where it may not
be, no line is forged; and the keys and tokens of the bus are nowhere but in their files, after deployments that failed
too."""

import base64
import collections
import contextlib
import copy
import json
import os
import pathlib
import sys
import time

import yaml

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import executions  # noqa: E402
import hostile_files  # noqa: E402
import hostile_manifests  # noqa: E402
import hostile_requests  # noqa: E402
import memory_files  # noqa: E402
import sample  # noqa: E402
from hostile_requests import BEHIND_A_SECRET  # noqa: E402
from hostile_texts import ESCAPES, PAYLOADS, Shape, hostile, hostile_everywhere, written  # noqa: E402
from hostile_watch import WatchedScenario  # noqa: E402
from product import ROLLED_BACK  # noqa: E402
from scenario import main  # noqa: E402

# Of the payloads, how many each command is asked with for each field, where all of them are elsewhere.
SOME = 3
# All of them in one text, which is no longer than a reason may be.
ALL_AT_ONCE = " ".join(PAYLOADS)
# Fields that the command line alone acts on, and two of which the texts must differ.
BY_THEMSELVES = (".artifact.", ".haproxy.servers.")
# Where the files lie that a directory of configurations is read with.
PLACES = {"environments": "deploy/config/environments", "servers": "deploy/config/servers",
          "deployments": "deploy/deployments", "health-checks": "deploy/health-checks"}
# In which form a service gets its configuration.
SERVICES = [{"command": ["bin/serve"], "configuration": configuration} for configuration in (
    {"format": "json", "file": "settings.json"}, {"format": "yaml", "file": "settings.yaml"}, {"format": "env"})]
# As far as a file of a release may be called so.
NAMES_OF_FILES = ["$(id)", "`id`", "; id;", "| id", "&& id #", "-rf", "--help", "' %n %H $PATH ${PATH}", "{{7*7}}%s%n"]
# No longer than a manifest's may be.
VERSION = " ".join(PAYLOADS[number] for number in (0, 5, 9, 14))
# What a program says of its own file: done, or what is wrong with it, or that nothing of it is set up.
OF_PROGRAMS = {"switchyard-coordinator": (0, 70, 78), "switchyard-agent": (0, 1, 2)}
# What the API says when it was not to be done.
REFUSED = {400, 403, 404, 409, 422}
# And for what was not even looked at further.
BAD = ("bad_input", "bad_manifest", "bad_target", "cannot_configure")
# Of the coordinator's file, beside what its package brings.
ENVIRONMENTS = {"environments": {
    "guarded": {"approvals": 2},
    "frozen": {"approvals": 1, "freeze_windows": [
        {"from": "2026-01-01T00:00Z", "to": "2126-01-01T00:00Z", "reason": ALL_AT_ONCE}]}}}
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


def escaped(text):
    """For a manifest, where `${` begins a variable."""
    return text.replace("${", "$${")


def some(things, number):
    """A few of them, others for each number."""
    return [things[(number * SOME + i) % len(things)] for i in range(min(SOME, len(things)))]


def configured_components():
    """One for each form of a configuration."""
    found = []
    for number, service in enumerate(SERVICES):
        form = service["configuration"]["format"]
        component = sample.Component(f"told-{form}", ["h1"], {"stable": 6000 + number})
        said = "{command: [bin/serve], user: www-data}", json.dumps(service | {"user": "www-data"})
        component.manifest = lambda component=component, said=said: sample.Component.manifest(component).replace(*said)
        found.append(component)
    return found


def code_of(answer):
    status, body = answer
    return body["error"]["code"] if status >= 400 else "ok"


class Hostile(WatchedScenario):
    fleet_name = "hostile"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        coordinator = cls.product.coordinator
        coordinator.run(["tee", "-a", "/etc/switchyard/coordinator.yaml"], input=json.dumps(ENVIRONMENTS)[1:-1] + "\n")
        coordinator.run(["systemctl", "restart", "switchyard-coordinator"])
        cls.product.wait_for_coordinator()
        cls.product.wait_until_connected(cls.product.hosts)
        cls.began = time.time()

    @classmethod
    def prepare_hosts(cls):
        for name in cls.host_names:
            host = cls.fleet[name]
            host.run(["install", "-m", "755", "/dev/stdin", "/usr/local/bin/told"], input=TOLD)

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

    def test_0_a_field_that_is_new_is_noticed(self):
        for name, shape in hostile_files.shapes().items():
            said = {field for sample_of in hostile_files.SAMPLES[name] for field, _ in shape.texts(sample_of)}
            self.assertEqual(said, shape.fields, f"every text that {name} lets somebody write")
        requested = hostile_requests.samples("d", "w", "s", "r")
        self.assertEqual({field for request in requested for fields in request.places() for field in fields},
                         {field for operation in hostile_requests.operations() for field in operation.fields},
                         "every text of every request")
        self.assertEqual(hostile_requests.REHEARSED.keys() - {request.operation.id for request in requested}, set())
        new = {"type": "object", "properties": {"old": {"type": "string"}}, "additionalProperties": False}
        self.assertEqual(Shape({"s": new}, "s").fields, {"old"})
        new["properties"]["new"] = {"anyOf": [{"type": "null"}, {"type": "object", "additionalProperties": {
            "type": "array", "items": {"enum": ["a", "b"]}}}]}
        self.assertEqual(Shape({"s": new}, "s").fields, {"old", "new.{}", "new.*[]"})
        with self.assertRaises(ValueError):
            Shape({"s": new | {"patternProperties": {".": {"type": "string"}}}}, "s")

    def test_1_what_is_injected_into_a_manifest_executes_nothing(self):
        place = self.place_of_files()
        with self.programs_watched() as seen:
            counts = [self.inject_into_manifests(place, name) for name in hostile_manifests.SAMPLES]
            in_directories, by_command_line, by_api = map(sum, zip(*counts))
            registered = self.inject_into_checks()
        self.assert_no_shell(seen)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile manifests: {in_directories} in directories, {by_command_line} by the command line, {by_api} by"
              f" the API, {registered} definitions of checks; no shell, no canary")

    def test_1_what_is_injected_into_other_files_executes_nothing(self):
        place = self.place_of_files()
        with self.programs_watched() as seen:
            environments = self.inject_into_environments(place)
            servers = self.inject_into_servers(place)
            checks = self.inject_into_check_files(place)
            rendered = self.inject_into_templates(place)
            self.inject_into_names(place)
            said = self.inject_into_caller(place)
            of_programs = sum(map(self.inject_into_program, OF_PROGRAMS))
        self.assert_no_shell(seen)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile files: {environments} environments, {servers} servers, {checks} files of checks, {rendered}"
              f" templates, {of_programs} files of the programs, {said} tokens and variables of the caller; no shell,"
              " no canary")

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
        directory = sample.write_release(self.place, "0.0.2", [component, *configured_components()])
        usual = "    service: {command: [bin/serve], user: www-data}\n"
        (directory / "deploy.yaml").write_text((directory / "deploy.yaml").read_text().replace(usual, ""))
        self.write_hostile_names(directory)
        configuration = self.write_configuration(directory)
        for host in self.product.hosts:
            host.run(["install", "-d", "-o", "www-data", "/run/told"])
        with self.programs_watched() as seen:
            place = self.product.provide(directory)
            deployment = self.product.deploy(place + "/deploy.yaml", "--config-dir", place + "/config")
            broken = sample.write_release(self.place, "0.0.3", [sample.Component()], unhealthy=["h2"])
            self.product.deploy(self.product.provide(broken) + "/deploy.yaml", expected=ROLLED_BACK)
        self.assertIn("nft", {each.name for _, each in seen if not each.failed}, "the watch sees what is executed")
        self.assert_no_shell(seen)
        wanted = [value.replace("$${", "${") for value in values]
        for host in self.product.hosts:
            self.assert_service_was_told(host, wanted)
            self.assert_programs_were_told(host, wanted)
            self.assert_names_are_there(host)
        self.assertEqual(deployment["version"], VERSION)
        self.assert_services_were_configured(self.product.hosts[0], configuration)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile words: {len(wanted)} reached service, command and hook as they were, {len(configuration)}"
              f" values the configurations of services, by {deployment['id']}; {len(seen)} programs executed, no shell")

    def test_3_what_is_injected_into_the_api_changes_nothing(self):
        deployment, snapshot = self.deployed(), self.product.create_snapshot()
        artifact = self.product.get("/v1/artifacts")["artifacts"][0]
        draft = self.product.start(self.guarded_manifest(), "--environment", "guarded")
        samples = hostile_requests.samples(deployment, draft, snapshot, artifact["release"])
        before = self.state()
        with self.programs_watched() as seen:
            fields, count, rehearsed = self.inject_into_requests(samples)
            commands = self.inject_into_words()
            for words in ("agents list", "approvals list", "audit list", "audit export", "deploy list", "health list",
                          "hosts list", "keys show", "rollback list", "rollback targets", "secrets list",
                          "snapshot list", "status", "tokens list"):
                self.ask(*words.split(), answers=(0,))
            newest = self.product.get("/v1/snapshots")["snapshots"][0]
            self.assertIn(newest["reason"], PAYLOADS)
            self.ask("snapshot", "show", newest["id"], answers=(0,))
        self.assert_no_shell(seen)
        self.assertEqual(self.state(), before)
        label = {"component": artifact["component"], "version": artifact["version"]}
        for path, body in ((f"artifacts/{artifact['release']}/complete", label), (f"deployments/{draft}/cancel", {})):
            self.assertEqual(self.product.request("POST", "/v1/" + path, body)[0], 200, path)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile requests: {count} in {fields} fields, {rehearsed} of them with dry_run; {commands} commands")

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
        answer = self.product.ask("keys", "renew", "--reason", ALL_AT_ONCE)
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
        manifest = self.guarded_manifest()
        ann, bob = (self.approver(name) for name in ("ann", "bob"))
        with self.programs_watched() as seen:
            drafts = [self.decide_for(payload, manifest, ann, bob if number % 2 else None)
                      for number, payload in enumerate(PAYLOADS)]
            drafts.append(self.propose_in_a_freeze(manifest))
            self.ask_all([(*words.split(), draft) for draft in drafts for words in ("approvals show", "deploy status")],
                         answers=(0, 2, 3, 4, 5, 6))
            self.assertEqual(self.product.request("POST", "/v1/hosts", {"host": "h8", "labels": {
                f"l{number}": payload for number, payload in enumerate(PAYLOADS)}})[0], 201)
            self.ask_all([words.split() for words in ("approvals list", "deploy list", "hosts list", "audit export",
                                                      "tokens list")], answers=(0,))
        self.assert_no_shell(seen)
        self.assertEqual(self.product.run("audit", "verify").status, 0)
        told = {row["reason"] for row in self.audit()}
        self.assertEqual([payload for payload in [*PAYLOADS, ALL_AT_ONCE] if payload not in told], [],
                         "in the audit as it was written")
        self.assert_untouched()
        self.assert_no_line_forged()

    def test_8_what_is_given_as_a_reason_to_go_back_too(self):
        deployment = self.deployed()
        status, snapshot = self.product.request("POST", "/v1/snapshots", {
            "environment": "production", "name": "sample", "reason": ALL_AT_ONCE})
        self.assertEqual((status, snapshot.get("reason")), (201, ALL_AT_ONCE), snapshot)
        reason = ("--reason", ALL_AT_ONCE, "--detach")
        with self.programs_watched() as seen:
            ended = [self.follow_to_the_end(*words, *reason) for words in (
                ("rollback", "start", deployment), ("snapshot", "restore", snapshot["id"]))]
            self.ask_all([*(("deploy", "status", each) for each in ended), ("rollback", "status", ended[0]),
                          ("rollback", "list"), ("snapshot", "show", snapshot["id"]), ("snapshot", "list"),
                          ("audit", "list"), ("status",)], answers=(0,))
        self.assertIn("nft", {each.name for _, each in seen if not each.failed}, "the watch sees what is executed")
        self.assert_no_shell(seen)
        self.assertEqual({"snapshot.create", "rollback.start", "restore.start"}
                         - {row["operation"] for row in self.audit() if row["reason"] == ALL_AT_ONCE}, set())
        self.assert_untouched()
        self.assert_no_line_forged()

    # What the stories need ----------------------------------------------------------------------------

    def place_of_files(self):
        """Where the command line runs: an artifact in two forms, and nothing else but what stories write there."""
        place = self.product.provide(sample.write_release(self.place, self.next_version(), [sample.Component()]))
        self.product.coordinator.run(["tar", "-C", place, "-czf", place + "/sample.tar.gz", "sample"])
        return place

    def write(self, path, document, host=None):
        """On the coordinator's host; gives the path."""
        file = (host or self.product.coordinator).root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(document if isinstance(document, str) else written(document), encoding="utf-8")
        return path

    def remove(self, path):
        self.product.coordinator.run(["rm", "-r", path])

    def inject_into_manifests(self, place, name):
        """Each payload in each field of a sample: in a directory that the command line looks at; by the command line
        some one by one, and all in what it alone acts on; and by the API. What is refused is refused for one attack
        alone. What is right by itself stands together with all others in which the same attack is, since the hosts are
        asked for each such plan. How many there were of each kind."""
        document = hostile_manifests.SAMPLES[name]
        variants = self.variants("deployment", [document])
        good, _ = self.fill(place, "deployments", variants)
        alone, together = [], collections.defaultdict(list)
        for number, (field, payload, where, attacked) in enumerate(variants):
            if f"p{number}" in good and not any(part in field for part in BY_THEMSELVES):
                together[payload].append((field, where))
            else:
                alone.append((field, payload, attacked))
        plans = [({field for field, _ in places}, payload,
                  hostile_everywhere(document, [where for _, where in places], payload))
                 for payload, places in together.items()]
        commands = self.plan_by_command_line(place, name, alone, plans)
        by_api = self.plan_by_api(name, alone, plans)
        self.assertEqual(by_api, dict.fromkeys((field for field, _, _, _ in variants), len(PAYLOADS)), "not delivered")
        self.remove(place + "/deploy")
        return len(variants), commands, by_api.total()

    def plan_by_command_line(self, place, name, alone, plans):
        configured = ("--config-dir", place + "/deploy/config") if name == "configured" else ()
        self.write(place + "/hostile.yaml", hostile_manifests.SAMPLES[name])
        self.ask("validate", place + "/hostile.yaml", answers=(0,))
        commands, numbers = [], {field: number for number, field in enumerate(dict.fromkeys(each[0] for each in alone))}
        for field, payload, attacked in alone:
            if ".artifact." in field or payload in some(PAYLOADS, numbers[field]):
                commands.append(("plan", self.write(f"{place}/hostile-{len(commands)}.yaml", attacked), *configured))
        for _, _, attacked in plans:
            commands.append(("plan", self.write(f"{place}/hostile-{len(commands)}.yaml", attacked), *configured))
        self.ask_all(commands)
        return len(commands)

    def plan_by_api(self, name, alone, plans):
        """For a coordinator that has only the caller's word for what a manifest is. The sample itself is read, so that
        what is refused as a manifest is refused for the payload. How often each field was attacked."""
        components = ("a", "b")
        request = {"file": "hostile.yaml", "artifacts": dict.fromkeys(components, "0" * 64),
                   "artifact_sizes": dict.fromkeys(components, {"bytes": 100, "unpacked_bytes": 1000})}
        if name == "configured":
            pieces = [{"pieces": [{"text": "{}"}]}]
            request["configuration"] = {"environment": "e", "components": {"a": {"format": "json", "parts": pieces}}}

        def plan(document):
            return self.product.request("POST", "/v1/plans", request | {"manifest": written(document)})

        self.assertNotIn(code_of(plan(hostile_manifests.SAMPLES[name])), BAD, name)
        counts = collections.Counter()
        for fields, payload, attacked in [*(({field}, *rest) for field, *rest in alone), *plans]:
            with self.subTest(fields, payload=payload):
                answer = plan(attacked)
                self.assertIn(answer[0], REFUSED | {200}, answer)
                if len(fields) > 1:
                    self.assertNotIn(code_of(answer), BAD, answer)
                counts.update(fields)
        return counts

    def variants(self, name, documents, payloads=PAYLOADS):
        """(field, payload, place, document) for each payload in each field of each document."""
        shape = hostile_files.shapes()[f"{name}.schema.json"]
        return [(field, payload, where, hostile(document, where, payload)) for document in documents
                for field, where in shape.places(document).items() for payload in payloads]

    def inject_into_environments(self, place):
        variants = self.variants("environment", hostile_files.SAMPLES["environment.schema.json"], PAYLOADS + ESCAPES)
        good, told = self.fill(place, "environments", variants)
        self.assert_no_escape(variants, "variables.*", told)
        configured = self.write(place + "/configured.yaml", hostile_manifests.SAMPLES["configured"])
        self.ask("plan", configured, "--config-dir", place + "/deploy/config", answers=(0,))
        chosen = self.some_of_each_field(variants, good)
        self.ask_about(place, "environments", chosen, lambda name: (configured, "a", name))
        return len(variants)

    def inject_into_servers(self, place):
        variants = self.variants("server", hostile_files.SAMPLES["server.schema.json"], PAYLOADS + ESCAPES)
        for number, (field, _, _, document) in enumerate(variants):
            if field != "name":  # which is that of the file
                document["name"] = f"p{number}"
        good, told = self.fill(place, "servers", variants)
        self.assert_no_escape(variants, "templates.*", told)
        chosen, configured = self.some_of_each_field(variants, good), {}
        for number, name in enumerate(chosen):
            manifest = copy.deepcopy(hostile_manifests.SAMPLES["configured"])
            manifest["components"][0] |= {"name": name, "service": SERVICES[number % len(SERVICES)]}
            configured[name] = self.write(f"{place}/configured-{name}.yaml", manifest)
        self.ask_about(place, "servers", chosen, lambda name: (configured[name], name, "e"))
        return len(variants)

    def fill(self, place, kind, variants):
        """A directory in which each file of one kind is another attack, and what is said of it. The names of those that
        can be used, and the problems of the others; every one is looked at, whatever the others are."""
        self.write(place + "/deploy/config/environments/e.yaml", hostile_files.ENVIRONMENT)
        self.write(place + "/deploy/config/servers/a.yaml", hostile_files.SERVER)
        names = {f"p{number}": document for number, (_, _, _, document) in enumerate(variants)}
        for name, document in names.items():
            self.write(f"{place}/{PLACES[kind]}/{name}.yaml", document)
        directory = ("--config-dir", place + "/deploy/config")
        listed, judged = self.ask_all([("--json", "config", verb, *directory) for verb in ("list", "validate")])
        self.ask_all([("--verbose", "config", verb, *directory) for verb in ("list", "validate")], terminal=True)
        self.assertEqual(json.loads(judged.stdout)["files"], len(names) + 2, "every file is looked at")
        told = {}
        for problem in json.loads(judged.stdout)["problems"]:
            file = pathlib.PurePath(problem.split(".yaml", 1)[0])
            self.assertIn(file.name, names, "what is right is a problem because of what is wrong")
            told[file.name] = problem
        listed = {item["name"] for item in json.loads(listed.stdout)["items"] if item["problem"]}
        self.assertEqual(listed - told.keys(), set(), "a problem that is not told")
        return names.keys() - told.keys(), told

    def assert_no_escape(self, variants, field, told):
        for number, (found, payload, _, _) in enumerate(variants):
            if found == field and payload in ESCAPES:
                self.assertIn("Template processing failed", told.get(f"p{number}", ""), payload)
        self.assertIn(field, {found for found, _, _, _ in variants})

    def some_of_each_field(self, variants, good):
        by_field = collections.defaultdict(list)
        for number, (field, _, _, _) in enumerate(variants):
            if f"p{number}" in good:
                by_field[field].append(f"p{number}")
        return [name for number, names in enumerate(by_field.values()) for name in some(names, number)]

    def ask_about(self, place, kind, names, wanted):
        """What is configured, and what would be deployed with it. `wanted` gives of a name the manifest, the server and
        the environment."""
        for file in (self.product.coordinator.root / place[1:] / PLACES[kind]).glob("p*.yaml"):
            if file.stem not in names:
                file.unlink()
        directory = ("--config-dir", place + "/deploy/config")
        shown, planned = [], []
        for name in names:
            manifest, server, environment = wanted(name)
            shown.append(("config", "show", server, environment, *directory))
            verb = (("plan",), ("deploy", "simulate"), ("deploy", "start", "--dry-run"))[len(planned) % 3]
            planned.append((*verb, manifest, "--environment", environment, *directory))
        self.ask_all(shown, (0, 2))
        self.ask_all([("--json", *words) for words in shown], (0, 2), terminal=True)
        self.ask_all(planned, (0, 2))
        self.remove(place + "/deploy")

    def inject_into_check_files(self, place):
        """In a directory, and by the command that registers them."""
        variants = self.variants("health-checks", hostile_files.SAMPLES["health-checks.schema.json"])
        self.fill(place, "health-checks", variants)
        self.remove(place + "/deploy")
        document = {"health_checks": hostile_manifests.REGISTERED}
        shape = hostile_files.shapes()["health-checks.schema.json"]
        files = [self.write(place + "/checks.yaml", document)]
        for number, (_, where) in enumerate(shape.places(document).items()):
            files += [self.write(f"{place}/checks-{number}-{index}.yaml", hostile(document, where, payload))
                      for index, payload in enumerate(some(PAYLOADS, number))]
        ended = self.ask_all([("health", "register", file, "--environment", "e") for file in files])
        self.assertEqual(ended[0].status, 0, ended[0])
        self.ask("health", "list", answers=(0,))
        return len(variants) + len(files)

    def inject_into_templates(self, place):
        """What one template comes to, whoever gives its variables."""
        def render(text, variables):
            number = len(commands)
            commands.append(("config", "render", "--template", self.write(f"{place}/template-{number}", text), "--vars",
                             self.write(f"{place}/variables-{number}.json", variables)))

        commands, texts = [], []
        for payload in PAYLOADS:
            # Templates end their lines with \n.
            texts += [payload.replace("{{7*7}}", "49").replace("\r\n", "\n"), payload]
            render(payload, {})
            render("{{ told }}", {"told": payload, payload: "x"})
        ended = self.ask_all(commands, (0,), rendered=True)
        self.assertEqual([each.stdout.decode() for each in ended], texts, "what was written is what is rendered")
        for each in self.ask_all(commands, (0,), rendered=True, terminal=True):
            self.assert_obeyed_by_no_terminal(each.stdout)
        commands.clear()
        for escape in ESCAPES:
            render(escape, {"env": {"name": escape}, "config": {escape: escape}})
        self.ask_all(commands, (2,))
        return len(texts) + len(ESCAPES)

    def inject_into_names(self, place):
        """Files whose names are attacks, as far as a file can be called so."""
        names = [payload.replace("/", "|") for payload in PAYLOADS]
        self.write(place + "/deploy/config/environments/e.yaml", hostile_files.ENVIRONMENT)
        self.write(place + "/deploy/config/servers/a.yaml", hostile_files.SERVER)
        directory, commands = ("--config-dir", place + "/deploy/config"), []
        for name in names:
            for folder in PLACES.values():
                path = self.write(f"{place}/{folder}/{name}.yaml", hostile_manifests.SAMPLES["services"])
            commands += [("validate", path), ("plan", path), ("health", "register", path, "--environment", "e"),
                         ("config", "show", *directory, "--", name, name)]
        self.ask_all([*commands, *(("config", verb, *directory) for verb in ("list", "validate"))])
        self.remove(place + "/deploy")

    def inject_into_caller(self, place):
        """Every variable of the caller that is known, and what is in the file with the token. How many of both."""
        self.write(place + "/deploy/config/environments/e.yaml", hostile_files.ENVIRONMENT)
        self.write(place + "/deploy/config/servers/a.yaml", hostile_files.SERVER)
        words = ("config", "show", "a", "e", "--config-dir", place + "/deploy/config")
        shown, = self.ask_all([("--json", *words)], (0,))
        names = ["HOSTILE", *(setting["name"] for setting in json.loads(shown.stdout)["settings"])]
        self.assertIn("DEPLOYMENT_STRATEGY", names)
        variables = [dict.fromkeys(names, payload) for payload in PAYLOADS]
        configured = self.write(place + "/configured.yaml", hostile_manifests.SAMPLES["configured"])
        planned = ("plan", configured, "--config-dir", place + "/deploy/config")
        for terminal in (False, True):
            self.ask_all([words] * len(variables), (2,), terminal=terminal, variables=variables)
            self.ask_all([planned] * len(variables), (2,), terminal=terminal, variables=variables)
        for ended, payload in zip(self.ask_all([("--json", *words)] * len(PAYLOADS), (0,), variables=[
                {"HOSTILE": payload} for payload in PAYLOADS]), PAYLOADS):
            self.assertEqual(json.loads(ended.stdout)["config"]["made"], "hi text")
            self.assertEqual(json.loads(ended.stdout)["config"]["told"], payload)
        self.ask_all([("--url", "http://127.0.0.1:8765", "--token-file", self.write(f"{place}/token-{number}", payload),
                       "deploy", "list") for number, payload in enumerate(PAYLOADS)], (2, 6))
        self.remove(place + "/deploy")
        return len(PAYLOADS) * (len(names) + 1)

    def inject_into_program(self, program):
        """Its own file. Nothing of it is set up below the directory that is its root, and nothing comes to be there."""
        name = program.removeprefix("switchyard-")
        host = self.product.coordinator if name == "coordinator" else self.product.hosts[0]
        variants = self.variants(name, hostile_files.SAMPLES[f"{name}.schema.json"])
        asked = ["--check"] if name == "coordinator" else ["status"]
        place = "/root/hostile-" + name
        commands = [("--root", place + "/root", "--config",
                     self.write(f"{place}/p{number}.yaml", document, host), *asked)
                    for number, (_, _, _, document) in enumerate(variants)]
        self.ask_all(commands, OF_PROGRAMS[program], "/usr/bin/" + program, host)
        self.assertFalse((host.root / place[1:] / "root").exists())
        return len(commands)

    def inject_into_requests(self, requests):
        """How many fields, requests, and requests that were only rehearsed. Nothing but an answer comes of any: that it
        was taken, or that it was refused for what it says."""
        counts, sent, rehearsed = collections.Counter(), 0, 0
        self.product.coordinator.run(["switchyard", "secrets", "set", hostile_requests.SECRET, "--environment", "e"],
                                     input="of no interest")
        for request in requests:
            status, body = self.converse(request)
            self.assertNotIn(code_of((status, json.loads(body))), BAD,
                             (request, body, "what is refused at once says nothing of the attacks in it"))
            for fields, attacked in request.places().items():
                # Each in the first request that has it.
                for payload in PAYLOADS if set(fields) - counts.keys() else []:
                    with self.subTest(fields, payload=payload):
                        status, body = self.converse(attacked(payload))
                        refused = fields[0].split()[1][0] in "{?"
                        self.assertIn(status, REFUSED if refused else REFUSED | {200, 201}, body)
                        self.assertNotIn(b"\x1b", body)
                        if len(fields) > 1:
                            self.assertNotIn(code_of((status, json.loads(body))), BAD, body)
                        counts.update(fields)
                        sent += 1
                        rehearsed += request.rehearsed
        for path in ("secrets/e/" + hostile_requests.SECRET, "hosts/" + hostile_requests.NOBODY):
            self.assertEqual(self.product.request("DELETE", "/v1/" + path)[0], 200, path)
        self.assertEqual(set(counts.values()), {len(PAYLOADS)}, "not delivered")
        return len(counts), sent, rehearsed

    def converse(self, request):
        place = f"/proc/{self.product.coordinator.leader()}/root/run/switchyard/coordinator.sock"
        return hostile_requests.converse(place, request)

    def inject_into_words(self):
        """The same by the words of commands that send them."""
        in_production = ("--environment", "production")
        commands = [words for payload in PAYLOADS for words in (
            ("hosts", "add", "--", payload), ("agents", "revoke", "--", payload),
            ("agents", "token", "create", "--host=" + payload),
            ("deploy", "cancel", "--", payload), ("rollback", "start", "--reason=r", "--", payload),
            ("secrets", "rm", *in_production, "--", payload), ("tokens", "revoke", "--", payload),
            ("tokens", "create", "--role", "viewer", *in_production, "--name=" + payload),
            ("health", "run", *in_production, "--", payload), ("approvals", "show", "--", payload))]
        self.ask_all(commands, (2, 3, 4, 5, 6))
        return len(commands)

    def decide_for(self, payload, manifest, approver, other):
        """A proposal that one approves with the attack as the reason, and that another rejects with it, or its author
        withdraws."""
        draft = self.product.start(manifest, "--environment", "guarded")
        wish = {"plan_hash": self.product.get(f"/v1/approvals/{draft}")["plan_hash"], "reason": payload}
        self.decide(f"approvals/{draft}/approve", wish, approver)
        if other:
            self.decide(f"approvals/{draft}/reject", wish, other)
        else:
            self.decide(f"deployments/{draft}/cancel", {"reason": payload})
        votes = [vote["reason"] for vote in self.product.get(f"/v1/approvals/{draft}")["votes"]]
        self.assertEqual(votes, [payload] * (2 if other else 1))
        return draft

    def propose_in_a_freeze(self, manifest):
        """Whose reason is an attack, against one whose reason is too."""
        where = ("--environment", "frozen")
        refused = self.ask("deploy", "start", manifest, *where, answers=(6,))
        self.assertIn(PAYLOADS[0].encode(), refused.stderr, "the reason of the freeze is told")
        draft = self.product.start(manifest, *where, "--override-freeze", ALL_AT_ONCE)
        self.assertEqual(self.product.get(f"/v1/approvals/{draft}")["override_freeze"], ALL_AT_ONCE)
        self.ask("approvals", "show", draft, answers=(0,))
        self.decide(f"deployments/{draft}/cancel", {"reason": ALL_AT_ONCE})
        return draft

    def follow_to_the_end(self, *words):
        identity = self.ask(*words, answers=(0,)).stdout.decode().split()[0]
        self.assertEqual(self.product.wait_for_end(identity)["state"], "done")
        return identity

    def guarded_manifest(self):
        """Of what may be anywhere, since it is never deployed."""
        guarded = sample.Component(name="guarded", ports={"stable": 8090, "blue": 5012, "green": 5013})
        return self.release(self.next_version(), [guarded])

    def deployed(self):
        """The id of a deployment that is over, and that changed something."""
        done = [row["id"] for row in self.product.get("/v1/deployments?limit=500")["deployments"]
                if row["state"] == "done" and row["kind"] == "deploy"]
        if not done:
            manifest = self.release(self.next_version(), [sample.Component()])
            return self.product.deploy(manifest)["id"]
        return done[0]

    def state(self):
        """What requests may not change that only say something."""
        hosts = {row["host"]: row["connected"] for row in self.product.get("/v1/hosts")["hosts"] if not row["removed"]}
        serving = [(row["host"], row["component"], row["deployment"], row["serving"], row["changing"])
                   for row in self.product.get("/v1/serving")["serving"]]
        deployments = [(row["id"], row["state"])
                       for row in self.product.get("/v1/deployments?limit=500")["deployments"]]
        tokens = [row["id"] for row in self.product.get("/v1/tokens")["tokens"] if row["environment"] != "e"]
        return hosts, serving, deployments, tokens, self.product.get("/v1/keys")["keys"]

    def inject_into_checks(self):
        """The same for checks that are registered, and shown afterwards."""
        document = {"health_checks": hostile_manifests.REGISTERED}

        def register(text):
            return self.product.request("POST", "/v1/health-checks",
                                        {"environment": "e", "file": "hostile.yaml", "definitions": text})

        self.assertEqual(register(json.dumps(document))[0], 201)
        count = self.inject("health-checks", document, register)
        self.ask("health", "list", answers=(0,))
        return count

    def inject(self, name, document, say):
        counts = collections.Counter()
        places = hostile_files.shapes()[f"{name}.schema.json"].places(document)
        for field, where in places.items():
            for payload in PAYLOADS:
                answer = say(written(hostile(document, where, payload)))
                with self.subTest(field, payload=payload):
                    self.assertIn(answer[0], (200, 201, 400, 404, 409, 422), answer)
                    counts[field] += 1
        self.assertEqual(counts, {field: len(PAYLOADS) for field in places}, "what was not delivered")
        return counts.total()

    def write_hostile_names(self, directory):
        """Of files of the release, and of its version."""
        for name in NAMES_OF_FILES:
            (directory / "sample" / name).write_text(name, encoding="utf-8")
        manifest = (directory / "deploy.yaml").read_text(encoding="utf-8")
        (directory / "deploy.yaml").write_text(manifest.replace('"0.0.2"', json.dumps(VERSION)), encoding="utf-8")

    def assert_names_are_there(self, host):
        service, _ = self.service_on(host, "sample")
        release = pathlib.Path(f"{service}/cwd")
        self.assertEqual([(release / name).read_text(encoding="utf-8") for name in NAMES_OF_FILES], NAMES_OF_FILES)

    def write_configuration(self, directory):
        """Every attack as a variable, as a value of a server, printed by a template, and as a secret; gives what
        services are to find of it."""
        wanted = {}
        environment, server = {"variables": {}, "secrets": {}}, {"base_config": {}, "templates": {}}
        for number, payload in enumerate(PAYLOADS):
            environment["variables"][f"v{number}"] = payload
            environment["secrets"][f"s{number}"] = f"S{number}"
            server["base_config"][f"k{number}"] = payload
            server["templates"][f"t{number}"] = f"{{{{ config.k{number} }}}}"
            server["templates"][f"s{number}"] = f"{{{{ env.s{number} }}}}"
            secret = payload + BEHIND_A_SECRET
            wanted |= {f"v{number}": payload.replace("{{7*7}}", "49"), f"k{number}": payload, f"t{number}": payload,
                       f"s{number}": secret}
            self.assertEqual(self.product.request("POST", "/v1/secrets", {
                "environment": "production", "name": f"S{number}", "value": secret})[0], 201)
        for path, document in (("environments/production", environment),
                               *((f"servers/{component.name}", server) for component in configured_components())):
            file = directory / "config" / (path + ".yaml")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written(document), encoding="utf-8")
        return wanted

    def assert_services_were_configured(self, host, wanted):
        """By what their processes find."""
        for component in configured_components():
            process, variables = self.service_on(host, component.name)
            if component.name == "told-env":
                found = {name.lower(): value for name, value in variables.items() if name.lower() in wanted}
            else:
                file = pathlib.Path(f"{process}/root{variables['SWITCHYARD_CONFIGURATION']}")
                text = file.read_text(encoding="utf-8")
                found = yaml.safe_load(text) if component.name == "told-yaml" else json.loads(text)
            self.assertEqual(found, wanted, component.name)

    def service_on(self, host, component):
        """Its process, and the variables of it."""
        for process in map(pathlib.Path, (f"/proc/{number}" for number in os.listdir("/proc") if number.isdigit())):
            if self.runs_on(host, process.name, "bin/serve"):
                texts = (process / "environ").read_bytes().decode().split("\0")
                variables = dict(each.split("=", 1) for each in texts if each)
                if variables["SWITCHYARD_COMPONENT"] == component:
                    return process, variables
        raise LookupError(f"{component} does not run on {host.name}")

    def assert_service_was_told(self, host, wanted):
        service, variables = self.service_on(host, "sample")
        words = (service / "cmdline").read_bytes().decode().split("\0")
        self.assertEqual(words[-len(wanted) - 1:-1], wanted)
        self.assertEqual([variables[f"HOSTILE_{i}"] for i in range(len(wanted))], wanted)
        for unit in (host.directory / "upper/etc/systemd/system").glob("*@*.service"):
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
