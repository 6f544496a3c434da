"""Where fleets keep their files, and the locks that let several runs share that place."""

import contextlib
import fcntl
import os
import pathlib

DEFAULT_DIRECTORY = "/var/tmp/switchyard-fleet"


def directory():
    """The state directory. Hosts are overlays, so it must lie on a file system that can hold an
    overlay's upper layer (not on another overlay)."""
    return pathlib.Path(os.environ.get("SWITCHYARD_FLEET_DIR", DEFAULT_DIRECTORY)).absolute()


def fleets_directory():
    return directory() / "fleets"


def fleet_names():
    """The fleets that have left something in the state directory, running or dead."""
    try:
        return sorted(entry.name for entry in fleets_directory().iterdir() if entry.is_dir())
    except FileNotFoundError:
        return []


class Busy(Exception):
    """Somebody else holds the lock."""


@contextlib.contextmanager
def locked(name, wait=True):
    """Holds the lock `name` of the state directory. The kernel drops it if the process dies."""
    locks = directory() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name, "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy(name) from None
        yield
