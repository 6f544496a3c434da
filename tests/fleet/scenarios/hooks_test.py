#!/usr/bin/python3
"""Hooks on real hosts: of every phase, in their order; one that objects takes every host back, and the hooks of the
rollback are called; one that is not critical is told and passed over; one that does not end is ended; the files that
they change are as they were again, when they are named in files_to_backup."""

import pathlib
import sys
import textwrap

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import product  # noqa: E402
import sample  # noqa: E402
from scenario import Scenario, main  # noqa: E402

BOOK = "/run/hooks"

# Writes down when and about what it was called; objects, or does not end, where the host has a file that says so.
HOOK = """#!/usr/bin/perl
use strict;
use warnings;
my $told = join '', <STDIN>;
sub member { my ($name) = @_; return $told =~ /"$name":"?([^",}]*)/ ? $1 : die qq(no "$name" in $told); }
my $phase = member('phase');
open my $book, '>>', '/run/hooks/book' or die "no book: $!";
print $book join(' ', $phase, member('host'), member('slot'), member('undo'), member('word')), "\\n";
close $book;
if ($phase eq 'post_prepare' && -w '/srv/sample/note') {
    open my $note, '>', '/srv/sample/note' or die "no note: $!";
    print $note member('slot');
    close $note;
}
sleep 600 if -e "/run/hooks/hang-$phase";
my $status = -e "/run/hooks/fail-$phase" ? 'fail' : 'ok';
print qq({"status": "$status", "message": "$phase as user $<", "details": {"slot": "@{[member('slot')]}"}}\\n);
"""

PHASES = ["pre_validation", "post_validation", "pre_prepare", "post_prepare", "pre_switch", "post_switch", "pre_verify",
          "post_verify", "pre_commit", "post_commit"]
ROLLBACK = ["pre_rollback", "post_rollback"]


def hooks(**changes):
    """A hook of each phase. `changes`: phase -> more keys."""
    lines = ["hooks:"]
    for phase in PHASES + ROLLBACK:
        more = "".join(f", {key}: {value}" for key, value in changes.get(phase, {}).items())
        lines.append(f"  - {{name: tell, phase: {phase}, command: [/usr/local/bin/hook], config: {{word: tea}}{more}}}")
    return "\n".join(lines) + "\n"


