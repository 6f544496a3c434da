#!/usr/bin/python3
"""The packages as they were built: what is in them, what they need, how they are confined, what they document."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import built  # noqa: E402
from built import ROOT, run  # noqa: E402

CONTENTS = {
    "switchyard-agent": [
        "/etc/switchyard/agent.yaml",
        "/usr/bin/switchyard-agent",
        "/usr/lib/systemd/system/switchyard-agent.service",
        "/usr/lib/systemd/system/switchyard-deadman.service",
        "/usr/lib/systemd/system/switchyard-resume.service",
        "/usr/lib/tmpfiles.d/switchyard-agent.conf",
        "/usr/share/doc/switchyard-agent/README.md",
        "/usr/share/doc/switchyard-agent/changelog.gz",
        "/usr/share/doc/switchyard-agent/copyright",
        "/usr/share/man/man8/switchyard-agent.8.gz",
    ],
    "switchyard-coordinator": [
        "/etc/switchyard/coordinator.yaml",
        "/usr/bin/switchyard",
        "/usr/bin/switchyard-coordinator",
        "/usr/lib/switchyard/template_helper.py",
        "/usr/lib/systemd/system/switchyard-coordinator.service",
        "/usr/lib/sysusers.d/switchyard-coordinator.conf",
        "/usr/lib/tmpfiles.d/switchyard-coordinator.conf",
        "/usr/share/bash-completion/completions/switchyard",
        "/usr/share/doc/switchyard-coordinator/README.md",
        "/usr/share/doc/switchyard-coordinator/changelog.gz",
        "/usr/share/doc/switchyard-coordinator/copyright",
        "/usr/share/man/man1/switchyard.1.gz",
        "/usr/share/man/man5/switchyard-manifest.5.gz",
        "/usr/share/man/man8/switchyard-coordinator.8.gz",
    ],
}
# The libraries that the agent may need of a host, besides the C library.
AGENT_LIBRARIES = {"libarchive13", "libssl3", "libsystemd0", "libzmq5", "libzstd1"}
C_LIBRARY = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
# `systemd-analyze security` in tenths: 0 is fully confined, 100 not at all. What is left is explained in docs/SECURITY.md.
EXPOSURE_MAX = {"switchyard-coordinator.service": 15, "switchyard-agent.service": 25, "switchyard-deadman.service": 25,
                "switchyard-resume.service": 25}


def needed_libraries(program):
    text = run(["readelf", "--dynamic", "--wide", program]).stdout
    return set(re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", text))


def options_of(help_text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_text))


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        place = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="switchyard-packages-"))
        cls.place = pathlib.Path(place)
        cls.packages = {name: built.Package(path, cls.place / name) for name, path in built.paths().items()}
        cls.agent = cls.packages["switchyard-agent"]
        cls.coordinator = cls.packages["switchyard-coordinator"]

    def each(self):
        for package in self.packages.values():
            with self.subTest(package.name):
                yield package

    # Contents -------------------------------------------------------------------------------------

    def test_hold_these_files_and_no_others(self):
        for package in self.each():
            self.assertEqual(package.files(), CONTENTS[package.name])

    def test_hold_nothing_that_others_may_write_or_that_gives_rights_away(self):
        for package in self.each():
            for mode, owner, path in package.entries():
                self.assertEqual(owner, "root/root", path)
                self.assertNotRegex(mode, "[sStT]", path)
                self.assertEqual((mode[5], mode[8]), ("-", "-"), path)

    def test_keep_what_the_administrator_wrote(self):
        for package in self.each():
            self.assertEqual(package.conffiles(), [path for path in CONTENTS[package.name] if path.startswith("/etc/")])

    def test_carry_their_licence_and_their_history(self):
        for package in self.each():
            copyright_text = (package.tree / f"usr/share/doc/{package.name}/copyright").read_text(encoding="utf-8")
            self.assertIn("License: Apache-2.0", copyright_text)
            self.assertTrue(package.document("changelog.gz").startswith(f"switchyard ({package.field('Version')})"))

    def test_please_lintian(self):
        run([ROOT / "tests/packages/lintian", *(package.path for package in self.packages.values())])

    # Libraries ------------------------------------------------------------------------------------

    def test_the_agent_needs_five_libraries_of_the_host(self):
        self.assertLessEqual(self.agent.dependencies(), AGENT_LIBRARIES | {"libc6"})
        self.assertIn("libzmq5", self.agent.dependencies())
        names = needed_libraries(self.agent.tree / "usr/bin/switchyard-agent") - C_LIBRARY
        self.assertLessEqual({name.split(".so")[0] for name in names},
                             {"libarchive", "libcrypto", "libssl", "libsystemd", "libzmq", "libzstd"})

    def test_the_agent_recommends_nftables_and_works_without(self):
        self.assertEqual(self.agent.dependencies("Recommends"), {"nftables"})
        self.assertEqual(self.coordinator.dependencies("Recommends"), {"python3-jinja2"})

    def test_no_program_needs_a_library_of_the_compiler(self):
        for package in self.each():
            for program in (package.tree / "usr/bin").iterdir():
                names = needed_libraries(program)
                self.assertFalse([name for name in names if name.startswith(("libstdc++", "libgcc"))], program.name)

    def test_every_library_that_a_program_needs_is_in_depends(self):
        for package in self.each():
            owners = set()
            for program in (package.tree / "usr/bin").iterdir():
                for name in needed_libraries(program) - C_LIBRARY:
                    found = run(["dpkg-query", "--search", f"*/{name}"]).stdout
                    owners.add(found.split(":")[0])
            self.assertLessEqual(owners, package.dependencies())

    # Units ----------------------------------------------------------------------------------------

    def units(self):
        for package in self.packages.values():
            for unit in sorted((package.tree / "usr/lib/systemd/system").iterdir()):
                with self.subTest(unit.name):
                    yield package, unit

    def test_units_are_valid(self):
        for package, unit in self.units():
            # systemd looks for programs on this machine, where they are not installed.
            text = unit.read_text(encoding="utf-8").replace("=/usr/bin/switchyard", f"={package.tree}/usr/bin/switchyard")
            copy = self.place / unit.name
            copy.write_text(text, encoding="utf-8")
            ended = run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", copy], check=False)
            self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_units_expose_little(self):
        explained = {cells[1].replace("\\|", "|").strip(" `") for cells in
                     (re.split(r"(?<!\\)\|", line) for line in self.security().splitlines()) if len(cells) > 3}
        for _, unit in self.units():
            ended = run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                         f"--threshold={EXPOSURE_MAX[unit.name]}", unit], check=False)
            print(ended.stdout.strip().splitlines()[-1].encode("ascii", "ignore").decode().strip())
            self.assertEqual(ended.returncode, 0, ended.stdout)
            points = set(re.findall(r"(?m)^✗ (.+?)  +", ended.stdout))
            self.assertGreater(len(points), 3)
            self.assertEqual(points - explained, set(), "docs/SECURITY.md does not explain these")

    def security(self):
        return (ROOT / "docs/SECURITY.md").read_text(encoding="utf-8")

    def test_every_place_that_a_unit_may_write_is_explained(self):
        explained = set(re.findall(r"`-?(/[\w/]+)`", self.security()))
        for _, unit in self.units():
            places = " ".join(re.findall(r"(?m)^ReadWritePaths=(.*)$", unit.read_text(encoding="utf-8")))
            self.assertEqual({place.lstrip("-") for place in places.split()} - explained, set())

    def test_units_leave_no_image_of_memory(self):
        for _, unit in self.units():
            self.assertRegex(unit.read_text(encoding="utf-8"), r"(?m)^LimitCORE=0$")

    def test_the_dead_man_is_not_tied_to_the_agent(self):
        unit = (self.agent.tree / "usr/lib/systemd/system/switchyard-deadman.service").read_text(encoding="utf-8")
        self.assertNotRegex(unit, r"(?m)^(PartOf|BindsTo|Requires|Requisite|Conflicts|StopPropagatedFrom)=")
        self.assertNotIn("switchyard-agent.service", unit)

    def test_users_and_directories_are_made_as_written(self):
        root = self.place / "root"
        (root / "etc").mkdir(parents=True)
        tree = self.coordinator.tree
        run(["systemd-sysusers", f"--root={root}", tree / "usr/lib/sysusers.d/switchyard-coordinator.conf"])
        self.assertRegex((root / "etc/passwd").read_text(encoding="utf-8"),
                         r"(?m)^switchyard:.*:/var/lib/switchyard/coordinator:/usr/sbin/nologin$")
        self.assertRegex((root / "etc/group").read_text(encoding="utf-8"), r"(?m)^switchyard:")
        for package in self.packages.values():
            run(["systemd-tmpfiles", f"--root={root}", "--create",
                 package.tree / f"usr/lib/tmpfiles.d/{package.name}.conf"])
        for place in ("run/switchyard", "var/lib/switchyard"):
            self.assertEqual((root / place).stat().st_mode & 0o7777, 0o755)
        self.assertEqual(str((root / "run/switchyard/coordinator.sock").readlink()), "coordinator/coordinator.sock")

    # Documents ------------------------------------------------------------------------------------

    def test_manual_pages_are_without_fault(self):
        for package in self.each():
            for page in sorted((package.tree / "usr/share/man").rglob("*.gz")):
                ended = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], timeout=60,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
                                       env={"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "100",
                                            "PATH": "/usr/bin:/bin"})
                self.assertEqual((ended.returncode, ended.stderr), (0, ""), page.name)

    def help_of(self, program, *words):
        return run([self.packages[program[0]].tree / "usr/bin" / program[1], *words, "--help"]).stdout

    def manual(self, page):
        text = (ROOT / "docs/man" / page).read_text(encoding="utf-8")
        return {"--" + word for word in re.findall(r"\bFl -([a-z-]+)", text)}

    def test_manual_pages_name_every_option(self):
        agent, coordinator = ("switchyard-agent",) * 2, ("switchyard-coordinator",) * 2
        self.assertEqual(self.manual("switchyard-agent.8"), options_of(self.help_of(agent)))
        self.assertEqual(self.manual("switchyard-coordinator.8"), options_of(self.help_of(coordinator)))
        wanted = set()
        for words, _ in self.grammar():
            wanted |= options_of(self.help_of(("switchyard-coordinator", "switchyard"), *words.split()))
        self.assertEqual(self.manual("switchyard.1"), wanted)

    def grammar(self):
        """The table of the completion: path of words, and what may follow."""
        text = (ROOT / "cli/completion/switchyard").read_text(encoding="utf-8")
        table = text.split("<<'TABLE'\n")[1].split("\nTABLE")[0]
        return [line.split("|") for line in table.splitlines()]

    def test_the_completion_knows_every_verb_and_option(self):
        everywhere = options_of(self.help_of(("switchyard-coordinator", "switchyard")))
        for words, after in self.grammar():
            with self.subTest(words):
                text = self.help_of(("switchyard-coordinator", "switchyard"), *words.split())
                verbs = re.search(r"(?ms)^Subcommands:\n(.*?)(?:^\S|\Z)", text)
                known = set(after.split()) - {"FILE"}
                if verbs:
                    # A verb, and after commas its other names.
                    lines = re.findall(r"(?m)^  ([^\s,]+(?:, [^\s,]+)*)", verbs[1])
                    self.assertEqual(known, {name for line in lines for name in line.split(", ")})
                else:
                    self.assertEqual(known, options_of(text) - everywhere - {"--help"})

    def test_the_completion_completes(self):
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _switchyard; echo "${COMPREPLY[*]}"'
        for line, wanted in {
                "switchyard dep": "deploy",
                "switchyard --json agents token ": "create",
                "switchyard deploy start --no-r": "--no-rollback",
                "switchyard shop.yaml --seq": "--sequential",
                "switchyard rollback start d1 --comp": "--components",
                "switchyard deploy start shop.yaml --strategy roll": "rolling",
                "switchyard rollback start d1 --strategy gr": "graceful",
                "switchyard config sh": "show",
                "switchyard config render --va": "--vars",
        }.items():
            with self.subTest(line):
                ended = run(["bash", "-c", script, "bash", ROOT / "cli/completion/switchyard", *line.split(" ")])
                self.assertEqual(ended.stdout.strip(), wanted)

    # Configuration --------------------------------------------------------------------------------

    def test_the_shipped_configuration_is_in_order(self):
        config = self.coordinator.tree / "etc/switchyard/coordinator.yaml"
        ended = run([self.coordinator.tree / "usr/bin/switchyard-coordinator", "--root", self.place / "coordinator",
                     "--config", config, "--check"], check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout)
        ended = run([self.agent.tree / "usr/bin/switchyard-agent", "--root", self.place / "agent",
                     "--config", self.agent.tree / "etc/switchyard/agent.yaml", "status"], check=False)
        self.assertEqual(ended.returncode, 2, ended.stdout)
        self.assertIn("not enrolled", ended.stdout)


def main():
    missing = built.missing_commands(built.COMMANDS)
    if missing:
        print("tests/packages: cannot run here; missing:", *missing, sep="\n  ", file=sys.stderr)
        return built.CANNOT_RUN
    outcome = unittest.main(exit=False, verbosity=1).result
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
