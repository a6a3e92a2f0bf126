#!/usr/bin/env python3
"""A small client for Wirephoto boards, in one file.

    with wirephoto.Board("https://example.org/b/kitchen#secret") as board:
        picture = board.push("loss.png", caption="Epoch 12")
        board.patch(picture["id"], caption="Epoch 12, smoothed")
        for old, new in board.changes():
            print(old and old["caption"], "->", new and new["caption"])

It needs Python 3.9 and websocket-client. PROTOCOL.md says what goes over the line.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import secrets
import signal
import sys
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, Callable, Iterator, Optional, TypedDict, Union
from urllib.parse import quote, urlencode, urlsplit

import websocket

__all__ = ["Board", "Change", "Error", "Frame", "ListedSlot", "Picture", "Slot"]

WIRE = 23  # the version of the protocol that this client speaks
PATIENCE_S = 120.0  # how long a call goes on trying; the server gives up a dead upload in 80
ANSWER_S = 10.0  # how long to wait for an answer
UPLOAD_S = 30.0  # how long to wait for the answer to a file

# After these another try may help. "unreachable" is a code of this client's own: the line
# broke, or something answered that isn't Wirephoto.
PASSING = frozenset(
    "away busy internal newer-format stopping too-fast too-many unreachable".split()
)


class Picture(TypedDict, total=False):
    """A picture on a board. Times are in milliseconds since 1970, by the server's clock.

    `bytes`, `blob`, `type` and `storedAt` are None until its file is stored. A server may
    send more fields than these.
    """

    id: str  # a UUIDv7 in lower case
    x: float  # x, y and w are in board units
    y: float
    w: float
    z: str  # its place in the stack
    caption: str
    name: str
    type: Optional[str]  # of the file, such as "image/png"
    width: int  # in pixels
    height: int
    bytes: Optional[int]
    blob: Optional[str]  # the SHA-256 of the file, in hex
    author: str
    by: str
    slot: Optional[str]  # the live slot whose tile it is
    createdAt: int
    storedAt: Optional[int]
    deletedAt: Optional[int]  # when it went into the trash; None if it isn't there


class ListedSlot(TypedDict):
    """A live slot on a board. Times are in milliseconds since 1970, by the server's clock."""

    name: str
    id: str  # of its tile
    lastFrameAt: int
    isLate: bool  # whether the next frame is late
    intervalMs: Optional[int]  # the usual time between two frames, once it is known
    frameUrl: str  # of its newest frame
    url: str  # of its tile's record
    fileUrl: str  # of its tile's file, the last frame that is stored


class Frame(TypedDict):
    """A stored frame of a live slot."""

    blob: str  # the SHA-256 of its bytes, in hex
    type: str  # such as "image/png"
    bytes: int
    width: int  # in pixels
    height: int
    at: int  # when it was stored, in milliseconds since 1970
    url: str


Change = tuple[Optional[Picture], Optional[Picture]]
Source = Union[str, "os.PathLike[str]", bytes, BinaryIO]


