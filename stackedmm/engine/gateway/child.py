"""The gateway's process as the kernel sees it: started, spoken to, ended."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from stackedmm.engine.gateway.message import NO_ROWS, Inbox, Message, packed, receive
from stackedmm.errors import StaleError

SAY_S: Final = 5.0
"""The gateway numbers a word within milliseconds; after this it is taken for lost."""


class Child:
    """A gateway in a process of its own, in a session of its own: a Ctrl-C in the kernel does not reach it.

    `hear` is called, on a thread of its own, with everything the gateway says that is no answer to a word, and with
    None once it has gone.
    """

    def __init__(
        self, begin: Message, engine: socket.socket, log: Path, hear: Callable[[Message | None], None]
    ) -> None:
        """`engine` is the gateway's end of the engine's socket; this process closes its copy."""
        self._control, theirs = socket.socketpair()
        self._hear = hear
        self._answers: dict[int, Message] = {}
        self._change = threading.Condition()
        self._ids = 0
        self._gone = False
        home = str(Path(__file__).resolve().parents[3])
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stackedmm.engine.gateway", str(engine.fileno()), str(theirs.fileno())],
                pass_fds=(engine.fileno(), theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
        engine.close()
        theirs.close()
        self._control.sendall(packed(begin))
        self._reader = threading.Thread(target=self._read, name="stackedmm gateway", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the gateway's process."""
        return self.process.pid

    def say(self, rows: NDArray[Any], *, who: str, text: str, blobs: Sequence[tuple[str, bytes]] = ()) -> int:
        """Have rows sequenced; the number of the last. Raises StaleError where the gateway does not take them."""
        with self._change:
            self._ids += 1
            mine = self._ids
            self._send(Message({"do": "say", "id": mine, "who": who, "text": text}, blobs, rows), text)
            self._change.wait_for(lambda: mine in self._answers or self._gone, SAY_S)
            answer = self._answers.pop(mine, None)
        if answer is None or "number" not in answer.says:
            why = "too much waits, say it again later" if answer is not None else "the gateway has not answered"
            raise StaleError(f"{text}: not heard, {why}")
        return int(answer.says["number"])

    def tell(self, **says: Any) -> None:
        """Tell the gateway something that it does not answer; nothing happens where it has gone."""
        with self._change:
            try:
                self._control.sendall(packed(Message(says, (), NO_ROWS)))
            except OSError:
                self._gone = True

    def end(self, timeout_s: float) -> int | None:
        """Wait for the process; its exit code, None where it had to be killed."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        self._control.close()
        return code

    def _send(self, message: Message, text: str) -> None:
        try:
            self._control.sendall(packed(message))
        except OSError as error:
            raise StaleError(f"{text}: not heard, the gateway has gone: {error.strerror}") from error

    def _read(self) -> None:
        inbox = Inbox()
        while (messages := receive(self._control, inbox)) is not None:
            for message in messages:
                which = message.says.get("said", message.says.get("refused", 0))
                if which:
                    with self._change:
                        self._answers[which] = message
                        self._change.notify_all()
                elif "said" not in message.says:
                    self._hear(message)
        with self._change:
            self._gone = True
            self._change.notify_all()
        self._hear(None)
