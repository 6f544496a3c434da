"""A slow and lossy line to one host, on kernels without netem: the host's wire moves to a bridge of its own, and a
process carries frames between the two bridges, late, and not all of them.

As a program (in the bridges' namespace): relay.py TAP TAP DELAY_MS LOSS_PERCENT.
"""

import collections
import contextlib
import fcntl
import os
import pathlib
import random
import select
import struct
import subprocess
import sys
import time

FRAME_BYTES_MAX = 65536
QUEUE_FRAMES_MAX = 10_000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
READY_SECONDS = 10


@contextlib.contextmanager
def slow_line(fleet, host, delay_ms, loss_percent):
    """Each way `delay_ms`, and every frame is lost with that probability."""
    from .network import BRIDGE, wire

    near, far, bridge = "tap-near", "tap-far", "br-slow"
    carrier = fleet.start_outside([sys.executable, pathlib.Path(__file__).resolve(), near, far, delay_ms, loss_percent],
                                  stdout=subprocess.PIPE, text=True)
    try:
        if not select.select([carrier.stdout], [], [], READY_SECONDS)[0] or carrier.stdout.readline() != "ready\n":
            raise RuntimeError("the relay did not start")
        for line in (f"link add {bridge} type bridge", f"link set {bridge} up",
                     f"link set {near} master {BRIDGE} up", f"link set {far} master {bridge} up",
                     f"link set {wire(host.name)} master {bridge}"):
            fleet.run_outside(["ip", *line.split()])
        yield
    finally:
        fleet.run_outside(["ip", "link", "set", wire(host.name), "master", BRIDGE], check=False)
        fleet.run_outside(["ip", "link", "delete", bridge], check=False)
        carrier.kill()
        carrier.wait(10)
        carrier.stdout.close()


def _open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def _carry(one, other, delay_ms, loss_percent):
    across = {one: other, other: one}
    waiting = collections.deque()
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for tap in select.select([one, other], [], [], pause)[0]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    frame = os.read(tap, FRAME_BYTES_MAX)
                    if random.random() * 100 >= loss_percent and len(waiting) < QUEUE_FRAMES_MAX:
                        waiting.append((time.monotonic() + delay_ms / 1000, across[tap], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, tap, frame = waiting.popleft()
            with contextlib.suppress(OSError):
                os.write(tap, frame)


def main():
    taps = [_open_tap(name) for name in sys.argv[1:3]]
    print("ready", flush=True)
    _carry(*taps, float(sys.argv[3]), float(sys.argv[4]))


if __name__ == "__main__":
    main()
