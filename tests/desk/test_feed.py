"""The feed: whole, in order, closed to strangers, and indifferent to slow pages."""

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("panel")

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from stackedmm.desk.app import Desk
from stackedmm.engine.arm import prepare
from tests.desk.waiting import until

pytestmark = [
    pytest.mark.slow,
    # Bokeh itself calls what tornado and numpy have announced to change.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def desk(traded) -> Iterator[Desk]:
    """A desk that serves from a thread of its own."""
    made: list[Desk] = []
    ready = threading.Event()

    async def run() -> None:
        made.append(Desk(traded, port=0))
        made[0].begin()
        ready.set()
        await done.wait()
        made[0].finish()

    def serve() -> None:
        asyncio.run(run())

    done = asyncio.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(30)
    yield made[0]
    made[0].loop.add_callback(done.set)
    thread.join()


@asynccontextmanager
async def connect(desk, origin=None):
    """A page's connection to the feed."""
    headers = {"Origin": origin or desk.url.rstrip("/")}
    page = await websocket_connect(HTTPRequest(desk.url.replace("http", "ws") + "feed", headers=headers))
    try:
        yield page
    finally:
        page.close()
        while await page.read_message() is not None:
            pass


async def read(page):
    """The next message of a page."""
    return json.loads(await asyncio.wait_for(page.read_message(), 30))


def test_a_page_hears_the_past_and_then_every_frame_from_where_it_ended(desk):
    async def listen():
        async with connect(desk) as page:
            at, count, missed = {}, 0, 0
            while count < 6:
                message = await read(page)
                if message["type"] == "hello":
                    assert len(message["points"][0]) == message["to"]["points"][0] > 30
                    at, count = message["to"], 0
                elif message.get("from") == at:
                    assert len(message["points"][0]) == message["to"]["points"][0] - at["points"][0]
                    at, count = message["to"], count + 1
                elif "from" in message:  # a busy machine may skip a frame: the page asks for the past again
                    missed += 1
                    assert missed < 20
                    page.write_message('{"do": "backfill"}')

    asyncio.run(listen())


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://127.0.0.1:1", "null"])
def test_a_page_from_elsewhere_may_not_listen(desk, origin):
    async def listen():
        async with connect(desk, origin):
            pass

    with pytest.raises(HTTPClientError, match="403"):
        asyncio.run(listen())


def test_a_page_is_told_anew_when_other_rules_come_into_force(desk, traded):
    async def listen():
        async with connect(desk) as page:
            first = None
            while True:
                message = await read(page)
                if message["type"] == "hello" and first is None:
                    first = [rule["name"] for rule in message["rules"]]
                    traded.host.swap(prepare(traded.filled, None), rules=None, who="test")
                elif message["type"] == "hello":
                    return first, message["rules"]

    first, then = asyncio.run(listen())
    assert "lean" in first
    assert then == []


def test_a_word_of_a_page_reaches_the_engine_and_comes_back(desk, traded):
    async def tune():
        async with connect(desk) as page:
            page.write_message(json.dumps({"do": "tune", "name": "lean.strength", "value": 20}))
            while True:
                frame = await read(page)
                if frame["type"] == "frame" and frame["params"][traded.slots["lean.strength"].place] == 20:
                    return

    asyncio.run(tune())


REFUSED = [
    "",
    "{",
    "[]",
    "x" * 5000,
    '{"do": "tune"}',
    '{"do": "tune", "name": "lean.strength", "value": "much"}',
    '{"do": "tune", "name": "lean.strength", "value": NaN}',
    '{"do": "control", "name": "fire"}',
]


@pytest.mark.parametrize("word", REFUSED)
def test_what_is_not_understood_is_answered_and_changes_nothing(desk, traded, word):
    async def say():
        async with connect(desk) as page:
            page.write_message(word)
            while (await read(page))["type"] != "refused":
                pass

    before = traded.host.look().state["params"].tobytes()
    asyncio.run(say())
    number = traded.host.look().number
    after = until(traded, lambda look: look.number > number + 1)
    assert after.state["params"].tobytes() == before
    assert not after.state["killed"]
    assert not after.state["paused"]


def test_a_page_that_does_not_read_costs_little_and_holds_nobody_up(desk, traded):
    stuck = socket.create_connection(("127.0.0.1", desk.port))
    key = base64.b64encode(b"0123456789abcdef").decode()
    stuck.sendall(
        f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nOrigin: {desk.url.rstrip('/')}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    word = b'{"do":"backfill"}'
    masked = bytes([0x81, 0x80 | len(word)]) + bytes(4) + word
    stuck.sendall(masked * 500)

    async def listen():
        async with connect(desk) as page:
            numbers = [frame["number"] for frame in [await read(page) for _ in range(12)] if frame["type"] == "frame"]
            assert numbers == sorted(numbers)
            assert numbers[-1] - numbers[0] >= 8

    asyncio.run(listen())
    waiting = [len(viewer.ws_connection.stream._write_buffer) for viewer in desk.hub.viewers if viewer.ws_connection]
    assert sum(waiting) < 1_000_000
    stuck.close()
