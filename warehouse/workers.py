"""Processes that compute beside this one: a function and its arguments go there, and its result comes back.
Not here: what is computed.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

from warehouse.errors import ProgramFault
from warehouse.machine import cores
from warehouse.memory import rarely_collected

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class Processes:
    """As many processes as there are cores. Until they are started, what they are asked is computed here.

    Each computes one thing at a time: to have several computed side by side, call from so many threads.
    """

    def __init__(self) -> None:
        self._all: list[_Process] = []
        self._idle: SimpleQueue[_Process] = SimpleQueue()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._all:
            process.end()

    def start(self) -> None:
        """Start them, unless they are, or this process has the only core. It takes half a second until they answer."""
        while len(self._all) < cores() > 1:
            self._all.append(_Process())
            self._idle.put(self._all[-1])

    def call(
        self, what: str, function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        """What the function returns. `what` names the work in an error message.

        Raises:
            ChildProcessError: the process was killed or had no memory left; the machine is at fault.
            ProgramFault: it broke down otherwise.
        """
        if not self._all:
            return function(*arguments, **named)
        process = self._idle.get()
        try:
            result: Result = process.answer(what, (function, arguments, named))
        finally:
            self._idle.put(process)
        return result


class _Process:
    """A process of this module that answers one question after the other."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed by end()
        # -P: no code from the folder that the night was started in; others may be able to write there.
        command = [sys.executable, "-P", "-m", __spec__.name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)

    def answer(self, what: str, question: tuple[Any, ...]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(question, self._process.stdin)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)
        except (OSError, EOFError):
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            why = lines[-1] if lines else f"its process ended with {self._process.returncode}"
            if self._process.returncode < 0 or "MemoryError" in why:
                raise ChildProcessError(
                    f"{what} was killed or out of memory ({why}); give the night more memory, or run fewer nights at once"
                ) from None
            raise ProgramFault(f"{what}: {why}") from None

    def end(self) -> None:
        """End the process, in the middle of its work too."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def _work() -> None:
    """Answer questions from the standard input until it ends."""
    while True:
        try:
            function, arguments, named = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(function(*arguments, **named), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    with rarely_collected():
        _work()
