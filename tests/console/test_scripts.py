"""The reader of our JavaScript reads what the other tests build on."""

from __future__ import annotations

from tests.console.scripts import HOLE, Script

from lineshaft.app.console.pages import STATIC

SOURCE = r"""
// t("not.this")
const pattern = /[/"]`/g, half = 4 / 2; /* t('nor.this') */
const view = (x) => html`<p title=${t("a.title", { n: 3, most })}>${x ? html`<b>${t(`a.${x}.b`)}</b>` : "none"}</p>`;
other.t("nor.that"); t(x === "y" ? "a.yes" : 'a.no');
"""


def script() -> Script:
    return Script(STATIC / "made_up.js", SOURCE)


def test_calls_are_found_in_code_only_and_with_their_arguments() -> None:
    calls = list(script().calls("t"))
    assert [[piece.text for piece in call.pieces(0)] for call in calls] == [
        ["a.title"], [f"a.{HOLE}.b"], ["y", "a.yes", "a.no"]]
    assert calls[0].text(1) == "{ n: 3, most }" and len(calls[1].arguments) == 1
    assert calls[2].place == "made_up.js:5"


def test_templates_within_templates_are_pieces_of_their_own() -> None:
    html = [piece.text for piece in script().pieces if piece.tag == "html"]
    assert html == [f"<p title={HOLE}>{HOLE}</p>", f"<b>{HOLE}</b>"]
