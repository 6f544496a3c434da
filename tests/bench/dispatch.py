#!/usr/bin/python3
"""How fast all hosts are reached: a ping, and a command on each, over the product's own bus. Beside it, in turns: raw
CURVE (libzmq and nothing else), that and as many processes as there are hosts, and ssh over connections that stand.

    dispatch.py [--json] [--rounds N] [--build DIRECTORY] [--hosts 8,32,...] [--disk DIRECTORY]

All hosts are this machine: what is compared is work. The agents' journals lie in memory, since ssh makes nothing
durable either; exec_N_durable_ms is the same with every journal on a disk (--disk, /var/tmp), and every fdatasync.
"""

import argparse
import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import local  # noqa: E402
import report  # noqa: E402
import ssh  # noqa: E402

HOSTS = (8, 32, 128, 256, 1000)
# A session of ssh is a process of several MB on either side.
SSH_HOSTS_MAX = 256
JUDGED = 256
ROUNDS = 7
PINGS = 10
MEMORY = "/dev/shm"


def median(values):
    return statistics.median(values)


class Contest:
    """All that is compared, for one number of hosts. Every round has a turn of each."""

    def __init__(self, stack, count, options):
        programs = options.build / "tests/bench"
        memory = stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-dispatch-", dir=MEMORY))
        disk = stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-dispatch-", dir=options.disk))
        self.count = count
        self.raw = stack.enter_context(local.Lines([programs / "bench_raw_curve", count]))
        self.ours = stack.enter_context(local.Lines([programs / "bench_dispatch", count, memory]))
        self.durable = stack.enter_context(local.Lines([programs / "bench_dispatch", count, disk]))
        for each in (self.raw, self.ours, self.durable):
            each.hear()
        self.ssh = stack.enter_context(ssh.Server(count)) if count <= SSH_HOSTS_MAX else None
        if self.ssh:
            self.ssh.warm_up()
        self.took = {key: [] for key in ("raw", "spawn", "ping", "exec", "durable", "ssh")}

    def play(self, rounds):
        for number in range(-1, rounds):
            seen = {"raw": self.raw.ask(f"ping {PINGS}"), "ping": self.ours.ask(f"ping {PINGS}"),
                    "spawn": self.raw.ask("spawn"), "exec": self.ours.ask("exec"),
                    "durable": self.durable.ask("exec")}
            if self.ssh:
                began = time.monotonic()
                self.ssh.run_everywhere("true")
                seen["ssh"] = [(time.monotonic() - began) * 1000, None]
            if number >= 0:  # the first is for caches and connections
                for key, value in seen.items():
                    self.took[key].append(value)

    def wall(self, key):
        return median([wall for wall, _ in self.took[key]])

    def cpu_per_host(self, key):
        return median([cpu for _, cpu in self.took[key]]) / self.count

    def report(self, figures):
        count, judged = self.count, self.count == JUDGED
        # Each round is compared with itself: what the machine was busy with besides was the same.
        vs_raw = median([ours[0] / raw[0] for ours, raw in zip(self.took["ping"], self.took["raw"])])
        vs_limit = median([ours[0] / (raw[0] + spawn[0]) for ours, raw, spawn in
                           zip(self.took["exec"], self.took["raw"], self.took["spawn"])])
        figures.add(f"ping_{count}_ms", round(self.wall("ping"), 3), "ms", against=round(self.wall("raw"), 3))
        figures.add(f"ping_{count}_vs_raw", round(vs_raw, 2), "ratio", goal="<= 3" if judged else None)
        limit = self.wall("raw") + self.wall("spawn")
        figures.add(f"exec_{count}_ms", round(self.wall("exec"), 2), "ms", against=round(limit, 2))
        figures.add(f"exec_{count}_vs_limit", round(vs_limit, 2), "ratio", goal="<= 1.5" if judged else None)
        figures.add(f"exec_{count}_durable_ms", round(self.wall("durable"), 2), "ms")
        if self.ssh:
            speedup = median([ssh[0] / ours[0] for ours, ssh in zip(self.took["exec"], self.took["ssh"])])
            figures.add(f"exec_{count}_speedup_vs_ssh_mux", round(speedup, 1), "ratio", goal=">= 20" if judged else None,
                        against=f"{round(self.wall('ssh'))} ms")
            # What nobody could be faster than: raw CURVE, and as many bare processes.
            fastest = median([ssh[0] / (raw[0] + spawn[0]) for raw, spawn, ssh in
                              zip(self.took["raw"], self.took["spawn"], self.took["ssh"])])
            figures.add(f"limit_{count}_speedup_vs_ssh_mux", round(fastest, 1), "ratio")
        figures.add(f"ping_{count}_cpu_ms_per_host", round(self.cpu_per_host("ping"), 4), "ms",
                    against=round(self.cpu_per_host("raw"), 4))
        figures.add(f"exec_{count}_cpu_ms_per_host", round(self.cpu_per_host("exec"), 3), "ms",
                    against=round(self.cpu_per_host("spawn"), 3))
        if judged:
            figures.add("cpu_ms_per_host", round(self.cpu_per_host("exec"), 3), "ms", goal="<= 1.0")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--hosts", default=",".join(map(str, HOSTS)))
    parser.add_argument("--build", type=pathlib.Path, default=local.BUILD)
    parser.add_argument("--disk", default="/var/tmp")
    options = parser.parse_args()
    figures = report.Report("dispatch")
    if not ssh.installed():
        print("script/bench dispatch: sshd is missing; script/bench installs it", file=sys.stderr)
        return 1
    print(f"  against {ssh.version()}, libzmq {zmq_version()}", file=sys.stderr)
    for count in map(int, options.hosts.split(",")):
        with contextlib.ExitStack() as stack:
            print(f"  {count} hosts", file=sys.stderr)
            contest = Contest(stack, count, options)
            contest.play(options.rounds)
            contest.report(figures)
    return figures.finish(options.json)


def zmq_version():
    return subprocess.run(["pkg-config", "--modversion", "libzmq"], capture_output=True, text=True,
                          check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
