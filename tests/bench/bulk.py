#!/usr/bin/python3
"""How fast an agent fetches a release: with one chunk under way at a time, and with several; near and far.

Far is 20 ms there and back: a relay in this process holds every byte for half of that. The relay is the same for both
ways of fetching, so what it costs itself falls out of the comparison.
"""

import argparse
import asyncio
import pathlib
import sys

import report

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "build/bench/tests/bench/bench_bulk_window"
DELAY_SECONDS = 0.010
PIECE_BYTES = 64 * 1024


async def carry(reader, writer):
    """Every piece leaves DELAY_SECONDS after it came; a thousand may be under way."""
    under_way = asyncio.Queue(maxsize=1_000)
    clock = asyncio.get_running_loop().time

    async def let_go():
        while piece := await under_way.get():
            await asyncio.sleep(max(0.0, piece[0] - clock()))
            writer.write(piece[1])
            await writer.drain()
        writer.close()

    leaving = asyncio.create_task(let_go())
    try:
        while piece := await reader.read(PIECE_BYTES):
            await under_way.put((clock() + DELAY_SECONDS, piece))
    except ConnectionError:
        pass
    await under_way.put(None)
    await asyncio.gather(leaving, return_exceptions=True)


async def relay(port):
    async def take(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))

    return await asyncio.start_server(take, "127.0.0.1", 0)


async def measure(program, mebibytes, far):
    """Speeds in MiB/s: one at a time, several at a time."""
    process = await asyncio.create_subprocess_exec(program, str(mebibytes), stdin=asyncio.subprocess.PIPE,
                                                   stdout=asyncio.subprocess.PIPE)
    ports = [int(word) for word in (await process.stdout.readline()).split()]
    relays = [await relay(port) for port in ports] if far else []
    dialled = [each.sockets[0].getsockname()[1] for each in relays] or ports
    answer, _ = await asyncio.wait_for(process.communicate(f"{dialled[0]} {dialled[1]}\n".encode()), 300)
    for each in relays:
        each.close()
    return [float(word) for word in answer.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--program", default=str(PROGRAM), help="bench_bulk_window, when it is not of the bench preset")
    parser.add_argument("--mebibytes", type=int, default=64)
    options = parser.parse_args()
    figures = report.Report("bulk")
    for place, far in (("near", False), ("far", True)):
        single, several = asyncio.run(measure(options.program, options.mebibytes, far))
        figures.add(f"bulk_{place}_single_mib_s", single, "MiB/s")
        figures.add(f"bulk_{place}_mib_s", several, "MiB/s", goal=f">= {2 * single:.1f}" if far else None,
                    against="one chunk at a time")
    return figures.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
