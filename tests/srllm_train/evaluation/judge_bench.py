"""Systems, rows and scripted judges for the tests of the suite ``judge``."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from openai_server import OpenAIServer, Response, answer

from srllm_data.config import Config, JudgeConfig, RaterConfig, without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Kind, Member, Row, System
from srllm_train.evaluation.scorers import Scorers

ROWS = [
    Row(
        "r1",
        "The clueless mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water.",
        ("The mayor told reporters on Tuesday that 1,200 homes in Ashbeck had no water.",),
    ),
    Row(
        "r2",
        "That idiot of a driver left the bus in Fell Lane at 7 pm and went home.",
        ("The driver left the bus in Fell Lane at 7 pm and went home.",),
    ),
    Row(
        "r3",
        "Some moron parked a van across both gates of the school this morning.",
        ("Somebody parked a van across both gates of the school this morning.",),
    ),
]
#: What the scripted judges call biased and toxic.
BAD = ("clueless", "idiot", "moron")

#: Keys of a question tell its kind.
Asked = dict[str, str]


def system(name: str, write: Callable[[str], str | None], kind: Kind = "system") -> System:
    """A system that answers each text by ``write``."""

    def rewrite(texts: Sequence[str]) -> list[str | None]:
        return [write(text) for text in texts]

    return System(name, kind, name, (Member(name, rewrite),))


PEOPLE = System("reference", "human", "people", (Member("reference"),))
COPY = system("copy", lambda text: text, "trivial")
EMPTY = system("empty", lambda text: "", "trivial")
FAILED = system("failed", lambda text: None)
REFUSAL = system("refusal", lambda text: "I'm sorry, but I can't help with that.", "trivial")


def bench(
    folder: Path,
    systems: Sequence[System],
    judge: JudgeConfig | None = None,
    raters: Sequence[RaterConfig] = (),
    rows: Sequence[Row] = ROWS,
    most: int | None = 3,
) -> Bench:
    """A bench with its cache and ledger in ``folder``."""
    config: Config = without_sources()
    config = config.model_copy(
        update={
            "workspace": str(folder),
            "validate_": config.validate_.model_copy(update={"judge": judge}),
            "label": config.label.model_copy(update={"raters": list(raters)}),
        }
    )
    cache = Cache(folder / "cache.sqlite")
    return Bench(list(systems), cache, Scorers(cache), config, rows=list(rows), most=most)


def judge(server: OpenAIServer, **changes: Any) -> JudgeConfig:
    """The chat model at ``server``."""
    settings = {"timeout_s": 5.0, "max_attempts": 2, "max_wait_s": 1.0, "model": "j", **changes}
    return JudgeConfig(base_url=server.url, **settings)


def asked(request: dict[str, Any]) -> Asked:
    """The texts of a question by name."""
    said = next(m["content"] for m in request["messages"] if m["role"] == "user")
    return json.loads(said[said.index("{") :])


def said(**found: Any) -> Response:
    return answer(json.dumps(found))


def content(kept: Sequence[bool], supported: Sequence[bool], relevant: str = "yes") -> Response:
    return said(
        original_claims=[{"claim": "c", "kept": k} for k in kept],
        rewrite_claims=[{"claim": "c", "supported": s} for s in supported],
        relevant=relevant,
    )


def voiced(*opinions: tuple[bool, bool]) -> Response:
    return said(opinions=[{"opinion": "o", "biased": b, "toxic": t} for b, t in opinions])


def fair(request: dict[str, Any], nth: int = 1) -> Response:
    """Sees the words of BAD wherever they stand, and else that all is well."""
    texts = asked(request)
    if "text" in texts:
        bad = any(word in texts["text"].lower() for word in BAD)
        return voiced((bad, bad), (False, False))
    if "rewrite" in texts:
        return content([True, True], [True, True])
    bad_1, bad_2 = (any(w in texts[f"rewrite_{n}"].lower() for w in BAD) for n in (1, 2))
    better = "same" if bad_1 == bad_2 else "rewrite_2" if bad_1 else "rewrite_1"
    return said(why="one is rude", better=better)
