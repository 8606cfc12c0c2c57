"""From drafts to one rewrite: candidates, refinements, and the gates that choose among them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from srllm_data.config import RewriteConfig
from srllm_data.ledger import TRANSIENT
from srllm_data.progress import advance, note
from srllm_data.provider.answers import Reply, is_refusal
from srllm_data.provider.provider import Ask
from srllm_data.provider.session import Question, Session
from srllm_data.rewrite.pairs import Pair
from srllm_data.rewrite.prompt import Prompt, unmarked
from srllm_data.rewrite.refine import from_gates
from srllm_data.validate import Gatekeeper, Judgement


@dataclass
class Work:
    """One row on its way to a rewrite.

    examples: pairs that are shown with it. candidates: every answer with a text, as in the column
    ``candidates``; best: the one that the gates like best, None where there is none. outcomes: of
    every question for a rewrite, and of others that had no answer for now, so that the next run
    has to ask again. said: what the endpoint said of each of these. neutral: a model found nothing
    to change. waves: of questions that it can take at most; over: how many of them are.
    """

    row: dict[str, Any]
    examples: list[Pair] = field(default_factory=list)
    candidates: list[dict[str, object]] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    best: dict[str, object] | None = None
    neutral: bool = False
    judgement: Judgement | None = None
    #: What the best candidate answers; None for the editor's.
    asked: Question | None = None
    waves: int = 1
    over: int = 0

    @property
    def open(self) -> bool:
        """Whether its best candidate is a model's and is to be mended."""
        return bool(self.asked and self.judgement and self.judgement.verdict != "accept")

    def advance(self) -> None:
        """Report that one more wave of its questions is over."""
        self.over += 1
        advance(1 / self.waves)

    def finish(self) -> None:
        """Report that it needs no more questions."""
        advance((self.waves - self.over) / self.waves)
        self.over = self.waves

    def unanswered(self, reply: Reply) -> None:
        """Note that a question had no answer for now."""
        self.outcomes.append(reply.outcome)
        self.said.setdefault(reply.outcome, reply.text)


def work_on(
    works: list[Work],
    prompt: Prompt,
    config: RewriteConfig,
    session: Session,
    gatekeeper: Gatekeeper | None,
    counts: Counter[str],
) -> None:
    """Draft, judge and refine until every one of ``works`` has its best candidate or none.

    gatekeeper: needed where ``config.judged``.
    """
    if config.judged and gatekeeper is None:
        raise ValueError("choosing among candidates needs a gatekeeper")
    each_round = 1 + (config.estimate_by == "model")
    for work in works:
        work.waves = config.check_first + 1 + config.refine_rounds * each_round
    drafting = _checked(works, prompt, session) if config.check_first else works
    fresh = _drafts(drafting, prompt, config, session)
    if config.editor_too:
        for work, (text, by) in zip(drafting, edited([w.row for w in drafting]), strict=True):
            if text is not None:
                fresh.append((work, None, candidate(text, "embedded", by, None)))
    choose(fresh, gatekeeper if config.judged else None)
    for number in range(1, config.refine_rounds + 1):
        _refined(drafting, number, prompt, config, session, gatekeeper, counts)
    for work in works:
        work.finish()


#: A work, what its new candidate answers (None: no endpoint), and the candidate.
Fresh = tuple[Work, Question | None, dict[str, object]]


def _checked(works: list[Work], prompt: Prompt, session: Session) -> list[Work]:
    """The works that a model does not find neutral; where it gave no verdict, they stay."""
    questions = [(0, prompt.check(w.row)) for w in works]
    replies = session.ask_all(questions, lambda place: works[place].advance(), "check")
    left = []
    for work, reply in zip(works, replies, strict=True):
        if reply[-1].outcome == "ok" and not reply[-1].value:
            work.neutral = True
            work.outcomes.append("unchanged")
            work.finish()
        elif reply[-1].outcome in TRANSIENT:
            work.unanswered(reply[-1])
            work.finish()
        else:
            left.append(work)
    return left


def _drafts(
    works: list[Work], prompt: Prompt, config: RewriteConfig, session: Session
) -> list[Fresh]:
    """Candidates of every model and sample."""
    places: list[Work] = []
    questions: list[Question] = []
    for work in works:
        for model in range(1 + len(config.others)):
            for sample in range(config.samples):
                places.append(work)
                questions.append((model, prompt.draft(work.row, work.examples, sample)))
    each = len(questions) // max(1, len(works))
    replies = session.ask_all(
        questions, lambda n: places[n].advance() if n % each == 0 else None, "drafts"
    )
    models = config.each_model()
    fresh: list[Fresh] = []
    for work, question, reply in zip(places, questions, replies, strict=True):
        fresh += _answers(work, question, reply, prompt, models[question[0]], 0)
    return fresh


def _answers(
    work: Work,
    question: Question,
    replies: list[Reply],
    prompt: Prompt,
    asked: RewriteConfig,
    number: int,
) -> list[Fresh]:
    """Note ``replies`` of the model ``asked``; the candidates that can be a rewrite."""
    where = urlsplit(asked.base_url).netloc.rpartition("@")[2]
    usable: list[Fresh] = []
    shown = {pair.rewrite for pair in work.examples}
    for reply in replies:
        if reply.outcome in TRANSIENT:
            work.unanswered(reply)
            return usable
        outcome: str = reply.outcome
        text = unmarked(reply.value, work.row["text"]) if outcome == "ok" else reply.text
        if outcome == "ok" and text in shown:
            # It repeats an example, or the whole prompt.
            outcome = "malformed"
        if outcome == "ok" and same(text, work.row["text"]):
            outcome = "unchanged"
        elif outcome == "ok" and is_refusal(text) and not is_refusal(work.row["text"]):
            outcome = "refused"
        found = candidate(
            text, where, asked.model, prompt.name, question[1].sample, number, outcome
        )
        if outcome == "ok" or (outcome == "unchanged" and asked.refine_rounds):
            # What the model left as it was can still be mended.
            usable.append((work, question, found))
        elif text:
            work.candidates.append(found)
    work.outcomes.append(outcome)
    return usable


