import json
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from srllm_data.clean import clean
from srllm_data.config import CleanConfig
from srllm_data.errors import ConfigError
from srllm_data.progress import _listening
from srllm_data.schema import DROPPED, StageOutput, schema_after

TAIL = " and this is the rest of the sentence"
OTHER_LANGUAGES = Path(__file__).parent / "data" / "other_languages.tsv"


def table(texts: list[str | None]) -> pa.Table:
    schema = schema_after("gather")
    known = {
        "id": pa.array([f"r{i}" for i in range(len(texts))], pa.string()),
        "text": pa.array(texts, pa.string()),
    }
    return pa.table(
        [known.get(f.name, pa.nulls(len(texts), f.type)) for f in schema], schema=schema
    )


def run(texts: list[str | None], **config: object) -> StageOutput:
    return clean(table(texts), CleanConfig(**config))


def cleaned(text: str) -> str:
    """The text that the stage makes of an English sentence that begins with ``text``."""
    (out,) = run([text + TAIL]).kept["text"].to_pylist()
    assert out.endswith(TAIL.strip())
    return out.removesuffix(TAIL.strip()).removesuffix(" ")


def reasons(texts: list[str | None], **config: object) -> list[str | None]:
    dropped = run(texts, **config).dropped.to_pylist()
    found = {row["id"]: row["reason"] for row in dropped}
    return [found.get(f"r{i}") for i in range(len(texts))]


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("donâ€™t say that", "don't say that"),
        ("cafÃ© society", "café society"),
        ("fish &amp; chips", "fish & chips"),
        ("I &amp;lt;3 it &quot;all&quot; &#128514;", 'I <3 it "all" 😂'),
        ("5 &lt; 7 &gt; 3", "5 < 7 > 3"),
        ("AT&T and R&D", "AT&T and R&D"),
        ("see https://example.org/?a=1&copy=2", "see https://example.org/?a=1&copy=2"),
        ("<p>One</p><p>two<br/>three</p>", "One two three"),
        ("wo<b>r</b>d <a href='http://x.org/?q=1'>link</a>.", "word link."),
        ("<DIV CLASS=x>loud</DIV>", "loud"),
        ('<img src="a.png" alt="a > b">seen', "seen"),
        ("before <script>if (a < b) alert('x')</script> after", "before after"),
        ("before <style type='text/css'>p {color: red}</style>after", "before after"),
        ("before <!-- hidden <b>note</b> --> after", "before after"),
        ('class="headline">A title', "A title"),
        ("<![CDATA[inner words]]>", "inner words"),
        ("I <3 you </3", "I <3 you </3"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("a <b and c> d", "a <b and c> d"),
        (
            "<PERSON_1> met <user> at <time> via <link>",
            "<PERSON_1> met <user> at <time> via <link>",
        ),
        ("e\u0301te\u0301", "été"),
        ("zero\u200bwidth \u202eright\u202c to\u2066 left\ufeff", "zerowidth right to left"),
        ("nul\x00 and bell\x07", "nul and bell"),
        ("soft\u00adhyphen", "softhyphen"),
        ("tab\tand\r\nnew  line\u00a0here\u2028there", "tab and new line here there"),
        ("family 👨\u200d👩\u200d👧 here", "family 👨\u200d👩\u200d👧 here"),
        ("heart ❤\ufe0f keycap 1\ufe0f\u20e3", "heart ❤\ufe0f keycap 1\ufe0f\u20e3"),
        ("stray\u200d joiner\ufe0f", "stray joiner"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        (
            "flag \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f up",
            "flag \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f up",
        ),
        ("smuggled\U000e0068\U000e0069\U000e0102 text", "smuggled text"),
        ("@name says #this", "@name says #this"),
    ],
)
def test_repairs(raw: str, wanted: str) -> None:
    assert cleaned(raw) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (
            "it 's late , and they do n't care ( really ! ) .",
            "it's late, and they don't care (really!).",
        ),
        ("you can 't , he 's gone", "you can't, he's gone"),
        ("Buddha ’ s birthday", "Buddha's birthday"),
        ("Hello ! How are you ?", "Hello ! How are you ?"),
        ("wait ... what", "wait ... what"),
        ("the '70s were 'great' fun", "the '70s were 'great' fun"),
    ],
)
def test_a_text_taken_apart_into_tokens_is_put_together(raw: str, wanted: str) -> None:
    assert cleaned(raw) == wanted


