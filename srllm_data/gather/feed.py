"""RSS and Atom feeds, with the articles that their entries link to.

Everything fetched is kept in the snapshots folder: the feed as the last fingerprint saw it, and an
article for as long as its entry does not change. So the same fingerprint means the same bytes,
and a build that was killed fetches nothing twice.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from srllm_data.config import SourceConfig
from srllm_data.errors import SourceError, shown
from srllm_data.gather.door import without_refused
from srllm_data.gather.record import Malformed, Record, cause, mapped
from srllm_data.workspace import digest, write_atomically

#: An entry with less text than this only announces its article.
SHORT = 200
MAX_BYTES = 20_000_000
_CONNECTIONS = 4
_FIELDS = ("id", "title", "link", "author", "published", "updated", "rights", "summary", "text")


def feed_fingerprint(source: SourceConfig, timeout_s: float, snapshots: Path) -> str:
    """Fetch the feed into ``snapshots``; digest of its entries, which not every fetch changes."""
    url = source.feed or ""
    try:
        content = _fetch(url, timeout_s)
    except SourceError as error:
        _note(url, snapshots, {"error": str(error)})
        raise
    _save(url, content, snapshots)
    return digest(_entries(content, url))


def read_feed(
    source: SourceConfig, timeout_s: float, snapshots: Path
) -> Iterator[Record | Malformed]:
    """Records of the feed's entries: their fields, ``text`` as plain text, and ``article``.

    The text of a short entry is its article's, unless that cannot be had. ``article`` is fetched
    for every entry where a column is mapped to it.
    """
    url = source.feed or ""
    entries = _entries(_snapshot(url, timeout_s, snapshots), url)[: source.limit]
    everywhere = "article" in mapped(source.columns)
    wanted = {
        digest([url, entry]): entry["link"]
        for entry in entries
        if entry["link"].startswith(("http://", "https://"))  # never a local file
        and (everywhere or (source.columns.text == "text" and len(entry["text"]) < SHORT))
    }
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        faults = {
            key: pool.submit(_save_article, key, link, timeout_s, snapshots)
            for key, link in wanted.items()
        }
        try:
            for number, entry in enumerate(entries, 1):
                place = f"record:{number}"
                location = entry["link"] or f"{shown(url)}#{number}"
                values = {name: value for name, value in entry.items() if value}
                key = digest([url, entry])
                if key in faults:
                    fault = faults[key].result()
                    article = None if fault else _article(_document(key, snapshots), entry["link"])
                    best = max(article or "", entry["text"], key=len)
                    if not best:
                        fault = fault or f"{shown(location)} holds no article"
                        yield Malformed(place, "article_unreachable", f"{fault}.")
                        continue
                    values |= {"text": best, "article": article or best}
                yield Record(values, place, location)
        finally:
            pool.shutdown(cancel_futures=True)


def _entries(content: bytes, url: str) -> list[dict[str, str]]:
    import feedparser

    # As a stream: feedparser would take bytes for the name of a file first.
    feed = feedparser.parse(BytesIO(content), response_headers={"content-location": url})
    if not feed.version and not feed.entries:
        raise SourceError(f"{shown(url)} is no RSS or Atom feed; correct 'feed'.")
    if not feed.entries:
        raise SourceError(f"The feed {shown(url)} holds no entries; try again later or remove it.")
    return [_entry(entry) for entry in feed.entries]


def _entry(entry: Any) -> dict[str, str]:
    values = {name: str(entry.get(name) or "") for name in _FIELDS}
    for name in ("published", "updated"):
        if moment := entry.get(f"{name}_parsed"):
            values[name] = time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
    summary = _plain(entry.get("summary_detail"))
    content = [_plain(part) for part in entry.get("content", [])]
    return values | {"summary": summary, "text": max([*content, summary], key=len)}


def _plain(part: Any) -> str:
    if not part or not part.get("value"):
        return ""
    if "html" not in part.get("type", ""):
        return str(part["value"]).strip()
    from trafilatura import html2txt

    return str(html2txt(f"<html><body>{part['value']}</body></html>")).strip()


def _article(page: bytes, link: str) -> str | None:
    from trafilatura import extract

    text: str | None = extract(page, url=link, include_comments=False, include_tables=False)
    return text


def _save_article(key: str, link: str, timeout_s: float, snapshots: Path) -> str | None:
    """Fetch an article unless it is there; what went wrong, in words (not kept: it may pass)."""
    if not _path(key, snapshots).is_file():
        try:
            write_atomically(_path(key, snapshots), _fetch(link, timeout_s))
        except SourceError as error:
            return str(error).rstrip(".")
    return None


def _snapshot(url: str, timeout_s: float, snapshots: Path) -> bytes:
    """The feed as the last fingerprint saw it; fetched where there was none."""
    note = _path(digest(url), snapshots)
    if not note.is_file():
        _save(url, _fetch(url, timeout_s), snapshots)
    seen = json.loads(note.read_bytes())
    if "error" in seen:
        raise SourceError(seen["error"])
    return _document(seen["document"], snapshots)


def _save(url: str, content: bytes, snapshots: Path) -> None:
    key = digest([url, digest(content)])
    write_atomically(_path(key, snapshots), content)
    _note(url, snapshots, {"document": key})


def _note(url: str, snapshots: Path, seen: dict[str, str]) -> None:
    write_atomically(_path(digest(url), snapshots), json.dumps(seen).encode())


def _document(key: str, snapshots: Path) -> bytes:
    return _path(key, snapshots).read_bytes()


def _path(key: str, snapshots: Path) -> Path:
    return snapshots / key[:32]


def _fetch(url: str, timeout_s: float) -> bytes:
    """The document at ``url``; SourceError where it does not come whole within ``timeout_s``."""
    end = time.monotonic() + timeout_s
    late = f"{shown(url)} did not answer within {timeout_s:g} s; try again or raise 'timeout_s'."
    content = bytearray()
    try:
        address = quote(url, safe="%/:=&?~#+!$,;'@()*[]")
        request = Request(address, headers={"User-Agent": "srllm (dataset builder)"})  # noqa: S310
        with urlopen(request, timeout=timeout_s) as response:  # noqa: S310
            promised = response.headers.get("Content-Length")
            while block := response.read1(1 << 16):
                content += block
                if time.monotonic() > end:
                    raise SourceError(late)
                if len(content) > MAX_BYTES:
                    raise SourceError(
                        f"{shown(url)} is larger than {MAX_BYTES // 1_000_000} MB; remove it."
                    )
    except TimeoutError:
        raise SourceError(late) from None
    except HTTPError as error:
        raise SourceError(f"{shown(url)} answers {error.code} {error.reason}; check it.") from None
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise SourceError(late) from None
        why = cause(error.reason) if isinstance(error.reason, OSError) else str(error.reason)
        raise SourceError(f"{shown(url)} cannot be reached ({why}); check it.") from None
    except (OSError, HTTPException, ValueError) as error:  # ValueError: no URL at all
        raise SourceError(f"{shown(url)} cannot be read ({cause(error)}); check it.") from None
    if promised and promised.isdecimal() and len(content) < int(promised):
        raise SourceError(f"{shown(url)} was cut off on its way; try again.")
    return without_refused(bytes(content))
