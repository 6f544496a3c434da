#!/usr/bin/python3
"""The kill loop of tests/fleet/kills.py, for as long as script/test can wait (script/soak kills runs it longer), and its
judgement, which must be able to find something."""

import contextlib
import io
import pathlib
import sys
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import kills  # noqa: E402
from scenario import main  # noqa: E402

# script/soak kills asks 1,000 of it in 300 s: half of that rate is enough beside another story.
KILLS, SECONDS = 150, 90
DONE = ["switchyard-step-1.service prepare", "switchyard-step-2.service swap"]
UNDONE = [*DONE, "switchyard-step-2-undo.service undo-swap", "switchyard-step-1-undo.service undo-prepare"]


class Judgement(unittest.TestCase):
    def judge(self, kind, state, lines):
        account = kills.Account(1, 1)
        with contextlib.redirect_stdout(io.StringIO()):
            kills.KilledFleet.judge_effects(types.SimpleNamespace(account=account), "here", kind, state, lines)
        return sorted(account.wrongs)

    def test_accepts_what_happened_once_or_was_undone(self):
        self.assertEqual(self.judge("deploy", "done", DONE), [])
        self.assertEqual(self.judge("deploy", "rolled_back", UNDONE), [])
        self.assertEqual(self.judge("deploy", "rolled_back", []), [])
        self.assertEqual(self.judge("deploy", "rolled_back", UNDONE[2:]), [], "begun, and ended before its effect")
        self.assertEqual(self.judge("rollback", "done", []), [])

    def test_finds_what_was_lost(self):
        self.assertEqual(self.judge("deploy", "done", DONE[:1]), ["lost"])
        self.assertEqual(self.judge("deploy", "done", UNDONE), ["lost"])
        self.assertEqual(self.judge("deploy", "rolled_back", DONE), ["lost"])
        self.assertEqual(self.judge("rollback", "done", DONE), ["lost"])

    def test_finds_what_was_doubled(self):
        self.assertEqual(self.judge("deploy", "done", [*DONE, DONE[0]]), ["doubled"])
        self.assertEqual(self.judge("deploy", "rolled_back", [*UNDONE, UNDONE[3]]), ["doubled"])

    def test_counts_what_was_killed_in_time_only(self):
        account = kills.Account(kills=2, seconds=60)
        account.killed("switchyard-agent")
        self.assertIn("only 1 of the 2 kills", account.too_few())
        account.begin -= 61
        account.killed("switchyard-agent")
        self.assertIn("only 1 of the 2 kills", account.too_few())
        account.begin += 61
        account.killed("switchyard-coordinator")
        self.assertEqual(account.too_few(), "")


class Kills(unittest.TestCase):
    def test_lose_double_and_mix_nothing(self):
        self.assertEqual(kills.main(["--kills", str(KILLS), "--seconds", str(SECONDS)]), 0)


if __name__ == "__main__":
    main()
