#!/usr/bin/python3
"""Faults that meet a deployment wherever it happens to be: hosts and the coordinator lose power, stand still, are cut off
in one direction or both, and come back. Whatever the moment, all is new or all is old, and the report says which.

The seed is printed; SWITCHYARD_SEED=N tells the same stories again, as far as real hosts can."""

import os
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from scenario import long, main  # noqa: E402
from slow_swap import BACK, BOTH, SlowSwap  # noqa: E402

ROUNDS = 14
# What an undisturbed deployment takes, and how long a fault may last: shorter and longer than the time to confirm.
DEPLOYMENT_SECONDS, FAULT_SECONDS = 7, 20
FAULTS = ("power", "still", "cut both", "cut in", "cut out")


@long
class Chance(SlowSwap):
    fleet_name = "chance"

    def test_a_fault_at_any_moment_leaves_all_new_or_all_old(self):
        seed = os.environ.get("SWITCHYARD_SEED") or str(int(time.time()))
        print(f"chance: seed {seed}", flush=True)
        dice = random.Random(seed)
        for number in range(ROUNDS):
            if number:
                super().setUp()
            fault, host = dice.choice(FAULTS), dice.choice(self.fleet.hosts)
            after, seconds = dice.uniform(0, DEPLOYMENT_SECONDS), dice.uniform(2, FAULT_SECONDS)
            story = f"{fault} of {host.name} after {after:.1f} s for {seconds:.1f} s"
            with self.subTest(story):
                state = self.disturb(fault, host, after, seconds, watch_seconds=dice.choice((0, 2)))
                print(f"chance: {story}: {state}", flush=True)

    def disturb(self, fault, host, after, seconds, watch_seconds):
        manifest = self.release(self.new, BOTH, settings=self.settings(watch_seconds), slow={BACK.name: 2}, deadline=20)
        deployment = self.product.start(manifest)
        time.sleep(after)
        if fault == "power":
            host.power_cut()
        elif fault == "still":
            host.freeze()
        else:
            host.cut(fault.split()[1], self.other_end(host))
        time.sleep(seconds)
        if fault == "still":
            host.thaw()
        elif fault == "power":
            host.start()
        else:
            host.heal()
        self.product.wait_for_coordinator()
        state = self.product.wait_for_end(deployment)["state"]
        self.assertIn(state, ("done", "rolled_back"))
        self.assert_ends(deployment, state, self.new if state == "done" else self.old)
        return state

    def other_end(self, host):
        """A host loses the coordinator only, the coordinator loses all: clients reach the hosts."""
        return None if host is self.product.coordinator else self.product.coordinator


if __name__ == "__main__":
    main()