def test_a_tag_that_was_cut_off_leaves() -> None:
    (text,) = run(['What a day it was <a href="http://example.org/very']).kept["text"].to_pylist()
    assert text == "What a day it was"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("They left early today.", None),
        ("Too short", "too_short"),
        ("2024 7 8 done deal", "too_short"),
        ("word " * 900, "too_long"),
        ("", "no_text"),
        (None, "no_text"),
        ("https://example.org/a/long/path/to/it", "no_text"),
        ("😂😂 !!! 2024 ... @somebody", "no_text"),
        ("<b></b>&nbsp;\x00", "no_text"),
        ("Read more", "boilerplate"),
        ("Share this article | Facebook | Twitter | Email", "boilerplate"),
        (
            "We use cookies to improve your visit. Accept all cookies. Cookie settings",
            "boilerplate",
        ),
        ("© 2024 The Example Times. All rights reserved.", "boilerplate"),
        ("Home | News | Sport | Tides and weather | Log in", "boilerplate"),
        ("Monday | Tuesday | she still will not answer her phone | Friday", None),
        ("Read more about why she left the party", None),
        ("Share this with people you love and trust", None),
        ("We use cookies for dessert. The children love them.", None),
    ],
)
def test_what_leaves(text: str | None, reason: str | None) -> None:
    assert reasons([text]) == [reason]


def test_limits_come_from_the_config() -> None:
    text = "They left early."
    assert reasons([text], min_words=4) == ["too_short"]
    assert reasons([text], max_chars=15) == ["too_long"]
    assert reasons([text], max_chars=16) == [None]
    assert reasons(["Yes, indeed"], min_words=1) == [None]


def test_a_text_of_markup_is_measured_without_it() -> None:
    page = "<div class='x'>" * 300 + "They left the party early." + "</div>" * 300
    assert run([page], max_chars=100).kept["text"].to_pylist() == ["They left the party early."]


