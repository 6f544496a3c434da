#!/usr/bin/python3
"""What the agent does to a host, tried on a real systemd: the test program fleet_agent_systemd runs in a test host."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import CannotRun, Fleet  # noqa: E402
from harness import requirements  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "/root/fleet_agent_systemd"
STABLE_PORT = 59001  # of tests/unit/agent_system/switch_unit_test.cpp


def built_program():
    """SWITCHYARD_BUILD names a build directory that has the program; without it, it is built."""
    build = os.environ.get("SWITCHYARD_BUILD")
    if build is None:
        build = ROOT / "build/bench"
        subprocess.run([ROOT / "script/build", "bench", "fleet_agent_systemd"], check=True)
    return pathlib.Path(build) / "tests/unit/agent_system/fleet_agent_systemd"


class AgentOnSystemd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        program = built_program()
        cls.fleet = cls.enterClassContext(Fleet("systemd", hosts=1))
        cls.host = cls.fleet.hosts[0]
        cls.host.copy_in(program, PROGRAM)

    def run_tests(self, filter="*", *options):
        output = self.host.run(
            ["env", "SWITCHYARD_TEST_HOST=1", PROGRAM, f"--gtest_filter={filter}", *options], timeout=120)
        self.assertRegex(output, r"\[  PASSED  \] [1-9]")

    def test_service_manager_keeps_its_contract(self):
        self.run_tests("Sdbus*")

    def test_switch_unit_loads_the_table(self):
        self.run_tests("SwitchUnit*")

    def test_switch_comes_back_after_a_reboot_without_any_agent(self):
        self.run_tests("*LeavesAnEntryForTheReboot", "--gtest_also_run_disabled_tests")
        self.host.reboot()
        table = self.host.run(["nft", "list", "map", "inet", "switchyard", "live"])
        self.assertIn(f"{STABLE_PORT} : ", table)
        self.run_tests("*BringsTheEntryBackAfterTheReboot", "--gtest_also_run_disabled_tests")


if __name__ == "__main__":
    try:
        requirements.require()
    except CannotRun as error:
        print(error, file=sys.stderr)
        sys.exit(requirements.EXIT_STATUS)
    unittest.main()
