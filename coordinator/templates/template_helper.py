"""Renders Jinja2 templates for Switchyard: one JSON line in, one JSON line out, until the input ends.

Whoever starts it trusts neither templates nor values. The sandbox of Jinja2 keeps templates from Python; the limits below
keep them from memory, files and processes; and the parent kills this process when an answer takes too long or is too
large. Secrets are not here at all: a template gets a mark for each, and the answer says where the marks were printed.

    template_helper.py MEMORY_BYTES

A request: {"text", "variables" (JSON in a text), "caller": {name: pieces}, "unset": [name], "now_ms" (if it may be asked),
"output_bytes_max", "seconds_max"}. An answer: {"pieces": [...]} or {"fault", "message", "variable", "line"}.
"""
import json
import resource
import sys


def limit_process(memory_bytes):
    """Before anything else is loaded; what is loaded later still fits."""
    for limit, value in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
                         (resource.RLIMIT_NOFILE, 32), (resource.RLIMIT_NPROC, 0)):
        resource.setrlimit(limit, (value, value))


def say(answer):
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    limit_process(int(sys.argv[1]))
try:
    import jinja2
    import jinja2.debug  # Jinja2 itself would load it at the first error
    from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError, UndefinedError
    from jinja2.runtime import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import missing
except ImportError as error:
    say({"ready": False, "message": f"Jinja2 is not there ({error}); install the package python3-jinja2"})
    sys.exit(3)

import base64
import datetime
import functools
import gc
import re
import secrets
import signal

# One pattern for all nonces: to compile one for each would take as long as to run it over many texts.
NONCE_BYTES = 12
MARK = re.compile(f"<([0-9a-f]{{{2 * NONCE_BYTES}}}):([0-9]+)>")
RANDOM_LENGTH_MAX = 1024
MESSAGE_MAX = 500


class SecretMisused(Exception):
    pass


class TooLarge(Exception):
    pass


class Missing(StrictUndefined):
    """A variable that is not there: an error wherever it is used, which names it in full."""

    __slots__ = ()

    @property
    def _full_name(self):
        if isinstance(self._undefined_obj, Names):
            return f"{self._undefined_obj._place}.{self._undefined_name}"
        if isinstance(self._undefined_obj, Env):
            return f"env.{self._undefined_name}"
        return str(self._undefined_name)

    @property
    def _undefined_message(self):
        if self._undefined_hint:
            return self._undefined_hint
        if self._undefined_obj is missing or isinstance(self._undefined_obj, (Names, Env)):
            return f"undefined variable '{self._full_name}'"
        return f"undefined variable '{self._undefined_name}' of a {type(self._undefined_obj).__name__}"

    def _fail_with_undefined_error(self, *_, **__):
        error = self._undefined_exception(self._undefined_message)
        error.variable = self._full_name
        raise error

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = __contains__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __div__ = __rdiv__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail_with_undefined_error
    __pos__ = __neg__ = __call__ = __getitem__ = __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error
    __int__ = __float__ = __complex__ = __pow__ = __rpow__ = _fail_with_undefined_error


class Unset(Missing):
    """A variable that may be read and is not set: false, so that `env('X') or 'default'` works."""

    __slots__ = ()

    def __bool__(self):
        return False


class Names(dict):
    """A map of the configuration. Its keys come before the methods of dict: `config.items` is the key `items`."""

    def __init__(self, entries, place):
        super().__init__(entries)
        self._place = place


class Written(float):
    """A number that is printed as it was written: 1.20 stays 1.20."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number._text = text
        return number

    def __str__(self):
        return self._text

    __repr__ = __str__


class Marks:
    """The secrets of one rendering, and the texts that stand for them until it is over."""

    def __init__(self):
        self.nonce = secrets.token_hex(NONCE_BYTES)
        self.marked = []
        self.randoms = 0

    def mark(self, pieces):
        self.marked.append(pieces)
        return f"<{self.nonce}:{len(self.marked) - 1}>"

    def pieces_of(self, text):
        """The text cut at its marks. What is left of a mark that was changed is an error."""
        pieces = []
        end = 0
        for found in MARK.finditer(text):
            if found.group(1) != self.nonce:
                continue
            pieces.append({"text": text[end:found.start()]})
            pieces.extend(self.marked[int(found.group(2))])
            end = found.end()
        pieces.append({"text": text[end:]})
        for piece in pieces:
            rest = piece.get("text", "").lower()
            if self.marked and (self.nonce in rest or self.nonce[::-1] in rest):
                raise SecretMisused("a secret was changed; a template can print a secret, or give it to base64_encode()")
        return joined(pieces)


def joined(pieces):
    """Without empty texts, and with neighbouring ones as one."""
    result = []
    for piece in pieces:
        if piece.get("text") == "":
            continue
        if result and "text" in piece and "text" in result[-1]:
            result[-1] = {"text": result[-1]["text"] + piece["text"]}
        else:
            result.append(piece)
    return result


class Secret:
    """A text with secrets. It can be printed, joined to other texts, and encoded; nothing can be learnt from it."""

    __slots__ = ("_marks", "_pieces")

    def __init__(self, marks, pieces):
        self._marks = marks
        self._pieces = pieces

    def __str__(self):
        return self._marks.mark(self._pieces)

    __repr__ = __str__

    def __bool__(self):
        return True

    def __add__(self, other):
        return str(self) + str(other)

    def __radd__(self, other):
        return str(other) + str(self)

    def _refuse(self, *_):
        raise SecretMisused("a secret cannot be compared, counted or taken apart; a template can print it, or give it to "
                            "base64_encode()")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuse
    __hash__ = _refuse


def encode_pieces(pieces):
    if len(pieces) != 1 or "text" in pieces[0]:
        raise SecretMisused("base64_encode() takes a whole secret, not a text in which one stands")
    return [dict(pieces[0], base64=pieces[0].get("base64", 0) + 1)]


class Env:
    """`env.NAME` reads the environment file, `env('NAME')` the caller's variables that the file names; each reads the
    other's when it has none of that name."""

    def __init__(self, names, caller, unset):
        self._names = names
        self._caller = caller
        self._unset = unset

    def __getitem__(self, name):
        if name in self._names:
            return self._names[name]
        return self._of_caller(name)

    def __call__(self, name, default=None):
        for place in (self._caller, self._names):
            if name in place:
                return place[name]
        if default is not None:
            return default
        try:
            return self._of_caller(name)
        except KeyError:
            return Missing(obj=self, name=name)

    def _of_caller(self, name):
        if name in self._caller:
            return self._caller[name]
        if name in self._unset:
            return Unset(hint=f"undefined variable '{name}': it is not set in the environment of the command",
                         obj=missing, name=name)
        raise KeyError(name)


