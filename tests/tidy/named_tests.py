#!/usr/bin/python3
"""Does everything exist that the pages about threats, faults and figures name as their evidence?

Names stand in backticks. What is looked for, and where:

  Suite.Test, Suite.Prefix…, Suite    tests of GoogleTest and RapidCheck in tests/, classes of Python's unittest too
  scenario `name`, stories `a`, `b`   tests/fleet/scenarios/name_test.py, or beside that folder
  fuzz_*                              tests/fuzz/CMakeLists.txt
  unit_*, contract_*, golden_*        programs that a CMakeLists.txt below tests/ registers
  tests/…                             paths; those given to tests/fleet/run are scenarios
  script/test, soak and bench NAME    what these scripts can do

Records of decisions name tests too, and types of the sources besides: there, a word without a dot is not looked for.
In docs/SECURITY.md every threat names a test, and every test there is a link to its file:

  tests/tidy/named_tests.py           says what is wrong (tests/tidy/tidy.py asks so, too)
  tests/tidy/named_tests.py --write   writes the links
"""
import ast
import collections
import difflib
import functools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
THREATS = pathlib.Path("docs/SECURITY.md")
PAGES = [THREATS, pathlib.Path("docs/RELIABILITY.md"), pathlib.Path("docs/PERFORMANCE.md")]
RECORDS = sorted(path.relative_to(ROOT) for path in (ROOT / "docs/adr").glob("*.md"))
HEAD = "| | threat | what stands against it | shown by |\n"
BEGIN = "<!-- where the tests are: tests/tidy/named_tests.py --write -->\n"

GOOGLE_TEST = re.compile(r"^[ \t]*(?:(?:TYPED_)?TEST(?:_F|_P)?|RC_GTEST_(?:FIXTURE_)?PROP)\(\s*(\w+),\s*(\w+)", re.M)
QUOTED = re.compile(r"`([^`\n]+)`")
TEST = re.compile(r"([A-Z]\w+)\.([A-Za-z]\w*)(…?)")
SUITE = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+")
PROGRAM = re.compile(r"(?:fuzz|unit|contract|golden)_[a-z]\w*")
STORIES = re.compile(r"\b(?:scenarios?|story|stories)\s+((?:`[a-z]\w*`(?:,\s+|\s+and\s+)?)+)")
COMMAND = re.compile(r"script/(test|soak|bench)((?: [a-z][\w+]*)*)")
FILES = {"cpp", "hpp", "json", "md", "py", "sh", "txt", "yaml"}  # `README.md` is no test of a suite


def test_in(text):
    """The match of a name of a test, or nothing."""
    found = TEST.fullmatch(text)
    return found if found and found[2] not in FILES else None


def python_tests(path):
    for each in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(each, ast.ClassDef):
            for part in each.body:
                if isinstance(part, ast.FunctionDef) and part.name.startswith("test"):
                    yield each.name, part.name


@functools.lru_cache(maxsize=None)
def known_tests():
    """Suite -> test -> the file that holds it."""
    tests = collections.defaultdict(dict)
    for path in sorted([*TESTS.rglob("*.cpp"), *TESTS.rglob("*.hpp")]):
        for suite, name in GOOGLE_TEST.findall(path.read_text(encoding="utf-8", errors="replace")):
            tests[suite][name] = path.relative_to(ROOT)
    for path in sorted(TESTS.rglob("*_test.py")):
        for suite, name in python_tests(path):
            tests[suite][name] = path.relative_to(ROOT)
    return tests


@functools.lru_cache(maxsize=None)
def known_scenarios():
    return {path.name.removesuffix("_test.py") for folder in ("fleet", "fleet/scenarios")
            for path in (TESTS / folder).glob("*_test.py")}


@functools.lru_cache(maxsize=None)
def known_programs():
    """What tests are built into, and what is fuzzed."""
    return {name for path in TESTS.rglob("CMakeLists.txt")
            for name in re.findall(r"project_(?:test\(NAME|fuzz\()\s*(\w+)", path.read_text(encoding="utf-8"))}


@functools.lru_cache(maxsize=None)
def known_words(script):
    """What may follow script/test, script/soak or script/bench: each says so in its usage."""
    text = (ROOT / "script" / script).read_text(encoding="utf-8")
    indented = r"^#? {2,3}([a-z]+) {2,}\S"
    return set(re.findall(indented, text, re.M))


def nearest(name, names):
    found = difflib.get_close_matches(name, sorted(names), 1, 0.4)
    return f"; the nearest is {found[0]}" if found else ""


