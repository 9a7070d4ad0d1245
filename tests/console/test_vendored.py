"""Libraries of others stand in the package as they were published."""

from __future__ import annotations

import hashlib
import tomllib

from lineshaft.app.console.pages import STATIC

VENDOR = STATIC / "vendor"
LISTED = tomllib.loads((VENDOR / "VENDORED.toml").read_text("utf-8"))


def test_every_vendored_file_is_listed_with_its_licence() -> None:
    assert {path.name for path in VENDOR.glob("*.*s*") if path.suffix in (".js", ".css")} == set(LISTED)
    assert {path.stem for path in VENDOR.glob("*.LICENSE")} == {"htm", "preact", "uplot"}


def test_no_vendored_file_was_changed() -> None:
    for name, told in LISTED.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == told["sha256"], name
