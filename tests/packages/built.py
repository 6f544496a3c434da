"""The built packages: found (or built first), unpacked, and read."""

import gzip
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("switchyard-agent", "switchyard-coordinator")
COMMANDS = {"dpkg-deb": "dpkg", "cpack": "cmake", "readelf": "binutils", "man": "man-db",
            "systemd-analyze": "systemd", "systemd-sysusers": "systemd", "lintian": "lintian"}
CANNOT_RUN = 77


def run(argv, *, check=True, timeout=120, **options):
    """The ended process; its text in stdout, and its errors as well."""
    ended = subprocess.run([str(word) for word in argv], timeout=timeout, text=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if check and ended.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))} ended with status {ended.returncode}:\n{ended.stdout}")
    return ended


def missing_commands(names):
    return [f"command {name} (Debian package {COMMANDS[name]})" for name in names if not shutil.which(name)]


class Package:
    """One .deb, with its control fields, and its files unpacked below `tree`."""

    def __init__(self, path, place):
        self.path = pathlib.Path(path)
        self.control = pathlib.Path(place, "DEBIAN")
        self.tree = pathlib.Path(place)
        run(["dpkg-deb", "--raw-extract", self.path, place])
        self.name = self.field("Package")

    def field(self, name):
        return run(["dpkg-deb", "--field", self.path, name]).stdout.strip()

    def entries(self):
        """(mode, owner, path) of everything in it, as dpkg will make it."""
        for line in run(["dpkg-deb", "--contents", self.path]).stdout.splitlines():
            mode, owner, _size, _date, _time, path = line.split(maxsplit=5)
            yield mode, owner, path.removeprefix(".").split(" -> ")[0]

    def files(self):
        return sorted(path for mode, _, path in self.entries() if not mode.startswith("d"))

    def conffiles(self):
        return (self.control / "conffiles").read_text(encoding="utf-8").split()

    def dependencies(self, field="Depends"):
        """The names that the field holds; of alternatives all."""
        return {choice.split()[0] for group in self.field(field).split(",") for choice in group.split("|")}

    def document(self, name):
        return gzip.decompress((self.tree / f"usr/share/doc/{self.name}/{name}").read_bytes()).decode()


def paths():
    """The packages' paths by name. $SWITCHYARD_PACKAGES names a directory that holds them; without it they are built."""
    given = os.environ.get("SWITCHYARD_PACKAGES")
    if given:
        found = sorted(pathlib.Path(given).glob("*.deb"))
    else:
        ended = subprocess.run([ROOT / "script/package", "--paths"], check=True, timeout=3600,
                               stdout=subprocess.PIPE, text=True)
        found = [pathlib.Path(line) for line in ended.stdout.split()]
    by_name = {path.name.split("_")[0]: path for path in found}
    missing = set(NAMES) - set(by_name)
    if missing:
        raise AssertionError(f"not built: {', '.join(sorted(missing))}")
    return by_name


def with_version(path, version, place):
    """The same package under a later version number: what an upgrade installs."""
    tree = pathlib.Path(place, f"{path.name}-{version}")
    run(["dpkg-deb", "--raw-extract", path, tree])
    control = tree / "DEBIAN/control"
    lines = [f"Version: {version}" if line.startswith("Version:") else line
             for line in control.read_text(encoding="utf-8").splitlines()]
    control.write_text("\n".join(lines) + "\n", encoding="utf-8")
    built = pathlib.Path(place, f"{path.name.split('_')[0]}_{version}.deb")
    run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, built])
    shutil.rmtree(tree)
    return built
