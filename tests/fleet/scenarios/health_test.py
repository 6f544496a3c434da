#!/usr/bin/python3
"""Health checks on real hosts: a program of the release that speaks JSON, a smoke suite, a test that fails and holds the
release back before anybody sees it; and registered checks, which are run when somebody asks."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

STOCK = """#!/usr/bin/perl
use strict;
use warnings;
my $question = join '', <STDIN>;
my ($least) = $question =~ /"least":(\\d+)/ or die 'no "least" in ' . $question;
open my $file, '<', $ARGV[0] or die "no stock: $!";
my $count = <$file> + 0;
my $status = $count >= $least ? 'healthy' : 'unhealthy';
print qq({"status": "$status", "message": "$count in stock as user $<", "details": {"count": $count}}\\n);
"""

CHECKS = """\
health_checks:
  - quick
  - name: stock
    type: custom
    tier: 2
    config:
      command: ["${release_dir}/checks/stock", "${release_dir}/STOCK"]
      parameters: {least: 10}
  - name: core
    type: smoke
    config:
      requests:
        - {name: version, url: "http://127.0.0.1:${port}/version", capture: {release: release}}
        - {name: page, url: "http://127.0.0.1:${port}/", expected_body: "this is @{release}"}
        - {name: absent, url: "http://127.0.0.1:${port}/", expected_status: 404, critical: false}
"""

REGISTERED = """\
health_checks:
  - name: answers
    type: http
    tags: [core]
    config: {url: "http://localhost:8080/health", expected_body: healthy}
  - name: room
    type: resources
    critical: false
    config: {min_free_memory_mb: 100000000}
  - name: who
    type: custom
    component: sample
    hosts: [h1]
    config: {command: [/usr/local/bin/who-am-i]}
