#!/usr/bin/python3
"""The test hosts themselves: do they do what tests of the product take for granted?"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import CannotRun, CommandFailed, Fleet  # noqa: E402
from harness import requirements, settings, state  # noqa: E402


def answers(host, address, seconds=3):
    # A neighbour that was silent is asked again once a second, hence more than one.
    return "1 received" in host.run(["ping", "-c1", f"-W{seconds}", address], check=False)


class Hosts(unittest.TestCase):
    """All on one fleet of three, because booting is not what is tested here."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet("selftest", hosts=3))
        cls.h1, cls.h2, cls.h3 = cls.fleet.hosts

    def test_run_a_real_systemd_without_failed_units(self):
        for host in self.fleet.hosts:
            self.assertEqual(host.run(["systemctl", "is-system-running"]).strip(), "running")
            self.assertEqual(host.run(["hostname"]).strip(), host.name)
            self.assertEqual(host.run(["cat", "/proc/1/comm"]).strip(), "systemd")

    def test_have_identities_of_their_own(self):
        self.assertEqual(len({host.run(["cat", "/etc/machine-id"]) for host in self.fleet.hosts}), 3)

    def test_do_not_start_services_of_the_distribution(self):
        for unit in ("nginx", "haproxy", "postgresql"):
            self.assertEqual(self.h1.run(["systemctl", "is-active", unit], check=False).strip(), "inactive")

    def test_may_change_their_own_packet_filter_only(self):
        self.h1.run(["nft", "add", "table", "inet", "mine"])
        self.assertIn("mine", self.h1.run(["nft", "list", "tables"]))
        self.assertNotIn("mine", self.h2.run(["nft", "list", "tables"]))
        self.h1.run(["nft", "delete", "table", "inet", "mine"])

    def test_start_nginx_that_a_client_outside_reaches(self):
        self.h2.run(["systemctl", "start", "nginx"])
        page = self.fleet.run_outside(["curl", "-sS", "--max-time", "5", f"http://{self.h2.address}/"])
        self.assertIn("nginx", page)
        self.h2.run(["systemctl", "stop", "nginx"])

    def test_run_fails_with_the_error_text_and_in_time(self):
        with self.assertRaisesRegex(CommandFailed, "No such file"):
            self.h1.run(["ls", "/nowhere"])
        started = time.monotonic()
        with self.assertRaisesRegex(CommandFailed, "did not end in time"):
            self.h1.run(["sleep", "97"], timeout=1)
        self.assertLess(time.monotonic() - started, 5)
        self.assertNotIn("sleep 97", self.h1.run(["ps", "-ef"]))

    def test_copy_files_and_directories_in_and_out(self):
        with tempfile.TemporaryDirectory() as place:
            program = pathlib.Path(place, "deep/program")
            program.parent.mkdir()
            program.write_text("#!/bin/sh\necho run\n")
            program.chmod(0o755)
            self.h1.copy_in(place, "/srv/copied")
            self.h1.copy_in(program, "/srv/copied/once-more")
        self.assertEqual(self.h1.run(["/srv/copied/deep/program"]), "run\n")
        self.assertEqual(self.h1.run(["/srv/copied/once-more"]), "run\n")
        self.assertEqual(self.h1.copy_out("/srv/copied/once-more"), b"#!/bin/sh\necho run\n")

    def test_keep_disk_and_address_over_a_reboot(self):
        self.h3.run(["nft", "add", "table", "inet", "lost"])
        self.h3.run(["sh", "-c", "echo kept > /srv/note"])
        self.h3.run(["systemd-cat", "echo", "before the reboot"])
        self.h3.reboot()
        self.assertEqual(self.h3.run(["cat", "/srv/note"]), "kept\n")
        self.assertTrue(answers(self.h1, self.h3.address))
        self.assertIn("before the reboot", self.h3.read_journal())
        self.assertNotIn("before the reboot", self.h3.read_journal(boot=0))
        self.assertEqual(self.h3.run(["nft", "list", "tables"]), "")

    def test_die_at_once_and_come_back(self):
        started = time.monotonic()
        self.h3.power_cut()
        self.assertLess(time.monotonic() - started, 2)
        self.assertEqual(self.h3.state(), "down")
        self.assertFalse(answers(self.h1, self.h3.address, seconds=1))
        self.h3.start()
        self.assertTrue(answers(self.h1, self.h3.address))

    def test_are_mute_while_frozen(self):
        self.h2.run(["systemctl", "start", "nginx"])
        ask = ["curl", "-s", "-o", "/dev/null", "--max-time", "1", f"http://{self.h2.address}/"]
        self.h2.freeze()
        self.assertEqual(self.h2.state(), "frozen")
        with self.assertRaises(CommandFailed):
            self.fleet.run_outside(ask)
        self.h2.thaw()
        self.fleet.run_outside(ask)
        self.h2.run(["systemctl", "stop", "nginx"])

    def test_are_cut_off_and_healed(self):
        self.h2.cut()
        self.assertFalse(answers(self.h1, self.h2.address, seconds=1))
        with self.assertRaises(CommandFailed):
            self.fleet.run_outside(["ping", "-c1", "-W1", self.h2.address])
        self.assertTrue(answers(self.h1, self.h3.address))
        self.h2.heal()
        self.assertTrue(answers(self.h1, self.h2.address))

    def test_are_cut_off_in_one_direction(self):
        self.h1.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all"])
        listen = "socat -u UDP4-RECV:7777 CREATE:{}".format
        with tempfile.TemporaryDirectory() as place:
            heard = pathlib.Path(place, "heard")
            ear = self.fleet.start_outside(listen(heard).split())
            time.sleep(0.3)
            say = "echo {} > /dev/udp/{}/7777".format
            self.h1.cut("in")
            self.h1.run(["bash", "-c", say("leaves", self.fleet.gateway)])
            self.h1.heal()
            self.h1.cut("out")
            self.h1.run(["bash", "-c", say("stays", self.fleet.gateway)], check=False)
            self.h1.heal()
            time.sleep(0.3)
            ear.terminate()
            ear.wait(5)
            self.assertEqual(heard.read_text(), "leaves\n")
        self.h1.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_echo_ignore_all"])

    def test_are_cut_off_from_one_peer_only(self):
        self.h1.cut(peer=self.h2)
        self.assertFalse(answers(self.h1, self.h2.address, seconds=1))
        self.assertTrue(answers(self.h1, self.h3.address))
        self.assertTrue(answers(self.h1, self.fleet.gateway))
        self.h1.heal()
        self.h1.cut(peer="gateway")
        self.assertTrue(answers(self.h1, self.h2.address))
        self.assertFalse(answers(self.h1, self.fleet.gateway, seconds=1))
        self.h1.heal()
        self.assertTrue(answers(self.h1, self.fleet.gateway))

    def test_are_found_again_by_another_process(self):
        found = Fleet.open("selftest")
        self.assertEqual([host.address for host in found.hosts], [host.address for host in self.fleet.hosts])
        self.assertEqual(found["h1"].run(["hostname"]), "h1\n")


