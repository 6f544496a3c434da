#!/usr/bin/python3
"""Requests lost, and time taken, by 20 swaps under load for each kind of traffic switch; and by 20 rollbacks on three
hosts whose old slots are warm. Beside them, in the same minutes, an nginx that is reloaded as often: what people do
without Switchyard.

    swap.py [--json] [--swaps N]

Every swap of the first part is a whole one: a new process, its health, the switch, the drain, the end of the old. In
the second part both slots live on, and traffic goes to and fro between them.
"""

import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fleet")]

import guestbook  # noqa: E402
import product  # noqa: E402
import report  # noqa: E402
import sample  # noqa: E402
from harness import CannotRun, Fleet, requirements  # noqa: E402

SWAPS = 20
RATE = 60
RATE_KEPT = 100
KEEP_OLD_SECONDS = 1
DRAIN_SECONDS = 1
# Until the old slots of a swap have been drained and stopped.
REST_SECONDS = KEEP_OLD_SECONDS + DRAIN_SECONDS + 1.5
NEAR_BEFORE_MS, NEAR_AFTER_MS = 100, 1000
QUIET_AFTER_MS = 500

PEER_PORTS = (6002, 6003)
NGINX = """
server {{ listen {listen} default_server; location / {{ proxy_pass http://127.0.0.1:{port}; }} }}
"""

HAPROXY = """
global
  stats socket /run/haproxy/admin.sock mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend visitors
  bind :81
  default_backend behind
backend behind
  server blue 127.0.0.1:5112 disabled
  server green 127.0.0.1:5113 disabled
"""

HAPROXY_TRAFFIC = """\
traffic:
  kind: haproxy
  haproxy: {socket: /run/haproxy/admin.sock, backend: behind, servers: {blue: blue, green: green}}
"""


def on_h1(name, stable, blue=None, extra=""):
    ports = {"stable": stable, **({"blue": blue, "green": blue + 1} if blue else {})}
    return sample.Component(name, ["h1"], ports, extra)


# name: (component, where its clients go, share of one-shot clients)
KINDS = {
    "nginx_nft": (on_h1("behind-nginx", 8000, 5102, "traffic: {kind: nginx}\n"), 80, 0.5),
    "haproxy": (on_h1("behind-haproxy", 81, 5112, HAPROXY_TRAFFIC), 81, 0.5),
    "nft_oneshot": (on_h1("one-shot", 8090, 5122), 8090, 1),
    "nft_keepalive_past_drain": (on_h1("past-drain", 8095, 5132, f"drain_seconds: {DRAIN_SECONDS}\n"), 8095, 0),
    "none": (on_h1("alone", 8070, extra="strategy: recreate\n"), 8070, 1),
}
KEPT = sample.Component("kept", ["h1", "h2", "h3"])


