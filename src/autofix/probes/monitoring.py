"""What the probes that ask a monitoring have in common: one question, the facts of many hosts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Literal

from autofix.core.readings import Fact, Reading, Target, Value
from autofix.errors import ProbeError
from autofix.options import Duration, Field, Options
from autofix.probes import asking
from autofix.probes.asking import Access
from autofix.probes.common import chosen, name_faults, option_faults
from autofix.probes.matching import Answer, Sorting, readings
from autofix.probes.net import Deadline

MOST_PLACES = 16  # asked at the same time

COMMON = (
    Fact("series", "integer", "how many series (rows, items) tell of this host"),
    Fact("age_seconds", "number", "how old the newest sample is", "s"),
    Fact("partial", "string", "why the answer may not be whole; absent when it is"),
)


class MonitoringOptions(Options):
    """Options of every probe that asks a monitoring."""

    absent: Literal["unseen", "empty"] = Field(
        default="unseen", description="a host that the answer does not tell of: was it looked at?"
    )
    strip_port: bool = Field(default=False, description="compare host names without their port")
    by: tuple[str, ...] = Field(
        default=(), description="labels that tell several series of one host apart", max_length=8
    )
    stale_after: Duration = Field(
        default=0.0, description="an older sample counts as not seen; 0: any age will do"
    )


class Monitoring(ABC):
    """Base of those probes: implements Probe and FleetProbe by one `answer` a place."""

    name: str = ""
    title: str = ""
    what: str = "series"
    facts: Mapping[str, Fact] = {}
    open_ended = True  # names of queries, labels
    model: ClassVar[type[MonitoringOptions]] = MonitoringOptions

    def options_schema(self) -> Mapping[str, Any]:
        return self.model.model_json_schema()

    def check_options(self, options: Mapping[str, Any]) -> list[str]:
        found = option_faults(self.model, options)
        if found:
            return found
        wanted = self.model.model_validate(options)
        return name_faults([*wanted.by, *self.own_names(wanted)], self.facts)

    def look(
        self, target: Target, options: Mapping[str, Any], *, timeout: float, now: float
    ) -> list[Reading]:
        """The readings of one host, by the question that is asked for all of them."""
        return self.look_at_all([target], options, timeout=timeout, now=now)[target.host]

    def look_at_all(
        self,
        targets: Sequence[Target],
        options: Mapping[str, Any],
        *,
        timeout: float,
        now: float,
    ) -> dict[str, list[Reading]]:
        """One question to each place that the targets' variables name, usually one in all."""
        deadline = Deadline(timeout)
        found: dict[str, list[Reading]] = {}
        places: dict[Access, list[Target]] = {}
        wrong = "; ".join(self.check_options(options))
        for target in targets:
            try:
                if wrong:
                    raise ProbeError(wrong)
                places.setdefault(self.access(target), []).append(target)
            except ProbeError as error:
                found[target.host] = [Reading.unseen(target.host, now, str(error))]
        if not places:
            return found

        def one(place: Access) -> dict[str, list[Reading]]:
            return self._looked(place, places[place], options, deadline, now)

        if len(places) == 1:
            return found | one(next(iter(places)))
        with ThreadPoolExecutor(min(MOST_PLACES, len(places)), thread_name_prefix="look") as pool:
            for several in pool.map(one, places):
                found |= several
        return found

    def _looked(
        self,
        place: Access,
        targets: Sequence[Target],
        options: Mapping[str, Any],
        deadline: Deadline,
        now: float,
    ) -> dict[str, list[Reading]]:
        wanted = chosen(self.model, options)
        try:
            answer = self.answer(place, wanted, targets, deadline, now)
        except ProbeError as error:
            return {each.host: [Reading.unseen(each.host, now, str(error))] for each in targets}
        how = Sorting(
            self.what,
            wanted.by,
            None if wanted.absent == "unseen" else self.nothing(wanted),
            wanted.strip_port,
            wanted.stale_after,
        )
        return readings(answer, targets, how, now)

    # -- what each of them says for itself ------------------------------------------------------

    def access(self, target: Target) -> Access:
        """Where this host's monitoring is. VariableError in words."""
        return asking.access(target, self.name, self.title)

    def own_names(self, wanted: Any) -> Sequence[str]:  # noqa: ARG002
        """Names of facts that the options give."""
        return ()

    def nothing(self, wanted: Any) -> Mapping[str, Value]:  # noqa: ARG002
        """The facts of a host that the answer does not tell of, with `absent: empty`."""
        return {}

    @abstractmethod
    def answer(
        self,
        place: Access,
        wanted: Any,
        targets: Sequence[Target],
        deadline: Deadline,
        now: float,
    ) -> Answer:
        """Ask. ProbeError in one line."""
