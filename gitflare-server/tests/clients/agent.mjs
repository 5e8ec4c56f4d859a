// The official TypeScript client of the Model Context Protocol reads a sandbox.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const headers = { authorization: `Bearer ${process.env.TOOL_TOKEN}` };
const transport = new StreamableHTTPClientTransport(new URL(process.env.ADDRESS), { requestInit: { headers } });
const client = new Client({ name: "a test", version: "1" });
await client.connect(transport);
const { tools } = await client.listTools();
const where = { provider: "local", repository: "acme/storefront" };
const call = (name, more) => client.callTool({ name, arguments: { ...where, ...more } });
const commits = await call("list_commits", { limit: 3 });
const wrong = await call("list_commits", { limit: 0 });
const file = await call("get_file", { path: "README.md", startLine: 1, endLine: 1 });
console.log(
  JSON.stringify({
    server: client.getServerVersion().name,
    says: client.getInstructions().includes("data"),
    tools: tools.map((tool) => tool.name),
    "read only": tools.every((tool) => tool.annotations.readOnlyHint),
    rows: commits.structuredContent.data.length,
    same: JSON.stringify(JSON.parse(commits.content[0].text)) === JSON.stringify(commits.structuredContent),
    wrong: [wrong.isError, JSON.parse(wrong.content[0].text).error.code],
    line: file.structuredContent.data.content.startsWith("# "),
  }),
);
await client.close();
