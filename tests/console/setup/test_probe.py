"""A source is looked at without a trace: what it offers, its tags, their values; never a write."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.console.setup.conftest import ENCRYPT, PASSWORD, TAGS, Plants, settled, until

from lineshaft.app.console.setup import sources
from lineshaft.app.console.setup.probe import MOST_PROBES, Probes
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError
from lineshaft.core.tag import Tag


def test_a_server_shows_its_tags_and_their_values(probes: Probes, plant: Simulator) -> None:
    probe = settled(probes.open(plant.url, {}))
    assert probe.state == "ready", probe.error
    assert {tag.path for tag in probe.tags} == {tag.path for tag in TAGS}
    assert next(tag for tag in probe.tags if tag.path == TAGS[0].path).description == "Flow of feed A"
    values = probes.values(probe.number, [tag.path for tag in TAGS])
    assert values[TAGS[0].path].value == 61.5 and values[TAGS[0].path].quality == 0
    assert values[TAGS[2].path].time > 1_600_000_000_000


def test_nothing_is_ever_written(probes: Probes, plant: Simulator) -> None:
    probe = settled(probes.open(plant.url, {}))
    probes.values(probe.number, [TAGS[0].path])
    assert not [call for call in plant.calls if "write" in call[0].lower()]


def test_values_that_are_fresh_are_not_asked_for_again(tmp_path: Path, plant: Simulator) -> None:
    probes = Probes(tmp_path, fresh_s=3600.0)
    try:
        probe = settled(probes.open(plant.url, {}))
        first = probes.values(probe.number, [tag.path for tag in TAGS])
        read = probe.read
        assert probes.values(probe.number, [TAGS[0].path]) == {TAGS[0].path: first[TAGS[0].path]}
        assert probe.read is read
    finally:
        probes.shut()


def test_what_a_server_offers_is_known_before_anybody_logs_in(probes: Probes, guarded_plant: Simulator) -> None:
    probe = settled(probes.open(guarded_plant.url, {}))
    assert probe.state == "failed" and "give user and password" in str(probe.error)
    assert [(one.security, one.usable, one.logins) for one in probe.endpoints] == [
        (ENCRYPT, True, ("password",)), ("Basic256Sha256-Sign", True, ("password",)), ("None", True, ("password",))]
    assert probe.endpoints[0].certificate.startswith("sha256:")


def test_a_certificate_is_trusted_by_a_person_and_then_pinned(probes: Probes, guarded_plant: Simulator) -> None:
    asked = {"security": ENCRYPT, "pki": "keys/pki", "user": "anna"}
    probe = settled(probes.open(guarded_plant.url, asked, PASSWORD))
    assert isinstance(probe.error, Refused)
    trusted = asked | {"trust": [probe.endpoints[0].certificate]}
    assert settled(probes.open(guarded_plant.url, trusted, PASSWORD)).state == "ready"


def test_a_wrong_password_is_a_sentence_that_does_not_say_it(probes: Probes, guarded_plant: Simulator) -> None:
    asked = {"security": ENCRYPT, "pki": "keys/pki", "user": "anna"}
    first = settled(probes.open(guarded_plant.url, asked, "guess-me"))
    probe = settled(probes.open(guarded_plant.url, asked | {"trust": [first.endpoints[0].certificate]}, "guess-me"))
    assert isinstance(probe.error, UsageError) and "refused user 'anna'" in str(probe.error)
    assert "guess-me" not in repr(probe) and "guess-me" not in str(probe.error)


def test_where_nothing_listens_is_a_sentence(probes: Probes) -> None:
    probe = settled(probes.open("opc.tcp://127.0.0.1:9/", {}))
    assert probe.state == "failed" and isinstance(probe.error, EnvironmentFailed)
    assert "nothing listens there" in str(probe.error)


@pytest.mark.parametrize(("source", "options", "said"), [
    ("gopher://x/", {}, "no connector answers"), ("opc.tcp://", {}, "names no host"),
    ("opc.tcp://plc/", {"colour": "red"}, "no OPC UA option is called"),
    ("opc.tcp://plc/", {"password": "x"}, "does not belong among the options"),
    ("nowhere.csv", {}, "nowhere.csv")])
def test_what_makes_no_sense_is_a_sentence(probes: Probes, source: str, options: dict[str, object], said: str) -> None:
    try:
        error: LineshaftError | None = settled(probes.open(source, options)).error
    except LineshaftError as refused:
        error = refused
    assert error is not None and said in str(error)


def test_what_a_connector_stumbles_over_is_a_sentence_too(probes: Probes, plant: Simulator) -> None:
    probe = settled(probes.open(plant.url, {"batch": "many"}))
    assert probe.state == "failed" and "can't be looked at" in str(probe.error)


def test_a_server_without_tags_says_so(probes: Probes, plants: Plants) -> None:
    empty = plants.start(())
    probe = settled(probes.open(empty.url, {}))
    assert probe.state == "failed" and "has no tags" in str(probe.error)


def test_looking_can_be_given_up_in_the_middle(probes: Probes, plants: Plants) -> None:
    large = plants.start(tuple(Tag(f"works/{n // 20}/{n}") for n in range(400)))
    probe = probes.open(large.url, {"pause_s": 5.0, "batch": 1})
    until(lambda: probe.state == "browsing")
    probes.close(probe.number)
    until(lambda: probe.task is not None and probe.task.done())
    with pytest.raises(UsageError, match="connect again"):
        probes.get(probe.number)


def asked_again(probes: Probes, number: str) -> str:
    """What is said to whoever asks for a probe that is gone; nothing where it is still there."""
    try:
        probes.get(number)
    except UsageError as error:
        return str(error)
    return ""


def test_what_nobody_asks_for_is_closed(tmp_path: Path, plant: Simulator) -> None:
    probes = Probes(tmp_path, idle_s=0.2)
    try:
        probe = probes.open(plant.url, {})
        until(lambda: probe.state == "closed")
        until(lambda: "nobody used it" in asked_again(probes, probe.number))
    finally:
        probes.shut()


def test_only_so_many_sources_are_held_at_once(probes: Probes) -> None:
    for _ in range(MOST_PROBES):
        probes.open("plant:?seed=7", {})
    with pytest.raises(Refused, match="already"):
        probes.open("plant:?seed=7", {})


def test_a_file_below_the_project_is_found_and_looked_at(probes: Probes, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "export.csv").write_text("time,flow [L/min],level\n2024-01-01 00:00:00,1,2\n"
                                                  "2024-01-01 00:00:01,2,3\n", "utf-8")
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "ours.parquet").write_bytes(b"")
    (tmp_path / "outside.csv").symlink_to("/etc/hostname")
    assert [one.path for one in sources.files(tmp_path)] == ["data/export.csv"]
    probe = settled(probes.open("data/export.csv", {}))
    assert probe.state == "ready", probe.error
    assert len(probe.tags) == 2 and probe.endpoints == []
