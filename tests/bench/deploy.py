#!/usr/bin/python3
"""A release of twenty files on eight hosts: unpacked, `current` led to it, and health asked over HTTP; and back. Ours
beside what people use: a hand-written loop over ssh connections that stand, Capistrano, and Ansible, in turns, each at
its best documented settings.

    deploy.py [--json] [--rounds N] [--build DIRECTORY]

All hosts are this machine. The peers get an sshd and a directory for each host. Our hosts are eight agents in one
process, each with journal, sockets and releases of its own, and a dead-man process that is started for every swap; what
systemd would add is left out, since no peer restarts a service here either. Ours is the whole way: from the start of
the command line, with packing and uploading, to its end, with everything durable; no peer makes anything durable.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import local  # noqa: E402
import report  # noqa: E402
import ssh  # noqa: E402

HOSTS = 8
FILES = 20
ROUNDS = 5
PEER_SECONDS = 300
PROGRAMS = {"ansible-playbook": "ansible-core", "cap": "capistrano", ssh.SSHD: "openssh-server", "git": "git",
            "nginx": "nginx-light", "curl": "curl", "unshare": "util-linux"}

NGINX = """\
daemon off; pid {place}/nginx.pid; error_log {place}/nginx.err; worker_processes 1; events {{}}
http {{ access_log off; client_body_temp_path {place}/n1; proxy_temp_path {place}/n2; fastcgi_temp_path {place}/n3;
uwsgi_temp_path {place}/n4; scgi_temp_path {place}/n5;
server {{ listen 127.0.0.1:{port}; location /health {{ return 200 ok; }} }} }}
"""

MANIFEST = """\
metadata: {{name: static, environment: production, version: "{version}"}}
components:
  - name: static
    hosts: [{hosts}]
    artifact: {{directory: release}}
    service: {{command: [bin/serve]}}
    health_checks:
      - {{name: health, type: http, successes: 1, config: {{url: "http://127.0.0.1:{port}/health"}}}}
deployment_settings: {{watch_seconds: 0, keep_releases: 100}}
"""

PLAYBOOK_DEPLOY = """\
- hosts: all
  gather_facts: no
  tasks:
    - file: {{path: "{base}/releases/{{{{ release }}}}", state: directory}}
    - unarchive: {{src: "{place}/release.tgz", dest: "{base}/releases/{{{{ release }}}}"}}
    - command: sh -c 'ln -s {base}/releases/{{{{ release }}}} {base}/.next && mv -T {base}/.next {base}/current'
    - uri: {{url: "http://127.0.0.1:{port}/health"}}
"""

PLAYBOOK_BACK = """\
- hosts: all
  gather_facts: no
  tasks:
    - command: sh -c 'ln -s {base}/releases/{{{{ release }}}} {base}/.next && mv -T {base}/.next {base}/current'
    - uri: {{url: "http://127.0.0.1:{port}/health"}}
"""

ANSIBLE = """\
[defaults]
forks = {hosts}
host_key_checking = False
gathering = explicit
deprecation_warnings = False
local_tmp = {place}/ansible-local
remote_tmp = {base}/.ansible
[ssh_connection]
pipelining = True
ssh_args = -F {config}
control_path = {ssh}/cm/%%n
"""

DEPLOY_RB = """\
set :application, 'app'
set :repo_url, 'file://{place}/repository'
set :branch, 'main'
set :deploy_to, '{base}/cap'
set :keep_releases, 100
set :log_level, :error
set :format, :simpletext
set :ssh_options, {{ keys: ['{ssh}/key'], keys_only: true, user: 'root', verify_host_key: :never,
                    auth_methods: %w(publickey), config: false }}
namespace :deploy do
  task :health do
    on roles(:app) do
      execute :curl, '-fs', 'http://127.0.0.1:{port}/health'
    end
  end
  after :published, :health
  after :reverted, :health
