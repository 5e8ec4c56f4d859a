"""python-gitlab reads, through the emulated GitLab, everything that the gateway reads."""

import json
import os
import sys

import gitlab

lab = gitlab.Gitlab(os.environ["WEB_URL"], private_token=os.environ["TOKEN"])
NAME = os.environ["REPOSITORY"]
seen, failed = {}, []


def step(name, run):
    try:
        seen[name] = run()
    except Exception as error:
        failed.append(f"{name}: {error!r}")


def viewer():
    lab.auth()
    return [lab.user.username, lab.user.name]


def hooks(project):
    hook = project.hooks.create(
        {"url": "http://127.0.0.1:1/hook", "push_events": True, "tag_push_events": True}
    )
    listed = [row.id for row in project.hooks.list(get_all=True)]
    hook.delete()
    return [listed == [hook.id], [row.id for row in project.hooks.list(get_all=True)]]


def diffs(project, iid):
    path = f"/projects/{project.id}/merge_requests/{iid}/diffs"
    return [row["new_path"] for row in lab.http_list(path, get_all=True)]


project = lab.projects.get(NAME)
head = project.commits.get("main")
step("viewer", viewer)
step("version", lambda: lab.version()[0])
step("projects", lambda: len(lab.projects.list(get_all=True)))
step("projects by keyset", lambda: len(list(lab.projects.list(
    iterator=True, pagination="keyset", order_by="id", sort="asc", per_page=7
))))
step("project by id", lambda: lab.projects.get(project.id).path_with_namespace)
step("branches", lambda: [row.name for row in project.branches.list(get_all=True)])
step("tags", lambda: [row.name for row in project.tags.list(get_all=True)])
step("contributors", lambda: len(project.repository_contributors(get_all=True)))
step("commits", lambda: len(project.commits.list(get_all=True)))
step("commits of a branch", lambda: len(project.commits.list(ref_name="feature/search", get_all=True)))
step("stats of a commit", lambda: head.stats["total"] > 0)
step("diff of a commit", lambda: [row["new_path"] for row in head.diff(get_all=True)])
step("statuses", lambda: [row.name for row in head.statuses.list(get_all=True)])
step("merge requests", lambda: [row.iid for row in project.mergerequests.list(state="all", get_all=True)])
step("open merge requests", lambda: len(project.mergerequests.list(state="opened", get_all=True)))
step("merge request", lambda: project.mergerequests.get(1).changes_count == str(len(diffs(project, 1))))
step("releases", lambda: [row.tag_name for row in project.releases.list(get_all=True)])
step("deployments", lambda: len(project.deployments.list(get_all=True)))
step("tree", lambda: len(project.repository_tree(get_all=True)) > 0)
step("whole tree", lambda: len(project.repository_tree(recursive=True, get_all=True)))
step("file", lambda: len(project.files.get("README.md", ref="main").decode()) > 0)
step("raw file", lambda: project.files.raw("README.md", ref="main") == project.files.get("README.md", ref="main").decode())
request = project.mergerequests.get(1)
refs = request.diff_refs
compared = project.repository_compare(refs["base_sha"], refs["head_sha"])
step("compare", lambda: [len(compared["commits"]) > 0, len(compared["diffs"]) > 0])
step("merge base", lambda: project.repository_merge_base([refs["base_sha"], refs["head_sha"]])["id"] == refs["base_sha"])
step("commits of a merge request", lambda: len(list(request.commits())))
step("notes", lambda: [bool(row.body) for row in request.notes.list(get_all=True)])
step("approvals", lambda: len(request.approvals.get().approved_by))
step("reviewers", lambda: [row.state for row in request.reviewer_details.list(get_all=True)])
step("forks", lambda: len(project.forks.list(get_all=True)))
step("labels", lambda: [row.color[0] for row in project.labels.list(get_all=True)])
step("starrers", lambda: len(lab.http_list(f"/projects/{project.id}/starrers", get_all=True)))
step("people", lambda: [row.username for row in project.users.list(get_all=True)])
step("hooks", lambda: hooks(project))
json.dump({"seen": seen, "failed": failed}, sys.stdout)
