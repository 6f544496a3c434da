#!/usr/bin/env python3
"""The JSON Schemas of docs/schema have the keys of the readers, accept the examples and the packaged files, and refuse what
the readers refuse. 77: no validator here; the keys were compared all the same."""
import json
import pathlib
import re
import sys
import warnings

try:
    import jsonschema
    import yaml
except ImportError as error:
    jsonschema = None
    missing = error

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "examples/mcp-servers/deploy"
SCHEMAS = {path.name.removesuffix(".schema.json"): json.loads(path.read_text())
           for path in sorted((ROOT / "docs/schema").glob("*.schema.json"))}
# What people write is read here; everything else that reads YAML is named with the reason why it needs no schema.
READERS = [*(ROOT / "coordinator/config").glob("*.cpp"), *(ROOT / "coordinator/planner").glob("*.cpp"),
           ROOT / "coordinator/coordinator_config.cpp", ROOT / "agent/link/agent_config.cpp"]
NO_SCHEMA = {"agent/link/agent_identity.cpp": "the agent writes that file itself"}
ALLOW_KEYS = re.compile(r"allow_keys\(\s*\{(.*?)\}\s*\)", re.DOTALL)
EXAMPLES = {
    "environment": DEPLOY.glob("config/environments/*.yaml"),
    "server": DEPLOY.glob("config/servers/*.yaml"),
    "deployment": [*DEPLOY.glob("deployments/*.yaml"), ROOT / "examples/guestbook/deploy.yaml"],
    "health-checks": DEPLOY.glob("health-checks/*.yaml"),
    "coordinator": [ROOT / "packaging/coordinator.yaml"],
    "agent": [ROOT / "packaging/agent.yaml"],
}
CHECK = {"name": "a", "type": "tcp", "config": {"port": 80}}
MANIFEST = {"metadata": {"name": "a"}, "components": [{"name": "b"}]}
WRONG = {
    "environment": [
        {"varables": {}}, {"variables": {"a b": 1}}, {"secrets": {"password": "hunter 2!"}}, {"secrets": {"password": 5}},
        {"resource_limits": {"cpu_cores": 0}}, {"resource_limits": {"cpu": 1}}, {"resource_limits": {"memory_gb": "8"}},
        {"security_policies": {"require_mfa": "yes"}}, {"environment_variables": "HOME"}, {"strategy": "fast"}, [],
    ],
    "server": [
        {"name": "Brave Search"}, {"base": {}}, {"base_config": []}, {"base_config": {"$pieces": []}},
        {"validation_rules": ["needed:a"]}, {"validation_rules": ["required:"]}, {"validation_rules": ["format:a"]},
        {"environment_overrides": {"production": 5}}, {"templates": "x"},
    ],
    "deployment": [
        {}, {"metadata": {"name": "a"}}, MANIFEST | {"servers": [{"name": "b"}]}, MANIFEST | {"settings": {}},
        MANIFEST | {"components": []}, MANIFEST | {"components": [{"name": "b", "timeout": 5}]},
        MANIFEST | {"components": [{"name": "b", "ports": {"stable": 0}}]},
        MANIFEST | {"components": [{"name": "b", "artifact": {}}]},
        MANIFEST | {"components": [{"name": "b", "artifact": {"directory": "d", "tarball": "t"}}]},
        MANIFEST | {"components": [{"name": "b", "hooks": [{"name": "h", "phase": "pre_swap", "command": ["bin/h"]}]}]},
        MANIFEST | {"components": [{"name": "b", "hooks": [{"name": "h", "phase": "pre_switch"}]}]},
        MANIFEST | {"components": [{"name": "b", "schemas_to_backup": "orders"}]},
        MANIFEST | {"components": [{"name": "b", "schemas_to_backup": [{"migrations": {"table": "m"}}]}]},
        MANIFEST | {"components": [{"name": "b", "schemas_to_backup": [{"check": "c", "migrations": {"table": "a b"}}]}]},
        MANIFEST | {"health_checks": [CHECK | {"type": "htpp"}]},
        MANIFEST | {"deployment_settings": {"rollback_on_failure": "no"}},
    ],
    "health-checks": [
        {}, {"health_checks": [CHECK | {"config": {}}]}, {"health_checks": [CHECK | {"config": {"port": "80"}}]},
        {"health_checks": [CHECK | {"config": {"port": 80, "path": "/"}}]}, {"health_checks": [CHECK | {"retries": 3}]},
        {"health_checks": [CHECK | {"type": "http", "config": {"url": "ftp://x"}}]},
        {"health_checks": [CHECK | {"component": "My Api"}]}, {"health_checks": [CHECK | {"hosts": "web-1"}]},
    ],
    "coordinator": [
        [], {"listen": {"control": "7400"}}, {"listen": {"port": 7400}}, {"advertise": []}, {"http": {"listen": 8765}},
        {"state_directory": "state"}, {"keep_releases": 0}, {"log_level": "verbose"}, {"environment": {}},
        {"environments": {"Production": {}}}, {"environments": {"production": {"approvals": 11}}},
        {"environments": {"production": {"self_approval": "always"}}}, {"environments": {"production": {"approval": 1}}},
        {"environments": {"p": {"freeze_windows": [{"from": "2026-12-23T16:00Z"}]}}},
        {"environments": {"p": {"freeze_windows": [{"cron": "0 16 * * fri"}]}}},
        {"environments": {"p": {"freeze_windows": [{"cron": "0 16 * * fri", "hours": 2, "to": "2026-12-23T16:00Z"}]}}},
    ],
    "agent": [
        [], {"allowed_roots": "/etc/app"}, {"allowed_roots": ["etc/app"]}, {"components_root": "srv"},
        {"log_level": "verbose"}, {"allowed_root": []},
    ],
}
RIGHT = {
    "deployment": [
        MANIFEST | {"health_checks": [CHECK]},
        MANIFEST | {"components": [{"name": "b", "run": [{"name": "m", "command": ["bin/m"], "migration": True}]}],
                    "deployment_settings": {"run_migrations": False}},
    ],
    "health-checks": [{"health_checks": [CHECK | {"component": "api", "hosts": ["web-1", "web-2"]}]}],
    "environment": [{"strategy": "rolling"}],
    "coordinator": [
        {"environments": {"production": {"approvals": 1, "self_approval": "with_totp", "require_mfa": True},
                          "live": {"production": True, "freeze_windows": [
                              {"from": "2026-12-23T16:00Z", "to": "2027-01-02T08:00Z", "reason": "holidays"},
                              {"cron": "0 16 * * fri", "hours": 62}]}}},
        {"listen": {"control": "[::]:7400"}, "http": {"listen": "none", "allowed_hosts": ["a.example"]}},
    ],
    "agent": [{"allowed_roots": ["/etc/myapp"], "components_root": "/opt", "log_level": "debug"}],
}
# In a manifest a check belongs to its component, on the component's hosts.
WRONG["deployment"].append(MANIFEST | {"health_checks": [CHECK | {"hosts": ["web-1"]}]})


