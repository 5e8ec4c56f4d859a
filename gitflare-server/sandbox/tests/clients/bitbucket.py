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


def comments():
    rows = list(pull.comments(sort="created_on"))
    shown = [row for row in rows if not row.get_data("deleted")]
    asked = list(pull.comments(q="deleted = false"))
    inline = [row.get_data("inline")["path"] for row in shown if row.get_data("inline")]
    return [len(rows) - len(shown), len(asked) == len(shown), len(inline), all(row.raw and row.user.nickname for row in shown)]


def participants():
    return sorted([row.is_reviewer, row.has_changes_requested, row.has_approved] for row in pull.participants())


def contents():
    text = repository.get_source_file("main", "README.md")
    meta = cloud.get(f"repositories/{WORKSPACE}/{NAME}/src/{newest.hash}/README.md", params={"format": "meta"})
    return [meta["type"], meta["size"] == len(text)]


def compare():
    topic = repository.branches.get("feature/search").hash
    base = repository.get(f"merge-base/{newest.hash}..{topic}")["hash"]
    ahead = list(repository.commits.each(include=newest.hash, exclude=topic))
    text = str(repository.get(f"diff/{newest.hash}..{base}", params={"topic": "false"}, not_json_response=True), "utf-8")
    files = repository.get(f"diffstat/{newest.hash}..{base}")["values"]
    return [len(ahead), len(files) > 0, text.count("diff --git ") == len(files)]


def people():
    members = list(workspace.members.each())
    # The client hands accounts of members on as they come.
    first = members[0].user["uuid"]
    named = workspace.members.get(first)
    granted = list(workspace.permissions.each())
    return [len(members), named.user["uuid"] == first, sorted(row.permission for row in granted)]


def grants():
    of_all = list(workspace.permissions.repositories())
    of_one = list(workspace.permissions.repositories(NAME))
    return [len(of_all), [row.permission for row in of_one]]


def projects():
    rows = list(workspace.projects.each())
    one = workspace.projects.get(rows[0].key)
    return [[row.key for row in rows], one.name, len(list(one.repositories.each()))]


def pipelines():
    rows = list(repository.pipelines.each())
    one = repository.pipelines.get(rows[0].uuid)
    return [len(rows) > 0, one.build_number == rows[0].build_number, len(list(one.steps()))]


def single_rows():
    commit = repository.commits.get(newest.hash)
    build = next(commit.builds())
    environment = repository.deployment_environments.each()[0]
    comment = next(iter(pull.comments(sort="created_on")))
    alone = cloud.get(f"repositories/{WORKSPACE}/{NAME}/pullrequests/1/comments/{comment.get_data('id')}")
    return [
        commit.get_build(build.key).key == build.key, environment.name, alone["content"]["raw"] == comment.raw,
        repository.deployment_environments.get(environment.uuid).name == environment.name,
        1 in [row.id for row in repository.commits.get(pull.source_commit).get_pull_requests()],
    ]


def empty_lists():
    lists = [
        repository.default_reviewers.each(), repository.branch_restrictions.each(), repository.downloads.each(),
        repository.repository_variables.each(), repository.group_permissions.each(), newest.comments(), pull.tasks(),
    ]
    return [len(list(rows)) for rows in lists]


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
step("patch", lambda: pull.patch().startswith("From "))
step("builds of a pull request", lambda: sorted(row.key for row in pull.builds()))
step("commits of a pull request", lambda: len(list(pull.commits)))
step("comments", comments)
step("participants", participants)
step("contents", contents)
step("compare", compare)
step("one branch by query", lambda: [row.name for row in repository.branches.each(q='name ~ "search"')])
step("branches in order", lambda: [row.name for row in repository.branches.each(sort="-name")])
step("refused query", lambda: refused(400, lambda: list(repository.branches.each(q="name ="))))
step("diff", lambda: pull.diff().startswith("diff --git "))
step("files", lambda: len(repository.get_source_directory("main")["values"]) > 0)
step("environments", lambda: len(list(repository.deployment_environments.each())) > 0)
step("people", people)
step("grants", grants)
step("projects", projects)
step("pipelines", pipelines)
step("single rows", single_rows)
step("empty lists", empty_lists)
step("no issues", lambda: refused(404, lambda: list(repository.issues.each())))
step("activity", lambda: len(cloud.get(f"repositories/{WORKSPACE}/{NAME}/pullrequests/1/activity")["values"]) > 1)
step("refs", lambda: [row["type"] for row in cloud.get(f"repositories/{WORKSPACE}/{NAME}/refs")["values"]])
step("reviewers", lambda: list(pull.reviewers()))
step("hooks", lambda: hooks(repository))
step("unknown", lambda: refused(404, lambda: cloud.repositories.get(WORKSPACE, "nothing")))
step("refused", lambda: refused(401, lambda: connect("wrong").get("user")))
json.dump({"seen": seen, "failed": failed}, sys.stdout)
