#!/usr/bin/python3
"""Disks without a byte left, on a host and under the coordinator (the failure table's rows 8 and 9): nothing begins that
cannot end, what was begun can always be taken back, and who cannot write says so."""

import contextlib
import os
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
from scenario import Watcher, long, main  # noqa: E402
from slow_swap import BOTH, CONFIRM_SECONDS, GRACE_SECONDS, SlowSwap  # noqa: E402

STATE, RELEASES = "/var/lib/switchyard", "/srv"
# Above the reserve that PREPARE asks for (disk_reserve_bytes), with room for some releases.
HOST_DISK, COORDINATOR_DISK = "96M", "24M"
FILLER = "filler"
ROUNDS, DEPLOYMENT_SECONDS = 8, 7


class FullDisk(SlowSwap):
    fleet_name = "fulldisk"

    @classmethod
    def prepare_hosts(cls):
        for host in cls.fleet.hosts:
            small = {STATE: COORDINATOR_DISK if host is cls.product.coordinator else HOST_DISK}
            if host is not cls.product.coordinator:
                small[RELEASES] = HOST_DISK
            for place, size in small.items():
                host.run(["mkdir", "-p", place])
                host.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "small", place])

    def setUp(self):
        super().setUp()
        self.h1, self.h2 = self.product.hosts

    @contextlib.contextmanager
    def full(self, host, *places):
        for place in places:
            host.run(["dd", "if=/dev/zero", f"of={place}/{FILLER}", "bs=64k", "status=none"], check=False)
            # What a block is too large for.
            host.run(["dd", "if=/dev/zero", f"of={place}/{FILLER}-rest", "bs=1", "count=8192", "status=none"], check=False)
            self.assertEqual(host.run(["stat", "-fc", "%a", place]).strip(), "0")
        try:
            yield
        finally:
            self.make_room(host, *places)

    @staticmethod
    def make_room(host, *places):
        host.run(["rm", "-f", *(f"{place}/{name}" for place in places for name in (FILLER, f"{FILLER}-rest"))])

    @long
    def test_1_a_host_without_room_for_a_release_takes_none(self):
        with self.full(self.h1, RELEASES):
            manifest = self.release(self.new, BOTH, settings=self.settings())
            deployment = self.product.deploy(manifest, expected=product.ROLLED_BACK)
            self.assertIn("h1", deployment["reason"])
            self.assertRegex(deployment["reason"], "(?i)space|room|full")
            self.assert_all_serve(self.old, BOTH)
        self.product.deploy(manifest)
        self.assert_all_serve(self.new, BOTH)

    @long
    def test_2_a_host_whose_journal_has_no_room_takes_no_plan(self):
        with self.full(self.h1, STATE):
            manifest = self.release(self.new, BOTH, settings=self.settings())
            ended = self.product.run("deploy", "start", manifest)
            if ended.status == product.DONE:
                # There was room left in what the journal holds beforehand: then all is new, and that is true.
                self.assert_all_serve(self.new, BOTH)
                return
            self.assertEqual(ended.status, product.ROLLED_BACK, ended)
            self.assert_all_serve(self.old, BOTH)
        self.product.deploy(manifest)
        self.assert_all_serve(self.new, BOTH)

    def test_3_a_host_reverts_alone_with_no_byte_left(self):
        with Watcher(self, [self.h1, self.h2]) as watcher, contextlib.ExitStack() as disks:
            deployment = self.start_slow_deployment()
            watcher.wait_for(self.new, 5)
            for host in (self.h1, self.h2):
                disks.enter_context(self.full(host, STATE, RELEASES))
            self.product.coordinator.freeze()
            gone = time.monotonic()
            try:
                back = watcher.wait_for(self.old, CONFIRM_SECONDS + GRACE_SECONDS + 5)
            finally:
                self.product.coordinator.thaw()
            self.assertLessEqual(back - gone, CONFIRM_SECONDS + GRACE_SECONDS)
            self.assert_ends(deployment, "rolled_back", self.old)

    @long
    def test_4_and_when_it_is_told_to(self):
        with contextlib.ExitStack() as disks:
            deployment = self.start_watched_deployment(30)
            for host in (self.h1, self.h2):
                disks.enter_context(self.full(host, STATE, RELEASES))
            self.product.run("deploy", "cancel", deployment)
            self.assert_ends(deployment, "rolled_back", self.old)

    @long
    def test_5_a_commit_needs_no_byte_either(self):
        with contextlib.ExitStack() as disks:
            deployment = self.start_watched_deployment(4)
            for host in (self.h1, self.h2):
                disks.enter_context(self.full(host, STATE, RELEASES))
            self.assert_ends(deployment, "done", self.new)

    def restart_coordinator(self):
        """What the store wrote before is room that it uses again: after a clean end there is none."""
        self.product.coordinator.run(["systemctl", "restart", "switchyard-coordinator"])
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)

    def test_6_a_coordinator_that_cannot_write_says_so_and_goes_on_by_itself(self):
        coordinator = self.product.coordinator
        manifest = self.release(self.new, BOTH, settings=self.settings())
        self.restart_coordinator()
        with self.full(coordinator, STATE):
            for words in (("deploy", "start", manifest), ("agents", "token", "create")):
                refused = self.product.run(*words)
                self.assertNotEqual(refused.status, product.DONE, refused)
                self.assertRegex(str(refused), "disk is full|free space", words)
            status, refused = self.product.request("POST", "/v1/agents/tokens", {"host_pattern": "h9"})
            self.assertEqual((status, refused["error"]["code"]), (503, "disk_full"), refused)
            self.assertTrue(self.product.get("/v1/hosts")["hosts"], "what is known can still be read")
            self.assertTrue(self.product.get("/v1/deployments")["deployments"])
            self.assert_all_serve(self.old, BOTH)
        self.product.deploy(manifest)
        self.assert_all_serve(self.new, BOTH)
        self.assertEqual(coordinator.run(["systemctl", "show", "-P", "NRestarts", "switchyard-coordinator"]).strip(), "0")

    def test_7_a_deployment_that_cannot_be_decided_goes_back(self):
        self.restart_coordinator()
        with Watcher(self, [self.h1, self.h2]) as watcher:
            deployment = self.start_slow_deployment()
            watcher.wait_for(self.new, 5)
            with self.full(self.product.coordinator, STATE):
                began = time.monotonic()
                back = watcher.wait_for(self.old, CONFIRM_SECONDS + GRACE_SECONDS + 5)
                self.assertLessEqual(back - began, CONFIRM_SECONDS + GRACE_SECONDS)
                self.assertNotIn(self.product.deployment(deployment)["state"], ("done", "rolled_back"),
                                 "what is not in the store has not happened")
        self.assert_ends(deployment, "rolled_back", self.old)

    @long
    def test_8_a_disk_that_is_full_from_any_moment_on_costs_the_deployment_at_most(self):
        seed = os.environ.get("SWITCHYARD_SEED") or str(int(time.time()))
        print(f"full disks: seed {seed}", flush=True)
        dice = random.Random(seed)
        for number in range(ROUNDS):
            if number:
                super().setUp()
            hosts = dice.choice(([self.h1], [self.h2], [self.h1, self.h2]))
            places = dice.choice(([STATE], [RELEASES], [STATE, RELEASES]))
            after = dice.uniform(0, DEPLOYMENT_SECONDS)
            story = f"{' '.join(places)} of {' '.join(host.name for host in hosts)} after {after:.1f} s"
            with self.subTest(story), contextlib.ExitStack() as disks:
                deployment = self.product.start(self.release(self.new, BOTH, settings=self.settings(watch_seconds=1)))
                time.sleep(after)
                for host in hosts:
                    disks.enter_context(self.full(host, *places))
                state = self.product.wait_for_end(deployment)["state"]
                self.assertIn(state, ("done", "rolled_back"))
                self.assert_ends(deployment, state, self.new if state == "done" else self.old)
                print(f"full disks: {story}: {state}", flush=True)


if __name__ == "__main__":
    main()