def missing_test(suite, name, more):
    """What is wrong with the name of a test, or nothing; `more`: the name goes on, it ended in `…`."""
    tests = known_tests()
    if suite in tests and any(each == name or more and each.startswith(name) for each in tests[suite]):
        return ""
    return f"there is no test {suite}.{name}{'…' if more else ''}" + nearest(
        f"{suite}.{name}", [f"{each}.{test}" for each in tests for test in tests[each]])


def missing(text):
    """What is wrong with one text in backticks, or nothing."""
    words = text.split()
    test = test_in(text)
    if test:
        return missing_test(test[1], test[2], bool(test[3]))
    if SUITE.fullmatch(text) and text not in known_tests():
        return f"there is no suite of tests {text}" + nearest(text, known_tests())
    if PROGRAM.fullmatch(text) and text not in known_programs():
        return f"there is no program {text}" + nearest(text, known_programs())
    if words and words[0].startswith("tests/"):
        if not list(ROOT.glob(words[0])):
            return f"there is no {words[0]}" + nearest(words[0], {path.relative_to(ROOT).as_posix()
                                                                   for path in TESTS.rglob("*")})
        if words[0] == "tests/fleet/run":
            return missing_scenario(words[1:])
    command = COMMAND.match(text)
    if command:
        for word in re.split(r"[ +]", command[2].strip()):
            if word and word not in known_words(command[1]):
                return f"script/{command[1]} knows no {word}" + nearest(word, known_words(command[1]))
    return ""


def missing_scenario(names):
    for name in names:
        if name not in known_scenarios():
            return f"there is no scenario {name}" + nearest(name, known_scenarios())
    return ""


def line_of(text, place):
    return text.count("\n", 0, place) + 1


def links_of(page):
    """The links at the end of the page about threats, one for each test that it names."""
    names = sorted({text for text in QUOTED.findall(page) if test_in(text) and not missing(text)})
    tests = known_tests()
    return "".join(f"[`{name}`]: ../{tests[suite][test]}\n"
                   for name in names for suite, _, test in [name.partition(".")] if test in tests[suite])


def check_threats(page, report):
    """Each row of the table shows its threat by something that exists, and each test is a link."""
    text, _, links = page.partition(BEGIN)
    begin = text.index(HEAD)
    table = text[begin:].split("\n\n")[0].splitlines()
    for number, line in enumerate(table[2:], line_of(text, begin) + 2):  # below the heading and its rule
        shown = line.rsplit(" | ", 1)[-1]
        named = [name for name in QUOTED.findall(shown) if test_in(name) or PROGRAM.fullmatch(name)
                 or name.startswith("tests/")]
        if not named and not STORIES.search(shown):
            report(THREATS, number, "no test shows what stands against this threat")
    for found in QUOTED.finditer(text):
        if test_in(found[1]) and not missing(found[1]) and text[found.start() - 1] != "[":
            report(THREATS, line_of(text, found.start()), f"{found[1]} is no link; tests/tidy/named_tests.py --write")
    if links.strip() != links_of(text).strip():
        report(THREATS, line_of(page, len(text)), "these are not the files of the tests that are named above; "
               "tests/tidy/named_tests.py --write")


def check(report):
    """Calls report(page, line, what is wrong)."""
    for path in [*PAGES, *RECORDS]:
        page = (ROOT / path).read_text(encoding="utf-8")
        text = page.partition(BEGIN)[0]
        for number, line in enumerate(text.splitlines(), 1):
            if line.count("`") % 2 and not line.startswith("```"):
                report(path, number, "what stands in backticks must end on its line, or it is not looked for")
        for found in QUOTED.finditer(text):
            wrong = "" if path in RECORDS and SUITE.fullmatch(found[1]) else missing(found[1])
            if wrong:
                report(path, line_of(text, found.start()), wrong)
        for found in STORIES.finditer(text):
            wrong = missing_scenario(QUOTED.findall(found[1]))
            if wrong:
                report(path, line_of(text, found.start()), wrong)
        if path == THREATS:
            check_threats(page, report)


def write_links():
    path = ROOT / THREATS
    text = path.read_text(encoding="utf-8").partition(BEGIN)[0]
    # With those that are links already, or the end of one and the beginning of the next would be taken for a pair.
    text = re.sub(r"\[?`([^`\n]+)`",
                  lambda found: f"[{found[0]}]" if test_in(found[1]) and found[0][0] != "[" else found[0], text)
    path.write_text(f"{text.rstrip()}\n\n{BEGIN}\n{links_of(text)}", encoding="utf-8")


def main():
    if sys.argv[1:] == ["--write"]:
        write_links()
    wrong = []
    check(lambda path, line, text: wrong.append(f"{path}:{line}: {text}"))
    print("".join(f"{line}\n" for line in wrong), end="")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
