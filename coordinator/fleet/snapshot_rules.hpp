#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/fleet/file_saves.hpp"
#include "coordinator/fleet/operations.hpp"
#include "protocol/message.hpp"

/// What a snapshot is compared with, and why it is not restored. Pure.
namespace switchyard::fleet {

Refusal no_snapshot(const SnapshotId& id);

/// Why it is not even to be tried; nothing when a restore can be planned.
std::optional<Refusal> refuse_restore(const RestoreRequest& request, const model::SnapshotRow& snapshot);

/// What a host has answered of a component, into what is saved of it; or why something is not as it was ordered.
/// `answer`: nullptr: it told nothing.
std::string note_saved(const FileSaves::HostAnswer* answer, model::SnapshotPlace& place);

/// What its databases are now beside what they were, as its host says, into what the place is now. A schema is never
/// changed by a restore, so that each difference says what to do about it.
void compare_schemas(const model::SnapshotPlace& place, const FileSaves::HostAnswer* answer, PlaceNow& now);
/// Of a place whose host has left: nobody has read the shared databases that it was to read.
void note_unread_schemas(const model::SnapshotPlace& place, PlaceNow& now);

/// `answer`: what the host says of its components; nullptr: it does not answer. Which slot serves does not matter: the
/// same release in the other slot is the same.
PlaceNow compare_place(const model::SnapshotPlace& place, const std::vector<protocol::ComponentFact>* answer);

}  // namespace switchyard::fleet
