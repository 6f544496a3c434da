#!/usr/bin/python3
"""A release that breaks its host's firewall right after the switch: the coordinator cannot reach the host any more, and
the host goes back by itself, the wall included."""

import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sample  # noqa: E402
from scenario import Scenario, Watcher, main  # noqa: E402

CONFIRM_SECONDS, GRACE_SECONDS = 10, 2
WALL = """#!/usr/sbin/nft -f
table inet wall {
  chain out { type filter hook output priority 0; tcp dport { 7400, 7401 } drop; }
  chain in { type filter hook input priority 0; tcp sport { 7400, 7401 } drop; }
}
"""
RUN = """\
run:
  - {name: wall, when: swap, command: [bin/wall], undo: [/usr/sbin/nft, delete, table, inet, wall], user: root}
"""


class WalledIn(Scenario):
    fleet_name = "walledin"

    def test_a_host_that_its_release_cuts_off_goes_back_alone(self):
        h1, h2 = self.product.hosts
        settings = f"watch_seconds: 1\nconfirm_seconds: {CONFIRM_SECONDS}"
        old, new = self.next_version(), self.next_version()
        component = sample.Component()
        self.product.deploy(self.release(old, [component], settings=settings))
        component.extra = RUN
        directory = sample.write_release(self.place, new, [component], settings=settings)
        self.releases[new] = directory
        wall = directory / component.name / "bin/wall"
        wall.write_text(WALL, encoding="ascii")
        wall.chmod(0o755)
        with Watcher(self, [h1, h2]) as watcher:
            deployment = self.product.start(self.product.provide(directory) + "/deploy.yaml")
            watcher.wait_for(new, 20)
            walled = time.monotonic()
            back = watcher.wait_for(old, CONFIRM_SECONDS + GRACE_SECONDS + 5)
        self.assertLessEqual(back - walled, CONFIRM_SECONDS + GRACE_SECONDS)
        ended = self.product.wait_for_end(deployment)
        self.assertEqual(ended["state"], "rolled_back", self.product.story(deployment))
        self.assert_all_serve(old, [component])
        for host in (h1, h2):
            self.assertNotIn("wall", host.run(["nft", "list", "tables"]))


if __name__ == "__main__":
    main()
