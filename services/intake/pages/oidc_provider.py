"""The one OpenID Connect provider of this installation, by Authlib: code flow with PKCE, state and nonce."""

import asyncio
import warnings
from collections.abc import Mapping
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from fastapi import Request, Response
from joserfc.errors import JoseError

from services.intake.settings import Settings

with warnings.catch_warnings():  # it prefers another HTTP client than ours; one is enough
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth

_SECONDS = 10.0  # for one answer of the provider
_NOT_COMPLETED = (AuthlibBaseError, JoseError)
_AWAY = (httpx.HTTPError, OSError, RuntimeError, ValueError, KeyError, TypeError)  # silent, or its description is none


class ProviderAway(Exception):
    """The provider does not answer, or not as a provider does."""


class NotCompleted(Exception):
    """What came back is no completed sign-in. The message is a stable code, without personal data."""


class Provider:
    """Sends people there and understands what they bring back. Knows its description from the first use on."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.oidc_client_secret
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
                "timeout": _SECONDS,
                **({} if secret else {"token_endpoint_auth_method": "none"}),  # a public client: PKCE alone
            },
        )
        self._describing = asyncio.Lock()

    async def send_there(self, request: Request, *, back: str, state: str) -> Response:
        """A redirect to the provider. What has to be remembered until they are back is in request.session."""
        try:
            await self._describe()
            response: Response = await self._client.authorize_redirect(request, back, state=state)
        except _AWAY as error:
            raise ProviderAway(type(error).__name__) from error
        return response

    async def claims(self, request: Request) -> Mapping[str, Any]:
        """What the provider says about who came back: signed by it, for us, for this sign-in."""
        try:
            await self._describe()
            token = await self._client.authorize_access_token(request)
            signed: Mapping[str, Any] | None = token.get("userinfo")
            if signed is None:
                raise NotCompleted("id_token_missing")
            if "email" in signed:
                return signed
            more = await self._client.userinfo(token=token)  # some keep the address there
        except _NOT_COMPLETED as error:
            raise NotCompleted(str(getattr(error, "error", None) or type(error).__name__)[:50]) from error
        except _AWAY as error:
            raise ProviderAway(type(error).__name__) from error
        if more.get("sub") != signed["sub"]:
            raise NotCompleted("userinfo_of_somebody_else")
        return {**more, **signed}

    async def _describe(self) -> None:
        """Read the provider's description once, and believe it only if it is this issuer's."""
        async with self._describing:
            described = await self._client.load_server_metadata()
            if str(described.get("issuer", "")).rstrip("/") != self._issuer:
                self._client.server_metadata.pop("_loaded_at", None)  # ask again next time
                raise ValueError("another issuer")
