"""atlassian-python-api reads, through the emulated Bitbucket, everything that the gateway reads."""

import json
import os
import sys

from atlassian.bitbucket import Cloud
from requests import HTTPError

WORKSPACE, NAME = os.environ["REPOSITORY"].split("/")
seen, failed = {}, []


def connect(token):
    return Cloud(os.environ["WEB_URL"], token=token, backoff_and_retry=False)


cloud = connect(os.environ["TOKEN"])


def step(name, run):
    try:
        seen[name] = run()
    except Exception as error:
        failed.append(f"{name}: {error!r}")


def refused(status, run):
    try:
        run()
    except HTTPError as error:
        return error.response.status_code == status
    return False


def viewer():
    user = cloud.get("user")
    return [user["nickname"], user["display_name"]]


def hooks(repository):
    hook = repository.hooks.create(
        "http://127.0.0.1:1/hook", "Tells", events=["repo:push", "pullrequest:created"]
    )
    made = hook.uuid()
    listed = [row.uuid() for row in repository.hooks.each()]
    hook.delete()
    return [listed == [made], [row.uuid() for row in repository.hooks.each()]]


workspace = cloud.workspaces.get(WORKSPACE)
repository = cloud.repositories.get(WORKSPACE, NAME)
newest = next(repository.commits.each())
pull = repository.pullrequests.get(1)
step("viewer", viewer)
step("workspaces", lambda: [row.slug for row in cloud.workspaces.each()])
step("repositories", lambda: len(list(workspace.repositories.each())))
step("repository", lambda: [repository.slug, repository.is_private])
step("branches", lambda: [row.name for row in repository.branches.each()])
step("branch", lambda: repository.branches.get("feature/search").name)
step("tags", lambda: [row.name for row in repository.tags.each(pagelen=1)])
step("commits", lambda: len(list(repository.commits.each())))
step("commits of a branch", lambda: len(list(repository.commits.each(include="feature/search"))))
step("commit", lambda: repository.commits.get(newest.hash).message == newest.message)
step("statuses", lambda: sorted(row["key"] for row in newest.statuses()))
step("open pull requests", lambda: [row.id for row in repository.pullrequests.each()])
step("merged pull requests", lambda: [row.id for row in repository.pullrequests.each(q='state="MERGED"')])
step("pull request", lambda: [pull.id, pull.is_open, pull.author.nickname])
step("changed files", lambda: len(list(pull.diffstat())) > 0)
step("diff", lambda: pull.diff().startswith("diff --git "))
step("files", lambda: len(repository.get_source_directory("main")["values"]) > 0)
step("environments", lambda: len(list(repository.deployment_environments.each())) > 0)
step("hooks", lambda: hooks(repository))
step("unknown", lambda: refused(404, lambda: cloud.repositories.get(WORKSPACE, "nothing")))
step("refused", lambda: refused(401, lambda: connect("wrong").get("user")))
json.dump({"seen": seen, "failed": failed}, sys.stdout)
