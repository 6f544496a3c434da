#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the system, each with its reason. Units are in the names.
namespace switchyard::limits {

// --- frames and messages -------------------------------------------------------------------------------------------
/// A control frame. The largest is a plan: 1,000 hosts x about 100 bytes of slice hashes, and one slice.
inline constexpr std::size_t control_frame_bytes_max = 256 * 1024;
/// A bulk frame: one chunk or one batch of log lines and its head.
inline constexpr std::size_t bulk_frame_bytes_max = 1024 * 1024;
/// A chunk of an artifact on the wire: far above the cost of a frame, far below bulk_frame_bytes_max.
inline constexpr std::size_t chunk_bytes_max = 256 * 1024;
/// Bounds of the MessagePack reader.
inline constexpr std::size_t pack_depth_max = 16;
inline constexpr std::size_t pack_container_max = 4096;
inline constexpr std::size_t pack_text_bytes_max = 64 * 1024;
/// What decoded values may take in memory, as a multiple of their bytes and a floor for small frames: a step of 200
/// bytes is a value of 1 KiB, and nothing that is meant well needs more.
inline constexpr std::size_t unpack_memory_factor = 16;
inline constexpr std::size_t unpack_memory_bytes_min = 64 * 1024;

// --- files that people write ----------------------------------------------------------------------------------------
/// A manifest for the largest fleet has about 100 KB.
inline constexpr std::size_t yaml_bytes_max = 1024 * 1024;
/// Our formats need 6 levels; the reader recurses in its parser.
inline constexpr std::size_t yaml_depth_max = 32;
/// Aliases counted at every use: components_max x hosts_max by one aliased host list, and some.
inline constexpr std::size_t yaml_nodes_max = 250'000;

// --- sessions ------------------------------------------------------------------------------------------------------
inline constexpr std::int64_t ping_interval_ms = 5'000;
/// Three pings missed: the session is dead, nothing more is sent on it.
inline constexpr std::int64_t session_silence_ms_max = 15'000;
inline constexpr int handshake_ms_max = 2'000;
inline constexpr int reconnect_ms_min = 200;
inline constexpr int reconnect_ms_max = 1'000;
inline constexpr int send_queue_frames_max = 1'000;
/// Bulk frames are a hundred times larger: this many chunks under way already fill a fast link.
inline constexpr int bulk_queue_frames_max = 64;
/// What one peer may have waiting in libzmq before TCP holds it back: 64 x 256 KiB.
inline constexpr int receive_queue_frames_max = 64;
/// Frames on their way between the transport's thread and the loop, each way: beyond it the transport stops reading
/// (and TCP holds the peers back), or send() refuses. Every frame counts its bytes and a share for its bookkeeping.
inline constexpr std::size_t transport_queue_bytes_max = 64 * 1024 * 1024;
inline constexpr std::size_t transport_frame_share_bytes = 1'024;
/// While the loop is behind, the transport's thread looks again after this time.
inline constexpr long transport_behind_poll_ms = 5;
/// Frames taken from one socket before the others get their turn.
inline constexpr int receive_burst_frames = 128;
/// Connections remembered per peer and channel: the live one, and those that a lost network has not closed yet.
inline constexpr std::size_t connections_per_peer_max = 4;
/// A dial that has neither succeeded nor failed by then is given up: TCP connect, CURVE handshake, ZAP.
inline constexpr std::int64_t dial_ms_max = 5'000;
/// A key that was turned away is tried again at once so often: the coordinator may be about to learn who may come in.
inline constexpr unsigned refused_quick_rounds = 2;
/// After that it is tried again after this time: a person must act first, or a token was just used up.
inline constexpr std::int64_t refused_redial_ms = 10'000;
/// And, as long as nobody has acted, doubling up to this: a host whose key was revoked asks for ever, and once a minute
/// costs nobody anything.
inline constexpr std::int64_t refused_redial_ms_max = 60'000;
/// Refused dials (address and key) that the transport remembers until the loop takes them; the rest is only counted.
inline constexpr std::size_t refused_dials_max = 64;
/// What was sent just before a redial still leaves the old socket within this time.
inline constexpr int linger_ms_max = 1'000;
/// An idle bulk connection is closed: 500 agents need not hold one for every hour between deployments.
inline constexpr std::int64_t bulk_idle_ms_max = 60'000;
/// Sockets of one libzmq context, connections included in `LimitNOFILE`.
inline constexpr int zmq_sockets_max = 4'096;
/// Connections that wait to be accepted.
inline constexpr int listen_backlog_max = 1'024;
/// A request is sent again after 1, 2, 4 ... seconds until its answer arrives or its deadline passes.
inline constexpr std::int64_t resend_ms_min = 1'000;
inline constexpr std::int64_t resend_ms_max = 30'000;
/// A host that came back with a deployment that is over is told so this often, until it has ended it too.
inline constexpr std::int64_t stray_resend_ms = 5'000;
/// Deployments of which the coordinator remembers that its store knows them: 64 for each of many hosts are mostly the
/// same.
inline constexpr std::size_t known_deployments_max = 10'000;
/// And hosts of theirs, in all: some megabytes.
inline constexpr std::size_t known_participants_max = 50'000;
/// A host that says to have obeyed an epoch further ahead than this lies: a coordinator would have had to start every
/// second for eleven days since the store was copied.
inline constexpr std::uint64_t epoch_lead_max = 1'000'000;
/// After an old copy of the store was restored: more plans than anybody makes between two backups.
inline constexpr std::uint64_t plan_numbers_skipped = 1'000'000;

// --- deployments ---------------------------------------------------------------------------------------------------
/// The dead-man's budget unless the manifest says otherwise: long enough for a coordinator restart, short for a user.
inline constexpr std::uint32_t confirm_ms_default = 30'000;
/// A canary's shares of the traffic: more than a handful nobody can judge one by one.
inline constexpr std::size_t canary_weights_max = 9;
inline constexpr std::uint32_t canary_pause_ms_default = 60'000;
/// Between two weights or batches. Who wants to wait longer promotes by hand.
inline constexpr std::int64_t pause_seconds_max = 86'400;
/// The lease in strategies of several stages (EXTEND renews it).
inline constexpr std::uint32_t lease_ms_default = 120'000;
inline constexpr std::uint32_t prepare_ms_default = 600'000;
inline constexpr std::uint32_t watch_ms_default = 5'000;
inline constexpr std::uint32_t keep_old_ms_default = 600'000;
inline constexpr std::uint32_t step_timeout_ms_default = 300'000;
/// Of a manifest's times: longer than any deployment that a person waits for, and far below what 32 bits of
/// milliseconds hold.
inline constexpr std::int64_t settings_seconds_max = 7 * 86'400;
/// What is done after the decision must be done in the end: nothing can be undone any more.
inline constexpr std::uint32_t attempts_after_decision = 5;
/// Between tries of steps that must succeed in the end.
inline constexpr std::int64_t step_retry_ms = 2'000;
/// An undo that fails is tried this often before the deployment is stuck and a person is asked.
inline constexpr unsigned undo_tries_max = 3;
/// A revert that is stuck is tried again so often until it succeeds, or a person ends it.
inline constexpr std::int64_t stuck_again_ms = 30'000;
/// When a plan that stopped the end of an older deployment does not come again, that end goes on after this time.
inline constexpr std::int64_t retire_again_ms = 60'000;
/// A host that stays silent this many confirm times after an abort makes the deployment stuck (it goes on being asked).
inline constexpr std::int64_t stuck_after_confirm_times = 4;
/// The lease is renewed three times within its life, so that two renewals may be lost.
inline constexpr std::int64_t lease_renewals = 3;
/// Of what went wrong, the first ones tell why; a thousand hosts that fail alike must not swell the deployment's row,
/// which is written at each change.
inline constexpr std::size_t failures_per_deployment_max = 16;
/// Likewise of the warnings that are told of a deployment.
inline constexpr std::size_t deployment_warnings_max = 32;
/// Of the checks of a deployment that is over, each told one by one: what did not pass comes first, so that a fleet of
/// a thousand hosts costs what passed there its lines, and nothing else.
inline constexpr std::size_t check_results_max = 200;
/// What each of them saw. What is longer is whole in the timeline.
inline constexpr std::size_t check_message_bytes_max = 512;
/// Deployments of which the coordinator remembers what became of their checks: those that people look at again and
/// again.
inline constexpr std::size_t check_outcomes_kept = 32;
/// A service's last lines may stand in a message.
inline constexpr std::size_t failure_message_bytes_max = 2'000;
/// A HELLO tells of all deployments that were closed lately, and must stay a small frame whatever a coordinator gave as
/// its reason.
inline constexpr std::size_t report_why_bytes_max = 256;
/// The dead-man's unit is started before a host may switch: systemd does it in milliseconds.
inline constexpr std::uint32_t dead_man_start_ms_max = 5'000;
/// The agent, if it lives, acts at the deadline itself; the dead-man waits so long for it.
inline constexpr std::int64_t dead_man_grace_ms = 500;
/// Steps of an agent block a worker each; more components than this at once wait in the queue.
inline constexpr std::size_t agent_workers = 4;
/// Versions of one name that one may go back to: enough to choose from. Older ones are still in the list of
/// deployments.
inline constexpr std::size_t targets_per_name_max = 20;
/// A way back of which news comes all the time is still called stuck after this, so that a person looks: drains and
/// hooks of many components, one after the other, take an hour.
inline constexpr std::int64_t revert_ms_max = 4 * 3'600'000;
/// No state of a deployment is entered more often, so that no fault makes it loop.
inline constexpr unsigned state_entries_max = 3;
inline constexpr std::size_t components_max = 200;
inline constexpr std::size_t hosts_max = 1'000;
inline constexpr std::size_t steps_per_slice_max = 2'000;

// --- journal of the agent ------------------------------------------------------------------------------------------
/// Allocated ahead, so that a revert can be written with 0 bytes free.
inline constexpr std::size_t journal_bytes_reserved = 1024 * 1024;
/// A journal that has grown so far is rewritten without what is over, at a quiet moment.
inline constexpr std::size_t journal_compact_bytes = 256 * 1024;
/// Ended deployments of which an agent remembers how they ended: far more than one coordinator has unanswered, and few
/// enough for a HELLO.
inline constexpr std::size_t closed_deployments_max = 64;
inline constexpr std::size_t journal_record_bytes_max = control_frame_bytes_max + 4096;

// --- enrolment -----------------------------------------------------------------------------------------------------
inline constexpr std::int64_t token_life_ms = 600'000;
/// Wrong names on one token before it is burnt: a person mistypes twice, not five times.
inline constexpr int token_failures_max = 5;
/// How long `enroll` waits for an answer, and after what time it asks again.
inline constexpr std::int64_t enrol_ms_max = 20'000;
inline constexpr std::int64_t enrol_resend_ms = 2'000;
/// An agent that has two keys, and does not know which of them the coordinator has, tries each for so long.
inline constexpr std::int64_t key_change_ms_min = 60'000;
/// Refusals of strangers in the audit: one row per source with a count, the next one after this time, doubling up to
/// the longest. So a host that was revoked and keeps asking is a row an hour.
inline constexpr std::int64_t refusal_row_ms_min = 60'000;
inline constexpr std::int64_t refusal_row_ms_max = 3'600'000;
/// Of all sources together, so that nobody grows the audit by changing addresses; what exceeds it is written, added up,
/// in the next hour.
inline constexpr std::size_t refusal_rows_per_hour_max = 60;
/// Sources that are told apart; the others are added up in one.
inline constexpr std::size_t refusal_sources_max = 256;

// --- store ---------------------------------------------------------------------------------------------------------
/// Another process (a backup, a person with sqlite3) may read the database, but not hold it for longer than a tick.
inline constexpr int store_busy_ms_max = 2'000;
/// As much is committed to the WAL before it is copied into the database; SQLite's own number.
inline constexpr int store_wal_pages_max = 1'000;
/// A store that cannot be written is tried again so often.
inline constexpr std::int64_t store_retry_ms = 1'000;
/// Events that wait for the store. Beyond it messages are dropped, as if the network had lost them: agents send again.
inline constexpr std::size_t waiting_events_max = 10'000;
/// Of these, what becomes durable in one transaction: a few milliseconds of the loop's time.
inline constexpr std::size_t events_per_transaction_max = 256;
/// Viewers that wait for a timeline to grow: one per open CLI or dashboard.
inline constexpr std::size_t timeline_viewers_max = 1'000;
/// How far back deployments are looked at for hosts that are still behind.
inline constexpr std::size_t deferral_rows_max = 500;
/// Places (a component on a host) of committed plans that are remembered, so that not every look at the versions reads
/// and decodes them all on the loop: those of 20 versions of a service on 1,000 hosts, some 20 megabytes.
inline constexpr std::size_t known_places_max = 40'000;
/// A host that could not be brought to the committed release is tried again so often while it is connected.
inline constexpr std::int64_t converge_retry_ms = 60'000;
/// Reports of steps after a deployment's end (the old slot's retirement) that are known to be in the timeline.
inline constexpr std::size_t late_steps_max = 10'000;
/// Rows of one answer, whoever asks.
inline constexpr std::size_t list_rows_max = 1'000;
/// How far the audit's text log follows behind, and how many rows it takes at a time: a page of half a megabyte.
inline constexpr std::int64_t audit_text_ms = 1'000;
inline constexpr std::size_t audit_text_rows_max = 500;
/// Of the end of that log, by which it is known where to go on: more than its longest line.
inline constexpr std::size_t audit_text_tail_bytes = 256 * 1024;
/// More rows than any chain has.
inline constexpr std::uint64_t audit_rows_max = std::uint64_t{1} << 40;
/// What was uploaded and is used by no deployment stays so long: a plan that people look at before they start it.
inline constexpr std::int64_t artifact_grace_ms = 86'400'000;
/// Releases that were asked for lately and are kept for that: far more than anybody deploys in a day.
inline constexpr std::size_t wanted_releases_max = 1'000;
/// Removing the files of one large artifact takes a moment; the loop has its turn between two.
inline constexpr std::int64_t artifact_removal_pause_ms = 50;
/// Releases of a component that the coordinator keeps, unless its configuration says otherwise, and what it may say.
inline constexpr std::uint32_t keep_releases_default = 3;
inline constexpr std::uint32_t keep_releases_max = 1'000;
/// Unfinished artifacts whose presence of chunks is kept in memory.
inline constexpr std::size_t open_uploads_max = 64;

// --- configuration and templates -----------------------------------------------------------------------------------
/// Files of one configuration directory: an environment or a server each.
inline constexpr std::size_t config_files_max = 1'000;
/// Values of one file, and of one server when it is resolved; a service has tens. Every template among them gets all.
inline constexpr std::size_t config_values_max = 2'000;
inline constexpr std::size_t config_key_bytes_max = 256;
/// A variable of the caller; the kernel's own bound for one is 128 KiB.
inline constexpr std::size_t caller_variable_bytes_max = 64 * 1024;
/// Of a `format:` rule, and of the text that it judges: their product bounds the time.
inline constexpr std::size_t pattern_bytes_max = 512;
inline constexpr std::size_t pattern_states_max = 2'000;
inline constexpr std::size_t pattern_work_max = 100'000;
inline constexpr std::size_t pattern_depth_max = 32;
inline constexpr std::size_t pattern_repeats_max = 1'000;
inline constexpr std::size_t pattern_text_bytes_max = 4 * 1024;
/// A template is a value of a configuration or a configuration file.
inline constexpr std::size_t template_bytes_max = 64 * 1024;
/// With the variables: the configuration of one server, escaped as JSON.
inline constexpr std::size_t template_request_bytes_max = 2 * 1024 * 1024;
inline constexpr std::size_t template_output_bytes_max = 256 * 1024;
/// The output as the helper answers it: six bytes for every character that is escaped, and a head.
inline constexpr std::size_t template_answer_bytes_max = 6 * template_output_bytes_max + 64 * 1024;
/// Python and Jinja2 take about 40 MB of address space; the rest is for one template.
inline constexpr std::size_t template_memory_bytes_max = 256 * 1024 * 1024;
/// A rendering takes about a millisecond. Thousand times that is a template that does not end, or a busy machine.
inline constexpr std::int64_t template_render_ms_max = 2'000;
/// Python starts in half a second, on a busy machine in some.
inline constexpr std::int64_t template_start_ms_max = 20'000;
/// A helper is replaced now and then: what a template may have left in it does not stay for ever.
inline constexpr std::uint64_t template_renders_per_helper = 10'000;
/// Results that are remembered: a plan for some hundred servers, made again and again.
inline constexpr std::size_t template_cache_entries_max = 10'000;
inline constexpr std::size_t template_cache_bytes_max = 16 * 1024 * 1024;
/// Of what a remembered result takes beside its texts.
inline constexpr std::size_t template_cache_entry_overhead_bytes = 256;

// --- planning ------------------------------------------------------------------------------------------------------
/// The agents' answers to INVENTORY: reading units and releases takes milliseconds, a busy disk some seconds.
inline constexpr std::int64_t inventory_ms_max = 10'000;
/// The bytes of the release that serves are read for the inventory if they are no more than these: a part of a second.
inline constexpr std::uint64_t inventory_read_bytes_max = 64ULL << 20;
/// Hosts that are not connected are waited for so long before they count as unreachable: longer than reconnect_ms_max.
inline constexpr std::int64_t inventory_connect_ms_max = 2'000;
/// What a plan's frame holds beside header and slice: its own head and the signature.
inline constexpr std::size_t plan_frame_overhead_bytes = 4096;
/// A plan that has not reached its agents by then is refused by them. Long enough for a slow wake-up of a laptop's
/// fleet.
inline constexpr std::int64_t plan_life_ms = 3'600'000;
/// How long a deployment waits for its approval: somebody in another time zone has a working day for it.
inline constexpr std::int64_t approval_life_ms = 24LL * 3'600'000;
/// How often what has expired is looked for; it is refused from its moment on, whether it was found or not.
inline constexpr std::int64_t approval_sweep_ms = 60'000;
/// Deployments that wait for approval at one time: each keeps its artifacts.
inline constexpr std::size_t approvals_waiting_max = 100;
/// Approvers that an environment may ask for.
inline constexpr std::int64_t approvals_needed_max = 10;
/// By so much the clocks of coordinator and host may differ without anybody noticing.
inline constexpr std::int64_t plan_expiry_slack_ms = 300'000;
/// Earlier plans that the planner gets to see, beside those that what serves now came with.
inline constexpr std::size_t planning_history_max = 20;
/// Plans that are being made at one time.
inline constexpr std::size_t plannings_max = 100;
/// Plans and simulations that wait to be worked out: one at a time, each of which has the loop for a second at most.
inline constexpr std::size_t looks_waiting_max = 16;

// --- artifacts -----------------------------------------------------------------------------------------------------
inline constexpr std::uint64_t artifact_bytes_max = 8ull << 30;
/// The encoded manifest of the largest artifact: 32 bytes for every chunk, and its head.
inline constexpr std::size_t artifact_manifest_bytes_max = artifact_bytes_max / chunk_bytes_max * 32 + 1024;
inline constexpr std::size_t archive_entries_max = 500'000;
inline constexpr std::size_t archive_path_bytes_max = 1024;
/// Directories within directories of an archive; node_modules trees reach about 20.
inline constexpr std::size_t archive_depth_max = 64;
/// Of one extended header: a path, a link and a few fields that we skip.
inline constexpr std::size_t archive_header_bytes_max = 16 * 1024;
/// Zeros after the end of an archive: tar pads to 10 KiB, some writers to 1 MiB.
inline constexpr std::uint64_t archive_padding_bytes_max = 1024 * 1024;
/// How far files may expand: real software stays below 20, a bomb reaches 100,000. The first bytes are free, so that a
/// small artifact of empty tables is no bomb.
inline constexpr std::uint64_t archive_ratio_max = 1'000;
inline constexpr std::uint64_t archive_ratio_free_bytes = 64ull << 20;
/// Window of the decompressor, as a power of two: what zstd uses up to level 19. It bounds the agent's memory.
inline constexpr int archive_window_log_max = 23;
/// Chunks of one release that are asked for before the first has come: with one, a round trip of 20 ms holds a fetch at
/// 12 MB/s, whatever the link; with four, at 50 MB/s. More would buy little and cost the coordinator memory: all that
/// 500 hosts have asked for at once waits there.
inline constexpr std::size_t chunks_in_flight_max = 4;
/// A piece that has not come is asked for again after this time, or after four times what the pieces took lately, and
/// then after twice that: a link that 500 hosts share must not be asked for everything twice.
inline constexpr std::int64_t blob_resend_ms_min = 3'000;
inline constexpr std::int64_t blob_resend_ms_max = 30'000;
/// A chunk whose digest is wrong is fetched again: a flipped bit, not a wrong artifact.
inline constexpr unsigned chunk_attempts_max = 3;
/// Read and write buffer for files of a release.
inline constexpr std::size_t file_buffer_bytes = 64 * 1024;
inline constexpr std::size_t link_target_bytes_max = 1024;
/// The file list of a release with as many entries as an archive may have, at 256 bytes each.
inline constexpr std::uint64_t file_list_bytes_max = 128ull << 20;
/// Walking and removing a tree holds one descriptor per level.
inline constexpr unsigned tree_depth_max = 256;
/// The kernel may ask for a beneath-walk to be repeated; more often than this is no coincidence.
inline constexpr unsigned open_attempts_max = 16;
/// Up to so many entries a release is made durable file by file; above, by one syncfs, which also writes what others
/// left dirty, and yet is far faster than an fsync for each of 30,000 files.
inline constexpr std::size_t sync_each_entries_max = 64;
/// Control groups that are looked through for the holder of a port; a host has some hundreds.
inline constexpr std::size_t control_groups_max = 20'000;
/// Read buffer for the tarball of an artifact: what zstd likes to be given at once.
inline constexpr std::size_t tarball_read_bytes = 128 * 1024;
/// Links that are followed from one to the next when a program is looked for in an artifact: the kernel's own bound.
inline constexpr unsigned links_followed_max = 40;
/// Differences named in one report; the rest are counted.
inline constexpr std::size_t differences_named_max = 10;
inline constexpr std::uint64_t disk_reserve_bytes = 64ull << 20;
/// The audit chain is read in pieces of so many rows: some hundred KiB at once.
inline constexpr std::size_t audit_page_rows = 1'000;
/// The newest rows of the audit chain that the coordinator reads again at its start: about two seconds of its 60.
/// `switchyard-coordinator --check` reads all.
inline constexpr std::uint64_t audit_rows_at_start_max = 100'000;

// --- HTTP API --------------------------------------------------------------------------------------------------------
/// Of one request's header: more than any of our clients sends, far less than what would hurt.
inline constexpr std::size_t api_head_bytes_max = 16 * 1024;
/// What is read of a connection at once, and what it may have unread: a whole header and the body's begin behind it.
inline constexpr std::size_t api_read_bytes = 16 * 1024;
inline constexpr std::size_t api_buffer_bytes_max = api_head_bytes_max + 64 * 1024;
/// It is kept with the deployment for ever: a UUID, or a job's name and number.
inline constexpr std::size_t idempotency_key_bytes_max = 64;
/// For the name of a local caller, or of the socket's group: what the C library suggests is 1 KiB.
inline constexpr std::size_t user_name_buffer_bytes = 16 * 1024;
/// Of a body that names things: a host, a reason, a list of components.
inline constexpr std::size_t api_small_body_bytes_max = 64 * 1024;
/// Of a body that carries a deployment manifest: 1,000 hosts and 200 components in YAML, escaped as JSON.
inline constexpr std::size_t api_manifest_body_bytes_max = 2 * 1024 * 1024;
/// An artifact's chunk list: artifact_bytes_max / chunk_bytes_max digests of 32 bytes, and a head.
inline constexpr std::size_t api_artifact_manifest_bytes_max = 2 * 1024 * 1024;
/// From the first byte of a header to its end, and from there to the end of its body: a slow sender holds a connection.
inline constexpr std::int64_t api_receive_ms_max = 10'000;
inline constexpr std::int64_t api_send_ms_max = 30'000;
/// Between two requests of one connection.
inline constexpr std::int64_t api_idle_ms_max = 60'000;
/// After a refusal, what the client still sends is read and thrown away this long, so that it gets to read our answer.
inline constexpr std::int64_t api_linger_ms_max = 1'000;
/// From a connection's acceptance, and between its requests while its caller is not known, to the next byte: our
/// clients speak at once, and who is silent holds a place.
inline constexpr std::int64_t api_silence_ms_max = 10'000;
/// Between an answer and the end of the coordinator that begins anew after it.
inline constexpr std::int64_t answer_leaves_ms = 200;
/// Of each listener apart: whoever on this machine may connect to the loopback address must not keep out who comes by
/// the socket. Together far below the unit's LimitNOFILE.
inline constexpr std::size_t api_tcp_connections_max = 256;
inline constexpr std::size_t api_socket_connections_max = 256;
/// Of one user on the socket: a handful of followers and pipelines each, and four users together cannot fill it.
inline constexpr std::size_t api_socket_connections_per_user_max = 48;
/// How often the log says that connections were turned away.
inline constexpr std::int64_t api_crowd_notice_ms = 60'000;
/// When no file descriptor is left, the next connection is accepted after this pause.
inline constexpr std::int64_t api_accept_retry_ms = 200;
/// A long poll: below the usual idle timeouts of proxies.
inline constexpr std::size_t api_wait_ms_max = 30'000;
inline constexpr std::size_t api_list_default = 20;
inline constexpr std::size_t api_list_max = 500;
inline constexpr std::size_t api_timeline_entries_max = 500;
inline constexpr std::size_t api_timeline_after_max = 1'000'000'000;
inline constexpr std::size_t api_tokens_max = 1'000;
/// How long an API token is good when nobody says: long enough to be set up once in a quarter.
inline constexpr std::int64_t api_token_life_ms_default = 90LL * 86'400'000;
inline constexpr std::int64_t api_token_life_ms_min = 60'000;
inline constexpr std::int64_t api_token_life_ms_max = 366LL * 86'400'000;
/// So many wrong tokens of one source cost nothing: a person's mistakes. The next ones are let try after a pause that
/// doubles up to the longest: then a guesser has 1,440 tries a day.
inline constexpr unsigned wrong_tokens_free = 10;
/// Below it a token can be tried out: 16 random letters and digits have 95 bits.
inline constexpr std::size_t weak_token_bytes = 16;
/// One and the same wrong token: a job whose token has expired learns nothing by more.
inline constexpr unsigned wrong_token_repeats_free = 3;
inline constexpr std::int64_t wrong_token_pause_ms_min = 1'000;
inline constexpr std::int64_t wrong_token_pause_ms_max = 60'000;
/// Who has not come with a wrong one for so long is forgotten.
inline constexpr std::int64_t wrong_token_memory_ms = 15 * 60'000;
/// Sources and tokens that are told apart: what local users and a proxy are, and a flood's share of memory (200 KiB).
inline constexpr std::size_t wrong_token_sources_max = 256;
inline constexpr std::size_t wrong_tokens_max = 1'024;
/// A code has six digits and three of them are right at any time: so many wrong ones, and then none counts for so long.
inline constexpr unsigned totp_wrong_max = 5;
/// And so many of tokens for different environments together: who tries without a pause finds a code in half a year.
inline constexpr unsigned totp_wrong_of_person_max = 4 * totp_wrong_max;
inline constexpr std::int64_t totp_lock_ms = 15 * 60'000;
/// Persons whose wrong codes are remembered: those with an app enrolled.
inline constexpr std::size_t totp_persons_max = 1'000;
inline constexpr std::size_t api_reason_bytes_max = 1'000;
inline constexpr std::size_t labels_max = 64;
inline constexpr std::size_t label_bytes_max = 256;

// --- secrets and configuration ---------------------------------------------------------------------------------------
/// Of one secret: a private key or a certificate with its chain, not a file of data.
inline constexpr std::size_t secret_bytes_max = 16 * 1024;
/// Of the request that sets it: any byte may be written as \u00xx.
inline constexpr std::size_t api_secret_body_bytes_max = 6 * secret_bytes_max + 1024;
/// Of all environments together: what masking is measured with.
inline constexpr std::size_t secrets_max = 1'000;
/// Values by which the coordinator masks; in memory each is some twenty times as long, in all its shapes.
inline constexpr std::size_t masked_bytes_max = 1024 * 1024;
/// And random texts of configurations: 2,000 of 32 characters each. What is not deployed any more goes first.
inline constexpr std::size_t masked_drawn_bytes_max = 64 * 1024;
/// What such a value counts at least: however short it is, its shapes have a size of their own.
inline constexpr std::size_t masked_value_bytes_min = 32;
/// Environments of one host that are told apart. One with more is masked with the secrets of all.
inline constexpr std::size_t masked_environments_per_host_max = 64;
/// Values of hosts with the same environments, ready to be searched for, and how many such sets; all are made anew when
/// they are needed again.
inline constexpr std::size_t masked_sets_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t masked_sets_max = 1'000;
/// Versions of one secret that are kept: hosts that follow, and plans that wait for approval, name older ones.
inline constexpr std::uint64_t secret_versions_kept = 20;
/// Of one component's configuration as the service reads it. It travels in the plan, whose frame has 256 KiB for all
/// components of a host.
inline constexpr std::size_t configuration_bytes_max = 64 * 1024;
/// Of the configurations of one deployment, beside its manifest, with room for JSON's escapes.
inline constexpr std::size_t configuration_request_bytes_max = 512 * 1024;
/// A text that is drawn once for a template.
inline constexpr std::uint32_t random_text_max = 1'024;
/// Such texts of one template; a service has one or two in all.
inline constexpr std::uint32_t random_texts_per_template_max = 1'000;
/// How often a secret may be encoded in base64 before it is put in: each time makes it a third longer.
inline constexpr std::uint32_t base64_times_max = 8;
/// What systemd-creds makes of a configuration: base64, with some lines about the key.
inline constexpr std::size_t credential_output_bytes_max = 2 * configuration_bytes_max + 16 * 1024;
/// systemd-creds asks the host's key or TPM: slow ones need seconds.
inline constexpr std::int64_t credential_ms_max = 20'000;

// --- run steps -----------------------------------------------------------------------------------------------------
/// How often a running unit is looked at: far below what a person notices, far above what systemd feels.
inline constexpr std::int64_t run_poll_ms = 100;
/// From SIGTERM to SIGKILL of a command that is ended: it has had its time already.
inline constexpr std::uint64_t run_stop_ms = 10'000;
/// What systemd may take to end a unit whose time is over, SIGTERM and SIGKILL included.
inline constexpr std::uint32_t run_end_grace_ms = 15'000;
/// Results of run steps that a host remembers, so that none of them can run twice.
inline constexpr std::size_t run_results_max = 1'000;

// --- probes --------------------------------------------------------------------------------------------------------
/// First pause while the command of a probe runs; most end at once.
inline constexpr std::int64_t probe_poll_ms_min = 5;
/// Head of an HTTP answer; no server of note sends more.
inline constexpr std::size_t probe_head_bytes_max = 16 * 1024;
/// Name look-ups of probes that hang in the resolver at the same time; each holds a thread until it ends.
inline constexpr int probe_lookups_max = 8;
/// A stop is noticed this fast while a probe waits for a socket.
inline constexpr int probe_stop_check_ms = 100;
/// And while a suite waits to be called back; many calls come within milliseconds.
inline constexpr int webhook_stop_check_ms = 50;
/// For a caller to say what he has to say.
inline constexpr std::uint32_t webhook_call_ms_max = 5'000;
/// The processor's load is measured over this time: long enough for its clock ticks of 10 ms to tell a share.
inline constexpr std::int64_t cpu_sample_ms = 250;
/// A database's password is hashed as often as the server says. PostgreSQL asks for 4,096; whoever asks for a million
/// only wants to keep this host busy.
inline constexpr int scram_iterations_max = 200'000;
/// Of memory or space that a check asks for, in MB: a petabyte.
inline constexpr std::int64_t resource_mb_max = 1'000'000'000;
/// Beside the one try of a test: for its beginning and its end. Less than the shortest timeout, so that it stays one.
inline constexpr std::uint32_t check_one_try_grace_ms = 500;
/// A slot that is healthy on its own port answers through the switch within moments, or not at all. It must fit into
/// the dead-man's budget several times.
inline constexpr std::uint32_t confirmation_ms_max = 10'000;
/// A unit without checks of its own has to be active for so long, and to be it by then.
inline constexpr std::uint32_t unit_healthy_ms = 1'000;
inline constexpr std::uint32_t unit_deadline_ms = 30'000;
/// Between two looks at a component that is live and not yet committed.
inline constexpr std::int64_t health_round_ms = 1'000;
/// What costs more than a question (an object of a store, a quarter of a second of the processor's load) is looked at
/// in every so many rounds as long as all is well: twice in the watch window of 5 s.
inline constexpr unsigned health_costly_rounds = 3;
/// Bad looks in a row that make a component unhealthy: one or two may be a hiccup.
inline constexpr unsigned health_bad_rounds = 3;
/// A look that takes longer counts as not good until it has ended.
inline constexpr std::int64_t health_slow_ms = 1'000;
/// At the end of the watch window the commit waits so long for a good look of each host whose last one was not good:
/// the looks that are forgiven, and their pauses, with probes that take half a minute to fail.
inline constexpr std::int64_t last_look_ms_max = 100'000;
/// Between tries of one probe, whatever the plan says: a probe must not become a load.
inline constexpr std::uint32_t probe_interval_ms_min = 20;

// --- forecasts -------------------------------------------------------------------------------------------------------
/// How many of the newest deployments are looked through for durations, and how many lines of them in all: every `plan`
/// reads them, on the loop. A deployment to 1,000 hosts has about 60,000.
inline constexpr std::size_t forecast_deployments_max = 10;
inline constexpr std::size_t forecast_timeline_entries_max = 70'000;
/// Of one kind of step of one component: enough for a 10th and a 90th percentile.
inline constexpr std::size_t forecast_samples_max = 200;
/// What a simulated deployment may take on the loop's time: about a second. One component on 100 hosts takes 7,000
/// events when all switch together and 14,000 one after the other, whatever the pauses; three canaries take 35,000.
inline constexpr std::size_t simulation_events_max = 50'000;
inline constexpr std::size_t simulation_hosts_max = 100;

// --- freeze windows --------------------------------------------------------------------------------------------------
/// Of one environment: holidays of some years, and some times of the week.
inline constexpr std::size_t freeze_windows_max = 100;
/// A window that comes again is as long as a month at most: its beginnings are looked for minute by minute.
inline constexpr std::int64_t freeze_minutes_max = 31 * 24 * 60;

// --- command line ----------------------------------------------------------------------------------------------------
/// The largest answer of the coordinator: a plan for 1,000 hosts in JSON.
inline constexpr std::size_t cli_reply_bytes_max = 256 * 1024 * 1024;
inline constexpr std::size_t cli_manifest_bytes_max = 1024 * 1024;
inline constexpr std::size_t cli_token_bytes_max = 4096;
/// A coordinator that restarts is back within seconds; whoever watches a deployment waits that long, and then some.
inline constexpr std::int64_t cli_unreachable_ms_max = 120'000;
inline constexpr std::int64_t cli_retry_ms = 1'000;
/// On a terminal the elapsed times are drawn again at least this often; in a pipe nobody looks at them.
inline constexpr std::int64_t cli_redraw_ms = 1'000;
inline constexpr std::int64_t cli_poll_ms = 20'000;
/// Checks of a deployment that are shown to a person, one line each.
inline constexpr std::size_t cli_check_lines_max = 40;
/// An answer may take as long as the coordinator waits for the agents' inventories, and a margin.
inline constexpr std::int64_t cli_answer_ms_max = 120'000;
/// For all hosts to write new keys down: three tries to connect, and their silence until the coordinator misses them.
inline constexpr std::int64_t cli_keys_wait_ms = 30'000;

/// A custom check's whole answer; whoever says more has said too much, and failed.
inline constexpr std::size_t custom_answer_bytes_max = 64 * 1024;
/// What a custom check is asked with: it fits into a pipe at once, so nobody waits for its reading.
inline constexpr std::size_t custom_request_bytes_max = 32 * 1024;
/// Of a check's answer to `health run`: 64 of them fit into a control frame.
inline constexpr std::size_t check_detail_bytes_max = 1024;
/// Of one try of a health check, and until it must have passed.
inline constexpr std::uint32_t check_timeout_seconds_max = 3'600;
inline constexpr std::uint32_t check_deadline_seconds_max = 86'400;
inline constexpr std::size_t check_details_bytes_max = 1536;
/// A password, or a secret key, in the host's credentials directory.
inline constexpr std::size_t credential_bytes_max = 4096;
/// A file of authorities that a check trusts: twice what a distribution trusts altogether.
inline constexpr std::size_t authorities_bytes_max = 1024 * 1024;
/// A smoke suite is for the core of a service, and runs within one step.
inline constexpr std::size_t smoke_requests_max = 100;
/// What a request of a suite hands on to the next: an id, a token.
inline constexpr std::size_t smoke_capture_bytes_max = 4096;

// --- registered checks -----------------------------------------------------------------------------------------------
/// Of one environment. More is a monitoring system.
inline constexpr std::size_t checks_registered_max = 500;
/// For one host, in one order; its answers fit into a frame.
inline constexpr std::size_t checks_per_order_max = 64;
inline constexpr std::size_t check_order_bytes_max = 192 * 1024;
inline constexpr std::size_t check_request_bytes_max = 64;
/// How long an order is good after it was signed: the clocks of a fleet are no closer.
inline constexpr std::int64_t check_order_ms = 60'000;
/// Threads that live on a host as long as its checks run.
inline constexpr std::size_t checks_at_once = 4;
/// Checks that wait for such a thread: a few whole orders.
inline constexpr std::size_t check_jobs_max = 512;
/// Answers that an agent keeps, so that the same order has the same answer and runs nothing again.
inline constexpr std::size_t check_answers_kept = 16;
/// A round ends then, whoever has not answered: a person waits for it, and the command line no longer than two minutes.
inline constexpr std::int64_t check_round_ms_max = 100'000;
/// No check is tried again when its try could end later than this after the order came: its answer would be too late.
inline constexpr std::int64_t check_tries_ms_max = 90'000;
static_assert(check_tries_ms_max < check_round_ms_max);
/// Rounds at the same time; each may keep every host busy.
inline constexpr std::size_t check_rounds_max = 8;
/// Of a check, as it was registered.
inline constexpr std::size_t check_definition_bytes_max = 16 * 1024;
/// Answers of checks that the coordinator keeps in memory, each of a few hundred bytes; above it, those that are older
/// than an hour go.
inline constexpr std::size_t check_answers_cached_max = 50'000;
inline constexpr std::int64_t check_cached_old_ms = 3'600'000;
/// How old an answer from the cache may be asked for.
inline constexpr std::int64_t check_cached_ms_max = 24 * 3'600'000;

// --- output of steps and probes --------------------------------------------------------------------------------------
inline constexpr std::size_t excerpt_bytes_max = 4096;
inline constexpr std::size_t probe_body_bytes_max = 64 * 1024;

// --- the host: switch, services, drain
// --------------------------------------------------------------------------------
/// One run of nft: milliseconds on an idle host; a host that needs longer than this cannot switch traffic anyway.
inline constexpr int nft_ms_max = 10'000;
/// `nft -j list ruleset`: a host with 10,000 rules prints about 3 MiB. Larger rule sets are not judged.
inline constexpr std::size_t nft_output_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::size_t json_values_max = 2'000'000;
/// Jumps from chain to chain that the filter check follows; the kernel allows 16.
inline constexpr int nft_jumps_max = 16;
/// Rules that it follows for one packet: chains that jump to one another could otherwise be walked for ever.
inline constexpr int nft_rules_followed_max = 200'000;
/// Stable ports of one host: one for each component.
inline constexpr std::size_t switch_entries_max = components_max;
/// How often a restarted proxy is looked for, and how soon a failed restore is tried again: "back within 1 s".
inline constexpr int switch_check_ms = 1'000;
/// haproxy answers its socket within a millisecond; a server state line has about 150 bytes.
inline constexpr int haproxy_ms_max = 5'000;
inline constexpr std::size_t haproxy_answer_bytes_max = 4 * 1024 * 1024;
/// One call to systemd that waits for no job. systemd itself gives a caller 25 s.
inline constexpr std::uint64_t bus_call_ms_max = 25'000;
/// systemd's own work around a start or stop.
inline constexpr std::uint32_t unit_grace_ms = 10'000;
/// Readings of a unit's properties until two are of the same run: one that is restarted all the time gives no two equal
/// ones, and the last is then as good as any.
inline constexpr int unit_readings_max = 3;
/// Connections to the bus that are kept between calls: as many as steps commonly run at a time.
inline constexpr std::size_t bus_idle_max = 4;
/// Drain: often enough that a drained slot is not waited for, seldom enough to cost nothing.
inline constexpr std::uint32_t drain_poll_ms = 100;
/// Readings of zero in a row: a connection may be on its way from the interface to the socket during the first.
inline constexpr int drain_quiet_readings = 2;
/// Lines of the journal that explain a failed start.
inline constexpr std::size_t journal_tail_lines = 20;
inline constexpr std::size_t journal_tail_line_bytes_max = 512;
/// journald needs a moment to store the last words of a process that has just died.
inline constexpr std::uint32_t journal_tail_wait_ms = 300;

}  // namespace switchyard::limits
