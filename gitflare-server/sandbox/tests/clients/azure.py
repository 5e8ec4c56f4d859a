"""azure-devops (Microsoft's client) reads, through the emulated Azure DevOps, everything that the
gateway reads. It asks the host first where its resources are.
"""

import json
import os
import sys

from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsAuthenticationError, AzureDevOpsServiceError
from azure.devops.v7_1.git.models import (
    GitBaseVersionDescriptor,
    GitPullRequestSearchCriteria,
    GitQueryCommitsCriteria,
    GitTargetVersionDescriptor,
    GitVersionDescriptor,
)
from azure.devops.v7_1.service_hooks.models import Subscription
from msrest.authentication import BasicAuthentication

ORGANIZATION, NAME = os.environ["REPOSITORY"].split("/")
PROJECT = "Web Shop"
seen, failed = {}, []


def connect(token):
    return Connection(f"{os.environ['WEB_URL']}/{ORGANIZATION}", BasicAuthentication("", token))


clients = connect(os.environ["TOKEN"]).clients_v7_1
git = clients.get_git_client()


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


def viewer():
    profile = clients.get_profile_client().get_profile("me")
    connection = clients.get_location_client().get_connection_data()
    user = connection.authenticated_user
    return [profile.id == user.id, user.provider_display_name]


def refs(prefix, **more):
    # The client forgets the token of the next page: everything is asked for at once.
    return git.get_refs(repository.id, PROJECT, filter=prefix, **more)


def commits(branch=None):
    at = GitVersionDescriptor(version=branch, version_type="branch") if branch else None
    rows = []
    while True:
        wanted = GitQueryCommitsCriteria(item_version=at, top=10, skip=len(rows))
        page = git.get_commits(repository.id, wanted, PROJECT)
        rows += page
        if len(page) < 10:
            return rows


def pulls(status):
    wanted = GitPullRequestSearchCriteria(status=status)
    return [row.pull_request_id for row in git.get_pull_requests(repository.id, wanted, PROJECT, top=100)]


def changes():
    head = git.get_commit(newest.commit_id, repository.id, PROJECT)
    found = git.get_commit_diffs(
        repository.id,
        PROJECT,
        diff_common_commit=False,
        top=100,
        base_version_descriptor=GitBaseVersionDescriptor(base_version=head.parents[0], base_version_type="commit"),
        target_version_descriptor=GitTargetVersionDescriptor(target_version=head.commit_id, target_version_type="commit"),
    )
    return len(found.changes) > 0


def branch_stats():
    rows = git.get_branches(repository.id, PROJECT)
    one = git.get_branch(repository.id, "feature/search", PROJECT)
    return [sorted(row.name for row in rows), [row.name for row in rows if row.is_base_version], one.ahead_count, one.behind_count]


def annotated_tags():
    rows = [row for row in refs("tags/", peel_tags=True) if row.peeled_object_id]
    tags = [git.get_annotated_tag(PROJECT, repository.id, row.object_id) for row in rows]
    return [len(tags) > 0, all(tag.tagged_object.object_id == row.peeled_object_id for tag, row in zip(tags, rows))]


def heads():
    return {row.name: row.object_id for row in refs("heads/")}


def merge_bases():
    at = heads()
    main, topic = at["refs/heads/main"], at["refs/heads/feature/search"]
    return [len(git.get_merge_bases(repository.id, main, topic, PROJECT)), between(True).common_commit is not None]


def between(from_common):
    return git.get_commit_diffs(
        repository.id,
        PROJECT,
        diff_common_commit=from_common,
        base_version_descriptor=GitBaseVersionDescriptor(base_version="main", base_version_type="branch"),
        target_version_descriptor=GitTargetVersionDescriptor(target_version="feature/search", target_version_type="branch"),
    )


def branches_compared():
    common, ends = between(True), between(False)
    at = heads()
    return [common.behind_count, common.target_commit == at["refs/heads/feature/search"], len(ends.changes) > len(common.changes)]


def iterations():
    newest = max(git.get_pull_request_iterations(repository.id, 1, PROJECT), key=lambda row: row.id)
    found = git.get_pull_request_iteration_changes(repository.id, 1, newest.id, PROJECT, top=100, compare_to=0)
    return len(found.change_entries) > 0


