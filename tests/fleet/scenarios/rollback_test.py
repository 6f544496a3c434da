#!/usr/bin/python3
"""Each rollback strategy on real hosts: what fails goes back by itself as the manifest says, and what is done is rolled
back as the person says. Under load: nobody's request fails, and in the end every host serves the old release."""

import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

HOSTS = ("h1", "h2", "h3")
# Two components, of which the second depends on the first; its new slot starts in the swap, so that what is wrong with
# it shows when the first serves already.
COMPONENTS = [
    sample.Component(name="base", hosts=HOSTS),
    sample.Component(name="front", hosts=HOSTS, ports={"stable": 8090, "blue": 5012, "green": 5013},
                     extra="dependencies: [base]\nstart: swap\n"),
]


def settings(strategy):
    return f"watch_seconds: 1\nrollback_strategy: {strategy}"


class Rollback(Scenario):
    fleet_name = "rollback"
    host_names = HOSTS

    def deploy_good(self, strategy="immediate"):
        version = self.next_version()
        self.product.deploy(self.release(version, COMPONENTS, settings=settings(strategy)))
        return version

    def broken(self, strategy):
        """A release that is not healthy on the last host."""
        version = self.next_version()
        return self.release(version, COMPONENTS, settings=settings(strategy), unhealthy=["h3"], deadline=3)

    def fails_and_goes_back(self, strategy):
        old = self.deploy_good()
        clients = self.load(f"http://{self.fleet['h1'].address}:8080")
        ended = self.product.deploy(self.broken(strategy), expected=product.ROLLED_BACK)
        time.sleep(0.5)
        self.assert_no_request_failed(clients.stop())
        self.assertEqual(ended["state"], "rolled_back")
        self.assertEqual(ended["plan"]["settings"]["rollback_strategy"], strategy)
        self.assertTrue(ended["errors"], "what went wrong is told")
        self.assertEqual({error["action"] for error in ended["errors"]}, {"rollback"}, ended["errors"])
        self.assertIn("h3", {error["host"] for error in ended["errors"]})
        self.assert_all_serve(old, COMPONENTS)

    def test_1_immediate(self):
        self.fails_and_goes_back("immediate")

    def test_2_batch(self):
        self.fails_and_goes_back("batch")

    def test_3_graceful(self):
        self.fails_and_goes_back("graceful")

    def test_4_aggressive(self):
        self.fails_and_goes_back("aggressive")

    def test_5_manual_asks_a_person(self):
        old = self.deploy_good()
        stands = self.product.deploy(self.broken("manual"), expected=product.UNRESOLVED)
        self.assertEqual(stands["state"], "paused")
        self.assertEqual(stands["errors"][0]["action"], "abort")
        self.product.run("deploy", "abandon", stands["id"], "--detach")
        self.product.wait_for_state(stands["id"], "rolled_back")
        self.assert_all_serve(old, COMPONENTS)

    def test_6_what_is_done_is_rolled_back_by_each(self):
        for strategy in ("immediate", "batch", "graceful", "aggressive"):
            with self.subTest(strategy=strategy):
                old = self.deploy_good()
                newest = self.product.deploy(self.release(self.next_version(), COMPONENTS))["id"]
                clients = self.load(f"http://{self.fleet['h1'].address}:8080")
                self.product.roll_back(newest, "--strategy", strategy)
                time.sleep(0.5)
                self.assert_no_request_failed(clients.stop())
                self.assert_all_serve(old, COMPONENTS)

    def test_7_a_manual_rollback_waits_before_the_switch(self):
        old = self.deploy_good()
        new = self.next_version()
        newest = self.product.deploy(self.release(new, COMPONENTS))["id"]
        stands = self.product.roll_back(newest, "--strategy", "manual", expected=product.UNRESOLVED)
        self.assertEqual(stands["state"], "paused")
        self.assert_all_serve(new, COMPONENTS)
        self.product.run("deploy", "resume", stands["id"], "--detach")
        self.product.wait_for_state(stands["id"], "done")
        self.assert_all_serve(old, COMPONENTS)


if __name__ == "__main__":
    main()
