"""Numba kernels on Arrow buffers: word shingles, MinHash band keys, exact verification.

Import this module inside functions only: it imports numba. Compiled code is cached beside this
file or, where that folder is read-only, in the user's cache folder.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: A band bucket keeps this many rows to compare with, so that work stays linear in the rows.
REPRESENTATIVES = 128

#: Word bytes with ASCII capitals lowered; 0 separates words. Bytes from 128 on belong to letters,
#: because other characters beyond ASCII were blanked before.
_FOLD = np.zeros(256, np.uint8)
_FOLD[128:] = np.arange(128, 256)
_FOLD[48:58] = np.arange(48, 58)
_FOLD[97:123] = np.arange(97, 123)
_FOLD[65:91] = np.arange(97, 123)

_PRIME = np.uint64(0x100000001B3)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_27, _30, _31, _32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)


def _compiled(function: Callable[..., Any]) -> Any:
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written to: compile again in each process
        return njit(nogil=True)(function)


@_compiled
def _mix(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> _30)) * _MIX_1
    x = (x ^ (x >> _27)) * _MIX_2
    return x ^ (x >> _31)


@_compiled
def shingle(data, offsets, width, seed, fingerprints, ends, shingles):  # type: ignore[no-untyped-def]
    """Hash the words of each text, and their runs of ``width`` words as a sorted set.

    data: uint8, UTF-8 of all texts; offsets: int64 [n + 1], where each text starts in it.
    A text of fewer words is one shingle; one without words counts as a word of all its bytes.
    Fills fingerprints: uint64 [n], of the word sequence; ends: int64 [n], where the set of each
    text ends in shingles: uint64, with room for (bytes + 1) // 2 + 1 a text.
    """
    longest = 0
    for row in range(len(fingerprints)):
        longest = max(longest, offsets[row + 1] - offsets[row])
    words = np.empty(longest // 2 + 2, np.uint64)
    end = 0
    for row in range(len(fingerprints)):
        count = 0
        inside = False
        word = seed
        for at in range(offsets[row], offsets[row + 1]):
            byte = _FOLD[data[at]]
            if byte:
                word = (word ^ byte) * _PRIME
                inside = True
            elif inside:
                words[count] = _mix(word)
                count += 1
                inside = False
                word = seed
        if inside:
            words[count] = _mix(word)
            count += 1
        if count == 0:
            for at in range(offsets[row], offsets[row + 1]):
                word = (word ^ data[at]) * _PRIME
            words[0] = _mix(word)
            count = 1

        fingerprint = seed
        for k in range(count):
            fingerprint = _mix(fingerprint ^ words[k]) + _PRIME
        fingerprints[row] = fingerprint

        span = min(width, count)
        size = count - span + 1
        found = shingles[end : end + size]
        for k in range(size):
            value = seed
            for j in range(k, k + span):
                value = _mix(value ^ words[j]) + _PRIME
            found[k] = value
        end += _sorted_set(found)
        ends[row] = end


@_compiled
def _sorted_set(values):  # type: ignore[no-untyped-def]
    """Sort in place (Shell sort: sets are short), move duplicates out; the count that is left."""
    gap = 1
    while gap < len(values) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, len(values)):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap //= 3
    kept = 1
    for i in range(1, len(values)):
        if values[i] != values[kept - 1]:
            values[kept] = values[i]
            kept += 1
    return kept


@_compiled
def sign(shingles, starts, first, multipliers, increments, keys):  # type: ignore[no-untyped-def]
    """Fill columns ``first``.. of ``keys`` (uint64 [bands, n]) with the band keys of each set.

    starts: int64 [m + 1], where each of the m sets starts in ``shingles``; multipliers (odd) and
    increments: uint32 [bands * rows_per_band], the permutations.
    """
    minima = np.empty(len(multipliers), np.uint32)
    rows_per_band = len(multipliers) // len(keys)
    for row in range(len(starts) - 1):
        minima[:] = 0xFFFFFFFF
        for at in range(starts[row], starts[row + 1]):
            value = np.uint32(shingles[at] >> _32)
            for p in range(len(minima)):
                permuted = np.uint32(multipliers[p] * value + increments[p])
                minima[p] = min(minima[p], permuted)
        for band in range(len(keys)):
            key = np.uint64(band)
            for p in range(band * rows_per_band, (band + 1) * rows_per_band):
                key = _mix(key ^ np.uint64(minima[p])) + _PRIME
            keys[band, first + row] = key


@_compiled
def lead(shingles, starts, bucket_starts, buckets, slot_starts, threshold, leader, similarity):  # type: ignore[no-untyped-def]
    """Join each set to the most similar earlier leader at ``threshold``, or make it a leader.

    starts: int64 [n + 1], where each set starts in ``shingles``; bucket_starts: int64 [n + 1],
    where the buckets that a set shares with others start in ``buckets`` (int64); slot_starts:
    int64 [buckets + 1], the room of each bucket for leaders, at most REPRESENTATIVES.
    Fills leader: int64 [n] and similarity: float64 [n], the exact Jaccard index of the two sets.
    Returns the number of buckets that were full when a leader came.
    """
    slots = np.empty(slot_starts[-1], np.int64)
    used = np.zeros(len(slot_starts) - 1, np.int64)
    full = np.zeros(len(used), np.bool_)
    compared_with = np.full(len(leader), -1, np.int64)
    for row in range(len(leader)):
        best, best_similarity = row, 0.0
        for at in range(bucket_starts[row], bucket_starts[row + 1]):
            bucket = buckets[at]
            for slot in range(slot_starts[bucket], slot_starts[bucket] + used[bucket]):
                other = slots[slot]
                if compared_with[other] == row:
                    continue
                compared_with[other] = row
                found = _jaccard(
                    shingles[starts[row] : starts[row + 1]],
                    shingles[starts[other] : starts[other + 1]],
                    threshold,
                )
                if found >= threshold and (
                    found > best_similarity or (found == best_similarity and other < best)
                ):
                    best, best_similarity = other, found
        leader[row] = best
        similarity[row] = best_similarity
        if best == row:
            for at in range(bucket_starts[row], bucket_starts[row + 1]):
                bucket = buckets[at]
                slot = slot_starts[bucket] + used[bucket]
                if slot < slot_starts[bucket + 1]:
                    slots[slot] = row
                    used[bucket] += 1
                else:
                    full[bucket] = True
    return full.sum()


@_compiled
def _jaccard(a, b, threshold):  # type: ignore[no-untyped-def]
    """Jaccard index of two sorted sets; 0 where their sizes alone keep it below ``threshold``."""
    if min(len(a), len(b)) < threshold * max(len(a), len(b)):
        return 0.0
    i = j = shared = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            shared += 1
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return shared / (len(a) + len(b) - shared)


def permutations(count: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Odd multipliers and increments of ``count`` permutations of the 32-bit numbers."""
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = random.integers(0, 2**32, size=(2, count), dtype=np.uint32)
    return drawn[0] | np.uint32(1), drawn[1]
