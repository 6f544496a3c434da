#!/usr/bin/python3
"""One of two hosts loses its power, or is rebooted, in every state of a deployment: while it fetches, while a hook of
the preparation is at work, staged, armed, switched, held, committing, going back, in a rollback, in a canary's pause
(the failure table's row 3). In each the deployment is kept until the coordinator and the host's journal say that it is
there; then the host goes. Afterwards it has booted, and serves from its first answer on what it shall; the deployment
has ended by itself, all is new or all is old by bytes, units and ports, nothing is left of what was under way, and the
report says just that."""

import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from harness import Host, processes  # noqa: E402
from scenario import Scenario, Watcher, long, main  # noqa: E402

SAMPLE = sample.Component()

# Where the hook looks. /run is empty after a boot: nothing is kept waiting then.
HOLD = "/run/hold"
HOOK = f"""#!/bin/sh
# Does not end while there is a file of its phase's name, and says that it has come so far.
cat >/dev/null
touch "{HOLD}/$1.reached" 2>/dev/null
while [ -e "{HOLD}/$1" ]; do sleep 0.1; done
echo '{{"status": "ok"}}'
"""
# Of a rollback the most that is allowed; of the others more than a boot takes.
HOOK_SECONDS = {"pre_rollback": 15}
HOOK_SECONDS_ELSE = 60

# Nothing of a release comes to the host any more. Like all its packet filters, this one goes with the boot.
NOTHING_COMES = """
table inet nothing_comes {
  chain out { type filter hook output priority 0; tcp dport 7401 drop; }
}
"""
PAUSES = "strategy: canary\ncanary: {weights: [50], pause_seconds: 120}\n"

# Longer than a host is away, so that what it does is due to its boot and not to the time.
CONFIRM_SECONDS, PREPARE_SECONDS = 40, 90
# A boot and some: the host is back before it is decided.
WATCH_SECONDS = 12
STATE_SECONDS, BOOTED_SECONDS, REST_SECONDS = 40, 20, 30

# What went wrong, as the coordinator may learn of it. Without power a host says nothing; one that goes down in order
# has the time to tell what ended with it.
REVERTED = {"reverted_alone"}
LOST = {"outcome_lost"}
ENDED = {"outcome_lost", "cancelled", "exit_status", "hook_answer"}


def calls(phase):
    """The sample with the hook in one phase."""
    seconds = HOOK_SECONDS.get(phase, HOOK_SECONDS_ELSE)
    return sample.Component(extra=f"hooks:\n  - {{name: hold, phase: {phase}, timeout_seconds: {seconds},"
                                  f" command: [/usr/local/bin/hold, {phase}]}}\n")


# How a host goes; then it is down.
power_cut, reboot = Host.power_cut, Host.shut_down_for_reboot


