"""A training as MLflow keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lineshaft.app import flow
from lineshaft.app.leaderboard import lines
from lineshaft.app.project import Project
from lineshaft.app.searching import code_version
from lineshaft.app.talk import Talk
from lineshaft.app.tracking import Record, candidates, record, wanted
from lineshaft.bundle import documents
from lineshaft.bundle.open import open_bundle
from lineshaft.core.errors import EnvironmentFailed
from lineshaft.model.learnt import Learnt
from lineshaft.model.search.board import Board


def track(project: Project, sealed: flow.Sealed[Learnt], board: Board, told: str, talk: Talk) -> None:
    """Record a training where ``told`` says; what can't be recorded is warned of once, and the training stands."""
    uri = wanted(told, project.folder)
    if not uri:
        return
    try:
        talk.say(f"recorded in MLflow as run {record(_record(sealed, board, project.key), project.loop, uri)}")
    except EnvironmentFailed as failed:
        talk.warn(str(failed))


def _record(sealed: flow.Sealed[Learnt], board: Board, key: Path) -> Record:
    manifest, certificate = sealed.manifest, sealed.certificate
    best = next((row for row in board.rows if row.state == "recommended"), None)
    metrics: dict[str, Sequence[float]] = {"fold_loss": best.losses} if best is not None else {}
    measured = {"step_p50_ns": certificate.latency_ns[0], "step_p99_ns": certificate.latency_ns[1],
                "memory_bytes": certificate.memory_bytes, "flash_bytes": certificate.flash_bytes,
                "ram_bytes": certificate.ram_bytes, "parity": certificate.parity, "flips": certificate.flips}
    lineage = manifest.lineage
    return Record(
        f"{manifest.loop}-{manifest.version}",
        {"task": manifest.task, "learner": lineage.learner, "target": certificate.target,
         "backend": certificate.backend, "period_ns": str(manifest.period_ns), "tags": str(len(manifest.tags))},
        {**metrics, **{f"held_out/{name}": (value,) for name, value in manifest.figures.items()},
         **{f"certified/{name}": (float(value),) for name, value in measured.items()}},
        {"dataset": lineage.dataset, "history": lineage.history, "code": code_version(), "why": lineage.why[:4000],
         "bundle": sealed.packed.digest},
        {**_documents(sealed, key), "leaderboard.txt": "\n".join(lines(board)).encode()},
        candidates(board))


def _documents(sealed: flow.Sealed[Learnt], key: Path) -> dict[str, bytes]:
    """Graph, model card and certificates, as the bundle has them."""
    bundle = open_bundle(sealed.packed.path, trusted_keys=(flow.signing_key(key),))
    certificates = {f"certificate-{one.certificate.backend}.json": documents.encode(one.certificate)
                    for one in bundle.lowerings}
    return {"graph.onnx": bundle.graph, "model-card.md": bundle.card.encode(), **certificates}
