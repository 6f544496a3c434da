#pragma once

#include <functional>
#include <string_view>

#include "coordinator/store/memory_store.hpp"

namespace switchyard::simulation {

/// Everything in a store that whoever reads its file reads: each text, and the bytes of plans and sealed secrets.
/// `where`: the table.
void for_each_text(const store::MemoryDisk& disk,
                   const std::function<void(const char* where, std::string_view text)>& look);

}  // namespace switchyard::simulation
