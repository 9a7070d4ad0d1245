"""Files that mean harm, by the door that they come in by: written here, so that each says what it is."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import duckdb

TOML = """[plant]
source = "plant.csv"
name = "works"

[tasks.cell]
tags = ["*"]
period = "1s"
"""
ROWS = "time,flow,level\n" + "".join(
    f"2024-01-01 00:{at // 60:02}:{at % 60:02},{at}.5,{at * at}\n" for at in range(120))


def _rows(*cells: str) -> bytes:
    return ("time,flow,level\n" + "".join(f"2024-01-01 00:{at // 60:02}:{at % 60:02},{cell}\n"
                                         for at, cell in enumerate(cells))).encode()


def _wide(columns: int, names: str = "tag{}") -> bytes:
    head = ",".join(["time", *(names.format(at) for at in range(columns))])
    return (head + "\n" + "".join(f"2024-01-01 00:00:{at:02}," + ",".join([str(at)] * columns) + "\n"
                                  for at in range(30))).encode()


def _parquet(columns: str, rows: int = 100) -> bytes:
    """Of one expression of SQL; ``n`` is the row, ``t`` its time."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.parquet"
        source = f"(SELECT n, TIMESTAMP '2024-01-01' + to_seconds(n) AS t FROM range({rows}) AS r(n))"
        with duckdb.connect() as database:
            database.sql(f"COPY (SELECT {columns} FROM {source}) TO '{file}' (FORMAT parquet)")
        return file.read_bytes()


