"""Can this machine boot test hosts? Asked by trying the same calls, not by guessing from versions."""

import os
import shutil
import tempfile

from . import cgroups, commands, processes, state

EXIT_STATUS = 77  # "this suite cannot run here", as script/test understands it

COMMANDS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "journalctl": "systemd",
    "tar": "tar",
}

# Run in namespaces of its own, so that a failed trial leaves nothing behind.
TRIALS = {
    "overlay file systems on {directory}":
        'mkdir "$1/low" "$1/up" "$1/work" "$1/root" && mount -t overlay trial '
        '-o "lowerdir=$1/low,upperdir=$1/up,workdir=$1/work" "$1/root"',
    "network bridges and veth pairs":
        "ip link add trial0 type bridge && ip link add trial1 type veth peer name trial2 &&"
        " ip link set trial1 master trial0",
    "packet filters on bridges (nftables, family bridge)":
        "nft add table bridge trial && "
        "nft 'add chain bridge trial c { type filter hook forward priority 0; }'",
}


class CannotRun(Exception):
    """The machine cannot boot test hosts; `missing` says what is missing, one line per thing."""

    def __init__(self, missing):
        self.missing = missing
        super().__init__("this machine cannot boot test hosts; missing: " + "; ".join(missing))


def require_root():
    if os.geteuid() != 0:
        raise CannotRun(["root (network namespaces, mounts and cgroups are made): run it with sudo"])


def require():
    require_root()
    missing = find_missing()
    if missing:
        raise CannotRun(missing)


def find_missing():
    missing = [f"command {command} (Debian package {package}; script/bootstrap installs it)"
               for command, package in COMMANDS.items() if not shutil.which(command)]
    if missing:
        return missing
    missing += cgroups.find_missing()
    _remove_trials_of_the_dead()
    for what, script in TRIALS.items():
        missing += _try(what, script)
    return missing


def _try(what, script):
    state.directory().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"trial-{os.getpid()}-", dir=state.directory()) as place:
        try:
            commands.run(["unshare", "--mount", "--net", "--propagation", "private",
                          "sh", "-c", script, "sh", place], timeout=20)
        except commands.CommandFailed as failed:
            reason = (failed.stderr.strip().splitlines() or ["the trial failed without a message"])[-1]
            return [f"{what.format(directory=state.directory())}: {reason}"]
    return []


def _remove_trials_of_the_dead():
    """A run that was killed in the middle of a trial left its directory, named after its number."""
    for place in state.directory().glob("trial-*-*"):
        if processes.start_time(place.name.split("-")[1]) is None:
            shutil.rmtree(place, ignore_errors=True)