class Sandbox(ImmutableSandboxedEnvironment):
    def getattr(self, obj, attribute):
        if isinstance(obj, Names) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def base64_encode(value):
    if isinstance(value, Secret):
        return Secret(value._marks, encode_pieces(value._pieces))
    return base64.b64encode(str(value).encode()).decode()


# Most texts are rendered once: to fold their constants beforehand takes longer than it spares.
SANDBOX = Sandbox(undefined=Missing, keep_trailing_newline=True, cache_size=0, optimized=False)
SANDBOX.filters["base64_encode"] = base64_encode


@functools.lru_cache(maxsize=256)
def compiled(text):
    return SANDBOX.from_string(text)


def wrapped(value, place, marks):
    """JSON as templates see it."""
    if isinstance(value, dict):
        if set(value) == {"$pieces"}:
            return Secret(marks, value["$pieces"])
        return Names({key: wrapped(item, f"{place}.{key}" if place else key, marks) for key, item in value.items()}, place)
    if isinstance(value, list):
        return [wrapped(item, f"{place}[{number}]", marks) for number, item in enumerate(value)]
    return value


def plain_or_secret(pieces, marks):
    if all("text" in piece for piece in pieces):
        return "".join(piece["text"] for piece in pieces)
    return Secret(marks, pieces)


def functions_of(request, marks):
    def random_string(length):
        if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= RANDOM_LENGTH_MAX:
            raise ValueError(f"random_string() takes a length from 1 to {RANDOM_LENGTH_MAX}")
        marks.randoms += 1
        return Secret(marks, [{"random": marks.randoms - 1, "length": length}])

    def now():
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return epoch + datetime.timedelta(milliseconds=request["now_ms"])

    functions = {"random_string": random_string, "base64_encode": base64_encode}
    if "now_ms" in request:
        functions["now"] = now
    return functions


def rendered(request):
    marks = Marks()
    variables = wrapped(json.loads(request["variables"], parse_float=Written), "", marks)
    functions = functions_of(request, marks)
    for name in functions:
        if name in variables:
            raise TemplateError(f"the variable '{name}' has the name of a function; rename it")
    env = variables.pop("env", {})
    caller = {name: plain_or_secret(pieces, marks) for name, pieces in request["caller"].items()}
    functions["env"] = Env(env if isinstance(env, dict) else {}, caller, set(request["unset"]))

    parts = []
    size = 0
    for part in compiled(request["text"]).generate(dict(variables) | functions):
        parts.append(part)
        size += len(part)
        if size > request["output_bytes_max"]:
            raise TooLarge(f"the output is larger than {request['output_bytes_max']} bytes")
    text = "".join(parts)
    if len(text.encode()) > request["output_bytes_max"]:
        raise TooLarge(f"the output is larger than {request['output_bytes_max']} bytes")
    return marks.pieces_of(text)


def line_of(error):
    """The template's line in which it happened; 0 if no line of it did."""
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def fault_of(error):
    if isinstance(error, TemplateSyntaxError):
        return "syntax"
    if isinstance(error, (SecurityError, SecretMisused)):
        return "forbidden"
    if isinstance(error, UndefinedError):
        return "undefined"
    if isinstance(error, (TooLarge, MemoryError)):
        return "too_large"
    return "failed"


def failure(error):
    known = isinstance(error, (TemplateError, SecretMisused, TooLarge))
    message = str(error) if known else f"{type(error).__name__}: {error}"
    if isinstance(error, TemplateSyntaxError):
        message = error.message or "syntax error"
    if isinstance(error, MemoryError):
        message = "the template needs more memory than it may have"
    line = error.lineno if isinstance(error, TemplateSyntaxError) else line_of(error)
    return {"fault": fault_of(error), "message": message[:MESSAGE_MAX].encode(errors="replace").decode(),
            "variable": getattr(error, "variable", "")[:MESSAGE_MAX], "line": line}


def answer_to(line):
    """The answer, and whether this process is still fit to give another one."""
    request = json.loads(line)
    # Whoever asked may be gone, and then nobody kills us.
    signal.setitimer(signal.ITIMER_REAL, request["seconds_max"])
    try:
        return {"pieces": rendered(request)}, True
    except (MemoryError, RecursionError) as error:
        return failure(error), False
    except Exception as error:  # whatever a template can raise is an answer
        return failure(error), True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main():
    # What is loaded by now stays; no collection need look at it again.
    gc.collect()
    gc.freeze()
    say({"ready": True, "jinja": jinja2.__version__})
    for line in sys.stdin.buffer:
        answer, fit = answer_to(line)
        say(answer)
        if not fit:
            break


if __name__ == "__main__":
    main()
