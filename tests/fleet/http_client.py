"""An HTTP/1.1 client that hides nothing: it never retries, and says exactly how an exchange failed."""

import asyncio
import os
import socket

HEAD_BYTES_MAX = 64 * 1024
RECEIVE_BYTES = 64 * 1024


class ExchangeFailed(Exception):
    """The text is short and the same for the same kind of failure, so that failures can be counted."""


class Answer:
    def __init__(self, status, headers, body, closes):
        self.status, self.headers, self.body, self.closes = status, headers, body, closes


class Connection:
    """One TCP connection; one exchange at a time."""

    def __init__(self, sock):
        self._socket = sock
        self._received = b""

    @classmethod
    async def open(cls, address, port):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError):
                raise ExchangeFailed(f"connect: {os.strerror(error.errno)}") from None
            raise
        return cls(sock)

    def close(self):
        self._socket.close()

    def is_closed_by_server(self):
        """Asked of a connection that was idle, before anything is sent on it. Closing an idle connection
        is a server's right; a client that looks first loses nothing."""
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    async def send(self, data):
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except OSError as error:
            raise ExchangeFailed(f"send: {error.strerror}") from None

    async def receive_answer(self):
        head = await self._receive_until(b"\r\n\r\n", "head")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = status_line.partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ExchangeFailed("the answer is no HTTP")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        status = int(rest[:3])
        if 100 <= status < 200:
            return await self.receive_answer()
        closes = "close" in headers.get("connection", "").lower() or version == "HTTP/1.0"
        body, ends_with_close = await self._receive_body(status, headers)
        return Answer(status, headers, body, closes or ends_with_close)

    async def _receive_body(self, status, headers):
        """The body, and whether only the end of the connection told where it ends."""
        if status in (204, 304):
            return b"", False
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._receive_chunks(), False
        if "content-length" in headers:
            return await self._receive_exactly(int(headers["content-length"])), False
        while await self._receive_more():
            pass
        body, self._received = self._received, b""
        return body, True

    async def _receive_chunks(self):
        body = b""
        while True:
            size = int((await self._receive_until(b"\r\n", "chunk")).split(b";")[0], 16)
            if size == 0:
                while await self._receive_until(b"\r\n", "trailer"):
                    pass
                return body
            body += await self._receive_exactly(size)
            await self._receive_exactly(2)

    async def _receive_until(self, end, what):
        while end not in self._received:
            if len(self._received) > HEAD_BYTES_MAX:
                raise ExchangeFailed(f"the answer's {what} is too long")
            had_some = bool(self._received)
            if not await self._receive_more():
                raise ExchangeFailed(f"closed within the answer's {what}" if had_some
                                     else "closed without an answer")
        found, self._received = self._received.split(end, 1)
        return found

    async def _receive_exactly(self, count):
        while len(self._received) < count:
            if not await self._receive_more():
                raise ExchangeFailed("closed within the answer's body")
        found, self._received = self._received[:count], self._received[count:]
        return found

    async def _receive_more(self):
        try:
            data = await asyncio.get_running_loop().sock_recv(self._socket, RECEIVE_BYTES)
        except OSError as error:
            raise ExchangeFailed(f"receive: {error.strerror}") from None
        self._received += data
        return bool(data)
