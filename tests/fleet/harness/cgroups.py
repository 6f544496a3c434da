"""One cgroup per host: the handle by which a host is killed, frozen and known to be gone.

Two kinds of machines exist. On most, one unified hierarchy is mounted on /sys/fs/cgroup. On others the
old controllers have a hierarchy each, with a unified one beside them; there a host needs its own
group in every hierarchy, because nspawn would otherwise share the caller's groups between hosts.
"""

import os
import pathlib
import time

TOP = "switchyard-fleet"
WANTED_CONTROLLERS = ("cpu", "io", "memory", "pids")


def hierarchies():
    """(mount points of the old controllers, mount point of the unified hierarchy or None)."""
    old, unified = [], None
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            kind, place = right.split()[0], pathlib.Path(left.split()[4])
            if kind == "cgroup":
                old.append(place)
            elif kind == "cgroup2" and unified is None:
                unified = place
    return old, unified


def find_missing():
    _, unified = hierarchies()
    if unified is None:
        return ["a mounted cgroup2 hierarchy (kernel 5.14 or newer)"]
    trial = unified / f"{TOP}-trial-{os.getpid()}"
    try:
        trial.mkdir()
    except OSError as error:
        return [f"a writable cgroup2 hierarchy: {error}"]
    try:
        absent = [name for name in ("cgroup.kill", "cgroup.freeze") if not (trial / name).exists()]
    finally:
        trial.rmdir()
    return [f"{name} in cgroup2 (kernel 5.14 or newer)" for name in absent]


class Cgroup:
    """The groups named `path` in all hierarchies, taken together as one thing."""

    def __init__(self, path):
        self.path = pathlib.PurePath(TOP) / path
        old, unified = hierarchies()
        self._old = [place / self.path for place in old]
        self.unified = unified / self.path

    def create(self):
        for group in self._old:
            group.mkdir(parents=True, exist_ok=True)
            _fill_cpuset(group)
        self.unified.mkdir(parents=True, exist_ok=True)
        _enable_controllers(self.unified)

    def entering(self, argv):
        """argv, wrapped so that the process moves itself into the groups before it becomes argv."""
        script = 'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
        return ["/bin/sh", "-c", script, "sh", *map(str, self._old), str(self.unified), "--", *argv]

    def kill(self):
        """Ends every process of the group at once, as a power cut would."""
        try:
            (self.unified / "cgroup.kill").write_text("1", encoding="ascii")
        except FileNotFoundError:
            pass  # Nothing was ever started here.

    def freeze(self, frozen):
        (self.unified / "cgroup.freeze").write_text("1" if frozen else "0", encoding="ascii")

    def is_frozen(self):
        try:
            return (self.unified / "cgroup.freeze").read_text(encoding="ascii").strip() == "1"
        except FileNotFoundError:
            return False

    def process_ids(self):
        found = set()
        for directory, _, _ in os.walk(self.unified):
            try:
                text = pathlib.Path(directory, "cgroup.procs").read_text(encoding="ascii")
            except OSError:
                continue  # The group went away while we looked.
            found.update(int(word) for word in text.split())
        return found

    def children(self):
        """Names of the groups directly below, in any hierarchy."""
        names = set()
        for group in [self.unified, *self._old]:
            if group.is_dir():
                names.update(entry.name for entry in group.iterdir() if entry.is_dir())
        return sorted(names)

    def release(self, process_id):
        """Moves a process out into the root groups. A zombie keeps its group busy until its parent
        has reaped it, and a parent that we do not control may take seconds for that."""
        for group in [self.unified, *self._old]:
            top = group
            while top.parent != top and (top.parent / "cgroup.procs").exists():
                top = top.parent
            try:
                (top / "cgroup.procs").write_text(str(process_id), encoding="ascii")
            except OSError:
                pass  # It has ended, or the kernel refuses: then removing waits a little longer.

    def remove(self, timeout=10):
        """Removes the groups and all below them; true if nothing is left."""
        deadline = time.monotonic() + timeout
        while True:
            left = [group for group in [self.unified, *self._old] if not _remove_tree(group)]
            if not left:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)


def _remove_tree(group):
    for directory, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            pass  # Still busy; the caller tries again.
    return not group.exists()


def _fill_cpuset(group):
    """A new group of the old cpuset controller is empty and accepts no process before it has both."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        chain = [directory for directory in [group, *group.parents] if (directory / name).exists()]
        for below, above in zip(reversed(chain[:-1]), reversed(chain[1:])):
            if not (below / name).read_text(encoding="ascii").strip():
                (below / name).write_text((above / name).read_text(encoding="ascii"), encoding="ascii")


def _enable_controllers(group):
    """Hands the controllers down to the parents' children, so that limits inside hosts have effect
    where the machine allows it. Not fatal: hosts boot without."""
    for directory in reversed(group.parents):
        try:
            offered = (directory / "cgroup.controllers").read_text(encoding="ascii").split()
            for name in WANTED_CONTROLLERS:
                if name in offered:
                    (directory / "cgroup.subtree_control").write_text(f"+{name}", encoding="ascii")
        except OSError:
            continue
