#!/usr/bin/python3
"""examples/mcp-servers as it stands there, on real hosts: both servers run with what was rendered for production once
somebody has approved that with a code, as its environment file asks; the registered checks pass, and a version that is
not healthy goes back before anybody sees it."""

import hashlib
import json
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
from authenticator import Authenticator  # noqa: E402
from scenario import Scenario, main  # noqa: E402

EXAMPLE = product.ROOT / "examples/mcp-servers"
MANIFEST = "deploy/deployments/mcp-production-deployment.yaml"
SECRETS = {"DB_PASSWORD": "scans-Wq7xZ", "API_KEY": "key-Lm4vTz", "BRAVE_API_KEY": "brave-Hb2pRk"}
PORTS = {"brave-search": 8000, "security-scanner": 8010}
GIGABYTES = 1 << 30
REFUSED = 6


class McpServers(Scenario):
    fleet_name = "mcp"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.example = cls.product.provide(EXAMPLE)
        for name, value in SECRETS.items():
            cls.product.coordinator.run(["switchyard", "secrets", "set", name, "--environment", "production"],
                                        input=value)
        cls.app = Authenticator(cls.product.ask("totp", "enrol")["uri"])

    def switchyard(self, *words, example=None, **variables):
        """The command line on the coordinator's host, with variables of its caller; what it prints."""
        return self.product.coordinator.run(
            ["env", *(f"{name}={value}" for name, value in variables.items()), "switchyard", *words,
             "--config-dir", f"{example or self.example}/deploy/config"])

    def propose(self, example=None, **variables):
        """Starts a deployment of the example: production says `require_mfa`, so it waits."""
        manifest = f"{example or self.example}/{MANIFEST}"
        identity = self.switchyard("deploy", "start", manifest, "--detach", example=example, **variables).split()[0]
        self.assertEqual(self.product.deployment(identity)["state"], "draft")
        return identity

    def approve(self, identity):
        """With a code of the app, and on to the deployment's end, whichever that is."""
        ended = self.product.run("approvals", "approve", identity, "--totp", self.app.code())
        self.assertEqual(ended.status, product.DONE, ended)
        return self.product.wait_for_end(identity)

    def deploy(self, example=None, **variables):
        return self.approve(self.propose(example, **variables))

    def answer(self, host, server, path, *options):
        return self.fleet.run_outside(["curl", "-sSf", "--max-time", "5", *options,
                                       f"http://{host.address}:{PORTS[server]}{path}"])

    def settings(self, host, server):
        return json.loads(self.answer(host, server, "/settings"))["settings"]

    def serving(self):
        return {(host.name, server): json.loads(self.answer(host, server, "/settings"))["release"]
                for host in self.product.hosts for server in PORTS}

    def call(self, host, server, tool, arguments):
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        result = json.loads(self.answer(host, server, "/mcp", "--data", json.dumps(body)))["result"]
        self.assertFalse(result.get("isError", False), result)
        return json.loads(result["content"][0]["text"])

    def unit_of(self, host, server):
        units = host.run(["systemctl", "list-units", "--no-legend", "--plain", "--state=active", f"{server}@*"])
        self.assertEqual(len(units.splitlines()), 1, units)
        return units.split()[0]

    def test_1_both_servers_run_with_what_was_rendered_for_production(self):
        self.switchyard("config", "validate")
        shown = self.switchyard("config", "show", "brave-search", "production")
        self.assertIn("<secret BRAVE_API_KEY>", shown)
        plan = self.switchyard("plan", f"{self.example}/{MANIFEST}", DB_HOST="db.internal")
        self.assertIn("Approvals: 1 by ", plan)
        self.assertIn("`require_mfa`", plan)
        identity = self.propose(DB_HOST="db.internal")
        without = self.product.run("approvals", "approve", identity)
        self.assertEqual(without.status, REFUSED, without)
        self.assertIn("--totp", without.stderr)
        self.assertEqual(self.product.deployment(identity)["state"], "draft")
        deployment = self.approve(identity)
        self.assertEqual(deployment["state"], "done", deployment["reason"])

        for host in self.product.hosts:
            search, scanner = (self.settings(host, server) for server in PORTS)
            self.assertEqual((search["timeout_seconds"], search["retry_attempts"], search["timeout"]), (15, 3, "15"))
            self.assertEqual(search["api"], {"rate_limit_per_minute": 500})
            self.assertEqual((search["db_host"], search["log_level"]), ("db.internal", "INFO"))
            self.assertEqual(search["api_key"],
                             {"sha256": hashlib.sha256(SECRETS["BRAVE_API_KEY"].encode()).hexdigest()})
            self.assertEqual(scanner["scan"], {"depth": 3, "exclude": ["node_modules", ".git"]})
            self.assertTrue(scanner["report_name"].startswith("security-scanner-production-2"), scanner)
            self.assertEqual(scanner["database_url"],
                             {"length": len(f"postgresql://scanner:{SECRETS['DB_PASSWORD']}@db.internal/scans")})
            self.assertEqual(scanner["session_key"], {"length": 32})
            for server in PORTS:
                limits = host.run(["systemctl", "show", "-p", "MemoryMax", "-p", "CPUQuotaPerSecUSec",
                                   self.unit_of(host, server)])
                self.assertIn(f"MemoryMax={8 * GIGABYTES}", limits)
                self.assertIn("CPUQuotaPerSecUSec=4s", limits)

        host = self.product.hosts[0]
        self.assertIn("https://systemd.io/CREDENTIALS/", self.call(host, "brave-search", "search",
                                                                   {"query": "systemd secrets"})[0])
        report = self.call(host, "security-scanner", "scan", {"path": "/usr/bin"})
        self.assertIn({"path": "/usr/bin/su", "fault": "runs as its owner"}, report["findings"])

    def test_2_the_checks_that_it_brings_are_registered_and_pass(self):
        self.product.ask("health", "register", f"{self.example}/deploy/health-checks/standard-checks.yaml",
                         "--environment", "production")
        tagged = self.product.ask("health", "run", "--tags", "http,api", "--environment", "production")
        self.assertEqual(tagged["verdict"], "pass", tagged)
        self.assertEqual({(one["check"], one["host"]) for one in tagged["results"]},
                         {("http_health_api", "h1"), ("http_health_api", "h2")})
        every = self.product.ask("health", "run", "--all", "--environment", "production")
        self.assertEqual((every["verdict"], len(every["results"])), ("pass", 6), every)

    def test_3_a_version_that_is_not_healthy_goes_back(self):
        before = self.serving()
        broken = self.place / "mcp-servers-broken"
        shutil.copytree(EXAMPLE, broken)
        (broken / "servers/brave-search/share/pages.txt").write_text("", encoding="ascii")
        place = self.product.provide(broken)
        # The caller's limit in place of the minute that a check has otherwise.
        plan = self.switchyard("plan", f"{place}/{MANIFEST}", example=place, HEALTH_CHECK_TIMEOUT="6s",
                               DB_HOST="db.internal")
        self.assertIn("HEALTH_CHECK_TIMEOUT=6s", plan)
        clients = self.load(f"http://{self.product.hosts[1].address}:{PORTS['brave-search']}/health", rate=50)
        deployment = self.deploy(place, HEALTH_CHECK_TIMEOUT="6s", DB_HOST="db.internal")
        result = clients.stop()
        self.assertEqual(deployment["state"], "rolled_back", deployment["reason"])
        self.assertIn("http_health", deployment["reason"])
        self.assert_no_request_failed(result)
        self.assertEqual(self.serving(), before)


if __name__ == "__main__":
    main()
