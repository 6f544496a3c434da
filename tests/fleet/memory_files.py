"""The files that a host has in memory alone, in every tmpfs and ramfs, as its processes see them: a service may have
mounts of its own that nobody else sees."""

import contextlib
import os
import pathlib
import re
import stat

IN_MEMORY = ("tmpfs", "ramfs")


def files_in_memory(host):
    """(path as the host names it, path as this machine reads it), each file once."""
    whole, parts = set(), set()
    for process in (host.leader(), *sorted(host.cgroup.process_ids())):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            for place, part, device in _mounts(process):
                # Of a part of what was seen as a whole, nothing is new.
                if device in whole or (device, part) in parts:
                    continue
                parts.add((device, part))
                if part == "/":
                    whole.add(device)
                yield from _files(pathlib.Path(f"/proc/{process}/root"), place, device)


def _mounts(process):
    """(mount point, part of the file system, device) in the process's mount namespace."""
    for line in pathlib.Path(f"/proc/{process}/mountinfo").read_text(encoding="utf-8").splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if right.split()[0] in IN_MEMORY:
            major, minor = fields[2].split(":")
            yield _plain(fields[4]), fields[3], os.makedev(int(major), int(minor))


def _plain(path):
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def _files(root, place, device):
    """Regular files of this mount, and of none that lies over it or in it."""
    top = f"{root}{place}"
    with contextlib.suppress(OSError):
        if os.lstat(top).st_dev != device:
            return
    for directory, names, files in os.walk(top):
        names[:] = [name for name in names if _is_on(device, directory, name)]
        for name in files:
            with contextlib.suppress(OSError):
                path = pathlib.Path(directory, name)
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and status.st_dev == device:
                    yield "/" + str(path.relative_to(root)), path


def _is_on(device, directory, name):
    with contextlib.suppress(OSError):
        return os.lstat(os.path.join(directory, name)).st_dev == device
    return False
