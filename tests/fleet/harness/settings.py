"""The one setting of the machine that fleets change: how many inotify instances a user may have.

Every systemd uses several, and all hosts count as the same user. The first fleet that needs more
writes down the value it found; the last fleet that goes puts it back.
"""

import pathlib

from . import state

SETTING = pathlib.Path("/proc/sys/fs/inotify/max_user_instances")
PER_HOST = 12
FOR_THE_MACHINE = 64
RAISED = 8192


def _value_before():
    return state.directory() / "inotify.before"


def prepare_for(host_count):
    """Call with the state directory's lock held."""
    now = int(SETTING.read_text(encoding="ascii"))
    if now >= FOR_THE_MACHINE + PER_HOST * host_count:
        return
    if not _value_before().exists():
        _value_before().write_text(str(now), encoding="ascii")
    SETTING.write_text(str(RAISED), encoding="ascii")


def restore():
    """Call with the state directory's lock held, when no fleet is left."""
    if _value_before().exists():
        SETTING.write_text(_value_before().read_text(encoding="ascii"), encoding="ascii")
        _value_before().unlink()
