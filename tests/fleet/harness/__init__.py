"""Test hosts on one machine: systemd-nspawn containers with a real systemd as their first process.

    from harness import Fleet

    with Fleet("swap", hosts=3) as fleet:
        h1 = fleet.hosts[0]
        print(h1.run(["systemctl", "is-system-running"]))

One noun per file: `base_image` (the root file system that all hosts share), `network` (addresses),
`cgroups`, `host`, `fleet`, `faults`, `requirements` (what the machine must be able to do).
"""

from .commands import CommandFailed
from .fleet import Fleet
from .host import Host
from .requirements import CannotRun

__all__ = ["CannotRun", "CommandFailed", "Fleet", "Host"]
