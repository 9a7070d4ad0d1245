"""Manifest and certificate as JSON: canonical, strict, and clear about versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bundle.conftest import certificate_of, manifest_of

from lineshaft.bundle.documents import decode, encode
from lineshaft.core.answer import Answer
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.manifest import (
    Budget,
    Certificate,
    Limits,
    Lineage,
    Manifest,
)
from lineshaft.core.step import Port, StepSignature
from lineshaft.core.tag import Tag

TEXT = st.text(max_size=12)
COUNT = st.integers(0, 2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
NAME = st.from_regex(r"[a-zé]{1,8}", fullmatch=True)
TAGS = st.builds(Tag, NAME, TEXT, st.none() | st.floats(-1e3, -1), st.none() | st.floats(1, 1e3),
                 st.none() | COUNT, NUMBER, description=TEXT, address=TEXT, writable=st.booleans())
PORTS = st.lists(st.builds(Port, NAME, st.lists(st.integers(1, 99), max_size=3).map(tuple)),
                 max_size=3).map(tuple)
MANIFESTS = st.builds(
    Manifest, TEXT, TEXT, COUNT, st.lists(TAGS, max_size=3).map(tuple), COUNT, COUNT,
    st.builds(StepSignature, COUNT, PORTS, PORTS), st.builds(Budget, COUNT, COUNT),
    st.builds(Limits, st.dictionaries(NAME, st.tuples(st.none() | NUMBER, st.none() | NUMBER), max_size=3)),
    st.builds(Lineage, TEXT, TEXT, TEXT, COUNT, TEXT, TEXT, TEXT, COUNT),
                      st.dictionaries(NAME, NUMBER, max_size=3),
    st.lists(st.builds(Answer, TEXT, TEXT, st.integers(0, 999)), max_size=3).map(tuple))


@settings(deadline=None)
@given(manifest=MANIFESTS)
def test_every_manifest_comes_back_as_it_was(manifest: Manifest) -> None:
    assert decode(encode(manifest), Manifest, where="x") == manifest


def test_a_manifest_of_before_there_were_answers_is_read() -> None:
    plain = json.loads(encode(manifest_of()))
    del plain["answers"]
    found = decode(json.dumps(plain | {"schema": "1.1"}).encode(), Manifest, where="x")
    assert found == manifest_of() and found.answers == ()


def test_a_certificate_comes_back_as_it_was() -> None:
    certificate = certificate_of(b"graph")
    assert decode(encode(certificate), Certificate, where="x") == certificate


def test_figures_may_be_numpy_scalars() -> None:
    figures: dict[str, Any] = {"f1": np.float64(0.5), "far": np.float32(0.25)}
    manifest = replace(manifest_of(), figures=figures)
    assert decode(encode(manifest), Manifest, where="x").figures == {"f1": 0.5, "far": 0.25}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_json_can_t_say_is_named(value: float) -> None:
    with pytest.raises(UsageError, match=r"manifest\.figures\.far: .* can't be written"):
        encode(replace(manifest_of(), figures={"far": value}))


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(encode(manifest_of()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(("change", "reason"), [
    (lambda d: d.pop("loop"), "missing required field `loop`"),
    (lambda d: d.update(version="3"), r"Expected `int`, got `str` - at `\$\.version`"),
    (lambda d: d["tags"][1].update(low="cold"), r"at `\$\.tags\[1\]\.low`"),
    (lambda d: d["tags"][1].update(low=200.0), "range 200.0..150.0 is empty"),
    (lambda d: d.update(colour="red"), r"field colour of schema 1\.2 is unknown here"),
    (lambda d: d["tags"][2].update(colour="red"), r"field tags\[2\]\.colour of schema 1\.2 is unknown here"),
    (lambda d: d.update(schema="1.7", colour="red"),
     r"field colour of schema 1\.7 is unknown here, where schemas up to 1\.2 are read; upgrade"),
    (lambda d: d.update(schema="2.0"), r"written in schema 2\.0, and schemas 1\.x are read here; upgrade"),
    (lambda d: d.update(schema=1), "names no schema version"),
    (lambda d: d.update(schema="1.²"), "names no schema version"),
    (lambda d: d.pop("schema"), "names no schema version"),
])
def test_a_wrong_document_is_refused_with_the_field(change: Callable[[dict[str, Any]], object],
                                                    reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refusal:
        decode(changed(change), Manifest, where="manifest.json")
    assert "\n" not in str(refusal.value)


def test_a_newer_minor_schema_without_news_is_read() -> None:
    assert decode(changed(lambda d: d.update(schema="1.9")), Manifest, where="x") == manifest_of()


def test_an_older_document_takes_the_defaults() -> None:
    assert decode(changed(lambda d: d.pop("figures")), Manifest, where="x") == replace(manifest_of(),
                                                                                       figures={})


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"schema"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_document_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        decode(raw, Manifest, where="x")
