"""A walk through a sandbox with the client that `gitflare openapi --python` has written."""

import json
import os
import urllib.request

from gitflare import Commit, GitFlare, GitFlareError, IssuedToken, items, pages

API = os.environ["API"]
refused = 0


class Counting(GitFlare):
    def _send(self, request: urllib.request.Request) -> tuple[int, bytes]:
        global refused
        status, text = super()._send(request)
        refused += status == 429
        return status, text


operator = GitFlare(
    API,
    token=os.environ["TOKEN"],
    admin_key=os.environ["ADMIN_KEY"],
    client_id=os.environ["CLIENT_ID"],
    client_secret=lambda: os.environ["CLIENT_SECRET"],
)
tenant_id = operator.token_context()["tenant"]["id"]
issued: IssuedToken = operator.token({"grant_type": "client_credentials", "tenant_id": tenant_id})
client = Counting(API + "/", token=lambda: issued["access_token"])

commits: list[Commit] = []
page_count = 0
for page in pages(lambda cursor: client.commits("local", "acme/storefront", cursor=cursor, limit=5)):
    page_count += 1
    commits.extend(page["data"])
repositories = items(lambda cursor: client.repositories(cursor=cursor, limit=100, provider="local"))
names = {repository["fullName"] for repository in repositories}
[leak] = [commit for commit in commits if commit["title"] == os.environ["LEAK"]]
diff = client.commit_diff("local", "acme/storefront", leak["sha"])
readme = client.file("local", "acme/storefront", path="README.md")
grants = {
    grant["id"] for grant in items(lambda cursor: operator.grants(cursor=cursor, limit=2, tenant_id=tenant_id))
}
github = next(items(lambda cursor: client.repositories(cursor=cursor, provider="github")))
made = client.subscribe(
    "github", github["id"], {"callbackUrl": os.environ["CALLBACK"], "events": ["push"]}
)
subscriptions = [it["id"] for it in client.subscriptions()["data"]]
client.unsubscribe(made["data"]["id"])
left = sum(it["id"] == made["data"]["id"] for it in client.subscriptions()["data"])

wrong: GitFlareError | None = None
nowhere: GitFlareError | None = None
limited: GitFlareError | None = None
ended: GitFlareError | None = None
try:
    client.repositories(limit=0)
except GitFlareError as error:
    wrong = error
try:
    GitFlare("http://127.0.0.1:1", retries=0).viewers()
except GitFlareError as error:
    nowhere = error
assert wrong and nowhere

patient = refused
for _ in range(200):
    client.repository("local", "acme/storefront")
    if refused > patient:
        break
hasty = GitFlare(API, token=issued["access_token"], retries=0)
for _ in range(200):
    try:
        hasty.repository("local", "acme/storefront")
    except GitFlareError as error:
        limited = error
        break
assert limited
operator.revoke({"token": issued["access_token"]})
try:
    client.viewers()
except GitFlareError as error:
    ended = error
assert ended

content = readme["data"]["content"]
print(
    json.dumps(
        {
            "pages": page_count,
            "commits": len(commits),
            "distinct": len({commit["sha"] for commit in commits}),
            "names": sorted(names),
            "redacted": diff["data"]["firewall"]["redactedSecrets"],
            "readme": content is not None and content.startswith("#"),
            "grants": len(grants),
            "subscribed": made["data"]["id"] in subscriptions,
            "left": left,
            "wrong": [wrong.code, wrong.status, wrong.retryable, wrong.retry_after_seconds],
            "nowhere": [nowhere.code, nowhere.status, nowhere.retryable],
            "repeated": refused > patient,
            "limited": [limited.code, limited.retryable, (limited.retry_after_seconds or 0) > 0],
            "ended": ended.code,
        }
    )
)
