"""The requests of the API as docs/openapi.yaml has them, of each some that are good and together say everything that
such a request can say, and the same ones with an attack in one place.

Fields are named by their operations: `add_host labels.{}`, `add_host {host}` of the path, `add_host ?dry_run` of the
query, `start_rollback Idempotency-Key:` of the headers.
"""

import copy
import dataclasses
import functools
import json
import pathlib
import socket

import yaml

from hostile_manifests import METADATA, SERVICE
from hostile_texts import Shape, hostile_everywhere, written

OPENAPI = pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
ANSWER_SECONDS = 40

# Is in no deployment, and so does no harm when something is done to it.
NOBODY = "nobody"
RELEASE = "0" * 64
SECRET = "HOSTILE"
# What is a secret is blackened wherever it is said from then on, and reasons that are attacks are told later: so it is
# more than the attack alone.
BEHIND_A_SECRET = " and so on"

# The hosts are asked for each plan. Of these requests, texts that may be anything are attacked together.
PLANS = ("make_plan", "simulate_deployment", "start_deployment")
FREE = ("file", "override_freeze", "fail", "configuration.components.*.parts[].key",
        "configuration.components.*.parts[].pieces[].text", "configuration.components.*.parts[].pieces[].of")

# With these a request that is accepted would change what the stories after it begin with. They are made with dry_run,
# where everything is checked as else; why, and where the texts are accepted in earnest.
REHEARSED = {
    "start_deployment": "it would deploy; test_2 does, and test_7 with reasons",
    "start_rollback": "it would take away what serves; test_8 does it once with all attacks as its reason",
    "restore_snapshot": "it would deploy; test_8 does it once with all attacks as its reason",
    "enrol_totp": "from then on the codes of an app would be asked for",
    "renew_keys": "every agent would begin anew; test_6 does it once with all attacks as its reason",
    "recover": "it writes down what hosts say, and makes unused tokens void",
}


@dataclasses.dataclass
class Operation:
    id: str
    method: str
    path: str
    parameters: list  # (name, "path" | "query" | "header")
    shape: Shape = None  # of its body
    octets: bool = False

    @property
    def fields(self):
        """All of them."""
        of_parameters = {f"{self.id} {_parameter(name, where)}" for name, where in self.parameters}
        of_body = {f"{self.id} {field}" for field in self.shape.fields} if self.shape else set()
        return of_parameters | of_body | ({f"{self.id} body"} if self.octets else set())


@dataclasses.dataclass
class Request:
    operation: Operation
    path: dict  # by the parameters' names
    body: object = None  # what JSON has, or bytes
    query: dict = dataclasses.field(default_factory=dict)
    headers: dict = dataclasses.field(default_factory=dict)
    rehearsed: bool = False

    def places(self):
        """A function for each field, or for several of free text, that gives this request with an attack there."""
        found = {}
        for name, where in self.operation.parameters:
            found[_parameter(name, where)] = functools.partial(self._with, where, name)
        if self.operation.octets:
            found["body"] = lambda payload: dataclasses.replace(self, body=payload.encode())
        elif self.operation.shape:
            places = self.operation.shape.places(self.body)
            free = [field for field in places if self.operation.id in PLANS and field in FREE]
            if free:
                found[tuple(free)] = functools.partial(self._with_body, "", [places.pop(field) for field in free])
            for field, place in places.items():
                found[field] = functools.partial(self._with_body, field, [place])
        return {tuple(f"{self.operation.id} {field}" for field in (fields if isinstance(fields, tuple) else (fields,))):
                attacked for fields, attacked in found.items()}

    def _with(self, where, name, payload):
        part = {"path": "path", "query": "query", "header": "headers"}[where]
        return dataclasses.replace(self, **{part: getattr(self, part) | {name: payload}})

    def _with_body(self, field, places, payload):
        if (self.operation.id, field) == ("set_secret", "value"):
            payload += BEHIND_A_SECRET
        return dataclasses.replace(self, body=hostile_everywhere(self.body, places, payload))

    def target(self):
        path = self.operation.path
        for name, text in self.path.items():
            path = path.replace(f"{{{name}}}", _quoted(text))
        query = ({"dry_run": "true"} if self.rehearsed else {}) | self.query
        return path + "?" * bool(query) + "&".join(f"{key}={_quoted(text)}" for key, text in query.items())

    def bytes(self):
        """Written by hand: whoever attacks has no library that keeps him from a header of two lines."""
        head = f"{self.operation.method.upper()} {self.target()} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += "".join(f"{name}: {text}\r\n" for name, text in self.headers.items())
        body = b""
        if self.operation.octets:
            head += "Content-Type: application/octet-stream\r\n"
            body = self.body
        elif self.operation.shape:
            head += "Content-Type: application/json\r\n"
            body = json.dumps(self.body).encode()
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _parameter(name, where):
    return {"path": f"{{{name}}}", "query": f"?{name}", "header": f"{name}:"}[where]


def _quoted(text):
    return "".join(f"%{byte:02x}" for byte in text.encode()) if not text.isalnum() else text


