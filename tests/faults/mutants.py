"""Files that were good, or already bad, changed by chance: what a fuzzer feeds to a parser."""

from __future__ import annotations

import random
from collections.abc import Sequence

WORDS = (b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"nan", b"-inf", b"1e999", b"9" * 40, b"-1", b'"', b"'", b"\r",
         b"\n", b"[[", b"]]", b"{", b"}", b"=", b"..", b"../", b"%00", b"\x1b[2J", "\u202e\U0001f321".encode(),
         b"\x80" * 8, b"\x7f\xff\xff\xff", b"\xff" * 8, b"a" * 5000, b"," * 300)


def mutant(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after one to eight changes: bytes, runs, words of trouble, parts of another seed."""
    content = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(content))
        end = min(len(content), at + chance.choice([0, 1, 1, 2, 8, 100]))
        other = chance.choice(seeds)
        start = chance.randint(0, len(other))
        content[at:end] = chance.choice([
            bytes([chance.randrange(256)]), chance.choice(WORDS), bytes(content[at:end]) * 2,
            other[start:start + chance.randint(0, 200)]])
    return bytes(content[:chance.randint(1, len(content))] if content and chance.random() < 0.1 else content)
