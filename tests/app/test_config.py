"""lineshaft.toml: what is right is read, and what is wrong is named by file, line and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.app.config import PASSWORD, check, load
from lineshaft.app.locate import line_of
from lineshaft.app.project import Project
from lineshaft.app.template import template
from lineshaft.core.errors import UsageError
from lineshaft.core.tag import Tag

FILE = Path("lineshaft.toml")
WHOLE = template().replace("# [tasks.cell.limits]  ", "[tasks.cell.limits]").replace('# "hall1', '"hall1')
OIDC = '[console.oidc]\nclient-id = "x"\nissuer = "https://x"\n'
TAGS = [Tag(f"hall1/cell1/{name}", address=name) for name in ("P101/flow", "P101/speed", "P102/flow", "mode")]


def mistake(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        check(text, FILE)
    return str(caught.value)


def test_the_template_is_right_as_it_stands() -> None:
    assert check(template(), FILE).tasks["cell"].period == "1s"


def test_everything_that_the_template_has_in_comments_is_right_too() -> None:
    text = re.sub(r"(?m)^# (?=\[|[\w-]+ =|\")", "", template())
    config = check(text, FILE)
    assert config.console.users and config.console.oidc is not None
    assert config.console.oidc.roles == {"shift-leads": "engineer"}


def test_who_logs_in_elsewhere_logs_in_here() -> None:
    assert mistake(f"{template()}\n{OIDC}").endswith("set users = true under [console]")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_console_that_only_this_machine_reaches_wants_neither_users_nor_a_certificate(host: str) -> None:
    assert check(f'{template()}\n[console]\nhost = "{host}"\n', FILE).console.host == host


def test_what_a_template_is_filled_with_may_hold_quotes_and_backslashes() -> None:
    assert check(template(r"C:\plant \"new\".csv"), FILE).plant.source == r"C:\plant \"new\".csv"


@pytest.mark.parametrize(("old", "new", "key", "says"), [
    ('period = "1s"', 'perod = "1s"', "tasks.cell.perod", "did you mean 'period'"),
    ('period = "1s"', "period = 1", "tasks.cell.period", "a text in quotes is wanted, not a whole number"),
    ('period = "1s"', 'period = "1 fortnight"', "tasks.cell.period", "is not a duration"),
    ('period = "1s"', 'period = "-1s"', "tasks.cell.period", "is not a duration"),
    ('period = "1s"', 'priority = "hihg"', "tasks.cell.priority", "did you mean 'high'"),
    ('learn = "30min"', 'learn = "90000000000h"', "tasks.cell.learn", "is not a duration"),
    ('learn = "30min"', 'learn = "by hnad"', "tasks.cell.learn", "is not a duration"),
    ('learn = "30min"', 'learn = "4000d"', "tasks.cell.learn", "less than ten years"),
    ('task = "monitor"', 'task = "guess"', "tasks.cell.task", "no task is called 'guess'"),
    ('# learner = "auto"', 'learner = "pcaa"', "tasks.cell.learner", "did you mean 'pca'"),
    ('# target = "pc"', 'target = "pcs"', "tasks.cell.target", "did you mean 'pc'"),
    ('# target = "pc"', 'target = "plc"', "tasks.cell.target", "no node runs here for 'plc'"),
    ('# modes = ["hall1', 'modes = ["", "hall1', "tasks.cell.modes", "empty tag pattern"),
    ('tags = ["*"]', "tags = []", "tasks.cell.tags", "empty tag pattern"),
    ('tags = ["*"]', 'tags = ["*", 3]', "tasks.cell.tags", "a text in quotes is wanted"),
    ("# false-alarm-rate = 2e-5", "false-alarm-rate = 2", "tasks.cell.false-alarm-rate", "< 1.0 is wanted"),
    ("# false-alarm-rate = 2e-5", "false-alarm-rate = nan", "tasks.cell.false-alarm-rate", "is wanted"),
    ("120.0]", '"a"]', "tasks.cell.limits.hall1/cell1/P101/flow", "a number is wanted"),
    ("120.0]", "1.0]", "tasks.cell.limits.hall1/cell1/P101/flow", "hold nothing between them"),
    ('source = "opc.tcp', 'source = "opc.tpc', "plant.source", "no connector answers to 'opc.tpc://'"),
    ('source = "opc.tcp://', 'source = "opc.tcp://anna:secret@', "plant.source", PASSWORD),
    ('name = "works/hall1"', 'name = "/works/"', "plant.name", "cannot name a plant"),
    ("source =", "sauce =", "plant.sauce", "did you mean 'source'"),
    ("control-port = 8421", "control-port = 84210", "node.control-port", "65535 is wanted"),
    ("control-port = 8421", "control_port = 8421", "node.control_port", "did you mean 'control-port'"),
    ('name = "node1"', 'name = "../node1"', "node.name", "cannot be a name"),
    ('history = "history"', 'history = ""', "history", "is not a path"),
    ("[node]", "[nod]", "nod", "did you mean 'node'"),
    ("# [console]  ", "[console]\nprot = 8420 #", "console.prot", "did you mean 'port'"),
    ("# [console]  ", "[console]\nport = 84200 #", "console.port", "65535 is wanted"),
    ("# [console]  ", "[console]\nport = 8421 #", "console.port", "the node has port 8421 already"),
    ("# [console]  ", "[console]\nusers = 1 #", "console.users", "true or false is wanted"),
    ("# [console]  ", '[console]\nhost = "a b" #', "console.host", "is not an address of this machine"),
    ("# [console]  ", '[console]\nhost = "0.0.0.0" #', "console.host", "set users = true"),
    ("# [console]  ", '[console]\nhost = "line1.example" #', "console.host", "set users = true"),
    ("# [console]  ", '[console]\nusers = true\nhost = "0.0.0.0" #', "console.host", "an encrypted connection"),
    ("# [console]  ", '[console]\ncertificate = "a.crt" #', "console.certificate", "give both"),
    ("# [console]  ", '[console]\nnames = ["line1:80"] #', "console.names", "not a host name"),
    ("# [console.oidc]  ", '[console.oidc]\nisuer = "https://x" #', "console.oidc.isuer", "did you mean 'issuer'"),
    ("# [console.oidc]  ", '[console.oidc]\nclient-id = "x"\nissuer = "http://x" #', "console.oidc.issuer",
     "not the address of a login service"),
    ("# [console.oidc]  ", f'{OIDC}roles.ops = "operater" #', "console.oidc.roles.ops", "did you mean 'operator'"),
    ("# [console.oidc]  ", f"{OIDC}roles.ops = 3 #", "console.oidc.roles.ops", "a text in quotes is wanted"),
    ("# [plant.options]", "[plant.options]\npassword = 'x' #", "plant.options.password", PASSWORD),
])
def test_a_mistake_is_named_by_file_line_and_key(old: str, new: str, key: str, says: str) -> None:
    text = WHOLE.replace(old, new)
    assert text != WHOLE
    said = mistake(text)
    at = next(number for number, (was, line) in enumerate(zip(WHOLE.splitlines(), text.splitlines(), strict=False), 1)
              if was != line) + new.count("\n")
    assert said.startswith(f"lineshaft.toml:{at} {key}: ")
    assert says in said


@pytest.mark.parametrize(("text", "line"), [
    (WHOLE + "\n= 3\n", len(WHOLE.splitlines()) + 2), (WHOLE + '\nx = "', len(WHOLE.splitlines()) + 2),
    (WHOLE.replace("[node]", "[node"), WHOLE.splitlines().index("[node]") + 1),
])
def test_what_is_no_toml_is_named_by_its_line(text: str, line: int) -> None:
    assert mistake(text).startswith(f"lineshaft.toml:{line}: not valid TOML: ")


def test_a_missing_table_is_named() -> None:
    assert "a key is missing: 'plant'" in mistake('[tasks.cell]\ntask = "monitor"\n')


def test_a_second_task_is_refused_and_located() -> None:
    assert "2 tasks where one is possible" in mistake(WHOLE + "\n[tasks.other]\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00name", b"\x00"])
def test_a_file_that_cannot_be_read_is_one_sentence(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "lineshaft.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(str(path))):
        load(path)


PIECES = ["[", "]", '"', "'", "=", "\n", "{}", "[[", "-1", "1e999", "0x", "true", '"" = 1\n', "\n[tasks]\n", "9" * 5000]


@settings(deadline=None)  # the first example imports every learner
@given(st.data())
def test_whatever_is_done_to_the_file_the_answer_is_one_sentence_that_names_it(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, min(start + 40, len(WHOLE))))
    put = data.draw(st.one_of(st.text(max_size=12), st.sampled_from(PIECES)))
    text = WHOLE[:start] + put + WHOLE[end:]
    try:
        check(text, FILE)
    except UsageError as error:
        assert re.match(r"lineshaft\.toml:\d+", str(error)), str(error)
        assert "\n" not in str(error)
        assert int(str(error).split(":")[1].split()[0]) <= max(len(text.splitlines()), 1)


@pytest.mark.parametrize(("keys", "line"), [
    (["a"], 1), (["t", "x.y"], 3), (["t", "u", "v"], 5), (["t", "u", "none"], 4), (["none"], 1)])
def test_a_key_is_found_whether_quoted_dotted_or_in_a_table(keys: list[str], line: int) -> None:
    assert line_of('a = 1\n["t"]  # c\n"x.y" = 1\n[t.u]\nv = 1\n', keys) == line


def test_a_long_line_that_is_no_entry_takes_no_time() -> None:
    assert line_of(" " * 5000 + "# words\n" + "a " * 5000 + "\na = 1", ["a"]) == 3


def opened(tmp_path: Path, *changes: tuple[str, str]) -> Project:
    text = template()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "lineshaft.toml").write_text(text, "utf-8")
    return Project.open(tmp_path)


@pytest.mark.parametrize(("change", "key", "says"), [
    (('tags = ["*"]', 'tags = ["*/P101/*", "*/P9/*"]'), "tags", "'*/P9/*'"),
    (('# modes = ["hall1/cell1/mode"]', 'modes = ["hall1/cell1/mod"]'), "modes", "did you mean 'hall1/cell1/mode'"),
    (("# [tasks.cell.limits]", '[tasks.cell.limits]\n"hall1/cell1/P101/flw" = [1.0, 2.0] #'), "limits",
     "did you mean 'hall1/cell1/P101/flow'")])
def test_a_tag_that_the_plant_has_not_is_named_by_its_line(change: tuple[str, str], key: str, says: str,
                                                          tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"lineshaft.toml:\d+ tasks\.cell\.{key}") as caught:
        opened(tmp_path, change).choose(TAGS)
    assert says in str(caught.value)


def test_tags_are_chosen_by_pattern_and_left_out_by_pattern(tmp_path: Path) -> None:
    project = opened(tmp_path, ('tags = ["*"]', 'tags = ["*/P1*"]'), ("leave-out = []", 'leave-out = ["*/speed"]'))
    assert [tag.address for tag in project.choose(TAGS)] == ["P101/flow", "P102/flow"]


def test_relative_paths_start_at_the_file_and_the_password_comes_from_the_environment(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "secret")
    project = opened(tmp_path, ("# [plant.options]", "[plant.options] #"), ('# pki = "keys/pki"', 'pki = "keys/pki" #'))
    assert project.options == {"pki": str((tmp_path / "keys" / "pki").resolve())}
    assert project.secret_options["password"] == "secret"
    assert not any("secret" in word for word in project.node_words(tmp_path / "bundles" / "cell-1"))


def test_a_source_that_is_a_file_lies_in_the_project(tmp_path: Path) -> None:
    project = opened(tmp_path, ('source = "opc.tcp://127.0.0.1:4840/"', 'source = "data/plant.csv"'))
    assert project.source == str(tmp_path / "data" / "plant.csv")
