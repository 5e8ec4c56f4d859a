// The official client in TypeScript (1.x): finds its token by itself, from the 401 on, and reads.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ClientCredentialsProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { BASE, CLIENT_ID, CLIENT_SECRET } = process.env;
const authProvider = new ClientCredentialsProvider({
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  expectedIssuer: BASE,
});
const transport = new StreamableHTTPClientTransport(new URL(`${BASE}/mcp`), { authProvider });
const client = new Client({ name: "test", version: "1" });
await client.connect(transport);
const at = { provider: "github", repository: "acme/storefront" };
const call = (name, more) => client.callTool({ name, arguments: { ...at, ...more } });
const { tools } = await client.listTools();
const branches = await call("list_branches", { limit: 2 });
const file = await call("get_file", { path: "src/payments.py", endLine: 1 });
const refused = await call("get_file", { path: ".env" });
const wrong = await call("list_branches", { limit: 0 });
const every = [];
for (const [name, args] of JSON.parse(process.env.CALLS)) {
  const answer = await client.callTool({ name, arguments: args });
  every.push([answer.isError, answer.structuredContent ?? null]);
}
const code = (result) => [result.isError, JSON.parse(result.content[0].text).error.code];
console.log(JSON.stringify([{
  every,
  revision: transport.protocolVersion,
  server: client.getServerVersion().name,
  tools: tools.length,
  token: authProvider.tokens().access_token.slice(0, 6),
  branches: branches.structuredContent,
  file: file.structuredContent.data.content,
  refused: code(refused),
  wrong: code(wrong),
}]));
await client.close();
