"""Holds answers of the emulated GitHub to GitHub's published description of its API."""

import json
import os
import sys

import requests
from jsonschema import Draft202012Validator

API, NAME = os.environ["API_URL"], os.environ["REPOSITORY"]
HEADERS = {"authorization": f"Bearer {os.environ['TOKEN']}"}
with open(os.environ["DESCRIPTION"], encoding="utf-8") as file:
    DESCRIPTION = json.load(file)

OPERATIONS = [
    ("/user", {}),
    ("/user/repos", {}),
    ("/user/installations", {}),
    ("/user/installations/{installation_id}/repositories", {"installation_id": "61"}),
    ("/rate_limit", {}),
    ("/repos/{owner}/{repo}", {}),
    ("/repos/{owner}/{repo}/branches", {}),
    ("/repos/{owner}/{repo}/branches/{branch}", {"branch": "main"}),
    ("/repos/{owner}/{repo}/tags", {}),
    ("/repos/{owner}/{repo}/contributors", {"?": "anon=1"}),
    ("/repos/{owner}/{repo}/commits", {}),
    ("/repos/{owner}/{repo}/commits/{ref}", {"ref": "main"}),
    ("/repos/{owner}/{repo}/commits/{ref}/check-runs", {"ref": "main"}),
    ("/repos/{owner}/{repo}/commits/{ref}/status", {"ref": "main"}),
    ("/repos/{owner}/{repo}/pulls", {"?": "state=all"}),
    ("/repos/{owner}/{repo}/pulls/{pull_number}", {"pull_number": "1"}),
    ("/repos/{owner}/{repo}/pulls/{pull_number}/files", {"pull_number": "1"}),
    ("/repos/{owner}/{repo}/releases", {}),
    ("/repos/{owner}/{repo}/deployments", {}),
    ("/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", {"deployment_id": "701"}),
    ("/repos/{owner}/{repo}/git/trees/{tree_sha}", {"tree_sha": "main"}),
    ("/repos/{owner}/{repo}/git/blobs/{file_sha}", {}),
    ("/repos/{owner}/{repo}/hooks", {}),
]


def nullable(node):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [nullable(part) for part in node]
    if not isinstance(node, dict):
        return node
    node = {name: nullable(part) for name, part in node.items()}
    if node.pop("nullable", False) is True:
        if "enum" in node:
            node["enum"] = [*node["enum"], None]
        return {"anyOf": [node, {"type": "null"}]}
    return node


def ask(path):
    answer = requests.get(API + path, headers=HEADERS, timeout=30)
    return answer.status_code, answer.json()


COMPONENTS = nullable(DESCRIPTION["components"])
owner, repo = NAME.split("/")
_, readme = ask(f"/repos/{NAME}/git/trees/main")
readme = next(row["sha"] for row in readme["tree"] if row["path"] == "README.md")
requests.post(
    f"{API}/repos/{NAME}/hooks",
    headers=HEADERS,
    json={"config": {"url": "http://127.0.0.1:1/", "content_type": "json"}},
    timeout=30,
)
checked, failed = 0, []
for template, values in OPERATIONS:
    path = template.replace("{owner}", owner).replace("{repo}", repo)
    path = path.replace("{file_sha}", readme)
    for name, value in values.items():
        path = path.replace("{" + name + "}", value)
    path += "?" + values["?"] if "?" in values else ""
    status, body = ask(path)
    answers = DESCRIPTION["paths"].get(template, {}).get("get", {}).get("responses", {})
    content = answers.get(str(status), {}).get("content", {}).get("application/json")
    if content is None:
        failed.append(f"{template}: {status} is not described")
        continue
    schema = {**nullable(content["schema"]), "components": COMPONENTS}
    errors = Draft202012Validator(schema).iter_errors(body)
    failed += [f"{template}: {error.json_path}: {error.message[:200]}" for error in errors][:5]
    checked += 1
json.dump({"seen": {"checked": checked}, "failed": failed}, sys.stdout)
