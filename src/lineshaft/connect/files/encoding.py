"""Which characters the bytes mean, and the plain refusal of bytes that are no text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lineshaft.core.errors import UsageError

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_AS_CSV = "export the table as CSV or Parquet"
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "an Excel workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"ARROW1", "an Arrow file"),
    (b"ORC", "an ORC file"),
    (b"TDSm", "a TDMS file"),
    (b"MDF  ", "an MDF measurement"),
)
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_EUROPEAN = set("°±²³µ·äöüÄÖÜßéèêëàâçñôóíúáåæøÅÆØÉÈ€§º½ŠšŽž“”„\u2013…\u2019ìòùïî")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name and the sentence that says why."""

    codec: str
    why: str


def refuse_binary(head: bytes, name: str) -> None:
    """Raise ``UsageError`` where the first bytes are those of a format that is no table of text."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise UsageError(f"this is {what}, not a CSV or Parquet file", where=name, do=_AS_CSV)
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doc", b"<html", b"<?xml")):
        raise UsageError("this is HTML or XML, not a table", where=name, do=_AS_CSV)
    if start.startswith((b"{", b"[{")):
        raise UsageError("this is JSON, not a table", where=name, do=_AS_CSV)
    if head[257:262] == b"ustar":
        raise UsageError("this is a tar archive under another ending", where=name, do="rename it to .tar")
    begin = head[:4096].rstrip(b"\0")  # a crash while writing leaves zeros at the end of a good file
    strange = sum(byte < 9 or 13 < byte < 32 for byte in begin)
    if (strange > 0.02 * len(begin) or (head and not begin)) and not _wide(head):
        raise UsageError("this is a binary file, not text", where=name, do=_AS_CSV)


def detect(sample: bytes) -> Encoding:
    """The codec of a text by its first bytes and, where those are silent, by its letters.

    >>> detect("Temp [°C]".encode("utf-8")).codec, detect("Temp [°C]".encode("latin-1")).codec
    ('utf-8', 'cp1252')
    >>> detect("温度;压力".encode("gbk")).codec, detect("a;b".encode("utf-16-le")).codec
    ('gb18030', 'utf-16-le')
    """
    for bom, codec in _BOMS:
        if sample.startswith(bom):
            return Encoding(codec, f"The file is {codec.removesuffix('-sig').upper()} by its byte order mark.")
    wide = _wide(sample)
    if wide:
        return Encoding(wide, f"The file is {wide.upper()}: every second byte is zero.")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return _legacy(sample)
    return Encoding("utf-8", "")


def _wide(sample: bytes) -> str:
    """UTF-16 without a byte order mark: nearly every second byte of plain figures is zero."""
    part = sample[:4096]
    if len(part) < 4 or part.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16" if len(part) >= 4 else ""
    even, odd = part[0::2].count(0) / len(part[0::2]), part[1::2].count(0) / len(part[1::2])
    if odd > 0.6 and even < 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.1 else ""


def _legacy(sample: bytes) -> Encoding:
    """GB 18030 writes pairs of high bytes, so its runs are even; Western letters stand alone."""
    runs = _HIGH_RUN.findall(sample)
    western = sample.decode("cp1252", errors="replace")
    letters = [char for char in western if ord(char) > 127]
    strange = sum(char not in _EUROPEAN for char in letters)
    paired = sum(len(run) % 2 == 0 and min(run) >= 0xA1 for run in runs)
    if strange and paired >= 0.9 * len(runs) and _decodes(sample, "gb18030"):
        return Encoding("gb18030", "The text is Chinese (GBK / GB 18030): its letters come in pairs of bytes.")
    if strange > 0.5 * len(letters) and _decodes(sample, "gb18030") and _chinese(sample):
        return Encoding("gb18030", "The text is Chinese (GBK / GB 18030).")
    codec = "cp1252" if _decodes(sample, "cp1252") else "latin-1"
    doubt = "; names with other letters may be garbled, then give the encoding" if strange else ""
    return Encoding(codec, f"The text is not UTF-8; taken as Western European ({codec}){doubt}.")


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _chinese(sample: bytes) -> bool:
    letters = [char for char in sample.decode("gb18030", errors="replace") if ord(char) > 127]
    return sum("\u4e00" <= char <= "\u9fff" for char in letters) > 0.8 * len(letters)
