"""Manifests that together say everything that a manifest can say, and the same ones with an attack in the place of one
of their texts. A sample is one that is good: when an attack makes it a bad one, the attack is what was refused.

Fields are named as the schemas of docs/schema have them, with `component` and `check` for what stands in several
places: `component.hooks[].command[]`, `check(smoke).config.requests[].url`; of a map with names of one's own `{}` is a
name and `*` a value.
"""

import copy
import json
import pathlib

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs/schema"

FORGED = "FORGED LINE"
PAYLOADS = [
    "$(touch /canary)", "`touch /canary`", "; touch /canary;", "| touch /canary", "&& touch /canary #",
    f"x\n{FORGED}", f"x\r\n<0>{FORGED}", "x\nExecStartPre=/bin/touch /canary\n[Install]", "' \" \\ %n %H $PATH ${PATH}",
    "\x1b]0;owned\x07\x1b[2J", "../../../../canary", "/canary", "-rf", "--help", "a\u202eb\u009b31m", "{{7*7}}%s%n",
]

METADATA = {"name": "hostile", "environment": "e", "version": "1"}
SERVICE = {"name": "a", "hosts": ["h1"], "artifact": {"directory": "sample"}, "service": {"command": ["bin/serve"]}}

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
                "health_checks": ["tcp_connectivity", {"name": "slot", "type": "tcp", "config": {"port": "${port}"}}],
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

# Their names are one's own.
MAPS = {"component.service.environment", "component.hooks[].config", "check(http).config.headers",
        "check(custom).config.parameters", "check(smoke).config.requests[].headers",
        "check(smoke).config.requests[].capture"}


def hostile(document, place, payload):
    """The document as text, with the payload in that place. JSON is YAML, and whatever a text holds comes through."""
    document = copy.deepcopy(document)
    at = document
    for step in place[:-1]:
        at = at[step]
    last = place[-1]
    if isinstance(last, _Name):
        at[payload] = at.pop(last.name)
    else:
        at[last] = payload
    return json.dumps(document, indent=1)


def texts(document):
    """(field, place) of every text of a document, and of every name that is one's own."""
    yield from _texts(document, "", ())


def fields(document):
    """The same, each field once. The first word of a command is another field than those behind it."""
    places = {}
    for field, place in texts(document):
        places.setdefault(field + ("[0]" if place[-1] == 0 else ""), place)
    return places


class _Name:
    """The last step to a name itself, not to what it names."""

    def __init__(self, name):
        self.name = name


def _texts(node, field, place):
    if isinstance(node, str):
        yield field, place
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _texts(item, _of_item(field, item), place + (index,))
    elif isinstance(node, dict):
        for key, value in node.items():
            own = field in MAPS or field.endswith(".*")
            if own:
                yield field.removesuffix(".*") + ".{}", place + (_Name(key),)
            yield from _texts(value, _of_member(field, key, node, own), place + (key,))


def _of_item(field, item):
    if field.endswith(".*"):
        return field
    if field in ("health_checks", "component.health_checks") and isinstance(item, dict):
        return "check"
    return "component" if field in ("components", "servers") else field + "[]"


def _of_member(field, key, node, own):
    if own:
        return field.removesuffix(".*") + ".*"
    if field == "check" and key == "config":
        return f"check({node['type']}).config"
    return f"{field}.{key}" if field else key


def fields_of_schemas():
    """Every field of a manifest that may hold a text, as its schema says it."""
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    return set(_fields(schemas, "deployment.schema.json", schemas["deployment.schema.json"], ""))


def _fields(schemas, file, schema, field):
    if "$ref" in schema:
        target, _, inner = schema["$ref"].partition("#/")
        file = target or file
        schema = schemas[file]
        for step in inner.split("/"):
            schema = schema[step]
        if inner.endswith("/health_check"):
            field = "check"
    kinds = schema.get("type", [])
    values = [*schema.get("enum", []), schema.get("const")]
    if "string" in ([kinds] if isinstance(kinds, str) else kinds) or any(isinstance(value, str) for value in values):
        yield field
    for part in (*schema.get("oneOf", []), *schema.get("anyOf", [])):
        yield from _fields(schemas, file, part, field)
    if "items" in schema:
        yield from _fields(schemas, file, schema["items"], _of_item(field, None))
    yield from _members(schemas, file, schema, field)
    for part in schema.get("allOf", []):
        if "$ref" in part:
            yield from _fields(schemas, file, part, field)
            continue
        kind = part["if"]["properties"]["type"]["const"]
        yield from _fields(schemas, file, part["then"]["properties"]["config"], f"{field}({kind}).config")


def _members(schemas, file, schema, field):
    if schema.get("type") != "object" or field == "check.config":
        return
    for key, value in schema.get("properties", {}).items():
        yield from _fields(schemas, file, value, f"{field}.{key}" if field else key)
    if schema.get("additionalProperties", True) is not False:
        yield from (field + ".{}", field + ".*")
