"""Bundles over HTTP: what lies on disk, what it says of itself, where it comes from."""

from __future__ import annotations

import shutil

from tests.console.works import PATHS, TAGS, Opened, at, opened

from lineshaft.app.project import Project
from lineshaft.bundle.inspect import inspect


def test_bundles_are_listed_newest_first_with_the_verdict_on_their_signature(console: Opened, project: Project) -> None:
    found = console.get("/model")
    assert [one["version"] for one in found["bundles"]] == [2, 1]
    assert all(one["signature"]["verdict"] == "trusted" for one in found["bundles"])
    newest, first = found["bundles"]
    assert first["digest"] == inspect(project.bundles()[1])["digest"] == newest["parent"]
    assert (newest["learner"], newest["feedback"], newest["bytes"] > 1000) == ("zscore", 1, True)


def test_without_a_node_the_bundle_that_would_start_is_marked(console: Opened) -> None:
    found = console.get("/model")
    assert not found["node"]
    assert {one["version"]: one["roles"] for one in found["bundles"]} == {1: ["starts"], 2: []}


def test_a_bundle_in_which_a_byte_was_changed_is_shown_with_the_reason_and_hides_nothing_else(
        console: Opened, project: Project) -> None:
    assert not any(one["refused"] for one in console.get("/model")["bundles"])
    blob = max((project.bundles()[2] / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    raw = bytearray(blob.read_bytes())
    raw[100] ^= 1
    blob.write_bytes(raw)
    newest, first = console.get("/model")["bundles"]
    assert "cell-2" in newest["refused"] and not first["refused"]
    assert newest["refused"] in console.refused("GET", "/model/2", 409)


def test_a_signature_of_somebody_else_is_refused_with_the_reason(console: Opened, project: Project) -> None:
    public = project.key.with_suffix(".pub")
    public.unlink()
    assert console.get("/model/1")["signature"]["verdict"] == "unchecked"
    project.key.unlink()
    from lineshaft.bundle.keys import new_key

    new_key(project.key)
    found = console.get("/model/1")["signature"]
    assert found["verdict"] == "refused" and "trust" in found["why"]


def test_a_bundle_says_all_of_itself(console: Opened, project: Project) -> None:
    found = console.get("/model/2")
    assert [tag["path"] for tag in found["tags"]] == PATHS
    assert (found["period_ms"], found["stale_ms"], found["deadline_us"]) == (100, 300, 10_000)
    assert found["card"][0]["text"][0]["text"] == "cell, version 2"
    certificate = next(one for one in found["certificates"] if one["backend"] == "onnxruntime")
    assert (certificate["backend"], certificate["target"], certificate["flips"]) == ("onnxruntime", "pc", 0)
    assert certificate["parity"] <= certificate["bound"] and certificate["conditions"]["timed"]
    assert certificate["machine"]["os"] and len(certificate["latency_us"]) == 4
    assert found["golden"] and all(found["golden"])
    assert found["sbom"]["format"] == "CycloneDX 1.6"
    assert "onnxruntime" in [one["name"] for one in found["sbom"]["libraries"]]
    raw = inspect(project.bundles()[2])["files"]
    assert isinstance(raw, dict)
    assert {one["name"]: one["digest"] for one in found["files"]} == {name: one["digest"] for name, one in raw.items()}


def test_a_version_that_is_not_there_names_those_that_are(console: Opened) -> None:
    assert "there is no bundle of version 7" in console.refused("GET", "/model/7", 404)
    assert "there are: 1, 2" in console.refused("GET", "/model/7/lineage", 404)
    console.refused("GET", "/model/x", 400)


def test_lineage_leads_from_the_bundle_to_its_parents_and_to_what_people_said(console: Opened) -> None:
    found = console.get("/model/2/lineage")
    assert [one["version"] for one in found["ancestors"]] == [2, 1]
    assert found["tags"] == PATHS and found["fit_rows"] > 1000
    declared, judged = found["stretches"]
    assert (declared["start"], declared["end"], declared["by"]) == (at(0) // 10**6, at(200) // 10**6, "")
    assert (judged["by"], judged["comment"], judged["abnormal"]) == ("anna", "filter cleaned", False)


def test_what_was_said_after_a_bundle_learnt_is_not_in_its_lineage(console: Opened) -> None:
    assert len(console.get("/model/1/lineage")["stretches"]) == 1


def test_a_parent_whose_files_are_gone_is_still_named(console: Opened, project: Project) -> None:
    parent = console.get("/model/1")["digest"]
    shutil.rmtree(project.bundles()[1])
    found = console.get("/model/2/lineage")["ancestors"]
    assert [(one["version"], one["digest"] == parent) for one in found] == [(2, False), (None, True)]


def test_a_history_that_is_another_one_is_told_and_the_rest_stands(console: Opened, project: Project) -> None:
    shutil.rmtree(project.folder / "history")
    with Project.open(project.folder).historian() as other:
        other.register(TAGS)
    with opened(project.folder) as anew:
        found = anew.get("/model/2/lineage")
    assert "another historian" in found["why"]
    assert not found["stretches"] and len(found["ancestors"]) == 2


def test_a_project_without_a_bundle_has_an_empty_shelf(console: Opened, project: Project) -> None:
    shutil.rmtree(project.folder / "bundles")
    found = console.get("/model")
    assert (found["bundles"], found["learn_ms"]) == ([], 100_000)
    assert console.get("/model/retraining")["bundle"] is None


def test_before_set_up_there_is_nothing(console: Opened, project: Project) -> None:
    (project.folder / "lineshaft.toml").unlink()
    console.console.reload()
    assert "lineshaft init" in console.refused("GET", "/model", 404)
