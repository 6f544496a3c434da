#pragma once

/// Bugs that are planted on purpose, one at a time, to see whether the simulation finds them, and whether unit tests
/// do. They exist in the planted programs of tests/simulation only (SWITCHYARD_PLANTED_BUGS); everywhere else
/// PLANTED(x) is the constant `false`, and the compiler leaves nothing of it. docs/RELIABILITY.md lists them.
#ifdef SWITCHYARD_PLANTED_BUGS
namespace switchyard::planted {
// clang-format off
/// With the rule of docs/protocol.md that each breaks; "": one that is not written down there.
#define SWITCHYARD_BUGS(BUG)                                                                                           \
  BUG(obeys_an_older_epoch, "I6")                                                                                      \
  BUG(epoch_is_not_written, "J1")                                                                                      \
  BUG(welcome_does_not_fence, "J1")                                                                                    \
  BUG(epoch_is_not_synced, "J1")                                                                                       \
  BUG(acknowledges_a_plan_it_has_not_written, "J2")                                                                    \
  BUG(plan_is_not_synced, "J2")                                                                                        \
  BUG(intent_is_not_written, "J3")                                                                                     \
  BUG(undoes_only_what_is_done, "J3")                                                                                  \
  BUG(swap_is_not_armed, "J4")                                                                                         \
  BUG(deadline_is_not_synced, "J4")                                                                                    \
  BUG(lease_is_prolonged_in_memory_only, "J4")                                                                         \
  BUG(held_is_not_synced, "J5")                                                                                        \
  BUG(result_is_not_synced, "J7")                                                                                      \
  BUG(end_is_not_synced, "J8")                                                                                         \
  BUG(nothing_is_synced, "P1")                                                                                         \
  BUG(speaks_before_it_writes, "P1")                                                                                   \
  BUG(journal_is_believed_before_it_is_synced, "P1")                                                                   \
  BUG(torn_frame_is_believed, "J9")                                                                                    \
  BUG(compaction_loses_open_deployments, "")                                                                           \
  BUG(compaction_loses_the_epoch, "I6")                                                                                \
  BUG(compaction_forgets_what_is_closed, "")                                                                           \
  BUG(journal_is_not_read_again, "D3")                                                                                 \
  BUG(dead_man_is_not_started, "D1")                                                                                   \
  BUG(deadline_begins_anew_with_the_process, "D2")                                                                     \
  BUG(reboot_goes_unnoticed, "D2")                                                                                     \
  BUG(extended_lease_forgets_its_boot, "D2")                                                                           \
  BUG(steps_of_a_swap_may_end_late, "D4")                                                                              \
  BUG(room_for_reverts_is_not_kept, "D5")                                                                              \
  BUG(votes_over_the_old_connection, "V1")                                                                             \
  BUG(votes_though_unhealthy, "V2")                                                                                    \
  BUG(votes_for_what_it_takes_back, "V2")                                                                              \
  BUG(reverts_by_itself_after_the_vote, "I3")                                                                          \
  BUG(switches_after_the_abort, "P3")                                                                                  \
  BUG(abort_of_an_unknown_plan_is_forgotten, "P3")                                                                     \
  BUG(step_results_end_the_wrong_chain, "P3")                                                                          \
  BUG(takes_a_plan_of_what_is_busy, "I7")                                                                              \
  BUG(reverts_in_the_order_of_the_swap, "E1")                                                                          \
  BUG(undoes_steps_in_their_order, "E1")                                                                               \
  BUG(what_may_have_run_is_not_told, "E2")                                                                             \
  BUG(prepare_is_not_undone, "E3")                                                                                     \
  BUG(commit_steps_are_left_out, "E3")                                                                                 \
  BUG(keeps_serving_new_when_old_is_reported, "I4")                                                                    \
  BUG(held_is_not_brought_back_after_a_reboot, "E4")                                                                   \
  BUG(reboot_keeps_what_is_staged, "E4")                                                                               \
  BUG(commits_what_has_swapped, "I2")                                                                                  \
  BUG(decision_is_not_stored, "S4")                                                                                    \
  BUG(says_before_the_commit, "S4")                                                                                    \
  BUG(knows_what_is_not_stored, "S4")                                                                                  \
  BUG(decision_may_change, "I1")                                                                                       \
  BUG(decision_is_not_read_again, "V3")                                                                                \
  BUG(aborts_a_commit_after_a_restart, "V3")                                                                           \
  BUG(stray_that_holds_is_aborted, "V3")                                                                               \
  BUG(starts_with_an_equal_epoch, "S1")                                                                                \
  BUG(recovers_with_an_equal_epoch, "S1")                                                                              \
  BUG(last_host_counts, "S1")                                                                                          \
  BUG(replaced_coordinator_may_write, "S1")                                                                            \
  BUG(replaced_coordinator_stays_when_idle, "")                                                                        \
  BUG(locks_are_not_taken, "S2")                                                                                       \
  BUG(locks_are_released_at_the_decision, "I7")                                                                        \
  BUG(state_is_stored_at_the_end_only, "S3")                                                                           \
  BUG(acknowledges_a_step_before_it_is_stored, "S7")                                                                   \
  BUG(plan_numbers_go_on_from_the_copy, "P4")                                                                          \
  BUG(restored_copy_is_believed, "R1")                                                                                 \
  BUG(stray_is_told_once, "P2")                                                                                        \
  BUG(late_comers_are_forgotten, "P2")                                                                                 \
  BUG(done_when_one_has_committed, "E5")                                                                               \
  BUG(rolled_back_when_one_has_reverted, "E5")                                                                         \
  BUG(rolled_back_without_who_is_away, "E5")                                                                           \
  BUG(forgets_whom_it_told_to_swap, "E5")                                                                              \
  BUG(believes_whom_a_host_names, "I10")                                                                               \
  BUG(words_of_hosts_are_not_masked, "I11")                                                                            \
  BUG(secret_stands_in_the_audit, "I11")
// clang-format on
enum class Bug {
  none,
#define SWITCHYARD_BUG(name, rule) name,
  SWITCHYARD_BUGS(SWITCHYARD_BUG)
#undef SWITCHYARD_BUG
};
struct NamedBug {
  Bug bug;
  const char* name;
};
inline constexpr NamedBug bugs[] = {
#define SWITCHYARD_BUG(name, rule) {Bug::name, #name},
    SWITCHYARD_BUGS(SWITCHYARD_BUG)
#undef SWITCHYARD_BUG
};
inline Bug active = Bug::none;
}  // namespace switchyard::planted
#define PLANTED(bug) (::switchyard::planted::active == ::switchyard::planted::Bug::bug)
#else
#define PLANTED(bug) false
#endif
