"""The shipped programs on this machine's loopback, for benches and tests that need no hosts of their own: a coordinator
in a directory of its own, the command line, and programs that answer line by line."""

import http.client
import itertools
import json
import os
import pathlib
import queue
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench"
START_SECONDS = 30
LINE_SECONDS = 300


# Below the kernel's own choice for outgoing connections (32768 on Linux): none of them takes what was found free.
_PORTS = itertools.cycle(random.sample(range(10_000, 32_000), 22_000))


def free_port():
    """A port of loopback on which nobody listened a moment ago; each one once. A socket bound to 0 and closed gives the
    same port twice now and then."""
    for port in itertools.islice(_PORTS, 22_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def private_kib(process_id):
    """What a process has in memory that is nobody else's and no file's."""
    for line in pathlib.Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError(f"process {process_id} tells no RssAnon")


def resident_mb(process_id):
    for line in pathlib.Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {process_id} tells no VmRSS")


class Lines:
    """A program that is told lines, and tells lines. Ends with the block. What it tells is taken at once, also when
    nobody asks for it: a program that fills a pipe stands still at its next word."""

    def __init__(self, argv):
        self.process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._heard = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self):
        for line in self.process.stdout:
            self._heard.put(line.decode().split())
        self._heard.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._listener.join()
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, seconds=LINE_SECONDS):
        """The next line's words."""
        try:
            words = self._heard.get(timeout=max(0, seconds))
        except queue.Empty:
            raise AssertionError(f"{self.process.args[0]} said nothing more for {seconds} s") from None
        if words is None:
            self._heard.put(None)
            raise AssertionError(f"{self.process.args[0]} said nothing more")
        return words

    def hear_until(self, fits, seconds=LINE_SECONDS):
        until = time.monotonic() + seconds
        while True:
            words = self.hear(until - time.monotonic())
            if fits(words):
                return words

    def ask(self, text):
        """Numbers that it answers."""
        self.say(text)
        return [float(word) for word in self.hear()]


class Coordinator:
    """switchyard-coordinator. Its directory goes with the block."""

    def __init__(self, build=BUILD, directory="/var/tmp"):
        self.build = pathlib.Path(build)
        self._place = tempfile.TemporaryDirectory(prefix="switchyard-local-", dir=directory)
        self.root = pathlib.Path(self._place.name)
        self.control, self.bulk = free_port(), free_port()
        self.socket = self.root / "run/switchyard/coordinator.sock"
        self.process = None
        config = self.root / "etc/switchyard"
        config.mkdir(parents=True)
        (config / "coordinator.yaml").write_text(
            f'listen: {{control: "127.0.0.1:{self.control}", bulk: "127.0.0.1:{self.bulk}"}}\n'
            f'advertise: ["127.0.0.1:{self.control}:{self.bulk}"]\n'
            f'http: {{listen: "127.0.0.1:{free_port()}"}}\nlog_level: error\n', encoding="utf-8")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)
        self._place.cleanup()

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        program = self.build / "coordinator/switchyard-coordinator"
        with open(self.root / "log", "ab") as log:
            self.process = subprocess.Popen([program, "--root", self.root], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.get("/v1/health"):
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError("the coordinator does not answer: " +
                                     (self.root / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.02)

    def end(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(60)

    def _request(self, method, path, body=None):
        connection = _UnixConnection(self.socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise AssertionError(f"{method} {path}: {answer.status} {text[:500]!r}")
            return json.loads(text)
        finally:
            connection.close()

    def get(self, path):
        return self._request("GET", path)

    def post(self, path, body):
        return self._request("POST", path, body)

    def new_enrolment(self, host=""):
        return self.post("/v1/agents/tokens", {"host_pattern": host} if host else {})["enrolment"]

    def run(self, *words, timeout=300):
        """The command line, on this coordinator; what it printed. Any other status than 0 is an error."""
        argv = [self.build / "cli/switchyard", "--socket", self.socket, *words]
        ended = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=timeout)
        if ended.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: status {ended.returncode}\n{ended.stdout[-1000:]}"
                                 f"{ended.stderr[-1000:]}")
        return ended.stdout


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def members(coordinator, place, count, *, dead_men=False):
    """bench_agents: that many agents, enrolled and connected. With dead men: processes of their own, as on a host."""
    programs = [coordinator.build / "agent/link/switchyard-agent"] if dead_men else []
    agents = Lines([coordinator.build / "tests/bench/bench_agents", place, "members", *programs])
    try:
        for _ in range(count):
            agents.say(coordinator.new_enrolment())
        agents.say("")
        agents.hear_until(lambda words: words[0] == "welcomed")
    except BaseException:
        agents.__exit__()
        raise
    return agents
