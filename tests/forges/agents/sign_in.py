# The official clients in Python (1.x and 2.x) with a person: sign-in by a browser, one more scope, a
# refreshed token, and what becomes of it when the person ends it. Whoever runs this is the browser: it
# reads addresses to open, and writes where they led back to.
import asyncio, contextlib, json, os, sys
from urllib.parse import parse_qs, urlsplit
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

BASE, DOCUMENT, MODE = os.environ["BASE"], os.environ.get("DOCUMENT"), os.environ.get("MODE")
FIRST = os.environ["GENERATION"] == "1"
REDIRECT = "http://localhost:45123/callback"


def say(message):
    print(json.dumps(message), flush=True)


async def hear():
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


class Store:
    tokens = None
    info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.info

    async def set_client_info(self, info):
        self.info = info


async def opened(url):
    say({"open": url})


async def came_back():
    back = {name: values[0] for name, values in parse_qs(urlsplit(await hear()).query).items()}
    if FIRST:
        return back["code"], back["state"]
    from mcp.client.auth import AuthorizationCodeResult

    return AuthorizationCodeResult(code=back["code"], state=back["state"], iss=back["iss"])


@contextlib.asynccontextmanager
async def connected(auth):
    if FIRST:
        from mcp import ClientSession
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        async with create_mcp_http_client(auth=auth) as http:
            async with streamable_http_client(BASE + "/mcp", http_client=http) as (read, write, _):
                async with ClientSession(read, write) as client:
                    await client.initialize()
                    yield client
    else:
        from mcp import Client
        from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

        async with create_mcp_http_client(auth=auth) as http:
            transport = streamable_http_client(BASE + "/mcp", http_client=http)
            async with Client(transport, mode=MODE) as client:
                yield client


async def main():
    store = Store()
    metadata = OAuthClientMetadata(
        client_name="Test agent",
        redirect_uris=[REDIRECT],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    auth = OAuthClientProvider(
        server_url=BASE + "/mcp",
        client_metadata=metadata,
        storage=store,
        redirect_handler=opened,
        callback_handler=came_back,
        client_metadata_url=DOCUMENT or None,
    )
    at = {"provider": "github", "repository": "acme/storefront", "limit": 2}
    async with connected(auth) as client:
        async def call(name):
            result = await client.call_tool(name, at)
            return result.structuredContent if FIRST else result.structured_content

        tools = (await client.list_tools()).tools
        branches = await call("list_branches")
        used = store.tokens.refresh_token
        # Its time is over, as far as the client knows.
        auth.context.token_expiry_time = 1
        again = await call("list_branches")
        rotated = store.tokens.refresh_token not in (None, used)
        # Last: the first generation asks for what is missing alone, and has no more than that.
        more = await call("list_tags")
        say({
            "saw": {
                "tools": [tool.name for tool in tools],
                "branches": branches,
                "client": store.info.client_id,
                "more": more,
                "again": again,
                "rotated": rotated,
            },
        })
        await hear()
        await call("list_branches")


asyncio.run(main())
