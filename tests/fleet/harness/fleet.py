"""A fleet: hosts, their network, and the files, cgroups and namespaces that go with them.

What a fleet owns can be found by its name alone, so `down` also clears away a fleet whose run died.
"""

import contextlib
import json
import pathlib
import re
import shutil
import signal
import subprocess
import threading

from . import base_image, commands, faults, network, processes, requirements, settings, state
from .boot import boot
from .cgroups import Cgroup
from .host import Host

FLEETS_MAX = 250
RESERVED = {"outside", "gateway", "trial"}


class Fleet:
    """Hosts named h1…hN, or as the list `hosts` says.

    As a context manager it boots a fresh fleet (clearing away a dead one of the same name) and takes
    it down at the end, also when the body fails or the process is told to end. `open` instead finds a
    fleet that `up` made, in whatever process.
    """

    def __init__(self, name="fleet", hosts=3, nspawn_options=()):
        _check_name(name, r"[a-z][a-z0-9]{0,11}", "fleet")
        self.name = name
        self.directory = state.fleets_directory() / name
        self.nspawn_options = tuple(nspawn_options)
        self.network = None
        self.hosts = []
        self._wanted = _host_names(hosts)
        self._children = []
        self._claim = None
        self._handlers = {}

    @classmethod
    def open(cls, name="fleet"):
        fleet = cls(name, hosts=0)
        try:
            record = json.loads((fleet.directory / "fleet.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise LookupError(f"there is no fleet named {name}; `script/fleet up` makes one") from None
        fleet._load(record)
        return fleet

    def __getitem__(self, host_name):
        for host in self.hosts:
            if host.name == host_name:
                return host
        raise LookupError(f"fleet {self.name} has no host {host_name}; it has "
                          + (", ".join(host.name for host in self.hosts) or "none"))

    @property
    def gateway(self):
        """The bridge's own address: where hosts reach what runs outside them, and clients come from."""
        return self.network.gateway

    # Up and down ----------------------------------------------------------------------------------

    def __enter__(self):
        requirements.require()
        self._end_with_signals()
        try:
            self._claim = contextlib.ExitStack()
            self._claim.enter_context(self.claimed())
            self._claim.callback(self.down)
            self.down()
            self.up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        try:
            self._claim.close()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            self._handlers = {}

    @contextlib.contextmanager
    def claimed(self):
        """One run per name at a time; the kernel drops the claim of a process that died."""
        try:
            with state.locked(f"fleet-{self.name}", wait=False):
                yield
        except state.Busy:
            raise RuntimeError(f"a fleet named {self.name} is in use by another run") from None

    def up(self):
        """Makes what is missing and boots what does not run. Cheap when everything runs."""
        requirements.require()
        base_root = base_image.ensure()
        with state.locked("fleets"):
            self._record(base_root)
            settings.prepare_for(_count_hosts())
        if not network.namespaces_of(self.name):
            self.network.create()
            faults.create_rules(self.network)
        for host in self.hosts:
            if not host.root.exists():
                host.prepare(pathlib.Path(self._base_root))
        self._write_hosts_files()
        down = [host for host in self.hosts if not host.is_running()]
        if down:
            boot(down)

    def down(self):
        """Takes away everything that belongs to the fleet; does nothing if there is nothing."""
        if not self.hosts and (self.directory / "fleet.json").exists():
            self._load(json.loads((self.directory / "fleet.json").read_text(encoding="utf-8")))
        group = Cgroup(self.name)
        for host in self.hosts:
            host.remove()
        group.kill()
        processes.wait_until(lambda: not group.process_ids(), 10)
        self.reap()
        _unmount_beneath(self.directory)
        network.remove_namespaces(self.name)
        with state.locked("fleets"):
            if self.directory.exists():
                shutil.rmtree(self.directory)
            if not group.remove():
                raise RuntimeError(f"fleet {self.name}: its cgroups are still busy")
            if not state.fleet_names():
                settings.restore()
                Cgroup(".").remove(timeout=0)

    # Processes beside the hosts -------------------------------------------------------------------

    def run_outside(self, argv, *, timeout=60, check=True, input=None):
        """Runs argv in the bridge's namespace: a client (or coordinator) that is none of the hosts."""
        return commands.run(self._outside(argv), timeout=timeout, check=check, input=input)

    def start_outside(self, argv, **popen_options):
        """The same as a Popen that goes on running; it ends with the fleet at the latest."""
        started = subprocess.Popen(self._outside(argv), **popen_options)
        self.adopt(started)
        return started

    def _outside(self, argv):
        group = Cgroup(f"{self.name}/outside")
        group.unified.mkdir(parents=True, exist_ok=True)
        return ["sh", "-c", 'echo 0 >"$1" && shift && exec "$@"', "sh", str(group.unified / "cgroup.procs"),
                *self.network.inside([str(word) for word in argv])]

    def adopt(self, child):
        """Remembers a child of this process, so that its zombie does not keep cgroups busy."""
        self._children.append(child)

    def reap(self):
        self._children = [child for child in self._children if child.poll() is None]

    # Records --------------------------------------------------------------------------------------

    def _record(self, base_root):
        """Writes down what the fleet consists of, before any of it exists."""
        known = self.directory / "fleet.json"
        if known.exists():
            record = json.loads(known.read_text(encoding="utf-8"))
            names = record["hosts"] + [name for name in self._wanted if name not in record["hosts"]]
        else:
            record = {"range": _free_range(), "base": str(base_root),
                      "nspawn_options": list(self.nspawn_options)}
            names = self._wanted
        if len(names) > network.HOSTS_MAX:
            raise ValueError(f"at most {network.HOSTS_MAX} hosts in a fleet")
        record["hosts"] = names
        self.directory.mkdir(parents=True, exist_ok=True)
        unfinished = known.with_suffix(".new")
        unfinished.write_text(json.dumps(record), encoding="utf-8")
        unfinished.replace(known)
        self._load(record)

    def _load(self, record):
        self.network = network.Network(self.name, record["range"])
        self.nspawn_options = tuple(record["nspawn_options"])
        self._base_root = record["base"]
        self.hosts = [Host(self, name, index) for index, name in enumerate(record["hosts"])]

    def _write_hosts_files(self):
        lines = ["127.0.0.1 localhost", "::1 localhost", f"{self.gateway} gateway",
                 *(f"{host.address} {host.name}" for host in self.hosts)]
        for host in self.hosts:
            (host.root / "etc/hosts").write_text("\n".join(lines) + "\n", encoding="ascii")

    def _end_with_signals(self):
        """SIGTERM and SIGHUP become an exception, so that the end of the `with` block is reached."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                self._handlers[number] = signal.signal(number, _raise_exit)


def _raise_exit(number, _frame):
    raise SystemExit(128 + number)


def _host_names(hosts):
    names = [f"h{number}" for number in range(1, hosts + 1)] if isinstance(hosts, int) else list(hosts)
    for name in names:
        # The wire to the host is an interface named v-NAME, and such names end after 15 characters.
        _check_name(name, r"[a-z][a-z0-9-]{0,11}", "host")
    if len(set(names)) != len(names):
        raise ValueError("two hosts have the same name")
    return names


def _check_name(name, pattern, what):
    if not re.fullmatch(pattern, name) or name in RESERVED:
        raise ValueError(f"{what} name {name!r}: at most 12 lower-case letters and digits, a letter first, "
                         f"and none of {', '.join(sorted(RESERVED))}")


def _records():
    for name in state.fleet_names():
        try:
            text = (state.fleets_directory() / name / "fleet.json").read_text(encoding="utf-8")
            yield json.loads(text)
        except FileNotFoundError:
            continue


def _count_hosts():
    return sum(len(record["hosts"]) for record in _records())


def _free_range():
    taken = {record["range"] for record in _records()}
    for number in range(FLEETS_MAX):
        if number not in taken:
            return number
    raise RuntimeError("too many fleets on this machine")


def _unmount_beneath(directory):
    """Every mount below the directory, the deepest first. Nothing may stay mounted when it is deleted."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        places = [line.split()[4] for line in mounts]
    for place in sorted(places, key=len, reverse=True):
        if pathlib.PurePath(directory) in pathlib.PurePath(place).parents:
            commands.run(["umount", place])
