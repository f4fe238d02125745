"""How far apart keys are, and what lies in the middle, as far as a few known keys tell.

Keys are compared by their code points, which is the order of their UTF-8 bytes and that of listings
(https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). A key is read as a number whose digits are the
letters that were seen so far: a cut at a letter that no key has would part nothing from everything.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from os.path import commonprefix

#: Letters that are remembered; a name in a large script brings thousands.
_MAX_LETTERS = 512

#: Digits behind what two keys share.
_DIGITS = 16


class Keyspace:
    """Distances in the order of keys. A heuristic: it decides how even work is shared, never what is found."""

    def __init__(self) -> None:
        self._letters: list[str] = []

    def learn(self, keys: Iterable[str]) -> None:
        """Take up the letters of keys that exist."""
        fresh = set().union(*keys).difference(self._letters)
        if fresh and len(self._letters) < _MAX_LETTERS:
            self._letters = sorted({*self._letters, *fresh})

    def share(self, first: str, last: str, upto: str | None) -> float:
        """How often the way from ``first`` to ``last`` fits into the one from ``last`` to ``upto`` (None: the end)."""
        at = _shared(first, upto)
        start, here = self._number(first, at), self._number(last, at)
        return (self._end(upto, at) - here) / max(1, here - start)

    def middle(self, after: str, upto: str | None) -> str | None:
        """A key between the two (both exclusive), half way; None where there is none to be found."""
        at = _shared(after, upto)
        number = (self._number(after, at) + self._end(upto, at)) // 2
        base = len(self._letters) + 1
        digits: list[int] = []
        for _ in range(_DIGITS):
            number, digit = divmod(number, base)
            digits.insert(0, digit)
        found = after[:at]
        for digit in digits:
            if not digit:
                break
            found += self._letters[digit - 1]
            # As short as it can be: what is behind means nothing.
            if found > after and (upto is None or found < upto):
                return found
        return None

    def _number(self, key: str, at: int) -> int:
        """The digits of a key from ``at`` on; 0 stands for its end."""
        base = len(self._letters) + 1
        number = 0
        for place in range(at, at + _DIGITS):
            letter = key[place : place + 1]
            number = number * base + (bisect_left(self._letters, letter) + 1 if letter else 0)
        return number

    def _end(self, upto: str | None, at: int) -> int:
        return self._number(upto, at) if upto is not None else int((len(self._letters) + 1) ** _DIGITS)


def _shared(first: str, second: str | None) -> int:
    return len(commonprefix((first, second))) if second is not None else 0  # noqa: RUF071  (letters are meant)
