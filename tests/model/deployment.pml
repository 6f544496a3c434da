/* SWAP, HOLD and COMMIT of one deployment, as the product does it, for spin. Every run of every interleaving is looked
 * at: any message lost, doubled, late or out of order; any process ended between any two of its writes, effects and
 * messages; hosts rebooted; coordinators that were replaced and wake.
 *
 * Who moves
 *   coordinator(m)  engine/engine.cpp over the store, from its m-th start on. Older ones may sleep and wake.
 *   agent(i)        agent/core with role agent: obeys, votes, reverts at its deadline.
 *   dead_man(i)     agent/core with role dead_man: another process, the same journal under the same lock.
 *   faults(i)       kill -9 of agent or dead-man, reboot of the host: FAULTS of them in all.
 *
 * What stands for what (transition: source)
 *   start          SqliteStore::take_epoch, DeploymentRuns::restore, Turn::on(Started), Turn::on(Restarted)
 *   rejoin         learn_from_report, finish_rejoining
 *   decide         Turn::decide + EffectRunner::make_durable; `starts` is the lease row, check_epoch its fence
 *   sent           Turn::ask, open_requests: what is sent follows from the state; settle_stray for latecomers
 *   swap           AgentCore::on(Swap), arm(): ARMED is durable before the effect; run_next: its steps end before the
 *                  deadline (assumption A1, below)
 *   swapped        end_chain: SWAPPED is durable, the connection is dropped and dialled anew
 *   hold, commit, abort, extend, query      AgentCore::on(Hold) ... on(Query), try_hold
 *   deadline       AgentCore::on(TimerFired) "deadman", on(Began); agent and dead-man, each under JournalFile::Turn,
 *                  which reads what the other wrote first
 *   revert         drive_revert: the effect, then REVERTED; never beside a step of the same process (stop_chains)
 *   restore        AgentCore::restore after a reboot: what is held serves again. The resume unit does it before the
 *                  agent begins (systemd orders them), else the agent does
 *   reboot         on(Began) of whoever comes first: provisional is reverted, what was only staged is lost (`resumed`)
 *
 * What is kept simpler, and why nothing is missed by it
 *   - A message, once sent, may be read at any later time, any number of times, in any order, by any coordinator. Loss is
 *     never being read. So a message is sent in the transition that makes it true: not to have sent it yet is not to
 *     have been read yet; and what a coordinator has read is read in the transition that makes use of it.
 *   - A coordinator that ended is one that never moves again, so its end is no transition. Only the last start lives.
 *   - Time is `lease`: it may run down at any moment. Clocks that agree would allow less.
 *   - One component and one stage per host; the steps of one phase are one effect. The order of components is the
 *     business of tests/simulation, which runs the product's own sources.
 *   - Cancel, unhealthy, deadline at the coordinator are one transition: it may decide ABORT whenever it may.
 *   - A1: a step ends within its timeout, so no effect of SWAP comes after the deadline. -DSTOPPED_WORKER takes it away
 *     (a worker of the agent alone is stopped in mid-step, and goes on after the dead-man has reverted): refuted.
 *
 * -DRESTART_ABORTS is `on_restart: abort`; without it a restarted coordinator rejoins and goes on.
 * Variants, each of which must be refuted (tests/model/model.py):
 *   NAIVE_COMMIT      all SWAPPED is enough to commit
 *   RACY_DEAD_MAN     the dead-man acts on what it read before it slept, not on what it reads under the journal lock
 *   EQUAL_EPOCH       a starting coordinator takes the epoch that it finds; store and agents accept an equal one
 *   VOLATILE_DECISION COMMIT and ABORT leave before the decision is in the store
 *   VOLATILE_VOTE     HELD leaves before it is in the journal
 *   OLD_CONNECTION    HOLD is taken on the connection that is older than the swap
 *   BESIDE_THE_AGENT  the dead-man of a booted host restores what is held while the agent is already at work
 *   STOPPED_WORKER    see A1
 */
#ifndef AGENTS
#define AGENTS 2
#endif
#ifndef STARTS
#define STARTS 3
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#define LEASE 2 /* full; 0: the deadline has passed */

