"""Progress of the stage that is running: stages report rows, whoever shows them listens."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_listener: Callable[[float], None] | None = None
_note = ""
_interrupted = False


def advance(rows: float = 1) -> None:
    """Report that ``rows`` more rows of the running stage are done; a share of one counts, too.

    Raises KeyboardInterrupt after a Ctrl-C inside :func:`interruptible` that got lost.
    """
    if _interrupted:
        raise KeyboardInterrupt
    if _listener is not None:
        _listener(rows)


def note(text: str) -> None:
    """Say what the running stage is at, beside its rows."""
    global _note
    _note = text
    advance(0)


@contextmanager
def quiet() -> Iterator[None]:
    """Report nothing: what is done inside is no row of the running stage."""
    with _listening(lambda rows: None):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Make Ctrl-C stop the running stage for certain.

    Python drops the exception where a signal comes in the middle of a destructor or a callback of
    the garbage collector; the next report of progress raises it again. What breaks elsewhere on
    the way out is the interruption all the same. A module is imported to its end: an extension in
    C++ that meets the exception in the middle may abort the whole process.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        global _interrupted
        first, _interrupted = not _interrupted, True
        if not first or not _importing(frame):
            raise KeyboardInterrupt

    global _interrupted
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
        if _interrupted:
            raise KeyboardInterrupt
    except Exception:
        if _interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, before)
        _interrupted = False


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


@contextmanager
def _listening(listener: Callable[[float], None]) -> Iterator[None]:
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


@contextmanager
def bar(stage: str, total: int | None) -> Iterator[None]:
    """Show a bar on stderr once the stage has run for a second; plain lines off a terminal.

    total: rows that will be reported by :func:`advance`, or None where it is not known.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    terminal = console.is_terminal
    shown = Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
    )
    global _note
    _note = ""
    advance(0)
    task = shown.add_task(stage, total=total, note="")
    start = last = time.monotonic()
    done = 0.0
    first: tuple[float, float] | None = None

    def listen(rows: float) -> None:
        nonlocal done, last, first
        done += rows
        # Shares of a row may add up to a hair less than one.
        shown.update(task, completed=round(done, 6), note=_note)
        now = time.monotonic()
        # The first rows tell nothing about the others: they wait for models, or need no work.
        first = first or ((now, done) if done else None)
        if terminal:
            if now - start > 1 and not shown.live.is_started:
                shown.start()
        elif now - last > 10:
            last = now
            of = f" of {total:,}" if total else ""
            left = ""
            if total and first and done > first[1]:
                seconds = (now - first[0]) / (done - first[1]) * (total - done)
                left = f", about {_duration(seconds)} left"
            told = f" ({_note})" if _note else ""
            print(
                f"{stage}: {int(round(done, 6)):,}{of} rows{left}{told}",
                file=sys.stderr,
                flush=True,
            )

    with _listening(listen):
        try:
            if terminal and total is None:
                shown.start()
            yield
        finally:
            if shown.live.is_started:
                shown.stop()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
