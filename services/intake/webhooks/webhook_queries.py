"""The named SQL of webhooks."""

from pathlib import Path

import aiosql

queries = aiosql.from_path(Path(__file__).parents[1] / "sql" / "webhooks", "asyncpg")
