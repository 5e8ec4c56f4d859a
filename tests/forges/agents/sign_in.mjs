// The official clients in TypeScript (1.x and 2.x) with a person: sign-in by a browser, one more scope, a
// refreshed token, and what becomes of it when the person ends it. Whoever runs this is the browser: it
// reads addresses to open, and writes where they led back to.
import { createInterface } from "node:readline";

const { BASE, DOCUMENT, GENERATION, MODE } = process.env;
const parts = GENERATION === "2"
  ? ["@modelcontextprotocol/client"]
  : ["index", "streamableHttp", "auth"].map((name) => `@modelcontextprotocol/sdk/client/${name}.js`);
const sdk = Object.assign({}, ...(await Promise.all(parts.map((part) => import(part)))));
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = sdk;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async () => (await lines.next()).value;
const say = (message) => console.log(JSON.stringify(message));

const provider = {
  redirectUrl: "http://localhost:45123/callback",
  clientMetadataUrl: DOCUMENT || undefined,
  clientMetadata: {
    client_name: "Test agent",
    redirect_uris: ["http://localhost:45123/callback"],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    application_type: "native",
  },
  state: () => "state-1",
  clientInformation: () => provider.info,
  saveClientInformation: (info) => void (provider.info = info),
  tokens: () => provider.kept,
  saveTokens: (tokens) => void (provider.kept = tokens),
  codeVerifier: () => provider.verifier,
  saveCodeVerifier: (verifier) => void (provider.verifier = verifier),
  discoveryState: () => provider.discovery,
  saveDiscoveryState: (state) => void (provider.discovery = state),
  invalidateCredentials: () => void (provider.kept = undefined),
  redirectToAuthorization: (url) => void (provider.opened = url),
};

let client, transport;
function fresh() {
  transport = new StreamableHTTPClientTransport(new URL(`${BASE}/mcp`), { authProvider: provider });
  const mode = MODE === "2026-07-28" ? { pin: MODE } : MODE;
  client = new Client({ name: "test", version: "1" }, mode && { versionNegotiation: { mode } });
  return client.connect(transport);
}

// Runs a step, with the browser where the client asks for it.
async function withPerson(step) {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    say({ open: String(provider.opened) });
    const back = new URL(await hear()).searchParams;
    if (back.get("state") !== "state-1") throw new Error("another state");
    await transport.finishAuth(GENERATION === "2" ? back : back.get("code"));
    return await step();
  }
}

const at = { provider: "github", repository: "acme/storefront" };
const call = (name) => client.callTool({ name, arguments: { ...at, limit: 2 } });

await withPerson(fresh);
const { tools } = await client.listTools();
const branches = await call("list_branches");
const registered = provider.info.client_id;
let more;
try {
  more = (await withPerson(() => call("list_tags"))).structuredContent;
} catch (error) {
  more = String(error);
}
const used = provider.kept.refresh_token;
provider.kept = { ...provider.kept, access_token: `sggmt_${"0".repeat(49)}` };
const again = await call("list_branches");
say({
  saw: {
    tools: tools.map((tool) => tool.name),
    branches: branches.structuredContent,
    client: registered,
    more,
    again: again.structuredContent,
    rotated: provider.kept.refresh_token !== used && provider.kept.refresh_token.startsWith("sggrt_"),
  },
});
await hear();
await withPerson(() => call("list_branches"));
