#pragma once

#include <string>
#include <vector>

#include "coordinator/model/snapshot.hpp"

namespace switchyard::store {

/// The column that holds what a snapshot says of its places.
std::string to_json(const std::vector<model::SnapshotPlace>& places);
/// None when it cannot be read: whoever compares the checksum sees that it is damaged, and all others are still listed.
std::vector<model::SnapshotPlace> places_from_json(const std::string& json);

}  // namespace switchyard::store
