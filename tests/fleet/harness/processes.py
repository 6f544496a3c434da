"""Processes that outlive the run which started them: found again by number and start time."""

import os
import pathlib
import select
import time


def start_time(process_id):
    """Field 22 of /proc/PID/stat; with the number it names one process for as long as the machine is
    up. None if there is no such process, or only its zombie."""
    try:
        text = pathlib.Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def write_pid_file(path, process_id):
    path.write_text(f"{process_id} {start_time(process_id)}\n", encoding="ascii")


def read_pid_file(path):
    """The number of the process named in the file, if that very process still runs."""
    try:
        process_id, started = path.read_text(encoding="ascii").split()
    except (FileNotFoundError, ValueError):
        return None
    return int(process_id) if start_time(process_id) == started else None


def first_child(process_id):
    try:
        text = pathlib.Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(text.split()[0]) if text.split() else None


def wait_until_ended(process_id, timeout):
    """True once the process has ended (reaped or not), false if it has not within `timeout` seconds."""
    try:
        handle = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        return bool(poller.poll(max(0, timeout) * 1000))
    finally:
        os.close(handle)


def wait_until(condition, timeout, pause=0.02):
    """The first true value of condition(), or None after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            return None
        time.sleep(pause)
