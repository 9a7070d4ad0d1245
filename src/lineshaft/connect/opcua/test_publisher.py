"""A node's decisions, as a control system reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.connect.opcua.conftest import Connected, Follower
from lineshaft.connect.opcua.publisher import Publisher
from lineshaft.core import quality
from lineshaft.core.answer import Answer
from lineshaft.core.decision import Cause, Decision, Source
from lineshaft.core.health import Health
from lineshaft.core.sample import Sample
from lineshaft.core.tag import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
DECISION = Decision("monitor", "works/cell/P101", 1_700_000_000_100_000_000, 1.25, alarm=True,
                    causes=(Cause("works/cell/P101/flow", 0.7), Cause("works/cell/P101/压力", 0.2)),
                    confidence=0.99, latency_ns=420_000, masked=("works/cell/P101/speed",), bundle="sha256:ab")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def publisher() -> AsyncIterator[Publisher]:
    shown = Publisher()
    await shown.start()
    yield shown
    await shown.stop()


def variable(publisher: Publisher, name: str, asset: str = DECISION.asset) -> Tag:
    return Tag(f"{asset}/{name}", address=publisher.address(asset, "monitor", name))


async def read(connected: Connected, publisher: Publisher, asset: str = DECISION.asset) -> dict[str, Sample]:
    names = ["Score", "Alarm", "Causes", "Confidence", "Latency", "Source", "Masked", "Bundle", "Health"]
    async with connected(publisher.url) as connector:
        samples = await connector.read([variable(publisher, name, asset) for name in names])
    return dict(zip(names, samples, strict=True))


async def test_a_decision_is_readable_in_all_its_parts_with_its_own_time(publisher: Publisher,
                                                                         connected: Connected) -> None:
    await publisher.publish(DECISION)
    await publisher.show_health(DECISION.asset, "monitor", Health.ACTIVE, DECISION.time)
    found = await read(connected, publisher)
    assert {name: found[name].value for name in ("Score", "Alarm", "Confidence", "Latency")} == {
        "Score": 1.25, "Alarm": 1.0, "Confidence": 0.99, "Latency": 0.42}
    assert {name: found[name].text for name in ("Causes", "Source", "Masked", "Bundle", "Health")} == {
        "Causes": "works/cell/P101/flow 70%, works/cell/P101/压力 20%", "Source": "bundle",
        "Masked": "works/cell/P101/speed", "Bundle": "sha256:ab", "Health": "active"}
    assert {sample.time for sample in found.values()} == {DECISION.time}
    assert {sample.quality for sample in found.values()} == {quality.GOOD}


async def test_values_have_variables_of_their_own_with_their_quality(publisher: Publisher, connected: Connected
                                                                    ) -> None:
    asset, names = "works/soft", ["Value/NOX", "Low/NOX", "High/NOX", "Known"]
    answered = replace(DECISION, asset=asset, answers=(Answer("NOX", "mg/m3"),), values=(64.5,), low=(60.0,),
                       high=(69.0,))

    async def shown() -> list[tuple[float, quality.Severity]]:
        async with connected(publisher.url) as connector:
            samples = await connector.read([variable(publisher, name, asset) for name in names])
        return [(sample.value, quality.severity(sample.quality)) for sample in samples]

    await publisher.publish(answered)
    assert await shown() == [(value, quality.Severity.GOOD) for value in (64.5, 60.0, 69.0, 1.0)]
    await publisher.publish(replace(answered, known=False))
    assert await shown() == [*((value, quality.Severity.UNCERTAIN) for value in (64.5, 60.0, 69.0)),
                             (0.0, quality.Severity.GOOD)]
    await publisher.publish(replace(DECISION, asset=asset, source=Source.RULES))
    assert {severity for _, severity in await shown()} == {quality.Severity.BAD}


@pytest.mark.parametrize(("source", "severity"), [(Source.LAST_GOOD, quality.Severity.UNCERTAIN),
                                                  (Source.RULES, quality.Severity.UNCERTAIN),
                                                  (Source.SAFE, quality.Severity.BAD)])
async def test_quality_says_who_decided(publisher: Publisher, connected: Connected, source: Source,
                                        severity: quality.Severity) -> None:
    await publisher.publish(replace(DECISION, asset="works/fallback", source=source))
    found = await read(connected, publisher, "works/fallback")
    assert quality.severity(found["Score"].quality) is severity


async def test_a_loop_is_there_before_its_first_decision(publisher: Publisher, connected: Connected) -> None:
    await publisher.add("works/new", "monitor")
    found = await read(connected, publisher, "works/new")
    assert {sample.quality for sample in found.values()} == {quality.BAD_WAITING_FOR_INITIAL_DATA}


@pytest.mark.parametrize("health", [Health.DEGRADED, Health.STOPPED])
async def test_what_a_loop_said_last_is_marked_old_when_data_stops(publisher: Publisher, connected: Connected,
                                                                   health: Health) -> None:
    asset = f"works/{health}"
    await publisher.publish(replace(DECISION, asset=asset))
    await publisher.show_health(asset, "monitor", health, DECISION.time + 1_000_000_000)
    found = await read(connected, publisher, asset)
    assert found["Health"].text == health.value
    assert found["Score"].quality == quality.UNCERTAIN_LAST_USABLE and found["Score"].value == 1.25
    await publisher.publish(replace(DECISION, asset=asset, time=DECISION.time + 2_000_000_000))
    assert (await read(connected, publisher, asset))["Score"].quality == quality.GOOD


async def test_every_decision_reaches_a_subscriber(publisher: Publisher, connected: Connected,
                                                   follow: Callable[..., Follower]) -> None:
    await publisher.publish(replace(DECISION, asset="works/live", time=1_000_000))
    async with connected(publisher.url) as connector:
        follower = follow(connector, [variable(publisher, "Score", "works/live")])
        await follower.until(lambda seen: len(seen) > 0)
        for step in range(2, 12):
            await publisher.publish(replace(DECISION, asset="works/live", time=step * 1_000_000, score=1.0))
        seen = await follower.until(lambda seen: len(seen) >= 10)
        assert [sample.time for sample in seen] == [step * 1_000_000 for step in range(2, 12)]


async def test_nobody_can_write_a_decision(publisher: Publisher, connected: Connected) -> None:
    await publisher.publish(DECISION)
    async with connected(publisher.url) as connector:
        tags: dict[str, Any] = {tag.path: tag for tag in await connector.browse()}
    assert tags and not any(tag.writable for tag in tags.values())


async def test_it_starts_again_on_the_same_port() -> None:
    publisher = Publisher()
    await publisher.start()
    url = publisher.url
    await publisher.publish(DECISION)
    await publisher.stop()
    await publisher.start()
    await publisher.publish(DECISION)
    assert publisher.url == url
    await publisher.stop()