end
"""

CAPFILE = """\
require "capistrano/setup"
require "capistrano/deploy"
require "capistrano/scm/git"
install_plugin Capistrano::SCM::Git
"""


def missing():
    return [f"{program} (Debian package {package}; script/bench installs it)"
            for program, package in PROGRAMS.items() if not shutil.which(program)]


def version_of(*words):
    out = subprocess.run(words, capture_output=True, text=True, check=False)
    return (out.stdout or out.stderr).strip().splitlines()[0]


def timed(what):
    began = time.monotonic()
    what()
    return time.monotonic() - began


def run(*argv, **options):
    ended = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=PEER_SECONDS, **options)
    if ended.returncode != 0:
        raise AssertionError(f"{argv}: status {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.stdout


class Ground:
    """What all share: a directory, the release, and the service whose health is asked."""

    def __init__(self, stack, place):
        self.place = place
        self.port = local.free_port()
        # Every host sees a directory of its own here.
        self.base = place / "host"
        self.base.mkdir()
        self.release = place / "release"
        (self.release / "bin").mkdir(parents=True)
        program = self.release / "bin/serve"
        program.write_text("#!/bin/true\n", encoding="ascii")
        program.chmod(0o755)
        for number in range(FILES - 2):
            (self.release / f"file-{number}").write_bytes(os.urandom(1350).hex().encode())
        self.change(0)
        (place / "nginx.conf").write_text(NGINX.format(place=place, port=self.port), encoding="ascii")
        nginx = subprocess.Popen(["nginx", "-c", place / "nginx.conf"], stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        stack.callback(lambda: (nginx.terminate(), nginx.wait()))

    def change(self, version):
        (self.release / "VERSION").write_text(f"{version}\n", encoding="ascii")


class Ours:
    name = "ours"

    def __init__(self, stack, ground, build, directory):
        self._ground = ground
        self._last = None
        self._coordinator = stack.enter_context(local.Coordinator(build, directory))
        agents = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-deploy-",
                                                                              dir=directory)))
        self._agents = agents
        stack.enter_context(local.members(self._coordinator, agents, HOSTS, dead_men=True))

    def deploy(self, version):
        manifest = self._ground.place / "deploy.yaml"
        hosts = [f"h{number}" for number in range(1, HOSTS + 1)]
        manifest.write_text(MANIFEST.format(version=version, hosts=", ".join(hosts), port=self._ground.port),
                            encoding="ascii")
        took = timed(lambda: self._coordinator.run("deploy", "start", manifest))
        self._last = self._coordinator.get("/v1/deployments")["deployments"][0]
        for host in hosts:
            served = (self._agents / host / "srv/static/current/VERSION").read_text(encoding="ascii")
            if served != f"{version}\n":
                raise AssertionError(f"{host} has {served!r} and not {version}")
        return took

    def roll_back(self):
        return timed(lambda: self._coordinator.run("rollback", "start", self._last["id"], "--reason", "a measurement"))


class SshLoop:
    name = "ssh_loop"

    def __init__(self, ground, server):
        self._ground, self._server = ground, server
        server.warm_up()

    def _switch(self, version):
        base = self._ground.base
        return (f"ln -s {base}/releases/{version} {base}/.next && mv -T {base}/.next {base}/current && "
                f"curl -fs http://127.0.0.1:{self._ground.port}/health")

    def deploy(self, version):
        base = self._ground.base
        archive = self._ground.place / "release.tgz"
        # The archive is made outside of the measurement: the loop's hosts need not wait for it.
        run("tar", "czf", archive, "-C", self._ground.release, ".")
        inside = f"mkdir -p {base}/releases/{version} && tar xz -C {base}/releases/{version} && {self._switch(version)}"
        loop = ["xargs", "-a", self._server.place / "hosts", "-P", str(HOSTS), "-I{}", "sh", "-c",
                'exec ssh -F "$1" "$2" "$3" < "$4"', "sh", self._server.config, "{}", inside, archive]
        return timed(lambda: run(*loop))

    def roll_back(self, version):
        return timed(lambda: self._server.run_everywhere(self._switch(version)))


class Ansible:
    name = "ansible"

    def __init__(self, ground, server):
        place = ground.place
        names = {"place": place, "base": ground.base, "port": ground.port, "hosts": HOSTS, "config": server.config,
                 "ssh": server.place}
        (place / "deploy.yml").write_text(PLAYBOOK_DEPLOY.format(**names), encoding="ascii")
        (place / "back.yml").write_text(PLAYBOOK_BACK.format(**names), encoding="ascii")
        (place / "ansible.cfg").write_text(ANSIBLE.format(**names), encoding="ascii")
        (place / "inventory").write_text(
            "[all]\n" + "".join(f"{host} ansible_python_interpreter=/usr/bin/python3\n" for host in server.hosts),
            encoding="ascii")
        self._place = place
        self._environment = {**os.environ, "ANSIBLE_CONFIG": str(place / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
                             "LC_ALL": "C.UTF-8"}

    def _play(self, book, version):
        run("ansible-playbook", "-i", self._place / "inventory", self._place / book, "-e", f"release=a{version}",
            env=self._environment)

    def deploy(self, version):
        return timed(lambda: self._play("deploy.yml", version))

    def roll_back(self, version):
        return timed(lambda: self._play("back.yml", version))


class Capistrano:
    name = "capistrano"

    def __init__(self, ground, server):
        place = ground.place
        self._ground = ground
        self._repository = place / "repository"
        run("git", "init", "-q", "-b", "main", self._repository)
        self._home = place / "capistrano"
        (self._home / "config/deploy").mkdir(parents=True)
        (self._home / "Capfile").write_text(CAPFILE, encoding="ascii")
        (self._home / "config/deploy.rb").write_text(
            DEPLOY_RB.format(place=place, base=ground.base, port=ground.port, ssh=server.place), encoding="ascii")
        (self._home / "config/deploy/production.rb").write_text(
            "".join(f"server '127.0.0.1:{port}', roles: %w{{app}}\n" for port in server.ports.values()),
            encoding="ascii")

    def _cap(self, task):
        run("cap", "production", task, cwd=self._home, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def deploy(self, version):
        shutil.copytree(self._ground.release, self._repository, dirs_exist_ok=True)
        run("git", "-C", self._repository, "add", "-A")
        run("git", "-C", self._repository, "-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-qm",
            f"version {version}")
        time.sleep(1)  # its releases are named after the second
        return timed(lambda: self._cap("deploy"))

    def roll_back(self):
        return timed(lambda: self._cap("deploy:rollback"))


def play(ours, volatile, loop, ansible, capistrano, ground, rounds):
    """name → [(deploy, rollback)] in seconds. The first round is for caches, and for something to go back to."""
    took = {}
    for version in range(rounds + 1):
        ground.change(version)
        seen = {"ssh_loop": [loop.deploy(version)], "ours": [ours.deploy(version)],
                "capistrano": [capistrano.deploy(version)], "volatile": [volatile.deploy(version)],
                "ansible": [ansible.deploy(version)]}
        if version == 0:
            continue
        seen["ssh_loop"].append(loop.roll_back(version - 1))
        seen["ours"].append(ours.roll_back())
        seen["capistrano"].append(capistrano.roll_back())
        seen["volatile"].append(volatile.roll_back())
        seen["ansible"].append(ansible.roll_back(version - 1))
        print(f"  round {version}: " + ", ".join(f"{name} {there:.2f} and {back:.2f} s"
                                                for name, (there, back) in seen.items()), file=sys.stderr)
        for name, times in seen.items():
            took.setdefault(name, []).append(times)
    return took


def judge(took, figures):
    def median(name, which):
        return statistics.median(times[which] for times in took[name])

    def ratio(peer, which, own="ours"):
        return round(statistics.median(theirs[which] / mine[which] for theirs, mine in zip(took[peer], took[own])), 2)

    for name in ("ours", "volatile"):
        suffix = "" if name == "ours" else "_without_fsync"
        figures.add(f"deploy_ms{suffix}", round(median(name, 0) * 1000), "ms")
        figures.add(f"rollback_ms{suffix}", round(median(name, 1) * 1000), "ms")
    for peer, goal in (("ssh_loop", ">= 2"), ("capistrano", ">= 30"), ("ansible", ">= 70")):
        figures.add(f"vs_{peer}", ratio(peer, 0), "ratio", goal=goal, against=f"{median(peer, 0):.2f} s")
    for peer, goal in (("capistrano", ">= 50"), ("ansible", None), ("ssh_loop", None)):
        figures.add(f"rollback_vs_{peer}", ratio(peer, 1), "ratio", goal=goal, against=f"{median(peer, 1):.2f} s")
    figures.add("rollback_vs_capistrano_without_fsync", ratio("capistrano", 1, "volatile"), "ratio")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--build", type=pathlib.Path, default=local.BUILD)
    options = parser.parse_args()
    if absent := missing():
        print("script/bench deploy: missing: " + "; ".join(absent), file=sys.stderr)
        return 1
    print(f"  against {ssh.version()}; {version_of('cap', '--version')}; "
          f"{version_of('ansible-playbook', '--version')}", file=sys.stderr)
    figures = report.Report("deploy")
    with contextlib.ExitStack() as stack:
        place = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-deploy-",
                                                                             dir="/var/tmp")))
        ground = Ground(stack, place)
        server = stack.enter_context(ssh.Server(HOSTS, mount_point=ground.base))
        took = play(Ours(stack, ground, options.build, "/var/tmp"), Ours(stack, ground, options.build, "/dev/shm"),
                    SshLoop(ground, server), Ansible(ground, server), Capistrano(ground, server), ground,
                    options.rounds)
    judge(took, figures)
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
