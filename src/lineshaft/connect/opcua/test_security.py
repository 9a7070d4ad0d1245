"""Certificates, users, and what is never said aloud."""

from __future__ import annotations

import logging
import os
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.connect.opcua import security
from lineshaft.connect.opcua.conftest import Connected
from lineshaft.connect.opcua.options import parse, redacted
from lineshaft.connect.opcua.server import ServerSecurity
from lineshaft.connect.opcua.simulator import Simulator
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError
from lineshaft.core.sample import Sample, Samples
from lineshaft.core.tag import Tag

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "s3cret-enough"
SIGN, ENCRYPT = "Basic256Sha256-Sign", "Basic256Sha256-SignAndEncrypt"


@pytest.fixture(scope="module")
def server_pki(tmp_path_factory: pytest.TempPathFactory) -> security.Identity:
    return security.own_identity(tmp_path_factory.mktemp("server"), "plant")


@pytest.fixture(scope="module")
def client_pki(tmp_path_factory: pytest.TempPathFactory, server_pki: security.Identity) -> Path:
    """A client that trusts the server, and whom the server trusts."""
    pki = tmp_path_factory.mktemp("client")
    security.own_identity(pki)
    (pki / "trusted").mkdir()
    shutil.copy(server_pki.certificate, pki / "trusted" / "plant.pem")
    return pki


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant(server_pki: security.Identity, client_pki: Path) -> AsyncIterator[Simulator]:
    ours = security.fingerprint(security.read_certificate(client_pki / "own" / "cert.pem"))
    policy = ServerSecurity(("None", SIGN, ENCRYPT), server_pki, clients=(ours,), users={"anna": PASSWORD},
                            anonymous=False)
    async with Simulator([Tag("works/cell/flow")], security=policy) as simulator:
        await simulator.publish(Samples.of([Sample("works/cell/flow", 1000, 4.5)]))
        yield simulator


def as_anna(plant: Simulator, client_pki: Path, **changes: Any) -> dict[str, Any]:
    return {"security": ENCRYPT, "pki": client_pki, "user": "anna", "password": PASSWORD, **changes}


@pytest.mark.parametrize("policy", [SIGN, ENCRYPT])
async def test_a_trusted_client_with_a_user_reads_and_subscribes(
        plant: Simulator, client_pki: Path, connected: Connected, policy: str) -> None:
    async with connected(plant.url, **as_anna(plant, client_pki, security=policy)) as connector:
        assert (await connector.read(plant.tags)).value.tolist() == [4.5]
        async for samples in connector.subscribe(plant.tags, 100_000_000):
            assert samples.value.tolist() == [4.5]
            break


async def test_the_servers_certificate_can_be_pinned_by_its_fingerprint(
        plant: Simulator, client_pki: Path, server_pki: security.Identity, connected: Connected,
        tmp_path: Path) -> None:
    shutil.copytree(client_pki / "own", tmp_path / "own")
    pin = security.fingerprint(security.read_certificate(server_pki.certificate))
    async with connected(plant.url, **as_anna(plant, tmp_path, trust=pin)) as connector:
        assert (await connector.read(plant.tags)).value.tolist() == [4.5]


