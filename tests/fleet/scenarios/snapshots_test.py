#!/usr/bin/python3
"""Snapshots on real hosts: what ran comes back with its bytes, its configuration and its files, under load and read
back; one that somebody has tampered with, on a host or in the store, is refused, and nothing has changed; one that is
removed leaves no copies."""

import contextlib
import json
import pathlib
import sqlite3
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from harness import processes  # noqa: E402
from scenario import Scenario, main  # noqa: E402

CONFIG_DIR = "/root/deploy/config"
COPIES = "/var/lib/switchyard/agent/snapshots/sample"
STORE = "var/lib/switchyard/coordinator/coordinator.db"
BAD_INPUT, REFUSED = 2, 6

ENVIRONMENT = """\
secrets:
  db_password: "DB_PASSWORD"
"""

SERVER = """\
name: sample
base_config:
  greeting: GREETING
templates:
  login: "app:{{ env.db_password }}"
"""


class Snapshots(Scenario):
    fleet_name = "snapshots"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        coordinator = cls.product.coordinator
        coordinator.run(["mkdir", "-p", f"{CONFIG_DIR}/environments", f"{CONFIG_DIR}/servers"])
        coordinator.run(["tee", f"{CONFIG_DIR}/environments/production.yaml"], input=ENVIRONMENT)

    def setUp(self):
        self.sample = sample.Component(extra="files_to_backup: [/srv/sample/note, /srv/sample/none]\n")
        self.sample.manifest = lambda: sample.Component.manifest(self.sample).replace(
            "user: www-data}", "user: www-data, configuration: {format: json, file: settings.json}}")

    # What is deployed -------------------------------------------------------------------------------

    def deploy(self, greeting, password):
        """A new version, configured so."""
        coordinator = self.product.coordinator
        coordinator.run(["tee", f"{CONFIG_DIR}/servers/sample.yaml"], input=SERVER.replace("GREETING", greeting))
        coordinator.run(["switchyard", "secrets", "set", "DB_PASSWORD", "--environment", "production"], input=password)
        version = self.next_version()
        self.product.deploy(self.release(version, [self.sample]), "--config-dir", CONFIG_DIR)
        self.assert_all_serve(version, [self.sample])
        self.assert_settings(greeting, password)
        return version

    def write_notes(self, text):
        for name in self.host_names:
            self.fleet[name].run(["install", "-o", "www-data", "-m", "640", "/dev/stdin", "/srv/sample/note"],
                                 input=text)

    # Looking ----------------------------------------------------------------------------------------

    def notes(self):
        look = ["sh", "-c", "cat /srv/sample/note; stat -c ' %U %a' /srv/sample/note"]
        return {self.fleet[name].run(look).strip() for name in self.host_names}

    def settings_of(self, host):
        """What systemd has laid ready for the service that will serve after the next boot too."""
        units = host.run(["systemctl", "list-units", "--no-legend", "--plain", "--state=active", "sample@*"])
        enabled = [line.split()[0] for line in units.splitlines()
                   if host.run(["systemctl", "show", "-P", "UnitFileState", line.split()[0]]).strip() == "enabled"]
        self.assertEqual(len(enabled), 1, units)
        return json.loads(host.run(["cat", f"/run/credentials/{enabled[0]}/settings.json"]))

    def assert_settings(self, greeting, password):
        for name in self.host_names:
            self.assertEqual(self.settings_of(self.fleet[name]), {"greeting": greeting, "login": f"app:{password}"},
                             name)

    def listed(self):
        return {row["id"]: row for row in self.product.ask("snapshot", "list")["snapshots"]}

    def copies_of(self, host):
        """Of snapshots that persons made."""
        names = host.run(["sh", "-c", f"ls {COPIES}"]).split()
        return {name for name in names if name.startswith("s-")}

    # The story --------------------------------------------------------------------------------------

    def test_1_what_it_says_comes_back_with_bytes_configuration_and_files(self):
        self.deploy("hello", "canary-one")
        self.write_notes("mine")
        old = self.deploy("hello", "canary-two")
        snapshot = self.product.create_snapshot("--reason", "before the sale")
        row = self.listed()[snapshot]
        self.assertEqual((row["whole"], row["version"], row["reason"]), (True, old, "before the sale"))
        self.assertEqual({(place["host"], place["unit_state"], place["enablement"]) for place in row["places"]},
                         {(name, "active", "enabled") for name in self.host_names})
        for name in self.host_names:
            self.assertIn(snapshot, self.copies_of(self.fleet[name]))
            self.assertEqual(self.fleet[name].run(["stat", "-c", "%U %a", f"{COPIES}/{snapshot}"]).strip(), "root 700")

        # It survives what comes after it, and on one host the bytes of its release do not.
        self.deploy("good morning", "canary-three")
        new = self.deploy("good evening", "canary-four")
        self.write_notes("changed since")
        for name in self.host_names:
            self.fleet[name].run(["tee", "/srv/sample/none"], input="made since\n")
        release = row["places"][0]["release"]
        self.fleet["h1"].run(["sh", "-c", f"rm -rf /srv/sample/releases/{release}*"])
        shown = self.product.ask("snapshot", "show", snapshot)
        self.assertEqual({place["now"]["state"] for place in shown["places"]}, {"different"})
        self.assertEqual({place["now"]["kept"] for place in shown["places"]}, {True}, "by the coordinator")
        self.assertFalse(shown["places"][0]["now"]["present"])
        self.assertEqual(shown["why_not"], "")

        rehearsed = self.product.run("snapshot", "restore", snapshot, "--reason", "only to see", "--dry-run")
        self.assertEqual(rehearsed.status, 0, rehearsed)
        self.assert_all_serve(new, [self.sample])

        clients = self.load(f"http://{self.fleet['h2'].address}:8080")
        ended = self.product.run("snapshot", "restore", snapshot, "--reason", "the sale is over")
        time.sleep(0.5)
        self.assert_no_request_failed(clients.stop())
        self.assertEqual(ended.status, product.DONE, ended)
        self.assertIn(f"Read back: 2 of 2 places are as snapshot {snapshot} says.", ended.stdout)
        self.assert_all_serve(old, [self.sample])
        self.assert_settings("hello", "canary-two")
        self.assertEqual(self.notes(), {"mine www-data 640"})
        for name in self.host_names:
            self.fleet[name].run(["test", "!", "-e", "/srv/sample/none"])

        # A restore is a deployment like others: it is listed, and can be rolled back.
        restore = self.product.get("/v1/deployments?limit=1")["deployments"][0]
        self.assertEqual((restore["kind"], restore["snapshot"], restore["state"]), ("restore", snapshot, "done"))
        self.product.roll_back(restore["id"])
        self.assert_all_serve(new, [self.sample])
        self.assert_settings("good evening", "canary-four")
        self.assertEqual(self.notes(), {"changed since www-data 640"})

    def test_2_copies_that_are_not_what_was_saved_are_found_before_anything_is_switched(self):
        self.deploy("hello", "canary-one")
        self.write_notes("mine")
        snapshot = self.product.create_snapshot()
        new = self.deploy("good evening", "canary-two")
        self.write_notes("changed since")
        self.fleet["h2"].run(["sh", "-c", f"for file in {COPIES}/{snapshot}/*; do echo spoilt >> $file; done"])
        restore = self.product.restore(snapshot, expected=product.ROLLED_BACK)
        self.assertIn("h2", {error["host"] for error in restore["errors"]}, restore["errors"])
        self.assert_all_serve(new, [self.sample])
        self.assert_settings("good evening", "canary-two")
        self.assertEqual(self.notes(), {"changed since www-data 640"})

    def test_3_a_row_that_is_not_what_was_written_is_shown_and_refused(self):
        self.deploy("hello", "canary-one")
        snapshot = self.product.create_snapshot()
        new = self.deploy("good evening", "canary-two")
        coordinator = self.product.coordinator
        coordinator.run(["systemctl", "stop", "switchyard-coordinator"])
        with contextlib.closing(sqlite3.connect(coordinator.root / STORE)) as store:
            changed = store.execute(
                "UPDATE snapshot SET places = replace(places, '/srv/sample/none', '/srv/sample/more') WHERE id = ?",
                (snapshot,))
            self.assertEqual(changed.rowcount, 1)
            store.commit()
        coordinator.run(["systemctl", "start", "switchyard-coordinator"])
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)
        self.assertFalse(self.listed()[snapshot]["whole"])
        self.assertIn("CORRUPT", self.product.run("snapshot", "list").stdout)
        refused = self.product.run("snapshot", "restore", snapshot, "--reason", "all the same")
        self.assertEqual(refused.status, REFUSED, refused)
        self.assertIn("is not what was written", refused.stderr)
        self.assert_all_serve(new, [self.sample])

    def test_4_one_that_is_removed_leaves_no_copies(self):
        self.deploy("hello", "canary-one")
        gone, kept = self.product.create_snapshot(), self.product.create_snapshot()
        self.assertEqual(self.product.run("snapshot", "rm", gone, "--dry-run").status, 0)
        self.assertIn(gone, self.listed())
        self.assertEqual(self.product.run("snapshot", "rm", gone).status, 0)
        self.assertNotIn(gone, self.listed())
        self.assertEqual(self.product.run("snapshot", "show", gone).status, BAD_INPUT)
        for name in self.host_names:
            host = self.fleet[name]
            self.assertTrue(processes.wait_until(lambda host=host: gone not in self.copies_of(host), 10, pause=0.1))
            self.assertIn(kept, self.copies_of(host))


if __name__ == "__main__":
    main()
