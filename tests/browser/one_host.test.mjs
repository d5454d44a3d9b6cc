// The pages under `/auth/`: all that they need is there, so one host can serve them and an application.

import assert from 'node:assert/strict';

import { pageTest } from './support/page_test.mjs';
import { ALICE } from './support/server.mjs';
import { tabTo } from './support/sight.mjs';

/** Lets nothing through to Latchkey but what is under `/auth/`; the rest is an application's. */
async function shareHost(page) {
  const asked = [];
  await page.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url());
    asked.push(pathname);
    if (pathname.startsWith('/auth/')) return route.continue();
    return route.fulfill({ contentType: 'text/html', body: '<title>The application</title>' });
  });
  return asked;
}

async function signInAt(page, target) {
  await page.goto(target);
  await page.getByLabel('Username').fill(ALICE.username);
  await page.getByLabel('Password', { exact: true }).fill(ALICE.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
}

const linksOf = (page) => page.locator('[href], [src], [action]').evaluateAll((elements) =>
  elements.map((element) => element.getAttribute('href') ?? element.getAttribute('src') ?? element.getAttribute('action')));

pageTest('S-10 the pages under /auth/ ask for nothing outside it', {}, async ({ server, page }) => {
  const asked = await shareHost(page);
  await server.tokenOf(ALICE, 'other-device/1.0');
  await signInAt(page, '/auth/');
  await page.getByRole('button', { name: 'End the session of other-device' }).click();
  await page.getByRole('status').filter({ hasText: 'Ended' }).waitFor();
  await page.getByLabel('Password now', { exact: true }).fill(ALICE.password);
  await page.getByLabel('New password', { exact: true }).fill('through the looking-glass');
  await page.getByLabel('New password again', { exact: true }).fill('through the looking-glass');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('status').filter({ hasText: 'Your password is changed' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/auth/');

  assert.ok(asked.length > 10);
  assert.deepEqual(asked.filter((path) => !path.startsWith('/auth/')), []);
});

for (const target of ['/auth/', '/auth/sign-out/', '/auth/forbidden/']) {
  pageTest(`S-10 ${target} has no link out of /auth/`, {}, async ({ visitor, page }) => {
    const expectLinks = async () => {
      if (target === '/auth/forbidden/') visitor.expectFailure(403);
      await page.goto(target);
      const links = await linksOf(page);
      assert.ok(links.length >= 4, JSON.stringify(links));
      for (const link of links) assert.match(link, /^\/auth\/|^#/);
    };
    await expectLinks();
    await visitor.signIn(ALICE);
    await expectLinks();
  });
}

pageTest('S-10 a link to the page of signing out changes nothing until a button is pressed', {},
  async ({ server, visitor, page }) => {
    await visitor.signIn(ALICE);
    const { value } = await visitor.cookie('latchkey');
    const agent = await visitor.userAgent();
    await page.goto('/auth/sign-out/');
    await page.getByText('You are signed in as alice.').waitFor();
    assert.equal(await server.statusOf(value, agent), 200);

    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await server.statusOf(value, agent), 401);
    assert.equal(await visitor.cookie('latchkey'), undefined);
  });

pageTest('S-10 signing out everywhere ends every token of the person', {}, async ({ server, visitor, page }) => {
  const token = await server.tokenOf(ALICE, 'other-device/1.0');
  await visitor.signIn(ALICE);
  await page.goto('/auth/sign-out/');
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await server.statusOf(token, 'other-device/1.0'), 401);
  assert.equal(await visitor.cookie('latchkey'), undefined);
});

pageTest('S-10 signing out takes no more than the keyboard', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await page.goto('/auth/sign-out/');
  await tabTo(page, 'Sign out everywhere');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

pageTest('S-10 a page that another tab has overtaken says so, and signs nobody out', {},
  async ({ server, visitor, page }) => {
    await visitor.signIn(ALICE);
    await page.goto('/auth/sign-out/');
    await page.evaluate(() => { document.querySelector('meta[name="csrf-token"]').content = 'of another tab'; });
    visitor.expectFailure(403);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'This page is out of date.' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Sign out', exact: true }).isDisabled(), false);
    const { value } = await visitor.cookie('latchkey');
    assert.equal(await server.statusOf(value, await visitor.userAgent()), 200);
  });

pageTest('S-10 who is signed out is told so, and where to sign in', {}, async ({ page }) => {
  await page.goto('/auth/sign-out/');
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

pageTest('S-10 who may not enter is told who they are, and comes as somebody else', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  visitor.expectFailure(403);
  await page.goto('/auth/forbidden/');
  await page.getByRole('heading', { name: 'You may not enter' }).waitFor();
  await page.getByText('You are signed in as alice').waitFor();
  await page.getByRole('link', { name: 'Sign in as somebody else' }).click();
  await page.getByText('Sign out first, then sign in as somebody else.').waitFor();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});
