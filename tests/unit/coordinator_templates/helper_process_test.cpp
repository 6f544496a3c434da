#include "coordinator/templates/helper_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "common/error.hpp"
#include "coordinator/templates/helper_script.hpp"

namespace switchyard::templates {
namespace {

using Outcome = HelperProcess::Outcome;

// Real programs stand for a helper that misbehaves.
TEST(HelperProcess, AnswersALineWithALine) {
  HelperProcess cat({"/bin/cat"});
  EXPECT_EQ(cat.ask("one", 10'000, 100).line, "one");
  const std::string large(300'000, 'x');
  EXPECT_EQ(cat.ask(large, 10'000, 1'000'000).line, large);
}

TEST(HelperProcess, AProgramThatIsSilentIsLate) {
  HelperProcess silent({"/bin/sleep", "60"});
  EXPECT_EQ(silent.ask("x", 50, 100).outcome, Outcome::too_late);
}

TEST(HelperProcess, AProgramThatNeverReadsDoesNotHoldUsUp) {
  HelperProcess deaf({"/bin/sleep", "60"});
  EXPECT_EQ(deaf.ask(std::string(8'000'000, 'x'), 100, 100).outcome, Outcome::too_late);
}

TEST(HelperProcess, AProgramThatTalksOnWithoutAnEndIsCutOff) {
  HelperProcess bomb({"/bin/cat", "/dev/zero"});
  EXPECT_EQ(bomb.read_line(10'000, 100'000).outcome, Outcome::too_long);
}

TEST(HelperProcess, AProgramThatSaysMoreThanItWasAskedIsRefused) {
  HelperProcess chatty({"/usr/bin/printf", "a\nb\n"});
  EXPECT_EQ(chatty.read_line(10'000, 100).outcome, Outcome::too_long);
}

TEST(HelperProcess, AProgramThatEndsHasEnded) {
  HelperProcess gone({"/bin/true"});
  EXPECT_EQ(gone.read_line(10'000, 100).outcome, Outcome::ended);
  EXPECT_EQ(gone.ask("x", 10'000, 100).outcome, Outcome::ended);
}

TEST(HelperProcess, AProgramThatIsNotThereIsAnError) { EXPECT_THROW(HelperProcess({"/nowhere/python3"}), SysError); }

TEST(HelperProcess, NothingIsLeftWhenTheObjectGoes) {
  pid_t pid = 0;
  {
    const HelperProcess process({"/bin/sleep", "600"});
    pid = process.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(HelperProcess, TheScriptIsBesideTheProgramUnlessAnotherIsNamed) {
  EXPECT_EQ(helper_script(nullptr, "/usr/bin/switchyard"), "/usr/lib/switchyard/template_helper.py");
  EXPECT_EQ(helper_script("", "/opt/x/bin/switchyard"), "/opt/x/lib/switchyard/template_helper.py");
  EXPECT_EQ(helper_script("/tmp/helper.py", "/usr/bin/switchyard"), "/tmp/helper.py");
}

}  // namespace
}  // namespace switchyard::templates
