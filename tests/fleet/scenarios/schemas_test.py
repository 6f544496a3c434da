#!/usr/bin/python3
"""Schemas of real databases in snapshots: they are kept where they were read, nobody sees the password, a restore changes
none of them and says which is another by now, and a host that cannot read one makes no snapshot."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

PASSWORD = "canary:horse\\battery"
COPIES = "/var/lib/switchyard/agent/snapshots/sample"
REFUSED = 6

CHECK = """{name: orders, type: database, config: {user: shop, database: shop, credential: shop-db}}"""
SCHEMAS = "schemas_to_backup: [{check: orders, migrations: {table: schema_migrations}}]\n"

TABLES = """
CREATE TABLE schema_migrations (version text PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, buyer text);
INSERT INTO schema_migrations VALUES ('0001_orders');
INSERT INTO orders VALUES (1, 'a buyer whom no snapshot has');
"""
MIGRATION = """
ALTER TABLE orders ADD COLUMN paid boolean;
INSERT INTO schema_migrations VALUES ('0002_paid');
"""
AND_BACK = """
ALTER TABLE orders DROP COLUMN paid;
DELETE FROM schema_migrations WHERE version = '0002_paid';
"""


class Schemas(Scenario):
    fleet_name = "schemas"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in cls.host_names:
            host = cls.fleet[name]
            host.run(["install", "-d", "-m", "700", "/etc/switchyard/credentials"])
            host.run(["install", "-m", "600", "/dev/stdin", "/etc/switchyard/credentials/shop-db"],
                     input=PASSWORD + "\n")

    @classmethod
    def prepare_hosts(cls):
        """Each host has a database of its own, into which the service's user is let with a password."""
        for name in cls.host_names:
            host = cls.fleet[name]
            version = host.run(["ls", "/usr/lib/postgresql"]).split()[-1]
            host.run(["pg_createcluster", version, "main"])
            host.run(["systemctl", "start", f"postgresql@{version}-main"])
            cls.tell(host, f"CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'", database="postgres")
            cls.tell(host, "CREATE DATABASE shop OWNER shop", database="postgres")
            cls.tell(host, "SET ROLE shop;" + TABLES)

    @staticmethod
    def tell(host, statements, database="shop"):
        return host.run(["runuser", "-u", "postgres", "--", "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database],
                        input=statements)

    def setUp(self):
        self.sample = sample.Component(extra=SCHEMAS)
        self.sample.manifest = lambda: sample.Component.manifest(self.sample).replace(
            "health_checks: [quick]", f"health_checks: [quick, {CHECK}]")

    def deploy(self):
        version = self.next_version()
        self.product.deploy(self.release(version, [self.sample]))
        self.assert_all_serve(version, [self.sample])
        return version

    def states(self, snapshot, *options):
        shown = self.product.ask("snapshot", "show", snapshot, *options)
        return {place["host"]: place["now"]["state"] for place in shown["places"]}

    def places_of(self, snapshot):
        return self.product.ask("snapshot", "show", snapshot)["places"]

    # The story --------------------------------------------------------------------------------------

    def test_1_definitions_are_kept_where_they_were_read_and_nobody_sees_the_password(self):
        self.deploy()
        snapshot = self.product.create_snapshot()
        for place in self.places_of(snapshot):
            schema = place["schemas"][0]
            self.assertEqual((schema["name"], schema["database"], schema["migration"]), ("orders", "shop", "0001_orders"))
            self.assertEqual(len(schema["sha256"]), 64)
            self.assertTrue(schema["file"].startswith(f"{COPIES}/{snapshot}.schemas/"), schema["file"])
            host = self.fleet[place["host"]]
            text = host.run(["cat", schema["file"]])
            self.assertIn("CREATE TABLE public.orders", text)
            self.assertNotIn("whom no snapshot has", text, "rows are no part of it")
            self.assertEqual(host.run(["stat", "-c", "%U %a", schema["file"]]).strip(), "root 600")
            self.assertNotIn("canary", host.read_journal(unit="switchyard-agent.service"))
            # Nothing of it is left on a disk but where the person who runs the host has put it.
            found = host.run(["sh", "-c", "grep -rl horse /etc/switchyard /run/switchyard /var/lib/switchyard /tmp || true"])
            self.assertEqual(found.split(), ["/etc/switchyard/credentials/shop-db"])
        self.assertNotIn("canary", self.product.run("snapshot", "show", snapshot).stdout)
        self.assertEqual(self.states(snapshot, "--schemas"), {name: "same" for name in self.host_names})
        self.assertEqual(self.product.run("snapshot", "rm", snapshot).status, 0)

    def test_2_a_restore_changes_no_schema_and_says_which_is_another(self):
        old = self.deploy()
        snapshot = self.product.create_snapshot()
        self.deploy()
        self.tell(self.fleet["h2"], "SET ROLE shop;" + MIGRATION)
        self.assertEqual(self.states(snapshot, "--schemas"), {"h1": "different", "h2": "different"}, "the release too")
        ended = self.product.run("snapshot", "restore", snapshot, "--reason", "a test")
        self.assertEqual(ended.status, product.UNRESOLVED, ended)
        self.assertIn("newest migration 0001_orders then, 0002_paid now", ended.stdout)
        self.assertIn("Read back: 1 of 2 places are", ended.stdout)
        self.assert_all_serve(old, [self.sample])
        paid = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'paid'"
        self.assertEqual(self.tell(self.fleet["h2"], paid).strip(), "1", "the schema is as the migration has left it")
        self.assertEqual(self.tell(self.fleet["h2"], "SELECT count(*) FROM orders").strip(), "1")

        self.tell(self.fleet["h2"], "SET ROLE shop;" + AND_BACK)
        self.assertEqual(self.states(snapshot, "--schemas"), {name: "same" for name in self.host_names})

    def test_3_a_host_that_cannot_read_a_schema_makes_no_snapshot(self):
        self.deploy()
        host = self.fleet["h1"]
        programs = host.run(["sh", "-c", "ls /usr/bin/pg_dump /usr/lib/postgresql/*/bin/pg_dump"]).split()
        for program in programs:
            host.run(["mv", program, program + ".away"])
        try:
            refused = self.product.run("snapshot", "create", "--environment", "production")
        finally:
            for program in programs:
                host.run(["mv", program + ".away", program])
        self.assertEqual(refused.status, REFUSED, refused)
        self.assertIn("there is no pg_dump on this host", refused.stderr)
        self.assertIn("postgresql-client", refused.stderr)
        for name in self.host_names:
            left = self.fleet[name].run(["sh", "-c", f"ls {COPIES} 2>/dev/null || true"]).split()
            known = {row["id"] for row in self.product.ask("snapshot", "list")["snapshots"]}
            self.assertEqual({entry for entry in left if entry.split(".")[0] not in known and entry.startswith("s-")},
                             set(), name)


if __name__ == "__main__":
    main()
