"""PyGithub reads, through the emulated GitHub, everything that the gateway reads."""

import base64
import json
import os
import sys

from github import Auth, Github

hub = Github(
    base_url=os.environ["API_URL"], auth=Auth.Token(os.environ["TOKEN"]), retry=None
)
NAME = os.environ["REPOSITORY"]
seen, failed = {}, []


def step(name, run):
    try:
        seen[name] = run()
    except Exception as error:
        failed.append(f"{name}: {error!r}")


def hooks(repo):
    config = {"url": "http://127.0.0.1:1/hook", "content_type": "json", "secret": "s"}
    hook = repo.create_hook("web", config, events=["push", "status"], active=True)
    listed = [row.id for row in repo.get_hooks()]
    hook.delete()
    return [listed == [hook.id], [row.id for row in repo.get_hooks()]]


me = hub.get_user()
repo = hub.get_repo(NAME)
head = repo.get_commit("main")
step("viewer", lambda: [me.login, me.name, me.id])
step("installations", lambda: [row.id for row in me.get_installations()])
step("repositories", lambda: len(list(me.get_repos())))
step("repository by id", lambda: hub.get_repo(repo.id).full_name)
step("repository", lambda: [repo.default_branch, repo.private, repo.owner.login])
step("branches", lambda: [row.name for row in repo.get_branches()])
step("branch", lambda: repo.get_branch("main").commit.sha == head.sha)
step("tags", lambda: [row.name for row in repo.get_tags()])
step("tags' commits", lambda: [len(row.commit.sha) for row in repo.get_tags()])
step("contributors", lambda: [row.login for row in repo.get_contributors()])
step("commits", lambda: len(list(repo.get_commits())))
step("commits of a branch", lambda: len(list(repo.get_commits(sha="feature/search"))))
step("files of commits", lambda: [len(list(row.files)) > 0 for row in list(repo.get_commits())[:3]])
step("stats of a commit", lambda: head.stats.total == sum(file.changes for file in head.files))
step("check runs", lambda: [row.name for row in head.get_check_runs()])
step("statuses", lambda: [row.context for row in head.get_combined_status().statuses])
step("pull requests", lambda: [row.number for row in repo.get_pulls(state="all")])
step("open pull requests", lambda: len(list(repo.get_pulls())))
step("pull request", lambda: repo.get_pull(1).changed_files == len(list(repo.get_pull(1).get_files())))
step("base of a pull request", lambda: repo.get_pull(1).base.repo.full_name)
step("releases", lambda: [row.tag_name for row in repo.get_releases()])
step("assets", lambda: [row.assets[0].name for row in repo.get_releases()])
step("deployments", lambda: [row.environment for row in repo.get_deployments()])
step("deployments' statuses", lambda: [next(iter(row.get_statuses())).state for row in repo.get_deployments()])
tree = head.commit.tree.sha
step("tree", lambda: repo.get_git_tree(tree).sha == tree)
step("whole tree", lambda: len(repo.get_git_tree("main", recursive=True).tree))
step("blob", lambda: repo.get_git_blob(
    next(row.sha for row in repo.get_git_tree(tree).tree if row.path == "README.md")
).encoding)
step("bytes of a blob", lambda: len(base64.b64decode(repo.get_git_blob(
    next(row.sha for row in repo.get_git_tree(tree).tree if row.path == "README.md")
).content)) > 0)
compared = repo.compare(repo.get_pull(1).base.sha, repo.get_pull(1).head.sha)
step("compare", lambda: [compared.ahead_by, compared.total_commits == len(list(compared.commits)), len(compared.files) > 0])
step("commits of a pull request", lambda: [len(row.sha) for row in repo.get_pull(1).get_commits()])
step("reviews", lambda: [row.state for row in repo.get_pull(1).get_reviews()])
step("comments", lambda: [bool(row.body) for row in repo.get_pull(1).get_issue_comments()])
step("comments on lines", lambda: [bool(row.path) for row in repo.get_pull(1).get_comments()])
step("forks", lambda: [row.fork for row in repo.get_forks()])
step("labels", lambda: [len(row.color) for row in repo.get_labels()])
step("stargazers", lambda: [row.login for row in repo.get_stargazers()])
step("watchers", lambda: [row.login for row in repo.get_subscribers()])
step("assignees", lambda: [row.login for row in repo.get_assignees()])
step("hooks", lambda: hooks(repo))
step("limit", lambda: hub.get_rate_limit().rate.limit)
json.dump({"seen": seen, "failed": failed}, sys.stdout)