class Error(Exception):
    """What the server refused, or why it couldn't be asked.

    `code` is the protocol's word for it, or "unreachable" or "bad-address". `message` is a
    sentence for people. `retry_after_s` says when another try may help, if the server knows.
    """

    def __init__(self, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s

    @classmethod
    def of(cls, error: dict[str, Any]) -> Error:
        """From the server's `{"code", "message", "retryAfterS"?}`."""
        return cls(error["code"], error["message"], error.get("retryAfterS"))


class Board:
    """A board, by the address of its page: `http://host/b/kitchen#secret`.

    The address of a server alone is its front board. The token is the one given here, else
    the address's secret, else WIREPHOTO_TOKEN, else a new one. Threads may share a board.
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        url = urlsplit(address)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise Error("bad-address", f"{address} isn't the address of a board.")
        page = re.fullmatch(r"(.*)/b/([^/]+)/?", url.path)
        self.id: str = page[2] if page else "main"
        self.token: str = (
            token or url.fragment or os.environ.get("WIREPHOTO_TOKEN") or secrets.token_urlsafe(24)
        )
        self._tls = url.scheme == "https"
        self._host = url.netloc.rpartition("@")[2]
        self._server = page[1] if page else url.path.rstrip("/")  # the path that it lies under
        self._page = f"{self._server}/b/{self.id}"
        self._api = f"{self._server}/api/boards/{self.id}"
        self._skew_s = 0.0  # how far the server's clock is ahead of ours
        self._idle: list[http.client.HTTPConnection] = []  # open, and free for the next request
        self._lines: set[_Line] = set()
        self._closed = threading.Event()
        self._commanding = threading.Lock()  # one message of commands is on its way at a time
        self._queue: tuple[str, int] | None = None  # its id, and the next command's number

    def push(
        self, source: Source, name: str | None = None, caption: str | None = None,
        id: str | None = None, x: float | None = None, y: float | None = None,
        w: float | None = None, by: str | None = None,
    ) -> Picture:  # fmt: skip
        """Add a picture: a path, the bytes of a file, or a file that is open for reading bytes.

        Returns the stored record, with its addresses `url` and `fileUrl` too. `x`, `y` and `w`
        are in board units; without them the server finds a place. `id` is a UUIDv7: the same
        bytes pushed again by the same id are there once. When the line breaks or the server is
        busy it tries again for PATIENCE_S. Then it raises Error, as it does for a refusal.
        """
        if isinstance(source, bytes):
            data = source
        elif isinstance(source, (str, os.PathLike)):
            name = name or os.path.basename(source)
            with open(source, "rb") as file:
                data = file.read()
        else:
            data = source.read()
        fields = {"name": name or "picture", "caption": caption, "x": x, "y": y, "w": w, "by": by}
        query = urlencode({key: value for key, value in fields.items() if value is not None})
        path = f"{self._api}/images/{quote(id or self._new_id(), safe='')}"

        def put() -> Any:
            return self._request("PUT", f"{path}?{query}", data, {"If-None-Match": "*"})

        # A conflict: an earlier try begins at the same moment.
        stored: Picture = self._patiently(put, PASSING | {"conflict"})
        return stored

    def pictures(self) -> list[Picture]:
        """The pictures that aren't in the trash, and those whose file is still on its way."""
        return _Mirror(self._patiently(self._snapshot)).pictures()

    def slot(self, name: str) -> Slot:
        """A live slot: its name is a letter or digit and up to 63 more, `.`, `_` and `-` too."""
        return Slot(self, name)

    def slots(self) -> list[ListedSlot]:
        """The live slots on the board, by name."""
        answer = self._patiently(lambda: self._request("GET", f"{self._api}/slots"))
        slots: list[ListedSlot] = answer["slots"]
        return slots

    def patch(self, id: str, **fields: Any) -> None:
        """Change any of a picture's `x`, `y`, `w`, `z`, `caption`, `by`. Raises the refusal."""
        self._command({"kind": "image.patch", "id": id, "set": fields})

    def remove(self, id: str) -> None:
        """Put a picture into the trash. Raises the refusal."""
        self._command({"kind": "image.remove", "id": id})

    def restore(self, id: str) -> None:
        """Take a picture out of the trash. Raises the refusal."""
        self._command({"kind": "image.restore", "id": id})

    def changes(
        self, following: Callable[[list[Picture]], object] = lambda pictures: None
    ) -> Iterator[Change]:
        """Every change from now on, as `(old, new)`: the picture before it, and after it.

        `old` is None for a new picture, and `new` for one that is gone for good. One in the
        trash is still there, with its `deletedAt`. `following` is called once, before the first
        change, with the pictures outside the trash that the changes begin from.

        It goes on over broken lines and restarts of the server, without a gap: what happened to
        a picture meanwhile comes as one change. It ends when the board is closed, and by an
        Error when the server refuses the board.
        """
        mirror: _Mirror | None = None
        begin: list[Picture] | None = None
        held: list[Change] = []  # told as soon as the server says that it follows
        tries = 0
        while not self._closed.is_set():
            try:
                if mirror is None:
                    mirror = _Mirror(self._snapshot())
                    begin = mirror.pictures()
                with _Line(self) as line:
                    for event, batch in line.events():
                        if event == "stale":
                            held += mirror.replace(self._snapshot())
                        elif event == "changes" and batch["from"] == mirror.cursor:
                            held += mirror.apply(batch)
                        missed = event == "changes" and batch["to"] != mirror.cursor
                        if missed or event in ("connected", "stale"):
                            line.follow(mirror.cursor)
                        if line.follows:
                            tries = 0
                            if begin is not None:
                                following(begin)
                                begin = None
                            yield from held
                            held.clear()
            except Error as error:
                if self._closed.is_set():
                    return
                if error.code not in PASSING:
                    raise
                self._closed.wait(_pause(tries, error))
                tries += 1

    def close(self) -> None:
        """End every `changes()`, and every wait for another try. Any thread may call it."""
        self._closed.set()
        for line in list(self._lines):
            line.abort()
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _snapshot(self) -> Any:
        """`{"cursor", "records"}`: the whole board."""
        return self._request("GET", f"{self._api}/snapshot")

    def _command(self, command: dict[str, Any]) -> None:
        """Send a command and raise its refusal. However often it goes out, it counts once."""

        def send(client: str, n: int) -> list[dict[str, Any]]:
            message = {"client": client, "n": n, "commands": [command]}
            path = f"{self._page}/commands?wire={WIRE}"
            answer = self._patiently(lambda: self._request("POST", path, message))
            self._queue = (client, n + 1)
            return [refusal["error"] for refusal in answer["refused"] if refusal["n"] == n]

        with self._commanding:
            # After an error nobody knows if the number is used, so the queue ends there.
            queue, self._queue = self._queue, None
            try:
                refusals = send(*(queue or (self._new_id(), 1)))
            except Error as error:
                if error.code not in ("gap", "stale-client"):
                    raise
                refusals = send(self._new_id(), 1)
        for refusal in refusals:
            raise Error.of(refusal)

    def _patiently(self, action: Callable[[], Any], passing: frozenset[str] = PASSING) -> Any:
        """Try until it is done or refused, the time is over, or the board is closed."""
        end = time.monotonic() + PATIENCE_S
        tries = 0
        while True:
            try:
                return action()
            except Error as error:
                pause = _pause(tries, error)
                late = time.monotonic() + pause > end
                if error.code not in passing or late or self._closed.wait(pause):
                    raise
                tries += 1

    def _request(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """Ask once. Returns an answer that is fine, and raises any other as Error.

        One of JSON comes as what it says, one of a picture as its bytes, one of nothing as None.
        """
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        timeout_s = UPLOAD_S if isinstance(body, bytes) else ANSWER_S
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        with _reaching(self._host):
            while True:
                try:
                    connection, kept = self._idle.pop(), True
                except IndexError:
                    connection, kept = kind(self._host, timeout=timeout_s), False
                try:
                    if not kept:
                        connection.connect()
                    connection.sock.settimeout(timeout_s)
                    with suppress(BrokenPipeError, ConnectionResetError):
                        connection.request(method, path, body, headers)
                    # Even if it wanted no more of the body, it may have said why.
                    response = connection.getresponse()
                    content = response.read()
                    break
                except (OSError, http.client.HTTPException):
                    connection.close()
                    if not kept:
                        raise
                    # It may only have been idle for too long. All that we send is safe to repeat.
        if not response.will_close:
            self._idle.append(connection)
        with suppress(TypeError, ValueError):  # when there is no Date, or none that can be read
            self._skew_s = parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()
        if response.status == 204:
            return None
        if response.status == 200 and response.headers.get_content_maintype() == "image":
            return content
        try:
            answer = json.loads(content)
            if response.status < 300:
                return answer
            error = Error.of(answer["error"])
        except (KeyError, TypeError, ValueError):
            error = Error("unreachable", f"{self._host} doesn't answer as Wirephoto does.")
        raise error

    def _new_id(self) -> str:
        """A UUIDv7 by the server's clock."""
        milliseconds = int((time.time() + self._skew_s) * 1000)
        high = milliseconds << 16 | 7 << 12 | secrets.randbits(12)
        return str(uuid.UUID(int=high << 64 | 2 << 62 | secrets.randbits(62)))


class Slot:
    """A live slot: a tile on the board that shows the newest frame."""

    def __init__(self, board: Board, name: str) -> None:
        self.name = name
        self._board = board
        self._path = f"{board._api}/slots/{quote(name, safe='')}"

    def push(self, frame: bytes, wait: bool = False) -> bool:
        """Show a frame: a JPEG, PNG or WebP of at most 1 MiB and 4 megapixels.

        Returns True, or False if it was one too many just now and is skipped. All else raises
        Error at once. With `wait`, it is sent again for PATIENCE_S before it fails either way.
        """
        try:
            self._board._patiently(
                lambda: self._board._request("PUT", self._path, frame),
                PASSING if wait else frozenset(),
            )
        except Error as error:
            if wait or error.code != "too-many":
                raise
            return False
        return True

    def newest(self) -> bytes:
        """The bytes of the newest frame, also before it is stored."""
        return self._read(self._path)

    def frames(self) -> list[Frame]:
        """The stored frames that are kept, the oldest first."""
        board = self._board
        answer = board._patiently(lambda: board._request("GET", f"{self._path}/frames"))
        frames: list[Frame] = answer["frames"]
        return frames

    def frame(self, frame: Frame) -> bytes:
        """The bytes of a stored frame."""
        return self._read(f"{self._path}/frames/{frame['blob']}")

    def end(self) -> None:
        """End the slot. Its tile stays as a plain picture, and another frame makes another tile.

        Like the calls that read, it raises Error with the code "not-found" for a slot that isn't
        there. So it does too if the line broke behind an earlier try that the server had heard.
        """
        self._board._patiently(lambda: self._board._request("DELETE", self._path))

    def _read(self, path: str) -> bytes:
        content: bytes = self._board._patiently(lambda: self._board._request("GET", path))
        return content


class _Mirror:
    """The pictures of a board, as they are at a cursor."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.cursor: str
        self._pictures: dict[str, Picture] = {}
        self.replace(snapshot)

    def pictures(self) -> list[Picture]:
        """Those that aren't in the trash."""
        return [picture for picture in self._pictures.values() if picture["deletedAt"] is None]

    def replace(self, snapshot: dict[str, Any]) -> list[Change]:
        """Go to a snapshot. Returns what is different."""
        changes = [{"put": record} for record in snapshot["records"]]
        kept = {record["id"] for record in snapshot["records"]}
        changes += [{"gone": id} for id in self._pictures if id not in kept]
        return self.apply({"changes": changes, "to": snapshot["cursor"]})

    def apply(self, batch: dict[str, Any]) -> list[Change]:
        """Go on by a batch. Returns what is different."""
        different: list[Change] = []
        for change in batch["changes"]:
            new = change.get("put")
            if new and new["kind"] != "image":
                continue
            id = new["id"] if new else change["gone"]
            old = self._pictures.pop(id, None)
            if new:
                self._pictures[id] = new
            if old != new:
                different.append((old, new))
        self.cursor = batch["to"]
        return different


class _Line:
    """A websocket to a board, for following it."""

    # An event or an answer: which of the two, its number, its JSON.
    FRAME = re.compile(r"4([23])(\d*)(\[.*)", re.DOTALL)

    def __init__(self, board: Board) -> None:
        self.follows = False  # whether the server has said yes to the newest `follow`
        self._board = board
        self._asked = 0
        with _reaching(board._host):
            self._socket = websocket.create_connection(
                f"{'wss' if board._tls else 'ws'}://{board._host}{board._server}"
                "/live/?EIO=4&transport=websocket",
                timeout=ANSWER_S,
                suppress_origin=True,
                http_no_proxy=["*"],  # go there directly, as http.client does
                skip_utf8_validation=True,  # it is slow, and decoding checks the same
            )

    def __enter__(self) -> _Line:
        self._board._lines.add(self)
        if self._board._closed.is_set():
            self.abort()
        return self

    def __exit__(self, *_: object) -> None:
        self._board._lines.discard(self)
        self._socket.shutdown()

    def abort(self) -> None:
        """Break the line, from another thread."""
        with suppress(AttributeError, OSError):  # it may be closing
            self._socket.abort()

    def follow(self, cursor: str) -> None:
        """Ask for all that comes after the cursor."""
        self.follows = False
        self._asked += 1
        self._send(f"42{self._asked}", ["follow", {"cursor": cursor}])

    def events(self) -> Iterator[tuple[str, Any]]:
        """What happens on the line, until it breaks or is refused, which raises Error.

        `("connected", None)` comes first. `("changes", batch)` is a batch. `("followed", None)`
        is a yes to the newest `follow`. At `("stale", None)` the cursor is of no use any more.
        """
        opened = json.loads(self._receive(ANSWER_S)[1:])
        silence_s = (opened["pingInterval"] + opened["pingTimeout"]) / 1000
        self._send("40", {"board": self._board.id, "wire": WIRE, "token": self._board.token})
        end = time.monotonic() + silence_s
        while True:
            frame = self._receive(end - time.monotonic())
            if frame == "2":
                self._send("3")
                end = time.monotonic() + silence_s
            elif frame.startswith("40"):
                yield "connected", None
            elif frame.startswith("44"):
                raise Error.of(json.loads(frame[2:])["data"])
            elif match := self.FRAME.fullmatch(frame):
                kind, number, content = match[1], match[2], json.loads(match[3])
                if kind == "3" and number == str(self._asked):
                    if "error" in content[0]:
                        raise Error.of(content[0]["error"])
                    self.follows = content[0]["resumed"]
                    yield "followed" if self.follows else "stale", None
                elif kind == "2" and content[0] == "echo":
                    self._send(f"43{number}", [])
                elif kind == "2" and content[0] == "changes":
                    yield "changes", json.loads(content[1])
                elif kind == "2" and content[0] == "reload":
                    yield "stale", None
                elif kind == "2" and content[0] == "bye":
                    raise Error.of(json.loads(content[1])["error"])

    def _send(self, prefix: str, content: Any = None) -> None:
        with _reaching(self._board._host):
            self._socket.send(prefix if content is None else prefix + json.dumps(content))

    def _receive(self, timeout_s: float) -> str:
        """The next frame. One of bytes comes as an empty text: it is a picture, to be skipped."""
        with _reaching(self._board._host):
            self._socket.settimeout(max(timeout_s, 0.001))
            opcode, content = self._socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE or content == b"41" or timeout_s <= 0:
                raise ConnectionError("the connection has ended")
        return content.decode() if opcode == websocket.ABNF.OPCODE_TEXT else ""


@contextmanager
def _reaching(host: str) -> Iterator[None]:
    """Whatever breaks the line is an Error."""
    try:
        yield
    except (OSError, http.client.HTTPException, websocket.WebSocketException) as error:
        raise Error("unreachable", f"{host} can't be reached: {error!r}") from error


def _pause(tries: int, error: Error) -> float:
    """How many seconds to wait: what the server says, else longer each time, from 1 to 30."""
    return error.retry_after_s or min(2.0 ** min(tries, 5), 20.0) * random.uniform(1.0, 1.5)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="wirephoto",
        description="Send pictures to a Wirephoto board, or follow it.",
        epilog="The token is the #secret of the address, else WIREPHOTO_TOKEN.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    push = commands.add_parser("push", help="add a picture, and print its record")
    slot = commands.add_parser("slot", help="show files on a live slot, one after the other")
    slots = commands.add_parser("slots", help="print each live slot, or end one")
    frame = commands.add_parser("frame", help="save the newest frame of a live slot")
    changes = commands.add_parser("changes", help="print every change, until it is interrupted")
    for command in (push, slot, slots, frame, changes):
        command.add_argument("address", help="of the board's page")
    push.add_argument("file")
    push.add_argument("--id", help="a UUIDv7, by which it is there once however often it is sent")
    push.add_argument("--name")
    push.add_argument("--caption")
    slot.add_argument("name")
    slot.add_argument("file", nargs="+")
    slots.add_argument("--end", metavar="NAME", help="the slot to end")
    frame.add_argument("name")
    frame.add_argument("file")
    return parser.parse_args()


def _tell(line: Any) -> None:
    print(json.dumps(line), flush=True)


def main() -> int:
    """Run the command line. Returns the exit code."""
    arguments = _arguments()
    try:
        with Board(arguments.address) as board:
            if arguments.command == "push":
                file, name, caption = arguments.file, arguments.name, arguments.caption
                _tell(board.push(file, name, caption, arguments.id))
            elif arguments.command == "slot":
                slot = board.slot(arguments.name)
                for path in arguments.file:
                    with open(path, "rb") as file:
                        slot.push(file.read(), wait=True)
            elif arguments.command == "slots" and arguments.end:
                board.slot(arguments.end).end()
            elif arguments.command == "slots":
                for listed in board.slots():
                    _tell(listed)
            elif arguments.command == "frame":
                newest = board.slot(arguments.name).newest()
                with open(arguments.file, "wb") as file:
                    file.write(newest)
            else:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, lambda *_: sys.exit(0))
                for old, new in board.changes(
                    lambda pictures: _tell({"following": True, "pictures": len(pictures)})
                ):
                    _tell({"old": old, "new": new})
    except (Error, OSError) as error:
        print(f"wirephoto: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
