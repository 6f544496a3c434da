"""A small service to deploy where the guestbook would be more than the test is about: `serve` beside this file, in
versions that differ by what their files say."""

import pathlib
import shutil
import textwrap

import observer

HERE = pathlib.Path(__file__).resolve().parent
PORTS = {"stable": 8080, "blue": 5002, "green": 5003}

COMPONENT = """\
  - name: {name}
    hosts: [{hosts}]
    artifact: {{directory: {name}}}
    service: {{command: [bin/serve], user: www-data}}
    ports: {{{ports}}}
    health_checks: [quick]
"""

MANIFEST = """\
metadata: {{name: sample, environment: production, version: "{version}"}}
components:
{components}
health_checks:
  - name: quick
    type: http
    timeout_seconds: 2
    deadline_seconds: {deadline}
    config: {{url: "http://127.0.0.1:${{port}}/health"}}
deployment_settings:
{settings}
"""


class Component:
    """One component of the sample, on some hosts. `extra`: more lines of its part of the manifest."""

    def __init__(self, name="sample", hosts=("h1", "h2"), ports=None, extra=""):
        self.name, self.hosts, self.ports, self.extra = name, list(hosts), dict(ports or PORTS), extra

    def manifest(self):
        text = COMPONENT.format(name=self.name, hosts=", ".join(self.hosts),
                                ports=", ".join(f"{name}: {port}" for name, port in self.ports.items()))
        return text + textwrap.indent(textwrap.dedent(self.extra), "    ")

    def observed(self):
        return observer.Component(self.name, self.hosts, [f"{self.name}@blue.service", f"{self.name}@green.service"],
                                  self.ports["stable"], "/version")


def write_release(place, version, components, *, settings="watch_seconds: 1", unhealthy=None, slow=None,
                  flaps=False, tells=False, listen=None, deadline=6):
    """A directory with a manifest and one directory per component.

    unhealthy: names of hosts where it will not be healthy ([]: nowhere).  slow: component → seconds until it is.
    flaps: whether every other look at its health is a bad one.  tells: whether it prints its password and ends.  listen: the only address that it listens on."""
    directory = pathlib.Path(place, f"sample-{version}")
    for component in components:
        release = directory / component.name
        (release / "bin").mkdir(parents=True)
        shutil.copy(HERE / "serve", release / "bin/serve")
        (release / "VERSION").write_text(version + "\n", encoding="ascii")
        if unhealthy is not None:
            (release / "UNHEALTHY").write_text("".join(host + "\n" for host in unhealthy), encoding="ascii")
        if flaps:
            (release / "FLAPS").touch()
        if tells:
            (release / "TELLS").touch()
        if listen is not None:
            (release / "LISTEN").write_text(listen + "\n", encoding="ascii")
        if component.name in (slow or {}):
            (release / "SLOW").write_text(f"{slow[component.name]}\n", encoding="ascii")
    (directory / "deploy.yaml").write_text(MANIFEST.format(
        version=version, deadline=deadline, components="".join(each.manifest() for each in components),
        settings=textwrap.indent(textwrap.dedent(settings).strip(), "  ")), encoding="utf-8")
    return directory