class Bench:
    def __init__(self, fleet, place, swaps, say):
        self.fleet, self.place, self.swaps, self.say = fleet, place, swaps, say
        self.product = product.Product(fleet)

    def run(self, figures):
        self.set_up()
        swaps, results = self.swap_every_kind()
        for kind in ("nginx_nft", "haproxy", "nft_oneshot"):
            figures.add(f"{kind}_failed", results[kind]["failed"], "requests", goal="<= 0",
                        against=results["nginx reload"]["failed"] if kind == "nginx_nft" else None)
        flips, decided, kept = self.flip_to_and_fro()
        figures.add("nft_keepalive_kept_failed", sum(result["failed"] for result, _ in kept.values()), "requests",
                    goal="<= 0")
        figures.add("nft_keepalive_past_drain_failed", results["nft_keepalive_past_drain"]["failed"], "requests")
        figures.add("none_interrupted_ms", median_gap_ms(results["none"], self.records["none"]), "ms")
        figures.add("swap_ms_p99", report.percentile([spread_ms(timeline) for timeline in flips], 99), "ms")
        near, quiet = self.latencies(swaps, results)
        figures.add("added_latency_ms_p99", round(report.percentile(near, 99) - report.percentile(quiet, 99), 1), "ms",
                    against=report.percentile(quiet, 99))
        rollbacks = [serving_everywhere_ms(moment, version, kept) for moment, version in decided]
        figures.add("rollback_ms_p95", report.percentile(rollbacks, 95), "ms", goal="<= 1000")

    def set_up(self):
        h1, h2 = self.fleet["h1"], self.fleet["h2"]
        self.write(h1, "/etc/nginx/sites-available/default", NGINX.format(listen=80, port=8000))
        self.write(h1, "/etc/haproxy/haproxy.cfg", HAPROXY)
        h1.run(["systemctl", "start", "nginx", "haproxy"])
        # The peer: two servers that stay, and an nginx that is told to use the other one.
        release = sample.write_release(self.place, "peer", [KEPT]) / KEPT.name
        h2.copy_in(release, "/opt/peer")
        for port in PEER_PORTS:
            h2.run(["systemd-run", "--quiet", f"--setenv=PORT={port}", "/opt/peer/bin/serve"])
        self.lead_peer_to(PEER_PORTS[0])
        h2.run(["systemctl", "start", "nginx"])
        self.product.install()

    @staticmethod
    def write(host, path, text):
        host.run(["install", "-D", "/dev/stdin", path], input=text)

    def lead_peer_to(self, port):
        self.write(self.fleet["h2"], "/etc/nginx/sites-available/default", NGINX.format(listen=80, port=port))

    def release(self, name, version, components, settings):
        directory = sample.write_release(pathlib.Path(self.place, name), version, components, settings=settings)
        place = f"/root/{name}-{version}"
        self.product.coordinator.copy_in(directory, place)
        return place + "/deploy.yaml"

    def load(self, stack, name, url, one_shot, rate=RATE):
        clients = guestbook.Load(self.fleet, self.place, name=name, url=url, profile="plain", rate=rate,
                                 one_shot=one_shot)
        stack.callback(clients.end)
        return clients

    # Part one -------------------------------------------------------------------------------------

    def swap_every_kind(self):
        """([(deployment, timeline)], results of the clients by kind). The peer is reloaded once for each of our swaps."""
        components = [component for component, _, _ in KINDS.values()]
        settings = f"watch_seconds: 0\nkeep_old_seconds: {KEEP_OLD_SECONDS}"
        manifests = [self.release("kinds", version, components, settings) for version in ("1.0.0", "2.0.0")]
        self.product.deploy(manifests[0])
        h1, h2 = self.fleet["h1"], self.fleet["h2"]
        swaps = []
        with contextlib.ExitStack() as stack:
            clients = {kind: self.load(stack, kind, f"http://{h1.address}:{port}", one_shot)
                       for kind, (_, port, one_shot) in KINDS.items()}
            clients["nginx reload"] = self.load(stack, "peer", f"http://{h2.address}", KINDS["nginx_nft"][2])
            time.sleep(2)
            for count in range(self.swaps):
                deployment = self.product.deploy(manifests[(count + 1) % 2])
                swaps.append((deployment, self.product.timeline(deployment["id"])))
                self.lead_peer_to(PEER_PORTS[(count + 1) % 2])
                h2.run(["nginx", "-s", "reload"])
                self.say(f"swap {count + 1} of {self.swaps}: {deployment['finished_ms'] - deployment['created_ms']} ms")
                time.sleep(REST_SECONDS)
            results = {kind: each.stop() for kind, each in clients.items()}
            self.records = {kind: read_records(each.ids) for kind, each in clients.items()}
        for kind, result in results.items():
            self.say(f"{kind}: {result['requests']} requests, {result['failed']} failed {result['failures'] or ''}")
        return swaps, results

    def latencies(self, swaps, results):
        """Of the clients that lose nothing: (near a switch, while nothing is deployed), in ms."""
        moments = [entry["wall_ms"] for _, timeline in swaps for entry in timeline
                   if entry["what"] == "step" and entry["text"].startswith("switch ") and entry["state"] == "done"]
        near, quiet = [], []
        for kind in ("nginx_nft", "haproxy", "nft_oneshot"):
            for record in self.records[kind]:
                wall_ms = results[kind]["started_wall_ms"] + record["started_ms"]
                if any(-NEAR_BEFORE_MS <= wall_ms - moment <= NEAR_AFTER_MS for moment in moments):
                    near.append(record["ms"])
                elif not any(deployment["created_ms"] <= wall_ms <= deployment["finished_ms"] + QUIET_AFTER_MS
                             for deployment, _ in swaps):
                    quiet.append(record["ms"])
        return near, quiet

    # Part two -------------------------------------------------------------------------------------

    def flip_to_and_fro(self):
        """(timelines, [(moment of the command, version that shall serve)], host → (result, records))."""
        settings = "watch_seconds: 0\nkeep_old_seconds: 3600"
        versions = ("1.0.0", "2.0.0")
        manifests = [self.release("kept", version, [KEPT], settings) for version in versions]
        self.product.deploy(manifests[0])
        last = self.product.deploy(manifests[1])["id"]
        timelines, decided = [], []
        with contextlib.ExitStack() as stack:
            clients = {host.name: self.load(stack, f"kept-{host.name}", f"http://{host.address}:8080", 0.5, RATE_KEPT)
                       for host in self.product.hosts}
            time.sleep(2)
            for count in range(self.swaps):
                decided.append((time.time_ns() // 1_000_000, versions[count % 2]))
                last = self.product.roll_back(last)["id"]
                timelines.append(self.product.timeline(last))
                time.sleep(1)
            kept = {name: (each.stop(), read_records(each.ids)) for name, each in clients.items()}
        for name, (result, _) in kept.items():
            self.say(f"rollbacks, {name}: {result['requests']} requests, {result['failed']} failed "
                     f"{result['failures'] or ''}")
        return timelines, decided, kept


def read_records(path):
    with open(path, encoding="ascii") as file:
        names = next(file).rstrip("\n").split("\t")
        records = [dict(zip(names, line.rstrip("\n").split("\t"))) for line in file]
    for record in records:
        record["started_ms"], record["ms"] = float(record["started_ms"]), float(record["ms"])
    return sorted(records, key=lambda record: record["started_ms"])


def median_gap_ms(result, records):
    """From the last request that was answered before a failure to the first that was answered after it."""
    gaps, last_good, failed = [], None, False
    for record in records:
        if record["failure"]:
            failed = True
            continue
        if failed and last_good is not None:
            gaps.append(record["started_ms"] - last_good)
        last_good, failed = record["started_ms"], False
    return round(statistics.median(gaps)) if gaps else 0


def spread_ms(timeline):
    """From the order to switch to the last host that has."""
    began = [entry["wall_ms"] for entry in timeline if entry["what"] == "state" and entry["state"] == "swapping"]
    switched = [entry["wall_ms"] for entry in timeline
                if entry["what"] == "host" and entry["text"].startswith("switched ")]
    return max(switched) - min(began)


def serving_everywhere_ms(moment, version, kept):
    """From a moment to the answer, on the last host, of the first new connection that reached this version."""
    last = 0
    for result, records in kept.values():
        for record in records:
            wall_ms = result["started_wall_ms"] + record["started_ms"]
            if wall_ms >= moment and record["style"] == "one_shot" and record["server"] == f"sample/{version}":
                last = max(last, wall_ms + record["ms"] - moment)
                break
        else:
            raise AssertionError(f"no host ever served {version} after a rollback to it")
    return round(last)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--swaps", type=int, default=SWAPS)
    options = parser.parse_args()
    figures = report.Report("swap")
    try:
        product.require_packages()
        hosts = ["h1", "h2", "h3", product.COORDINATOR_HOST]
        with Fleet("swapbench", hosts=hosts) as fleet, tempfile.TemporaryDirectory() as place:
            Bench(fleet, place, options.swaps, lambda text: print(f"  {text}", file=sys.stderr)).run(figures)
    except CannotRun as error:
        print(f"script/bench swap: {error}", file=sys.stderr)
        return requirements.EXIT_STATUS
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
