#!/usr/bin/python3
"""Six hosts in batches of two: what fails in the last batch takes the first one back too."""

import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, Watcher, main  # noqa: E402

HOSTS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Each slot starts in its turn: what is wrong with a release on the last hosts shows when the first serve it.
BATCHES = [sample.Component(hosts=HOSTS, extra="strategy: rolling\nmax_parallel: 2\nstart: swap\n")]


class Rolling(Scenario):
    fleet_name = "rolling"
    host_names = HOSTS

    def test_1_a_failure_in_the_last_batch_takes_all_of_them_back(self):
        hosts = [self.fleet[name] for name in HOSTS]
        old, new = self.next_version(), self.next_version()
        self.product.deploy(self.release(old, BATCHES))
        clients = self.load(f"http://{hosts[0].address}:8080")
        with Watcher(self, hosts) as watcher:
            watcher.wait_for(old, 10)
            ended = self.product.deploy(self.release(new, BATCHES, unhealthy=["h6"], deadline=3),
                                        expected=product.ROLLED_BACK)
            watcher.wait_for(old, 10)
        time.sleep(0.5)
        result = clients.stop()
        self.assertIn("h6", ended["reason"])
        self.assert_no_request_failed(result)
        self.assertEqual(set(result["served_by"]), {f"sample/{old}", f"sample/{new}"})
        seen = {name: [version for _, version in changes] for name, changes in watcher.changes.items()}
        for name in ("h1", "h2", "h3", "h4"):
            self.assertEqual(seen[name], [old, new, old], f"{name} was switched, and taken back: {seen}")
        self.assertEqual(seen["h6"], [old], "who never was healthy never got a request")
        self.assert_all_serve(old, BATCHES)

    def test_2_each_batch_serves_before_the_next_begins(self):
        hosts = [self.fleet[name] for name in HOSTS]
        new = self.next_version()
        with Watcher(self, hosts) as watcher:
            identity = self.product.deploy(self.release(new, BATCHES))["id"]
            watcher.wait_for(new, 10)
        began = {}
        for entry in self.product.timeline(identity):
            if entry["what"] == "host" and entry["text"].startswith("switched "):
                began.setdefault(entry["host"], entry["wall_ms"])
        batches = [HOSTS[0:2], HOSTS[2:4], HOSTS[4:6]]
        for earlier, later in zip(batches, batches[1:]):
            self.assertLessEqual(max(began[name] for name in earlier), min(began[name] for name in later), began)
        self.assert_all_serve(new, BATCHES)


if __name__ == "__main__":
    main()
