"""The plant's server comes back with a certificate that is no longer, not yet, or not at all the one to trust."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.faults.case import Injection, Outcome, case

from lineshaft.connect.opcua import security
from lineshaft.connect.opcua.server import ServerSecurity
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.connect.registry import open_connector
from lineshaft.core.errors import LineshaftError
from lineshaft.core.quality import BAD_NO_COMMUNICATION
from lineshaft.core.sample import Samples
from lineshaft.core.tag import Tag

ENCRYPT, FLOW, PATIENCE_S = "Basic256Sha256-SignAndEncrypt", "works/cell/flow", 40.0
DAY = timedelta(days=1)
SPANS: Mapping[str, tuple[timedelta, timedelta]] = {
    "expired": (-2 * DAY, -DAY), "not valid yet": (DAY, 2 * DAY), "of another name": (-DAY, DAY)}
SAYS = {"expired": "expired on", "not valid yet": "is valid from", "of another name": "is not trusted"}


@case(1, 3, 6, 7, times=6, quick=1)
def certificate_of_a_server(at: Injection) -> Outcome:
    """A server over encrypted OPC UA comes back with a certificate that has expired, is not valid yet, or has another
    name and was never trusted; and then with a sound one: no value is taken meanwhile, the reason is said, it heals."""
    return asyncio.run(_exchanged(at, list(SPANS)[at.seed % len(SPANS)]))


async def _exchanged(at: Injection, fault: str) -> Outcome:
    pki, sound = at.folder / "client", security.own_identity(at.folder / "server", "plant")
    client = security.own_identity(pki)
    unfit = _signed(at.folder / "unfit", "elsewhere" if "name" in fault else "plant", *SPANS[fault])
    _trust(pki, sound, *([] if "name" in fault else [unfit]))
    allowed = (security.fingerprint(security.read_certificate(client.certificate)),)
    plant, lies = _plant(sound, allowed, ""), []
    await plant.start()
    connector = open_connector(plant.url, guard=None, security=ENCRYPT, pki=pki, backoff_s=(0.05, 0.3), timeout_s=4.0,
                               keepalive_s=0.5)
    await connector.open()
    seen: list[tuple[float, int]] = []
    following = asyncio.create_task(_follow(connector.subscribe(plant.tags, 200_000_000), seen))
    try:
        await _until(plant, 1.0, lambda: (1.0, 0) in seen)
        await plant.stop()
        plant = _plant(unfit, allowed, plant.url)
        await plant.start()
        await _until(plant, 2.0, lambda: any(code == BAD_NO_COMMUNICATION for _, code in seen))
        said = await _refused(plant.url, pki)
        if SAYS[fault] not in said:
            lies.append(f"{fault}: it was said: {said}")
        if (2.0, 0) in seen:
            lies.append(f"{fault}: a value was taken from it")
        await plant.stop()
        plant, begun = _plant(sound, allowed, plant.url), time.monotonic()
        await plant.start()
        await _until(plant, 3.0, lambda: (3.0, 0) in seen)
        return Outcome(lies=tuple(lies), recovery_s=(time.monotonic() - begun,))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await connector.close()
        await plant.stop()


def _plant(identity: security.Identity, clients: tuple[str, ...], url: str) -> Simulator:
    policy = ServerSecurity((ENCRYPT,), identity, clients=clients)
    return Simulator([Tag(FLOW)], url, security=policy) if url else Simulator([Tag(FLOW)], security=policy)


async def _follow(stream: object, seen: list[tuple[float, int]]) -> None:
    async for samples in stream:  # type: ignore[attr-defined]
        seen.extend((one.value, one.quality) for one in samples)


async def _until(plant: Simulator, value: float, fulfilled: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fulfilled():
            await plant.publish(Samples.row([FLOW], time.time_ns(), np.array([value])))
            await asyncio.sleep(0.05)


async def _refused(url: str, pki: Path) -> str:
    connector = open_connector(url, guard=None, security=ENCRYPT, pki=pki, timeout_s=4.0)
    try:
        await connector.open()
    except LineshaftError as error:
        return str(error)
    await connector.close()
    return "nothing: it was let in"


def _trust(pki: Path, *identities: security.Identity) -> None:
    (pki / "trusted").mkdir()
    for number, one in enumerate(identities):
        shutil.copy(one.certificate, pki / "trusted" / f"{number}.pem")


def _signed(folder: Path, name: str, begin: timedelta, end: timedelta) -> security.Identity:
    """The same application with a key of its own and a certificate for another time, or of another name."""
    made = security.own_identity(folder, name)
    model, key = security.read_certificate(made.certificate), _key(made.private_key)
    now = datetime.now(UTC)
    builder = (x509.CertificateBuilder().subject_name(model.subject).issuer_name(model.issuer)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now + begin).not_valid_after(now + end))
    for extension in model.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return made


def _key(file: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
