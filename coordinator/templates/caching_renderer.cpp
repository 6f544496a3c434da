#include "coordinator/templates/caching_renderer.hpp"

#include "common/crypto.hpp"
#include "common/ensure.hpp"
#include "common/limits.hpp"
#include "coordinator/templates/helper_lines.hpp"

namespace switchyard::templates {
namespace {

std::size_t size_of(const Pieces& pieces) {
  std::size_t bytes = limits::template_cache_entry_overhead_bytes;
  for (const Piece& piece : pieces) bytes += sizeof(Piece) + piece.text.size();
  return bytes;
}

}  // namespace

CachingRenderer::CachingRenderer(TemplateRenderer& inner, std::size_t entries_max, std::size_t bytes_max)
    : inner_(inner), entries_max_(entries_max), bytes_max_(bytes_max) {}

RenderResult CachingRenderer::render(const RenderRequest& request) {
  // The request as it is sent has all that counts, and the time only where it is asked for.
  std::string key = sha256(write_request(request, 0));
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().pieces;
  }
  RenderResult result = inner_.render(request);
  if (const auto* pieces = std::get_if<Pieces>(&result)) remember(std::move(key), *pieces);
  return result;
}

void CachingRenderer::remember(std::string key, const Pieces& pieces) {
  const std::size_t bytes = size_of(pieces);
  if (bytes > bytes_max_ || entries_max_ == 0) return;
  while (!entries_.empty() && (entries_.size() >= entries_max_ || bytes_ + bytes > bytes_max_)) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, pieces, bytes});
  by_key_.emplace(std::move(key), entries_.begin());
  bytes_ += bytes;
  ENSURE(by_key_.size() == entries_.size());
}

}  // namespace switchyard::templates
