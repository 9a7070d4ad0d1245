"""A console that strangers could use does not start, and says why; what the file asks for is what holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lineshaft.app.cli import main
from lineshaft.app.console.door import Role
from lineshaft.app.console.security.configured import policy_of
from lineshaft.app.console.security.policy import HOUR, Policy, check
from lineshaft.app.template import template
from lineshaft.core.errors import Refused, UsageError


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, Any]:
    """Files where a certificate and its key are said to be."""
    found = {"certificate": tmp_path / "console.crt", "private_key": tmp_path / "console.key"}
    for path in found.values():
        path.write_text("pem")
        path.chmod(0o600)
    return found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.5", "line1.example", ""])
def test_without_accounts_it_listens_on_this_machine_only(host: str, pair: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="without accounts the console may only listen on this machine"):
        check(Policy(host=host, **pair), anybody=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_on_this_machine_it_may_be_open(host: str) -> None:
    check(Policy(host=host), anybody=False)


def test_a_proxy_makes_it_reachable_so_that_accounts_are_wanted() -> None:
    with pytest.raises(Refused, match="not on a proxy"):
        check(Policy(proxy=True), anybody=True)


def test_passwords_do_not_cross_a_network_in_clear(pair: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"passwords would cross the network in clear: 0\.0\.0\.0 has no certificate"):
        check(Policy(host="0.0.0.0", users=True), anybody=True)
    check(Policy(host="0.0.0.0", users=True, **pair), anybody=True)
    check(Policy(host="0.0.0.0", users=True, proxy=True), anybody=True)


def test_accounts_that_nobody_can_administer_are_a_dead_end() -> None:
    with pytest.raises(Refused, match="make the first with `lineshaft console user add NAME --role admin`"):
        check(Policy(users=True), anybody=False)


def test_half_a_certificate_a_missing_one_and_an_open_key_are_refused(pair: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a certificate needs its private key"):
        check(Policy(certificate=pair["certificate"]), anybody=True)
    with pytest.raises(UsageError, match="private-key: there is no file"):
        check(Policy(certificate=pair["certificate"], private_key=Path("none")), anybody=True)
    if os.name == "posix":
        pair["private_key"].chmod(0o644)
        with pytest.raises(Refused, match=r"others can read the private key; chmod 600 .*console\.key"):
            check(Policy(**pair), anybody=True)


def write(folder: Path, console: str) -> None:
    (folder / "lineshaft.toml").write_text(f"{template()}\n{console}\n", "utf-8")


def test_a_folder_without_a_file_is_open_on_this_machine(tmp_path: Path) -> None:
    assert policy_of(tmp_path) == Policy()


def test_the_file_says_the_policy(tmp_path: Path) -> None:
    write(tmp_path, '[console]\nusers = true\nhost = "0.0.0.0"\ncertificate = "keys/c.crt"\n'
                    'private-key = "keys/c.key"\nnames = ["line1.example"]\nidle = "30min"\nlongest = "1d"\n'
                    '[console.oidc]\nissuer = "https://login.example"\nclient-id = "lineshaft"\n'
                    'roles = { leads = "engineer" }\n')
    found = policy_of(tmp_path, port=0)
    assert (found.host, found.port, found.users, found.names) == ("0.0.0.0", 0, True, ("line1.example",))
    assert found.certificate == tmp_path / "keys/c.crt"
    assert (found.idle_ns, found.absolute_ns) == (HOUR // 2, 24 * HOUR)
    assert found.oidc is not None
    assert (found.oidc.issuer, found.oidc.roles) == ("https://login.example", {"leads": Role.ENGINEER})


@pytest.mark.parametrize(("console", "said"), [
    ('behind = "proxy"', "console.behind: a console that other machines reach wants to know who is there"),
    ('behind = "nginx"', "console.behind"), ('users = true\nidle = "soon"', "console.idle: 'soon' is not a duration"),
    ('users = true\nhost = "0.0.0.0"', 'set behind = "proxy" where a proxy has them'),
])
def test_a_mistake_is_named_by_its_key(tmp_path: Path, console: str, said: str) -> None:
    write(tmp_path, f"[console]\n{console}")
    with pytest.raises(UsageError, match=said):
        policy_of(tmp_path)


def test_a_file_that_cannot_be_read_does_not_open_what_it_may_have_closed(tmp_path: Path) -> None:
    write(tmp_path, "[console]\nusers = tru")
    with pytest.raises(UsageError, match="not valid TOML"):
        policy_of(tmp_path)


# -- as a process


def test_the_command_does_not_open_it_to_others_without_accounts(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["console", "serve", "--project", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]) == 1
    assert "without accounts the console may only listen on this machine, not on 0.0.0.0" in capsys.readouterr().err


def test_the_command_does_not_serve_accounts_that_nobody_has(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "[console]\nusers = true")
    assert main(["console", "serve", "--project", str(tmp_path), "--port", "0"]) == 1
    assert "make the first with `lineshaft console user add NAME --role admin`" in capsys.readouterr().err


def test_it_serves_tls_with_its_certificate(tmp_path: Path) -> None:
    """A real process, a real certificate, and a client that checks it."""
    import httpx

    make_certificate(tmp_path)
    write(tmp_path, '[console]\nusers = true\ncertificate = "c.crt"\nprivate-key = "c.key"')
    command = [sys.executable, "-m", "lineshaft", "console"]
    subprocess.run([*command, "user", "add", "anna", "--role", "admin", "--project", str(tmp_path)], check=True,
                   input="correct horse battery\n", text=True, capture_output=True)
    with subprocess.Popen([*command, "serve", "--project", str(tmp_path), "--port", "0"], stdout=subprocess.PIPE,
                          text=True) as server:
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            assert url.startswith("https://127.0.0.1:")
            with httpx.Client(base_url=url, verify=str(tmp_path / "c.crt"), trust_env=False) as client:
                token = client.get("/api/v1/session").json()["token"]
                wish = {"name": "anna", "password": "correct horse battery"}
                answer = client.post("/api/v1/session/login", json=wish, headers={"X-CSRF-Token": token})
                assert answer.json()["person"] == {"name": "anna", "role": "admin"}
                assert answer.headers["set-cookie"].startswith("__Host-lineshaft-")
        finally:
            server.terminate()
    with pytest.raises(httpx.TransportError):
        httpx.get(url, trust_env=False)


def make_certificate(folder: Path) -> None:
    """A certificate of its own for 127.0.0.1."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(start).not_valid_after(start + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(True, 0), True).sign(key, hashes.SHA256()))
    (folder / "c.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "c.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                     serialization.NoEncryption()))
    (folder / "c.key").chmod(0o600)
