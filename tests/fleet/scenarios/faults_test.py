#!/usr/bin/python3
"""Hosts and the coordinator go away in the middle of a deployment, or before it: all new or all old, and when."""

import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from scenario import Watcher, main  # noqa: E402
from slow_swap import BOTH, CONFIRM_SECONDS, GRACE_SECONDS, SlowSwap  # noqa: E402


class Faults(SlowSwap):
    fleet_name = "faults"

    def test_1_a_coordinator_that_is_gone_after_the_swap_is_not_waited_for(self):
        h1, h2 = self.product.hosts
        with Watcher(self, [h1, h2]) as watcher:
            deployment = self.start_slow_deployment()
            watcher.wait_for(self.new, 5)
            self.product.coordinator.power_cut()
            gone = time.monotonic()
            back = watcher.wait_for(self.old, CONFIRM_SECONDS + GRACE_SECONDS + 5)
        self.assertLessEqual(back - gone, CONFIRM_SECONDS + GRACE_SECONDS)
        self.assertGreater(back - gone, 1, "nobody reverts while the coordinator may still confirm")
        self.product.coordinator.start()
        self.product.wait_for_coordinator()
        self.assertEqual(self.product.wait_for_end(deployment)["state"], "rolled_back")
        self.assert_all_serve(self.old, BOTH)

    def test_2_a_host_that_reboots_between_swap_and_hold_brings_all_back_to_the_old(self):
        deployment = self.start_slow_deployment()
        self.product.hosts[0].power_cut()
        self.product.hosts[0].start()
        self.assertEqual(self.product.wait_for_end(deployment)["state"], "rolled_back")
        self.wait_until_serving(self.old)
        self.assert_all_serve(self.old, BOTH)

    def test_3_a_host_that_reboots_after_hold_ends_with_the_decision(self):
        deployment = self.start_watched_deployment(3)
        self.product.hosts[0].power_cut()
        self.product.wait_for_state(deployment, "committing")
        self.product.hosts[0].start()
        self.assertEqual(self.product.wait_for_end(deployment)["state"], "done")
        self.wait_until_serving(self.new)
        self.assert_all_serve(self.new, BOTH)

    def test_4_a_host_that_was_away_converges_when_it_comes_back(self):
        h1 = self.product.hosts[0]
        h1.power_cut()
        self.product.wait_until_lost([h1])
        manifest = self.release(self.new, BOTH, settings=self.settings(more="unreachable: {defer: 1}"))
        deployment = self.product.deploy(manifest)
        self.assertEqual(deployment["deferred"], ["h1"])
        h1.start()
        with Watcher(self, [h1]) as watcher:
            watcher.wait_for(self.new, 60)
        converged = [row for row in self.product.get("/v1/deployments?limit=20")["deployments"]
                     if row["kind"] == "converge" and row["rollback_of"] == deployment["id"]]
        self.assertEqual(len(converged), 1)
        self.assertEqual(self.product.wait_for_end(converged[0]["id"])["state"], "done")
        self.assert_all_serve(self.new, BOTH)

    def test_5_the_status_says_what_each_host_finds_and_since_when_nobody_knows(self):
        def row(host):
            return next(row for row in self.product.get("/v1/serving")["serving"] if row["host"] == host.name)

        h1, h2 = self.product.hosts
        self.assertEqual(row(h1)["now"], {"state": "as_committed", "why": ""})
        unit = row(h1)["serving"]["unit"]
        h1.run(["systemctl", "stop", unit])
        self.assertEqual(row(h1)["now"], {"state": "different", "why": f"{unit} is inactive"})
        self.assertIn(f"NOT as committed: {unit} is inactive", self.product.run("status").stdout)
        h1.run(["systemctl", "disable", unit])
        h1.run(["systemctl", "start", unit])
        self.assertEqual(row(h1)["now"], {"state": "different", "why": f"{unit} does not start at the next boot"})
        h1.run(["systemctl", "enable", unit])
        self.assertEqual(row(h1)["now"]["state"], "as_committed")

        began = time.time()
        h2.power_cut()
        self.product.wait_until_lost([h2])
        self.assertEqual(row(h2)["now"], {"state": "unknown", "why": "its agent is not connected"})
        self.assertLess(abs(row(h2)["last_seen_ms"] / 1000 - began), 10)
        self.assertIn("committed; host away since 20", self.product.run("status").stdout)
        self.assertEqual(row(h1)["now"]["state"], "as_committed")
        h2.start()
        self.product.wait_until_connected([h2])
        self.wait_until_serving(self.old)

    def test_6_a_flushed_packet_filter_is_put_back_within_a_second(self):
        h1 = self.product.hosts[0]
        h1.run(["nft", "flush", "ruleset"])
        flushed = time.monotonic()
        with Watcher(self, [h1]) as watcher:
            self.assertLess(watcher.wait_for(self.old, 5) - flushed, 1.5)
        self.assert_all_serve(self.old, BOTH)

    def test_7_a_rebooted_host_without_an_agent_serves_the_committed_release(self):
        """The last one: afterwards h1 has no agent."""
        h1 = self.product.hosts[0]
        self.product.deploy(self.release(self.new, BOTH, settings=self.settings()))
        h1.run(["dpkg", "--purge", "switchyard-agent"], timeout=120)
        h1.reboot()
        with Watcher(self, [h1]) as watcher:
            watcher.wait_for(self.new, 20)
        self.assert_all_serve(self.new, BOTH)


if __name__ == "__main__":
    main()
