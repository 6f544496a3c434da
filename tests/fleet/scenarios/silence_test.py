#!/usr/bin/python3
"""Wires that carry nothing, one direction, or everything late; processes and hosts that stand still; power cuts: who
says what at the end, and what the hosts do (the failure table's rows 1 to 5)."""

import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import processes, relay  # noqa: E402
from scenario import Watcher, long, main  # noqa: E402
from slow_swap import BOTH, CONFIRM_SECONDS, GRACE_SECONDS, SlowSwap  # noqa: E402

# Three pings missed: the session is dead (session_silence_ms_max).
SILENCE_SECONDS = 15


class Silence(SlowSwap):
    fleet_name = "silence"

    def setUp(self):
        super().setUp()
        self.h1, self.h2 = self.product.hosts

    def cut_from_coordinator(self, direction):
        """Clients still reach the host, and the hosts each other."""
        self.h1.cut(direction, self.product.coordinator)
        self.addCleanup(self.h1.heal)

    def assert_reverts_alone(self, cut, seconds=CONFIRM_SECONDS + GRACE_SECONDS):
        """The front is provisional everywhere when `cut` happens: h1 goes back by itself, then all."""
        with Watcher(self, [self.h1]) as watcher:
            deployment = self.start_slow_deployment()
            watcher.wait_for(self.new, 5)
            cut()
            began = time.monotonic()
            back = watcher.wait_for(self.old, seconds + 5)
        self.assertLessEqual(back - began, seconds)
        self.assertNotEqual(self.product.deployment(deployment)["state"], "rolled_back", "h1 has not said so yet")
        self.h1.heal()
        self.assert_ends(deployment, "rolled_back", self.old)

    def test_01_a_host_that_is_cut_off_both_ways_goes_back_alone_and_all_with_it(self):
        self.assert_reverts_alone(lambda: self.cut_from_coordinator("both"))

    @long
    def test_02_so_does_one_that_hears_and_is_not_heard(self):
        # Until the coordinator misses it, what it says still arrives, and it says that the host may wait longer.
        self.assert_reverts_alone(lambda: self.cut_from_coordinator("out"),
                                  SILENCE_SECONDS + CONFIRM_SECONDS + GRACE_SECONDS)

    @long
    def test_03_and_one_that_is_heard_and_does_not_hear(self):
        self.assert_reverts_alone(lambda: self.cut_from_coordinator("in"))

    @long
    def test_04_a_host_that_is_cut_off_after_hold_waits_and_ends_with_the_decision(self):
        deployment = self.start_watched_deployment(3)
        self.cut_from_coordinator("both")
        self.product.wait_for_state(deployment, "committing")
        time.sleep(CONFIRM_SECONDS + GRACE_SECONDS)
        self.assertEqual(self.version_at(self.h1), self.new, "who has held does not go back by itself")
        self.assertEqual(self.product.deployment(deployment)["state"], "committing", "h1 has not said so yet")
        self.h1.heal()
        self.assert_ends(deployment, "done", self.new)

    def test_05_connections_that_lead_nowhere_are_noticed_and_made_again(self):
        """Half open: what was connected carries nothing any more, in either direction and without a word, and new
        connections work."""
        # The front is healthy only after this time, so that all happens in PREPARE.
        manifest = self.release(self.new, BOTH, settings=self.settings(), slow={"sample": 8}, deadline=60)
        deployment = self.product.start(manifest)
        self.product.wait_for_entry(deployment, lambda entry: entry["text"].startswith("start sample@"))
        ports = self.connected_ports()
        self.assertTrue(ports)
        self.h1.run(["nft", "-f", "-"], input=f"""
          table inet halfopen {{
            chain o {{ type filter hook output priority -300; tcp sport {{ {", ".join(sorted(ports))} }} drop; }}
            chain i {{ type filter hook input priority -300; tcp dport {{ {", ".join(sorted(ports))} }} drop; }}
          }}""")
        self.addCleanup(self.h1.run, ["nft", "delete", "table", "inet", "halfopen"])
        began = time.monotonic()
        self.assertTrue(processes.wait_until(lambda: self.connected_ports() - ports, SILENCE_SECONDS + 15))
        self.assertLessEqual(time.monotonic() - began, SILENCE_SECONDS + 8)
        self.assert_ends(deployment, "done", self.new)

    def connected_ports(self):
        """The ends on h1 of its connections to the coordinator."""
        listing = self.h1.run(["ss", "-Htn", "state", "established", "( dport = :7400 or dport = :7401 )"])
        return {line.split()[2].rpartition(":")[2] for line in listing.splitlines()}

    @long
    def test_06_a_slow_and_lossy_line_costs_time_and_nothing_else(self):
        with relay.slow_line(self.fleet, self.h1, delay_ms=50, loss_percent=2):
            clients = self.load(f"http://{self.h2.address}:8080", rate=50)
            deployment = self.product.start(self.release(self.new, BOTH, settings=self.settings(), deadline=20))
            self.assert_ends(deployment, "done", self.new)
            self.assert_no_request_failed(clients.stop())

    def test_07_a_frozen_agent_does_not_keep_its_host_from_going_back(self):
        agent = next(self.h1.cgroup.unified.glob("**/switchyard-agent.service")) / "cgroup.freeze"
        self.addCleanup(lambda: agent.exists() and agent.write_text("0", encoding="ascii"))
        with Watcher(self, [self.h1]) as watcher:
            deployment = self.start_slow_deployment()
            watcher.wait_for(self.new, 5)
            agent.write_text("1", encoding="ascii")
            began = time.monotonic()
            back = watcher.wait_for(self.old, CONFIRM_SECONDS + GRACE_SECONDS + 5)
            self.assertLessEqual(back - began, CONFIRM_SECONDS + GRACE_SECONDS)
            agent.write_text("0", encoding="ascii")
        self.assert_ends(deployment, "rolled_back", self.old)

    @long
    def test_08_a_host_that_stood_still_goes_back_when_it_moves_again(self):
        deployment = self.start_slow_deployment()
        self.h1.freeze()
        self.addCleanup(self.h1.thaw)
        time.sleep(CONFIRM_SECONDS + SILENCE_SECONDS)
        self.assertNotIn(self.product.deployment(deployment)["state"], ("done", "rolled_back"), "h1 has said nothing")
        self.h1.thaw()
        self.assert_ends(deployment, "rolled_back", self.old)

    @long
    def test_09_a_power_cut_between_armed_and_swapped_brings_all_back_to_the_old(self):
        deployment = self.start_slow_deployment()  # the laggard is armed on h2, and starts
        self.h2.power_cut()
        self.h2.start()
        self.assert_ends(deployment, "rolled_back", self.old)

    def test_10_a_power_cut_of_everything_before_hold_brings_all_back_to_the_old(self):
        deployment = self.start_slow_deployment()
        self.cut_all_power()
        self.assert_ends(deployment, "rolled_back", self.old)

    @long
    def test_11_a_power_cut_of_everything_after_hold_ends_with_all_new_or_all_old(self):
        deployment = self.start_watched_deployment(4)
        self.cut_all_power()
        state = self.product.wait_for_end(deployment)["state"]
        self.assertIn(state, ("done", "rolled_back"))
        self.assert_ends(deployment, state, self.new if state == "done" else self.old)

    def cut_all_power(self):
        for host in self.fleet.hosts:
            host.power_cut()
        for host in self.fleet.hosts:
            host.start()
        self.product.wait_for_coordinator()


if __name__ == "__main__":
    main()
