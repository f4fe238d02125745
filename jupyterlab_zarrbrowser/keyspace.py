"""How far apart keys are, and what lies in the middle, as far as a few known keys tell.

Keys are compared by their code points, which is the order of their UTF-8 bytes and that of listings
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). A key is read as a number whose digits are the
letters that were seen so far: a cut at a letter that no key has would part nothing from everything.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from math import prod
from os.path import commonprefix

#: Letters that are remembered; a name in a large script brings thousands.
_MAX_LETTERS = 512

#: Digits behind what two keys share.
_DIGITS = 16

#: Places of a key at which letters are remembered apart.
_PLACES = 256

#: Keys from which on what was seen at a place is taken for all that is there.
_ENOUGH_KEYS = 100


class Keyspace:
    """Distances in the order of keys. A heuristic: it decides how even work is shared, never what is found."""

    def __init__(self) -> None:
        self._letters: list[str] = []
        #: The same for each place: behind the digits of ``k0999`` come no letters, though there are some elsewhere.
        self._at: list[list[str]] = [[] for _ in range(_PLACES)]
        self._keys = 0

    def learn(self, keys: Iterable[str]) -> None:
        """Take up the letters of keys that exist."""
        for key in keys:
            self._keys += 1
            for letter in set(key).difference(self._letters):
                if len(self._letters) < _MAX_LETTERS:
                    insort(self._letters, letter)
            for letter, known in zip(key, self._at, strict=False):
                if letter not in known:
                    insort(known, letter)

    def share(self, first: str, last: str, upto: str | None) -> float:
        """How often the way from ``first`` to ``last`` fits into the one from ``last`` to ``upto`` (None: the end)."""
        at = _shared(first, upto)
        start, here = self._number(first, at), self._number(last, at)
        return (self._end(upto, at) - here) / max(1, here - start)

    def middle(self, after: str, upto: str | None) -> str | None:
        """A key between the two (both exclusive), half way; None where there is none to be found."""
        at = _shared(after, upto)
        number = (self._number(after, at) + self._end(upto, at)) // 2
        found = after[:at]
        weight = prod(len(self._alphabet(place)) + 1 for place in range(at, at + _DIGITS))
        for place in range(at, at + _DIGITS):
            letters = self._alphabet(place)
            weight //= len(letters) + 1
            digit, number = divmod(number, weight)
            if not digit:
                break
            found += letters[min(digit, len(letters)) - 1]
            # As short as it can be: what is behind means nothing.
            if found > after and (upto is None or found < upto):
                return found
        return None

    def _alphabet(self, place: int) -> list[str]:
        if self._keys < _ENOUGH_KEYS or place >= _PLACES:
            return self._letters
        return self._at[place]

    def _number(self, key: str, at: int) -> int:
        """The digits of a key from ``at`` on; 0 stands for its end."""
        number = 0
        for place in range(at, at + _DIGITS):
            letters, letter = self._alphabet(place), key[place : place + 1]
            number = number * (len(letters) + 1) + (
                min(bisect_left(letters, letter) + 1, len(letters)) if letter else 0
            )
        return number

    def _end(self, upto: str | None, at: int) -> int:
        if upto is not None:
            return self._number(upto, at)
        return prod(len(self._alphabet(place)) + 1 for place in range(at, at + _DIGITS))


def _shared(first: str, second: str | None) -> int:
    return len(commonprefix((first, second))) if second is not None else 0  # noqa: RUF071  (letters are meant)
