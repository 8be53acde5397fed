"""What people ask for while everything breaks: uploads, delivered twice now and then, runs, cancels. Keeps what was asked,
so that it can be compared with what became of it."""

import uuid
from dataclasses import dataclass, field
from random import Random

from .files import FileMaker, SourceFile
from .person import Person

FINAL = ("finished", "rejected", "cancelled")
MAIL_ROWS = 300  # most rows of an import that sends welcome mails: mails are slower than rows
_WISHES = {"run": 76, "run by itself": 8, "cancel at once": 5, "cancel when ready": 3, "cancel while running": 8}


@dataclass(slots=True)
class Asked:
    """An import as somebody wanted it. `complaints` are answers that were wrong on the spot."""

    id: str
    experience: str
    file: SourceFile
    policy: str  # for welcome mails
    cancelled: bool = False  # somebody pressed Cancel
    complaints: list[str] = field(default_factory=list)


class Asking:
    """One person's day: import after import."""

    def __init__(self, person: Person, experiences: list[str], files: FileMaker, *, dice: Random, rows: int) -> None:
        self._person = person
        self._experiences = experiences
        self._files = files
        self._dice = dice
        self._rows = rows  # most rows of a file
        self.asked: list[Asked] = []

    async def import_one(self) -> None:
        """One file from upload to its end."""
        wish = self._dice.choices(list(_WISHES), list(_WISHES.values()))[0]
        policy = self._dice.choice(("send", "hold"))
        asked = await self._upload(wish, policy)
        if asked.file.rejected or wish == "cancel at once":
            await self._cancel_or_wait(asked, wish)
            return
        await self._person.wait(asked.id, ("ready", "running", *FINAL))
        if wish == "cancel when ready":
            await self._cancel(asked)
        elif wish != "run by itself" or not asked.file.clean:
            await self._person.press(asked.id, "run")
        if wish == "cancel while running":
            await self._cancel(asked)
        await self._person.wait(asked.id, FINAL)

    async def _upload(self, wish: str, policy: str) -> Asked:
        file = self._choose_file(wish, MAIL_ROWS if policy == "send" else self._rows)
        experience = self._dice.choice(self._experiences)
        key = str(uuid.UUID(int=self._dice.getrandbits(128)))
        fields = {"emails": policy, "run": "when-clean" if wish == "run by itself" else "after-review"}
        told = await self._person.upload(experience, file.content, key=key, **fields)
        asked = Asked(told["id"], experience, file, policy)
        self.asked.append(asked)
        if self._dice.random() < 0.25:
            again = await self._person.upload(experience, file.content, key=key, **fields)
            if again["id"] != asked.id:
                asked.complaints.append(f"The same upload became import {again['id']} when it was delivered again.")
        return asked

    def _choose_file(self, wish: str, most: int) -> SourceFile:
        if self._dice.random() < 0.03:
            return self._files.without_emails()
        size = round(most * self._dice.random() ** 2) + 1  # small ones more often than large ones
        return self._files.make(size, errors=wish != "run by itself" or self._dice.random() < 0.5)

    async def _cancel_or_wait(self, asked: Asked, wish: str) -> None:
        if wish == "cancel at once":
            await self._cancel(asked)
        await self._person.wait(asked.id, FINAL)

    async def _cancel(self, asked: Asked) -> None:
        asked.cancelled = True
        await self._person.press(asked.id, "cancel")
