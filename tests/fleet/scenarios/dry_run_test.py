#!/usr/bin/python3
"""--dry-run of every command that changes something: checked, said, and not done. What the coordinator stores and what
lies on the hosts is compared byte by byte."""

import hashlib
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

RULES = """
environments:
  guarded: {approvals: 1}
"""
CHECKS = """\
health_checks:
  - {name: front, type: tcp, hosts: [h1], config: {port: 8080}}
"""
CANARY = "strategy: canary\ncanary: {weights: [50], pause_seconds: 1, promote: manual}\n"
STATE = "var/lib/switchyard"
STORE = STATE + "/coordinator/coordinator.db"
ON_A_HOST = ["srv", "etc/systemd/system", STATE]
# A lease that is renewed is written down there, whoever asks for what.
JOURNAL = re.compile(r"/\.?journal[^/]*$")
# A host hears with the next ping of what was done before, and writes it beside the old one first (`.audit-head.X`).
LATE = re.compile(r"/\.?audit-head[^/]*$")
DONE, REFUSED = 0, 6


def rows_of_store(root, place):
    """The beginning of each row → its digest: the file itself changes when it is read."""
    copy = pathlib.Path(tempfile.mkdtemp(dir=place))
    for file in (root / STORE).parent.glob("coordinator.db*"):
        shutil.copy(file, copy)
    rows = sqlite3.connect(copy / "coordinator.db")
    try:
        # When hosts were last seen is written down from time to time, whoever asks for what, and each commit is counted.
        rows.execute("UPDATE host SET last_seen_wall_ms = 0")
        rows.execute("UPDATE lease SET commits = 0")
        return {f"c1 store {row[:240]}": hashlib.sha256(row.encode()).hexdigest() for row in rows.iterdump()}
    finally:
        rows.close()
        shutil.rmtree(copy)


def digest_of_file(file):
    if file.is_symlink():
        return str(file.readlink())
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "directory"


def files_below(root, folders):
    """Path → digest, except of the store."""
    found = {}
    for folder in folders:
        for file in sorted((root / folder).rglob("*")):
            path = "/" + str(file.relative_to(root))
            told = "/coordinator.db" not in path and not LATE.search(path)
            if told and not file.is_socket() and not file.is_fifo():
                found[path] = f"{file.lstat().st_mode:o} {digest_of_file(file)}"
    return found