def content():
    at = GitVersionDescriptor(version="main", version_type="branch")
    root = git.get_items(repository.id, PROJECT, scope_path="/", version_descriptor=at)[0]
    tree = git.get_tree(repository.id, root.object_id, PROJECT, recursive=True)
    blob = next(row for row in tree.tree_entries if row.git_object_type == "blob")
    bytes_of = b"".join(git.get_blob_content(repository.id, blob.object_id, PROJECT))
    asked = git.get_items(repository.id, PROJECT, scope_path="/", recursion_level="full", version_descriptor=at)
    return [len(tree.tree_entries), len(bytes_of) == blob.size, len(asked) - len(tree.tree_entries)]


def items():
    # Neither asks for a form of the answer but by what it accepts.
    one = git.get_item(repository.id, "README.md", PROJECT)
    listed = git.get_items(repository.id, PROJECT, scope_path="/README.md")
    text = b"".join(git.get_item_content(repository.id, "README.md", PROJECT))
    return [one.path, [row.path for row in listed], one.object_id == listed[0].object_id, len(text) > 0]


def discussion():
    threads = git.get_threads(repository.id, 1, PROJECT)
    votes = [row.vote for row in git.get_pull_request_reviewers(repository.id, 1, PROJECT)]
    commits_of = git.get_pull_request_commits(repository.id, 1, PROJECT)
    assert git.get_pull_request_thread(repository.id, 1, threads[0].id, PROJECT).id == threads[0].id
    return [all(row.comments[0].content for row in threads if row.comments), 10 in votes, len(commits_of)]


def hooks():
    service = clients.get_service_hooks_client()
    wish = Subscription(
        publisher_id="tfs",
        event_type="git.push",
        resource_version="1.0",
        consumer_id="webHooks",
        consumer_action_id="httpRequest",
        publisher_inputs={"projectId": repository.project.id, "repository": repository.id},
        consumer_inputs={"url": "http://127.0.0.1:1/hook", "basicAuthUsername": "me", "basicAuthPassword": "x"},
    )
    made = service.create_subscription(wish)
    listed = [row.id for row in service.list_subscriptions()]
    assert service.get_subscription(made.id).id == made.id
    service.delete_subscription(made.id)
    return [listed == [made.id], [row.id for row in service.list_subscriptions()]]


repository = git.get_repository(NAME, PROJECT)
newest = commits()[0]
step("viewer", viewer)
step("projects", lambda: [row.name for row in clients.get_core_client().get_projects()])
step("project", lambda: clients.get_core_client().get_project(PROJECT).id == repository.project.id)
step("repositories", lambda: len(git.get_repositories()))
step("repositories of a project", lambda: len(git.get_repositories(PROJECT)))
step("repository", lambda: git.get_repository(repository.id).name)
step("branches", lambda: [row.name for row in refs("heads/")])
step("tags", lambda: [bool(row.peeled_object_id) for row in refs("tags/", peel_tags=True)])
step("branch stats", branch_stats)
step("annotated tags", annotated_tags)
step("merge bases", merge_bases)
step("branches compared", branches_compared)
step("commits", lambda: len(commits()))
step("commits of a branch", lambda: len(commits("feature/search")))
step("changed files", changes)
step("statuses", lambda: len(git.get_statuses(newest.commit_id, repository.id, PROJECT, latest_only=True)) > 0)
step("pull requests", lambda: pulls("all"))
step("merged pull requests", lambda: pulls("completed"))
step("pull request", lambda: git.get_pull_request(repository.id, 1, PROJECT).pull_request_id)
step("pull request by its number", lambda: git.get_pull_request_by_id(1, PROJECT).pull_request_id)
step("changes of a pull request", iterations)
step("content", content)
step("items", items)
step("discussion", discussion)
step("forks", lambda: [row.name for row in git.get_forks(
    repository.id, clients.get_location_client().get_connection_data().instance_id, PROJECT
)])
step("hooks", hooks)
step("unknown", lambda: refused(AzureDevOpsServiceError, lambda: git.get_repository("nothing", PROJECT)))
step("refused", lambda: refused(
    AzureDevOpsAuthenticationError, lambda: connect("wrong").clients_v7_1.get_service_hooks_client().list_subscriptions()
))
json.dump({"seen": seen, "failed": failed}, sys.stdout)
