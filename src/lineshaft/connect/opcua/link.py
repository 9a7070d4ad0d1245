"""One connected OPC UA session: batched requests inside the server's limits, and a word when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from asyncua import Client, ua
from asyncua.common.utils import Buffer
from asyncua.crypto import security_policies
from asyncua.ua.ua_binary import struct_from_binary
from cryptography import x509

from lineshaft.connect.opcua import faults, security, wire
from lineshaft.connect.opcua.options import Options
from lineshaft.core.errors import EnvironmentFailed, Refused

# asyncua logs whole requests, a password among them, and tracebacks of errors that are explained here
logging.getLogger("asyncua").setLevel(logging.CRITICAL)
log = logging.getLogger("lineshaft.connect.opcua")

PUBLISH_REQUESTS = 2
# Before it asks for more (0.2 ms of asyncua) a notification's consumer has its turn; the other request waits
# at the server meanwhile.
REARM_S = 0.001
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, struct.error)
_T = TypeVar("_T")
_LIMITS = ("MaxNodesPerRead", "MaxNodesPerBrowse", "MaxMonitoredItemsPerCall")
_TOO_MUCH = {ua.StatusCodes.BadTooManyOperations, ua.StatusCodes.BadResponseTooLarge,
             ua.StatusCodes.BadRequestTooLarge, ua.StatusCodes.BadEncodingLimitsExceeded}


class Receiver(Protocol):
    """What a subscription's notifications go to."""

    def receive(self, notification: wire.Notification) -> None:
        """Called in order; must not wait."""