async def failure_of(connected: Connected, url: str, **options: Any) -> LineshaftError:
    """The error of a connection that must not come about; one sentence, without the password."""
    with pytest.raises(LineshaftError) as failure:
        async with connected(url, **options):
            pass
    text = str(failure.value)
    assert "\n" not in text and PASSWORD not in text and PASSWORD not in repr(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__ or failure.value.__context__ is None
    return failure.value


@pytest.mark.parametrize("user", ["anna", "admin", "Admin"])
async def test_a_wrong_password_is_said_in_one_sentence(plant: Simulator, client_pki: Path,
                                                        connected: Connected, user: str) -> None:
    options = as_anna(plant, client_pki, user=user, password="wrong")
    failure = await failure_of(connected, plant.url, **options)
    assert isinstance(failure, UsageError)
    assert f"the server refused user {user!r} with this password" in str(failure)


async def test_nobody_without_a_name_is_let_in(plant: Simulator, client_pki: Path,
                                               connected: Connected) -> None:
    failure = await failure_of(connected, plant.url, **as_anna(plant, client_pki, user="", password=""))
    assert "give user and password" in str(failure)


async def test_an_untrusted_server_is_refused_and_kept_for_a_person_to_judge(
        plant: Simulator, client_pki: Path, server_pki: security.Identity, connected: Connected,
        tmp_path: Path) -> None:
    shutil.copytree(client_pki / "own", tmp_path / "own")
    failure = await failure_of(connected, plant.url, **as_anna(plant, tmp_path))
    pin = security.fingerprint(security.read_certificate(server_pki.certificate))
    assert isinstance(failure, Refused) and pin in str(failure)
    rejected = list((tmp_path / "rejected").iterdir())
    assert [security.fingerprint(security.read_certificate(file)) for file in rejected] == [pin]
    (tmp_path / "trusted").mkdir()
    rejected[0].rename(tmp_path / "trusted" / rejected[0].name)
    async with connected(plant.url, **as_anna(plant, tmp_path)) as connector:
        assert len(await connector.read(plant.tags)) == 1


async def test_a_client_that_the_server_does_not_trust_learns_its_own_fingerprint(
        plant: Simulator, client_pki: Path, connected: Connected, tmp_path: Path) -> None:
    shutil.copytree(client_pki / "trusted", tmp_path / "trusted")
    failure = await failure_of(connected, plant.url, **as_anna(plant, tmp_path))
    ours = security.fingerprint(security.read_certificate(tmp_path / "own" / "cert.pem"))
    assert isinstance(failure, EnvironmentFailed)
    assert f"the server does not trust our certificate {ours}" in str(failure)


async def test_a_policy_that_is_not_offered_names_those_that_are(connected: Connected,
                                                                 client_pki: Path) -> None:
    async with Simulator([Tag("works/cell/flow")]) as open_plant:
        failure = await failure_of(connected, open_plant.url, security=ENCRYPT, pki=client_pki)
    assert "use one of: None" in str(failure)


async def test_no_log_at_any_level_holds_the_password(plant: Simulator, client_pki: Path, connected: Connected,
                                                      caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = plant.url.replace("://", f"://anna:{PASSWORD}@")
    async with connected(url, security=SIGN, pki=client_pki) as connector:
        assert PASSWORD not in connector.url
        await connector.read(plant.tags)
    await failure_of(connected, url.replace("anna", "otto"), security=SIGN, pki=client_pki)
    assert PASSWORD not in caplog.text


async def test_a_password_is_not_sent_in_the_clear_unless_that_is_asked_for(plant: Simulator) -> None:
    with pytest.raises(UsageError, match="unencrypted") as failure:
        parse(plant.url, {"user": "anna", "password": PASSWORD})
    assert PASSWORD not in str(failure.value)
    assert parse(plant.url, {"user": "anna", "password": PASSWORD, "plain_password": True})


async def test_options_never_show_the_password() -> None:
    _, options = parse(f"opc.tcp://anna:{PASSWORD}@plc/", {"plain_password": True})
    assert options.password == PASSWORD and PASSWORD not in repr(options)
    assert redacted(f"opc.tcp://anna:{PASSWORD}@plc/x") == "opc.tcp://plc/x"


@pytest.mark.parametrize(("uri", "options", "words"), [
    ("opc.tcp://", {}, "no host"),
    ("opc.tcp://plc:99999/", {}, "no valid port"),
    ("opc.tcp://plc/", {"security": "Basic128"}, "no security policy"),
    ("opc.tcp://plc/", {"security": ENCRYPT}, "certificate of our own"),
    ("opc.tcp://plc/", {"certificate": "a.pem"}, "belong together"),
    ("opc.tcp://plc/", {"colour": "red"}, "'colour'"),
])
async def test_options_that_make_no_sense_are_refused(uri: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(uri, options)


async def test_our_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = security.own_identity(tmp_path)
    content = first.private_key.read_bytes()
    if os.name == "posix":  # Windows knows no such bits
        assert stat.S_IMODE(first.private_key.stat().st_mode) == 0o600
    assert security.own_identity(tmp_path) == first and first.private_key.read_bytes() == content
    assert first.application_uri.startswith("urn:")


@pytest.mark.parametrize("pin", ["sha256:12", "12ab", "SHA1:" + "0" * 64])
async def test_what_is_no_fingerprint_is_refused(pin: str) -> None:
    with pytest.raises(UsageError, match="not a certificate fingerprint"):
        security.trusted_fingerprints(None, (pin,))


async def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "x.pem").write_text("nothing")
    with pytest.raises(UsageError, match=r"x\.pem: not a certificate"):
        security.trusted_fingerprints(tmp_path, ())


async def test_a_policy_that_the_server_does_not_offer_is_named(server_pki: security.Identity, connected: Connected
                                                                ) -> None:
    async with Simulator([Tag("works/cell/flow")], security=ServerSecurity((ENCRYPT,), server_pki)) as strict:
        with pytest.raises(EnvironmentFailed, match="does not offer security 'None'; set the option security"):
            async with connected(strict.url):
                pass


@pytest.mark.skipif(os.name != "posix", reason="file modes say little there")
def test_an_identity_whose_key_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    first = security.own_identity(tmp_path)
    first.private_key.chmod(0o640)
    with pytest.raises(Refused, match=r"others can read the private key; chmod 600 .*key\.pem"):
        security.own_identity(tmp_path)