/* The agent's journal, in its order. From GOING_ON on there is no way back. */
#define PLANNED 0
#define STAGED 1
#define ARMED 2
#define SWAPPED 3
#define HELD 4
#define GOING_ON 5 /* DECISION(commit) */
#define COMMITTED 6
#define GOING_BACK 7 /* DECISION(abort) */
#define REVERTED 8
#define provisional (journal[i] == ARMED || journal[i] == SWAPPED)
#define bound(a) (journal[a] >= HELD && journal[a] <= COMMITTED)
#define gone_back(a) (journal[a] >= GOING_BACK)

/* What a coordinator may say. */
#define SWAP 1
#define HOLD 2
#define COMMIT 4
#define ABORT 8
#define EXTEND 16
#define QUERY 32

/* What the agent is in the middle of: its effect may come at any moment. */
#define NOTHING 0
#define SWAPPING 1
#define RESTORING 2

/* The store. */
byte starts;   /* the lease row: how often it was taken */
byte decision; /* 0, COMMIT or ABORT */
byte done;     /* what the last coordinator reports */

/* The wire: by start, what was said to the hosts; by host, what it has said of itself. */
byte sent[STARTS + 1];
bool said_held[AGENTS];
#ifdef NAIVE_COMMIT
bool said_swapped[AGENTS];
#define SAY_SWAPPED said_swapped[i] = true;
#else
#define SAY_SWAPPED
#endif

/* The hosts: on disk, and what serves. */
byte journal[AGENTS];
byte lease[AGENTS];
byte newest[AGENTS]; /* the youngest coordinator that was obeyed */
bool new_serves[AGENTS];
bool cuts; /* the release of host 0 breaks its own network, for connections that are dialled after the swap */

/* In memory. */
byte work[AGENTS];
bool old_connection[AGENTS]; /* it was dialled before the swap */
bool dead_man_reverts[AGENTS], resume_restores[AGENTS];
byte faults_left = FAULTS;

#if AGENTS == 2
#define all_of(what) (what(0) && what(1))
#define any_of(what) (what(0) || what(1))
#else
#define all_of(what) (what(0) && what(1) && what(2))
#define any_of(what) (what(0) || what(1) || what(2))
#endif
#define is_committed(a) (journal[a] == COMMITTED)
#define is_reverted(a) (journal[a] == REVERTED)
#ifdef NAIVE_COMMIT
#define has_said_swapped(a) said_swapped[a]
#else
#define has_said_swapped(a) (journal[a] >= SWAPPED) /* also when it went back before: HOLD may be asked too early */
#endif
#define has_said_held(a) said_held[a]

/* I2: the commit row exists only when every journal holds HELD. I4, the half that holds at every moment. */
inline check() {
  assert(decision != COMMIT || all_of(bound));
  assert(!(any_of(is_committed) && any_of(gone_back)))
}

#ifdef EQUAL_EPOCH
#define epoch(m) 1
#else
#define epoch(m) (m)
#endif

/* ------------------------------------------------------------------------------------------------ the coordinator */
#define NOT_STARTED 0
#define REJOINING 1
#define ASKING 2 /* swapping, then holding and watching */
#define DECIDED 3
#define ENDED 4
#define undecided (phase == REJOINING || phase == ASKING)
#define has_answered(a) (newest[a] >= me) /* it has obeyed this start, or a later one, which is more than the truth */

/* S4, S1: one row, never changed, and only by who holds the lease row. (For another, check_epoch throws StaleEpochError
 * and the process ends: it never moves again.) */
#define may_write (epoch(me) == epoch(starts))
inline decide(what) {
  assert(me == starts);  /* I6, at the store */
  assert(decision == 0); /* I1 */
#ifndef VOLATILE_DECISION
  decision = what;
#endif
  sent[me] = sent[me] | what;
  phase = DECIDED;
  check()
}

