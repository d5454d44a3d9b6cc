// Signing in on the way to a guarded site, and back: where one goes is said, checked, and then gone to.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after } from 'node:test';

import { pageTest } from './support/page_test.mjs';
import { ALICE } from './support/server.mjs';
import { assertContrast, assertNoSidewaysScroll, takePicture } from './support/sight.mjs';

/** The guarded applications: a page for everything, but `/bounce` sends to where its query says. */
const applications = createServer((asked, response) => {
  const { pathname, searchParams } = new URL(asked.url, 'http://an.application');
  if (pathname === '/bounce') response.writeHead(302, { Location: searchParams.get('to') });
  else response.writeHead(200, { 'Content-Type': 'text/html' });
  response.end('<link rel="icon" href="data:,"><h1>An application</h1>');
}).listen(0, '127.0.0.1');
await once(applications, 'listening');
after(() => {
  applications.close();
  applications.closeAllConnections?.();
});
const { port } = applications.address();

const APP = `http://app.example.test:${port}`;
const LEDGER = `http://ledger.example.test:${port}`;
const EVIL = 'http://evil.test';
const BOB = { username: 'bob', password: 'a slow build is no excuse' };

const RIG = {
  users: [ALICE, BOB],
  config: `
[[site]]
hosts = ["app.example.test:${port}"]
sign_in = "http://auth.example.test/auth/"

[[site]]
hosts = ["ledger.example.test:${port}"]
sign_in = "http://auth.example.test/auth/"
users = ["bob"]
`,
  browser: { elsewhere: [APP, LEDGER] },
};

const WANTED = `${APP}/papers?year=1865&title=Alice's%20adventures`;
const rdOf = (url) => `?rd=${encodeURIComponent(url)}`;

async function fillIn(page, { username, password }) {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

pageTest('S-10 a person signs in on the way, and comes to what they wanted', RIG, async ({ page }) => {
  await page.goto(`/auth/${rdOf(WANTED)}`);
  await page.getByText('You go on to app.example.test.').waitFor();
  await fillIn(page, ALICE);
  await page.getByRole('heading', { name: 'An application' }).waitFor();
  assert.equal(page.url(), new URL(WANTED).href);
});

pageTest('S-10 who is signed in goes on without a form', RIG, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await page.goto(`/auth/${rdOf(WANTED)}`);
  await page.getByRole('heading', { name: 'An application' }).waitFor();
  assert.equal(page.url(), new URL(WANTED).href);
});

pageTest('S-10 a host that sends a person back stops the going to and fro', RIG, async ({ server, visitor, page }) => {
  let visits = 0;
  page.on('request', (sent) => { if (sent.url().startsWith(APP)) visits += 1; });
  // A host that takes no token asks for a sign-in, whoever comes.
  const signIn = `${server.origin}/auth/${rdOf(`${APP}/bounce`)}`;
  await visitor.signIn(ALICE);
  const rd = rdOf(`${APP}/bounce?to=${encodeURIComponent(signIn)}`);
  await page.goto(`/auth/${rd}`);
  await page.getByText('app.example.test sent you back here').waitFor();
  assert.equal(visits, 1);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

for (const rd of [`${EVIL}/`, '//evil.test/', 'javascript:document.title="taken"', `${APP}@evil.test/`,
  `${APP}.evil.test/`, `${APP}\\.evil.test/`, 'data:text/html,x']) {
  pageTest(`S-10 nobody is led to ${rd}`, RIG, async ({ page }) => {
    await page.goto(`/auth/?rd=${encodeURIComponent(rd)}`);
    await page.getByText('See where you are signed in').waitFor();
    await fillIn(page, ALICE);
    await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/auth/');
  });
}

pageTest('S-10 who may not enter is told so, and comes back as somebody else', RIG, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  visitor.expectFailure(403);
  await page.goto(`/auth/${rdOf(`${LEDGER}/books`)}`);
  await page.getByText('You are signed in as alice, who may not enter ledger.example.test').waitFor();
  await page.getByRole('link', { name: 'Sign in as somebody else' }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByText('You go on to ledger.example.test.').waitFor();
  await fillIn(page, BOB);
  await page.getByRole('heading', { name: 'An application' }).waitFor();
  assert.equal(page.url(), `${LEDGER}/books`);
});

const AUTH = 'http://auth.example.test';

/** Answers with what Latchkey answers, as a proxy does. The fetch of Node.js would add a Sec-Fetch-Mode of its own. */
async function handOn(route, server, path, headers) {
  const [answer] = await once(request(server.origin + path, { headers }).end(), 'response');
  const parts = [];
  for await (const part of answer) parts.push(part);
  await route.fulfill({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) });
}

pageTest('S-10 a page that a proxy hands on is dressed by the sign-in host, and leads there', {
  ...RIG, flags: ['--trusted-proxy', '127.0.0.1'], browser: { elsewhere: [LEDGER, AUTH] },
}, async ({ server, visitor, page }) => {
  const token = await server.tokenOf(ALICE, 'a browser');
  await page.route(`${LEDGER}/books`, (route) => handOn(route, server, '/auth/forward', {
    'User-Agent': 'a browser', Cookie: `latchkey=${token}`, 'Sec-Fetch-Mode': 'navigate', 'X-Forwarded-Method': 'GET',
    'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': new URL(LEDGER).host, 'X-Forwarded-Uri': '/books',
  }));
  await page.route(`${AUTH}/**`, (route) => {
    const { pathname, search } = new URL(route.request().url());
    return handOn(route, server, pathname + search, {});
  });
  visitor.expectFailure(403);
  await page.goto(`${LEDGER}/books`);
  await page.getByText('You are signed in as alice, who may not enter ledger.example.test').waitFor();
  const radius = await page.locator('.card').evaluate((card) => getComputedStyle(card).borderTopLeftRadius);
  assert.notEqual(radius, '0px', 'the style sheet of the sign-in host was not applied');
  assert.ok(await page.locator('.crest').evaluate((icon) => icon.naturalWidth > 0), 'the icon was not loaded');
  await page.getByRole('link', { name: 'Sign in as somebody else' }).click();
  await page.waitForURL(`${AUTH}/auth/sign-out/?change&rd=${encodeURIComponent(`${LEDGER}/books`)}`);
});

pageTest('S-10 signing out leads on to a guarded site', RIG, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await page.goto(`/auth/sign-out/${rdOf(`${APP}/goodbye`)}`);
  await page.getByText('Afterwards you go on to app.example.test.').waitFor();
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByRole('heading', { name: 'An application' }).waitFor();
  assert.equal(page.url(), `${APP}/goodbye`);
});

const LONG = `${'a-label-of-many-letters-'.repeat(2)}x.example.test`;

pageTest('S-10 where one goes is readable at 360 px, however long its name', {
  ...RIG, config: RIG.config.replaceAll('ledger.example.test', LONG),
}, async ({ visitor, page }) => {
  const rd = rdOf(`http://${LONG}:${port}/`);
  const look = async (target, name) => {
    await page.goto(target);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width: 360, height: 760 });
      await takePicture(page, `${name}-360-${colorScheme}`);
      await assertContrast(page, name);
      await assertNoSidewaysScroll(page, name);
    }
  };
  await look(`/auth/${rd}`, 'goal-signin');
  await visitor.signIn(ALICE);
  visitor.expectFailure(403);
  await look(`/auth/forbidden/${rd}`, 'goal-forbidden');
  await look(`/auth/sign-out/${rd}`, 'goal-signout');
  await look(`/auth/sign-out/${rd}&change`, 'goal-change');
});
