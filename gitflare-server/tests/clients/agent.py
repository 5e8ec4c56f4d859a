"""The official Python client of the Model Context Protocol reads a sandbox, in each revision that it speaks."""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

ADDRESS = os.environ["ADDRESS"]
HEADERS = {"authorization": f"Bearer {os.environ['TOOL_TOKEN']}"}


async def walk(mode):
    async with httpx2.AsyncClient(headers=HEADERS, follow_redirects=True) as http:
        async with Client(streamable_http_client(ADDRESS, http_client=http), mode=mode) as client:
            tools = (await client.list_tools()).tools
            where = {"provider": "local", "repository": "acme/storefront"}
            commits = await client.call_tool("list_commits", {**where, "limit": 3})
            text = json.loads(commits.content[0].text)
            wrong = await client.call_tool("list_commits", {**where, "limit": 0})
            file = await client.call_tool("get_file", {**where, "path": "README.md", "startLine": 1, "endLine": 1})
            return {
                "protocol": client.protocol_version,
                "server": client.server_info.name,
                "says": "data" in client.instructions,
                "tools": [tool.name for tool in tools],
                "read only": all(tool.annotations.read_only_hint for tool in tools),
                "rows": len(commits.structured_content["data"]),
                "same": text == commits.structured_content,
                "wrong": [wrong.is_error, json.loads(wrong.content[0].text)["error"]["code"]],
                "line": file.structured_content["data"]["content"].startswith("# "),
            }


json.dump({mode: asyncio.run(walk(mode)) for mode in ("auto", "legacy")}, sys.stdout)
