"""Texts that are attacks, and every place of a document that holds a text, as its schema says it.

Fields are named as the schemas have them: `hooks[].command[]`; of a map with names of one's own `{}` is a name and `*`
a value. What a schema leaves open (`free`) is one field at any depth. Health checks have configurations by their types:
`check(smoke).config.requests[].url`.
"""

import copy
import json

FORGED = "FORGED LINE"
PAYLOADS = [
    "$(touch /canary)", "`touch /canary`", "; touch /canary;", "| touch /canary", "&& touch /canary #",
    f"x\n{FORGED}", f"x\r\n<0>{FORGED}", "x\nExecStartPre=/bin/touch /canary\n[Install]", "' \" \\ %n %H $PATH ${PATH}",
    "\x1b]0;owned\x07\x1b[2J", "../../../../canary", "/canary", "-rf", "--help", "a\u202eb\u009b31m", "{{7*7}}%s%n",
]
# Ways out of a sandbox for templates, and to what a template may not see. None can be rendered.
ESCAPES = [
    "{{ cycler.__init__.__globals__.os.popen('touch /canary').read() }}",
    "{{ lipsum.__globals__['os'].system('touch /canary') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for each in ().__class__.__base__.__subclasses__() %}{{ each }}{% endfor %}",
    "{{ (''|attr('__class__'))|attr('__mro__') }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(env) }}",
    "{{ random_string.__globals__['sys'].modules['os'].system('touch /canary') }}",
    "{{ self.__init__.__globals__ }}",
    "{{ env._caller }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('touch /canary') }}",
]

# What stands in several places of a manifest has one name: by what its schema is called, and by the list that it is in.
NAMED = {"component": "component", "health_check": "check", "placed_check": "check"}
LISTED = {"components": "component", "servers": "component", "health_checks": "check",
          "component.health_checks": "check"}

# What a schema may say that this module understands. Another word could hide a field.
KEYWORDS = {
    "$schema", "$id", "$ref", "title", "description", "type", "enum", "const", "default", "format", "definitions",
    "properties", "required", "additionalProperties", "propertyNames", "items", "oneOf", "anyOf", "allOf", "not", "if",
    "then", "pattern", "minimum", "maximum", "exclusiveMinimum", "multipleOf", "minLength", "maxLength", "minItems",
    "maxItems", "uniqueItems",
}


class Shape:
    """Where a document of a schema may hold texts. `documents`: schemas by the names by which they refer to each other;
    `schema`: a part of the one called `file`."""

    def __init__(self, documents, file, schema=None):
        self._documents = documents
        self.fields = set()
        self._maps = set()  # their names are one's own
        self._free = set()  # and their values may be anything
        self._read(file, documents[file] if schema is None else schema, "")

    def texts(self, document):
        """(field, place) of every text of a document, and of every name that is one's own."""
        return list(self._texts(document, "", ()))

    def places(self, document):
        """The same, each field once. The first word of a command is another field than those behind it."""
        places = {}
        for field, place in self.texts(document):
            first = place[-1] == 0 and field.endswith(("command[]", "undo[]"))
            places.setdefault(field + ("[0]" if first else ""), place)
        return places

    # The schema ---------------------------------------------------------------------------------------

    def _read(self, file, schema, field):
        if "$ref" in schema:
            target, _, inner = schema["$ref"].partition("#/")
            file = target or file
            schema = self._documents[file]
            for step in inner.split("/"):
                schema = schema[step]
            field = NAMED.get(inner.rpartition("/")[2], field)
        if strange := set(schema) - KEYWORDS:
            raise ValueError(f"{file}: {field}: {strange} may hold texts that nobody looks at")
        kinds = _kinds(schema)
        values = [*schema.get("enum", []), schema.get("const")]
        if "string" in kinds or any(isinstance(value, str) for value in values):
            self.fields.add(field)
        for part in (*schema.get("oneOf", []), *schema.get("anyOf", [])):
            self._read(file, part, field)
        if "items" in schema:
            self._read(file, schema["items"], field + "[]")
        if "object" in kinds and field != "check.config":
            self._read_members(file, schema, field)
        for part in schema.get("allOf", []):
            if "$ref" in part:
                self._read(file, part, field)
                continue
            kind = part["if"]["properties"]["type"]["const"]
            self._read(file, part["then"]["properties"]["config"], f"{field}({kind}).config")

    def _read_members(self, file, schema, field):
        for key, value in schema.get("properties", {}).items():
            self._read(file, value, _joined(field, key))
        of_all = schema.get("additionalProperties", True)
        if of_all is False:
            return
        self._maps.add(field)
        self.fields.add(field + ".{}")
        if of_all is True:
            self._free.add(field)
            self.fields.add(field + ".*")
        else:
            self._read(file, of_all, field + ".*")

    # A document ---------------------------------------------------------------------------------------

    def _texts(self, node, field, place):
        of_free = field.removesuffix(".*")
        inside = field.endswith(".*") and of_free in self._free
        if isinstance(node, str):
            yield field, place
        elif isinstance(node, list):
            for index, item in enumerate(node):
                yield from self._texts(item, field if inside else _of_item(field, item), place + (index,))
        elif isinstance(node, dict):
            own = of_free if inside else field
            for key, value in node.items():
                if own in self._maps:
                    yield own + ".{}", place + (_Name(key),)
                yield from self._texts(value, self._of_member(own, key, node), place + (key,))

    def _of_member(self, field, key, node):
        if field in self._maps:
            return field + ".*"
        if field == "check" and key == "config":
            return f"check({node['type']}).config"
        return _joined(field, key)


class _Name:
    """The last step to a name itself, not to what it names."""

    def __init__(self, name):
        self.name = name


def hostile(document, place, payload):
    """The document with the payload in that place."""
    document = copy.deepcopy(document)
    at = document
    for step in place[:-1]:
        at = at[step]
    last = place[-1]
    if isinstance(last, _Name):
        at[payload] = at.pop(last.name)
    else:
        at[last] = payload
    return document


def hostile_everywhere(document, places, payload):
    """The same with the payload in all of those places, each of which is another field."""
    # A name last, and those within before it: it stands in the way to what it names.
    for place in sorted(places, key=lambda each: (isinstance(each[-1], _Name), -len(each))):
        document = hostile(document, place, payload)
    return document


def written(document):
    """As text. JSON is YAML, and whatever a text holds comes through."""
    return json.dumps(document, indent=1)


def _kinds(schema):
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _joined(field, key):
    return f"{field}.{key}" if field else key


def _of_item(field, item):
    return LISTED.get(field, field + "[]") if isinstance(item, dict) else field + "[]"