proctype coordinator(byte me) {
  byte phase = NOT_STARTED;
end:
  do
  :: atomic { phase == NOT_STARTED && starts == me - 1 ->
       starts = me;
       if
       :: decision -> sent[me] = decision; phase = DECIDED
       :: !decision && me == 1 -> sent[me] = SWAP | EXTEND; phase = ASKING
#ifdef RESTART_ABORTS
       :: !decision && me > 1 -> decide(ABORT)
#else
       :: !decision && me > 1 -> sent[me] = QUERY | EXTEND; phase = REJOINING
#endif
       fi }
  /* It goes on when every host was heard and none said that it goes back; what they said may be old. */
  :: atomic { phase == REJOINING && all_of(has_answered) -> sent[me] = sent[me] | SWAP; phase = ASKING }
  :: atomic { phase == ASKING && all_of(has_said_swapped) && !(sent[me] & HOLD) -> sent[me] = sent[me] | HOLD }
#ifdef NAIVE_COMMIT
  :: atomic { phase == ASKING && may_write && all_of(has_said_swapped) -> decide(COMMIT) }
#else
  :: atomic { phase == ASKING && may_write && all_of(has_said_held) -> decide(COMMIT) }
#endif
  :: atomic { undecided && may_write -> decide(ABORT) }
  /* What it reports is what it was told. */
  :: atomic { phase == DECIDED && me == starts && (sent[me] & COMMIT) && all_of(is_committed) ->
              phase = ENDED; done = COMMIT }
  :: atomic { phase == DECIDED && me == starts && (sent[me] & ABORT) && all_of(is_reverted) ->
              phase = ENDED; done = ABORT }
  od
}

/* ------------------------------------------------------------------------------------------------------ the hosts */
#ifdef BESIDE_THE_AGENT
#define begun true
#else
#define begun (!resume_restores[i])
#endif
#define reachable (begun && !(cuts && i == 0 && new_serves[i] && !old_connection[i]))
#define gets(m, what) ((sent[m] & (what)) && epoch(m) >= epoch(newest[i]) && reachable)

/* I6, at the host: what is obeyed comes from the youngest coordinator that was ever obeyed. */
inline obey(m) {
  assert(m >= newest[i]);
  newest[i] = m
}

#ifdef NAIVE_COMMIT
#define may_commit (journal[i] == HELD || journal[i] == SWAPPED)
#else
#define may_commit (journal[i] == HELD)
#endif
#ifdef OLD_CONNECTION
#define may_vote (journal[i] == SWAPPED && lease[i])
#else
#define may_vote (journal[i] == SWAPPED && lease[i] && !old_connection[i])
#endif
#ifdef VOLATILE_VOTE
#define vote() said_held[i] = true
#else
#define vote() said_held[i] = true; journal[i] = HELD
#endif
#ifdef STOPPED_WORKER
#define in_time true
#else
#define in_time (lease[i] > 0)
#endif

#define obeys(m) \
  :: atomic { gets(m, SWAP) && work[i] == NOTHING && (journal[i] == STAGED || (journal[i] == ARMED && lease[i])) -> \
              obey(m); journal[i] = ARMED; lease[i] = LEASE; work[i] = SWAPPING; check() } \
  :: atomic { gets(m, HOLD) && may_vote -> obey(m); vote(); check() } \
  :: atomic { gets(m, COMMIT) && may_commit -> obey(m); journal[i] = GOING_ON; check() } \
  :: atomic { gets(m, ABORT) && journal[i] <= HELD -> obey(m); journal[i] = GOING_BACK; check() } \
  :: atomic { gets(m, ABORT) && (journal[i] == GOING_ON || journal[i] == COMMITTED) -> assert(false) } \
  :: atomic { gets(m, EXTEND) && provisional && lease[i] > 0 && lease[i] < LEASE -> obey(m); lease[i] = LEASE } \
  :: atomic { gets(m, QUERY) && newest[i] != m -> obey(m) }

