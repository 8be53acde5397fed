"""From the bytes of a text file to its characters, in blocks of bounded size. Decides the encoding without guessing
where it can know. Bytes that cannot be read become lone surrogates here; `read_rows` turns them into U+FFFD."""

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

Chunks = Callable[[], Iterable[bytes]]

BLOCK_BYTES = 131_072


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding and how sure it is. `name` is what people see."""

    name: str
    label: str  # in sentences
    codec: str
    mark: int = 0  # length of the byte order mark, in bytes
    guessed: bool = False
    spotless: bool = False  # every byte can be read and none is NUL, so that rows need no look for either

    def decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The file's text. Unreadable bytes come as lone surrogates."""
        errors = "surrogatepass" if self.codec.startswith("utf-16") else "surrogateescape"
        decoder = codecs.getincrementaldecoder(self.codec)(errors)
        skip = self.mark
        for block in blocks(chunks):
            yield decoder.decode(block[skip:])
            skip = max(0, skip - len(block))
        rest, _ = decoder.getstate()
        odd = len(rest) % 2 if errors == "surrogatepass" else 0  # half a UTF-16 unit, which surrogatepass will not pass
        decoder.reset()
        yield decoder.decode(rest[: len(rest) - odd], final=True) + "\udc80" * odd


UTF8 = Encoding(name="utf-8", label="UTF-8", codec="utf-8")
WINDOWS_1252 = Encoding(name="windows-1252", label="Windows-1252", codec="cp1252", guessed=True)
MARKED: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, replace(UTF8, name="utf-8-bom", mark=3)),
    (codecs.BOM_UTF16_LE, Encoding(name="utf-16-le", label="UTF-16", codec="utf-16-le", mark=2)),
    (codecs.BOM_UTF16_BE, Encoding(name="utf-16-be", label="UTF-16", codec="utf-16-be", mark=2)),
)


def detect_encoding(chunks: Chunks, first: bytes) -> Encoding:
    """The encoding of a text file that begins with `first`: its byte order mark, else UTF-8 when the whole file is
    valid or mostly so, else Windows-1252, marked as guessed."""
    encoding = next((marked for mark, marked in MARKED if first.startswith(mark)), UTF8)
    if encoding.codec != "utf-8":
        return encoding
    if (with_nul := _nuls_in_utf8(chunks())) is not None:
        return replace(encoding, spotless=not with_nul)
    if encoding.mark or _is_mostly_utf8(chunks()):
        return encoding
    return WINDOWS_1252


def blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of bounded size, however large the chunks are."""
    for chunk in chunks:
        if len(chunk) <= BLOCK_BYTES:
            yield chunk
        else:
            yield from (chunk[start : start + BLOCK_BYTES] for start in range(0, len(chunk), BLOCK_BYTES))


def _nuls_in_utf8(chunks: Iterable[bytes]) -> int | None:
    """How many blocks of this valid UTF-8 hold a NUL; None when it is not valid. One pass, as the file may be far away."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with_nul = 0
    try:
        for block in blocks(chunks):
            decoder.decode(block)
            with_nul += b"\0" in block
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return with_nul


def _is_mostly_utf8(chunks: Iterable[bytes]) -> bool:
    """Are there as many characters that only UTF-8 explains as bytes that it does not? Text in another encoding hardly
    ever looks like a multibyte character by chance; a UTF-8 file with a few damaged names has far more of them."""
    unreadable = multibyte = 0
    for text in UTF8.decoded(chunks):
        readable = text.encode("utf-8", "ignore")  # without the lone surrogates
        characters = len(readable.decode("utf-8"))
        unreadable += len(text) - characters
        multibyte += characters - len(text.encode("ascii", "ignore"))
    return multibyte >= unreadable
