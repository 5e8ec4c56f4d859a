# The official client in Python (1.x): finds its token by itself, from the 401 on, and reads.
import asyncio, json, os
from mcp import ClientSession
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

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


async def main():
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
        async with streamable_http_client(BASE + "/mcp", http_client=http) as (read, write, _):
            async with ClientSession(read, write) as client:
                begun = await client.initialize()
                tools = (await client.list_tools()).tools
                branches = await client.call_tool("list_branches", {**at, "limit": 2})
                file = await client.call_tool("get_file", {**at, "path": "src/payments.py", "endLine": 1})
                refused = await client.call_tool("get_file", {**at, "path": ".env"})
                wrong = await client.call_tool("list_branches", {**at, "limit": 0})
                every = []
                for tool, arguments in json.loads(os.environ["CALLS"]):
                    answer = await client.call_tool(tool, arguments)
                    every.append([answer.isError, answer.structuredContent])
    print(json.dumps([{
        "every": every,
        "revision": begun.protocolVersion,
        "server": begun.serverInfo.name,
        "tools": len(tools),
        "token": store.tokens.access_token[:6],
        "branches": branches.structuredContent,
        "file": file.structuredContent["data"]["content"],
        "refused": [refused.isError, json.loads(refused.content[0].text)["error"]["code"]],
        "wrong": [wrong.isError, json.loads(wrong.content[0].text)["error"]["code"]],
    }]))


asyncio.run(main())
