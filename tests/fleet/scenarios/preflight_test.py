#!/usr/bin/python3
"""A switch that would not work is found before it is made: nothing changes, and the reason says what to mend."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

# Lets in who asks for the stable port. A redirected packet arrives at the slot's port, and is dropped.
NARROW_FILTER = """
table inet guard {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 8080 accept
  }
}
"""
REDIRECTED_TOO = "add rule inet guard input meta l4proto tcp ct original proto-dst 8080 accept\n"


class Preflight(Scenario):
    fleet_name = "preflight"

    def setUp(self):
        self.sample = sample.Component()
        self.serving = self.next_version()
        self.product.deploy(self.release(self.serving, [self.sample]))
        self.assert_all_serve(self.serving, [self.sample])

    def assert_refused_and_unchanged(self, manifest, *texts):
        clients = self.load(f"http://{self.fleet['h2'].address}:8080")
        deployment = self.product.deploy(manifest, expected=product.ROLLED_BACK)
        result = clients.stop()
        for text in texts:
            self.assertIn(text, deployment["reason"])
        self.assert_no_request_failed(result)
        self.assertEqual(set(result["served_by"]), {f"sample/{self.serving}"})
        self.assert_all_serve(self.serving, [self.sample])
        switched = {entry["host"] for entry in self.product.timeline(deployment["id"])
                    if entry["state"] == "done" and entry["text"].startswith("switch ")}
        self.assertNotIn("h2", switched)

    def test_finds_a_slot_that_clients_from_outside_could_not_reach(self):
        manifest = self.release(self.next_version(), [self.sample], listen="127.0.0.1")
        self.assert_refused_and_unchanged(manifest, "listens on 127.0.0.1", "0.0.0.0")

    def test_finds_a_filter_that_would_drop_the_redirected_packet(self):
        h2 = self.fleet["h2"]
        # A new table, beside the one of the switch, which stays.
        h2.run(["nft", "-f", "-"], input=NARROW_FILTER)
        self.addCleanup(h2.run, ["nft", "delete", "table", "inet", "guard"])
        # Who is served now comes in by the rule for redirected packets of the release that serves.
        h2.run(["nft", "add", "rule", "inet", "guard", "input", "tcp", "dport", self.live_port(h2), "accept"])
        version = self.next_version()
        manifest = self.release(version, [self.sample])
        self.assert_refused_and_unchanged(manifest, "h2", "drop", "accept `meta l4proto tcp ct original proto-dst 8080`")

        h2.run(["nft", "-f", "-"], input=REDIRECTED_TOO)
        self.product.deploy(manifest)
        self.assert_all_serve(version, [self.sample])

    def live_port(self, host):
        blue = host.run(["nft", "list", "map", "inet", "switchyard", "live"])
        return str(sample.PORTS["blue"] if str(sample.PORTS["blue"]) in blue else sample.PORTS["green"])


if __name__ == "__main__":
    main()
