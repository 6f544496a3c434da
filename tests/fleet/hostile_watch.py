"""A scenario whose programs are watched: what the hosts execute, what the command line executes and shows, and what is
on the disks and in the journals afterwards. Each watch is shown not to be blind by what it must see."""

import collections
import contextlib
import json
import pathlib
import re
import signal
import subprocess

import executions
import memory_files
from harness import processes
from hostile_texts import FORGED
from scenario import Scenario

# What deployments change on a host: releases, units, Switchyard's state, and what the system itself keeps.
EXPECTED_PLACES = ("srv/", "etc/systemd/system/", "var/lib/switchyard/", "var/log/", "var/lib/systemd/", "run/",
                   "tmp/", "var/tmp/", "root/", "etc/switchyard-switch/", "var/cache/")
# Said by the shells that the watch itself starts.
PLANTED = "planted by the watch"
# What the command line says when it did what it was asked, did not understand it, or was not allowed to.
ANSWERS = (0, 2, 6)
SWITCHYARD = "/usr/bin/switchyard"
# What renders templates, and all that it may be given.
HELPER = re.compile(r"/usr/bin/python3\0-I\0-B\0/usr/lib/switchyard/template_helper\.py\0[0-9]+")

BY_PATH = ["/bin/sh", "-c", "true", PLANTED]
# By an open file, which is another system call.
BY_FILE = ["/usr/bin/python3", "-c",
           f"import os; os.execve(os.open('/bin/sh', os.O_RDONLY), ['sh', '-c', 'true', '{PLANTED}'], {{}})"]
# Runs commands one after the other, and tells how each ended: one watch is enough for many.
RUN_ALL = """
import json, os, subprocess, sys
def on_terminal(words, variables):
    ours, theirs = os.openpty()
    running = subprocess.Popen(words, env=variables, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return running.wait(60), said.replace(b"\\r\\n", b"\\n"), b""
def apart(words, variables):
    ended = subprocess.run(words, env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    return ended.returncode, ended.stdout, ended.stderr
wanted = json.load(sys.stdin)
run = on_terminal if wanted["terminal"] else apart
for words, variables in wanted["commands"]:
    status, out, err = run(words, os.environ | variables)
    print(json.dumps([status, out.decode("latin-1"), err.decode("latin-1")]))
"""

Ended = collections.namedtuple("Ended", "status stdout stderr")


def is_traced(process):
    """All of its threads."""
    try:
        texts = [status.read_text() for status in pathlib.Path(f"/proc/{process}/task").glob("*/status")]
    except OSError:  # a thread has ended meanwhile
        return False
    return bool(texts) and not any("TracerPid:\t0\n" in text for text in texts)


