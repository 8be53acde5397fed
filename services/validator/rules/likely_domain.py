"""Which well-known mail domain was probably meant. A guess for the person's eye: it warns and never refuses."""

# Long enough names only: at one letter from `aol.com` or `web.de` half of the domains are somebody's real ones.
COMMON = (
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.co.in", "yahoo.fr", "yahoo.de", "ymail.com",
    "hotmail.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "hotmail.it", "hotmail.es", "outlook.com", "icloud.com",
    "comcast.net", "verizon.net", "sbcglobal.net", "bellsouth.net", "btinternet.com", "bigpond.com", "rogers.com",
    "protonmail.com", "rediffmail.com", "wanadoo.fr", "orange.fr", "laposte.net", "t-online.de", "libero.it",
    "yandex.ru", "fastmail.com", "naver.com",
)  # fmt: skip

# Real mail domains that stand one letter away from a common one.
REAL = frozenset((
    "mail.com", "email.com", "amail.com", "bmail.com", "cmail.com", "dmail.com", "fmail.com", "hmail.com",
    "imail.com", "jmail.com", "kmail.com", "omail.com", "pmail.com", "qmail.com", "rmail.com", "smail.com",
    "tmail.com", "umail.com", "vmail.com", "wmail.com", "xmail.com", "zmail.com", "yahoo.gr", "yahoo.dk", "yahoo.be",
    "yahoo.se", "yahoo.ie", "yahoo.co.id", "yahoo.co.il", "hotmail.be", "hotmail.dk", "hotmail.gr", "hotmail.se",
    "hotmail.fi", "hotmail.at", "rodgers.com", "roger.com", "waver.com", "never.com", "haver.com", "nave.com",
    "aver.com", "navel.com",
))  # fmt: skip

# Slips of more than one letter that are seen again and again.
SEEN_OFTEN = {
    "gmail.co.uk": "gmail.com", "gmail.com.com": "gmail.com", "gmail.net": "gmail.com", "gmail.org": "gmail.com",
    "gmail.fr": "gmail.com", "gmail.de": "gmail.com", "gmial.co": "gmail.com", "gmal.con": "gmail.com",
    "gmial.con": "gmail.com", "gamil.con": "gmail.com", "gmil.con": "gmail.com", "gmai.con": "gmail.com",
    "hotmial.con": "hotmail.com", "hotmai.con": "hotmail.com", "hotmal.con": "hotmail.com", "yaho.con": "yahoo.com",
    "outlok.con": "outlook.com", "live.con": "live.com", "msn.con": "msn.com", "aol.con": "aol.com", "gmx.con": "gmx.com",
    "mail.con": "mail.com", "proton.mail": "proton.me", "yahoomail.con": "yahoo.com",
}  # fmt: skip

_LENGTHS = {length: tuple(name for name in COMMON if abs(len(name) - length) <= 1) for length in range(40)}


def likely_domain(domain: str) -> str | None:
    """The common domain that this one looks like a slip of; None if it is fine or like none."""
    if domain in REAL or domain in COMMON:
        return None
    if domain in SEEN_OFTEN:
        return SEEN_OFTEN[domain]
    return next((name for name in _LENGTHS.get(len(domain), ()) if one_slip_apart(domain, name)), None)


def one_slip_apart(one: str, other: str) -> bool:
    """Whether a letter too many, one missing, one wrong or two swapped make the difference."""
    if one == other:
        return False
    start = 0
    shortest = min(len(one), len(other))
    while start < shortest and one[start] == other[start]:
        start += 1
    here, there = one[start:], other[start:]
    return (
        here[1:] == there[1:]  # wrong
        or here[1:] == there  # too many
        or here == there[1:]  # missing
        or (here[:2] == there[1::-1] and here[2:] == there[2:])  # swapped
    )