class Fleets(unittest.TestCase):
    def test_live_side_by_side_and_leave_nothing(self):
        with Fleet("left", hosts=["web", "db-1"]) as left, Fleet("right", hosts=1) as right:
            self.assertNotEqual(left.gateway, right.gateway)
            self.assertTrue(answers(left["web"], left["db-1"].address))
            self.assertFalse(answers(left["web"], right["h1"].address, seconds=1))
        self.assert_nothing_left("left")
        self.assert_nothing_left("right")

    def test_of_a_killed_run_are_cleared_away_by_name(self):
        script = ("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1])\n"
                  "from harness import Fleet\n"
                  "with Fleet('killed', hosts=1) as fleet:\n"
                  "    fleet.start_outside(['sleep', '600'])\n"
                  "    print('up', flush=True); sys.stdin.read()\n")
        with subprocess.Popen([sys.executable, "-c", script, str(pathlib.Path(__file__).parent)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dying:
            self.assertEqual(dying.stdout.readline(), "up\n")
            with self.assertRaisesRegex(RuntimeError, "in use"):
                Fleet("killed", hosts=1).__enter__()
            dying.kill()
        self.assertTrue(Fleet.open("killed")["h1"].is_running())
        Fleet("killed", hosts=0).down()
        self.assert_nothing_left("killed")

    def test_end_with_a_run_that_is_told_to_end(self):
        script = ("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1])\n"
                  "from harness import Fleet\n"
                  "with Fleet('told', hosts=1) as fleet:\n"
                  "    print('up', flush=True); sys.stdin.read()\n")
        with subprocess.Popen([sys.executable, "-c", script, str(pathlib.Path(__file__).parent)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as told:
            self.assertEqual(told.stdout.readline(), "up\n")
            told.terminate()
            self.assertEqual(told.wait(30), 143)
        self.assert_nothing_left("told")

    def test_refuse_names_that_cannot_be_interfaces(self):
        for names in (["far-too-long-name"], ["UPPER"], ["outside"], ["h1", "h1"], [""]):
            with self.assertRaises(ValueError):
                Fleet("names", hosts=names)

    def assert_nothing_left(self, name):
        self.assertFalse((state.fleets_directory() / name).exists())
        self.assertNotIn(f"switchyard-fleet/fleets/{name}/", pathlib.Path("/proc/self/mountinfo").read_text())
        for place in ("/run/netns", "/run/systemd/nspawn/propagate"):
            left = [entry.name for entry in pathlib.Path(place).glob(f"sy-{name}*")]
            self.assertEqual(left, [])
        self.assertEqual([str(group) for group in pathlib.Path("/sys/fs/cgroup").glob(f"**/switchyard-fleet/{name}")], [])


class SettingsOfTheMachine(unittest.TestCase):
    """On a stand-in for the real setting: other fleets of this machine may have raised that one, and need it raised."""

    def setUp(self):
        place = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.setting = place / "max_user_instances"
        self.setting.write_text("128\n", encoding="ascii")
        self.enterContext(mock.patch.object(settings, "SETTING", self.setting))
        self.enterContext(mock.patch.dict(os.environ, SWITCHYARD_FLEET_DIR=str(place)))

    def test_are_restored_to_what_the_first_fleet_found(self):
        settings.prepare_for(20)
        self.assertEqual(int(self.setting.read_text()), settings.RAISED)
        settings.prepare_for(10_000)
        settings.restore()
        self.assertEqual(int(self.setting.read_text()), 128)

    def test_are_left_alone_where_they_suffice(self):
        settings.prepare_for(1)
        settings.restore()
        self.assertEqual(self.setting.read_text(), "128\n")


if __name__ == "__main__":
    try:
        requirements.require()
    except CannotRun as error:
        print(error, file=sys.stderr)
        sys.exit(requirements.EXIT_STATUS)
    unittest.main()

