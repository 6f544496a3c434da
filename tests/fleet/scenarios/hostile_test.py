#!/usr/bin/python3
"""Names, paths and arguments that are attacks, on real hosts: no shell is executed, nothing is written where it may not
be, no line is forged; and the keys and tokens of the bus are nowhere but in their files, after deployments that failed
too."""

import base64
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sample  # noqa: E402
from product import ROLLED_BACK  # noqa: E402
from scenario import Scenario, main  # noqa: E402

SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "csh", "tcsh", "fish", "env", "xargs", "nohup"}
# What deployments change on a host: releases, units, Switchyard's state, and what the system itself keeps.
EXPECTED_PLACES = ("srv/", "etc/systemd/system/", "var/lib/switchyard/", "var/log/", "var/lib/systemd/", "run/",
                   "tmp/", "var/tmp/", "root/", "etc/switchyard-switch/", "var/cache/")
FORGED = "FORGED LINE"
PAYLOADS = [
    "$(touch /canary)", "`touch /canary`", "; touch /canary;", "| touch /canary", "&& touch /canary #",
    f"x\n{FORGED}", f"x\r\n<0>{FORGED}", f"x\nExecStartPre=/bin/touch /canary\n[Install]", "' \" \\ %n %H $PATH ${PATH}",
    "\x1b]0;owned\x07\x1b[2J", "../../../../canary", "/canary", "-rf", "--help", "a\u202eb\u009b31m", "{{7*7}}%s%n",
]
FIELDS = {
    "metadata name": 'metadata: {{name: {0}, environment: e, version: "1"}}\ncomponents: []\n',
    "environment": 'metadata: {{name: a, environment: {0}, version: "1"}}\ncomponents: []\n',
    "version": "metadata: {{name: a, environment: e, version: {0}}}\n{component}",
    "component": "{head}components: [{{name: {0}, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [bin/serve]}}}}]\n",
    "server type": "{head}components: [{{name: a, server_type: {0}, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [bin/serve]}}}}]\n",
    "host": "{head}components: [{{name: a, hosts: [{0}], artifact: {{directory: sample}}, service: {{command: [bin/serve]}}}}]\n",
    "artifact": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: {0}}}, service: {{command: [bin/serve]}}}}]\n",
    "command": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [{0}]}}}}]\n",
    "argument": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [bin/serve, {0}]}}}}]\n",
    "user": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [bin/serve], user: {0}}}}}]\n",
    "unit": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, service: {{unit: {0}}}}}]\n",
    "variable": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [bin/serve], environment: {{{0}: x}}}}}}]\n",
    "value": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, service: {{command: [bin/serve], environment: {{A: {0}}}}}}}]\n",
    "shared": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, shared: [{0}], service: {{command: [bin/serve], user: www-data}}}}]\n",
    "adopt": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, adopt: {{unit: {0}}}, service: {{command: [bin/serve]}}}}]\n",
    "check": "{check}{{name: {0}, type: tcp, config: {{host: localhost, port: 1}}}}]}}]\n",
    "url": "{check}{{name: c, type: http, config: {{url: {0}}}}}]}}]\n",
    "url's end": "{check}{{name: c, type: http, config: {{url: {url}}}}}]}}]\n",
    "header": "{check}{{name: c, type: http, config: {{url: \"http://localhost/\", headers: {{X: {0}}}}}}}]}}]\n",
    "header's name": "{check}{{name: c, type: http, config: {{url: \"http://localhost/\", headers: {{{0}: x}}}}}}]}}]\n",
    "path": "{check}{{name: c, type: file_system, config: {{path: {0}}}}}]}}]\n",
    "probe": "{check}{{name: c, type: command, config: {{command: [/bin/true, {0}]}}}}]}}]\n",
    "socket": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, ports: {{stable: 1, blue: 2, green: 3}}, traffic: {{type: haproxy}}, haproxy: {{socket: {0}, backend: {0}, servers: {{blue: {0}, green: {0}}}}}, service: {{command: [bin/serve]}}}}]\n",
    "run": "{head}components: [{{name: a, hosts: [h1], artifact: {{directory: sample}}, run: [{{name: {0}, command: [{0}]}}], service: {{command: [bin/serve], user: www-data}}}}]\n",
}
HEAD = 'metadata: {name: hostile, environment: e, version: "1"}\n'
COMPONENT = HEAD + "components: [{name: a, hosts: [h1], artifact: {directory: sample}, service: {command: [bin/serve]}"


def manifest_with(template, payload):
    return template.format(json.dumps(payload), head=HEAD, url=json.dumps("http://localhost:1/" + payload),
                           component=COMPONENT.split("\n", 1)[1] + "}]\n", check=COMPONENT + ", health_checks: [")


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


