"""Numba kernel of the n-gram classifier: hashed word and character n-grams of many texts.

Import this module inside functions only: it imports numba.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

#: Hash buckets of words (1 and 2 in a row) and as many of characters (2 to 5 of a word).
BUCKETS = 1 << 17
LONGEST = 5

_FOLD = np.zeros(256, np.uint8)
_FOLD[128:] = np.arange(128, 256)
_FOLD[48:58] = np.arange(48, 58)
_FOLD[97:123] = np.arange(97, 123)
_FOLD[65:91] = np.arange(97, 123)

_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_29, _32 = np.uint64(29), np.uint64(32)
_MASK = np.uint64(BUCKETS - 1)
_EDGE = np.uint8(32)
_GROUP = np.uint64(0x9E3779B97F4A7C15)


def _compiled(function: Callable[..., Any]) -> Any:
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written to: compile again in each process
        return njit(nogil=True)(function)


@_compiled
def _mixed(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> _32)) * _MIX
    return x ^ (x >> _29)


@_compiled
def paired(first, second):  # type: ignore[no-untyped-def]
    """The hash of two words in a row."""
    return _mixed(first + _PRIME * second)


@_compiled
def _holds(sorted_hashes, wanted):  # type: ignore[no-untyped-def]
    at = np.searchsorted(sorted_hashes, wanted)
    return at < len(sorted_hashes) and sorted_hashes[at] == wanted


@_compiled
def words_of(data, start, end, hashes, begins, stops):  # type: ignore[no-untyped-def]
    """Hash the words of ``data[start:end]`` and note where they lie; returns their number.

    Case and punctuation do not count, and a character's third repeat and those after it neither.
    """
    count = 0
    word = _SEED
    inside = False
    for at in range(start, end):
        byte = _FOLD[data[at]]
        if byte:
            if not inside:
                inside = True
                begins[count] = at
                word = _SEED
            elif at >= begins[count] + 2 and _FOLD[data[at - 1]] == byte == _FOLD[data[at - 2]]:
                continue
            word = (word ^ np.uint64(byte)) * _PRIME
        elif inside:
            inside = False
            hashes[count] = _mixed(word)
            stops[count] = at
            count += 1
    if inside:
        hashes[count] = _mixed(word)
        stops[count] = end
        count += 1
    return count


@_compiled
def _blanked(hashes, count, identity):  # type: ignore[no-untyped-def]
    """Give all words and pairs of words that name a group one and the same hash."""
    at = 0
    while at < count:
        if at + 1 < count and _holds(identity, paired(hashes[at], hashes[at + 1])):
            hashes[at] = hashes[at + 1] = _GROUP
            at += 2
            continue
        if _holds(identity, hashes[at]):
            hashes[at] = _GROUP
        at += 1


@_compiled
def _add(bucket, row, seen, found, count):  # type: ignore[no-untyped-def]
    if seen[bucket] == row:
        return count
    seen[bucket] = row
    found[count] = bucket
    return count + 1


@_compiled
def features(data, start, end, row, identity, seen, hashes, begins, stops, found):  # type: ignore[no-untyped-def]
    """Fill ``found`` with the distinct buckets of a text; returns how many, and how many of words.

    The buckets of words come first.
    """
    count = words_of(data, start, end, hashes, begins, stops)
    _blanked(hashes, count, identity)
    number = 0
    for at in range(count):
        number = _add(hashes[at] & _MASK, row, seen, found, number)
        if at + 1 < count and not (hashes[at] == _GROUP and hashes[at + 1] == _GROUP):
            pair = paired(hashes[at], hashes[at + 1]) & _MASK
            number = _add(pair, row, seen, found, number)
    of_words = number
    letters = np.empty(64, np.uint8)
    for at in range(count):
        if hashes[at] == _GROUP:
            continue
        length = 1
        letters[0] = _EDGE
        for place in range(begins[at], stops[at]):
            byte = _FOLD[data[place]]
            if length > 2 and letters[length - 1] == byte == letters[length - 2]:
                continue
            letters[length] = byte
            length += 1
            if length == 62:
                break
        letters[length] = _EDGE
        length += 1
        for first in range(length - 1):
            gram = _SEED
            for place in range(first, min(first + LONGEST, length)):
                gram = (gram ^ np.uint64(letters[place])) * _PRIME
                if place > first:
                    bucket = (_mixed(gram) & _MASK) + np.uint64(BUCKETS)
                    number = _add(bucket, row, seen, found, number)
    return number, of_words


@_compiled
def rooms(offsets):  # type: ignore[no-untyped-def]
    """The most words and the most features that one of the texts can have."""
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    words = longest // 2 + 2
    return words, 2 * words + LONGEST * (2 * longest + 2)


@_compiled
def sparse(data, offsets, identity):  # type: ignore[no-untyped-def]
    """Distinct buckets of each text as CSR: ends of rows, buckets; words are below BUCKETS."""
    words, room = rooms(offsets)
    hashes = np.empty(words, np.uint64)
    begins, stops = np.empty(words, np.int64), np.empty(words, np.int64)
    found = np.empty(room, np.int64)
    seen = np.full(2 * BUCKETS, -1, np.int64)
    ends = np.zeros(len(offsets), np.int64)
    out = np.empty(1024, np.int32)
    for row in range(len(offsets) - 1):
        number, _ = features(
            data, offsets[row], offsets[row + 1], row, identity, seen, hashes, begins, stops, found
        )  # fmt: skip
        end = ends[row] + number
        if end > len(out):
            grown = np.empty(2 * end, np.int32)
            grown[: ends[row]] = out[: ends[row]]
            out = grown
        for at in range(number):
            out[ends[row] + at] = found[at]
        ends[row + 1] = end
    return ends, out[: ends[-1]]


@_compiled
def margins(data, offsets, identity, idf, weights, out):  # type: ignore[no-untyped-def]
    """Add the weighted features of each text to its row of ``out`` [n, heads].

    idf: float32 [2 x BUCKETS]; weights: float32 [2 x BUCKETS, heads]. The words of a text and
    its characters are two vectors of unit length.
    """
    words, room = rooms(offsets)
    hashes = np.empty(words, np.uint64)
    begins, stops = np.empty(words, np.int64), np.empty(words, np.int64)
    found = np.empty(room, np.int64)
    seen = np.full(2 * BUCKETS, -1, np.int64)
    for row in range(len(offsets) - 1):
        number, of_words = features(
            data, offsets[row], offsets[row + 1], row, identity, seen, hashes, begins, stops, found
        )  # fmt: skip
        for first, last in ((0, of_words), (of_words, number)):
            square = np.float32(0)
            for at in range(first, last):
                square += idf[found[at]] * idf[found[at]]
            if square == 0:
                continue
            scale = np.float32(1) / np.sqrt(square)
            for at in range(first, last):
                value = idf[found[at]] * scale
                for head in range(out.shape[1]):
                    out[row, head] += value * weights[found[at], head]
