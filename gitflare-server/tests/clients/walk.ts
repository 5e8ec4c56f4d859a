// A walk through a sandbox with the client that `gitflare openapi --typescript` has written.
import { type Commit, GitFlare, GitFlareError, type IssuedToken, items, pages } from "./gitflare.js";

const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is unset`);
  return value;
};

let refused = 0;
const counting: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init);
  if (answer.status === 429) refused += 1;
  return answer;
};

const operator = new GitFlare({
  baseUrl: env("API"),
  token: env("TOKEN"),
  adminKey: env("ADMIN_KEY"),
  clientId: env("CLIENT_ID"),
  clientSecret: () => env("CLIENT_SECRET"),
});
const context = await operator.tokenContext();
const tenantId = context.tenant.id;
const issued: IssuedToken = await operator.token({ grant_type: "client_credentials", tenant_id: tenantId });
const client = new GitFlare({ baseUrl: `${env("API")}/`, token: async () => issued.access_token, fetch: counting });

const commits: Commit[] = [];
let pageCount = 0;
for await (const page of pages((cursor) => client.commits("local", "acme/storefront", { cursor, limit: 5 }))) {
  pageCount += 1;
  commits.push(...page.data);
}
const names = new Set<string>();
for await (const repository of items((cursor) => client.repositories({ cursor, limit: 100, provider: "local" }))) {
  names.add(repository.fullName);
}
const leak = commits.find((commit) => commit.title === env("LEAK"));
const diff = await client.commitDiff("local", "acme/storefront", leak?.sha ?? "");
const readme = await client.file("local", "acme/storefront", { path: "README.md" });

const grants: string[] = [];
for await (const grant of items((cursor) => operator.grants({ cursor, limit: 2, tenantId }))) grants.push(grant.id);

const github = [];
for await (const repository of items((cursor) => client.repositories({ cursor, provider: "github" }))) {
  github.push(repository);
}
const made = await client.subscribe("github", github[0]?.id ?? "", {
  callbackUrl: env("CALLBACK"),
  events: ["push"],
});
const subscriptions = (await client.subscriptions()).data.map((it) => it.id);
await client.unsubscribe(made.data.id);
const left = (await client.subscriptions()).data.filter((it) => it.id === made.data.id).length;

const failed = async (call: Promise<unknown>): Promise<GitFlareError> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof GitFlareError) return error;
  }
  throw new Error("it did not fail as it has to");
};
const wrong = await failed(client.repositories({ limit: 0 }));
const nowhere = await failed(new GitFlare({ baseUrl: "http://127.0.0.1:1", retries: 0 }).viewers());

const patient = refused;
for (let read = 0; read < 200 && refused === patient; read += 1) {
  await client.repository("local", "acme/storefront");
}
const hasty = new GitFlare({ baseUrl: env("API"), token: issued.access_token, retries: 0 });
let limited: GitFlareError | null = null;
for (let read = 0; read < 200 && limited === null; read += 1) {
  try {
    await hasty.repository("local", "acme/storefront");
  } catch (error) {
    if (!(error instanceof GitFlareError)) throw error;
    limited = error;
  }
}
await operator.revoke({ token: issued.access_token });
const ended = await failed(client.viewers());

console.log(
  JSON.stringify({
    pages: pageCount,
    commits: commits.length,
    distinct: new Set(commits.map((commit) => commit.sha)).size,
    names: [...names],
    redacted: diff.data.firewall.redactedSecrets,
    readme: readme.data.content?.startsWith("#"),
    grants: new Set(grants).size,
    subscribed: subscriptions.includes(made.data.id),
    left,
    wrong: [wrong.code, wrong.status, wrong.retryable, wrong.retryAfterSeconds],
    nowhere: [nowhere.code, nowhere.status, nowhere.retryable],
    repeated: refused - patient > 0,
    limited: [limited?.code, limited?.retryable, (limited?.retryAfterSeconds ?? 0) > 0],
    ended: ended.code,
  }),
);