proctype agent(byte i) {
end:
  do
  obeys(1)
#if STARTS > 1
  obeys(2)
#endif
#if STARTS > 2
  obeys(3)
#endif
#ifdef VOLATILE_VOTE
  :: atomic { said_held[i] && journal[i] == SWAPPED -> journal[i] = HELD; check() }
#endif
  /* The effect of SWAP, whatever the journal has come to say meanwhile; then its record. */
  :: atomic { work[i] == SWAPPING && !new_serves[i] && in_time -> new_serves[i] = true; old_connection[i] = true }
  :: atomic { work[i] == SWAPPING && new_serves[i] && journal[i] == ARMED && lease[i] ->
              journal[i] = SWAPPED; work[i] = NOTHING; SAY_SWAPPED check() }
  :: atomic { work[i] == SWAPPING && (!lease[i] || journal[i] != ARMED) -> work[i] = NOTHING }
  :: atomic { old_connection[i] && work[i] == NOTHING -> old_connection[i] = false }
  /* The deadline. */
  :: atomic { begun && provisional && lease[i] -> lease[i]-- }
  :: atomic { provisional && !lease[i] -> journal[i] = GOING_BACK; check() }
  /* Going back. */
  :: atomic { journal[i] == GOING_BACK && work[i] == NOTHING && new_serves[i] -> new_serves[i] = false }
  :: atomic { journal[i] == GOING_BACK && work[i] == NOTHING && !new_serves[i] -> journal[i] = REVERTED; check() }
  /* Going on, also after a reboot. */
  :: atomic { (journal[i] == HELD || journal[i] == GOING_ON) && !new_serves[i] && work[i] == NOTHING ->
              work[i] = RESTORING }
  :: atomic { work[i] == RESTORING -> new_serves[i] = true; work[i] = NOTHING }
  :: atomic { journal[i] == GOING_ON && work[i] == NOTHING && new_serves[i] -> journal[i] = COMMITTED; check() }
  od
}

proctype dead_man(byte i) {
#ifdef RACY_DEAD_MAN
  bool saw;
#endif
end:
  do
#ifdef RACY_DEAD_MAN
  :: atomic { journal[i] == SWAPPED && !saw -> saw = true }
  :: atomic { saw && (journal[i] == SWAPPED || journal[i] == HELD) -> journal[i] = GOING_BACK; saw = false; dead_man_reverts[i] = true; check() }
#else
  :: atomic { provisional && !lease[i] -> journal[i] = GOING_BACK; dead_man_reverts[i] = true; check() }
#endif
  :: atomic { dead_man_reverts[i] && journal[i] == GOING_BACK && new_serves[i] -> new_serves[i] = false }
  :: atomic { dead_man_reverts[i] && journal[i] == GOING_BACK && !new_serves[i] ->
              journal[i] = REVERTED; dead_man_reverts[i] = false; check() }
  :: atomic { resume_restores[i] -> new_serves[i] = true; resume_restores[i] = false }
  od
}

proctype faults(byte i) {
end:
  do
  /* kill -9 of the agent: its next process dials anew and takes up what the journal says. */
  :: atomic { faults_left && (work[i] != NOTHING || old_connection[i]) ->
              faults_left--; work[i] = NOTHING; old_connection[i] = false }
  :: atomic { faults_left && (dead_man_reverts[i] || resume_restores[i]) ->
              faults_left--; dead_man_reverts[i] = false; resume_restores[i] = false }
  /* A reboot: what is enabled on disk serves, until the journal is read. */
  :: atomic { faults_left ->
              faults_left--; work[i] = NOTHING; old_connection[i] = false; dead_man_reverts[i] = false;
              new_serves[i] = (journal[i] == COMMITTED);
              resume_restores[i] = (journal[i] == HELD || journal[i] == GOING_ON);
              journal[i] = (journal[i] == STAGED -> PLANNED : (provisional -> GOING_BACK : journal[i]));
              check() }
  od
}

/* When nothing can move any more: all new or all old, served as the journals say, and reported as it is. */
#define is_new(a) (journal[a] == COMMITTED && new_serves[a])
#define is_old(a) (journal[a] == REVERTED && !new_serves[a])
proctype observer() {
end:
  timeout -> assert((done == COMMIT && all_of(is_new)) || (done == ABORT && all_of(is_old)))
}

init {
  byte n = 0;
  atomic {
    if
    :: cuts = false
    :: cuts = true
    fi;
    do
    :: n < AGENTS -> journal[n] = STAGED; lease[n] = LEASE; run agent(n); run dead_man(n); run faults(n); n++
    :: else -> break
    od;
    do
    :: n > AGENTS + STARTS - 1 -> break
    :: else -> n++; run coordinator(n - AGENTS)
    od;
    run observer()
  }
}
