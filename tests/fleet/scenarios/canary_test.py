#!/usr/bin/python3
"""A new release gets a share of the traffic, is watched with it, and gets more or none: over both switches that know
shares, counted by clients outside."""

import collections
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import guestbook  # noqa: E402
import product  # noqa: E402
import sample  # noqa: E402
from haproxy_test import BEHIND, CONFIGURATION  # noqa: E402
from scenario import Scenario, main  # noqa: E402

SHARES = (10, 50)
REQUESTS_PER_SHARE = 10_000
RATE = 800
ROUNDS_MAX = 6
# Of 10,000 requests at 50 %, three points are six standard deviations.
POINTS = 3

CANARY = """\
strategy: canary
canary: {{weights: [10, 50], pause_seconds: {pause}, promote: {promote}}}
"""


def by_nftables(hosts, canary=""):
    return sample.Component(hosts=hosts, extra=canary)


def by_haproxy(canary=""):
    return sample.Component(hosts=["h3"], ports=BEHIND.ports, extra=canary + BEHIND.extra)


def with_shares(pause=2, promote="manual"):
    return CANARY.format(pause=pause, promote=promote)


AT_ONCE = [by_nftables(["h1", "h2"])]


class Canary(Scenario):
    fleet_name = "canary"
    host_names = ("h1", "h2", "h3")

    @classmethod
    def prepare_hosts(cls):
        h3 = cls.fleet["h3"]
        h3.run(["install", "-D", "/dev/stdin", "/etc/haproxy/haproxy.cfg"], input=CONFIGURATION)
        h3.run(["systemctl", "enable", "--now", "--quiet", "haproxy"])

    def setUp(self):
        for host in (self.fleet["h1"], self.fleet["h2"]):
            host.run(["rm", "-f", "/run/ill-release"])

    def test_1_over_nftables_every_share_is_what_was_asked_for(self):
        self.every_share_is_right(by_nftables(["h1"]), by_nftables(["h1"], with_shares()),
                                  f"http://{self.fleet['h1'].address}:8080")

    def test_2_over_haproxy_every_share_is_what_was_asked_for(self):
        self.every_share_is_right(by_haproxy(), by_haproxy(with_shares()), f"http://{self.fleet['h3'].address}")

    def every_share_is_right(self, at_once, component, url):
        old, new = self.next_version(), self.next_version()
        self.product.deploy(self.release(old, [at_once]))
        identity = self.product.start(self.release(new, [component]))
        measured = {}
        for share in SHARES:
            self.wait_for_share(identity, share, "promotion")
            measured[share] = self.share_of(new, url)
            ended = self.product.run("deploy", "promote", identity, "--detach")
            self.assertEqual(ended.status, 0, str(ended))
        self.assertEqual(self.product.wait_for_end(identity)["state"], "done")
        measured[100] = self.share_of(new, url)
        print(f"  {component.hosts}: of {REQUESTS_PER_SHARE} requests each {measured}", file=sys.stderr)
        for share, seen in measured.items():
            self.assertAlmostEqual(seen, share, delta=POINTS if share < 100 else 0, msg=measured)
        self.assert_all_serve(new, [component])

    def test_3_who_falls_ill_with_a_share_is_taken_back_from_all(self):
        h1, h2 = self.fleet["h1"], self.fleet["h2"]
        components = [by_nftables(["h1", "h2"], with_shares(pause=60, promote="automatic"))]
        old, new = self.next_version(), self.next_version()
        self.product.deploy(self.release(old, AT_ONCE))
        clients = self.load(f"http://{h1.address}:8080")
        identity = self.product.start(self.release(new, components))
        self.wait_for_share(identity, 10, "time")
        h2.run(["tee", "/run/ill-release"], input=new + "\n")
        ended = self.product.wait_for_end(identity)
        time.sleep(0.5)
        self.assertEqual(ended["state"], "rolled_back", self.product.story(identity))
        self.assertIn("h2", ended["reason"])
        self.assertNotIn("goes on", self.product.story(identity), "it was seen only after the share had grown")
        self.assert_no_request_failed(clients.stop())
        self.assert_all_serve(old, components)

    def test_4_with_nobody_at_hand_it_goes_on_by_itself(self):
        components = [by_nftables(["h1", "h2"], with_shares(pause=1, promote="automatic"))]
        old, new = self.next_version(), self.next_version()
        self.product.deploy(self.release(old, AT_ONCE))
        clients = self.load(f"http://{self.fleet['h2'].address}:8080")
        self.product.deploy(self.release(new, components))
        time.sleep(0.5)
        self.assert_no_request_failed(clients.stop())
        self.assert_all_serve(new, components)

    def test_5_a_coordinator_that_dies_in_a_pause_takes_it_up_again(self):
        components = [by_nftables(["h1", "h2"], with_shares(pause=1))]
        old, new = self.next_version(), self.next_version()
        self.product.deploy(self.release(old, AT_ONCE))
        identity = self.product.start(self.release(new, components))
        self.wait_for_share(identity, 10, "promotion")
        self.product.kill_coordinator()
        self.product.wait_for_coordinator()
        for share in SHARES:
            self.wait_for_share(identity, share, "promotion")
            self.product.run("deploy", "promote", identity, "--detach")
        self.assertEqual(self.product.wait_for_end(identity)["state"], "done", self.product.story(identity))
        self.assert_all_serve(new, components)

    def test_6_a_release_that_flaps_gets_no_traffic(self):
        components = [by_nftables(["h1", "h2"], with_shares())]
        old, new = self.next_version(), self.next_version()
        self.product.deploy(self.release(old, AT_ONCE))
        clients = self.load(f"http://{self.fleet['h1'].address}:8080")
        ended = self.product.deploy(self.release(new, components, flaps=True), expected=product.ROLLED_BACK)
        result = clients.stop()
        self.assertEqual(ended["state"], "rolled_back")
        self.assertEqual(set(result["served_by"]), {f"sample/{old}"})
        self.assert_no_request_failed(result)
        self.assert_all_serve(old, components)

    # Looking ----------------------------------------------------------------------------------------

    def wait_for_share(self, identity, share, waits_for, seconds=40):
        deadline = time.monotonic() + seconds
        wanted = {"what": f"{share} % of the traffic of sample", "waits_for": waits_for}
        while time.monotonic() < deadline:
            deployment = self.product.deployment(identity)
            if wanted in deployment["pauses"]:
                return
            self.assertFalse(deployment["final"], self.product.story(identity))
            time.sleep(0.1)
        self.fail(f"{wanted} did not come\n" + self.product.story(identity))

    def share_of(self, version, url):
        """Percent of the answers that a version gives. Each request has a connection of its own, because a share is
        one of connections. A busy machine asks more slowly, and is asked again for what is missing."""
        answers = collections.Counter()
        for _ in range(ROUNDS_MAX):
            missing = REQUESTS_PER_SHARE - answers.total()
            if missing <= 0:
                break
            clients = guestbook.Load(self.fleet, self.place, name=f"{self.id()}-{time.monotonic_ns()}", url=url,
                                     profile="plain", rate=RATE, one_shot=1)
            self.addCleanup(clients.end)
            time.sleep(1 + missing / RATE)
            result = clients.stop()
            self.assert_no_request_failed(result)
            answers.update({name: seen["answers"] for name, seen in result["served_by"].items()})
        self.assertGreaterEqual(answers.total(), REQUESTS_PER_SHARE)
        return 100 * answers[f"sample/{version}"] / answers.total()


if __name__ == "__main__":
    main()