class DryRun(Scenario):
    fleet_name = "dryrun"
    tried = set()

    def test_1_at_rest_nothing_changes(self):
        made = self.make_things()
        for words, expected in self.commands_at_rest(made):
            self.changes_nothing(words, expected)

    def test_2_in_the_middle_of_a_deployment_nothing_changes(self):
        component = sample.Component(hosts=["h1"], extra=CANARY)
        self.product.deploy(self.release(self.next_version(), [sample.Component(hosts=["h1"])]))
        identity = self.product.start(self.release(self.next_version(), [component]))
        self.product.wait_for_entry(identity, lambda entry: "when it is promoted" in entry["text"])
        for word in ("hold", "promote"):
            self.changes_nothing(["deploy", word, identity], DONE, journal=False)
        self.changes_nothing(["deploy", "cancel", identity, "--reason", "a test"], DONE, journal=False)
        self.assertEqual(self.product.run("deploy", "hold", identity).status, 0)
        self.product.wait_for_state(identity, "paused")
        self.changes_nothing(["deploy", "resume", identity], DONE, journal=False)
        self.changes_nothing(["deploy", "resolve", identity, "--host", "h1", "--gone", "--reason", "a test"], REFUSED,
                             journal=False)
        self.assertEqual(self.product.run("deploy", "resume", identity, "--detach").status, 0)
        self.product.wait_for_state(identity, "swapping")
        self.assertEqual(self.product.run("deploy", "promote", identity, "--detach").status, 0)
        self.assertEqual(self.product.wait_for_end(identity)["state"], "done", self.product.story(identity))

    def test_3_every_command_that_can_be_rehearsed_was(self):
        can = {words for words in self.leaves(()) if "--dry-run" in self.product.run(*words, "--help").stdout}
        self.assertEqual(can, self.tried)

    # What there is to change ------------------------------------------------------------------------

    def make_things(self):
        coordinator = self.product.coordinator
        coordinator.run(["tee", "-a", "/etc/switchyard/coordinator.yaml"], input=RULES)
        coordinator.run(["systemctl", "restart", "switchyard-coordinator"])
        self.product.wait_for_coordinator()
        self.product.wait_until_connected(self.product.hosts)
        coordinator.run(["tee", "/root/checks.yaml"], input=CHECKS)
        self.done("health", "register", "/root/checks.yaml", "--environment", "production")
        self.with_input("a secret", "secrets", "set", "PASSWORD", "--environment", "production")
        one = [sample.Component(hosts=["h1"])]
        self.product.deploy(self.release(self.next_version(), one))
        snapshot = self.product.create_snapshot()
        deployed = self.product.deploy(self.release(self.next_version(), one))
        # Its artifact is stored before: an upload is no part of the rehearsal.
        second = self.release(self.next_version(), one)
        self.done("plan", second)
        token = self.product.ask("tokens", "create", "--name", "build", "--role", "operator", "--kind", "ci",
                                 "--environment", "guarded")
        ann = self.product.ask("tokens", "create", "--name", "ann", "--role", "approver", "--environment", "guarded")
        self.with_input(ann["token"], "totp", "enrol", token=True)
        guarded = self.release(self.next_version(), [sample.Component(name="other", hosts=["h2"])])
        draft = self.with_input(token["token"], "deploy", "start", guarded, "--environment", "guarded", "--detach",
                                token=True).split()[0]
        return {"deployed": deployed["id"], "manifest": second, "token": token["id"], "draft": draft,
                "snapshot": snapshot}

    def commands_at_rest(self, made):
        reason = ["--reason", "a test"]
        production = ["--environment", "production"]
        return [
            (["deploy", "start", made["manifest"]], DONE),
            (["rollback", "start", made["deployed"], *reason], DONE),
            (["snapshot", "create", *production, *reason], DONE),
            (["snapshot", "restore", made["snapshot"], *reason], DONE),
            (["snapshot", "rm", made["snapshot"]], DONE),
            (["agents", "token", "create", "--host", "h9"], DONE),
            (["agents", "revoke", "h1"], DONE),
            (["hosts", "add", "h9"], DONE),
            (["hosts", "replace", "h1"], DONE),
            (["hosts", "remove", "h2"], None),
            (["approvals", "approve", made["draft"]], None),
            (["approvals", "reject", made["draft"], *reason], DONE),
            (["totp", "enrol"], None),
            (["totp", "reset", "ann"], DONE),
            (["tokens", "create", "--name", "bob", "--role", "viewer", *production], DONE),
            (["tokens", "revoke", made["token"]], DONE),
            (["secrets", "set", "PASSWORD", *production], DONE),
            (["secrets", "rm", "PASSWORD", *production], DONE),
            (["health", "register", "/root/checks.yaml", *production], DONE),
            (["health", "run", "front", *production], None),
            (["health", "remove", "front", *production], DONE),
            (["keys", "renew", *reason], DONE),
            (["recover", *reason], None),
        ]

    def done(self, *words):
        ended = self.product.run(*words)
        self.assertEqual(ended.status, 0, ended)

    def with_input(self, text, *words, token=False):
        """A command that reads from standard input; `token`: the text is the bearer's token instead."""
        if not token:
            return self.product.coordinator.run(["switchyard", *words], input=text)
        file = "/root/a.token"
        self.product.coordinator.run(["sh", "-c", f"umask 077; cat > {file}"], input=text + "\n")
        return self.product.coordinator.run(["switchyard", "--url", "http://127.0.0.1:8765", "--token-file", file, *words])

    # Looking ----------------------------------------------------------------------------------------

    def changes_nothing(self, words, expected, journal=True):
        """`expected`: exit status; None: refused or done, as it may be."""
        type(self).tried.add(self.verbs_of(words))
        before = self.everything(journal)
        command = ["switchyard", *words, "--dry-run"]
        ended = self.product.run(*words, "--dry-run") if words[:2] != ["secrets", "set"] else None
        if ended is None:
            self.product.coordinator.run(command, input="another value")
        else:
            self.assertIn(ended.status, (DONE, REFUSED) if expected is None else (expected,), f"{command}: {ended}")
        after = self.everything(journal)
        self.assertEqual({path: (before.get(path), after.get(path)) for path in before.keys() | after.keys()
                          if before.get(path) != after.get(path)}, {}, command)

    def everything(self, journal):
        root = pathlib.Path(f"/proc/{self.product.coordinator.leader()}/root")
        found = rows_of_store(root, self.place)
        found.update({f"c1 {path}": digest for path, digest in files_below(root, [STATE]).items()})
        for host in self.product.hosts:
            root = pathlib.Path(f"/proc/{host.leader()}/root")
            for path, digest in files_below(root, ON_A_HOST).items():
                if journal or not JOURNAL.search(path):
                    found[f"{host.name} {path}"] = digest
        return found

    @staticmethod
    def verbs_of(words):
        """The words before the first argument or option."""
        many = {"agents": 3 if words[1:2] == ["token"] else 2, "recover": 1}
        return tuple(words[:many.get(words[0], 2)])

    def leaves(self, words):
        text = self.product.run(*words, "--help").stdout
        _, _, listed = text.partition("Subcommands:\n")
        names = re.findall(r"^  ([a-z-]+)", listed.partition("\n\n")[0], re.MULTILINE)
        if not names:
            return {words}
        return set().union(*(self.leaves((*words, name)) for name in names))


if __name__ == "__main__":
    main()
