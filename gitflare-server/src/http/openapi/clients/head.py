"""A typed client of the GitFlare API over the standard library, for Python 3.11 or newer.

Written by `gitflare openapi --python`; make it again rather than edit it. Answers are dictionaries with the
names of the wire, typed. One `GitFlare` may be used by several threads.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar, cast
from urllib.parse import quote, urlencode

T = TypeVar("T")


# @TYPES@


class Paged(TypedDict, Generic[T]):
    """A page of a list."""

    data: list[T]
    page_info: PageInfo


P = TypeVar("P", bound=Paged[Any])

# A credential, or what gets one for each call: a token that is renewed, say.
Credential: TypeAlias = str | Callable[[], str]


class GitFlareError(Exception):
    """What every method raises when it has no answer to give."""

    def __init__(self, message: str, status: int | None, detail: ErrorDetail | None) -> None:
        super().__init__(message)
        # What is said for people.
        self.message = message
        # The HTTP status; None when no whole answer came.
        self.status = status
        # The error as the server tells it; None when something else answered, or nothing.
        self.detail = detail
        # What failed; None where the server did not say.
        self.code = detail["code"] if detail else None
        # Whether the server says that the same call may succeed later.
        self.retryable = bool(detail and detail["retryable"])
        # The seconds to wait before another try; None where they are not known.
        self.retry_after_seconds = detail["retry_after_seconds"] if detail else None
        # The id of the call, for support.
        self.request_id = detail["request_id"] if detail else None


def pages(read: Callable[[str | None], P]) -> Iterator[P]:
    """Every page of a list: `pages(lambda cursor: client.commits("github", "1", cursor=cursor))`.

    Filters and limit have to be the same for all pages. A cursor that has expired is an error: such a list is
    begun anew.
    """
    cursor: str | None = None
    while True:
        page = read(cursor)
        yield page
        cursor = page["page_info"]["next_cursor"]
        if cursor is not None:
            continue
        if page["page_info"]["has_more"]:
            said = "This list goes on, but has one page: choose a provider to read on."
            raise GitFlareError(said, None, None)
        return


def items(read: Callable[[str | None], Paged[T]]) -> Iterator[T]:
    """Every row of a list, over its pages. What is missing from a page is an error behind its rows."""
    for page in pages(read):
        yield from page["data"]
        for missing in cast(dict[str, Any], page).get("errors", []):
            raise GitFlareError(_said(missing), None, missing)


class GitFlare:
    """The API of one server.

    token: an access token, for reads and subscriptions. session: the session token of a developer, for apps and
    their customers. admin_key: the operator's key, for tenants, connections and grants. client_id, client_secret:
    sent with HTTP Basic where tokens are issued and revoked; both can stand in the body instead.

    timeout: after how many seconds without a byte an attempt is given up. retries: how often a call is repeated at
    most. max_wait: the longest wait before a repetition in seconds; a longer one is an error at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: Credential | None = None,
        session: Credential | None = None,
        admin_key: Credential | None = None,
        client_id: str | None = None,
        client_secret: Credential | None = None,
        timeout: float = 30.0,
        retries: int = 4,
        max_wait: float = 60.0,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._credentials = {"token": token, "session": session, "admin_key": admin_key}
        self._client = (client_id, client_secret)
        self._timeout, self._retries, self._max_wait = timeout, retries, max_wait
        self._opener = urllib.request.build_opener(_NoRedirect)

    # @METHODS@

    def _call(
        self,
        method: str,
        path: str,
        by: str | None,
        query: Mapping[str, object] | None = None,
        body: object = None,
    ) -> Any:
        attempt = 0
        while True:
            try:
                return self._once(method, path, by, query, body)
            except GitFlareError as error:
                wait = self._wait(method, error, attempt)
                if wait is None:
                    raise
            time.sleep(wait)
            attempt += 1

    def _wait(self, method: str, error: GitFlareError, attempt: int) -> float | None:
        """The seconds before the next attempt; None when there is none."""
        if error.detail is None or not error.retryable or attempt >= self._retries:
            return None
        # A POST may have done its work; only the gateway's own limit refuses before anything is done.
        undone = error.code == "RATE_LIMITED" and error.detail["source"] == "gitflare"
        if method == "POST" and not undone:
            return None
        wait = error.retry_after_seconds
        seconds = float(2 ** (attempt + 1) * random.uniform(0.5, 1) if wait is None else wait)
        return seconds if seconds <= self._max_wait else None

    def _once(
        self,
        method: str,
        path: str,
        by: str | None,
        query: Mapping[str, object] | None,
        body: object,
    ) -> Any:
        sent = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        headers = {"accept": "application/json", **self._credential(by)}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        url = self._base + path + (f"?{urlencode(sent)}" if sent else "")
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            status, text = self._send(request)
        except (OSError, http.client.HTTPException) as cause:
            raise GitFlareError(f"No answer to {method} {path}: {cause}", None, None) from cause
        if status == 204:
            return None
        read = _parsed(text)
        if status < 300 and read is not None:
            return read
        detail = _detail(read)
        said = _said(detail) if detail else f"{method} {path} was answered with status {status}"
        raise GitFlareError(said, status, detail)

    def _send(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.read()

    def _credential(self, by: str | None) -> dict[str, str]:
        def got(credential: Credential | None) -> str | None:
            return credential() if callable(credential) else credential

        if by == "client":
            client_id, secret = self._client[0], got(self._client[1])
            if client_id is None or secret is None:
                return {}
            pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
            return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        value = got(self._credentials[by]) if by is not None else None
        if value is None:
            return {}
        return {"x-admin-api-key": value} if by == "admin_key" else {"authorization": f"Bearer {value}"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the credential elsewhere; the API has none."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _segment(value: str) -> str:
    return quote(value, safe="")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _said(detail: ErrorDetail) -> str:
    return f"{detail['code']}: {detail['message']} ({detail['request_id']})"


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _detail(answer: Any) -> ErrorDetail | None:
    """The error of an answer, when it is one of the server's."""
    detail = answer.get("error") if isinstance(answer, dict) else None
    return cast(ErrorDetail, detail) if isinstance(detail, dict) and "code" in detail else None
