"""A Ray cluster's processes as hands (extra ``ray``): the same jobs, the same seeds, the same result.

Moritz et al., Ray, OSDI 2018.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from lineshaft.core.errors import EnvironmentFailed, LineshaftError
from lineshaft.core.foreign import told
from lineshaft.model.search.hands import Done, Lost
from lineshaft.model.search.judge import Judge
from lineshaft.model.search.processes import ONE_THREAD
from lineshaft.model.search.run import Hands

LOCAL, LOCAL_WORKERS, LOCAL_STORE, STARTS = "local", 2, 100 * 2**20, 4
ANSWER_S = 10.0
INSTALL = "pip install 'lineshaft[ray]'"


class _Actor:
    """One process of the cluster."""

    def __init__(self, payload: bytes) -> None:
        self._judge = Judge(*pickle.loads(payload))

    def do(self, work: Callable[[Judge], object]) -> object:
        try:
            return work(self._judge)
        except LineshaftError as problem:
            return problem


class Actor:
    """A hand; ``payload`` is Ray's reference to the pickle of what ``Judge`` takes."""

    stoppable: ClassVar[bool] = True

    def __init__(self, payload: Any) -> None:
        self._payload = payload
        self._actor = self._started()

    def do(self, work: Callable[[Judge], Done], limit_s: float) -> Done:
        import ray

        try:
            said = ray.get(self._actor.do.remote(work), timeout=limit_s)
        except ray.exceptions.GetTimeoutError:
            raise TimeoutError from None
        except ray.exceptions.RayActorError:
            raise Lost from None
        if isinstance(said, LineshaftError):
            raise said
        return cast(Done, said)

    def renew(self) -> None:
        self.close()
        self._actor = self._started()

    def close(self) -> None:
        import ray

        ray.kill(self._actor)

    def _started(self) -> Any:
        """An actor on one processor; what it learns with is there before its first job is timed."""
        import ray

        return ray.remote(num_cpus=1)(_Actor).remote(self._payload)


@contextmanager
def cluster(address: str) -> Iterator[Hands]:
    """Hands on the cluster at ``address``, one a processor; "local" starts one of two processes on this machine.

    Raises ``EnvironmentFailed`` where Ray is not installed or nobody answers.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "60")
    try:
        import ray
    except ImportError:
        raise EnvironmentFailed("Ray is not installed", where="--ray", do=INSTALL) from None
    _joined(address)

    def hands(payload: bytes) -> Sequence[Actor]:
        there = int(ray.cluster_resources().get("CPU", 1))
        shared = ray.put(payload)
        return [Actor(shared) for _ in range(max(there, 1))]

    try:
        yield hands
    finally:
        ray.shutdown()


def _joined(address: str) -> None:
    """Part of the cluster; Ray's own processes give up after seconds on a machine that is busy, so it has some tries.
    """
    import ray

    for tries in reversed(range(STARTS if address == LOCAL else 1)):
        try:
            with told("starting or reaching Ray"):
                _answered(address)
                ray.init(**_settings(address))
            return
        except EnvironmentFailed as failed:
            ray.shutdown()
            if not tries:
                raise EnvironmentFailed(failed.what, where=f"--ray {address}",
                                        do="start a cluster with `ray start --head`, or write --ray local") from failed


def _answered(address: str) -> None:
    """Raises ``OSError`` where nobody listens: Ray itself asks for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()


def _settings(address: str) -> dict[str, Any]:
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
    if address != LOCAL:
        return common | {"address": address, "runtime_env": {"env_vars": ONE_THREAD}}
    paths = os.pathsep.join(path or os.curdir for path in sys.path)
    return common | {"num_cpus": LOCAL_WORKERS, "object_store_memory": LOCAL_STORE, "include_dashboard": False,
                     "runtime_env": {"env_vars": {**ONE_THREAD, "PYTHONPATH": paths}}}