class Reboots(Scenario):
    fleet_name = "reboots"
    # What all hosts serve; None when a story did not end as it should.
    serving = None

    @classmethod
    def prepare_hosts(cls):
        for name in cls.host_names:
            cls.fleet[name].run(["install", "-m", "755", "/dev/stdin", "/usr/local/bin/hold"], input=HOOK)

    def setUp(self):
        self.h1, self.h2 = self.product.hosts
        self.old, type(self).serving = type(self).serving, None
        for host in self.fleet.hosts:
            host.start()
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)
        for host in self.product.hosts:
            host.run(["rm", "-rf", HOLD])
            host.run(["install", "-d", "-o", "www-data", HOLD])
        if self.old is None:
            for row in self.product.get("/v1/deployments?limit=5")["deployments"]:
                self.product.wait_for_end(row["id"])
            self.old = self.next_version()
            self.product.deploy(self.manifest(self.old, SAMPLE))
        self.new = self.next_version()

    # The states -------------------------------------------------------------------------------------

    def fetching(self, go_down):
        """PREPARE: h1 has asked for the release, and no byte comes. Afterwards it fetches it."""
        self.h1.run(["nft", "-f", "-"], input=NOTHING_COMES)
        self.addCleanup(self.h1.run, ["nft", "delete", "table", "inet", "nothing_comes"], check=False)
        deployment = self.start(SAMPLE)
        self.product.wait_for_entry(deployment, lambda entry: entry["host"] == self.h1.name
                                    and entry["state"] == "started" and entry["text"].startswith("provide release "))
        self.assert_is(deployment, "preparing", "accepted")
        go_down(self.h1)
        self.h1.start()
        self.assert_ends(deployment, "done", self.new)

    def preparing(self, go_down, codes):
        """PREPARE: the new slot runs on h1, and a critical hook is at work. Whether it had its effect, nobody knows."""
        self.hold(self.h1, "post_prepare")
        deployment = self.start(calls("post_prepare"))
        self.wait_until_reached(deployment, self.h1, "post_prepare")
        self.assert_is(deployment, "preparing", "accepted")
        self.go_down_and_wake_with(self.old, go_down)
        self.assert_ends(deployment, "rolled_back", self.old, codes)

    def staged(self, go_down):
        """h1 is ready, h2 is not. Afterwards h1 makes itself ready once more, and is waited for."""
        self.hold(self.h2, "post_prepare")
        deployment = self.start(calls("post_prepare"))
        self.product.wait_for_news(deployment, "staged sample", self.h1.name)
        self.wait_until_reached(deployment, self.h2, "post_prepare")
        self.assert_is(deployment, "preparing", "staged")
        went_ms = time.time() * 1000
        self.go_down_and_wake_with(self.old, go_down)
        self.product.wait_for_entry(deployment, lambda entry: entry["host"] == self.h1.name
                                    and entry["text"] == "staged sample" and entry["wall_ms"] > went_ms)
        self.assert_is(deployment, "preparing", "staged")
        self.let_go(self.h2, "post_prepare")
        self.assert_ends(deployment, "done", self.new)

    def armed(self, go_down, codes):
        """h1 is in the middle of its switch: traffic is led to the new slot, and steps are still to come."""
        self.hold(self.h1, "post_switch")
        deployment = self.start(calls("post_switch"))
        self.wait_until_reached(deployment, self.h1, "post_switch")
        self.assert_is(deployment, "swapping", "swapping")
        self.go_down_and_wake_with(self.old, go_down)
        self.assert_ends(deployment, "rolled_back", self.old, codes)

    def switched(self, go_down, codes):
        """h1 serves the new release provisionally, h2 is in the middle of its switch."""
        self.hold(self.h2, "post_switch")
        deployment = self.start(calls("post_switch"))
        self.product.wait_for_news(deployment, "switched sample", self.h1.name)
        self.wait_until_reached(deployment, self.h2, "post_switch")
        self.assert_is(deployment, "swapping", "swapped")
        self.go_down_and_wake_with(self.old, go_down)
        self.assert_ends(deployment, "rolled_back", self.old, codes)

    def held(self, go_down):
        """Both hosts have given up their right to go back alone, and nothing is decided. h1 stays new, and asks."""
        deployment = self.start(SAMPLE, watch_seconds=WATCH_SECONDS)
        self.product.wait_for_state(deployment, "watching")
        self.assert_is(deployment, "watching", "held")
        self.go_down_and_wake_with(self.new, go_down)
        self.assertIn(self.agent_state(deployment), ("held", "committed"))
        self.assert_ends(deployment, "done", self.new)

    def committing(self, go_down):
        """COMMIT is decided and has reached both; h2 has carried it out, h1 is at it."""
        self.hold(self.h1, "post_commit")
        deployment = self.start(calls("post_commit"))
        self.wait_until_reached(deployment, self.h1, "post_commit")
        self.product.wait_for_news(deployment, "committed", self.h2.name)
        self.assert_is(deployment, "committing", "held")
        self.go_down_and_wake_with(self.new, go_down)
        self.assert_ends(deployment, "done", self.new)

    def going_back(self, go_down):
        """ABORT is decided when both had held; h2 goes back, h1 has only begun to and still serves the new release."""
        deployment = self.start(calls("pre_rollback"), watch_seconds=60)
        self.product.wait_for_state(deployment, "watching")
        self.hold(self.h1, "pre_rollback")
        ended = self.product.run("deploy", "cancel", deployment, "--detach")
        self.assertEqual(ended.status, product.DONE, ended)
        self.wait_until_reached(deployment, self.h1, "pre_rollback")
        self.assert_is(deployment, "aborting", "reverting")
        self.go_down_and_wake_with(self.old, go_down)
        self.assert_ends(deployment, "rolled_back", self.old)

    def rolling_back(self, go_down, codes):
        """What is done is being rolled back: h1 serves the old release provisionally, h2 has still to switch. The
        rollback is undone itself, and what was to be rolled back serves on."""
        deployment = self.product.deploy(self.manifest(self.new, calls("pre_rollback")))["id"]
        self.hold(self.h2, "pre_rollback")
        rollback = self.product.start_rollback(deployment)
        self.product.wait_for_news(rollback, "switched sample", self.h1.name)
        self.wait_until_reached(rollback, self.h2, "pre_rollback")
        self.assert_is(rollback, "swapping", "swapped")
        self.go_down_and_wake_with(self.new, go_down)
        self.assert_ends(rollback, "rolled_back", self.new, codes)

    def pausing(self, go_down, codes):
        """A canary has half of the traffic on both hosts, and is watched with it."""
        deployment = self.start(sample.Component(extra=PAUSES))
        pause = {"what": "50 % of the traffic of sample", "waits_for": "time"}
        self.assertTrue(processes.wait_until(lambda: pause in self.product.deployment(deployment)["pauses"],
                                             STATE_SECONDS), self.product.story(deployment))
        self.assert_is(deployment, "swapping", "swapping")
        self.go_down_and_wake_with(self.old, go_down)
        self.assert_ends(deployment, "rolled_back", self.old, codes)

    # The stories ------------------------------------------------------------------------------------

    def test_01_a_host_without_power_while_it_fetches_begins_again_and_all_is_new(self):
        self.fetching(power_cut)

    @long
    def test_02_so_does_one_that_is_rebooted(self):
        self.fetching(reboot)

    @long
    def test_03_without_power_while_a_hook_prepares_nothing_tells_how_it_ended_and_all_stays_old(self):
        self.preparing(power_cut, LOST)

    @long
    def test_04_nor_when_it_is_rebooted(self):
        self.preparing(reboot, ENDED)

    @long
    def test_05_a_staged_host_without_power_stages_again_and_all_is_new(self):
        self.staged(power_cut)

    def test_06_so_does_one_that_is_rebooted(self):
        self.staged(reboot)

    @long
    def test_07_a_host_without_power_in_its_switch_brings_all_back_to_the_old(self):
        self.armed(power_cut, REVERTED)

    def test_08_so_does_one_that_is_rebooted(self):
        self.armed(reboot, REVERTED | ENDED)

    @long
    def test_09_a_switched_host_without_power_brings_all_back_to_the_old(self):
        self.switched(power_cut, REVERTED)

    @long
    def test_10_so_does_one_that_is_rebooted(self):
        self.switched(reboot, REVERTED | {"unhealthy"})

    @long
    def test_11_a_held_host_without_power_stays_new_and_ends_with_the_decision(self):
        self.held(power_cut)

    def test_12_so_does_one_that_is_rebooted(self):
        self.held(reboot)

    def test_13_a_host_without_power_while_it_commits_goes_on_with_it(self):
        self.committing(power_cut)

    @long
    def test_14_so_does_one_that_is_rebooted(self):
        self.committing(reboot)

    def test_15_a_host_without_power_on_its_way_back_goes_on_with_it(self):
        self.going_back(power_cut)

    @long
    def test_16_so_does_one_that_is_rebooted(self):
        self.going_back(reboot)

    def test_17_a_host_without_power_in_a_rollback_brings_all_back_to_what_was_rolled_back(self):
        self.rolling_back(power_cut, REVERTED)

    @long
    def test_18_so_does_one_that_is_rebooted(self):
        self.rolling_back(reboot, REVERTED | {"unhealthy"})

    def test_19_a_host_without_power_in_a_canarys_pause_brings_all_back_to_the_old(self):
        self.pausing(power_cut, REVERTED)

    @long
    def test_20_so_does_one_that_is_rebooted(self):
        self.pausing(reboot, REVERTED | {"unhealthy"})

    # Getting there ----------------------------------------------------------------------------------

    def manifest(self, version, component, watch_seconds=0):
        settings = (f"watch_seconds: {watch_seconds}\nconfirm_seconds: {CONFIRM_SECONDS}\n"
                    f"prepare_seconds: {PREPARE_SECONDS}\n")
        return self.release(version, [component], settings=settings, deadline=10)

    def start(self, component, watch_seconds=0):
        return self.product.start(self.manifest(self.new, component, watch_seconds))

    @staticmethod
    def hold(host, phase):
        host.run(["touch", f"{HOLD}/{phase}"])

    @staticmethod
    def let_go(host, phase):
        host.run(["rm", f"{HOLD}/{phase}"])

    def wait_until_reached(self, deployment, host, phase):
        """The hook is at work there, and waits."""
        reached = pathlib.Path(f"/proc/{host.leader()}/root{HOLD}/{phase}.reached")
        self.assertTrue(processes.wait_until(reached.exists, STATE_SECONDS),
                        f"{host.name} did not come to {phase}\n" + self.product.story(deployment))

    @staticmethod
    def status_of_agent(host):
        """What the host's journal says."""
        return json.loads(host.run(["switchyard-agent", "status", "--json"], check=False))

    def agent_state(self, deployment):
        """Of h1. What is at work in a preparation is not in the journal: until all is staged it says `accepted`."""
        states = {row["id"]: row["state"] for row in self.status_of_agent(self.h1)["deployments"]}
        return states.get(deployment)

    def assert_is(self, deployment, state, agent_state):
        self.assertEqual((self.product.deployment(deployment)["state"], self.agent_state(deployment)),
                         (state, agent_state), self.product.story(deployment))

    def go_down_and_wake_with(self, version, go_down):
        """From its boot on clients get this version of h1, and no other."""
        go_down(self.h1)
        with Watcher(self, [self.h1]) as watcher:
            self.h1.start()
            watcher.wait_for(version, BOOTED_SECONDS)
        changes = watcher.changes[self.h1.name]
        self.assertEqual({answer for _, answer in changes} - {None}, {version}, changes)

    # How it ended -----------------------------------------------------------------------------------

    def assert_ends(self, deployment, state, version, codes=()):
        """`codes`: what may have gone wrong on h1; nothing did when there is none."""
        ended = self.product.wait_for_state(deployment, "done", "rolled_back")
        story = self.product.story(deployment)
        self.assertEqual(ended["state"], state, story)
        self.assertNotIn("stuck", {entry["state"] for entry in self.product.timeline(deployment)}, story)
        self.product.wait_until_connected(self.product.hosts)
        with Watcher(self, self.product.hosts) as watcher:
            watcher.wait_for(version, BOOTED_SECONDS)
        for host in self.product.hosts:
            self.assertTrue(processes.wait_until(lambda: self.status_of_agent(host)["idle"], REST_SECONDS, pause=0.2),
                            f"{host.name} is not at rest: {self.status_of_agent(host)}")
        report = self.assert_all_serve(version, [SAMPLE])
        seen = report["components"][SAMPLE.name]
        for host in self.product.hosts:
            self.assert_nothing_is_left(host, seen[host.name], state == "done" or ended["kind"] == "rollback")
        self.assert_report(ended, version, seen)
        self.assert_reason(ended, codes)
        type(self).serving = version

    def assert_nothing_is_left(self, host, seen, may_be_warm):
        """One slot is enabled, and it serves. The other may at most be kept warm; nobody runs beside the two."""
        units, serving, where = seen["units"], seen["unit"], f"{host.name} {seen['units']}"
        active = [unit for unit, state in units.items() if state["active"] == "active"]
        self.assertEqual([unit for unit, state in units.items() if state["enabled"] == "enabled"], [serving], where)
        self.assertIn(serving, active, where)
        other, = set(units) - {serving}
        if other not in active:
            self.assertIn(units[other]["active"], ("inactive", "failed"), where)
            port = SAMPLE.ports[other.removeprefix("sample@").removesuffix(".service")]
            self.assertEqual(host.run(["ss", "-Hltn", f"sport = :{port}"]), "", where)
        self.assertTrue(may_be_warm or other not in active, where)
        self.assertEqual(self.orphans(host, active), [], where)
        for line in host.run(["systemctl", "list-units", "--plain", "--no-legend", "switchyard-*"]).splitlines():
            self.assertFalse(line.startswith("switchyard-step-"), f"{host.name}: {line}")
            self.assertNotEqual(line.split()[2], "failed", f"{host.name}: {line}")

    @staticmethod
    def orphans(host, units):
        """Processes of releases and hooks that none of the units has."""
        lines = [line.split(None, 1) for line in host.run(["ps", "-e", "-o", "unit=", "-o", "args="]).splitlines()]
        return [line for line in lines if len(line) == 2 and line[0] not in units
                and ("/srv/sample/" in line[1] or "/usr/local/bin/hold" in line[1])]

    def assert_report(self, ended, version, seen):
        """The end, what each host came to, and what it serves: as the command line and the API tell it."""
        done = ended["state"] == "done"
        said = self.product.run("deploy", "status", ended["id"], "--follow")
        self.assertEqual(said.status, product.DONE if done else product.ROLLED_BACK, said)
        self.assertEqual({row["host"]: row["state"] for row in ended["progress"]},
                         dict.fromkeys(self.host_names, "committed" if done else "reverted"))
        told = {row["host"]: row for row in self.product.get("/v1/serving")["serving"]}
        for name in self.host_names:
            row = told[name]
            self.assertEqual((row["version"], row["serving"]["unit"], row["changing"], row["connected"]),
                             (version, seen[name]["unit"], None, True), row)

    def assert_reason(self, ended, codes):
        """Nothing went wrong but on h1. What had to be tried again there, while it went down, may be told too."""
        errors, story = ended["errors"], self.product.story(ended["id"])
        self.assertLessEqual({error["host"] for error in errors}, {self.h1.name}, errors)
        if codes:
            self.assertTrue(errors, story)
            self.assertEqual(errors[0]["action"], "rollback", errors)
            self.assertIn(errors[0]["code"], codes, f"{errors}\n{story}")
            self.assertTrue(ended["reason"].startswith("h1: "), ended["reason"])
        else:
            self.assertLessEqual({error["action"] for error in errors}, {"retry"}, errors)
        if ended["state"] == "rolled_back" and not codes:
            self.assertTrue(ended["reason"].startswith("cancelled"), ended["reason"])


if __name__ == "__main__":
    main()
