// `gitflic-api` reads, through the emulated GitFlic, everything that the package can ask for: it makes and
// changes nothing, and signs in nowhere, for its redirect is GitFlic's own.

// It tells what it sends; that is not the answer.
console.dir = () => {};

const { GitFlic } = require('gitflic-api');

const [userAlias, projectAlias] = process.env.REPOSITORY.split('/');
const api = new GitFlic({
  gitflic_api_url: process.env.API_URL,
  gitflic_token: process.env.TOKEN,
}).API;
const seen = {};
const failed = [];

const step = async (name, run) => {
  try {
    seen[name] = await run();
  } catch (error) {
    failed.push(`${name}: ${error}`);
  }
};

// An empty page has no list.
const rows = (answer, key) => (answer.data._embedded ?? {})[key] ?? [];
const of = (more) => ({ params: { userAlias, projectAlias, ownerAlias: userAlias, ...more } });

(async () => {
  const newest = process.env.COMMIT;
  await step('viewer', async () => (await api.user.get('currentUser').by({})).data.username);
  for (const list of ['allProjects', 'myProjects', 'sharedProjects']) {
    await step(list, async () => {
      const first = await api.project.get(list).by({ params: { page: 0, size: 100 } });
      return rows(first, 'projectList').length;
    });
  }
  await step('project', async () => (await api.project.get('singleProject').by(of())).data.alias);
  await step('commit', async () => (await api.commit.get('commit').by(of({ commitId: newest }))).data.hash === newest);
  await step('changed files', async () => (await api.commit.get('affectedFileList').by(of({ commitId: newest }))).data.length > 0);
  // Of these the package asks for one and for the list at once, whichever was wanted.
  const request = of({ localId: 1 });
  await step('merge requests', async () => rows(await api.mergeRequest.get('mrList').by(request), 'mergeRequestModelList').map((row) => row.localId));
  await step('merge request', async () => (await api.mergeRequest.get('singleMR').by(request)).data.localId);
  const release = of({ releaseUuid: process.env.RELEASE });
  await step('releases', async () => rows(await api.release.get('releaseList').by(release), 'releaseTagModelList').length);
  await step('release', async () => (await api.release.get('singleRelease').by(release)).data.id === process.env.RELEASE);
  const file = of({ commitId: process.env.FIRST, filePath: 'README.md' });
  await step('changed file', async () => (await api.commit.get('affectedFile').by(file)).data.filePath);
  const later = of({ commitId: newest, filePath: 'README.md' });
  await step('commit of a file', async () => typeof (await api.commit.get('fileCommit').by(later)).data.hash === 'string');
  // The package asks for the account itself where the list of all is wanted.
  await step('users', async () => (await api.user.get('allUsers').by({})).data.username);
  await step('teams', async () => {
    const lists = ['allTeams', 'myTeams', 'sharedTeams'].map((list) => api.team.get(list).by({}));
    return (await Promise.all(lists)).map((list) => rows(list, 'teamList').length);
  });
  await step('companies', async () => {
    const lists = ['allCompanies', 'myCompanies'].map((list) => api.company.get(list).by({}));
    return (await Promise.all(lists)).map((list) => rows(list, 'companyList')[0].alias);
  });
  await step('company', async () => (await api.company.get('singleCompany').by({ params: { companyAlias: userAlias } })).data.alias);
  process.stdout.write(JSON.stringify({ seen, failed }));
})();
