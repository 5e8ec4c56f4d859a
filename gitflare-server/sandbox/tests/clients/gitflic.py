"""`gitflic` reads, through the emulated GitFlic, everything that the gateway reads.

The package knows one address of the service. Its requests go to the emulated one instead; nothing
else of it is changed.
"""

import json
import os
import sys

import requests

SERVICE = "https://api.gitflic.ru"
send = requests.Session.send


def rerouted(session, request, **options):
    assert request.url.startswith(SERVICE), request.url
    request.url = os.environ["API_URL"] + request.url.removeprefix(SERVICE)
    return send(session, request, **options)


requests.Session.send = rerouted

from gitflic import Gitflic, GitflicAuth  # noqa: E402
from gitflic.exceptions import AuthError, NotFound  # noqa: E402

OWNER, NAME = os.environ["REPOSITORY"].split("/")
lic = Gitflic(GitflicAuth(access_token=os.environ["TOKEN"]))
seen, failed = {}, []


def step(name, run):
    try:
        seen[name] = run()
    except Exception as error:
        failed.append(f"{name}: {error!r}")


def refused(kind, run):
    try:
        run()
    except kind:
        return True
    return False


def pages(method, key, size=7):
    """All rows of a list, in pages as its own numbers say."""
    rows, number = [], 0
    while True:
        page = lic.call(f"{method}{'&' if '?' in method else '?'}page={number}&size={size}")
        rows += page.get("_embedded", {}).get(key, [])
        about = page["page"]
        assert about["number"] == number, about
        number += 1
        if number >= about["totalPages"]:
            assert about["totalElements"] == len(rows), about
            return rows


R = f"/project/{OWNER}/{NAME}"
project = lic.reg_call("/project/{}/{}")
commit = lic.reg_call("/project/{}/{}/commit/{}")
head = pages(f"{R}/commits", "commitList")[0]["hash"]
step("viewer", lambda: [lic.call("/user/me")["username"], lic.call("/user/me")["fullName"]])
step("projects", lambda: len(pages("/project/my", "projectList")))
step("shared", lambda: len(pages("/project/shared", "projectList")))
step("project", lambda: project(OWNER, NAME)["alias"])
step("branches", lambda: [row["name"] for row in pages(f"{R}/branch", "branchList")])
step("tags", lambda: [row["name"] for row in pages(f"{R}/tag", "tagList", 1)])
step("commits", lambda: len(pages(f"{R}/commits", "commitList")))
step("commit", lambda: commit(OWNER, NAME, head)["hash"] == head)
step("changed files", lambda: len(lic.call(f"{R}/commit/{head}/file")) > 0)
step("merge requests", lambda: [row["localId"] for row in pages(f"{R}/merge-request/list", "mergeRequestModelList")])
step("merge request", lambda: lic.call(f"{R}/merge-request/1")["localId"])
step("releases", lambda: len(pages(f"{R}/release", "releaseTagModelList")))
step("pipelines", lambda: len(pages(f"{R}/cicd/pipeline", "restPipelineModelList")) > 0)
step("files", lambda: len(pages(f"{R}/files", "apiFileInfoTupleList", 100)) > 0)
step("whole tree", lambda: len(lic.call(f"{R}/blob/recursive?commitHash={head}")))
step("labels", lambda: [row["title"] for row in pages(f"{R}/labels", "labelList")])
step("forks", lambda: len(pages(f"{R}/forked", "projectList")))
step("people", lambda: [len(pages(f"{R}/{rest}", "userList")) for rest in ("stars", "followers", "users-can-be-assigned")])
step("unknown", lambda: refused(NotFound, lambda: project(OWNER, "nothing")))
step("refused", lambda: refused(AuthError, lambda: GitflicAuth(access_token="wrong")))
json.dump({"seen": seen, "failed": failed}, sys.stdout)
