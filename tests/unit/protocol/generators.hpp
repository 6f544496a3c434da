#pragma once

#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/message.hpp"

/// RapidCheck generators for everything that is well-formed on the wire: rc::gen::arbitrary<Message>() and its parts.
namespace switchyard::protocol::testing {

inline rc::Gen<std::string> hex(std::size_t digits) {
  return rc::gen::container<std::string>(digits, rc::gen::elementOf(std::string("0123456789abcdef")));
}
inline rc::Gen<std::string> name() {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abz019-_"))),
                      [](std::string tail) { return "n" + tail.substr(0, 63); });
}
inline rc::Gen<std::string> name_or_none() { return rc::gen::oneOf(rc::gen::just(std::string()), name()); }
inline rc::Gen<std::string> text() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::elementOf(std::vector<std::string>{"a", "Z", " ", "\n", "\"", "/", "é", "€", "𝄞"})),
                      [](const std::vector<std::string>& characters) {
                        std::string whole;
                        for (const std::string& character : characters) whole += character;
                        return whole;
                      });
}
inline rc::Gen<std::string> bytes() { return rc::gen::container<std::string>(rc::gen::arbitrary<char>()); }
inline rc::Gen<std::string> bytes(std::size_t count) {
  return rc::gen::container<std::string>(count, rc::gen::arbitrary<char>());
}
inline rc::Gen<std::string> unit_or_none() {
  return rc::gen::element<std::string>("", "api@blue.service", "My-App.service", "a\\x2db.socket");
}
inline rc::Gen<std::map<std::string, std::string>> texts() {
  return rc::gen::container<std::map<std::string, std::string>>(text(), text());
}
template <class E>
rc::Gen<E> upto(E last) {
  return rc::gen::map(rc::gen::inRange(0, static_cast<int>(last) + 1), [](int value) { return static_cast<E>(value); });
}
template <class T>
rc::Gen<T> any() {
  return rc::gen::arbitrary<T>();
}
template <class T, class... Members>
rc::Gen<T> build(Members... members) {
  return rc::gen::build<T>(std::move(members)...);
}
template <class Variant>
rc::Gen<Variant> one_of_kinds() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return rc::gen::oneOf(rc::gen::map(any<std::variant_alternative_t<I, Variant>>(),
                                       [](auto kind) { return Variant(std::move(kind)); })...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

}  // namespace switchyard::protocol::testing

