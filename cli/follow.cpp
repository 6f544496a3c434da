#include "cli/follow.hpp"

#include <optional>

#include "cli/api_values.hpp"
#include "cli/errors.hpp"
#include "cli/live_screen.hpp"
#include "cli/outcome_text.hpp"
#include "cli/progress_view.hpp"
#include "common/limits.hpp"

namespace switchyard::cli {
namespace {

bool waits_for_a_person(const Deployment& deployment) {
  return deployment.state == "stuck" || deployment.state == "paused" || deployment.state == "draft";
}

/// One watching of one deployment.
class Watch {
 public:
  Watch(Context& context, std::string id, bool wait_approval)
      : context_(context), id_(std::move(id)), wait_approval_(wait_approval), screen_(context.console) {}

  /// Nothing when Ctrl-C ended it.
  std::optional<Deployment> until_rest() {
    for (;;) {
      if (context_.interrupt.pressed()) return std::nullopt;
      const std::optional<Timeline> news = ask();
      if (!news) return std::nullopt;
      show(*news);
      const bool goes_on = wait_approval_ && news->deployment.state == "draft";
      const bool at_rest = !goes_on && (news->deployment.final || waits_for_a_person(news->deployment));
      // The last entries may have come after the state was read: none must be missing from what is printed.
      if (at_rest && news->entries.empty()) {
        screen_.keep();
        return news->deployment;
      }
      at_rest_ = at_rest;
    }
  }

 private:
  /// The news, waited for; nothing after Ctrl-C.
  std::optional<Timeline> ask() {
    const std::int64_t wait_ms = at_rest_ ? 0 : context_.console.live ? limits::cli_redraw_ms : limits::cli_poll_ms;
    const std::string path = "/v1/deployments/" + path_part(id_) + "/timeline?after=" + std::to_string(next_) +
                             "&wait_ms=" + std::to_string(wait_ms);
    try {
      Timeline news = read_timeline(context_.api.get(path, wait_ms));
      if (away_since_ms_) screen_.print("The coordinator is back.");
      away_since_ms_.reset();
      return news;
    } catch (const InterruptedError&) {
      return std::nullopt;
    } catch (const UnreachableError& error) {
      if (!wait_for_return(error)) throw;
    } catch (const RefusedError& error) {
      if (error.status != 503 || !wait_for_return(error)) throw;
    }
    if (context_.interrupt.pressed_within(limits::cli_retry_ms)) return std::nullopt;
    return ask();
  }

  bool wait_for_return(const std::exception& error) {
    const std::int64_t now_ms = context_.clock.boot_ms();
    if (!away_since_ms_) {
      away_since_ms_ = now_ms;
      screen_.print(std::string("The deployment goes on, but ") + error.what() + ". Trying again.");
    }
    return now_ms - *away_since_ms_ < limits::cli_unreachable_ms_max;
  }

  void show(const Timeline& news) {
    Console& console = context_.console;
    for (const TimelineEntry& entry : news.entries) {
      // On a terminal the table shows the steps; in a pipe that a step began is noise.
      const bool step = entry.what == "step";
      const bool quiet = step && (console.live ? entry.state != "failed" : entry.state == "started");
      if (console.verbose || !quiet) screen_.print(timeline_line(console, entry));
    }
    next_ = news.next;
    if (!console.live) return;
    refresh_size(console);
    const std::int64_t now_ms = context_.clock.boot_ms();
    view_.update(news.deployment, now_ms, context_.clock.wall_ms());
    screen_.draw(view_.lines(console, now_ms));
  }

  Context& context_;
  std::string id_;
  bool wait_approval_;
  LiveScreen screen_;
  ProgressView view_;
  std::size_t next_ = 0;
  bool at_rest_ = false;
  std::optional<std::int64_t> away_since_ms_;
};

}  // namespace

ExitStatus status_of(const Deployment& deployment) {
  if (deployment.state == "rolled_back") return ExitStatus::rolled_back;
  if (deployment.state == "rejected") return ExitStatus::refused;
  if (waits_for_a_person(deployment)) return ExitStatus::unresolved;
  return ExitStatus::done;
}

ExitStatus follow(Context& context, const std::string& id, bool wait_approval) {
  std::optional<Deployment> ended;
  {
    Watch watch(context, id, wait_approval);
    ended = watch.until_rest();
  }
  if (!ended) {
    context.console.notes << "The deployment goes on. Watch it again: switchyard deploy status " << id
                          << " --follow\nUndo it: switchyard deploy cancel " << id << "\n";
    return ExitStatus::interrupted;
  }
  if (context.console.json) {
    context.console.print_json(context.api.get("/v1/deployments/" + path_part(id)));
  } else {
    context.console.out << outcome_text(*ended);
  }
  return status_of(*ended);
}

ExitStatus go_on(Context& context, const std::string& id, const std::string& how, const std::string& body,
                 bool detach) {
  const std::string answer = context.api.post("/v1/deployments/" + path_part(id) + "/" + how, body);
  for (const std::string& what : read_goes_on(answer)) context.console.notes << what + " goes on.\n";
  if (!detach) return follow(context, id);
  if (context.console.json) context.console.print_json(answer);
  context.console.notes << "It goes on. Watch it: switchyard deploy status " << id << " --follow\n";
  return ExitStatus::done;
}

}  // namespace switchyard::cli
