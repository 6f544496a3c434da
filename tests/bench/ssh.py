"""sshd of our own on loopback, for many hosts that are all this machine, and ssh at its best: one connection to each that
stands before anything is measured (ControlMaster), keys, no name look-ups, an empty home without shell profiles."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import local

SSHD = "/usr/sbin/sshd"
WARMING = 16
START_SECONDS = 10

SSHD_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {place}/host_key
AuthorizedKeysFile {place}/key.pub
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
UsePAM no
UseDNS no
MaxStartups 2000:30:4000
MaxSessions 1000
PidFile none
LogLevel ERROR
SetEnv HOME={place}/home
Subsystem sftp internal-sftp
"""

SSH_CONFIG = """\
Host *
  HostName 127.0.0.1
  User root
  IdentityFile {place}/key
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  GSSAPIAuthentication no
  ControlMaster auto
  ControlPersist 600
  ControlPath {place}/cm/%n
"""


def installed():
    return pathlib.Path(SSHD).exists() and shutil.which("ssh") and shutil.which("xargs")


def version():
    return subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr.strip()


class Server:
    """sshd, and the clients' configuration, as long as the block lasts. The hosts are called s1, s2, ...

    With `mount_point` every host has an sshd, and in it a directory of its own at that path: its part of a file system.
    """

    def __init__(self, count, mount_point=None):
        self.hosts = [f"s{number}" for number in range(1, count + 1)]
        self._temporary = tempfile.TemporaryDirectory(prefix="switchyard-ssh-", dir="/var/tmp")
        self.place = pathlib.Path(self._temporary.name)
        self.config = self.place / "ssh_config"
        self._mount_point = mount_point
        servers = count if mount_point else 1
        self._servers = [(f"s{number}" if mount_point else "*", local.free_port())
                         for number in range(1, servers + 1)]
        self._processes = []

    def __enter__(self):
        try:
            self._write_files()
            for host, port in self._servers:
                self._start(host, port)
            for process, (_, port) in zip(self._processes, self._servers):
                _wait_for(process, port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for path in (self.place / "cm").iterdir():
            subprocess.run(["ssh", "-F", self.config, "-O", "exit", path.name], capture_output=True, check=False)
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()
        self._temporary.cleanup()

    def _write_files(self):
        for name in ("cm", "home"):
            (self.place / name).mkdir(mode=0o700)
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        # Capistrano's library reads no other private key without more packages.
        for name in ("host_key", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", "", "-f", self.place / name],
                           check=True)
        ports = "".join(f"Host {host}\n  Port {port}\n" for host, port in self._servers)
        self.config.write_text(ports + SSH_CONFIG.format(place=self.place), encoding="ascii")
        (self.place / "hosts").write_text("".join(host + "\n" for host in self.hosts), encoding="ascii")

    def _start(self, host, port):
        config = self.place / f"sshd_config-{port}"
        config.write_text(SSHD_CONFIG.format(port=port, place=self.place), encoding="ascii")
        argv = [SSHD, "-D", "-f", config]
        if self._mount_point:
            own = self.place / "files" / host
            own.mkdir(parents=True)
            argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                    'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", own, self._mount_point, *argv]
        self._processes.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL))

    @property
    def ports(self):
        """Of a server for each host."""
        return dict(self._servers)

    def warm_up(self):
        """A standing connection to every host. A few at a time: a handshake is work."""
        self.run_everywhere("true", at_a_time=WARMING)

    def run_everywhere(self, command, at_a_time=None):
        """On all hosts at once; {} in the command is the host's name."""
        subprocess.run(["xargs", "-a", self.place / "hosts", "-P", str(at_a_time or len(self.hosts)), "-I{}",
                        "ssh", "-F", self.config, "{}", command],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _wait_for(process, port):
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until or process.poll() is not None:
                raise
            time.sleep(0.05)
