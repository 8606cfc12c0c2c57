"""The way back from placeholders to what they stand for: on request, and encrypted.

One file holds, for each row with personal data, what every placeholder stands for. It is AES-256 in
GCM mode; the key comes from a passphrase by scrypt. Neither the passphrase nor a value is ever
printed, logged or stored elsewhere, and the file must lie outside of every release.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

from srllm_data.errors import StoreError
from srllm_data.workspace import Workspace, write_atomically

#: The environment variable with the passphrase.
KEY = "SRLLM_MAPPING_KEY"
_HEAD = b"srllm mapping 1\n"
_SALT, _NONCE = 16, 12
_SHORTEST_KEY = 12


def write_mapping(workspace: Workspace, keys: dict[str, str], config: Any, out: Path) -> int:
    """Write the mapping of the stored stages ``keys`` to ``out``; returns the rows in it.

    config: the redact section. What was replaced is found by redacting the stored texts again;
    StoreError where that gives another text than the stored one, for a place inside a release,
    and for a missing or short passphrase.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = _passphrase()
    _refuse_release(workspace, out)
    rows = _originals(workspace, keys, config)
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    plain = zlib.compress(json.dumps(rows, ensure_ascii=False, sort_keys=True).encode())
    sealed = AESGCM(_derived(key, salt)).encrypt(nonce, plain, _HEAD)
    write_atomically(out, _HEAD + salt + nonce + sealed)
    out.chmod(0o600)
    return len(rows)


def read_mapping(path: Path, row_id: str) -> dict[str, list[str]]:
    """What each placeholder of the row stands for, its different spellings in order.

    row_id: an id or the start of one. StoreError for another key, an altered file, and a row that
    it lacks.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = _passphrase()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).") from None
    if not data.startswith(_HEAD):
        raise StoreError(f"{path} is no mapping of srllm; name a file of 'srllm mapping --out'.")
    salt, nonce, sealed = _parts(data)
    try:
        plain = AESGCM(_derived(key, salt)).decrypt(nonce, sealed, _HEAD)
    except (InvalidTag, ValueError):
        raise StoreError(
            f"{path} does not open: {KEY} holds another passphrase, or the file was altered."
        ) from None
    rows: dict[str, dict[str, list[str]]] = json.loads(zlib.decompress(plain))
    matches = [id_ for id_ in rows if id_.startswith(row_id)]
    if row_id in rows:
        matches = [row_id]
    if len(matches) != 1:
        raise StoreError(
            f"{len(matches)} rows of {path} have an id that starts with '{row_id}'; give a row "
            "with personal data, and enough of its id."
        )
    return rows[matches[0]]


def _originals(
    workspace: Workspace, keys: dict[str, str], config: Any
) -> dict[str, dict[str, list[str]]]:
    from srllm_data.redact import redactions

    before = workspace.kept("deduplicate", keys["deduplicate"])
    after = workspace.kept("redact", keys["redact"])
    stored = dict(zip(after["id"].to_pylist(), after["text"].to_pylist(), strict=True))
    rows: dict[str, dict[str, list[str]]] = {}
    ids, texts = before["id"].to_pylist(), [t or "" for t in before["text"].to_pylist()]
    for id_, (text, mentions) in zip(ids, redactions(texts, config), strict=True):
        if stored.get(id_) != text:
            raise StoreError(
                f"Row {id_} is redacted in another way now; run 'srllm build', then this again."
            )
        for placeholder, _, surface in mentions:
            spellings = rows.setdefault(id_, {}).setdefault(placeholder, [])
            if surface not in spellings:
                spellings.append(surface)
    return rows


def _refuse_release(workspace: Workspace, out: Path) -> None:
    folders = out.resolve().parents
    inside = workspace.releases.resolve() in folders or any(
        (f / "manifest.json").is_file() and (f / "ledger.parquet").is_file() for f in folders
    )
    if inside:
        raise StoreError(f"{out} is inside a release; write the mapping somewhere else.")


def _passphrase() -> str:
    key = os.environ.get(KEY, "")
    if not key:
        raise StoreError(f"Set {KEY} to a passphrase; the mapping is never written without one.")
    if len(key) < _SHORTEST_KEY:
        raise StoreError(f"{KEY} is too short; use {_SHORTEST_KEY} characters or more.")
    return key


def _derived(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    salt = len(_HEAD)
    nonce = salt + _SALT
    return data[salt:nonce], data[nonce : nonce + _NONCE], data[nonce + _NONCE :]
