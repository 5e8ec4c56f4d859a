"""A client that openapi-python-client has made of the document: a token request, reads, a list of
subscriptions and a refusal, all by typed members. Told what to do by the environment."""

import json
import os

from client import AuthenticatedClient
from client.api.o_auth_and_tokens import post_oauth_token
from client.api.unified_reads import commits_list, get_v1_subscriptions, repositories_list
from client.models import Error, IssuedToken, TokenRequest
from client.models.token_request_grant_type_type_1 import TokenRequestGrantTypeType1

issuer = os.environ["ISSUER"]
token = post_oauth_token.sync(
    client=AuthenticatedClient(base_url=issuer, token="none"),
    body=TokenRequest(
        grant_type=TokenRequestGrantTypeType1.CLIENT_CREDENTIALS,
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
    ),
)
assert isinstance(token, IssuedToken), token
reader = AuthenticatedClient(base_url=issuer, token=token.access_token)
repositories = repositories_list.sync(client=reader, limit=2)
first = repositories.data[0]
commits = commits_list.sync(first.provider, first.id, client=reader, limit=1, branch="main")
commit = commits.data[0]
subscriptions = get_v1_subscriptions.sync(client=reader)
refused = repositories_list.sync(client=reader, limit=0)
assert isinstance(refused, Error), refused
print(
    json.dumps(
        {
            "type": token.token_type,
            "name": first.full_name,
            "createdAt": first.created_at and str(first.created_at),
            "sha": commit.sha,
            "author": commit.author and commit.author.name,
            "subscriptions": len(subscriptions.data),
            "code": refused.error.code.value,
        }
    )
)
