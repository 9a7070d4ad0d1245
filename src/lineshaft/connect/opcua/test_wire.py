"""Decoding follows the standard byte by byte: 100 ns, picoseconds in their place, every built-in type."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from lineshaft.connect.opcua import wire

NOW = 1_700_000_000_000_000_000
TIMES = st.integers(min_value=1, max_value=4_000_000_000_000_000_000)


def encoded(value: bytes, code: int, at: int, fine: int, server: int) -> bytes:
    """A DataValue with all fields, in the order of OPC 10000-6, 5.2.2.17."""
    return (b"\x3f" + value + struct.pack("<I", code) + struct.pack("<q", wire.to_ticks(at))
            + struct.pack("<H", fine) + struct.pack("<q", wire.to_ticks(server)) + struct.pack("<H", 0))


def read_response(*values: bytes) -> Buffer:
    """A ReadResponse as a server sends it."""
    empty = struct_to_binary(ua.ReadResponse())
    return Buffer(empty[:-8] + struct.pack("<i", len(values)) + b"".join(values) + b"\xff\xff\xff\xff")


def decoded(*values: bytes) -> wire.Columns:
    columns = wire.Columns()
    wire.decode_read(read_response(*values), NOW, columns, list(range(len(values))))
    return columns


@given(number=st.floats(allow_nan=False), code=st.integers(0, 0xFFFFFFFF), at=TIMES, server=TIMES)
def test_every_nanosecond_and_every_bit_of_the_code_arrives(number: float, code: int, at: int,
                                                            server: int) -> None:
    fine = at % 100 * 100  # the Picoseconds field counts 10 ps
    columns = decoded(encoded(b"\x0b" + struct.pack("<d", number), code, at, fine, server))
    assert (columns.value, columns.quality, columns.time) == ([number], [code], [at])


@given(at=TIMES)
def test_ticks_of_100_ns_are_kept_without_picoseconds(at: int) -> None:
    value = b"\x05\x0b" + struct.pack("<d", 1.0) + struct.pack("<q", wire.to_ticks(at))
    assert decoded(value).time == [at // 100 * 100]


SCALARS: list[tuple[Any, ua.VariantType, float]] = [
    (True, ua.VariantType.Boolean, 1.0), (-5, ua.VariantType.SByte, -5.0), (200, ua.VariantType.Byte, 200.0),
    (-300, ua.VariantType.Int16, -300.0), (60000, ua.VariantType.UInt16, 60000.0),
    (-70000, ua.VariantType.Int32, -70000.0), (4_000_000_000, ua.VariantType.UInt32, 4e9),
    (-(2 ** 52), ua.VariantType.Int64, -(2.0 ** 52)), (2 ** 53, ua.VariantType.UInt64, 2.0 ** 53),
    (1.5, ua.VariantType.Float, 1.5), (1e300, ua.VariantType.Double, 1e300),
]


@pytest.mark.parametrize(("value", "kind", "expected"), SCALARS)
def test_every_number_becomes_a_float(value: Any, kind: ua.VariantType, expected: float) -> None:
    columns = decoded(struct_to_binary(ua.DataValue(ua.Variant(value, kind))))
    assert columns.value == [expected] and not columns.text


TEXTS: list[tuple[Any, ua.VariantType, str]] = [
    ("温度 ✓", ua.VariantType.String, "温度 ✓"), ("", ua.VariantType.String, ""),
    (ua.LocalizedText("Störung"), ua.VariantType.LocalizedText, "Störung"),
    (b"\x01\xff", ua.VariantType.ByteString, "01ff"),
    ([1.0, 2.0], ua.VariantType.Double, "[1.0, 2.0]"), (["a", "b"], ua.VariantType.String, '["a", "b"]'),
]


@pytest.mark.parametrize(("value", "kind", "expected"), TEXTS)
def test_what_is_no_number_becomes_text_and_the_next_value_is_still_found(
        value: Any, kind: ua.VariantType, expected: str) -> None:
    columns = decoded(struct_to_binary(ua.DataValue(ua.Variant(value, kind))),
                      struct_to_binary(ua.DataValue(ua.Variant(7.0, ua.VariantType.Double))))
    assert columns.text == {0: expected} and math.isnan(columns.value[0])
    assert columns.value[1] == 7.0


@pytest.mark.parametrize("kind", [ua.VariantType.NodeId, ua.VariantType.Guid, ua.VariantType.DateTime,
                                  ua.VariantType.ExtensionObject])
def test_exotic_values_do_not_disturb_their_neighbours(kind: ua.VariantType) -> None:
    value = {ua.VariantType.NodeId: ua.NodeId(5, 2), ua.VariantType.ExtensionObject: ua.Range(0.0, 1.0)}
    exotic = ua.Variant(value.get(kind) or ua.get_default_value(kind), kind)
    columns = decoded(struct_to_binary(ua.DataValue(exotic)), b"\x01\x01\x01")
    assert columns.value[1] == 1.0


def test_a_value_without_any_time_gets_the_time_of_its_arrival() -> None:
    assert decoded(b"\x01\x01\x01").time == [NOW]


def test_a_source_time_of_zero_means_none_and_the_servers_time_counts() -> None:
    value = b"\x0d\x01\x01" + struct.pack("<q", 0) + struct.pack("<q", wire.to_ticks(5000))
    assert decoded(value).time == [5000]


def test_an_empty_data_value_is_a_nan_of_good_quality() -> None:
    columns = decoded(b"\x00")
    assert math.isnan(columns.value[0]) and columns.quality == [0]


def test_a_notification_carries_handles_sequence_and_subscription() -> None:
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 42
    response.Parameters.AvailableSequenceNumbers = [7, 8]
    message = response.Parameters.NotificationMessage
    message.SequenceNumber = 8
    values = {handle: ua.Variant(float(handle), ua.VariantType.Double) for handle in (3, 1, 2)}
    items = [ua.MonitoredItemNotification(handle, ua.DataValue(value)) for handle, value in values.items()]
    message.NotificationData = [ua.DataChangeNotification(MonitoredItems=items)]
    found = wire.decode_notification(Buffer(struct_to_binary(response)), NOW)
    assert (found.subscription, found.sequence, found.keep_alive) == (42, 8, False)
    assert found.changes.key == [3, 1, 2] and found.changes.value == [3.0, 1.0, 2.0]


def test_the_end_of_a_subscription_is_heard() -> None:
    response = ua.PublishResponse()
    ending = ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    response.Parameters.NotificationMessage.NotificationData = [ending]
    found = wire.decode_notification(Buffer(struct_to_binary(response)), NOW)
    assert found.status == ua.StatusCodes.BadTimeout


def test_an_empty_notification_is_a_keep_alive() -> None:
    assert wire.decode_notification(Buffer(struct_to_binary(ua.PublishResponse())), NOW).keep_alive


@given(junk=st.binary(max_size=60))
def test_junk_is_refused_with_an_error_that_is_expected(junk: bytes) -> None:
    with pytest.raises((ua.UaError, ValueError, LookupError, struct.error)):
        wire.decode_read(Buffer(struct_to_binary(ua.ReadResponse())[:-8] + junk), NOW, wire.Columns(), [0] * 50)
