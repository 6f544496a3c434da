"""The root file system that all hosts share: Debian with what a deployed host needs, built once.

It is made from the machine's own package sources: debootstrap takes the mirror that apt names, and
the rest is installed by the machine's apt with its own settings, so mirrors, proxies, keys and
security updates are those of the machine, and our packages find the libraries they were built with.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil

from . import commands, state

RELEASE = "bookworm"

SYSTEM = ["systemd", "systemd-sysv", "dbus", "iproute2", "nftables", "procps", "iputils-ping", "curl", "adduser"]
SERVICES = ["nginx-light", "haproxy", "postgresql"]
# The run-time libraries of our packages and of the example, so that a host installs them offline.
LIBRARIES = ["libzmq5", "libsystemd0", "libssl3", "libzstd1", "libarchive13", "libsqlite3-0", "libcurl4",
             "libgit2-1.5", "libpqxx-6.4", "libpq5", "libyaml-cpp0.7", "libboost-filesystem1.74.0"]
# What our packages recommend: templates of configurations are rendered where the command line runs.
RECOMMENDED = ["python3-jinja2"]

# A host starts a service of the distribution only if its test asks for it.
DISABLED = ["nginx.service", "haproxy.service", "postgresql.service"]

# Consoles and housekeeping that a short-lived host does not need. systemd-logind stays: without it
# `systemctl reboot`, and a program that asks for a reboot over D-Bus, fail.
MASKED = [
    "getty@.service", "console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
    "logrotate.timer", "systemd-pstore.service", "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service", "systemd-tmpfiles-clean.timer", "dev-hugepages.mount",
    "systemd-hwdb-update.service", "systemd-journal-catalog-update.service", "ldconfig.service",
]

FILES = {
    # Tests compare clients' counts with the servers' logs: no line may be dropped, and all boots count.
    "etc/systemd/journald.conf.d/fleet.conf":
        "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSystemMaxUse=256M\nForwardToSyslog=no\n",
    # Debian's package would make a database cluster of its own; a host makes the one that it needs.
    "etc/postgresql-common/createcluster.conf": "create_main_cluster = false\n",
}

# Documentation would double the size; dropped only here, so that our own packages install all theirs.
LEAN = "".join(f"path-exclude=/usr/share/{name}/*\n" for name in ("man", "doc", "locale", "info"))

DEBOOTSTRAP_SECONDS = 900
INSTALL_SECONDS = 900


def ensure():
    """The directory of the base image; built first if it is not there. Runs that come at the same
    time wait for the one that builds."""
    with state.locked("base"):
        place = state.directory() / "base" / _key()
        if not (place / "complete").exists():
            _remove_others(place)
            _build(place)
        return place / "root"


def _key():
    recipe = [RELEASE, SYSTEM, SERVICES, LIBRARIES, RECOMMENDED, DISABLED, MASKED, FILES, LEAN, "recipe 1"]
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:16]


def _build(place):
    print("building the base image of the test hosts (once, about a minute)", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    root = place / "root"
    try:
        _unshared(["debootstrap", "--variant=minbase", RELEASE, root, _mirror()], DEBOOTSTRAP_SECONDS)
        _prepare(root)
        _install(root)
        _finish(root)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    (place / "complete").touch()


def _mirror():
    """The address from which this machine's apt gets the release."""
    listing = commands.run(["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(SITE)",
                            "Created-By: Packages"])
    for line in listing.splitlines():
        codename, component, site = line.split(maxsplit=2)
        if (codename, component) == (RELEASE, "main"):
            return site
    raise commands.CommandFailed(["apt-get", "indextargets"], 0, "",
                                 f"this machine's apt has no source for Debian {RELEASE}, component main")


def _prepare(root):
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "etc/dpkg/dpkg.cfg.d/lean").write_text(LEAN, encoding="utf-8")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)


def _install(root):
    """Lets the machine's apt install into the root. A stale package index is renewed once."""
    settings = root.parent / "apt.conf"
    settings.write_text(_apt_settings(root), encoding="utf-8")
    install = ["apt-get", "-c", settings, "-q", "-y", "--no-install-recommends", "install",
               *SYSTEM, *SERVICES, *LIBRARIES, *RECOMMENDED]
    upgrade = ["apt-get", "-c", settings, "-q", "-y", "--no-install-recommends", "dist-upgrade"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    script = 'mount -t proc proc "$1/proc"; shift; exec "$@"'
    for attempt in range(2):
        try:
            for command in (upgrade, install):
                _unshared(["sh", "-c", script, "sh", root, *command], INSTALL_SECONDS, environment)
            return
        except commands.CommandFailed:
            if attempt == 1:
                raise
            commands.run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update"], timeout=300)


def _apt_settings(root):
    # Hooks of the machine have no business in the root, hence the clearing.
    return f"""
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::State::extended_states "{root}/var/lib/apt/extended_states";
Dir::Cache "{root}/var/cache/apt";
Dir::Log "{root}/var/log/apt";
DPkg::Chroot-Directory "{root}";
DPkg::Options {{ "--force-unsafe-io"; "--force-confold"; }};
APT::Sandbox::User "root";
Acquire::Retries "3";
"""


def _finish(root):
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    commands.run(["systemctl", "--quiet", f"--root={root}", "disable", *DISABLED])
    commands.run(["systemctl", "--quiet", f"--root={root}", "set-default", "multi-user.target"])
    # Each host gets an identity of its own when it is made.
    (root / "etc/machine-id").write_text("", encoding="ascii")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").touch()
    journal = root / "var/log/journal"
    journal.mkdir(exist_ok=True)
    journal.chmod(0o2755)
    for name in ("etc/dpkg/dpkg.cfg.d/lean", "usr/sbin/policy-rc.d"):
        (root / name).unlink()
    shutil.rmtree(root / "var/cache/apt")
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)


def _unshared(argv, timeout, environment=None):
    """In mount and process namespaces of its own: whatever the build mounted or started goes with it,
    also when it is cut short."""
    commands.run(["unshare", "--mount-proc", "--propagation", "private", "--pid", "--fork",
                  "--kill-child", *argv], timeout=timeout, env=environment)


def _remove_others(place):
    """Older bases are of no use any more, except to fleets that stand on them right now."""
    with contextlib.suppress(FileNotFoundError):
        mounts = pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8")
        for other in place.parent.iterdir():
            if other != place and str(other) not in mounts:
                shutil.rmtree(other, ignore_errors=True)
