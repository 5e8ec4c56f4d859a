import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { env: Record<string, string | undefined> };

const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is unset`);
  return value;
};

const issuer = env("ISSUER");
const client = createClient<paths>({ baseUrl: issuer });

const issued = await client.POST("/oauth/token", {
  body: {
    grant_type: "client_credentials",
    client_id: env("CLIENT_ID"),
    client_secret: env("CLIENT_SECRET"),
  },
});
if (issued.data === undefined) throw new Error(JSON.stringify(issued.error));
const token: components["schemas"]["IssuedToken"] = issued.data;
const headers = { authorization: `Bearer ${token.accessToken}` };

const repositories = await client.GET("/v1/repositories", {
  headers,
  params: { query: { limit: 2 } },
});
if (repositories.data === undefined) throw new Error(JSON.stringify(repositories.error));
const first = repositories.data.data[0];
if (first === undefined) throw new Error("no repository");
const name: string = first.fullName;
const createdAt: string | null = first.createdAt ?? null;

const commits = await client.GET("/v1/repositories/{provider}/{repoId}/commits", {
  headers,
  params: {
    path: { provider: first.provider, repoId: first.id },
    query: { limit: 1, branch: "main" },
  },
});
const commit = commits.data?.data[0];
const author: string | null | undefined = commit?.author?.name;

const subscriptions = await client.GET("/v1/subscriptions", { headers });
const refused = await client.GET("/v1/repositories", {
  headers,
  params: { query: { limit: 0 } },
});
const code: components["schemas"]["ErrorDetail"]["code"] | undefined = refused.error?.error.code;

console.log(
  JSON.stringify({
    type: token.token_type,
    name,
    createdAt,
    sha: commit?.sha,
    author,
    subscriptions: subscriptions.data?.data.length,
    code,
  }),
);
