"""What every suite works with: the systems, what they say, benchmarks, scorers and the cache."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from srllm_data.config import Config
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.contract import Answers, Kind, Member, Row, System
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.rows import benchmark_rows, own_rows, some
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.sources import Record, Source, Unreachable, ordered

T = TypeVar("T")


@dataclass
class Bench:
    """The systems and what is needed to try them.

    most: rows of a source at most, None for all of them; a sample depends on nothing but ids and
    the seed. rows: texts that rewriters are tried on instead of the sources', where the user named
    some. trained_on: release or folder of pairs that a system was trained on, as ``pairs.read``
    takes it.
    """

    systems: list[System]
    cache: Cache
    scorers: Scorers
    config: Config
    data: Path | None = None
    most: int | None = None
    seed: int = 1
    rows: list[Row] | None = None
    lm_eval: tuple[str, ...] = ()
    trained_on: Path | None = None
    #: Every source that was read, by name, as the report names it.
    read: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What systems did not answer, by name.
    failed: dict[str, str] = field(default_factory=dict)
    #: Why benchmarks with texts to rewrite are missing, by name.
    missing: dict[str, str] = field(default_factory=dict)
    _online: bool = True
    _rewriting: list[Row] | None = None
    _networks: dict[str, Network] = field(default_factory=dict)

    def records(self, source: Source) -> list[Record]:
        """All records of ``source``; Missing where it cannot be had."""
        try:
            records, about = source.read(self.data, self._online)
        except Unreachable:
            self._online = False
            raise
        self.read[source.name] = {"licence": source.licence, "records": len(records), **about}
        return records

    def sample(self, items: Sequence[T], id_of: Callable[[T], str], share: float = 1.0) -> list[T]:
        """At most ``most`` x ``share`` of ``items``, all if there is no limit; in a fixed order."""
        kept = ordered(items, id_of, self.seed)
        return kept if self.most is None else kept[: max(1, round(self.most * share))]

    def rewriting_rows(self) -> list[Row]:
        """Texts that rewriters are tried on: biased ones with references, and controls.

        The user's, or else our own and those of the benchmarks that are here, at most
        ``rows.FULL`` of each where there is no other limit.
        """
        if self._rewriting is None:
            if self.rows is not None:
                found = {"yours": self.rows}
            else:
                found, self.missing = benchmark_rows(self.records)
                for row in own_rows():
                    found.setdefault(row.source, []).append(row)
            most = self.most if self.rows is None else self.most or len(self.rows)
            self._rewriting = [r for of in found.values() for r in some(of, most, self.seed)]
        return self._rewriting

    def rewrites(
        self, rows: Sequence[Row], kinds: tuple[Kind, ...] = ("human", "trivial", "system")
    ) -> Iterator[tuple[System, list[Answers]]]:
        """Every system that can rewrite, with the rewrites of each of its members.

        A person's rewrite is a row's first reference, or its text if it is a control; rows without
        either are not among a person's answers.
        """
        for system in self.systems:
            if system.kind not in kinds:
                continue
            if system.kind == "human":
                said: Answers = {
                    r.id: r.text if r.control else r.references[0]
                    for r in rows
                    if r.control or r.references
                }
                if said:
                    yield system, [said]
            elif all(member.rewrite for member in system.members):
                yield system, [self.rewrites_by(system, member, rows) for member in system.members]

    def rewrites_by(self, system: System, member: Member, rows: Sequence[Row]) -> Answers:
        """The rewrites of ``rows`` by one member; what failed is asked again the next time."""
        assert member.rewrite is not None
        said = self.cache.many(
            "rewrites",
            member.digest,
            [r.text for r in rows],
            lambda texts: member.rewrite(texts) if member.rewrite else [],
            says=f"{system.name} rewrites",
            keep=lambda answer: answer is not None,
        )
        failed = sum(answer is None for answer in said)
        if failed:
            self.failed[system.name] = (
                f"{failed:,} of {len(said):,} texts got no answer; they count as 0 and are asked "
                f"for again the next time."
                + (" See that its endpoint can be reached." if failed == len(said) else "")
            )
        return {r.id: s for r, s in zip(rows, said, strict=True)}

    def networks(self, causal: bool | None = None) -> Iterator[tuple[System, list[Member]]]:
        """Every system whose members have a network on this machine, each network once.

        One that is only asked in another way is no other network. Call :meth:`network` for one; it
        is loaded only where the cache does not know what it says.
        """
        seen: set[str] = set()
        for system in self.systems:
            fits = all(m.network and causal in (None, m.causal) for m in system.members)
            if system.kind != "system" or not fits:
                continue
            new = {m.read_by for m in system.members} - seen
            seen |= new
            if new:
                yield system, list(system.members)

    def without_network(self, causal: bool | None = None) -> dict[str, str]:
        """Why systems that :meth:`networks` leaves out are not there, by name."""
        there = {m.read_by: s.name for s, members in self.networks(causal) for m in members}
        found = {}
        for system in self.systems:
            if system.kind != "system" or system.name in there.values():
                continue
            if all(m.network and m.read_by in there for m in system.members):
                found[system.name] = f"It asks the network of {there[system.members[0].read_by]}."
            else:
                found[system.name] = "It has no network on this machine that can do this."
        return found

    def network(self, member: Member) -> Network:
        """The network of ``member``; the last one stays loaded."""
        assert member.network is not None
        if member.read_by not in self._networks:
            self._networks.clear()
            self._networks[member.read_by] = member.network()
        return self._networks[member.read_by]

    def log_likelihoods(
        self, system: System, member: Member, texts: Sequence[tuple[str, str]]
    ) -> list[tuple[float, int]]:
        """As ``Network.log_likelihoods``, remembered."""
        found = self.cache.many(
            "reads",
            member.read_by,
            [list(t) for t in texts],
            lambda some: [
                (round(nats, 6), count)
                for nats, count in self.network(member).log_likelihoods([(c, t) for c, t in some])
            ],
            says=f"{system.name} reads",
        )
        return [(nats, count) for nats, count in found]

    def generated(
        self,
        system: System,
        member: Member,
        prompts: Sequence[Sequence[dict[str, str]] | str],
        limit: int,
        temperature: float = 0.0,
        opening: Sequence[str] | None = None,
    ) -> list[str]:
        """As ``Network.generate`` with the bench's seed, remembered."""
        openings = list(opening) if opening is not None else [""] * len(prompts)
        items = [
            [p, o, limit, temperature, self.seed] for p, o in zip(prompts, openings, strict=True)
        ]
        found = self.cache.many(
            "writes",
            member.read_by,
            items,
            lambda some: self.network(member).generate(
                [i[0] for i in some],
                limit,
                temperature,
                self.seed,
                [i[1] for i in some] if opening is not None else None,
            ),
            says=f"{system.name} writes",
        )
        return [str(text) for text in found]
