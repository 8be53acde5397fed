"""What people do while versions change: imports of every kind, each to its end, mails released and sent again, a Run
cancelled. Kept as the oracle of tests/chaos wants it."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

from tests.chaos.asking import Asked
from tests.chaos.files import FileMaker
from tests.chaos.person import Person

SMALL, LARGE = 40, 1_200  # rows


class Story:
    """One person and an experience. `inbox` is the mail server's folder, in which it is told whom to refuse."""

    def __init__(self, person: Person, experience: str, inbox: Path) -> None:
        self._person = person
        self._experience = experience
        self._inbox = inbox
        self._refused = inbox / "refused"
        self._number = 0
        self.asked: list[Asked] = []

    async def tell(self) -> None:
        """Every kind of import, at once, from the upload to the last mail."""
        await asyncio.gather(self._send(), self._hold_and_release(), self._fail_and_resend(), self._cancel())

    async def upload(self, rows: int, policy: str, *, tag: str = "p", errors: bool = True) -> Asked:
        """A file with people of its own, and some whom others name too."""
        self._number += 1
        name = f"{tag}{self._number}x"
        file = FileMaker(Random(name), name).make(rows, errors=errors)
        told = await self._person.upload(self._experience, file.content, key=name, emails=policy)
        one = Asked(told["id"], self._experience, file, policy)
        self.asked.append(one)
        return one

    async def run(self, one: Asked) -> None:
        """As soon as it is ready."""
        await self._person.wait(one.id, ("ready",))
        assert await self._person.press(one.id, "run")

    async def finished(self, one: Asked) -> dict[str, int]:
        """Its counts in the end."""
        return dict((await self._person.wait(one.id, ("finished",)))["counts"])

    async def moved(self, one: Asked, counter: str) -> None:
        """Some of it is done, and as a rule not all."""
        while not (await self._person.get(f"/imports/{one.id}"))["progress"][counter]:
            await asyncio.sleep(0.05)

    @property
    def trouble(self) -> Counter[str]:
        """The calls that had to be made again, by what was seen instead of an answer."""
        return self._person.trouble

    async def until_all_is_done(self) -> None:
        """All imports, and their finish mails: welcome mails that are held are settled at once."""
        for one in self.asked:
            await self._person.wait(one.id, ("finished",))
        while len(list(self._inbox.glob("*.eml"))) < await self._mails_due():
            await asyncio.sleep(0.2)

    async def _mails_due(self) -> int:
        found = [await self._person.get(f"/imports/{one.id}") for one in self.asked]
        return len(found) + sum(told["email_counts"]["sent"] for told in found)

    async def _send(self) -> None:
        one = await self.upload(SMALL, "send")
        await self.run(one)
        await self._until_mails(one, "sent")

    async def _hold_and_release(self) -> None:
        one = await self.upload(SMALL, "hold")
        await self.run(one)
        await self._until_mails(one, "held")
        assert await self._person.press(one.id, "emails/release")
        one.policy = "send"
        await self._until_mails(one, "sent")

    async def _fail_and_resend(self) -> None:
        self._refused.write_text("bounce")
        one = await self.upload(SMALL // 4, "send", tag="bounce", errors=False)
        await self.run(one)
        await self._until_mails(one, "failed")
        self._refused.unlink()
        assert await self._person.press(one.id, "emails/resend")
        await self._until_mails(one, "sent")

    async def _cancel(self) -> None:
        one = await self.upload(LARGE, "hold")
        await self.run(one)
        one.cancelled = True
        await self._person.press(one.id, "cancel")
        await self._person.wait(one.id, ("finished",))

    async def _until_mails(self, one: Asked, status: str) -> None:
        """The import is done and all of its welcome mails are so."""
        await self._person.wait(one.id, ("finished",))
        while True:
            found = await self._person.get(f"/imports/{one.id}")
            if found["email_counts"][status] == found["counts"]["created"]:
                return
            await asyncio.sleep(0.2)
