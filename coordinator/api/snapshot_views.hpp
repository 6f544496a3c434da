#pragma once

#include <string>
#include <vector>

#include "coordinator/fleet/operations.hpp"

/// Of json_views.hpp, what is said of snapshots. Pure.
namespace switchyard::api::views {

std::string snapshot_body(const fleet::SnapshotView& view);
/// Without what is only known when one is looked at.
std::string snapshots_body(const std::vector<fleet::SnapshotView>& views);

}  // namespace switchyard::api::views
