#!/usr/bin/python3
"""Kills coordinators, agents and dead-men at random moments of running deployments and rollbacks, on several small
fleets side by side, and compares what the coordinators say at the end with what the hosts do.

    kills.py [--kills N] [--seconds S] [--fleets F] [--seed SEED]

It ends after N kills (1,000), and must have made them within S seconds (300). Every release carries two commands whose
effects are counted, one in PREPARE and one in the swap, each with an undo that is counted too; some releases are broken
on one host. A quarter of the kills waits for such a command to be at work, the others come at any time. What is wrong
has one of these names:

    lost      a deployment is done, and an effect is not there; or it went back, and an effect was not undone
    doubled   a command took effect twice
    mixed     the hosts of a deployment that has ended serve different releases, or the wrong slot would serve after a boot
    wrong     the coordinator says another end than the hosts show, or a broken release is done
    stuck     a deployment did not end by itself

A seed gives the same choices; the moments at which they meet the processes are the machine's. The last line has all
figures. Exit status: 0 nothing wrong, 1 something is, or fewer than N kills were made in time, 77 this machine cannot
boot test hosts.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import observer  # noqa: E402
import product  # noqa: E402
import sample  # noqa: E402
from harness import CannotRun, CommandFailed, Fleet, requirements  # noqa: E402

KILLS, SECONDS, FLEETS = 1000, 300, 6
HOSTS = ("h1", "h2")
EFFECTS = "var/tmp/effects"
EFFECT_NAMES = ("prepare", "swap")
END_SECONDS = 120
AIM_SECONDS = 2
# Where nspawn and the systemd of the host keep the groups of its services.
SERVICES = "payload/system.slice"
# As shipped, a unit is started again after a second: what nobody can kill meanwhile.
RESTART = "[Service]\nRestartSec=100ms\n"
UNITS = ("switchyard-coordinator", "switchyard-agent", "switchyard-deadman")
WRONGS = ("lost", "doubled", "mixed", "wrong", "stuck")

RUN = """\
run:
  - {name: before, command: [bin/count, prepare], undo: [bin/count, undo-prepare]}
  - {name: within, when: swap, command: [bin/count, swap], undo: [bin/count, undo-swap]}