namespace rc {

namespace sp = switchyard::protocol;
namespace st = switchyard::protocol::testing;

#define SWITCHYARD_ARBITRARY(type, ...)                                    \
  template <>                                                              \
  struct Arbitrary<type> {                                                 \
    static Gen<type> arbitrary() { return gen::build<type>(__VA_ARGS__); } \
  }

template <>
struct Arbitrary<switchyard::HostId> {
  static Gen<switchyard::HostId> arbitrary() { return gen::construct<switchyard::HostId>(st::name()); }
};
template <>
struct Arbitrary<switchyard::DeploymentId> {
  static Gen<switchyard::DeploymentId> arbitrary() {
    return gen::map(st::hex(16), [](const std::string& digits) { return switchyard::DeploymentId("d-" + digits); });
  }
};
template <>
struct Arbitrary<switchyard::StepId> {
  static Gen<switchyard::StepId> arbitrary() { return gen::construct<switchyard::StepId>(st::hex(32)); }
};
template <>
struct Arbitrary<switchyard::ReleaseId> {
  static Gen<switchyard::ReleaseId> arbitrary() { return gen::construct<switchyard::ReleaseId>(st::hex(64)); }
};

// --- steps
// ---------------------------------------------------------------------------------------------------------------

SWITCHYARD_ARBITRARY(sp::HttpProbe, gen::set(&sp::HttpProbe::url, st::text()),
                     gen::set(&sp::HttpProbe::expected_status), gen::set(&sp::HttpProbe::expected_body, st::text()),
                     gen::set(&sp::HttpProbe::headers, st::texts()));
SWITCHYARD_ARBITRARY(sp::TcpProbe, gen::set(&sp::TcpProbe::host, st::text()), gen::set(&sp::TcpProbe::port));
SWITCHYARD_ARBITRARY(sp::CommandProbe,
                     gen::set(&sp::CommandProbe::argv, gen::container<std::vector<std::string>>(st::text())),
                     gen::set(&sp::CommandProbe::user, st::text()));
SWITCHYARD_ARBITRARY(sp::FileSystemProbe, gen::set(&sp::FileSystemProbe::path, st::text()),
                     gen::set(&sp::FileSystemProbe::check_readable), gen::set(&sp::FileSystemProbe::check_writable),
                     gen::set(&sp::FileSystemProbe::min_free_space_mb));
SWITCHYARD_ARBITRARY(sp::UnitProbe, gen::set(&sp::UnitProbe::unit, st::unit_or_none()));
template <>
struct Arbitrary<decltype(sp::ProbeSpec::kind)> {
  static auto arbitrary() { return st::one_of_kinds<decltype(sp::ProbeSpec::kind)>(); }
};
SWITCHYARD_ARBITRARY(sp::ProbeSpec, gen::set(&sp::ProbeSpec::name, st::text()), gen::set(&sp::ProbeSpec::kind),
                     gen::set(&sp::ProbeSpec::timeout_ms), gen::set(&sp::ProbeSpec::interval_ms),
                     gen::set(&sp::ProbeSpec::successes), gen::set(&sp::ProbeSpec::min_healthy_ms),
                     gen::set(&sp::ProbeSpec::deadline_ms), gen::set(&sp::ProbeSpec::critical));
SWITCHYARD_ARBITRARY(sp::ArtifactRef, gen::set(&sp::ArtifactRef::release), gen::set(&sp::ArtifactRef::bytes),
                     gen::set(&sp::ArtifactRef::unpacked_bytes));
SWITCHYARD_ARBITRARY(sp::EnsureRelease, gen::set(&sp::EnsureRelease::component, st::name()),
                     gen::set(&sp::EnsureRelease::artifact),
                     gen::set(&sp::EnsureRelease::shared, gen::container<std::vector<std::string>>(st::text())));
SWITCHYARD_ARBITRARY(sp::EnsureFile, gen::set(&sp::EnsureFile::path, st::text()),
                     gen::set(&sp::EnsureFile::content, st::bytes()), gen::set(&sp::EnsureFile::mode),
                     gen::set(&sp::EnsureFile::owner, st::text()), gen::set(&sp::EnsureFile::absent));
SWITCHYARD_ARBITRARY(sp::EnsureLink, gen::set(&sp::EnsureLink::path, st::text()),
                     gen::set(&sp::EnsureLink::target, st::text()), gen::set(&sp::EnsureLink::absent));
SWITCHYARD_ARBITRARY(sp::EnsureUnit, gen::set(&sp::EnsureUnit::unit, st::unit_or_none()),
                     gen::set(&sp::EnsureUnit::state, st::upto(sp::UnitState::restarted)),
                     gen::set(&sp::EnsureUnit::enablement, st::upto(sp::UnitEnablement::disabled)),
                     gen::set(&sp::EnsureUnit::port, gen::map(gen::arbitrary<std::uint16_t>(), [](std::uint16_t port) {
                       return port % 3 == 0 ? std::nullopt : std::optional<std::uint16_t>(port);
                     })));
SWITCHYARD_ARBITRARY(sp::SwitchTarget, gen::set(&sp::SwitchTarget::slot, st::name_or_none()),
                     gen::set(&sp::SwitchTarget::port), gen::set(&sp::SwitchTarget::weight),
                     gen::set(&sp::SwitchTarget::server, st::text()));
SWITCHYARD_ARBITRARY(sp::SwitchTraffic, gen::set(&sp::SwitchTraffic::component, st::name_or_none()),
                     gen::set(&sp::SwitchTraffic::kind, st::upto(sp::SwitchKind::haproxy)),
                     gen::set(&sp::SwitchTraffic::stable_port),
                     gen::set(&sp::SwitchTraffic::haproxy_socket, st::text()),
                     gen::set(&sp::SwitchTraffic::haproxy_backend, st::text()), gen::set(&sp::SwitchTraffic::targets),
                     gen::set(&sp::SwitchTraffic::local_only));
SWITCHYARD_ARBITRARY(sp::CheckSwitch, gen::set(&sp::CheckSwitch::intended));
SWITCHYARD_ARBITRARY(sp::Drain, gen::set(&sp::Drain::component, st::name()), gen::set(&sp::Drain::port),
                     gen::set(&sp::Drain::budget_ms), gen::set(&sp::Drain::haproxy_socket, st::text()),
                     gen::set(&sp::Drain::haproxy_backend, st::text()),
                     gen::set(&sp::Drain::haproxy_server, st::text()));
SWITCHYARD_ARBITRARY(sp::Probe, gen::set(&sp::Probe::spec));
SWITCHYARD_ARBITRARY(sp::Run, gen::set(&sp::Run::argv, gen::container<std::vector<std::string>>(st::text())),
                     gen::set(&sp::Run::environment, st::texts()), gen::set(&sp::Run::working_directory, st::text()),
                     gen::set(&sp::Run::user, st::text()));
SWITCHYARD_ARBITRARY(sp::Prune, gen::set(&sp::Prune::component, st::name()), gen::set(&sp::Prune::keep),
                     gen::set(&sp::Prune::protect));
SWITCHYARD_ARBITRARY(sp::OldState, gen::set(&sp::OldState::kind, st::upto(sp::OldKind::legacy)),
                     gen::set(&sp::OldState::slot, st::name_or_none()), gen::set(&sp::OldState::release),
                     gen::set(&sp::OldState::unit, st::unit_or_none()));
SWITCHYARD_ARBITRARY(sp::VerifyOld, gen::set(&sp::VerifyOld::component, st::name()), gen::set(&sp::VerifyOld::expected),
                     gen::set(&sp::VerifyOld::traffic));
template <>
struct Arbitrary<sp::Action> {
  static auto arbitrary() { return st::one_of_kinds<sp::Action>(); }
};
template <>
struct Arbitrary<std::optional<sp::Action>> {
  static Gen<std::optional<sp::Action>> arbitrary() {
    return gen::oneOf(gen::just(std::optional<sp::Action>()), gen::map(st::any<sp::Action>(), [](sp::Action action) {
                        return std::optional(std::move(action));
                      }));
  }
};
SWITCHYARD_ARBITRARY(sp::Step, gen::set(&sp::Step::id), gen::set(&sp::Step::phase, st::upto(sp::Phase::retire)),
                     gen::set(&sp::Step::stage), gen::set(&sp::Step::title, st::text()), gen::set(&sp::Step::action),
                     gen::set(&sp::Step::undo), gen::set(&sp::Step::timeout_ms), gen::set(&sp::Step::attempts),
                     gen::set(&sp::Step::on_unknown, st::upto(sp::OnUnknown::retry)));
SWITCHYARD_ARBITRARY(sp::StepResult, gen::set(&sp::StepResult::state, st::upto(sp::StepState::skipped)),
                     gen::set(&sp::StepResult::exit_status), gen::set(&sp::StepResult::duration_ms),
                     gen::set(&sp::StepResult::changed), gen::set(&sp::StepResult::code, st::text()),
                     gen::set(&sp::StepResult::detail, st::text()), gen::set(&sp::StepResult::evidence, st::texts()));

// --- plans
// ---------------------------------------------------------------------------------------------------------------

SWITCHYARD_ARBITRARY(sp::SliceHash, gen::set(&sp::SliceHash::host), gen::set(&sp::SliceHash::sha256, st::bytes(32)));
SWITCHYARD_ARBITRARY(sp::PlanHeader, gen::set(&sp::PlanHeader::deployment), gen::set(&sp::PlanHeader::plan_seq),
                     gen::set(&sp::PlanHeader::environment, st::text()), gen::set(&sp::PlanHeader::name, st::text()),
                     gen::set(&sp::PlanHeader::not_after_wall_ms), gen::set(&sp::PlanHeader::slices));
SWITCHYARD_ARBITRARY(sp::SliceComponent, gen::set(&sp::SliceComponent::name, st::name()),
                     gen::set(&sp::SliceComponent::release), gen::set(&sp::SliceComponent::slot, st::name_or_none()),
                     gen::set(&sp::SliceComponent::unit, st::unit_or_none()), gen::set(&sp::SliceComponent::old),
                     gen::set(&sp::SliceComponent::stages), gen::set(&sp::SliceComponent::steps),
                     gen::set(&sp::SliceComponent::watch));
SWITCHYARD_ARBITRARY(sp::PlanSlice, gen::set(&sp::PlanSlice::deployment), gen::set(&sp::PlanSlice::host),
                     gen::set(&sp::PlanSlice::components), gen::set(&sp::PlanSlice::confirm_ms),
                     gen::set(&sp::PlanSlice::keep_old_ms));
SWITCHYARD_ARBITRARY(sp::SignedPlan, gen::set(&sp::SignedPlan::header, st::bytes()),
                     gen::set(&sp::SignedPlan::slice, st::bytes()),
                     gen::set(&sp::SignedPlan::signature, st::bytes(64)));

// --- messages
// ------------------------------------------------------------------------------------------------------------

SWITCHYARD_ARBITRARY(sp::ComponentReport, gen::set(&sp::ComponentReport::component, st::name()),
                     gen::set(&sp::ComponentReport::staged), gen::set(&sp::ComponentReport::stage),
                     gen::set(&sp::ComponentReport::serving_release, st::text()),
                     gen::set(&sp::ComponentReport::serving_slot, st::name_or_none()));
SWITCHYARD_ARBITRARY(sp::DeploymentReport, gen::set(&sp::DeploymentReport::deployment),
                     gen::set(&sp::DeploymentReport::state, st::upto(sp::AgentState::safe)),
                     gen::set(&sp::DeploymentReport::components), gen::set(&sp::DeploymentReport::remaining_ms),
                     gen::set(&sp::DeploymentReport::forgotten));
SWITCHYARD_ARBITRARY(sp::Hello, gen::set(&sp::Hello::protocol_min), gen::set(&sp::Hello::protocol_max),
                     gen::set(&sp::Hello::features, gen::container<std::vector<std::string>>(st::text())),
                     gen::set(&sp::Hello::agent_version, st::text()), gen::set(&sp::Hello::boot_id, st::text()),
                     gen::set(&sp::Hello::max_epoch), gen::set(&sp::Hello::audit_head, st::text()),
                     gen::set(&sp::Hello::open), gen::set(&sp::Hello::forgotten_plan_seq));
SWITCHYARD_ARBITRARY(sp::Welcome, gen::set(&sp::Welcome::protocol),
                     gen::set(&sp::Welcome::features, gen::container<std::vector<std::string>>(st::text())),
                     gen::set(&sp::Welcome::host), gen::set(&sp::Welcome::audit_head, st::text()),
                     gen::set(&sp::Welcome::keys, st::bytes(32)));
SWITCHYARD_ARBITRARY(sp::Refuse, gen::set(&sp::Refuse::code, st::text()), gen::set(&sp::Refuse::text, st::text()));
SWITCHYARD_ARBITRARY(sp::Ping, gen::set(&sp::Ping::sent_ms), gen::set(&sp::Ping::audit_head, st::text()));
SWITCHYARD_ARBITRARY(sp::Pong, gen::set(&sp::Pong::sent_ms), gen::set(&sp::Pong::audit_head, st::text()));
SWITCHYARD_ARBITRARY(sp::Enrol, gen::set(&sp::Enrol::name, st::name()), gen::set(&sp::Enrol::public_key, st::text()),
                     gen::set(&sp::Enrol::agent_version, st::text()));
SWITCHYARD_ARBITRARY(sp::Enrolled, gen::set(&sp::Enrolled::host),
                     gen::set(&sp::Enrolled::plan_public_key, st::bytes(32)));
SWITCHYARD_ARBITRARY(sp::NextKeys, gen::set(&sp::NextKeys::server_public_key, st::text()),
                     gen::set(&sp::NextKeys::plan_public_key, st::bytes(32)),
                     gen::set(&sp::NextKeys::signature, st::bytes(64)));
SWITCHYARD_ARBITRARY(sp::KeysNoted, gen::set(&sp::KeysNoted::digest, st::bytes(32)));
SWITCHYARD_ARBITRARY(sp::Plan, gen::set(&sp::Plan::plan));
SWITCHYARD_ARBITRARY(sp::PlanAck, gen::set(&sp::PlanAck::deployment), gen::set(&sp::PlanAck::plan_hash, st::text()));
SWITCHYARD_ARBITRARY(sp::Prepare, gen::set(&sp::Prepare::deployment), gen::set(&sp::Prepare::component, st::name()));
SWITCHYARD_ARBITRARY(sp::Staged, gen::set(&sp::Staged::deployment), gen::set(&sp::Staged::component, st::name()),
                     gen::set(&sp::Staged::free_bytes));
SWITCHYARD_ARBITRARY(sp::Swap, gen::set(&sp::Swap::deployment), gen::set(&sp::Swap::component, st::name()),
                     gen::set(&sp::Swap::stage));
SWITCHYARD_ARBITRARY(sp::Swapped, gen::set(&sp::Swapped::deployment), gen::set(&sp::Swapped::component, st::name()),
                     gen::set(&sp::Swapped::stage), gen::set(&sp::Swapped::remaining_ms));
SWITCHYARD_ARBITRARY(sp::Hold, gen::set(&sp::Hold::deployment));
SWITCHYARD_ARBITRARY(sp::Held, gen::set(&sp::Held::deployment));
SWITCHYARD_ARBITRARY(sp::Commit, gen::set(&sp::Commit::deployment));
SWITCHYARD_ARBITRARY(sp::Committed, gen::set(&sp::Committed::deployment));
SWITCHYARD_ARBITRARY(sp::Abort, gen::set(&sp::Abort::deployment), gen::set(&sp::Abort::component, st::name_or_none()),
                     gen::set(&sp::Abort::all), gen::set(&sp::Abort::reason, st::text()),
                     gen::set(&sp::Abort::plan_seq));
SWITCHYARD_ARBITRARY(sp::Reverted, gen::set(&sp::Reverted::deployment),
                     gen::set(&sp::Reverted::component, st::name_or_none()), gen::set(&sp::Reverted::complete),
                     gen::set(&sp::Reverted::why, st::text()));
SWITCHYARD_ARBITRARY(sp::Stuck, gen::set(&sp::Stuck::deployment), gen::set(&sp::Stuck::step),
                     gen::set(&sp::Stuck::code, st::text()), gen::set(&sp::Stuck::detail, st::text()));
SWITCHYARD_ARBITRARY(sp::Failed, gen::set(&sp::Failed::deployment), gen::set(&sp::Failed::step),
                     gen::set(&sp::Failed::component, st::name_or_none()), gen::set(&sp::Failed::code, st::text()),
                     gen::set(&sp::Failed::detail, st::text()));
SWITCHYARD_ARBITRARY(sp::Extend, gen::set(&sp::Extend::deployment));
SWITCHYARD_ARBITRARY(sp::Extended, gen::set(&sp::Extended::deployment), gen::set(&sp::Extended::remaining_ms));
SWITCHYARD_ARBITRARY(sp::StepEvent, gen::set(&sp::StepEvent::deployment), gen::set(&sp::StepEvent::step),
                     gen::set(&sp::StepEvent::component, st::name_or_none()), gen::set(&sp::StepEvent::result),
                     gen::set(&sp::StepEvent::undo));
SWITCHYARD_ARBITRARY(sp::StepEventAck, gen::set(&sp::StepEventAck::deployment), gen::set(&sp::StepEventAck::step),
                     gen::set(&sp::StepEventAck::state, st::upto(sp::StepState::skipped)),
                     gen::set(&sp::StepEventAck::undo));
SWITCHYARD_ARBITRARY(sp::Health, gen::set(&sp::Health::deployment), gen::set(&sp::Health::component, st::name()),
                     gen::set(&sp::Health::healthy), gen::set(&sp::Health::detail, st::text()));
SWITCHYARD_ARBITRARY(sp::Query, gen::set(&sp::Query::deployment), gen::set(&sp::Query::plan_seq));
SWITCHYARD_ARBITRARY(sp::Report, gen::set(&sp::Report::report));
SWITCHYARD_ARBITRARY(sp::ReleaseFact, gen::set(&sp::ReleaseFact::release), gen::set(&sp::ReleaseFact::complete));
SWITCHYARD_ARBITRARY(sp::ComponentFact, gen::set(&sp::ComponentFact::component, st::name()),
                     gen::set(&sp::ComponentFact::serving), gen::set(&sp::ComponentFact::unit_state, st::text()),
                     gen::set(&sp::ComponentFact::releases));
SWITCHYARD_ARBITRARY(sp::InventoryQuestion, gen::set(&sp::InventoryQuestion::component, st::name()),
                     gen::set(&sp::InventoryQuestion::stable_port),
                     gen::set(&sp::InventoryQuestion::legacy_unit, st::unit_or_none()),
                     gen::set(&sp::InventoryQuestion::traffic));
SWITCHYARD_ARBITRARY(sp::Inventory, gen::set(&sp::Inventory::request, st::text()), gen::set(&sp::Inventory::questions));
SWITCHYARD_ARBITRARY(sp::InventoryReply, gen::set(&sp::InventoryReply::request, st::text()),
                     gen::set(&sp::InventoryReply::components), gen::set(&sp::InventoryReply::free_bytes));
SWITCHYARD_ARBITRARY(sp::BlobGet, gen::set(&sp::BlobGet::release), gen::set(&sp::BlobGet::manifest),
                     gen::set(&sp::BlobGet::offset), gen::set(&sp::BlobGet::length));
SWITCHYARD_ARBITRARY(sp::Blob, gen::set(&sp::Blob::release), gen::set(&sp::Blob::manifest), gen::set(&sp::Blob::offset),
                     gen::set(&sp::Blob::bytes, st::bytes()), gen::set(&sp::Blob::missing));
template <>
struct Arbitrary<sp::Message> {
  static auto arbitrary() { return st::one_of_kinds<sp::Message>(); }
};
SWITCHYARD_ARBITRARY(sp::Envelope, gen::set(&sp::Envelope::protocol), gen::set(&sp::Envelope::epoch),
                     gen::set(&sp::Envelope::session, st::bytes(16)), gen::set(&sp::Envelope::seq),
                     gen::set(&sp::Envelope::re),
                     gen::set(&sp::Envelope::message, gen::scale(0.2, st::any<sp::Message>())));

#undef SWITCHYARD_ARBITRARY

}  // namespace rc
