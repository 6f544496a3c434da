#!/usr/bin/python3
"""Who may do what, with the packages on real hosts: a job proposes, somebody else approves, and nobody slips past."""

import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from authenticator import Authenticator  # noqa: E402
from scenario import Scenario, main  # noqa: E402

RULES = """
environments:
  production: {approvals: 1, self_approval: with_totp}
"""
REFUSED = 6


class Approvals(Scenario):
    fleet_name = "approvals"

    def setUp(self):
        self.sample = sample.Component()
        coordinator = self.product.coordinator
        if "environments:\n  production" not in coordinator.run(["cat", "/etc/switchyard/coordinator.yaml"]):
            coordinator.run(["tee", "-a", "/etc/switchyard/coordinator.yaml"], input=RULES)
            coordinator.run(["systemctl", "restart", "switchyard-coordinator"])
            self.product.wait_for_coordinator()
            self.product.wait_until_connected(self.product.hosts)

    def token(self, name, role, kind="person", environment="production"):
        """A token's id, and the command line with it over HTTP, as a job has it that runs elsewhere."""
        made = self.product.ask("tokens", "create", "--name", name, "--role", role, "--kind", kind, "--environment",
                                environment)
        file = f"/root/{made['id']}.token"
        self.product.coordinator.run(["sh", "-c", f"umask 077; cat > {file}"], input=made["token"] + "\n")
        words = ("--url", "http://127.0.0.1:8765", "--token-file", file)
        return made["id"], lambda *more: self.product.run(*words, *more)

    def propose(self, job, version, *options):
        manifest = self.release(version, [self.sample])
        ended = job("deploy", "start", manifest, "--detach", *options)
        self.assertEqual(ended.status, 0, ended)
        return ended.stdout.split()[0]

    def approval(self, identity):
        return self.product.get(f"/v1/approvals/{identity}")

    def test_1_a_job_proposes_and_somebody_else_approves(self):
        _, job = self.token("build", "operator", kind="ci")
        _, ann = self.token("ann", "approver")
        version = self.next_version()
        identity = self.propose(job, version)
        self.assertEqual(self.product.deployment(identity)["state"], "draft")
        for word in ("resume", "promote"):
            self.assertEqual(job("deploy", word, identity, "--detach").status, REFUSED)
        self.assertEqual(job("approvals", "approve", identity).status, REFUSED)
        for host in self.product.hosts:
            self.assertIsNone(self.version_at(host))
        ended = ann("approvals", "approve", identity, "--plan", self.approval(identity)["plan_hash"], "--reason", "fine")
        self.assertEqual(ended.status, 0, ended)
        self.assertEqual(self.product.wait_for_end(identity)["state"], "done")
        self.assert_all_serve(version, [self.sample])

    def test_2_an_edited_manifest_is_another_plan_which_takes_the_place_of_the_one_before(self):
        _, job = self.token("build", "operator", kind="ci")
        _, ann = self.token("ann", "approver")
        seen = self.propose(job, self.next_version())
        version = self.next_version()
        edited = self.propose(job, version)
        hashes = [self.approval(identity)["plan_hash"] for identity in (seen, edited)]
        self.assertEqual(self.approval(seen)["state"], "voided")
        self.assertIn(f"superseded by {edited}", self.product.deployment(seen)["reason"])
        ended = ann("approvals", "approve", edited, "--plan", hashes[0])
        self.assertEqual(ended.status, REFUSED, ended)
        self.assertEqual(ann("approvals", "approve", edited, "--plan", hashes[1]).status, 0)
        self.assertEqual(self.product.wait_for_end(edited)["state"], "done")
        ended = ann("approvals", "approve", seen, "--plan", hashes[0])
        self.assertEqual(ended.status, REFUSED, ended)
        self.assert_all_serve(version, [self.sample])

    def test_3_the_author_approves_with_a_code_of_his_app_only(self):
        _, carl = self.token("carl", "admin")
        app = Authenticator(json.loads(carl("--json", "totp", "enrol").stdout)["uri"])
        version = self.next_version()
        identity = self.propose(carl, version)
        self.assertEqual(carl("approvals", "approve", identity).status, REFUSED)
        self.assertEqual(carl("approvals", "approve", identity, "--totp", "000000").status, REFUSED)
        ended = carl("approvals", "approve", identity, "--totp", app.code())
        self.assertEqual(ended.status, 0, ended)
        self.assertEqual(self.product.wait_for_end(identity)["state"], "done")
        self.assert_all_serve(version, [self.sample])

    def test_4_neither_another_name_nor_a_revoked_token_gets_past(self):
        identity, job = self.token("build", "operator", kind="ci", environment="*")
        manifest = self.release(self.next_version(), [self.sample])
        for verb in (("deploy", "start"), ("deploy", "start", "--dry-run")):
            ended = job(*verb, manifest, "--environment", "staging")
            self.assertEqual(ended.status, REFUSED, ended)
            self.assertIn("serves for `production`", ended.stderr)
        self.product.ask("tokens", "revoke", identity)
        self.assertNotEqual(job("deploy", "list").status, product.DONE)
        ended = self.product.run("audit", "verify")
        self.assertEqual(ended.status, 0, ended)
        rows = self.product.run("audit", "export").stdout.splitlines()
        self.assertIn(f"token-hash-{identity}", {json.loads(row)["user"] for row in rows})


if __name__ == "__main__":
    main()
