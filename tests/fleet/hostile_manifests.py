"""Manifests, and registered checks, that together say everything that such a file can say. A sample is one that is
good: when an attack makes it a bad one, the attack is what was refused.
"""

METADATA = {"name": "hostile", "environment": "e", "version": "1"}
SERVICE = {"name": "a", "hosts": ["h1"], "artifact": {"directory": "sample"}, "service": {"command": ["bin/serve"]}}

# In a manifest, and in a file that nobody has registered.
OF_A_SLOT = {"name": "slot", "type": "tcp", "config": {"port": "${port}"}}
CHECKS = [
    {"name": "page", "type": "http", "tags": ["core"],
     "config": {"url": "http://localhost:1/x", "expected_body": "fine", "headers": {"X-Check": "x"}}},
    {"name": "port", "type": "tcp", "config": {"host": "localhost", "port": 1}},
    {"name": "program", "type": "command", "config": {"command": ["/bin/true", "x"], "user": "nobody"}},
    {"name": "disk", "type": "file_system", "config": {"path": "/tmp"}},
    {"name": "neighbour", "type": "unit", "config": {"unit": "dbus.service"}},
    {"name": "stock", "type": "custom", "tier": 2, "scope": "changed",
     "config": {"command": ["/bin/true", "x"], "user": "nobody",
                "parameters": {"least": "ten", "deep": {"list": ["x"]}}}},
    {"name": "orders", "type": "database",
     "config": {"host": "localhost", "user": "shop", "database": "shop", "query": "SELECT 1", "credential": "shop-db",
                "sslmode": "verify-full", "sslrootcert": "/etc/ssl/authorities.pem"}},
    {"name": "ledger", "type": "database", "config": {"host": "localhost"}},
    {"name": "jobs", "type": "queue", "config": {"host": "localhost", "user": "shop", "credential": "shop-queue"}},
    {"name": "uploads", "type": "storage",
     "config": {"url": "http://localhost:1/bucket", "region": "us-east-1", "access_key": "key",
                "credential": "shop-s3"}},
    {"name": "attic", "type": "storage", "config": {"path": "/tmp"}},
    {"name": "room", "type": "resources", "config": {"max_cpu_percent": 99, "path": "/"}},
    {"name": "ordering", "type": "smoke", "config": {"requests": [
        {"name": "order", "method": "POST", "url": "http://localhost:1/orders", "headers": {"X-Check": "x"},
         "body": "tea", "expected_body": "fine", "capture": {"id": "order.id"}, "webhook": {"expected_body": "paid"}},
        {"name": "show", "url": "http://localhost:1/orders/@{webhook}"}]}},
]

SAMPLES = {
    "services": {
        "metadata": METADATA,
        "components": [
            SERVICE | {
                "server_type": "web", "dependencies": ["b"], "runtime": "systemd", "strategy": "canary",
                "canary": {"weights": [10], "promote": "manual"}, "start": "prepare",
                "service": {"command": ["bin/serve", "x"], "user": "www-data", "environment": {"A": "x"}},
                "ports": {"stable": 8080, "blue": 8081, "green": 8082}, "traffic": {"kind": "nftables"},
                "health_checks": ["tcp_connectivity", OF_A_SLOT],
                "run": [{"name": "warm", "when": "swap", "command": ["bin/serve", "x"], "undo": ["bin/serve", "y"],
                         "user": "www-data"}],
                "hooks": [{"name": "tell", "phase": "pre_switch", "command": ["bin/serve", "x"],
                           "undo": ["bin/serve", "y"], "user": "www-data",
                           "config": {"channel": "ops", "deep": {"list": ["x"]}}}],
                "files_to_backup": ["/srv/a/note"], "shared": ["uploads"], "adopt": {"unit": "old.service"}},
            {"name": "b", "hosts": ["h1", "h2"], "artifact": {"tarball": "sample.tar.gz"},
             "service": {"unit": "b@.service"}, "strategy": "rolling", "min_healthy": "50%",
             "ports": {"blue": 8083, "green": 8084},
             "traffic": {"kind": "haproxy", "haproxy": {"socket": "/run/haproxy/admin.sock", "backend": "b",
                                                        "servers": {"blue": "b_blue", "green": "b_green"}}}}],
        "deployment_settings": {"rollback_strategy": "batch", "run_tests": "smoke", "on_restart": "abort",
                                "unreachable": "fail"}},
    "configured": {"metadata": METADATA, "components": [SERVICE | {
        "service": {"command": ["bin/serve"], "configuration": {"format": "json", "file": "settings.json"}}}]},
    "checked": {"metadata": METADATA, "health_checks": CHECKS,
                "servers": [SERVICE | {"health_checks": [check["name"] for check in CHECKS],
                                       "schemas_to_backup": ["orders", {"check": "ledger", "migrations": {
                                           "table": "schema_migrations", "column": "version", "order_by": "id"}}]}]},
}
# What registered checks say beside it.
REGISTERED = [check | {"component": "a", "hosts": ["h1"]} for check in CHECKS]

