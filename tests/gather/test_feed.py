import threading
import time
from collections import Counter
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gathered import Gathered, Read, collect, source

from srllm_data.config import GatherConfig
from srllm_data.errors import SourceError
from srllm_data.gather import fingerprint

LONG = "The council met again and spoke at length about the library and its opening hours. " * 4
ARTICLE = (
    "<html><head><title>Library</title></head><body><nav>Home Menu</nav><article><h1>Library</h1>"
    + "".join(
        f"<p>On day {day} the council decided that the library stays open for everyone who lives "
        "in the town and for its visitors.</p>"
        for day in range(5)
    )
    + "</article><footer>All rights reserved</footer></body></html>"
)


class Site:
    """A web site on the loopback: path to status and body, and how often each was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, bytes]] = {}
        self.asked: Counter[str] = Counter()
        self.drip = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked[self.path] += 1
                status, body = site.pages.get(self.path, (404, b"nothing here"))
                self.send_response(status)
                promised = len(body) + (100 if self.path == "/cut" else 0)
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                if self.path == "/slow":
                    while not site.drip.wait(0.05):
                        self.wfile.write(b" ")
                else:
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def rss(self, *items: str, path: str = "/feed", built: str = "") -> str:
        content = (
            "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>News</title>"
            f"<lastBuildDate>{built}</lastBuildDate>{''.join(items)}</channel></rss>"
        )
        self.pages[path] = (200, content.encode())
        return self.url + path

    def item(self, path: str, summary: str, more: str = "") -> str:
        return (
            f"<item><guid isPermaLink='false'>{path}</guid><link>{self.url}{path}</link>"
            f"<title>T {path}</title><description>{escape(summary)}</description>"
            f"<pubDate>Wed, 01 May 2024 10:00:00 +0200</pubDate>{more}</item>"
        )


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.drip.set()
    site.server.shutdown()
    site.server.server_close()


def test_entries_with_text_are_rows(read: Read, site: Site) -> None:
    content = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    full = f"<content:encoded {content}><![CDATA[<p>{LONG}</p><p>Long &amp; <b>bold</b></p>]]>"
    url = site.rss(site.item("/one", LONG), site.item("/two", "short", full + "</content:encoded>"))
    found = read(feed=url, columns={"key": "id"})
    assert found.texts == [LONG.strip(), f"{LONG.strip()} Long & bold"]
    row = found.rows[0]
    assert (row["location"], row["url"]) == (f"{site.url}/one", f"{site.url}/one")
    assert (row["source_key"], row["collected_at"]) == ("/one", "2024-05-01T08:00:00Z")
    assert site.asked == {"/feed": 1}


def test_a_short_entry_gets_its_article(read: Read, site: Site) -> None:
    site.pages["/one"] = (200, ARTICLE.encode())
    found = read(feed=site.rss(site.item("/one", "More about the library")))
    assert found.texts[0].count("the council decided") == 5
    assert "Menu" not in found.texts[0]
    assert "<p>" not in found.texts[0]


def test_an_article_that_cannot_be_had(read: Read, site: Site) -> None:
    site.pages["/error"] = (500, b"")
    url = site.rss(
        site.item("/gone", "A summary."), site.item("/gone2", ""), site.item("/error", "")
    )
    found = read(feed=url)
    assert found.texts == ["A summary."]
    assert found.reasons == ["article_unreachable"] * 2
    assert f"{site.url}/gone2 answers 404 Not Found" in found.dropped[0]["detail"]
    assert found.error is None


def test_articles_of_long_entries_come_where_a_column_asks(read: Read, site: Site) -> None:
    site.pages["/one"] = (200, ARTICLE.encode())
    url = site.rss(site.item("/one", LONG))
    assert "the council decided" in read(feed=url, columns={"text": "article"}).texts[0]
    assert read(feed=url, columns={"text": "title"}).texts == ["T /one"]


def test_a_link_to_a_local_file_is_not_followed(read: Read, site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text(ARTICLE)
    item = site.item("", "Short.").replace(
        f"<link>{site.url}", f"<link>file://{tmp_path}/secret.html"
    )
    assert read(feed=site.rss(item)).texts == ["Short."]


def test_atom_from_a_file(read: Read, site: Site, tmp_path: Path) -> None:
    site.pages["/one"] = (200, ARTICLE.encode())
    (tmp_path / "feed.xml").write_text(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>N</title><entry><title>One</title>"
        f"<id>1</id><link href='{site.url}/one'/><updated>2024-05-01T00:00:00Z</updated>"
        "<summary>short</summary></entry></feed>"
    )
    found = read(feed=f"file://{tmp_path}/feed.xml", columns={"collected_at": "updated"})
    assert "the council decided" in found.texts[0]
    assert found.rows[0]["collected_at"] == "2024-05-01T00:00:00Z"


def test_a_rerun_reads_the_same_bytes_and_fetches_nothing(site: Site, tmp_path: Path) -> None:
    site.pages["/one"] = (200, ARTICLE.encode())
    items = [site.item("/one", "short"), site.item("/two", LONG)]
    news = source(feed=site.rss(*items))

    def build() -> tuple[str, Gathered]:
        key = fingerprint(news, 5.0, tmp_path)
        return key, collect(GatherConfig(sources=[news]), tmp_path)

    first = build()
    site.pages["/one"] = (200, b"changed")
    site.rss(*items, built="later")
    assert build() == first
    assert site.asked == {"/feed": 2, "/one": 1}

    site.rss(site.item("/three", LONG.upper()), *items)
    key, found = build()
    assert key != first[0]
    assert found.rows[1:] == first[1].rows
    assert site.asked["/one"] == 1


def test_gather_sees_what_the_fingerprint_saw(site: Site, tmp_path: Path) -> None:
    news = source(feed=site.url + "/feed")
    config = GatherConfig(sources=[news], timeout_s=5.0)
    fingerprint(news, 5.0, tmp_path)
    site.rss(site.item("/one", LONG))
    found = collect(config, tmp_path)
    assert (found.rows, found.error) == ([], f"{news.feed} answers 404 Not Found; check it.")
    fingerprint(news, 5.0, tmp_path)
    assert len(collect(config, tmp_path).rows) == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/page", "is no RSS or Atom feed"),
        ("/nothing", "holds no entries"),
        ("/cut", "was cut off"),
        ("/missing", "answers 404"),
    ],
)
def test_a_feed_that_cannot_be_read(read: Read, site: Site, path: str, error: str) -> None:
    site.rss(path="/nothing")
    site.rss(site.item("/one", LONG), path="/cut")
    site.pages["/page"] = (200, b"<html><body>no feed</body></html>")
    found = read(feed=f"{site.url}{path}?token=secret" if path == "/missing" else site.url + path)
    assert found.error is not None
    assert error in found.error
    assert "secret" not in found.error
    with pytest.raises(SourceError, match="is required"):
        read(feed=site.url + path, required=True)


def test_a_feed_that_never_ends_is_given_up(site: Site, tmp_path: Path) -> None:
    site.pages["/slow"] = (200, b" " * 10_000)
    config = GatherConfig(sources=[source(feed=site.url + "/slow")], timeout_s=0.3)
    start = time.monotonic()
    found = collect(config, tmp_path)
    assert "did not answer within 0.3 s" in str(found.error)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/feed", "no url", "http://[::1", "ftp://"])
def test_an_address_without_a_feed(read: Read, url: str) -> None:
    error = read(feed=url).error
    assert error is not None
    assert "check it" in error


def test_limit_fetches_no_more_articles(read: Read, site: Site) -> None:
    url = site.rss(*(site.item(f"/{n}", f"Summary {n}") for n in range(5)))
    assert read(feed=url, limit=2).texts == ["Summary 0", "Summary 1"]
    assert site.asked == {"/feed": 1, "/0": 1, "/1": 1}
