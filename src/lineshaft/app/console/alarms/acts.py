"""Acts: what a person does to an alarm, carried out by the node."""

from __future__ import annotations

from lineshaft.app.console.context import NotFound
from lineshaft.app.remote import RemoteNode
from lineshaft.core.alarm import Alarm
from lineshaft.core.errors import Refused, UsageError


def act(node: RemoteNode, name: str, action: str, *, by: str, reason: str = "", until: int | None = None) -> Alarm:
    """The alarm as it stands after it; what the node refuses is said about the alarm, not about the node's address."""
    if name not in {alarm.name for alarm in node.alarms()}:
        raise NotFound(f"no alarm is called {name!r}", do="choose one of the list")
    try:
        return node.act(name, action, by=by, reason=reason, until=until)
    except (Refused, UsageError) as error:
        what, _, do = error.what.removeprefix(f"{name}: ").partition("; ")
        raise type(error)(what, where=name, do=do) from None
