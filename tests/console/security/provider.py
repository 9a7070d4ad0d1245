"""A small identity provider on loopback: discovery, keys, code for token with PKCE; it lies when it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "lineshaft", "a-client-secret-of-the-test"


class IdentityProvider:
    """``claims`` go into the token of the next login; ``sign`` and ``document`` may be replaced by a lie."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.keys = {"first": RSAKey.generate_key(2048, {"kid": "first"})}
        self.published = ["first"]
        self.claims: dict[str, Any] = {"sub": "4711", "preferred_username": "carla", "groups": ["shift-leads"]}
        self.document: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.honest
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def log_in(self, url: str) -> dict[str, str]:
        """What the person does there: gives the query of the way back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"state": asked["state"], "code": code}

    def honest(self, claims: dict[str, Any], *, kid: str = "first") -> str:
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, self.keys[kid])

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """What a code is worth: once, for its own verifier, from the client with the secret."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        wanted = f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        if asked is None or challenge != asked["code_challenge"] or authorization != wanted:
            return None
        if form["redirect_uri"] != asked["redirect_uri"]:
            return None
        now = self._now() // 1_000_000_000
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.sign(claims | self.claims)}

    def unsigned(self, claims: dict[str, Any]) -> str:
        return ".".join([_part({"alg": "none", "kid": "first"}), _part(claims), ""])

    def with_public_key_as_secret(self, claims: dict[str, Any]) -> str:
        """The classic: HMAC with what everybody knows."""
        public = self.keys["first"].as_pem(private=False)
        signed = ".".join(_part(part) for part in ({"alg": "HS256", "kid": "first"}, claims))
        return f"{signed}.{_base64(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"

    def changed(self, claims: dict[str, Any]) -> str:
        """Signed, and then promoted."""
        head, _, signature = self.honest(claims).split(".")
        return f"{head}.{_part(claims | {'groups': ['chiefs']})}.{signature}"

    def described(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"]} | self.document

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                answers: dict[str, Any] = {
                    "/.well-known/openid-configuration": provider.described(),
                    "/keys": {"keys": [provider.keys[kid].as_dict(private=False) for kid in provider.published]}}
                self._send(answers.get(self.path))

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                flat = {name: values[0] for name, values in form.items()}
                self._send(provider.token(flat, self.headers.get("Authorization", "")))

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def _send(self, found: object) -> None:
                body = json.dumps(found if found is not None else {"error": "invalid_grant"}).encode()
                self.send_response(200 if found is not None else 400)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _part(told: dict[str, Any]) -> str:
    return _base64(json.dumps(told).encode())
