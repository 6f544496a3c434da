#!/usr/bin/python3
"""Configurations and secrets on real hosts: what was rendered and sealed reaches the service and nobody else, a new value is
a new deployment, a rollback brings the old one back, a reboot starts the service with it, limits hold, and what a service prints of its
secret is in no report."""

import base64
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

CONFIG_DIR = "/root/deploy/config"

ENVIRONMENT = """\
variables:
  db_host: "{{ env('DB_HOST') or 'db.internal' }}"
secrets:
  db_password: "DB_PASSWORD"
resource_limits:
  cpu_cores: 0.5
  memory_gb: 0.25
security_policies:
  encrypt_at_rest: true
"""

SERVER = """\
name: sample
base_config:
  greeting: hello
templates:
  database_url: "postgresql://app:{{ env.db_password }}@{{ env.db_host }}/app"
validation_rules:
  - "required:database_url"
"""

# Found nowhere but where the service reads them.
FIRST, SECOND = "canary-one-Zq8xW", "canary-two-Lm4vT"
# Stands in the journals of the hosts, since the service prints it.
PRINTED = "canary-three-Hb2pR"


class Configuration(Scenario):
    fleet_name = "config"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        coordinator = cls.product.coordinator
        coordinator.run(["mkdir", "-p", f"{CONFIG_DIR}/environments", f"{CONFIG_DIR}/servers"])
        coordinator.run(["tee", f"{CONFIG_DIR}/environments/production.yaml"], input=ENVIRONMENT)
        coordinator.run(["tee", f"{CONFIG_DIR}/servers/sample.yaml"], input=SERVER)

    def setUp(self):
        self.sample = sample.Component()
        self.sample.manifest = lambda: sample.Component.manifest(self.sample).replace(
            "user: www-data}", "user: www-data, configuration: {format: json, file: settings.json}}")

    def set_secret(self, value):
        self.product.coordinator.run(
            ["switchyard", "secrets", "set", "DB_PASSWORD", "--environment", "production"], input=value)

    def deploy(self, version):
        manifest = self.release(version, [self.sample])
        return self.product.deploy(manifest, "--config-dir", CONFIG_DIR)

    def serving_unit(self, host):
        units = host.run(["systemctl", "list-units", "--no-legend", "--plain", "--state=active", "sample@*"])
        enabled = [line.split()[0] for line in units.splitlines()
                   if host.run(["systemctl", "show", "-P", "UnitFileState", line.split()[0]]).strip() == "enabled"]
        self.assertEqual(len(enabled), 1, units)
        return enabled[0]

    def settings_of(self, host):
        """What systemd has laid ready for the service that serves, as its process finds it."""
        unit = self.serving_unit(host)
        return json.loads(host.run(["cat", f"/run/credentials/{unit}/settings.json"]))

    def assert_password(self, value):
        for name in self.sample.hosts:
            self.assertEqual(self.settings_of(self.fleet[name]),
                             {"greeting": "hello", "db_host": "db.internal",
                              "database_url": f"postgresql://app:{value}@db.internal/app"}, name)

    def places_with(self, host, value, directories):
        ended = host.run(["grep", "-rlsa", "--", value, *directories], check=False)
        return ended.split() if isinstance(ended, str) else ended.stdout.split()

    def test_the_key_of_the_vault_may_be_a_credential_of_the_service(self):
        coordinator, file = self.product.coordinator, "/var/lib/switchyard/coordinator/vault.key"
        drop_in = "/etc/systemd/system/switchyard-coordinator.service.d/vault.conf"

        def restart(check=True):
            coordinator.run(["systemctl", "daemon-reload"])
            return coordinator.run(["systemctl", "restart", "switchyard-coordinator"], check=check)

        self.set_secret(FIRST)
        coordinator.run(["systemd-creds", "encrypt", "--name=vault.key", file, "/etc/switchyard/vault.key.cred"])
        coordinator.run(["install", "-D", "-m", "644", "/dev/stdin", drop_in],
                        input="[Service]\nLoadCredentialEncrypted=vault.key:/etc/switchyard/vault.key.cred\n")
        restart()
        coordinator.run(["mv", file, "/root/vault.key"])
        restart()
        self.product.wait_until_connected([self.fleet[name] for name in self.sample.hosts])
        self.deploy(self.next_version())
        self.assert_password(FIRST)
        coordinator.run(["switchyard-coordinator", "--check"])

        # Without it no other key is made.
        coordinator.run(["mv", drop_in, "/root/vault.conf"])
        restart(check=False)
        self.assertIn("was a systemd credential until now",
                      coordinator.run(["journalctl", "-u", "switchyard-coordinator", "-n", "40", "--no-pager"]))
        coordinator.run(["test", "!", "-e", file])
        coordinator.run(["mv", "/root/vault.conf", drop_in])
        coordinator.run(["systemctl", "reset-failed", "switchyard-coordinator"])
        restart()
        self.product.wait_until_connected([self.fleet[name] for name in self.sample.hosts])

    def test_what_was_sealed_reaches_the_service_and_nobody_else(self):
        self.set_secret(FIRST)
        old = self.next_version()
        self.deploy(old)
        self.assert_all_serve(old, [self.sample])
        self.assert_password(FIRST)
        for name in self.sample.hosts:
            host, unit = self.fleet[name], self.serving_unit(self.fleet[name])
            shown = host.run(["systemctl", "show", "-p", "MemoryMax", "-p", "CPUQuotaPerSecUSec", unit])
            self.assertIn("MemoryMax=268435456", shown)
            self.assertIn("CPUQuotaPerSecUSec=500ms", shown)

        # A new value is another configuration; the plan names the key, and no value.
        self.set_secret(SECOND)
        new = self.next_version()
        plan = self.product.run("plan", self.release(new, [self.sample]), "--config-dir", CONFIG_DIR)
        self.assertIn("database_url", plan.stdout)
        self.assertNotIn("canary", plan.stdout)
        deployment = self.product.deploy(f"/root/releases/sample-{new}/deploy.yaml", "--config-dir", CONFIG_DIR)
        self.assert_password(SECOND)

        # What is not the service's own memory has neither of them in clear.
        for name in self.sample.hosts:
            for value in (FIRST, SECOND):
                self.assertEqual(self.places_with(self.fleet[name], value, ["/srv", "/etc", "/var"]), [], name)
        for value in (FIRST, SECOND):
            self.assertEqual(self.places_with(self.product.coordinator, value, ["/var", "/etc", "/root"]), [])

        self.product.roll_back(deployment["id"])
        self.assert_all_serve(old, [self.sample])
        self.assert_password(FIRST)

        # Without the agent, and with the key of this host alone.
        host = self.fleet["h1"]
        host.run(["systemctl", "disable", "switchyard-agent"])
        host.reboot()
        self.addCleanup(host.run, ["systemctl", "enable", "--now", "switchyard-agent"])
        self.assert_password(FIRST)
        host.run(["systemctl", "enable", "--now", "switchyard-agent"])
        self.product.wait_until_connected([host])

    def test_what_a_service_prints_of_its_secret_is_in_no_report(self):
        self.set_secret(PRINTED)
        old = self.next_version()
        self.deploy(old)
        manifest = self.release(self.next_version(), [self.sample], tells=True)
        deployment = self.product.start(manifest, "--config-dir", CONFIG_DIR)
        self.product.wait_for_end(deployment)
        self.assert_all_serve(old, [self.sample])
        told = json.dumps([self.product.deployment(deployment), self.product.timeline(deployment)])
        self.assertIn("cannot log in with <masked>, which is", told)
        # The digits at the edges hold bits of their neighbours.
        for shape in (PRINTED, base64.b64encode(f"app:{PRINTED}".encode()).decode()[8:-4]):
            self.assertNotIn(shape, told)
            self.assertEqual(self.places_with(self.product.coordinator, shape, ["/var", "/etc", "/root"]), [])
            for name in self.sample.hosts:
                host = self.fleet[name]
                self.assertEqual(self.places_with(host, shape, ["/var/lib/switchyard", "/srv", "/etc"]), [], name)
                self.assertNotIn(shape, host.run(["journalctl", "--no-pager", "-u", "switchyard-agent"]))
                self.assertIn(shape, host.run(["journalctl", "--no-pager", "-u", "sample@*"]), "it was printed")

    def test_what_is_wrong_is_said_before_anything_is_touched(self):
        self.set_secret(FIRST)
        manifest = self.release(self.next_version(), [self.sample])
        without = self.product.run("plan", manifest, "--config-dir", "/root/nothing")
        self.assertEqual(without.status, 2, without)
        self.product.coordinator.run(["switchyard", "secrets", "rm", "DB_PASSWORD", "--environment", "production"])
        missing = self.product.run("plan", manifest, "--config-dir", CONFIG_DIR)
        self.assertEqual(missing.status, 2, missing)
        self.assertIn("DB_PASSWORD of production is not set", missing.stderr)


if __name__ == "__main__":
    main()
