#!/usr/bin/python3
"""Behind haproxy: its servers are switched over the runtime API, and its configuration is never touched."""

import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sample  # noqa: E402
from scenario import Scenario, Watcher, main  # noqa: E402

CONFIGURATION = """
global
  stats socket /run/haproxy/admin.sock mode 600 level admin
  stats timeout 5s
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend visitors
  bind :80
  default_backend sample
backend sample
  server sample-blue 127.0.0.1:5002 disabled
  server sample-green 127.0.0.1:5003 disabled
"""

BEHIND = sample.Component(hosts=["h1"], ports={"stable": 80, "blue": 5002, "green": 5003}, extra="""\
traffic:
  kind: haproxy
  haproxy:
    socket: /run/haproxy/admin.sock
    backend: sample
    servers: {blue: sample-blue, green: sample-green}
""")


class BehindHaproxy(Scenario):
    fleet_name = "haproxy"
    host_names = ("h1",)

    @classmethod
    def prepare_hosts(cls):
        h1 = cls.fleet["h1"]
        h1.run(["install", "-D", "/dev/stdin", "/etc/haproxy/haproxy.cfg"], input=CONFIGURATION)
        h1.run(["systemctl", "enable", "--now", "--quiet", "haproxy"])

    def test_1_no_request_is_lost_from_release_to_release_and_back(self):
        h1 = self.fleet["h1"]
        versions = [self.next_version() for _ in range(3)]
        self.product.deploy(self.release(versions[0], [BEHIND]))
        self.assert_all_serve(versions[0], [BEHIND])
        clients = self.load(f"http://{h1.address}")
        for version in versions[1:]:
            deployment = self.product.deploy(self.release(version, [BEHIND]))
            self.assert_all_serve(version, [BEHIND])
        self.product.roll_back(deployment["id"])
        time.sleep(0.5)
        result = clients.stop()
        self.assert_no_request_failed(result)
        self.assertEqual(set(result["served_by"]), {f"sample/{version}" for version in versions})
        self.assertEqual(self.version_at(h1, 80), versions[1])

    def test_2_a_restarted_haproxy_serves_what_was_committed(self):
        h1 = self.fleet["h1"]
        version = self.next_version()
        self.product.deploy(self.release(version, [BEHIND]))
        h1.run(["systemctl", "restart", "haproxy"])
        with Watcher(self, [h1], 80) as watcher:
            watcher.wait_for(version, 5)
        h1.reboot()
        with Watcher(self, [h1], 80) as watcher:
            watcher.wait_for(version, 20)
        self.assert_all_serve(version, [BEHIND])


if __name__ == "__main__":
    main()
