"""The files that people write, by what they are called in docs/schema: of each some that are good, and together say
everything that such a file can say.
"""

import json
import pathlib

import hostile_manifests
from hostile_texts import Shape

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs/schema"

ENVIRONMENT = {
    "variables": {
        "told": "{{ env('HOSTILE') or environment }}", "plain": "text", "deep": {"list": ["x", {"more": "y"}]}},
    "secrets": {"password": "DB_PASSWORD"},
    "environment_variables": ["HOSTILE"],
    "resource_limits": {"cpu_cores": 1, "memory_gb": 1},
    "strategy": "recreate",
    "security_policies": {"require_mfa": False, "encrypt_at_rest": False},
}

SERVER = {
    "name": "a", "server_type": "web",
    "base_config": {"greeting": "hello", "deep": {"list": ["x", {"more": "y"}]}},
    "environment_overrides": {"e": {"greeting": "hi", "deep": {"other": ["z"]}}},
    "templates": {"made": "{{ config.greeting }} {{ env.plain }}", "deep": {"list": ["{{ server }}"]}},
    "validation_rules": ["required:greeting", "format:greeting:^[a-z]+$"],
}
# What stands deeper, and no rule judges.
DEEP = {"name": "a", "base_config": {"deep": {"list": ["x", {"more": "y"}]}},
        "templates": {"list": [{"deep": "{{ server }}"}]}, "validation_rules": ["required:deep.list"]}

COORDINATOR = {
    "listen": {"control": "127.0.0.1:7400", "bulk": "127.0.0.1:7401"},
    "advertise": ["deploy.example.net"],
    "http": {"listen": "127.0.0.1:8765", "socket": "/run/switchyard/other.sock", "socket_group": "switchyard",
             "allowed_hosts": ["deploy.example.net"], "allowed_origins": ["http://deploy.example.net"]},
    "state_directory": "/var/lib/switchyard/other",
    "hosts": {"components_root": "/srv", "units_root": "/etc/systemd/system"},
    "log_level": "info",
    "environments": {"e": {"approvals": 1, "self_approval": "with_totp", "freeze_windows": [
        {"from": "2026-12-23T16:00Z", "to": "2026-12-27T06:00Z", "reason": "holidays"},
        {"cron": "0 16 * * fri", "hours": 62, "reason": "weekend"}]}},
}

AGENT = {"allowed_roots": ["/opt"], "components_root": "/srv", "backup_dir": "/var/backups/switchyard",
         "log_level": "info"}

SAMPLES = {
    "deployment.schema.json": hostile_manifests.SAMPLES.values(),
    "health-checks.schema.json": [{"health_checks": [*hostile_manifests.REGISTERED, hostile_manifests.OF_A_SLOT]}],
    "environment.schema.json": [ENVIRONMENT],
    "server.schema.json": [SERVER, DEEP],
    "coordinator.schema.json": [COORDINATOR],
    "agent.schema.json": [AGENT],
}


def shapes():
    """Of every schema that there is, by its file's name."""
    schemas = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    return {name: Shape(schemas, name) for name in schemas}
