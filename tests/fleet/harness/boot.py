"""Boots hosts side by side and waits until each says that it is up.

systemd in the host tells nspawn, and nspawn tells the datagram socket named in NOTIFY_SOCKET. That is
much cheaper than asking every host again and again while two processors are busy booting them.
"""

import contextlib
import os
import select
import socket
import time

TIMEOUT_SECONDS = 120


class BootFailed(Exception):
    """A host did not come up; the text ends with the last lines of its console."""


def boot(hosts, timeout=TIMEOUT_SECONDS):
    deadline = time.monotonic() + timeout + 2 * len(hosts)
    with contextlib.ExitStack() as stack:
        waiting = {}
        poller = select.poll()
        for host in hosts:
            # An abstract socket: no file to clean up, no limit on the length of our directory's name.
            name = f"switchyard-fleet-{host.machine}-{os.urandom(4).hex()}"
            heard = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            heard.bind("\0" + name)
            process_id = host.launch(notify_socket="@" + name)
            ended = os.pidfd_open(process_id)
            stack.callback(os.close, ended)
            waiting[heard.fileno()] = (host, heard)
            waiting[ended] = (host, None)
            poller.register(heard, select.POLLIN)
            poller.register(ended, select.POLLIN)
        ready = set()
        while len(ready) < len(hosts):
            left = deadline - time.monotonic()
            events = poller.poll(left * 1000) if left > 0 else []
            if not events:
                slow = [host for host in hosts if host not in ready]
                raise BootFailed("\n".join(_say(host, f"not up after {timeout} s") for host in slow))
            for number, _ in events:
                host, heard = waiting[number]
                if heard is None:
                    raise BootFailed(_say(host, "ended while it booted"))
                if b"READY=1" in heard.recv(4096).split(b"\n"):
                    ready.add(host)


def _say(host, what):
    tail = host.console().splitlines()[-15:]
    return "\n".join([f"host {host.name}: {what}; its console said:", *("  " + line for line in tail)])