def operations():
    document = yaml.safe_load(OPENAPI.read_text(encoding="utf-8"))
    found = []
    for path, of_path in document["paths"].items():
        if strange := set(of_path) - METHODS:
            raise ValueError(f"{path}: {strange} may hold texts that nobody looks at")
        for method, described in of_path.items():
            parameters = [_resolved(document, each) for each in described.get("parameters", [])]
            operation = Operation(described["operationId"], method, path,
                                  [(each["name"], each["in"]) for each in parameters])
            if "requestBody" in described:
                (kind, content), = _resolved(document, described["requestBody"])["content"].items()
                operation.octets = kind == "application/octet-stream"
                if not operation.octets:
                    operation.shape = Shape({"": document}, "", content["schema"])
            found.append(operation)
    return found


def _resolved(document, node):
    if "$ref" not in node:
        return node
    for step in node["$ref"].removeprefix("#/").split("/"):
        document = document[step]
    return document


def _deploy():
    pieces = [{"text": "{}"}, {"secret": SECRET, "base64": 1}, {"random": 1, "length": 8, "of": "templates.key"}]
    component = {"format": "json", "parts": [{"key": "greeting", "pieces": pieces}]}
    service = SERVICE | {"service": {"command": ["bin/serve"], "configuration": {"format": "json", "file": "a.json"}}}
    manifest = written({"metadata": METADATA, "components": [service]})
    return {"manifest": manifest, "file": "hostile.yaml", "environment": "e",
            "artifacts": {"a": RELEASE}, "artifact_sizes": {"a": {"bytes": 100, "unpacked_bytes": 1000}},
            "run_tests": "smoke", "strategy": "recreate", "components": ["a"],
            "configuration": {"environment": "e", "components": {"a": component}},
            "defaults": {"strategy": "recreate", "strategy_source": "variable"}}


def samples(deployment, draft, snapshot, release):
    """By operation, with the ids of a deployment that is over, of one that waits for approval, of a snapshot and of an
    artifact. What changes something is named here, or nothing is sent; what does not is attacked unasked. Where one
    text would be refused before the others are looked at, it is in a request of its own."""
    deploy = _deploy()
    looked_at = deploy | {"plan_hash": RELEASE}
    decided = {"plan_hash": RELEASE, "reason": "r", "totp": "123456"}
    back = {"deployment": deployment, "to_nothing": True, "reason": "r"}
    definitions = written({"health_checks": [{"name": "page", "type": "tcp", "config": {"port": 1}}]})
    bodies = {
        "put_artifact_manifest": [b"octets"],
        "put_artifact_chunk": [b"octets"],
        "complete_artifact": [{"component": "a", "version": "1"}],
        "make_plan": [deploy | {"override_freeze": "r"}, looked_at],
        "simulate_deployment": [deploy | {"fail": "start a@blue.service"}, looked_at],
        "start_deployment": [deploy | {"override_freeze": "r"}, looked_at],
        "cancel_deployment": [{"reason": "r"}],
        "hold_deployment": [{"reason": "r"}],
        "resume_deployment": [{}],
        "promote_deployment": [{"share": 10}],
        "resolve_deployment": [{"host": NOBODY, "gone": True, "reason": "r"}],
        "start_rollback": [back | {"components": ["sample"], "strategy": "graceful"}, back | {"without": [NOBODY]},
                           back | {"target_version": "1"}],
        "create_snapshot": [{"environment": "production", "name": "sample", "reason": "r"}],
        "restore_snapshot": [{"reason": "r"}],
        "create_token": [{"host_pattern": "n-*"}],
        "revoke_agent": [{}],
        "add_host": [{"host": NOBODY, "labels": {"rack": "r1"}}],
        "replace_host": [{}],
        "approve": [decided],
        "reject": [decided],
        "register_checks": [{"environment": "e", "file": "checks.yaml", "definitions": definitions}],
        "run_checks": [{"environment": "e", "names": ["page"], "tags": ["core"], "hosts": ["h1"]}],
        "create_api_token": [{"name": "ann", "kind": "ci", "role": "viewer", "environment": "e", "life_ms": 60000}],
        "revoke_api_token": [{}],
        "enrol_totp": [{"totp": "123456"}],
        "reset_totp": [{}],
        "set_secret": [{"environment": "e", "name": SECRET, "value": "of no interest"}],
        "renew_keys": [{"reason": "r"}, {"reason": "r", "without": [NOBODY]}],
        "recover": [{"reason": "r", "without": [NOBODY]}],
        "remove_check": [None],
        "remove_host": [None],
        "remove_secret": [None],
        "remove_snapshot": [None],
    }
    values = {"release": RELEASE, "index": "0", "id": deployment, "host": NOBODY, "token": "0" * 12, "person": NOBODY,
              "environment": "e", "check": NOBODY, "name": "NOBODY"}
    found = []
    for operation in operations():
        path = {name: values[name] for name, where in operation.parameters if where == "path"}
        if operation.path.startswith("/v1/approvals/"):
            path["id"] = draft
        if operation.path.startswith("/v1/snapshots/"):
            # One that is removed is none of those that are looked at.
            path["id"] = NOBODY if operation.method == "delete" else snapshot
        if operation.id == "complete_artifact":
            path["release"] = release
        found += [Request(operation, path, copy.deepcopy(body), rehearsed=operation.id in REHEARSED)
                  for body in ([None] if operation.method == "get" else bodies[operation.id])]
    # So many are accepted that they push older ones out.
    return sorted(found, key=lambda request: request.operation.id == "create_snapshot")


def converse(place, request):
    """The status and the bytes of the answer, from the unix socket in that place."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(place)
        connection.sendall(request.bytes())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body