def closed_objects(schema, place):
    """Every object that takes certain keys only: where it stands, and the keys."""
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from closed_objects(part, f"{place}/{index}")
    if not isinstance(schema, dict):
        return
    if schema.get("additionalProperties") is False:
        yield place, frozenset(schema["properties"])
    for name, part in schema.items():
        yield from closed_objects(part, f"{place}/{name}")


def compare_keys():
    """Each list of keys that a reader takes is that of an object of the schemas, and the other way round."""
    read = {}
    for path in sorted(READERS):
        text = path.read_text()
        for found in ALLOW_KEYS.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            read[f"{path.relative_to(ROOT)}:{line}"] = frozenset(re.findall(r'"([a-z_]+)"', found[1]))
    described = {place: keys for name, schema in SCHEMAS.items() for place, keys in closed_objects(schema, name)}
    faults = []
    for places, others, what in ((read, described, "no schema has"), (described, read, "no reader takes")):
        for place, keys in places.items():
            if keys in others.values():
                continue
            nearest = min(others, key=lambda other: len(keys ^ others[other]))
            faults.append(f"{place}: {what} these keys; nearest is {nearest}, which differs in "
                          f"{', '.join(sorted(keys ^ others[nearest]))}")
    for path in [*(ROOT / "coordinator").rglob("*.cpp"), *(ROOT / "agent").rglob("*.cpp")]:
        name = str(path.relative_to(ROOT))
        if path not in READERS and name not in NO_SCHEMA and "allow_keys" in path.read_text():
            faults.append(f"{name}: it reads keys; add it to READERS, or say in NO_SCHEMA why it needs no schema")
    if faults:
        sys.exit("\n".join(faults))
    return len(read)


def as_commented(text):
    """A packaged file with the settings that it shows as comments: `#key:` and what is indented below it, not `# prose`."""
    return re.sub(r"(?m)^#(?=\S|  )", "", text)


def documents_of(kind, path):
    text = path.read_text()
    yield yaml.safe_load(text)
    if kind in ("coordinator", "agent"):
        yield yaml.safe_load(as_commented(text))


def main():
    compared = compare_keys()
    if jsonschema is None:
        print(f"{compared} lists of keys compared; the rest cannot run here: {missing}; "
              "python3-jsonschema and python3-yaml bring it")
        sys.exit(77)
    warnings.simplefilter("ignore", DeprecationWarning)  # what took RefResolver's place is not in Debian 12
    store = {schema["$id"]: schema for schema in SCHEMAS.values()}
    checked = 0
    for kind, schema in SCHEMAS.items():
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver.from_schema(schema, store=store))
        examples = sorted(EXAMPLES[kind])
        assert examples, f"no examples of {kind}"
        for path in examples:
            for document in documents_of(kind, path):
                for error in validator.iter_errors(document):
                    sys.exit(f"{path}: {'.'.join(map(str, error.path))}: {error.message}")
                checked += 1
        for value in RIGHT.get(kind, []):
            for error in validator.iter_errors(value):
                sys.exit(f"{kind}: {value}: {'.'.join(map(str, error.path))}: {error.message}")
            checked += 1
        for value in WRONG[kind]:
            assert not validator.is_valid(value), f"{kind}: {value} was accepted"
            checked += 1
    print(f"{len(SCHEMAS)} schemas, {compared} lists of keys, {checked} documents judged as they should be")


if __name__ == "__main__":
    main()
