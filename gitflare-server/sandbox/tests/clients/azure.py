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
    GitItemDescriptor,
    GitItemRequestData,
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


def pull_request_in_parts():
    number = 1
    newest_one = max(row.id for row in git.get_pull_request_iterations(repository.id, number, PROJECT))
    one = git.get_pull_request_iteration(repository.id, number, newest_one, PROJECT)
    of_it = git.get_pull_request_iteration_commits(repository.id, number, newest_one, PROJECT)
    all_commits = git.get_pull_request_commits(repository.id, number, PROJECT)
    return [one.id == newest_one, [row.commit_id for row in of_it] == [row.commit_id for row in all_commits]]


def pull_request_around():
    at = (repository.id, 1)
    states = [row.state for row in git.get_pull_request_statuses(*at, PROJECT)]
    first = git.get_pull_request_status(*at, 1, PROJECT)
    of_iteration = git.get_pull_request_iteration_statuses(*at, 2, PROJECT)
    empty = [
        git.get_pull_request_labels(*at, PROJECT),
        git.get_attachments(*at, PROJECT),
        git.get_pull_request_work_item_refs(*at, PROJECT),
        git.get_pull_request_properties(*at, PROJECT) or [],
    ]
    person = git.get_pull_request_reviewers(*at, PROJECT)[0]
    assert git.get_pull_request_reviewer(*at, person.id, PROJECT).vote == person.vote
    return [len(states), first.state == states[0], len(of_iteration), sum(len(rows) for rows in empty if isinstance(rows, list))]


def threads_in_parts():
    thread = next(row for row in git.get_threads(repository.id, 1, PROJECT) if len(row.comments) > 1)
    rows = git.get_comments(repository.id, 1, thread.id, PROJECT)
    one = git.get_comment(repository.id, 1, thread.id, rows[1].id, PROJECT)
    likes = git.get_likes(repository.id, 1, thread.id, one.id, PROJECT)
    return [len(rows) == len(thread.comments), one.parent_comment_id, len(likes)]


def of_the_project():
    wanted = GitPullRequestSearchCriteria(status="all")
    numbers = [row.pull_request_id for row in git.get_pull_requests_by_project(PROJECT, wanted, top=1000)]
    gone = git.get_deleted_repositories(PROJECT) + git.get_recycle_bin_repositories(PROJECT)
    return [set(pulls("all")) <= set(numbers), len(numbers) == len(set(numbers)), len(gone)]


def in_batches():
    at = GitVersionDescriptor(version="main", version_type="branch")
    rows = git.get_commits_batch(GitQueryCommitsCriteria(item_version=at), repository.id, PROJECT, top=5)
    wanted = [GitItemDescriptor(path=path, version="main", version_type="branch") for path in ("/README.md", "/")]
    lists = git.get_items_batch(GitItemRequestData(item_descriptors=wanted), repository.id, PROJECT)
    return [[row.commit_id for row in rows] == [row.commit_id for row in commits("main")[:5]], [len(rows) for rows in lists]]


def one_of_many():
    changed = git.get_changes(newest.commit_id, repository.id, PROJECT)
    root = git.get_item(repository.id, "README.md", PROJECT)
    blob = git.get_blob(repository.id, root.object_id, PROJECT)
    text = b"".join(git.get_item_text(repository.id, "README.md", PROJECT))
    counts = git.get_stats(PROJECT, repository.id)
    parent = git.get_repository_with_parent(repository.id, True, PROJECT)
    return [
        len(changed.changes) > 0, blob.size == len(text), parent.id == repository.id,
        [counts.branches_count, counts.commits_count, counts.active_pull_requests_count],
        len(git.get_suggestions(repository.id, PROJECT)), len(git.get_ref_favorites(PROJECT)),
        len(git.get_policy_configurations(PROJECT).policy_configurations),
    ]


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
step("a pull request in parts", pull_request_in_parts)
step("around a pull request", pull_request_around)
step("threads in parts", threads_in_parts)
step("of the project", of_the_project)
step("in batches", in_batches)
step("one of many", one_of_many)
step("forks", lambda: [row.name for row in git.get_forks(
    repository.id, clients.get_location_client().get_connection_data().instance_id, PROJECT
)])
step("hooks", hooks)
step("unknown", lambda: refused(AzureDevOpsServiceError, lambda: git.get_repository("nothing", PROJECT)))
step("refused", lambda: refused(
    AzureDevOpsAuthenticationError, lambda: connect("wrong").clients_v7_1.get_service_hooks_client().list_subscriptions()
))
json.dump({"seen": seen, "failed": failed}, sys.stdout)
