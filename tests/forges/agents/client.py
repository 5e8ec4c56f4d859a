# The official client in Python (2.x): finds its token by itself, from the 401 on, and reads.
import asyncio, json, os
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

BASE = os.environ["BASE"]


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


async def walk(mode):
    store = Store()
    auth = ClientCredentialsOAuthProvider(
        server_url=BASE + "/mcp",
        storage=store,
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        issuer=BASE,
    )
    at = {"provider": "github", "repository": "acme/storefront"}
    async with create_mcp_http_client(auth=auth) as http:
        transport = streamable_http_client(BASE + "/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            tools = (await client.list_tools()).tools
            branches = await client.call_tool("list_branches", {**at, "limit": 2})
            file = await client.call_tool("get_file", {**at, "path": "src/payments.py", "endLine": 1})
            refused = await client.call_tool("get_file", {**at, "path": ".env"})
            wrong = await client.call_tool("list_branches", {**at, "limit": 0})
            every = []
            for tool, arguments in json.loads(os.environ["CALLS"]):
                answer = await client.call_tool(tool, arguments)
                every.append([answer.is_error, answer.structured_content])
            return {
                "every": every,
                "revision": client.protocol_version,
                "server": client.server_info and client.server_info.name,
                "tools": len(tools),
                "token": store.tokens.access_token[:6],
                "branches": branches.structured_content,
                "file": file.structured_content["data"]["content"],
                "refused": [refused.is_error, json.loads(refused.content[0].text)["error"]["code"]],
                "wrong": [wrong.is_error, json.loads(wrong.content[0].text)["error"]["code"]],
            }


async def main():
    print(json.dumps([await walk(mode) for mode in ["auto", "legacy", "2026-07-28"]]))


asyncio.run(main())
