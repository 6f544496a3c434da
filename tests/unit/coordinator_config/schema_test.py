#!/usr/bin/env python3
"""The JSON Schemas of docs/schema accept the examples, and refuse what the readers refuse. 77: no validator here."""
import json
import pathlib
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"cannot run here: {error}; python3-jsonschema and python3-yaml bring it")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONFIG = ROOT / "examples/mcp-servers/deploy/config"
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
}


def main():
    checked = 0
    for kind, wrong in WRONG.items():
        schema = json.loads((ROOT / f"docs/schema/{kind}.schema.json").read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        examples = sorted((CONFIG / f"{kind}s").glob("*.yaml"))
        assert examples, f"no examples of {kind}"
        for path in examples:
            for error in validator.iter_errors(yaml.safe_load(path.read_text())):
                sys.exit(f"{path}: {error.message}")
            checked += 1
        for value in wrong:
            assert not validator.is_valid(value), f"{kind}: {value} was accepted"
            checked += 1
    print(f"{checked} documents judged as they should be")


if __name__ == "__main__":
    main()
