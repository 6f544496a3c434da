#!/usr/bin/env python3
"""The JSON Schemas of docs/schema accept the examples, and refuse what the readers refuse. 77: no validator here."""
import json
import pathlib
import sys
import warnings

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"cannot run here: {error}; python3-jsonschema and python3-yaml bring it")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "examples/mcp-servers/deploy"
SCHEMAS = {path.name.removesuffix(".schema.json"): json.loads(path.read_text())
           for path in sorted((ROOT / "docs/schema").glob("*.schema.json"))}
EXAMPLES = {
    "environment": DEPLOY.glob("config/environments/*.yaml"),
    "server": DEPLOY.glob("config/servers/*.yaml"),
    "deployment": [*DEPLOY.glob("deployments/*.yaml"), ROOT / "examples/guestbook/deploy.yaml"],
    "health-checks": DEPLOY.glob("health-checks/*.yaml"),
}
CHECK = {"name": "a", "type": "tcp", "config": {"port": 80}}
MANIFEST = {"metadata": {"name": "a"}, "components": [{"name": "b"}]}
WRONG = {
    "environment": [
        {"varables": {}}, {"variables": {"a b": 1}}, {"secrets": {"password": "hunter 2!"}}, {"secrets": {"password": 5}},
        {"resource_limits": {"cpu_cores": 0}}, {"resource_limits": {"cpu": 1}}, {"resource_limits": {"memory_gb": "8"}},
        {"security_policies": {"require_mfa": "yes"}}, {"environment_variables": "HOME"}, [],
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
        MANIFEST | {"health_checks": [CHECK | {"type": "htpp"}]},
        MANIFEST | {"deployment_settings": {"rollback_on_failure": "no"}},
    ],
    "health-checks": [
        {}, {"health_checks": [CHECK | {"config": {}}]}, {"health_checks": [CHECK | {"config": {"port": "80"}}]},
        {"health_checks": [CHECK | {"config": {"port": 80, "path": "/"}}]}, {"health_checks": [CHECK | {"retries": 3}]},
        {"health_checks": [CHECK | {"type": "http", "config": {"url": "ftp://x"}}]},
    ],
}


def main():
    warnings.simplefilter("ignore", DeprecationWarning)  # what took RefResolver's place is not in Debian 12
    store = {schema["$id"]: schema for schema in SCHEMAS.values()}
    checked = 0
    for kind, schema in SCHEMAS.items():
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver.from_schema(schema, store=store))
        examples = sorted(EXAMPLES[kind])
        assert examples, f"no examples of {kind}"
        for path in examples:
            for error in validator.iter_errors(yaml.safe_load(path.read_text())):
                sys.exit(f"{path}: {'.'.join(map(str, error.path))}: {error.message}")
            checked += 1
        for value in WRONG[kind]:
            assert not validator.is_valid(value), f"{kind}: {value} was accepted"
            checked += 1
    print(f"{len(SCHEMAS)} schemas, {checked} documents judged as they should be")


if __name__ == "__main__":
    main()
