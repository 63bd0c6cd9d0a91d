"""How a client's own words are repeated in an answer: short, and without what cannot be printed."""

LONGEST = 60


def quoted(word: object) -> str:
    """A word of the client's between quotation marks.

    >>> quoted("mnist\\n")
    '"mnist"'
    """
    text = str(word)
    shown = "".join(sign for sign in text[:LONGEST] if sign.isprintable())
    return f'"{shown}…"' if len(text) > LONGEST else f'"{shown}"'


def listed(words: "list[str] | tuple[str, ...]") -> str:
    """Some words as a part of a sentence.

    >>> listed(["digit", "confidence", "accepted"])
    'digit, confidence and accepted'
    """
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
