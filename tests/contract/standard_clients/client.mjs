// oauth4webapi as it is: metadata, the authorization response, the code grant with PKCE,
// introspection and revocation. Told what to do by the environment; any surprise ends it.
import * as oauth from "oauth4webapi";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, CALLBACK, STATE, VERIFIER } = process.env;
// The test's server is on loopback without TLS.
const insecure = { [oauth.allowInsecureRequests]: true };

const issuer = new URL(ISSUER);
const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure });
const server = await oauth.processDiscoveryResponse(issuer, found);
const client = { client_id: CLIENT_ID };

for (const authenticate of [oauth.ClientSecretBasic(CLIENT_SECRET), oauth.ClientSecretPost(CLIENT_SECRET)]) {
  const asked = await oauth.clientCredentialsGrantRequest(server, client, authenticate, {}, insecure);
  await oauth.processClientCredentialsResponse(server, client, asked);
}

const authenticate = oauth.ClientSecretBasic(CLIENT_SECRET);
const callback = new URL(CALLBACK);
const parameters = oauth.validateAuthResponse(server, client, callback, STATE);
const redirect = callback.origin + callback.pathname;
const answer = await oauth.authorizationCodeGrantRequest(
  server, client, authenticate, parameters, redirect, VERIFIER, insecure);
const token = await oauth.processAuthorizationCodeResponse(server, client, answer);

const introspect = async () => {
  const asked = await oauth.introspectionRequest(server, client, authenticate, token.access_token, insecure);
  return (await oauth.processIntrospectionResponse(server, client, asked)).active;
};
const before = await introspect();
const revoked = await oauth.revocationRequest(server, client, authenticate, token.access_token, insecure);
await oauth.processRevocationResponse(revoked);
const after = await introspect();
console.log(JSON.stringify({ scope: token.scope, type: token.token_type, before, after }));