@pytest.mark.parametrize("unit", ["a", "word ", "<b>", "&amp;", "<script>", "<!--", "<a b='", "Ã©"])
def test_huge_texts_are_dropped_unread(unit: str) -> None:
    assert reasons([unit * (5_000_000 // len(unit))]) == ["too_long"]


@pytest.mark.parametrize(
    "text",
    [
        "lmao u trippin fr",
        "she a hoe tho smh",
        "ain't nobody got time 4 dat",
        "Sooooo goooood yesssss",
        "nah bro dat ass tho",
        "WHAT A STUPID IDEA",
        "Harold Nakamura, born Toshiro Nakamura, was an American actor",
        "RT @nombre: this is so true https://example.org/noticias",
        "@usuario_espanol women should not drive",
    ],
)
def test_informal_english_stays(text: str) -> None:
    output = run([text])
    assert output.kept["language"].to_pylist() == ["en"]


def test_other_languages_leave() -> None:
    lines = OTHER_LANGUAGES.read_text(encoding="utf-8").splitlines()
    found = Counter(reasons([line.split("\t")[1] for line in lines]))
    assert len(lines) >= 200
    assert found["other_language"] >= 0.95 * len(lines)
    assert set(found) <= {"other_language", None}


def test_wanted_languages_come_from_the_config() -> None:
    texts = ["Der Zug hatte heute schon wieder Verspätung.", "The train was late again today."]
    assert reasons(texts, languages=["de"]) == [None, "other_language"]
    output = run(texts, languages=["en", "de"])
    assert output.kept["language"].to_pylist() == ["de", "en"]
    assert all(0.5 < score <= 1 for score in output.kept["language_score"].to_pylist())
    assert reasons(texts, language_confidence=1.0) == [None, None]


def test_a_chinese_sentence_has_words() -> None:
    assert reasons(["今天早上火车又晚点了。"], languages=["zh"]) == [None]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"clean\.languages names 'english'"):
        run(["They left early."], languages=["english"])


def test_a_drop_says_why_without_the_text() -> None:
    output = run(["Der Zug hatte heute schon wieder Verspätung.", "Hello", "x" * 5000])
    for row in output.dropped.to_pylist():
        assert row["disposition"] == "filtered"
        assert row["detail"]
        assert not {"Zug", "Hello", "xxx"} & set(row["detail"].split())
    assert "reads as 'de'" in output.dropped["detail"][0].as_py()


def test_scores_are_rounded_and_changes_counted() -> None:
    output = run(["They left early today.", "They  left early &amp; today."])
    assert all(s == round(s, 4) for s in output.kept["language_score"].to_pylist())
    assert output.facts == {"changed": 1}


def test_progress_reports_every_row() -> None:
    seen: list[int] = []
    with _listening(seen.append):
        run(["They left early today.", "Hello", ""])
    assert sum(seen) == 3


pieces = st.sampled_from(
    [
        *"&;<>/#@=\"' \n\t",
        *"\x00\x07\x1b\x7f\x85\x9b\u00a0\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u202e\u2066\ufeff",
        *"\ufe0f\U000e0067\U000e007f\U0001f3f4👩❤1\u20e3e\u0301ïÃ©â€™“ﬁＡمक्ष日ß",
        *[
            "amp;",
            "lt;",
            "&#",
            "128514",
            "x3C;",
            "&nbsp",
            "<b>",
            "</b>",
            "<p ",
            'class="x">',
            "<!--",
        ],
        *[
            "-->",
            "<script>",
            "</script>",
            "<style",
            "http://x.org/",
            "they",
            "left",
            "the",
            "party",
        ],
        *["Read more", "]]>", "<time>", "[31m", "a < b", "<3"],
    ]
)
texts = st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=25).map("".join)


@settings(deadline=None, max_examples=300)
@given(st.lists(texts, max_size=4))
@example(["&am\u200bp;lt;b&gt; they left the party", "<<b>b> they left the party"])
def test_invariants(raw: list[str]) -> None:
    rows = table(raw)
    config = CleanConfig(min_words=1)
    output = clean(rows, config)
    kept, dropped = output.kept["id"].to_pylist(), output.dropped["id"].to_pylist()
    assert sorted(kept + dropped) == sorted(rows["id"].to_pylist())
    assert kept == sorted(kept)
    assert output.kept.schema == schema_after("clean")
    assert output.dropped.schema == DROPPED

    for text in output.kept["text"].to_pylist():
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Co")]
        assert not set(text) & set("\u00ad\u200b\u200e\u200f\u202a\u202e\u2066\ufeff")
        assert text == " ".join(text.split())
        assert unicodedata.is_normalized("NFC", text)

    again = clean(output.kept.select(rows.schema.names), config)
    assert again.kept.equals(output.kept)
    assert again.facts == {"changed": 0}


def real_texts(folder: Path, name: str) -> list[str]:
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "limit"), [("labelled/davidson.jsonl", 0.02), ("mediabias/babe.jsonl", 0.002)]
)
def test_real_english_stays(shared_data: Path, name: str, limit: float) -> None:
    raw = real_texts(shared_data, name)
    output = run(raw)
    lost = output.dropped["reason"].to_pylist().count("other_language")
    assert lost < limit * len(raw)
    again = clean(output.kept.select(schema_after("gather").names), CleanConfig())
    assert again.kept.equals(output.kept)
