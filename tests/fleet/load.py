#!/usr/bin/python3
"""Clients that put a service under a steady load and count every request that was not answered well.

    load.py http://10.77.0.11:8080 --rate 250 --seconds 20 --ids ids.tsv --result result.json

The load is open: a request starts when its time has come, whether earlier ones are answered or not.
Half of the requests come from one-shot clients (a connection each), half from keep-alive clients, which
share a pool of connections. Nothing is ever tried again. Each request has an id of its own
(X-Request-Id), so that the servers' logs can be compared with what the clients counted.

SIGUSR1 marks a moment: the number of requests in flight right then is written down. "In flight" is a
request whose first byte is being sent or was sent, and whose answer has not been read to its end.
SIGTERM ends the run early and softly. The last line on stdout is the result as JSON.
"""

import argparse
import asyncio
import collections
import dataclasses
import json
import os
import random
import signal
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from http_client import Connection, ExchangeFailed  # noqa: E402

REQUEST_SECONDS_MAX = 30
SAMPLE_SECONDS = 0.01
CONNECTIONS_MAX = 200


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way of asking. `slow_seconds` spreads the sending of the body over that time, as a client on a
    bad line would. `text` is sent as JSON as it stands."""
    name: str
    weight: float
    method: str
    target: str
    form: bool = False
    json: bool = False
    slow_seconds: float = 0
    text: str = ""
    accept: str = "*/*"

    def body(self, request_id):
        if self.text:
            return "application/json", self.text.encode()
        fields = {"author": "load", "message": f"request {request_id}"}
        if self.form:
            return "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()
        return "application/json", json.dumps(fields).encode()


NOTHING_NEWER = 2**62  # An entry with this number never comes, so the server waits as long as it was asked to.

INITIALIZE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                         "params": {"protocolVersion": "2025-06-18", "capabilities": {},
                                    "clientInfo": {"name": "load", "version": "1"}}})

PROFILES = {
    "guestbook-web": [
        Kind("get", 0.50, "GET", "/"),
        Kind("post", 0.28, "POST", "/sign", form=True),
        Kind("slow_post", 0.10, "POST", "/sign", form=True, slow_seconds=0.5),
        Kind("long_get", 0.12, "GET", f"/updates?after={NOTHING_NEWER}&wait_ms=500"),
    ],
    "guestbook-api": [
        Kind("get", 0.50, "GET", "/entries"),
        Kind("post", 0.28, "POST", "/entries", json=True),
        Kind("slow_post", 0.10, "POST", "/entries", json=True, slow_seconds=0.5),
        Kind("long_get", 0.12, "GET", f"/entries?after={NOTHING_NEWER}&wait_ms=500"),
    ],
    # For any other service: one address, read only.
    "plain": [Kind("get", 1.0, "GET", "")],
    # An MCP server over streamable HTTP: clients that come and introduce themselves.
    "mcp": [Kind("initialize", 1.0, "POST", "/mcp", text=INITIALIZE, accept="application/json, text/event-stream")],
}


class Load:
    def __init__(self, url, kinds, rate, seconds, one_shot_share, seed):
        parts = urllib.parse.urlsplit(url)
        self.address, self.port = parts.hostname, parts.port or 80
        self.base = parts.path.rstrip("/")
        self.kinds, self.rate, self.seconds, self.one_shot_share = kinds, rate, seconds, one_shot_share
        self.random = random.Random(seed)
        self.run_id = os.urandom(4).hex()
        self.idle = collections.deque()
        self.places = asyncio.Semaphore(CONNECTIONS_MAX)
        self.stop = asyncio.Event()
        self.in_flight = 0
        self.records = []
        self.samples = []
        self.marks = []
        self.connections_opened = 0
        self.closed_while_idle = 0
        self.closed_by_answer = 0
        self.late_seconds_max = 0.0

    async def run(self):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self.mark)
        self.started_wall_ms = time.time_ns() // 1_000_000
        self.started = time.monotonic()
        sampler = asyncio.create_task(self.sample())
        requests = set()
        count = 0
        while not self.stop.is_set():
            due = self.started + count / self.rate
            if due >= self.started + self.seconds:
                break
            now = time.monotonic()
            if due > now:
                await asyncio.sleep(due - now)
            self.late_seconds_max = max(self.late_seconds_max, time.monotonic() - due)
            request = asyncio.create_task(self.request(count))
            requests.add(request)
            request.add_done_callback(requests.discard)
            count += 1
        self.last_start = time.monotonic()
        if requests:
            await asyncio.wait(requests)
        self.ended = time.monotonic()
        sampler.cancel()
        for connection in self.idle:
            connection.close()

    def mark(self):
        self.marks.append({"wall_ms": time.time_ns() // 1_000_000, "in_flight": self.in_flight})

    async def sample(self):
        """The number in flight at steady intervals, so that it can be looked up for any moment later."""
        while True:
            index = int((time.monotonic() - self.started) / SAMPLE_SECONDS)
            self.samples += [self.in_flight] * (index + 1 - len(self.samples))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def request(self, number):
        kind = self.random.choices(self.kinds, [kind.weight for kind in self.kinds])[0]
        one_shot = self.random.random() < self.one_shot_share
        request_id = f"{self.run_id}-{number}"
        started = time.monotonic()
        status, server, failure = 0, "", ""
        async with self.places:
            try:
                async with asyncio.timeout(REQUEST_SECONDS_MAX):
                    answer = await self.exchange(kind, one_shot, request_id)
                status, server = answer.status, answer.headers.get("server", "")
                if not 200 <= status < 400:
                    failure = f"status {status}"
                elif answer.headers.get("x-request-id", request_id) != request_id:
                    failure = "the answer belongs to another request"
            except ExchangeFailed as error:
                failure = str(error)
            except TimeoutError:
                failure = f"no answer in {REQUEST_SECONDS_MAX} s"
        self.records.append((request_id, kind.name, "one_shot" if one_shot else "keep_alive", status, failure,
                             round((started - self.started) * 1000, 1),
                             round((time.monotonic() - started) * 1000, 3), server))

    async def exchange(self, kind, one_shot, request_id):
        connection = await (self.open() if one_shot else self.take())
        try:
            self.in_flight += 1
            try:
                await self.send(connection, kind, one_shot, request_id)
                answer = await connection.receive_answer()
            finally:
                self.in_flight -= 1
        except BaseException:
            connection.close()
            raise
        if answer.closes or one_shot:
            self.closed_by_answer += answer.closes and not one_shot
            connection.close()
        else:
            self.idle.append(connection)
        return answer

    async def send(self, connection, kind, one_shot, request_id):
        lines = [f"{kind.method} {self.base + kind.target or '/'} HTTP/1.1", f"Host: {self.address}:{self.port}",
                 f"X-Request-Id: {request_id}", f"Accept: {kind.accept}",
                 "Connection: " + ("close" if one_shot else "keep-alive")]
        body = b""
        if kind.method == "POST":
            content_type, body = kind.body(request_id)
            lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if not kind.slow_seconds:
            await connection.send(head + body)
            return
        await connection.send(head)
        pieces = 5
        for piece in range(pieces):
            await asyncio.sleep(kind.slow_seconds / pieces)
            await connection.send(body[len(body) * piece // pieces:len(body) * (piece + 1) // pieces])

    async def take(self):
        """The keep-alive connection that was idle longest, so that all of them stay in use."""
        while self.idle:
            connection = self.idle.popleft()
            if not connection.is_closed_by_server():
                return connection
            connection.close()
            self.closed_while_idle += 1
        return await self.open()

    async def open(self):
        self.connections_opened += 1
        return await Connection.open(self.address, self.port)

    # The result -----------------------------------------------------------------------------------

    def result(self):
        latencies = sorted(record[6] for record in self.records)
        failures = collections.Counter(record[4] for record in self.records if record[4])
        kinds = {}
        for _, kind, style, _, failure, _, _, _ in self.records:
            counts = kinds.setdefault(kind, {"keep_alive": 0, "one_shot": 0, "failed": 0})
            counts[style] += 1
            counts["failed"] += bool(failure)
        return {
            "url": f"http://{self.address}:{self.port}{self.base}",
            "requests": len(self.records), "failed": sum(failures.values()), "failures": dict(failures),
            "first_failures": [list(record) for record in self.records if record[4]][:5],
            "kinds": kinds, "served_by": self.served_by(),
            "seconds": round(self.ended - self.started, 3),
            "rate": round(len(self.records) / max(0.001, self.last_start - self.started), 1),
            "in_flight_at_mark": [mark["in_flight"] for mark in self.marks], "marks": self.marks,
            "in_flight_max": max(self.samples, default=0),
            "in_flight_median": sorted(self.samples)[len(self.samples) // 2] if self.samples else 0,
            "latency_ms": {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99),
                           "max": percentile(latencies, 100)},
            "latency_ms_short": self.short_latencies(),
            "connections_opened": self.connections_opened, "closed_while_idle": self.closed_while_idle,
            "closed_by_answer": self.closed_by_answer,
            "late_start_ms_max": round(self.late_seconds_max * 1000, 1),
            "started_wall_ms": self.started_wall_ms, "sample_ms": SAMPLE_SECONDS * 1000, "samples": self.samples,
        }

    def short_latencies(self):
        """Without the kinds that take long on purpose."""
        slow = {kind.name for kind in self.kinds if kind.slow_seconds or "wait_ms" in kind.target}
        short = sorted(record[6] for record in self.records if record[1] not in slow)
        return {"p50": percentile(short, 50), "p99": percentile(short, 99), "max": percentile(short, 100)}

    def served_by(self):
        """For each Server header: how many answers, and when the first and the last such request started."""
        servers = {}
        for *_, started_ms, _, server in self.records:
            if server:
                seen = servers.setdefault(server, {"answers": 0, "first_ms": started_ms, "last_ms": started_ms})
                seen["answers"] += 1
                seen["first_ms"] = min(seen["first_ms"], started_ms)
                seen["last_ms"] = max(seen["last_ms"], started_ms)
        return servers

    def write_ids(self, path):
        with open(path, "w", encoding="ascii") as file:
            file.write("id\tkind\tstyle\tstatus\tfailure\tstarted_ms\tms\tserver\n")
            for record in self.records:
                file.write("\t".join(map(str, record)) + "\n")


def in_flight_at(result, wall_ms):
    """How many requests of a run were in flight at a moment; None outside the run."""
    index = int((wall_ms - result["started_wall_ms"]) // result["sample_ms"])
    return result["samples"][index] if 0 <= index < len(result["samples"]) else None


def percentile(ordered, percent):
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("url")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="guestbook-web")
    parser.add_argument("--rate", type=float, default=250, help="requests per second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--one-shot", type=float, default=0.5, help="share of requests with a connection each")
    parser.add_argument("--seed", type=int, default=1, help="for the order of the kinds")
    parser.add_argument("--ids", help="write one line per request to this file")
    parser.add_argument("--result", help="write the result to this file too")
    options = parser.parse_args()

    async def run():
        load = Load(options.url, PROFILES[options.profile], options.rate, options.seconds, options.one_shot,
                    options.seed)
        await load.run()
        return load

    load = asyncio.run(run())
    result = load.result()
    if options.ids:
        load.write_ids(options.ids)
    if options.result:
        with open(options.result, "w", encoding="ascii") as file:
            json.dump(result, file)
    print(json.dumps({name: value for name, value in result.items() if name != "samples"}))


if __name__ == "__main__":
    main()
