#pragma once

/// Bugs that are planted on purpose, one at a time, to see whether the simulation finds them. They exist in one test
/// program only (tests/simulation, SWITCHYARD_PLANTED_BUGS); everywhere else PLANTED(x) is the constant `false`, and
/// the compiler leaves nothing of it. docs/RELIABILITY.md lists them.
#ifdef SWITCHYARD_PLANTED_BUGS
namespace switchyard::planted {
// clang-format off
#define SWITCHYARD_BUGS(BUG)                                                                                          \
  BUG(obeys_an_older_epoch) BUG(epoch_is_not_written) BUG(acknowledges_a_plan_it_has_not_written)                     \
  BUG(held_is_not_synced) BUG(nothing_is_synced) BUG(speaks_before_it_writes) BUG(journal_is_not_read_again)          \
  BUG(swap_is_not_armed) BUG(reboot_goes_unnoticed) BUG(votes_over_the_old_connection) BUG(votes_though_unhealthy)    \
  BUG(reverts_by_itself_after_the_vote) BUG(reverts_in_the_order_of_the_swap) BUG(undoes_steps_in_their_order)        \
  BUG(prepare_is_not_undone) BUG(commit_steps_are_left_out) BUG(held_is_not_brought_back_after_a_reboot)              \
  BUG(abort_of_an_unknown_plan_is_forgotten) BUG(journal_is_believed_before_it_is_synced) BUG(torn_frame_is_believed) \
  BUG(compaction_loses_open_deployments) BUG(compaction_loses_the_epoch) BUG(dead_man_is_not_started)                 \
  BUG(intent_is_not_written) BUG(keeps_serving_new_when_old_is_reported)                                              \
  BUG(commits_what_has_swapped) BUG(decision_is_not_stored) BUG(says_before_the_commit)                               \
  BUG(aborts_a_commit_after_a_restart) BUG(replaced_coordinator_may_write) BUG(locks_are_not_taken)                   \
  BUG(locks_are_released_at_the_decision) BUG(stray_that_holds_is_aborted) BUG(stray_is_told_once)                    \
  BUG(replaced_coordinator_stays_when_idle) BUG(done_when_one_has_committed) BUG(rolled_back_when_one_has_reverted)   \
  BUG(forgets_whom_it_told_to_swap) BUG(decision_may_change) BUG(step_results_end_the_wrong_chain)                    \
  BUG(what_may_have_run_is_not_told) BUG(restored_copy_is_believed)
// clang-format on
enum class Bug {
  none,
#define SWITCHYARD_BUG(name) name,
  SWITCHYARD_BUGS(SWITCHYARD_BUG)
#undef SWITCHYARD_BUG
};
inline Bug active = Bug::none;
}  // namespace switchyard::planted
#define PLANTED(bug) (::switchyard::planted::active == ::switchyard::planted::Bug::bug)
#else
#define PLANTED(bug) false
#endif
