"""A deployment with a moment at which its first component is provisional on all hosts and nothing is decided: what the
stories about faults begin with."""

import sample
from scenario import Scenario, Watcher

CONFIRM_SECONDS = 10
GRACE_SECONDS = 2
SLOW_SECONDS = 5

FRONT = sample.Component()
# It is started in the swap, after the front was switched, and takes its time: so there is a moment at which the front
# is provisional everywhere and nothing is decided.
BACK = sample.Component("laggard", ["h2"], {"stable": 8090, "blue": 6002, "green": 6003},
                        extra="dependencies: [sample]\nstart: swap\n")
BOTH = [FRONT, BACK]


class SlowSwap(Scenario):
    def setUp(self):
        """Each story begins with both components serving a release of their own, whatever became of the one before."""
        for host in self.fleet.hosts:
            host.start()
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)
        for row in self.product.get("/v1/deployments?limit=5")["deployments"]:
            self.product.wait_for_end(row["id"])
        self.old = self.next_version()
        self.product.deploy(self.release(self.old, BOTH, settings=self.settings()))
        self.new = self.next_version()

    @staticmethod
    def settings(watch_seconds=0, more=""):
        return f"confirm_seconds: {CONFIRM_SECONDS}\nwatch_seconds: {watch_seconds}\n{more}"

    def start_slow_deployment(self, seconds=SLOW_SECONDS):
        """Returns at the moment when the front is switched on both hosts and the laggard is not."""
        manifest = self.release(self.new, BOTH, settings=self.settings(), slow={BACK.name: seconds}, deadline=20)
        deployment = self.product.start(manifest)
        for host in ("h1", "h2"):
            self.product.wait_for_news(deployment, "switched sample", host)
        return deployment

    def start_watched_deployment(self, seconds):
        """Returns when every host has given up its right to go back by itself."""
        deployment = self.product.start(self.release(self.new, BOTH, settings=self.settings(watch_seconds=seconds)))
        self.product.wait_for_state(deployment, "watching")
        return deployment

    def wait_until_serving(self, version):
        """A host that has just booted needs a moment for its services."""
        with Watcher(self, self.product.hosts) as watcher:
            watcher.wait_for(version, 20)

    def assert_ends(self, deployment, state, version):
        """What the coordinator says, and what the hosts do."""
        ended = self.product.wait_for_end(deployment)
        self.assertEqual(ended["state"], state, self.product.story(deployment))
        self.wait_until_serving(version)
        self.assert_all_serve(version, BOTH)
        return ended
