"""Plant -> samples: one folder a protocol, read and guarded write.

A connector is a folder ``connect/<name>/`` with three files; nothing else is edited to add one:

``manifest.toml``
    The fields of ``core.connector.ConnectorManifest``. ``registry`` reads it before any code is imported.
``connector.py``
    ``create(uri: str, *, guard: WriteGuard, **options: object) -> Connector``. It touches neither network
    nor disk (that is what ``Connector.open`` does) and raises ``UsageError`` for a URI or option that makes
    no sense. ``guard`` is always given; the default one refuses every write.
``simulator.py``
    ``sources(folder: Path) -> AbstractAsyncContextManager[tuple[str, tuple[Tag, ...]]]``: a real source of
    at least three tags that has a value for each of them and goes on giving values while it is open. It
    yields the URI to connect to and the tags as ``browse`` gives them: the same paths and addresses, units
    and ranges where the protocol knows them, ``writable`` where a write must work. ``folder`` is an empty
    folder of its own. ``tests/contract/test_connectors.py`` runs over it.
``endpoints.py`` (where there is a choice)
    ``endpoints(uri: str, **options: object) -> list[Endpoint]``, async: the ways in that a source offers before
    anybody is logged in, the safest first.
"""
