"""A forward proxy that leads the venue's host names to the local server, and nothing anywhere else.

A client keeps its real addresses: it asks for `CONNECT api.binance.com:443`, speaks TLS inside, and lands here.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

HEAD_BYTES: Final = 16_384
CHUNK: Final = 65_536
HEAD_S: Final = 10.0
"""Within which a client must have said where it wants to go."""

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class Tunnel:
    """Listens on `port` of this machine. `silence` keeps every connection open and lets nothing through."""

    def __init__(self, hosts: Sequence[str], target: int) -> None:
        self._hosts = tuple(hosts)
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[Writer] = set()
        self._server: asyncio.Server | None = None
        self.refused: list[str] = []
        """Host names that were asked for and are not served, at most the last hundred."""

    async def start(self, port: int = 0) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=HEAD_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close what is open."""
        self.speak()
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    def silence(self) -> None:
        """From now on nothing goes through, in either direction; no connection is closed."""
        self._open.clear()

    def speak(self) -> None:
        """Let everything through again, also what was held back."""
        self._open.set()

    def break_all(self) -> None:
        """Every connection breaks without a word."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        self._writers.add(writer)
        try:
            async with asyncio.timeout(HEAD_S):
                host = _asked(await reader.readuntil(b"\r\n\r\n"))
            if not self._serves(host):
                self.refused = [*self.refused[-99:], host]
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._join(reader, writer, there_reader, there)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # a client that went away, or never said what it wanted
        finally:
            self._writers.discard(writer)
            writer.close()

    def _serves(self, host: str) -> bool:
        return any(host == name or host.endswith("." + name) for name in self._hosts)

    async def _join(self, reader: Reader, writer: Writer, there_reader: Reader, there: Writer) -> None:
        ways = [asyncio.create_task(self._pump(reader, there)), asyncio.create_task(self._pump(there_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            there.close()

    async def _pump(self, source: Reader, sink: Writer) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                await self._open.wait()
                sink.write(data)
                await sink.drain()


def _asked(head: bytes) -> str:
    """The host of a CONNECT request, "" of anything else."""
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return words[1].rpartition(":")[0].lower() if len(words) == 3 and words[0] == "CONNECT" else ""
