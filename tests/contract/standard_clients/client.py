"""Authlib as it is: the authorization response, the code grant with PKCE, introspection and
revocation. Told what to do by the environment; any surprise ends it."""

import json
import os

from authlib.integrations.requests_client import OAuth2Session

issuer = os.environ["ISSUER"]
callback = os.environ["CALLBACK"]
session = OAuth2Session(
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    redirect_uri=callback.split("?")[0],
    code_challenge_method="S256",
)
token = session.fetch_token(
    issuer + "/oauth/token",
    authorization_response=callback,
    state=os.environ["STATE"],
    code_verifier=os.environ["VERIFIER"],
)


def introspect():
    answer = session.introspect_token(issuer + "/oauth/introspect", token["access_token"])
    return answer.json()["active"]


before = introspect()
session.revoke_token(issuer + "/oauth/revoke", token["access_token"]).raise_for_status()
after = introspect()
print(json.dumps({"scope": token["scope"], "type": token["token_type"], "before": before, "after": after}))
