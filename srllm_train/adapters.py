"""The adapters of a workspace: which one is in use, and what was decided about each.

``adapters/<release>-<digest8>/`` holds an adapter. ``current.json`` is the decision that promoted
the one in use; where it is missing, ``rewrite.adapter`` names it. ``history.jsonl`` holds every
decision, the oldest first.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srllm_data.errors import StoreError
from srllm_data.workspace import write_atomically
from srllm_train.adapter import RECORD, weights_digest

Decision = dict[str, Any]


@dataclass(frozen=True)
class Adapters:
    """A workspace's folder of adapters."""

    folder: Path

    def current(self) -> Decision | None:
        """The decision that promoted the adapter in use; None where none was.

        Raises StoreError where its adapter is not what was promoted.
        """
        found = self._pointer()
        if found is None:
            return None
        name, wrong = found["adapter"], None
        if not (self.folder / name / RECORD).is_file():
            wrong = "is gone"
        elif weights_digest(self.folder / name) != found["weights"]:
            wrong = "has other weights than those that were promoted"
        if wrong:
            raise StoreError(
                f"The adapter {self.folder / name} {wrong}; restore it, or remove current.json "
                f"beside it to go back to the one before."
            )
        return found

    def history(self) -> list[Decision]:
        """Every decision, the oldest first; StoreError where the file is damaged."""
        path = self.folder / "history.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        try:
            found: list[Decision] = [json.loads(line) for line in lines]
        except ValueError:
            raise StoreError(f"{path} is damaged; take out the lines that are no JSON.") from None
        pointer = self._pointer()
        # A promotion that was killed half way has reached current.json only.
        return found if pointer is None or pointer in found else [*found, pointer]

    def decision(self, name: str) -> Decision | None:
        """What was decided about the adapter ``name``; None while nothing is."""
        return next((d for d in reversed(self.history()) if d["adapter"] == name), None)

    def decide(self, decision: Decision) -> None:
        """Add ``decision`` to the history; where it promotes, its adapter is the one in use."""
        lines = [json.dumps(d) + "\n" for d in (*self.history(), decision)]
        if decision["promoted"]:
            self._write("current.json", json.dumps(decision, indent=2) + "\n")
        self._write("history.jsonl", "".join(lines))

    def listed(self) -> list[Decision]:
        """Every adapter with its state and, where something was decided, the decision.

        state: in use, replaced, not promoted, not decided, or unfinished.
        """
        pointer = self._pointer()
        found = []
        for folder in sorted(p for p in self.folder.glob("*") if p.is_dir()):
            decision = self.decision(folder.name) or {"adapter": folder.name}
            if pointer and pointer["adapter"] == folder.name:
                state = "in use"
            elif "promoted" in decision:
                state = "replaced" if decision["promoted"] else "not promoted"
            else:
                state = "not decided" if (folder / RECORD).exists() else "unfinished"
            found.append({**decision, "state": state})
        return found

    def _pointer(self) -> Decision | None:
        path = self.folder / "current.json"
        if not path.exists():
            return None
        try:
            found: Decision = json.loads(path.read_bytes())
            assert isinstance(found["adapter"], str)
            assert isinstance(found["weights"], str)
        except (OSError, ValueError, KeyError, TypeError, AssertionError):
            raise StoreError(
                f"{path} is damaged; restore it, or remove it to forget what was promoted."
            ) from None
        return found

    def _write(self, name: str, text: str) -> None:
        write_atomically(self.folder / name, text.encode())