class Link:
    """A session from ``open`` until ``lost`` is set; a lost link stays lost, so that a new one starts clean."""

    def __init__(self, url: str, options: Options) -> None:
        self.url, self.options = url, options
        self.lost = asyncio.Event()
        self.reason = ""
        self.namespaces: list[str] = []
        self.limits: dict[str, int] = {}
        self._ours = ""
        self._client: Client | None = None
        self._one = asyncio.Lock()  # heavy requests go one at a time
        self._receivers: dict[int, Receiver] = {}
        self._sequence: dict[int, int] = {}
        self._acks: list[ua.SubscriptionAcknowledgement] = []
        self._publishers: list[asyncio.Task[None]] = []
        self._silence_s: dict[int, float] = {}
        self._heard = time.monotonic()

    # -- coming and going ----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect; ``EnvironmentFailed``, ``UsageError`` or ``Refused`` in one sentence when that fails."""
        client = Client(self.url, timeout=self.options.timeout_s, watchdog_intervall=self.options.keepalive_s)
        client.name = client.description = "Lineshaft"
        client.session_timeout = max(30_000, round(self.options.keepalive_s * 6_000))
        client.connection_lost_callback = self._on_lost
        if self.options.user:
            client.set_user(self.options.user)
            client.set_password(self.options.password)
        try:
            if self.options.secured:
                await self._secure(client)
            await client.connect()
            self._client = client
            await self._learn()
        except faults.LINK_ERRORS as error:
            await self.close()
            raise faults.explain(error, self.url, self.options, self._ours) from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End the session if it still stands; safe to call twice."""
        client, self._client = self._client, None
        for task in self._publishers:
            task.cancel()
        await asyncio.gather(*self._publishers, return_exceptions=True)
        if client is None:
            return
        if self.lost.is_set():
            client.uaclient.disconnect_socket()  # nobody is there to say goodbye to
        with contextlib.suppress(*faults.LINK_ERRORS):
            await asyncio.wait_for(client.disconnect(), self.options.timeout_s)

    def fail(self, reason: str) -> None:
        """Call this link lost; whoever owns it makes a new one."""
        if not self.lost.is_set():
            self.reason = reason
            self.lost.set()

    async def _on_lost(self, error: Exception) -> None:
        self.fail(str(faults.explain(error, "", self.options)))

    async def _secure(self, client: Client) -> None:
        mode = ua.MessageSecurityMode[self.options.security.partition("-")[2]]
        policy = security_policies.SecurityPolicyBasic256Sha256
        identity = self._identity()
        client.application_uri = identity.application_uri
        self._ours = security.fingerprint(security.read_certificate(identity.certificate))
        offered = await client.connect_and_get_server_endpoints()
        fitting = [point for point in offered
                   if point.SecurityMode == mode and point.SecurityPolicyUri == policy.URI]
        if not fitting:
            names = ", ".join(sorted({spoken(point) for point in offered}))
            raise EnvironmentFailed(f"the server does not offer {self.options.security}", where=self.url,
                                    do=f"use one of: {names}")
        der = self._require_trust(fitting[0].ServerCertificate)
        await client.set_security(policy, str(identity.certificate), str(identity.private_key),
                                  server_certificate=der, mode=mode)

    def _identity(self) -> security.Identity:
        if self.options.certificate and self.options.private_key:
            return security.load_identity(self.options.certificate, self.options.private_key)
        assert self.options.pki is not None, "options.parse asks for a folder when there is no certificate"
        return security.own_identity(self.options.pki)

    def _require_trust(self, chain: bytes) -> bytes:
        """The server's certificate out of its chain, if it is trusted and valid now."""
        der = security.first_of(chain)
        shown = security.fingerprint(der)
        if shown not in security.trusted_fingerprints(self.options.pki, self.options.trust):
            kept = security.keep_rejected(self.options.pki, der)
            move = f"move {kept} to the folder trusted/ beside it, or " if kept else ""
            raise Refused(f"the server's certificate {shown} is not trusted", where=self.url,
                          do=f"if it is the right one, {move}set trust to this fingerprint")
        security.require_valid(x509.load_der_x509_certificate(der), self.url)
        return der

    async def _learn(self) -> None:
        """The server's namespaces and operation limits (OPC 10000-5, 6.3.11); 0 means that it states none."""
        prefix = "Server_ServerCapabilities_OperationLimits_"
        nodes = [ua.NodeId(ua.ObjectIds.Server_NamespaceArray),
                 *(ua.NodeId(getattr(ua.ObjectIds, prefix + name)) for name in _LIMITS)]
        found = [await self._read_attribute(node) for node in nodes]  # one each: the limit may be one
        self.namespaces = [str(uri) for uri in found[0] or ()]
        self.limits = {name: int(value or 0) for name, value in zip(_LIMITS, found[1:], strict=True)}

    async def _read_attribute(self, node: ua.NodeId) -> Any:
        result = (await self.attributes([(node, ua.AttributeIds.Value)]))[0]
        return result.Value.Value if result.Value is not None and result.StatusCode.is_good() else None

    # -- requests ------------------------------------------------------------------------------------------

    async def request(self, request: Any, *, patience_s: float | None = None) -> Buffer:
        """The response's body from its TypeId on; one of ``faults.LINK_ERRORS`` when there is none."""
        protocol = self._client.uaclient.protocol if self._client is not None else None
        if protocol is None or self.lost.is_set():
            raise ConnectionError("the connection is lost")
        body: Buffer = await protocol.send_request(request, patience_s)
        return body

    async def ask(self, request: Any, answer: type[_T]) -> _T:
        """A request with its response decoded by asyncua, one at a time."""
        async with self._one:
            body = await self.request(request)
        try:
            response = struct_from_binary(answer, body)
        except _UNREADABLE as error:
            raise ua.UaError(f"unreadable {answer.__name__}: {error}") from None
        response.ResponseHeader.ServiceResult.check()
        return response  # type: ignore[no-any-return]  # asyncua is not typed here

    async def batched(self, items: Sequence[_T], limit: str,
                      call: Callable[[Sequence[_T]], Awaitable[None]]) -> None:
        """``call`` with parts of ``items``, no larger than ours and the server's limit.

        A server that finds a part too large after all is asked with half of it, and so on.
        """
        size, at = self.batch(limit), 0
        while at < len(items):
            try:
                await call(items[at:at + size])
                at += size
            except ua.UaStatusCodeError as error:
                if error.code not in _TOO_MUCH or size == 1:
                    raise
                size = max(size // 2, 1)
                self.limits[limit] = size
                log.warning("%s takes fewer nodes a request than it says; going on with %d", self.url, size)

    def batch(self, limit: str) -> int:
        """Most nodes in one request."""
        return min(self.options.batch, self.limits.get(limit) or self.options.batch)

    async def values(self, nodes: Sequence[ua.NodeId], keys: Sequence[int], columns: wire.Columns) -> None:
        """Append the current value of each node to ``columns`` under its key."""
        async def part(places: Sequence[int]) -> None:
            request = _read_request([(nodes[i], ua.AttributeIds.Value) for i in places])
            async with self._one:
                body = await self.request(request)
            wire.decode_read(body, time.time_ns(), columns, [keys[i] for i in places])
        await self.batched(range(len(nodes)), "MaxNodesPerRead", part)

    async def attributes(self, wanted: Sequence[tuple[ua.NodeId, ua.AttributeIds]]) -> list[ua.DataValue]:
        """Any attributes, decoded by asyncua, in order."""
        found: list[ua.DataValue] = []

        async def part(some: Sequence[tuple[ua.NodeId, ua.AttributeIds]]) -> None:
            found.extend((await self.ask(_read_request(some), ua.ReadResponse)).Results)
        await self.batched(wanted, "MaxNodesPerRead", part)
        return found

    def node_id(self, address: str) -> ua.NodeId | None:
        """The NodeId behind an address, ``nsu=<namespace>;s=...`` or ``ns=2;s=...``; None if no such namespace.

        Raises ``ValueError`` when it is no NodeId at all.
        """
        if address.startswith("nsu="):
            uri, mark, rest = address[4:].partition(";")
            if not mark:
                raise ValueError(address)
            if uri not in self.namespaces:
                return None
            address = f"ns={self.namespaces.index(uri)};{rest}"
        try:
            return ua.NodeId.from_string(address)
        except (ua.UaError, ValueError):
            raise ValueError(address) from None

    def address(self, node: ua.NodeId) -> str:
        """A NodeId as text that survives a change of namespace indices."""
        text = str(node.to_string())
        index = node.NamespaceIndex
        if index == 0 or index >= len(self.namespaces):
            return text
        return f"nsu={self.namespaces[index]};{text.partition(';')[2]}"

    # -- subscriptions -------------------------------------------------------------------------------------

    def register(self, subscription: int, receiver: Receiver, silence_s: float) -> None:
        """Send a subscription's notifications to ``receiver``; none for ``silence_s`` (0: any) is a loss."""
        self._receivers[subscription] = receiver
        if silence_s > 0:
            self._silence_s[subscription] = silence_s
        self._publishers = [task for task in self._publishers if not task.done()]
        if not self._publishers:
            self._heard = time.monotonic()
            self._publishers = [asyncio.create_task(self._publish()) for _ in range(PUBLISH_REQUESTS)]

    def unregister(self, subscription: int) -> None:
        self._receivers.pop(subscription, None)
        self._silence_s.pop(subscription, None)

    def check_silence(self) -> None:
        """Call the link lost when the server has stopped to publish although the session still answers."""
        limit = min(self._silence_s.values(), default=0.0)
        if limit and time.monotonic() - self._heard > limit:
            self.fail(f"no word from the subscription for {limit:g} s")

    async def _publish(self) -> None:
        """Keep one PublishRequest waiting at the server, for ever (OPC 10000-4, 5.14.5)."""
        while not self.lost.is_set():
            request = ua.PublishRequest()
            request.Parameters.SubscriptionAcknowledgements, self._acks = self._acks, []
            try:
                body = await self.request(request, patience_s=0)
                self._take(wire.decode_notification(body, time.time_ns()))
                await asyncio.sleep(REARM_S)
            except ua.UaStatusCodeError as error:
                if self._needless(error.code):
                    return
                if error.code != ua.StatusCodes.BadTimeout:
                    self.fail(f"the subscription ended ({faults.status_name(error.code)})")
            except faults.LINK_ERRORS as error:
                self.fail(str(faults.explain(error, "", self.options)))
            except _UNREADABLE as error:
                self.fail(f"unreadable notification: {error}")

    def _needless(self, code: int) -> bool:
        """True where one request less may wait: the server has too many, or our last subscription is deleted."""
        if code == ua.StatusCodes.BadNoSubscription:
            return not self._receivers
        waiting = sum(not task.done() for task in self._publishers)
        return code == ua.StatusCodes.BadTooManyPublishRequests and waiting > 1

    def _take(self, notification: wire.Notification) -> None:
        self._heard = time.monotonic()
        name = notification.subscription
        if not notification.keep_alive:
            self._acks.append(ua.SubscriptionAcknowledgement(name, notification.sequence))
            expected = self._sequence.get(name)
            self._sequence[name] = notification.sequence + 1
            if expected is not None and notification.sequence != expected:
                self.fail(f"notifications {expected} to {notification.sequence - 1} were lost")
        if notification.status is not None:
            self.fail(f"the server ended the subscription ({faults.status_name(notification.status)})")
        receiver = self._receivers.get(name)
        if receiver is not None:
            receiver.receive(notification)


def _read_request(wanted: Sequence[tuple[ua.NodeId, ua.AttributeIds]]) -> ua.ReadRequest:
    request = ua.ReadRequest()
    request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
    request.Parameters.NodesToRead = [ua.ReadValueId(NodeId=node, AttributeId=attribute)
                                      for node, attribute in wanted]
    return request


def spoken(point: ua.EndpointDescription) -> str:
    """Security policy and mode of an endpoint, in one word as the options have it."""
    policy = str(point.SecurityPolicyUri).rpartition("#")[2]
    return policy if policy == "None" else f"{policy}-{point.SecurityMode.name}"