class Hostile(Scenario):
    fleet_name = "hostile"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.began = time.time()

    # Watching -----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def programs_watched(self):
        """What is executed on the hosts, by their systemd, Switchyard and all that comes of them, as (host, program)."""
        seen, tracers = [], []
        for host in self.fleet.hosts:
            leader = host.leader()
            program = "switchyard-coordinator" if host is self.product.coordinator else "switchyard-agent"
            own = self.product.process_of(host, program)
            log = self.place / f"strace-{host.name}"
            tracers.append((host, log, subprocess.Popen(
                ["strace", "-f", "-qq", "-e", "trace=execve,execveat", "-e", "signal=none", "-s", "300", "-o", log,
                 "-p", str(leader), "-p", str(own)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)))
        time.sleep(1)
        try:
            yield seen
        finally:
            for host, log, tracer in tracers:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(20)
                text = log.read_text(errors="replace")
                seen += [(host.name, path) for path in re.findall(r'execve\("([^"]*)", \[.*= 0$', text, re.MULTILINE)]

    def command_line(self, *words):
        """The command line, traced: its two streams as bytes, its status, and the programs that it executed."""
        log = self.place / "strace-cli"
        ended = subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", log,
                                *self.product.coordinator.inside(["switchyard", *words])],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        programs = [pathlib.Path(path).name for path in re.findall(r'execve\("([^"]*)", \[.*= 0$', log.read_text(),
                                                                   re.MULTILINE)]
        return ended, programs[programs.index("switchyard"):]

    def assert_untouched(self):
        """No canary anywhere, and nothing new outside of the places where deployments write."""
        for host in self.fleet.hosts:
            upper = host.directory / "upper"
            new = [str(path.relative_to(upper)) for path in upper.rglob("*")
                   if path.lstat().st_mtime > self.began and not path.is_dir()]
            self.assertEqual([path for path in new if "canary" in path], [], host.name)
            self.assertEqual([path for path in new if not path.startswith(EXPECTED_PLACES)], [], host.name)
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

    def test_1_what_is_injected_into_a_manifest_executes_nothing(self):
        place = self.product.provide(sample.write_release(self.place, "0.0.1", [sample.Component()]))
        counts = {"refused": 0, "planned": 0}
        with self.programs_watched() as seen:
            for field, template in FIELDS.items():
                for payload in PAYLOADS:
                    with self.subTest(field, payload=payload):
                        (self.place / "hostile.yaml").write_text(manifest_with(template, payload), encoding="utf-8")
                        self.product.coordinator.copy_in(self.place / "hostile.yaml", place + "/hostile.yaml")
                        ended, programs = self.command_line("plan", place + "/hostile.yaml")
                        self.assertIn(ended.returncode, (0, 2, 6), ended.stderr)
                        self.assertEqual(programs, ["switchyard"])
                        said = ended.stdout + ended.stderr
                        self.assertNotIn(b"\x1b", said)
                        self.assertNotIn(b"\xc2\x9b", said)
                        self.assertFalse(any(line.startswith(FORGED.encode()) for line in said.splitlines()), said)
                        counts["planned" if ended.returncode == 0 else "refused"] += 1
        self.assert_no_shell(seen)
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile manifests: {counts['refused']} refused, {counts['planned']} only planned; no shell, no canary")
        self.assertGreater(counts["refused"], 100)

    def test_2_what_is_deployed_reaches_the_service_as_it_was_written(self):
        values = [payload for payload in PAYLOADS if payload.isprintable() or payload == "a\u202eb\u009b31m"]
        values = [value.replace("${", "$${") for value in values if "\u202e" not in value]
        extra = "service:\n  command: [bin/serve, " + ", ".join(json.dumps(value) for value in values) + "]\n"
        extra += "  user: www-data\n  environment: {" + ", ".join(
            f"HOSTILE_{i}: {json.dumps(value)}" for i, value in enumerate(values)) + "}\n"
        component = sample.Component(extra=extra)
        directory = sample.write_release(self.place, "0.0.2", [component])
        text = (directory / "deploy.yaml").read_text().replace("    service: {command: [bin/serve], user: www-data}\n", "")
        (directory / "deploy.yaml").write_text(text)
        with self.programs_watched() as seen:
            deployment = self.product.deploy(self.product.provide(directory) + "/deploy.yaml")
            broken = sample.write_release(self.place, "0.0.3", [sample.Component()], unhealthy=["h2"])
            self.product.deploy(self.product.provide(broken) + "/deploy.yaml", expected=ROLLED_BACK)
        self.assertIn("nft", {pathlib.Path(program).name for _, program in seen}, "the watch sees what is executed")
        self.assert_no_shell(seen)
        wanted = [value.replace("$${", "${") for value in values]
        for host in self.product.hosts:
            service = next(pathlib.Path("/proc", process) for process in os.listdir("/proc")
                           if process.isdigit() and self.runs_on(host, process, "bin/serve"))
            words = (service / "cmdline").read_bytes().decode().split("\0")
            self.assertEqual(words[-len(wanted) - 1:-1], wanted)
            variables = dict(each.split("=", 1) for each in (service / "environ").read_bytes().decode().split("\0") if each)
            self.assertEqual([variables[f"HOSTILE_{i}"] for i in range(len(wanted))], wanted)
            for unit in (host.directory / "upper/etc/systemd/system").glob("sample@*.service"):
                self.assertNotRegex(unit.read_text(), r"(?m)^(ExecStartPre|ExecStartPost|ExecStop|ExecReload|OnFailure)")
        self.assert_untouched()
        self.assert_no_line_forged()
        print(f"hostile words: {len(wanted)} reached the service as they were, by {deployment['id']};"
              f" {len(seen)} programs executed, no shell")

    def test_3_what_is_injected_into_the_api_is_refused(self):
        api = self.product
        for payload in PAYLOADS:
            for path in ("hosts", "deployments", "agents"):
                quoted = "".join(f"%{byte:02x}" for byte in payload.encode())
                ended = self.product.coordinator.run(
                    ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", "--unix-socket",
                     "/run/switchyard/coordinator.sock", "-X", "DELETE", f"http://localhost/v1/{path}/{quoted}"],
                    check=False) if self.has_curl() else "404"
                self.assertRegex(ended, r"^4\d\d$", (path, payload))
            for words in (("hosts", "add", "--", payload), ("agents", "revoke", "--", payload),
                          ("agents", "token", "create", "--host=" + payload),
                          ("deploy", "cancel", "--", payload), ("rollback", "start", "--", payload)):
                ended, programs = self.command_line(*words)
                self.assertNotIn(ended.returncode, (0, 1), (words, ended.stdout, ended.stderr))
                self.assertEqual(programs, ["switchyard"])
                self.assertNotIn(b"\x1b", ended.stdout + ended.stderr)
        self.assertEqual({row["host"] for row in api.get("/v1/hosts")["hosts"]}, {"h1", "h2"})
        self.assert_untouched()
        self.assert_no_line_forged()

    def test_4_keys_and_tokens_are_nowhere_but_in_their_files(self):
        secrets = self.secrets()
        made = self.product.ask("agents", "token", "create", "--host", "h9")["enrolment"]
        token = base64.urlsafe_b64decode(made[4:] + "=" * (-len(made[4:]) % 4))[-32:]
        secrets.append(("a token", forms(token), "none"))
        for host in self.product.hosts:
            host.run(["switchyard-agent", "enroll", "-"], input=made + "\n", check=False)  # refused: enrolled already
            host.run(["systemctl", "kill", "--signal=ABRT", "switchyard-agent"])
        self.product.coordinator.run(["systemctl", "kill", "--signal=ABRT", "switchyard-coordinator"])
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)
        searched = 0
        for where, text in self.everything():
            searched += len(text)
            for name, shapes, home in secrets:
                if where.endswith(home):
                    continue
                for shape in shapes:
                    self.assertNotIn(shape, text, f"{name} is in {where}") if len(text) < 5_000 else \
                        self.assertEqual(text.find(shape), -1, f"{name} is in {where}")
        print(f"secrets of the bus: {len(secrets)} searched in {searched / 1e6:.0f} MB of disks, processes, journals and"
              " answers: 0 found")
        for host in self.fleet.hosts:
            cores = [path for path in (host.directory / "upper").rglob("core*") if path.is_file() and b"\x7fELF" == path.read_bytes()[:4]]
            self.assertEqual(cores, [], "a core dump")

    def test_5_a_host_gets_a_new_key_while_its_service_goes_on(self):
        h1 = self.product.hosts[0]
        old = (h1.root / "var/lib/switchyard/agent/agent.key").read_text()
        service = [process for process in os.listdir("/proc") if process.isdigit() and self.runs_on(h1, process, "bin/serve")]
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

    # What the stories need ----------------------------------------------------------------------------

    def has_curl(self):
        return self.product.coordinator.run(["which", "curl"], check=False).strip() != ""

    def runs_on(self, host, process, word):
        try:
            same = os.readlink(f"/proc/{process}/ns/pid") == os.readlink(f"/proc/{host.leader()}/ns/pid")
            return same and word.encode() in pathlib.Path("/proc", process, "cmdline").read_bytes()
        except OSError:
            return False

    def assert_no_shell(self, seen):
        self.assertEqual([each for each in seen if pathlib.Path(each[1]).name in SHELLS], [])

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
        """What was written on the hosts since they were made, what their processes are given, and what is told."""
        for host in self.fleet.hosts:
            upper = host.directory / "upper"
            for path in upper.rglob("*"):
                if path.is_file() and not path.is_symlink() and "var/cache/fleet" not in str(path):
                    yield f"{host.name}:{path}", path.read_bytes()
            for path in pathlib.Path(f"/proc/{host.leader()}/root/run/switchyard").rglob("*"):
                if path.is_file():
                    yield f"{host.name}:{path}", path.read_bytes()
            yield f"the journal of {host.name}", host.read_journal(output="export").encode(errors="replace")
            for process in filter(str.isdigit, os.listdir("/proc")):
                if self.runs_on(host, process, ""):
                    for name in ("cmdline", "environ"):
                        with contextlib.suppress(OSError):
                            yield f"{host.name}: {name} of {process}", pathlib.Path("/proc", process, name).read_bytes()
        for path in ("hosts", "deployments?limit=50", "audit?limit=100", "artifacts", "serving", "recovery", "health"):
            with contextlib.suppress(LookupError):
                yield f"GET {path}", json.dumps(self.product.get("/v1/" + path)).encode()


if __name__ == "__main__":
    main()
