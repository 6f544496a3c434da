"""One test host: a directory tree, a cgroup, a network namespace, and nspawn with a systemd in it."""

import itertools
import os
import pathlib
import shutil
import subprocess
import uuid

from . import commands, faults, network, processes
from .boot import boot
from .cgroups import Cgroup

ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"]
STOP_SECONDS = 60


class Host:
    """Made by Fleet. Its methods may be called whether this process booted the host or another did."""

    _visits = itertools.count()

    def __init__(self, fleet, name, index):
        self.fleet, self.name, self.index = fleet, name, index
        self.address = fleet.network.address(index)
        self.directory = fleet.directory / "hosts" / name
        self.root = self.directory / "root"
        self.machine = f"sy-{fleet.name}-{name}"
        self.cgroup = Cgroup(f"{fleet.name}/{name}")

    # Coming up and going down ---------------------------------------------------------------------

    def prepare(self, base_root):
        """Makes the host's disk: an empty layer over the base, with an identity of its own."""
        for part in ("upper", "work", "root"):
            (self.directory / part).mkdir(parents=True, exist_ok=True)
        if not os.path.ismount(self.root):
            options = f"lowerdir={base_root},upperdir={self.directory}/upper,workdir={self.directory}/work"
            commands.run(["mount", "-t", "overlay", self.machine, "-o", options, self.root])
        (self.root / "etc/hostname").write_text(self.name + "\n", encoding="ascii")
        (self.root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n", encoding="ascii")

    def launch(self, notify_socket):
        """Starts nspawn and returns its process number; `boot` waits for the host to be up."""
        self.cgroup.create()
        self.cgroup.freeze(False)
        self.fleet.network.plug_in(self.name, self.index)
        namespace = network.namespace_file(self.fleet.network.host_namespace(self.name))
        nspawn = ["systemd-nspawn", "--quiet", "--settings=no", "--register=no", "--keep-unit", "--boot",
                  f"--machine={self.machine}", f"--hostname={self.name}", f"--directory={self.root}",
                  f"--network-namespace-path={namespace}", "--capability=CAP_NET_ADMIN",
                  "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                  "--console=read-only", "--notify-ready=yes", *self.fleet.nspawn_options]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8",
                       "NOTIFY_SOCKET": notify_socket,
                       # The payload sees one unified hierarchy, as Debian 12 does on real hardware.
                       "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                       "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}
        with open(self.directory / "console.log", "ab") as console:
            started = subprocess.Popen(self.cgroup.entering(nspawn), env=environment, cwd="/",
                                       stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                       start_new_session=True)
        self.fleet.adopt(started)
        processes.write_pid_file(self._pid_file, started.pid)
        return started.pid

    def start(self):
        """Boots the host and waits until it is up; its disk and address are those it had before."""
        if not self.is_running():
            boot([self])

    def stop(self):
        """A clean shutdown, as by the power button."""
        process_id = self._require_nspawn()
        os.kill(process_id, 15)
        self._wait_until_down(process_id, "shut down")

    def reboot(self):
        """`systemctl reboot` inside, and up again."""
        self.shut_down_for_reboot()
        self.start()

    def shut_down_for_reboot(self):
        process_id = self._require_nspawn()
        self.run(["systemctl", "--no-block", "reboot"])
        self._wait_until_down(process_id, "reboot")

    def power_cut(self):
        """The host falls silent and every process of it ends at once. What was written but not synced
        survives, because the page cache belongs to the machine: this tests sudden death, not the
        discipline of fsync, which is the simulation's part (docs/RELIABILITY.md)."""
        process_id = self._nspawn()
        self.fleet.network.unplug(self.name)
        self.cgroup.kill()
        if process_id:
            self._wait_until_down(process_id, "power cut")

    def freeze(self):
        """The host is alive and mute: its connections stay open and time out."""
        self.cgroup.freeze(True)

    def thaw(self):
        self.cgroup.freeze(False)

    def cut(self, direction="both", peer=None):
        """Cuts the network: direction "in", "out" or "both"; from everybody, or from one peer (a Host,
        a host's name or "gateway")."""
        faults.cut(self.fleet.network, self.name, direction, getattr(peer, "name", peer))

    def heal(self):
        others = [host.name for host in self.fleet.hosts if host is not self]
        faults.heal(self.fleet.network, self.name, others)

    # Looking and working inside -------------------------------------------------------------------

    def run(self, argv, *, timeout=60, check=True, input=None, stdin=None, binary=False):
        """Runs argv as root inside the host and returns its stdout. Whatever it started and left
        behind is ended when it is over; for a service use systemd-run."""
        entrance = self.inside(argv)
        visit = Cgroup(f"{self.fleet.name}/{self.name}/visit-{os.getpid()}-{next(self._visits)}")
        visit.unified.mkdir()
        try:
            return commands.run(["sh", "-c", 'echo 0 >"$1" && shift && exec "$@"', "sh",
                                 visit.unified / "cgroup.procs", *entrance],
                                timeout=timeout, check=check, input=input, stdin=stdin, binary=binary)
        except commands.CommandFailed as failed:
            raise commands.CommandFailed([f"on {self.name}:", *argv], failed.status, failed.stdout,
                                         failed.stderr) from None
        finally:
            visit.kill()
            visit.remove(timeout=1)

    def inside(self, argv):
        """argv, wrapped to run inside the host: for callers that want their own Popen."""
        return ["nsenter", f"--target={self.leader()}", "--all", "--", "env", "-i", *ENVIRONMENT, *argv]

    def copy_in(self, source, destination):
        """Copies a file, or what is in a directory, to `destination` inside the host."""
        source = pathlib.Path(source)
        if source.is_dir():
            archive = commands.run(["tar", "-C", source, "--owner=0", "--group=0", "-c", "."],
                                   timeout=300, binary=True)
            self.run(["mkdir", "-p", destination])
            self.run(["tar", "-C", destination, "-x"], input=archive, binary=True, timeout=300)
        else:
            mode = f"{source.stat().st_mode & 0o7777:o}"
            with open(source, "rb") as file:
                self.run(["install", "-D", "-m", mode, "/dev/stdin", destination], stdin=file, timeout=300)

    def copy_out(self, source):
        """The bytes of a file inside the host."""
        return self.run(["cat", source], binary=True, timeout=300)

    def install_deb(self, paths):
        """Installs packages from files of the machine. Their dependencies must be in the base."""
        inside = [f"/var/cache/fleet/{pathlib.Path(path).name}" for path in paths]
        for path, place in zip(paths, inside):
            self.copy_in(path, place)
        return self.run(["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install", *inside], timeout=300)

    def read_journal(self, unit=None, *, output="cat", boot=None, since=None):
        """The host's journal as text, whether the host is up or not. `boot` is -b's argument."""
        wanted = [*(["--unit", unit] if unit else []), *(["--boot", str(boot)] if boot is not None else []),
                  *(["--since", since] if since else [])]
        return commands.run(["journalctl", "--quiet", "--no-pager", f"--output={output}",
                             "--directory", self.root / "var/log/journal", *wanted], timeout=120)

    def console(self):
        try:
            return (self.directory / "console.log").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    # State ----------------------------------------------------------------------------------------

    def is_running(self):
        return self._nspawn() is not None

    def leader(self):
        """The number, as the machine counts, of the host's first process."""
        leader = processes.first_child(self._require_nspawn())
        if leader is None:
            raise RuntimeError(f"host {self.name} is going down")
        return leader

    def state(self):
        """"down", "frozen", or what its systemd says: "running", "degraded", "starting"…"""
        if not self.is_running():
            return "down"
        if self.cgroup.is_frozen():
            return "frozen"
        return self.run(["systemctl", "is-system-running"], check=False, timeout=10).strip() or "unknown"

    def remove(self):
        """Ends the host if it runs and takes away everything but its files."""
        process_id = self._nspawn()
        if process_id:
            self.cgroup.release(process_id)
            os.kill(process_id, 9)
        self.cgroup.kill()
        if process_id:
            processes.wait_until_ended(process_id, STOP_SECONDS)
        self._remove_litter()

    def _remove_litter(self):
        """What nspawn leaves in /run when it is killed: a lock named after the root directory's device
        and inode, and an empty directory named after the machine."""
        litter = pathlib.Path("/run/systemd/nspawn")
        if self.root.exists():
            root = self.root.stat()
            (litter / f"locks/inode-{root.st_dev}:{root.st_ino}").unlink(missing_ok=True)
        shutil.rmtree(litter / "propagate" / self.machine, ignore_errors=True)

    @property
    def _pid_file(self):
        return self.directory / "nspawn.pid"

    def _nspawn(self):
        return processes.read_pid_file(self._pid_file)

    def _require_nspawn(self):
        process_id = self._nspawn()
        if process_id is None:
            raise RuntimeError(f"host {self.name} is not running")
        return process_id

    def _wait_until_down(self, process_id, what):
        if not processes.wait_until_ended(process_id, STOP_SECONDS):
            raise RuntimeError(f"host {self.name}: {what} took longer than {STOP_SECONDS} s")
        # nspawn has ended; the kernel still needs a moment to take the last process from the cgroup.
        processes.wait_until(lambda: not self.cgroup.process_ids(), 10)
        self.fleet.network.unplug(self.name)
        self.fleet.reap()
