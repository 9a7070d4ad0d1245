"""What went wrong on an OPC UA connection, in one sentence."""

from __future__ import annotations

import asyncio
import socket

from asyncua import ua
from asyncua.common.utils import ServiceError

from lineshaft.connect.opcua.options import Options
from lineshaft.core import quality
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, UsageError

LINK_ERRORS = (OSError, asyncio.TimeoutError, ua.UaError)

_CODES = ua.StatusCodes
_USER = {_CODES.BadUserAccessDenied, _CODES.BadIdentityTokenInvalid, _CODES.BadIdentityTokenRejected,
         _CODES.BadUserSignatureInvalid}
_OUR_CERTIFICATE = {_CODES.BadCertificateUntrusted, _CODES.BadSecurityChecksFailed,
                    _CODES.BadCertificateInvalid, _CODES.BadCertificateUriInvalid,
                    _CODES.BadCertificateUseNotAllowed, _CODES.BadCertificateHostNameInvalid}
_BUSY = {_CODES.BadTooManySessions, _CODES.BadMaxConnectionsReached, _CODES.BadTooManySubscriptions}


def explain(error: BaseException, url: str, options: Options, ours: str = "") -> LineshaftError:
    """The error of ``core`` for one of ``LINK_ERRORS``; ``ours`` is our certificate's fingerprint."""
    if isinstance(error, socket.gaierror):
        return EnvironmentFailed("the host name is not known", where=url,
                                 do="check the address and the network")
    if isinstance(error, TimeoutError):
        return EnvironmentFailed(f"no answer within {options.timeout_s:g} s", where=url,
                                 do="check that the OPC UA server runs and can be reached")
    if isinstance(error, ConnectionRefusedError):
        return EnvironmentFailed("nothing listens there", where=url,
                                 do="start the OPC UA server or check host and port")
    code = status_of(error)
    if code in _USER:
        return _refused_user(url, options)
    if code in _OUR_CERTIFICATE:
        return EnvironmentFailed(f"the server does not trust our certificate {ours}".rstrip(), where=url,
                                 do="have it put on the trust list of the server")
    if code in _BUSY:
        return EnvironmentFailed("the server takes no more clients", where=url, do="close other clients")
    if code is not None:
        return EnvironmentFailed(f"the server answered {status_name(code)}", where=url)
    if isinstance(error, OSError):
        return EnvironmentFailed(f"the connection failed: {error.strerror or error}", where=url,
                                 do="check the server and the network")
    if "matching endpoint" in str(error).lower():
        return EnvironmentFailed(f"the server does not offer security {options.security!r}", where=url,
                                 do="set the option security to one that it offers, and pki to a folder for keys")
    return EnvironmentFailed(f"the server's answer was not understood ({error})", where=url)


def _refused_user(url: str, options: Options) -> LineshaftError:
    if options.user:
        return UsageError(f"the server refused user {options.user!r} with this password", where=url,
                          do="check user and password")
    return UsageError("the server lets nobody in without a user name", where=url, do="give user and password")


def status_of(error: BaseException) -> int | None:
    """The StatusCode in an asyncua error, if there is one."""
    if isinstance(error, ua.UaStatusCodeError | ServiceError):
        return int(error.code)
    return None


def status_name(code: int) -> str:
    """The standard's name of a StatusCode."""
    try:
        return str(ua.StatusCode(code).name)
    except (AttributeError, KeyError, ValueError):
        return quality.name(code)