"""
COUNTED = sample.Component("counted", HOSTS, extra=RUN)
SETTINGS = "watch_seconds: 0\nconfirm_seconds: 20\nprepare_seconds: 40\n"


class Account:
    """What all fleets together have done and found."""

    def __init__(self, kills, seconds):
        self.kills_wanted, self.seconds = kills, seconds
        self.kills, self.ends = collections.Counter(), collections.Counter()
        self.wrongs = collections.Counter()
        self.in_time = 0
        self.begin = time.monotonic()
        self._lock = threading.Lock()

    def is_over(self):
        return self.total() >= self.kills_wanted or self._is_late()

    def _is_late(self):
        return time.monotonic() - self.begin > self.seconds

    def total(self):
        return sum(self.kills.values())

    def killed(self, unit):
        with self._lock:
            self.kills[unit.removeprefix("switchyard-")] += 1
            self.in_time += not self._is_late()

    def ended(self, kind, state):
        with self._lock:
            self.ends[f"{kind} {state}"] += 1

    def note(self, what, text):
        with self._lock:
            self.wrongs[what] += 1
            print(f"{what.upper()}: {text}", flush=True)

    def too_few(self):
        """What is to be said when there were too few; those that came after the time do not count."""
        if self.in_time >= self.kills_wanted:
            return ""
        return f"only {self.in_time} of the {self.kills_wanted} kills that were asked for within {self.seconds} s"

    def line(self):
        seconds = time.monotonic() - self.begin
        kills = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        ends = ", ".join(f"{count} {name}" for name, count in sorted(self.ends.items()))
        wrongs = ", ".join(f"{self.wrongs[name]} {name}" for name in WRONGS)
        return (f"{self.total()} kills ({kills}) in {seconds:.0f} s ({self.total() / seconds:.1f}/s), "
                f"{sum(self.ends.values())} ended ({ends}): {wrongs}")


class Killer(threading.Thread):
    """Kills at random moments, as often as it was told, for as long as a deployment runs."""

    def __init__(self, fleet, account, dice):
        super().__init__(daemon=True)
        self._fleet, self._account, self._dice = fleet, account, dice
        self._over = threading.Event()
        self._last = {}

    def run(self):
        for _ in range(self._dice.randint(6, 18)):
            pause, aims = self._dice.uniform(0, 0.5), self._dice.random() < 0.25
            unit = self._dice.choices(UNITS, (4, 6, 1))[0]
            name, whole_group = self._dice.choice(HOSTS), self._dice.random() < 0.3
            if self._over.wait(pause):
                return
            name = (self._wait_for_command() if aims else None) or name
            self._kill(self._fleet["c1" if unit == UNITS[0] else name], unit, whole_group)

    def _wait_for_command(self):
        """A host on which a counted command is at work: those moments are short, and the ones that matter most. None if
        there was none for a while."""
        deadline = time.monotonic() + AIM_SECONDS
        while time.monotonic() < deadline and not self._over.wait(0.02):
            for name in HOSTS:
                if any((self._fleet[name].cgroup.unified / SERVICES).glob("switchyard-step-*.service")):
                    return name
        return None

    def _kill(self, host, unit, whole_group):
        """`whole_group`: what the program has started too (its probes, nft), as systemd would."""
        group = host.cgroup.unified / SERVICES / f"{unit}.service"
        try:
            process_ids = [int(word) for word in (group / "cgroup.procs").read_text(encoding="ascii").split()]
            if not process_ids or self._last.get((host.name, unit)) == process_ids[0]:
                return
            if whole_group:
                (group / "cgroup.kill").write_text("1", encoding="ascii")
            else:
                os.kill(process_ids[0], 9)
        except (OSError, ValueError):
            return  # It is just ending, or starting.
        self._last[(host.name, unit)] = process_ids[0]
        self._account.killed(unit)

    def end(self):
        self._over.set()
        self.join(30)


class KilledFleet:
    """One fleet and its story: one deployment or rollback after another, under kills."""

    def __init__(self, fleet, account, seed, place):
        self.fleet, self.account = fleet, account
        self.dice = random.Random(seed)
        self.product = product.Product(fleet)
        self.place = pathlib.Path(place, fleet.name)
        self.releases, self.manifests = {}, {}
        self.serving = None
        self.undoable = None  # the deployment whose way back leads to `before`
        self.before = None

    def set_up(self):
        for host in self.fleet.hosts:
            for unit in UNITS:
                drop_in = host.root / f"etc/systemd/system/{unit}.service.d/restart.conf"
                drop_in.parent.mkdir(parents=True, exist_ok=True)
                drop_in.write_text(RESTART, encoding="ascii")
        self.product.install()
        for version, unhealthy in (("1.0.0", None), ("2.0.0", None), ("3.0.0", ["h2"])):
            directory = sample.write_release(self.place, version, [COUNTED], settings=SETTINGS, unhealthy=unhealthy,
                                             deadline=3)
            shutil.copy(sample.HERE / "count", directory / COUNTED.name / "bin/count")
            self.releases[version] = directory
            self.manifests[version] = self.product.provide(directory) + "/deploy.yaml"
        self.product.deploy(self.manifests["1.0.0"])
        self.serving = "1.0.0"

    def run(self):
        while not self.account.is_over() and self.account.wrongs["stuck"] == 0:
            self.product.wait_for_coordinator()
            self.product.wait_until_connected(self.product.hosts)
            self._one()

    def _one(self):
        choice = self.dice.random()
        lines = {name: self._effects(name) for name in HOSTS}
        if choice < 0.25 and self.undoable:
            kind, target = "rollback", self.before
            identity = self.product.start_rollback(self.undoable)
        else:
            kind = "broken" if choice > 0.9 else "deploy"
            target = "3.0.0" if kind == "broken" else "2.0.0" if self.serving == "1.0.0" else "1.0.0"
            identity = self.product.start(self.manifests[target])
        killer = Killer(self.fleet, self.account, self.dice)
        killer.start()
        try:
            ended = self.product.wait_for_end(identity, END_SECONDS)
        except AssertionError as error:
            self.account.note("stuck", f"{self.fleet.name} {kind} {identity}: {error}")
            return
        finally:
            killer.end()
        self._judge(kind, identity, ended["state"], target, lines)

    def _judge(self, kind, identity, state, target, lines_before):
        where = f"{self.fleet.name} {kind} {identity} to {target} from {self.serving} is {state}"
        self.account.ended(kind, state)
        wrongs = sum(self.account.wrongs.values())
        if state not in ("done", "rolled_back"):
            self.account.note("stuck", where)
            return
        if kind == "broken" and state == "done":
            self.account.note("wrong", where + ": the release is broken on h2")
        expected = target if state == "done" else self.serving
        self._judge_hosts(where, expected)
        for name in HOSTS:
            new = self._effects(name)[len(lines_before[name]):]
            self.judge_effects(f"{where}: {name} {new}", kind, state, new)
        if sum(self.account.wrongs.values()) > wrongs:
            print(self.product.story(identity), flush=True)
        if state == "done":
            self.undoable, self.before = (identity, self.serving) if kind == "deploy" else (None, None)
            self.serving = target

    def _judge_hosts(self, where, expected):
        report = observer.observe(self.fleet, [COUNTED.observed()], self.releases)
        hosts = report["components"][COUNTED.name]
        found = {name: seen["versions"] or seen.get("fault", "?") for name, seen in hosts.items()}
        if len({str(versions) for versions in found.values()}) > 1:
            self.account.note("mixed", f"{where}: the hosts serve {found}")
        elif any(expected not in versions for versions in found.values()):
            self.account.note("wrong", f"{where}: the hosts serve {found}")
        for name, seen in hosts.items():
            enabled = [unit for unit, state in seen.get("units", {}).items() if state["enabled"] == "enabled"]
            if "unit" in seen and enabled != [seen["unit"]]:
                self.account.note("mixed", f"{where}: on {name} {seen['unit']} serves, and {enabled} would after a boot")

    def judge_effects(self, where, kind, state, lines):
        counts = collections.Counter(lines)
        words = collections.Counter(line.split()[-1] for line in lines)
        if any(count > 1 for count in counts.values()) or any(count > 1 for count in words.values()):
            self.account.note("doubled", where)
        for name in EFFECT_NAMES:
            undone = words[f"undo-{name}"]
            if kind == "rollback":
                good = not lines
            elif state == "done":
                good = words[name] and not undone
            else:
                good = undone or not words[name]
            if not good:
                self.account.note("lost", where)

    def _effects(self, name):
        try:
            return (self.fleet[name].root / EFFECTS).read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []


def run_all(options):
    seed = options.seed or str(int(time.time()))
    print(f"kills: seed {seed}", flush=True)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        fleets = [stack.enter_context(Fleet(f"kills{number}", hosts=[*HOSTS, product.COORDINATOR_HOST]))
                  for number in range(1, options.fleets + 1)]
        account = Account(options.kills, options.seconds)
        killed = [KilledFleet(fleet, account, f"{seed}/{fleet.name}", place) for fleet in fleets]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(KilledFleet.set_up, killed))
            print(f"kills: {len(killed)} fleets are ready after {time.monotonic() - account.begin:.0f} s", flush=True)
            account.begin = time.monotonic()
            for job in [pool.submit(one.run) for one in killed]:
                job.result()
        if account.too_few():
            print(f"kills: {account.too_few()}", flush=True)
        print(f"kills: seed {seed}: {account.line()}", flush=True)
        return 1 if account.wrongs or account.too_few() else 0


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=KILLS, help="so many, or it fails")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="and within so many seconds")
    parser.add_argument("--fleets", type=int, default=FLEETS)
    parser.add_argument("--seed")
    options = parser.parse_args(words)
    try:
        requirements.require()
        product.require_packages()
    except CannotRun as error:
        print(error, file=sys.stderr)
        return requirements.EXIT_STATUS
    try:
        return run_all(options)
    except (AssertionError, CommandFailed, RuntimeError) as error:
        print(f"kills: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