def _zip(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def _tar(*members: tuple[str, bytes, bytes, str]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, kind, content, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(content), link
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


_DEEP = 40_000

TOMLS: dict[str, bytes] = {
    "sound.toml": TOML.encode(),
    "empty.toml": b"",
    "not-utf8.toml": TOML.encode() + b'note = "\xff\xfe"\n',
    "utf16.toml": TOML.encode("utf-16"),
    "nul.toml": TOML.replace("works", "wo\0rks").encode(),
    "zeros.toml": bytes(4096),
    "deep-list.toml": TOML.encode() + b"x = " + b"[" * _DEEP + b"]" * _DEEP,
    "deep-table.toml": TOML.encode() + b"x = " + b"{a=" * _DEEP,
    "deep-key.toml": b".".join([b"a"] * _DEEP) + b" = 1\n",
    "endless-number.toml": TOML.replace('"1s"', "1" * 50_000).encode(),
    "endless-period.toml": TOML.replace('"1s"', f'"{"9" * 5000}s"').encode(),
    "nan-period.toml": TOML.replace('"1s"', '"nan s"').encode(),
    "tiny-period.toml": TOML.replace('"1s"', '"1e-300s"').encode(),
    "huge-float-period.toml": TOML.replace('"1s"', '"1e300h"').encode(),
    "inf-rate.toml": TOML.encode() + b"false-alarm-rate = inf\n",
    "nan-rate.toml": TOML.encode() + b"false-alarm-rate = nan\n",
    "nan-limit-alone.toml": TOML.encode() + b"[tasks.cell.limits]\nflow = [nan, inf]\n",
    "inf-idle.toml": TOML.encode() + b'[console]\nidle = "inf h"\n',
    "quoted-deep-key.toml": b".".join([b'"a"'] * _DEEP) + b" = 1\n",
    "deep-header.toml": b"[" + b".".join([b"a"] * _DEEP) + b"]\n",
    "giant.toml": TOML.encode() + b"# " + b"x" * 5_000_000,
    "nan-limit.toml": TOML.encode() + b"[tasks.cell.limits]\nflow = [nan, 1.0]\n",
    "int-beyond-64.toml": TOML.encode() + b"memory-mib = 99999999999999999999999\n",
    "port-beyond.toml": TOML.encode() + b"\n[node]\ncontrol-port = 70000\n",
    "history-nul.toml": b'history = "a\\u0000b"\n' + TOML.encode(),
    "history-long.toml": b'history = "' + b"x" * 5000 + b'"\n' + TOML.encode(),
    "source-nul.toml": TOML.replace("plant.csv", "a\\u0000b").encode(),
    "source-long.toml": TOML.replace("plant.csv", "x" * 100_000).encode(),
    "source-strange.toml": TOML.replace("plant.csv", "opc.tcp://[::1").encode(),
    "loop-with-slashes.toml": TOML.replace("tasks.cell", 'tasks."../../etc/x"').encode(),
    "loop-with-newline.toml": TOML.replace("tasks.cell", 'tasks."a\\nb\\u001b[2J"').encode(),
    "loop-empty.toml": TOML.replace("tasks.cell", 'tasks.""').encode(),
    "many-tasks.toml": (TOML.partition("[tasks")[0] + "".join(f"[tasks.t{at}]\n" for at in range(2000))).encode(),
    "many-keys.toml": TOML.encode() + b"".join(b"k%d = 1\n" % at for at in range(50_000)),
    "pattern-bomb.toml": TOML.replace('["*"]', '["' + "*a" * 2000 + '"]').encode(),
}

TABLES: dict[str, bytes] = {
    "sound.csv": ROWS.encode(),
    "nan-inf.csv": _rows(*["nan,inf", "-inf,1e308", "5e-324,-1e308", "1e400,-1e400"] * 30),
    "all-missing.csv": _rows(*[","] * 60),
    "all-constant.csv": _rows(*["5,5"] * 60),
    "one-sample.csv": _rows("1,2"),
    "two-thousand-tags.csv": _wide(2000),
    "duplicated-tags.csv": _wide(50, "same"),
    "unicode-names.csv": _wide(5, "Füllstand {} 温度 🌡\u202e"),
    "control-names.csv": _wide(5, "a\x1b[2J{}"),
    "quoted-newline-names.csv": _wide(5, '"a\nb{}"'),
    "formula-names.csv": _wide(3, "=cmd|' /C calc'!A{}"),
    "traversal-names.csv": _wide(3, "../../etc/passwd{}"),
    "long-name.csv": _wide(2, "x" * 60_000 + "{}"),
    "year-9999.csv": b"time,a\n" + b"".join(b"9999-12-31 23:59:%02d,1\n" % at for at in range(60)),
    "year-0001.csv": b"time,a\n" + b"".join(b"0001-01-01 00:00:%02d,1\n" % at for at in range(60)),
    "epoch-huge.csv": b"time,a\n" + b"".join(b"%d,1\n" % (10**25 + at) for at in range(60)),
    "epoch-negative.csv": b"time,a\n" + b"".join(b"%d,1\n" % (-10**12 + at) for at in range(60)),
    "times-alike.csv": b"time,a\n" + b"2024-01-01 00:00:00,1\n" * 100,
    "times-backwards.csv": ROWS.splitlines()[0].encode() + b"\n" + "\n".join(reversed(ROWS.splitlines()[1:])).encode(),
    "half-utf8.csv": ROWS.encode() + b"2024-01-01 00:02:01,\xc3,1\n",
    "utf16.csv": ROWS.encode("utf-16"),
    "bomb.csv.gz": gzip.compress(bytes(64 << 20), 1),
    "bomb-of-rows.csv.gz": gzip.compress(b"time,a\n" + b"2024-01-01 00:00:00,1\n" * 200_000, 1),
    "gzip-in-gzip.csv.gz": gzip.compress(gzip.compress(ROWS.encode())),
    "no-archive.tar": b"name;value\n" * 100,
    "no-archive.zip": b"PK\x03\x04 and no more",
    "zip-traversal.zip": _zip("../../../tmp/x.csv", ROWS.encode()),
    "zip-bomb.zip": _zip("x.csv", bytes(64 << 20)),
    "workbook-bomb.xlsx": _zip("xl/worksheets/sheet1.xml", b"<a>" * (20 << 20)),
    "lying.parquet": b"PAR1" + bytes(100) + struct.pack("<I", 0x7FFFFFFF) + b"PAR1",
    "empty.parquet": _parquet("t AS time, n AS a", 0),
    "sound.parquet": _parquet("t AS time, n::DOUBLE AS a"),
    "nan.parquet": _parquet("t AS time, 'nan'::DOUBLE AS a, 'inf'::DOUBLE AS b"),
    "nested.parquet": _parquet("t AS time, [n, n] AS a, {'x': n} AS b"),
    "text-only.parquet": _parquet("'x' AS a"),
    "bytes.parquet": _parquet("t AS time, '\\xFF\\x00'::BLOB AS a"),
    "decimals.parquet": _parquet("t AS time, n::DECIMAL(38, 10) AS a, NULL::DECIMAL(38, 10) AS b"),
    "far-times.parquet": _parquet("TIMESTAMP '290000-01-01' + to_seconds(n) AS time, n AS a"),
    "hugeint.parquet": _parquet("t AS time, 170141183460469231731687303715884105727::HUGEINT AS a, n::UBIGINT AS b"),
    "quotes-only.csv": b'"' * 10_000,
    "one-line-of-commas.csv": b"," * 200_000,
    "nul-cells.csv": _rows(*["\0,\0"] * 40),
    "numbers-of-many-digits.csv": _rows(*["9" * 5000 + ",1"] * 30),
}

BUNDLES: dict[str, bytes] = {
    "empty.tar": b"",
    "noise.tar": bytes(range(256)) * 40,
    "up-and-out.tar": _tar(("../../etc/cron.d/x", tarfile.REGTYPE, b"x", "")),
    "absolute.tar": _tar(("/etc/passwd", tarfile.REGTYPE, b"x", "")),
    "link-out.tar": _tar(("index.json", tarfile.SYMTYPE, b"", "/etc/shadow")),
    "hard-link.tar": _tar(("index.json", tarfile.LNKTYPE, b"", "/etc/shadow")),
    "device.tar": _tar(("index.json", tarfile.CHRTYPE, b"", "")),
    "many-files.tar": _tar(*((f"blobs/{at:06}", tarfile.REGTYPE, b"", "") for at in range(6000))),
    "deep-json.tar": _tar(("index.json", tarfile.REGTYPE, b"[" * 200_000, ""),
                          ("oci-layout", tarfile.REGTYPE, b'{"imageLayoutVersion":"1.0.0"}', "")),
    "index-of-numbers.tar": _tar(("index.json", tarfile.REGTYPE, b'{"manifests":' + b"9" * 10_000 + b"}", ""),
                                 ("oci-layout", tarfile.REGTYPE, b'{"imageLayoutVersion":"1.0.0"}', "")),
    "not-utf8.tar": _tar(("index.json", tarfile.REGTYPE, b'{"\xff":1}', ""),
                         ("oci-layout", tarfile.REGTYPE, b'{"imageLayoutVersion":"1.0.0"}', "")),
    "compressed.tar": gzip.compress(bytes(64 << 20), 1),
}

_EXTERNAL = (b"\x08\x0a\x3a\x40\x2a\x3e\x08\x01\x10\x01\x42\x01w\x6a\x22\x0a\x08location\x12\x16../../../../etc/passwd"
             b"\x70\x01\x3a\x00")
MODELS: dict[str, bytes] = {
    "empty.onnx": b"",
    "noise.onnx": bytes(range(256)) * 40,
    "endless-field.onnx": b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "external.onnx": _EXTERNAL,
    "pickle.pkl": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "pickle.pt": b"\x80\x02cos\nsystem\n(S'true'\ntR.",
    "deep.json": b'{"a":' * 60_000,
    "xgboost.json": b'{"learner":{"learner_model_param":{"num_feature":"999999999999"}},"version":[9,9,9]}',
    "noise.ubj": b"{L" + struct.pack(">q", 2**62) + b"a",
    "deep.ubj": b"[" * 60_000,
    "lightgbm.txt": b"tree\nversion=v4\nnum_class=99999999999\n",
    "endless-lightgbm.txt": b"tree\nversion=v4\n" + b"Tree=0\nnum_leaves=999999999\n" * 1000,
    "noise.npz": _zip("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (9,)}\n"),
}

KEYS: dict[str, bytes] = {
    "empty.pub": b"",
    "noise.pub": bytes(range(256)) * 10,
    "private.pub": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "cut.pub": b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n",
    "not-base64.pub": b"-----BEGIN PUBLIC KEY-----\n\xff\xfe\x00\n-----END PUBLIC KEY-----\n",
    "endless.pub": b"-----BEGIN PUBLIC KEY-----\n" + b"A" * 1_000_000,
}

HOSTILE: Mapping[str, Mapping[str, bytes]] = {
    "toml": TOMLS, "table": TABLES, "bundle": BUNDLES, "model": MODELS, "key": KEYS,
    "graph": {name: content for name, content in MODELS.items() if name.endswith(".onnx")},
}
