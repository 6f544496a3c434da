#!/usr/bin/python3
"""First deployments: where nothing ran, and where something runs already."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

LEGACY_UNIT = "by-hand.service"
FRESH = sample.Component("fresh", ports={"stable": 8090, "blue": 6002, "green": 6003})
ADOPTED = sample.Component(extra=f"adopt: {{unit: {LEGACY_UNIT}}}\n")


class FirstDeployments(Scenario):
    fleet_name = "adoption"

    def test_1_a_first_deployment_that_fails_ends_with_nothing(self):
        version = self.next_version()
        manifest = self.release(version, [FRESH], unhealthy=["h2"], deadline=3)
        deployment = self.product.deploy(manifest, expected=product.ROLLED_BACK)
        self.assertIn("h2", deployment["reason"])
        for host in self.product.hosts:
            self.assertIsNone(self.version_at(host, FRESH.ports["stable"]))
            self.assertEqual(host.run(["sh", "-c", "ls -d /srv/fresh/current /etc/systemd/system/fresh@* "
                                       "/etc/systemd/system/*.wants/fresh@* 2>/dev/null"], check=False), "")
            self.assertEqual(host.run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "fresh@*"]), "")
            self.assertNotIn("8090", host.run(["nft", "list", "ruleset"]))
            self.assertNotIn(":600", host.run(["ss", "-Hltn"]))

    def test_2_the_next_one_succeeds_where_the_first_failed(self):
        version = self.next_version()
        self.product.deploy(self.release(version, [FRESH]))
        self.assert_all_serve(version, [FRESH])
        self.assert_one_slot_enabled(FRESH, "blue")

    def test_3_what_runs_by_hand_on_the_stable_port_is_adopted_without_a_gap(self):
        legacy = sample.write_release(self.place, "by-hand", [ADOPTED]) / ADOPTED.name
        for host in self.product.hosts:
            host.copy_in(legacy, "/opt/by-hand")
            host.run(["systemd-run", f"--unit={LEGACY_UNIT}", "--setenv=PORT=8080", "/opt/by-hand/bin/serve"])
        h1 = self.product.hosts[0]
        version = self.next_version()
        manifest = self.release(version, [ADOPTED])
        clients = self.load(f"http://{h1.address}:8080")
        deployment = self.product.deploy(manifest)
        self.assert_all_serve(version, [ADOPTED])

        back = self.product.roll_back(deployment["id"])
        result = clients.stop()
        self.assertEqual(back["state"], "done")
        self.assert_no_request_failed(result)
        self.assertEqual(set(result["served_by"]), {"sample/by-hand", f"sample/{version}"})
        for host in self.product.hosts:
            self.assertEqual(self.version_at(host), "by-hand")


if __name__ == "__main__":
    main()
