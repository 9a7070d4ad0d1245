"""The control server: who may do what, and answers a person can read."""

from __future__ import annotations

import http.client
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.errors import Refused
from lineshaft.core.sample import Samples
from lineshaft.node.agent import Node
from lineshaft.node.control import ADDRESS_FILE, TOKEN_FILE
from lineshaft.node.seat import Loaded

Build = Callable[..., Loaded]
Row = Callable[..., Samples]


class Client:
    """Plain HTTP to a node on loopback."""

    def __init__(self, node: Node) -> None:
        assert node.control is not None
        self.node, self.token = node, node.control.token
        self.port = int(node.control.url.rsplit(":", 1)[1])

    def raw(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def get(self, path: str) -> Any:
        code, body = self.raw("GET", path)
        assert code == 200, body
        return json.loads(body)

    def post(self, path: str, **body: object) -> tuple[int, Any]:
        code, answer = self.raw("POST", path, json.dumps(body).encode(), Authorization=f"Bearer {self.token}")
        return code, json.loads(answer)


@pytest.fixture
def client(load: Build, clock: ManualClock, row: Row, tmp_path: Path) -> Iterator[Client]:
    def open_bundle(reference: str) -> Loaded:
        raise Refused("the signature is not by a known key", where=reference, do="trust the key first")

    node = Node(load(), tmp_path / "node", name="p101", clock=clock, open_bundle=open_bundle)
    node.start()
    for _ in range(5):
        clock.advance(SECOND)
        node.feed(row(10.0, 8.0, 2.0))
    node.buffer.flush()
    yield Client(node)
    node.close()


def test_health_decisions_and_alarms_can_be_read(client: Client, clock: ManualClock) -> None:
    assert client.get("/health") == {"state": "active", "reasons": [], "tags": []}
    words = client.get(f"/decisions?after={clock.now() - 2 * SECOND}")["decisions"]
    assert [word["time"] for word in words] == [clock.now() - SECOND, clock.now()]
    assert words[0]["causes"][0]["tag"] == "cell/flow" and words[0]["source"] == "bundle"
    assert client.get("/alarms")["alarms"][0]["name"] == "cell"
    assert client.get("/status")["ticks"] == 5


def test_one_glance_says_what_five_answers_say(client: Client, clock: ManualClock) -> None:
    found = client.get(f"/glance?after={clock.now() - 2 * SECOND}&outbox=2")
    assert found["time"] == clock.now()
    assert found["health"] == client.get("/health") and found["status"] == client.get("/status")
    assert found["alarms"] == client.get("/alarms")["alarms"]
    assert found["decisions"] == client.get(f"/decisions?after={clock.now() - 2 * SECOND}")["decisions"]
    assert found["entries"] == client.get("/outbox?limit=2")["entries"]
    assert found["counters"]["ticks"] == sum(found["latency"]["counts"]) == 5
    assert len(found["latency"]["edges_ns"]) == len(found["latency"]["counts"])
    assert found["inputs"] == {"tags": ["cell/flow", "cell/level", "cell/pressure"], "times": [clock.now()] * 3,
                               "unusable": {}}


def test_a_glance_names_the_tags_that_count_for_nothing_and_gives_no_more_than_is_asked(
        client: Client, clock: ManualClock, row: Row) -> None:
    clock.advance(SECOND)
    client.node.feed(row(1.0, 2.0, tags=("cell/flow", "cell/level")))
    for _ in range(6):
        clock.advance(SECOND)
        client.node.feed(row(1.0, 2.0, tags=("cell/flow", "cell/level")))
        client.node.poll()
    found = client.get("/glance?limit=2")
    assert list(found["inputs"]["unusable"]) == ["cell/pressure"]
    assert "stale" in found["inputs"]["unusable"]["cell/pressure"]
    assert found["inputs"]["times"][0] == clock.now() > found["inputs"]["times"][2]
    assert [one["time"] for one in found["decisions"]] == [one["time"] for one in client.get("/decisions")["decisions"]
                                                          ][-2:]
    assert found["entries"] == [] and client.get("/glance?limit=0")["decisions"] == []


def test_a_node_that_has_seen_nothing_can_be_glanced_at(load: Build, clock: ManualClock, tmp_path: Path) -> None:
    node = Node(load(), tmp_path / "fresh", clock=clock)
    node.start()
    found = Client(node).get("/glance")
    assert found["inputs"]["times"] == [None, None, None] and found["latency"]["counts"] == []
    assert found["health"]["state"] == "starting"
    node.close()


def test_one_connection_serves_many_glances(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    connection.request("GET", "/glance")
    connection.getresponse().read()
    socket = connection.sock
    for _ in range(3):
        connection.request("GET", "/glance")
        assert json.loads(connection.getresponse().read())["counters"]["ticks"] == 5
    assert connection.sock is socket is not None
    connection.close()


def test_the_metrics_are_what_prometheus_reads(client: Client) -> None:
    code, text = client.raw("GET", "/metrics")
    samples = {(s.name, *s.labels.values()): s.value for family in text_string_to_metric_families(text.decode())
               for s in family.samples}
    assert code == 200
    assert samples["lineshaft_ticks_total", "cell"] == 5
    assert samples["lineshaft_deadline_misses_total", "cell"] == 0
    assert samples["lineshaft_latency_seconds_count", "cell"] == 5
    assert samples["lineshaft_health", "active"] == 1 and samples["lineshaft_health", "degraded"] == 0
    assert samples["lineshaft_buffer_depth", "cell"] == 5
    info = next(key for key in samples if key[0] == "lineshaft_bundle_info")
    assert f"sha256:{1:064x}" in info


def test_the_token_is_readable_by_its_owner_only_and_needed_for_every_change(client: Client) -> None:
    path = client.node.folder / TOKEN_FILE
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for authorization in ("", "Bearer wrong", f"Basic {client.token}"):
        code, answer = client.raw("POST", "/stop", b"{}", Authorization=authorization)
        assert code == 401 and b"bearer token" in answer
    assert client.get("/health")["state"] == "active"


def test_a_token_that_others_can_read_is_refused(load: Build, clock: ManualClock, tmp_path: Path) -> None:
    token = tmp_path / TOKEN_FILE
    token.write_text("x" * 40)
    token.chmod(0o644)
    node = Node(load(), tmp_path, clock=clock)
    if os.name == "posix":
        with pytest.raises(Refused, match="others can read"):
            node.start()
    node.close()


def test_a_host_name_that_is_not_loopback_is_turned_away(client: Client) -> None:
    code, answer = client.raw("GET", "/health", Host="evil.example")
    assert code == 403 and b"Host" in answer


@pytest.mark.parametrize(("path", "body", "code", "sentence"), [
    ("/nowhere", b"{}", 400, "there is no /nowhere"),
    ("/swap", b"{", 400, "JSON is not understood"),
    ("/swap", b'{"bundel": "x"}', 400, "bundel"),
    ("/outbox/acknowledge", b'{"sequence": 99}', 400, "99 was never given out"),
    ("/swap", b'{"bundle": "x.oci"}', 409, "x.oci: the signature is not by a known key"),
    ("/promote", b"{}", 409, "there is no shadow"),
    ("/alarms/cell/acknowledge", b'{"by": "ana"}', 409, "an alarm that is normal cannot be acknowledged"),
    ("/alarms/cell/silence", b'{"by": "ana"}', 400, "cannot be asked to 'silence'"),
    ("/alarms/cell/shelve", b'{"by": "ana", "until": 1}', 409, "shelving needs a reason"),
    ("/swap", b" " * 70_000, 413, "longer than 65536 bytes"),
])
def test_what_cannot_be_done_is_one_sentence(client: Client, path: str, body: bytes, code: int,
                                             sentence: str) -> None:
    found, answer = client.raw("POST", path, body, Authorization=f"Bearer {client.token}")
    told = json.loads(answer)["error"]
    assert (found, sentence in told, "\n" in told) == (code, True, False), told


def test_an_alarm_is_shelved_with_reason_and_end_and_journalled(client: Client, clock: ManualClock) -> None:
    until = clock.now() + 600 * SECOND
    code, alarm = client.post("/alarms/cell/shelve", by="ana", reason="sensor is being changed", until=until)
    assert (code, alarm["state"], alarm["until"]) == (200, "shelved", until)
    line = client.get("/journal")["transitions"][-1]
    assert (line["event"], line["by"], line["reason"]) == ("shelved", "ana", "sensor is being changed")
    assert client.post("/alarms/cell/unshelve", by="ana")[1]["until"] is None


def test_the_centre_empties_the_outbox_in_order_and_once(client: Client) -> None:
    first = client.get("/outbox?after=0&limit=3")
    assert (first["node"], [entry["sequence"] for entry in first["entries"]]) == ("p101", [1, 2, 3])
    assert client.post("/outbox/acknowledge", sequence=3) == (200, {"removed": 3})
    assert client.post("/outbox/acknowledge", sequence=3) == (200, {"removed": 0})
    assert [entry["sequence"] for entry in client.get("/outbox?after=0")["entries"]] == [4, 5]


def test_a_number_that_is_none_is_said(client: Client) -> None:
    code, answer = client.raw("GET", "/outbox?after=soon")
    assert code == 400 and b"after: 'soon' is not a whole number" in answer


def test_stop_is_said_in_health(client: Client) -> None:
    assert client.post("/stop") == (200, {"state": "stopped"})
    assert client.get("/health")["reasons"] == ["stopped through the control server"]


def test_the_address_file_lives_as_long_as_the_server(client: Client) -> None:
    address = client.node.folder / ADDRESS_FILE
    assert address.read_text() == f"http://127.0.0.1:{client.port}"
    client.node.close()
    assert not address.exists()
