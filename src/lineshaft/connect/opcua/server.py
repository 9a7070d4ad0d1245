"""An OPC UA server with our users, certificates and limits: what the simulator and the publisher stand on."""

from __future__ import annotations

import contextlib
import gc
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from asyncua import Server, ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import SimpleRoleRuleset, User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.monitored_item_service import MonitoredItemService
from cryptography import x509

from lineshaft.connect.opcua.security import Identity, fingerprint
from lineshaft.core.errors import EnvironmentFailed

logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it logs requests, passwords with them, and tracebacks
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POLICIES = {
    "None": ua.SecurityPolicyType.NoSecurity,
    "Basic256Sha256-Sign": ua.SecurityPolicyType.Basic256Sha256_Sign,
    "Basic256Sha256-SignAndEncrypt": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
}


@dataclass(frozen=True, slots=True)
class ServerSecurity:
    """Who may connect, and how.

    ``policies`` as named in ``POLICIES``; ``clients`` the fingerprints of client certificates that are let in
    (empty: any); ``users`` passwords by name; ``anonymous`` whether one may come without a name.
    """

    policies: tuple[str, ...] = ("None",)
    identity: Identity | None = None
    clients: tuple[str, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = True


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """OperationLimits that the server announces and, unlike plain asyncua, also keeps."""

    nodes_per_read: int = 10_000
    nodes_per_write: int = 10_000
    nodes_per_browse: int = 10_000
    items_per_call: int = 10_000


class Value(ua.DataValue):  # type: ignore[misc]  # asyncua is not typed here
    """A DataValue that nobody changes: asyncua's deep copy for each subscriber (27 us) is then needless."""

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return self


def to_datetime(nanoseconds: int) -> datetime:
    """What asyncua takes for a DateTime; digits below a microsecond are lost in it."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


class _Users:
    """Replaces asyncua's default, which makes whoever says "admin" an administrator."""

    def __init__(self, security: ServerSecurity) -> None:
        self._security = security

    def get_user(self, iserver: object, username: str | None = None, password: str | None = None,
                 certificate: object = None) -> User | None:
        if username is None:
            return User(role=UserRole.User, name="anonymous") if self._security.anonymous else None
        expected = self._security.users.get(username)
        given = (password or "").encode()
        if expected is None or not hmac.compare_digest(expected.encode(), given):
            return None
        return User(role=UserRole.User, name=username)


class _Items(MonitoredItemService):  # type: ignore[misc]  # asyncua is not typed here
    """Monitored items whose deadband is the standard's (OPC 10000-4, 7.22.2).

    asyncua compares with the value before, not the value sent last, so that a slow drift is never seen, and it
    loses every change to and from a bad quality.
    """

    def _is_deadband_exceeded(self, values: Any, flt: ua.DataChangeFilter) -> bool:
        current: ua.DataValue = values.get_current_datavalue()
        sent: ua.DataValue | None = getattr(values, "sent", None)
        if (sent is not None and flt.DeadbandType == ua.DeadbandType.Absolute
                and sent.StatusCode == current.StatusCode
                and _is_number(sent) and _is_number(current)
                and abs(current.Value.Value - sent.Value.Value) <= flt.DeadbandValue):
            return False
        values.sent = current
        return True


class _Session(InternalSession):  # type: ignore[misc]  # asyncua is not typed here
    """A session that keeps the announced limits and counts what it is asked for."""

    async def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        self._keep(len(params.NodesToRead), self.iserver.limits.nodes_per_read, "read")
        return list(await super().read(params))

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        self._keep(len(params.NodesToWrite), self.iserver.limits.nodes_per_write, "write")
        return list(await super().write(params))

    async def browse(self, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        self._keep(len(params.NodesToBrowse), self.iserver.limits.nodes_per_browse, "browse")
        return list(await super().browse(params))

    async def create_monitored_items(self, params: ua.CreateMonitoredItemsParameters
                                     ) -> list[ua.MonitoredItemCreateResult]:
        self._keep(len(params.ItemsToCreate), self.iserver.limits.items_per_call, "items")
        return list(await super().create_monitored_items(params))

    async def create_subscription(self, params: ua.CreateSubscriptionParameters, callback: Any,
                                  request_callback: Any = None) -> ua.CreateSubscriptionResult:
        result = await super().create_subscription(params, callback, request_callback)
        subscription = self.subscription_service.subscriptions[result.SubscriptionId]
        subscription.monitored_item_srv = _Items(subscription, self.aspace)
        return result

    def _keep(self, count: int, limit: int, service: str) -> None:
        if self.external:
            self.iserver.calls.append((service, count))
            if count > limit:
                raise ServiceError(ua.StatusCodes.BadTooManyOperations)


class _Core(InternalServer):  # type: ignore[misc]  # asyncua is not typed here
    """asyncua's server core with our sessions."""

    def __init__(self, users: _Users, limits: ServerLimits) -> None:
        self.limits = limits
        self.calls: list[tuple[str, int]] = []
        super().__init__(user_manager=users)

    def create_session(self, name: str, user: User | None = None, external: bool = False) -> InternalSession:
        return _Session(self, self.aspace, self.subscription_service, name,
                        user=user or User(role=UserRole.Anonymous), external=external)


class UaServer:
    """One OPC UA server that can be stopped and started again on the same port.

    ``fill`` is called on every start with the empty address space of our namespace. Port 0 takes a free port at
    the first start and keeps it.
    """

    def __init__(self, url: str, namespace: str, name: str, *, security: ServerSecurity | None = None,
                 limits: ServerLimits | None = None) -> None:
        self.namespace, self.name = namespace, name
        self.security, self.limits = security or ServerSecurity(), limits or ServerLimits()
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "127.0.0.1", parts.port or 0, parts.path
        self._server: Server | None = None
        self.index = 0

    @property
    def url(self) -> str:
        """Where clients connect; complete after the first start."""
        return f"opc.tcp://{self._host}:{self._port}{self._path}"

    @property
    def running(self) -> bool:
        return self._server is not None

    @property
    def core(self) -> Any:
        """asyncua's server core; only while running."""
        if self._server is None:
            raise EnvironmentFailed("the OPC UA server is stopped", where=self.url, do="start it first")
        return self._server.iserver

    async def start(self, fill: Callable[[UaServer], Awaitable[None]]) -> None:
        """Build the address space, then listen."""
        core = _Core(_Users(self.security), self.limits)
        server = Server(iserver=core)
        with _no_collections():
            await server.init()
        await self._configure(server)
        self.index = await server.register_namespace(self.namespace)
        self._server = server
        try:
            await fill(self)
            await server.start()
        except OSError as error:
            self._server = None
            raise EnvironmentFailed(f"cannot listen: {error.strerror or error}", where=self.url,
                                    do="free the port or name another one") from None
        self._port = server.bserver.port

    async def stop(self) -> None:
        """Close all connections and let go of the port; safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def _configure(self, server: Server) -> None:
        server.set_server_name(self.name)
        server.set_endpoint(self.url)
        identity = self.security.identity
        if identity is not None:
            await server.set_application_uri(identity.application_uri)
            await server.load_certificate(str(identity.certificate), "pem")
            await server.load_private_key(str(identity.private_key), None, "pem")
        server.set_security_policy([POLICIES[name] for name in self.security.policies],
                                   permission_ruleset=SimpleRoleRuleset())
        tokens: list[type] = [ua.AnonymousIdentityToken] if self.security.anonymous else []
        server.set_identity_tokens([*tokens, *([ua.UserNameIdentityToken] if self.security.users else [])])
        if self.security.clients:
            server.iserver.certificate_validator = self._check_client
        server.disable_clock()  # its task holds every stop for a second; the time node answers by itself
        clock = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
        server.iserver.set_attribute_value_callback(clock, _current_time)
        await self._announce_limits(server)

    async def _check_client(self, certificate: x509.Certificate, _: object) -> None:
        if fingerprint(certificate) not in self.security.clients:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    async def _announce_limits(self, server: Server) -> None:
        prefix = "Server_ServerCapabilities_OperationLimits_"
        for name, value in (("MaxNodesPerRead", self.limits.nodes_per_read),
                            ("MaxNodesPerWrite", self.limits.nodes_per_write),
                            ("MaxNodesPerBrowse", self.limits.nodes_per_browse),
                            ("MaxMonitoredItemsPerCall", self.limits.items_per_call)):
            node = server.get_node(ua.NodeId(getattr(ua.ObjectIds, prefix + name)))
            await node.write_value(ua.Variant(value, ua.VariantType.UInt32))

    # -- address space -------------------------------------------------------------------------------------

    def node_id(self, identifier: str) -> ua.NodeId:
        """A string NodeId in our namespace."""
        return ua.NodeId(identifier, self.index)

    def address(self, identifier: str) -> str:
        """The same as text that survives a change of namespace indices."""
        return f"nsu={self.namespace};s={identifier}"

    async def add_folder(self, path: str) -> ua.NodeId:
        """The folder at ``a/b/c`` below Objects, made with those above it where they are missing."""
        if not path:
            return ua.NodeId(ua.ObjectIds.ObjectsFolder)
        node = self.node_id(path + "/")
        if node not in self.core.aspace:
            above, _, name = path.rpartition("/")
            attributes = ua.ObjectAttributes(DisplayName=ua.LocalizedText(name))
            await self._add(ua.AddNodesItem(
                ParentNodeId=await self.add_folder(above), RequestedNewNodeId=node,
                ReferenceTypeId=ua.NodeId(ua.ObjectIds.Organizes), NodeClass=ua.NodeClass.Object,
                BrowseName=ua.QualifiedName(name, self.index), NodeAttributes=attributes,
                TypeDefinition=ua.NodeId(ua.ObjectIds.FolderType)))
        return node

    async def add_variable(self, identifier: str, *, parent: ua.NodeId, name: str, value: ua.Variant,
                           type_definition: int = ua.ObjectIds.BaseDataVariableType, description: str = "",
                           writable: bool = False, sampling_ms: float = 0.0, of_property: bool = False,
                           data_type: ua.NodeId | None = None) -> ua.NodeId:
        """A scalar variable (or, with ``of_property``, a property of ``parent``)."""
        access = ua.AccessLevel.CurrentRead.mask | (ua.AccessLevel.CurrentWrite.mask if writable else 0)
        reference = ua.ObjectIds.HasProperty if of_property else ua.ObjectIds.HasComponent
        attributes = ua.VariableAttributes(
            DisplayName=ua.LocalizedText(name), Description=ua.LocalizedText(description), Value=value,
            DataType=data_type or ua.NodeId(value.VariantType.value), ValueRank=ua.ValueRank.Scalar,
            AccessLevel=access, UserAccessLevel=access, MinimumSamplingInterval=sampling_ms)
        node = self.node_id(identifier)
        await self._add(ua.AddNodesItem(
            ParentNodeId=parent, RequestedNewNodeId=node, ReferenceTypeId=ua.NodeId(reference),
            NodeClass=ua.NodeClass.Variable, NodeAttributes=attributes,
            BrowseName=ua.QualifiedName(name, 0 if of_property else self.index),
            TypeDefinition=ua.NodeId(ua.ObjectIds.PropertyType if of_property else type_definition)))
        return node

    async def put(self, node: ua.NodeId, value: ua.DataValue) -> ua.StatusCode:
        """Set a variable and tell its subscribers; no permission is asked."""
        return await self.core.aspace.write_attribute_value(node, ua.AttributeIds.Value, value)

    async def _add(self, item: ua.AddNodesItem) -> None:
        result = (await self.core.isession.add_nodes([item]))[0]
        result.StatusCode.check()


def _is_number(value: ua.DataValue) -> bool:
    return value.Value is not None and isinstance(value.Value.Value, int | float)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Half of the second that the standard address space takes is the collector's, for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _current_time(node: ua.NodeId, attribute: ua.AttributeIds) -> ua.DataValue:
    now = datetime.now(UTC)
    return ua.DataValue(ua.Variant(now, ua.VariantType.DateTime), SourceTimestamp=now, ServerTimestamp=now)
