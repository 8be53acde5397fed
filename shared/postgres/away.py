"""What asyncpg raises when the database is not there for us right now, and nothing is wrong with what was asked."""

import asyncpg

DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection was cut in the middle of an answer
    asyncpg.OperatorInterventionError,  # it stops, starts, or was told to end a query
    asyncpg.InsufficientResourcesError,  # too many connections, no memory, its disk is full
    asyncpg.PostgresSystemError,  # its disk cannot be read
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or closed for changes
    asyncpg.ObjectNotInPrerequisiteStateError,  # closed for connections
    asyncpg.TransactionRollbackError,
    asyncpg.InvalidCachedStatementError,  # a newer replica has migrated; the next try is planned anew
    OSError,  # a time-out, too
)
DATABASE_TROUBLE = (*DATABASE_AWAY, asyncpg.PostgresError)  # what a loop that must never end waits for