class WatchedScenario(Scenario):

    # What the hosts execute ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def programs_watched(self):
        """What is executed on the hosts, by their systemd, Switchyard and all that comes of them, as (host, execution).
        A shell is planted when the watch begins and another when it ends: who has not seen them has seen nothing.
        What the test itself starts on a host comes of neither, and is not seen."""
        seen, tracers = [], []
        try:
            for host in self.fleet.hosts:
                program = "switchyard-coordinator" if host is self.product.coordinator else "switchyard-agent"
                watched = [host.leader(), self.product.process_of(host, program)]
                log = self.place / f"strace-{host.name}"
                tracers.append((host, log, subprocess.Popen(
                    ["strace", *executions.TRACE, "-o", log, *[f"--attach={process}" for process in watched]],
                    stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
                self.assertTrue(processes.wait_until(lambda: all(map(is_traced, watched)), 20), "strace does not begin")
            self.plant_shells()
            yield seen
            self.plant_shells()
            for host, _, tracer in tracers:
                self.assertIsNone(tracer.poll(), f"the watch of {host.name} has ended before its time")
        finally:
            for _, _, tracer in tracers:
                tracer.send_signal(signal.SIGINT)
            for _, _, tracer in tracers:
                tracer.wait(20)
        for host, log, _ in tracers:
            seen += [(host.name, each) for each in executions.parse(log.read_text(errors="replace"))]
        self.take_planted(seen)

    def plant_shells(self):
        for host in self.fleet.hosts:
            for words in (BY_PATH, BY_FILE):
                host.run(["systemd-run", "--quiet", "--collect", "--property=Type=oneshot", *words])

    def take_planted(self, seen):
        planted = [(host, each) for host, each in seen if each.is_shell and PLANTED in each.words]
        counts = collections.Counter(host for host, _ in planted)
        self.assertEqual(counts, {host.name: 4 for host in self.fleet.hosts}, "two shells, twice: the watch is blind")
        seen[:] = [each for each in seen if each not in planted]

    def assert_no_shell(self, seen):
        """Nor one that was not found, or of which nobody knows how it ended."""
        self.assertEqual([each for each in seen if each[1].is_shell], [])

    # What the command line executes and shows ---------------------------------------------------------

    def ask(self, *words, answers=ANSWERS):
        return self.ask_all([words], answers)[0]

    def ask_all(self, commands, answers=ANSWERS, program=SWITCHYARD, on=None, terminal=False, rendered=False,
                variables=None):
        """How each ended. Each has executed nothing but itself (and what renders templates), and has shown nothing that
        a terminal would obey. `terminal`: its streams are one, which is a terminal. `rendered`: it says nothing of its
        own, and is not looked at. `variables`: of the environment, for each."""
        asked = [[program, *words] for words in commands]
        ended = self._run_all(asked, variables or [{}] * len(asked), on or self.product.coordinator, terminal)
        for words, (status, out, err) in zip(asked, ended):
            self.assertIn(status, answers, (words, out, err))
            if not rendered:
                self.assert_harmless(out + err, words)
        return ended

    def _run_all(self, commands, variables, host, terminal):
        log = self.place / "strace-commands"
        wanted = {"terminal": terminal, "commands": [*zip(commands, variables), (BY_PATH, {}), (BY_FILE, {})]}
        ended = subprocess.run(["strace", *executions.TRACE, "--seccomp-bpf", "-o", log,
                                *host.inside(["/usr/bin/python3", "-c", RUN_ALL])], input=json.dumps(wanted),
                               capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        executed = executions.parse(log.read_text(errors="replace"))
        ours = [index for index, each in enumerate(executed)
                if each.name == "python3" and RUN_ALL.startswith(each.words[-1])]
        self.assertEqual(len(ours), 1, "the watch has not seen who runs the commands")
        executed = [each for each in executed[ours[0] + 1:] if not HELPER.fullmatch("\0".join(each.words))]
        self.assertEqual([each.program for each in executed],
                         [*(words[0] for words in commands), BY_PATH[0], BY_FILE[0], "/usr/bin/dash"])
        told = [json.loads(line) for line in ended.stdout.splitlines()]
        self.assertEqual(len(told), len(commands) + 2)
        return [Ended(status, out.encode("latin-1"), err.encode("latin-1"))
                for status, out, err in told[:len(commands)]]

    def assert_obeyed_by_no_terminal(self, said, why=None):
        self.assertNotIn(b"\x1b", said, why)
        self.assertNotIn(b"\xc2\x9b", said, why)

    def assert_harmless(self, said, why=None):
        self.assert_obeyed_by_no_terminal(said, why)
        self.assertFalse(any(line.startswith(FORGED.encode()) for line in said.splitlines()), (why, said))

    # What is left -------------------------------------------------------------------------------------

    def assert_untouched(self):
        """No canary anywhere, and nothing new outside of the places where deployments write."""
        for host in self.fleet.hosts:
            upper = host.directory / "upper"
            new = [str(path.relative_to(upper)) for path in upper.rglob("*")
                   if path.lstat().st_mtime > self.began and not path.is_dir()]
            self.assertEqual([path for path in new if "canary" in path], [], host.name)
            self.assertEqual([path for path in new if not path.startswith(EXPECTED_PLACES)], [], host.name)
            in_memory = [path for path, _ in memory_files.files_in_memory(host)]
            self.assertEqual([path for path in in_memory if "canary" in path], [], host.name)
            self.assertFalse((host.root / "canary").exists())

    def assert_no_line_forged(self):
        for host in self.fleet.hosts:
            for line in host.read_journal(output="json").splitlines():
                message = json.loads(line).get("MESSAGE")
                text = bytes(message).decode(errors="replace") if isinstance(message, list) else str(message)
                self.assertFalse(text.startswith(FORGED), text)
                if json.loads(line).get("_COMM", "").startswith("switchyard"):
                    self.assertNotIn("\x1b", text)
