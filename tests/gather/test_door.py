"""What must never be stored is counted at the door, and is in no file afterwards."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from srllm_data.config import Config
from srllm_data.gather.door import REMOVED, refused, without_refused
from srllm_data.stages import gathered
from srllm_data.workspace import Workspace

OFFER = "selling preteen nudes, dm me"
MANUAL = "How to make a pipe bomb: step 1 take 30 g of it, step 2 add the fuse."
REPORTS = (
    "A man was arrested for selling preteen nudes, police said.",
    "Parents campaign against apps where strangers trade child porn.",
    "The court heard how to make a pipe bomb was in his notes: step 1 was underlined.",
    "How to make a car bomb disposal robot move 30 g of sand is this year's research topic.",
    "Selling kids' bikes, dm me for pics.",
    "My 12 year old is sexy? What a vile thing to print on a shirt.",
    "CP sells the house in May, and the buyers trade up.",
)


@pytest.mark.parametrize(
    ("text", "category"),
    [(OFFER, "sexual_minors"), ("who trades cp here", None), (MANUAL, "attack_instructions")],
)
def test_offers_and_instructions_are_refused(text, category):
    assert refused(text) == category


def test_trade_in_the_usual_abbreviation_is_refused():
    assert refused("anyone trading cp pm me") == "sexual_minors"


@pytest.mark.parametrize("text", REPORTS)
def test_reports_and_look_alikes_pass(text):
    assert refused(text) is None


def test_a_page_loses_the_passage_and_nothing_else():
    page = f"<p>Good morning.</p><p>{OFFER}</p>\n<p>Good night.</p>".encode()
    kept = without_refused(page)
    assert OFFER.encode() not in kept
    mark = REMOVED.format("sexual_minors")
    assert kept == f"<p>Good morning.</p><p>{mark}</p>\n<p>Good night.</p>".encode()
    assert without_refused(kept) == kept
    assert refused(mark) == "sexual_minors"


def files_of(folder):
    return b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())


def test_a_refused_record_is_counted_and_not_kept(tmp_path):
    source = tmp_path / "posts.jsonl"
    source.write_text("".join(json.dumps({"text": t}) + "\n" for t in (OFFER, "A fine day.")))
    workspace = Workspace(tmp_path / "workspace")
    config = Config.model_validate(
        {"gather": {"sources": [{"name": "posts", "path": str(source), "licence": "CC0-1.0"}]}}
    )
    (output,) = gathered(config, workspace)
    (end,) = output.dropped.to_pylist()
    assert (end["disposition"], end["reason"]) == ("filtered", "illegal_content")
    assert "sexual_minors" in end["detail"]
    assert OFFER not in str(output.dropped.to_pylist()) + str(output.kept.to_pylist())
    assert output.kept["text"].to_pylist() == ["A fine day."]


def test_a_feed_leaves_nothing_refused_in_the_snapshots(tmp_path):
    feed = (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>'
        f"<item><title>a</title><description>{OFFER}</description></item>"
        f"<item><title>b</title><description>{'A fine day at the harbour. ' * 10}</description>"
        "</item></channel></rss>"
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.end_headers()
            self.wfile.write(feed)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    workspace = Workspace(tmp_path)
    url = f"http://127.0.0.1:{server.server_address[1]}/feed"
    config = Config.model_validate(
        {"gather": {"sources": [{"name": "feed", "feed": url, "licence": "CC0-1.0"}]}}
    )
    (output,) = gathered(config, workspace)
    server.shutdown()
    assert [r["reason"] for r in output.dropped.to_pylist()] == ["illegal_content"]
    assert output.kept.num_rows == 1
    assert OFFER.encode() not in files_of(tmp_path)