"""

WHO = """#!/bin/sh
cat >/dev/null
echo "{\\"status\\": \\"healthy\\", \\"message\\": \\"$(id -un) on $(hostname)\\"}"
"""


class Health(Scenario):
    fleet_name = "health"

    def setUp(self):
        self.sample = sample.Component(extra="")
        # In place of the sample's own list.
        self.sample.manifest = lambda: sample.Component.manifest(self.sample).replace(
            "    health_checks: [quick]\n", "".join("    " + line + "\n" for line in CHECKS.splitlines()))

    def release_with(self, version, stock):
        directory = sample.write_release(self.place, version, [self.sample])
        self.releases[version] = directory
        checks = directory / "sample/checks"
        checks.mkdir()
        (checks / "stock").write_text(STOCK, encoding="ascii")
        (checks / "stock").chmod(0o755)
        (directory / "sample/STOCK").write_text(f"{stock}\n", encoding="ascii")
        return self.product.provide(directory) + "/deploy.yaml"

    def texts_of(self, deployment, step):
        return [entry["text"] + " " + str(entry) for entry in self.product.timeline(deployment["id"])
                if step in entry["text"]]

    def test_a_test_that_fails_holds_the_release_back_before_anybody_sees_it(self):
        good = self.next_version()
        self.product.deploy(self.release_with(good, 12))
        self.assert_all_serve(good, [self.sample])

        clients = self.load(f"http://{self.fleet['h2'].address}:8080")
        bad = self.next_version()
        deployment = self.product.deploy(self.release_with(bad, 3), expected=product.ROLLED_BACK)
        result = clients.stop()
        self.assertIn("stock", deployment["reason"])
        self.assertIn("3 in stock as user 65534", deployment["reason"])
        self.assertEqual((deployment["checks"], deployment["check_tiers"][2]["state"]), ("failed", "failed"))
        self.assertEqual(self.triggers_of(deployment), {"critical_test"})
        self.assert_no_request_failed(result)
        self.assertEqual(set(result["served_by"]), {f"sample/{good}"})
        self.assert_all_serve(good, [self.sample])

        # Who wants it without tests gets it.
        untested = self.product.deploy(self.release_with(self.next_version(), 3), "--run-tests", "smoke")
        self.assertEqual(untested["checks"], "passed")
        self.assertEqual([tier["state"] for tier in untested["check_tiers"]], ["passed", "passed", "not_asked"])

    def test_what_made_it_go_back_is_named(self):
        ways = {
            "smoke_tests": "health_checks: [{name: core, type: smoke, config: {requests: ["
                           "{name: one, url: \"http://127.0.0.1:${port}/\", critical: false}, "
                           "{name: two, url: \"http://127.0.0.1:${port}/\", expected_status: 418, critical: false}, "
                           "{name: three, url: \"http://127.0.0.1:${port}/\", expected_status: 418, critical: false}]}}]",
            "external_services": "health_checks: [{name: bank, type: smoke, config: {external: true, requests: ["
                                 "{name: bank, url: \"http://127.0.0.1:9/\"}]}}]",
            "migration": "run: [{name: schema, migration: true, command: [/bin/false]}]",
        }
        first = self.next_version()
        self.product.deploy(self.release(first, [sample.Component()]))
        for trigger, text in ways.items():
            component = sample.Component(extra=text + "\n")
            if text.startswith("health_checks"):
                component.manifest = lambda one=component: sample.Component.manifest(one).replace(
                    "    health_checks: [quick]\n", "")
            ended = self.product.deploy(self.release(self.next_version(), [component]), expected=product.ROLLED_BACK)
            self.assertEqual(self.triggers_of(ended), {trigger}, ended["errors"])
            self.assert_all_serve(first, [component])

    @staticmethod
    def triggers_of(deployment):
        return {error["trigger"] for error in deployment["errors"] if error["trigger"]}

    def test_registered_checks_are_run_where_they_belong_and_judged(self):
        version = self.next_version()
        self.product.deploy(self.release_with(version, 12))
        coordinator, h1 = self.product.coordinator, self.fleet["h1"]
        coordinator.run(["tee", "/root/checks.yaml"], input=REGISTERED)
        h1.run(["tee", "/usr/local/bin/who-am-i"], input=WHO)
        h1.run(["chmod", "0755", "/usr/local/bin/who-am-i"])
        self.product.ask("health", "register", "/root/checks.yaml", "--environment", "production")
        self.assertEqual([check["name"] for check in self.product.ask("health", "list")["checks"]],
                         ["answers", "room", "who"])

        verdict = self.product.ask("health", "run", "--all", "--environment", "production")
        self.assertEqual(verdict["verdict"], "pass", verdict)
        seen = {(one["check"], one["host"]): one for one in verdict["results"]}
        self.assertEqual(set(seen), {("answers", "h1"), ("answers", "h2"), ("room", "h1"), ("room", "h2"),
                                     ("who", "h1")})
        self.assertEqual(seen["who", "h1"]["detail"], "nobody on h1")
        self.assertEqual(seen["room", "h1"]["state"], "failed")

        # Unhealthy by its own word, on one host: exit status 3, and the host is named.
        h1.run(["tee", "/run/ill-release"], input=version + "\n")
        self.addCleanup(h1.run, ["rm", "-f", "/run/ill-release"])
        cached = self.product.ask("health", "run", "answers", "--environment", "production", "--cached", "600")
        self.assertEqual(cached["verdict"], "pass")
        ended = self.product.run("health", "run", "--tags", "core", "--environment", "production")
        self.assertEqual(ended.status, 3, ended)
        self.assertIn("answers on h1", ended.stderr)
        h1.run(["rm", "-f", "/run/ill-release"])

        # Of a host that is away nothing is known: exit status 4.
        h2 = self.fleet["h2"]
        h2.run(["systemctl", "stop", "switchyard-agent"])
        self.addCleanup(h2.run, ["systemctl", "start", "switchyard-agent"])
        self.product.wait_until_lost([h2])
        ended = self.product.run("health", "run", "answers", "--environment", "production")
        self.assertEqual(ended.status, 4, ended)
        self.assertIn("not connected", ended.stdout)
        h2.run(["systemctl", "start", "switchyard-agent"])
        self.product.wait_until_connected([h2])


if __name__ == "__main__":
    main()