def choose(fresh: list[Fresh], gatekeeper: Gatekeeper | None) -> None:
    """Add the fresh candidates to their works; the best one of each is its best from now on."""
    if gatekeeper:
        note(f"judging {len(fresh):,} rewrites")
    judgements = gatekeeper([(w.row, str(c["text"])) for w, _, c in fresh]) if gatekeeper else None
    for place, (work, question, found) in enumerate(fresh):
        judgement = judgements[place] if judgements else None
        if judgement:
            found["verdict"] = judgement.verdict
            found["reasons"] = judgement.reasons
            found["signals"] = [{"name": n, "value": v} for n, v in judgement.signals.items()]
        work.candidates.append(found)
        better = (
            work.best is None
            or judgement is None
            or work.judgement is None
            or (found["outcome"] != "ok", judgement.rank)
            < (work.best["outcome"] != "ok", work.judgement.rank)
        )
        if better:
            work.best, work.asked, work.judgement = found, question, judgement


def _refined(
    works: list[Work],
    number: int,
    prompt: Prompt,
    config: RewriteConfig,
    session: Session,
    gatekeeper: Gatekeeper | None,
    counts: Counter[str],
) -> None:
    """One round: list what is wrong with each best candidate, and keep what gets better."""
    for work in works:
        if not work.open:
            work.finish()
    open_ = [(w, w.asked[0], w.asked[1]) for w in works if w.open and w.asked]
    mistakes = [from_gates(w.judgement, _left(w)) for w, *_ in open_ if w.judgement]
    if config.estimate_by == "model":
        questions = [
            (model, prompt.estimate(ask, str(w.best and w.best["text"]), number))
            for w, model, ask in open_
        ]
        told = session.ask_all(
            questions, lambda n: open_[n][0].advance(), f"round {number}: estimates"
        )
        for n, reply in enumerate(told):
            if reply[-1].outcome == "ok":
                mistakes[n] += reply[-1].value
            elif reply[-1].outcome in TRANSIENT:
                # Mended without it, the row would end otherwise than in an undisturbed run.
                open_[n][0].unanswered(reply[-1])
                mistakes[n] = []
    todo = [(o, m) for o, m in zip(open_, mistakes, strict=True) if m]
    asked: list[tuple[Ask, Question]] = []
    for (work, model, ask), listed in todo:
        refine = prompt.refine(ask, str(work.best and work.best["text"]), listed, number)
        asked.append((ask, (model, refine)))
    replies = session.ask_all(
        [question for _, question in asked],
        lambda n: todo[n][0][0].advance(),
        f"round {number}: refinements",
    )
    before = {id(w): w.best for (w, *_), _ in todo}
    models = config.each_model()
    fresh: list[Fresh] = []
    for ((work, *_), _), (ask, question), reply in zip(todo, asked, replies, strict=True):
        for _, _, found in _answers(work, question, reply, prompt, models[question[0]], number):
            # The next round mends this candidate as the answer to the first question.
            fresh.append((work, (question[0], ask), found))
    choose(fresh, gatekeeper)
    works_now = [w for (w, *_), _ in todo]
    counts[f"round_{number}_tried"] += len(todo)
    counts[f"round_{number}_kept"] += sum(w.best is not before[id(w)] for w in works_now)
    counts[f"round_{number}_accepted"] += sum(
        w.judgement is not None and w.judgement.verdict == "accept" for w in works_now
    )


def _left(work: Work) -> list[str]:
    """Biased words of the text that its best candidate still holds."""
    now = str(work.best["text"]).casefold() if work.best else ""
    used = [s["text"] for s in work.row["biased_spans"] or [] if s["use"] == "used"]
    return [w for w in dict.fromkeys(used) if w.casefold() in now]


def edited(rows: list[dict[str, Any]]) -> Iterator[tuple[str | None, str]]:
    """The editor's rewrite of each row and its name; None where it knows no honest edit."""
    if not rows:
        return
    from srllm_data.nlp import parse
    from srllm_data.rewrite.editor import EDITOR, rewrite_doc

    for row, doc in zip(rows, parse(r["text"] for r in rows), strict=True):
        text = rewrite_doc(doc).strip()
        yield (None if not text or same(text, row["text"]) else text), EDITOR


def candidate(
    text: str,
    provider: str,
    model: str | None,
    prompt: str | None,
    sample: int = 0,
    number: int = 0,
    outcome: str = "ok",
) -> dict[str, object]:
    """One entry of the column ``candidates``; number: the round, 0 for a draft."""
    return {
        "text": text,
        "provider": provider,
        "model": model,
        "prompt": prompt,
        "sample": sample,
        "round": number,
        "outcome": outcome,
        "verdict": None,
        "reasons": None,
        "signals": None,
    }


def same(one: str, other: str) -> bool:
    """Whether two texts are the same but for spaces."""
    return one.split() == other.split()