class Hooks(Scenario):
    fleet_name = "hooks"

    @classmethod
    def prepare_hosts(cls):
        for name in cls.host_names:
            host = cls.fleet[name]
            host.run(["tee", "/usr/local/bin/hook"], input=HOOK)
            host.run(["chmod", "0755", "/usr/local/bin/hook"])

    def setUp(self):
        for name in self.host_names:
            self.fleet[name].run(["rm", "-rf", BOOK])
            self.fleet[name].run(["install", "-d", "-o", "www-data", BOOK])

    def component(self, **changes):
        return sample.Component(extra=textwrap.dedent(hooks(**changes)))

    def deploy(self, component, expected=product.DONE):
        version = self.next_version()
        return version, self.product.deploy(self.release(version, [component]), expected=expected)

    def book(self, name):
        return self.fleet[name].run(["cat", BOOK + "/book"]).splitlines()

    def phases_of(self, name):
        return [line.split()[0] for line in self.book(name)]

    def clear_books(self):
        for name in self.host_names:
            self.fleet[name].run(["rm", "-f", BOOK + "/book"])

    def story_of(self, deployment):
        return "\n".join(str(entry) for entry in self.product.timeline(deployment["id"]))

    def test_1_of_every_phase_are_called_in_their_order_and_told_where_they_are(self):
        component = self.component()
        version, deployment = self.deploy(component)
        self.assert_all_serve(version, [component])
        for name in self.host_names:
            self.assertEqual(self.phases_of(name), PHASES)
            slot = self.book(name)[0].split()[2]
            self.assertEqual(set(self.book(name)), {f"{phase} {name} {slot} false tea" for phase in PHASES})
        self.assertIn("hook tell (pre_switch)", self.story_of(deployment))

    def test_2_one_that_objects_takes_every_host_back_and_the_hooks_of_the_rollback_are_called(self):
        component = self.component()
        old, _ = self.deploy(component)
        self.clear_books()
        self.fleet["h2"].run(["touch", BOOK + "/fail-pre_switch"])
        clients = self.load(f"http://{self.fleet['h1'].address}:8080")
        _, deployment = self.deploy(component, expected=product.ROLLED_BACK)
        self.assert_no_request_failed(clients.stop())
        self.assert_all_serve(old, [component])
        self.assertIn("pre_switch as user 33", deployment["reason"])
        self.assertIn("hook_failed", {error["code"] for error in deployment["errors"]})
        seen = self.phases_of("h2")
        self.assertEqual(seen, ["pre_validation", "post_validation", "pre_prepare", "post_prepare", "pre_switch",
                                "pre_rollback", "post_rollback"])
        # The other host may not have begun to switch; what was prepared there is undone, and its hook is called.
        self.assertEqual(self.phases_of("h1")[-1], "post_rollback")
        self.assertEqual(self.phases_of("h1").count("post_rollback"), 1)

    def test_3_one_that_is_not_critical_is_told_and_passed_over(self):
        component = self.component(post_switch={"critical": "false"})
        self.fleet["h1"].run(["touch", BOOK + "/fail-post_switch"])
        version, deployment = self.deploy(component)
        self.assert_all_serve(version, [component])
        self.assertIn("warning: post_switch as user 33", self.story_of(deployment))

    def test_4_one_that_does_not_end_is_ended_and_has_failed(self):
        component = self.component(post_verify={"timeout_seconds": 2})
        old, _ = self.deploy(component)
        self.clear_books()
        self.fleet["h1"].run(["touch", BOOK + "/hang-post_verify"])
        _, deployment = self.deploy(component, expected=product.ROLLED_BACK)
        self.assert_all_serve(old, [component])
        self.assertIn("timeout", {error["code"] for error in deployment["errors"]})
        self.assertEqual(self.phases_of("h1")[-3:], ["post_verify", "pre_rollback", "post_rollback"])
        left = self.fleet["h1"].run(["systemctl", "list-units", "--plain", "--no-legend", "switchyard-step-*"])
        self.assertEqual(left.strip(), "")

    def test_5_one_of_the_rollback_that_fails_does_not_hold_it_up(self):
        component = self.component(pre_rollback={"timeout_seconds": 1})
        old, _ = self.deploy(component)
        self.fleet["h1"].run(["touch", BOOK + "/hang-pre_rollback"])
        self.fleet["h1"].run(["touch", BOOK + "/fail-post_rollback"])
        self.fleet["h1"].run(["touch", BOOK + "/fail-pre_commit"])
        self.deploy(component, expected=product.ROLLED_BACK)
        self.assert_all_serve(old, [component])

    def test_6_what_is_done_is_rolled_back_with_its_hooks(self):
        component = self.component()
        old, _ = self.deploy(component)
        _, deployment = self.deploy(component)
        self.clear_books()
        self.product.roll_back(deployment["id"])
        self.assert_all_serve(old, [component])
        for name in self.host_names:
            self.assertEqual(self.phases_of(name), ROLLBACK)

    def note(self, name):
        return self.fleet[name].run(["sh", "-c", "cat /srv/sample/note; stat -c ' %U %a' /srv/sample/note"]).strip()

    def test_7_the_files_that_they_change_are_restored_on_every_way_back(self):
        component = self.component()
        component.extra += "files_to_backup: [/srv/sample/note, /srv/sample/none]\n"
        old, _ = self.deploy(component)
        for name in self.host_names:
            self.fleet[name].run(["install", "-o", "www-data", "-m", "640", "/dev/stdin", "/srv/sample/note"],
                                 input="mine")
        # Of a deployment that fails: by every host, also where nothing failed.
        self.fleet["h2"].run(["touch", BOOK + "/fail-pre_commit"])
        self.deploy(component, expected=product.ROLLED_BACK)
        self.assert_all_serve(old, [component])
        self.assertEqual({self.note(name) for name in self.host_names}, {"mine www-data 640"})
        # Of one that is done: when it is rolled back, and not before.
        self.fleet["h2"].run(["rm", BOOK + "/fail-pre_commit"])
        _, deployment = self.deploy(component)
        slot = self.book("h1")[-1].split()[2]
        self.assertEqual({self.note(name) for name in self.host_names}, {f"{slot} www-data 640"})
        self.fleet["h1"].run(["tee", "/srv/sample/none"], input="made since\n")
        self.product.roll_back(deployment["id"])
        self.assert_all_serve(old, [component])
        self.assertEqual({self.note(name) for name in self.host_names}, {"mine www-data 640"})
        self.fleet["h1"].run(["test", "!", "-e", "/srv/sample/none"])


if __name__ == "__main__":
    main()
