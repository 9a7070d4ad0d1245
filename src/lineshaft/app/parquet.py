"""Decisions as a Parquet file that any tool reads."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from lineshaft.app.backtest import Decisions
from lineshaft.core.errors import EnvironmentFailed


def write_decisions(path: Path, decisions: Decisions, loop: str, bundle: str) -> None:
    """One row a tick: time, run, score, alarm, confidence, causes, masked tags, latency; whole or not at all."""
    causes = [", ".join(f"{tag} {share:.0%}" for tag, share in one) for one in decisions.causes]
    table = {"t": decisions.time, "run": decisions.run, "score": decisions.score, "alarm": decisions.alarm,
             "confidence": decisions.confidence, "causes": np.array(causes, object), "masked": decisions.masked,
             "latency_ns": decisions.latency_ns, "missed": decisions.missed}
    part = path.with_suffix(".part")
    link = duckdb.connect(":memory:")
    try:
        link.register("decisions", table)
        link.execute(
            "COPY (SELECT make_timestamp_ns(t) AS time, * EXCLUDE (t), ? AS loop, ? AS bundle FROM decisions) TO "
            f"'{str(part).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)", [loop, bundle])
        part.replace(path)
    except (duckdb.Error, OSError) as error:
        raise EnvironmentFailed(f"the decisions can't be written ({error})", where=str(path),
                                do="check the folder and the space on its disk") from None
    finally:
        link.close()
