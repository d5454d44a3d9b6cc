// Signing in and out: what a person sees at `/`, and the cookie that the browser gets.

import assert from 'node:assert/strict';
import test from 'node:test';

import { pageTest } from './support/page_test.mjs';
import { ALICE, Server } from './support/server.mjs';
import { focused, focusedInSight, tabTo } from './support/sight.mjs';

const signInButton = (page) => page.getByRole('button', { name: 'Sign in' });
const passwordField = (page) => page.getByLabel('Password', { exact: true });

async function tryWrongPassword(visitor, page) {
  await page.goto('/');
  await page.getByLabel('Username').fill(ALICE.username);
  await passwordField(page).fill('not this one');
  visitor.expectFailure(400);
  await signInButton(page).click();
  await page.getByRole('alert').filter({ hasText: 'Wrong username or password.' }).waitFor();
}

pageTest('B-2 a person signs in, and sees the session that this made', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);

  const session = page.getByRole('listitem').filter({ hasText: 'this one' });
  await session.waitFor();
  assert.match(await session.textContent(), /Chrome on Linux.*127\.0\.0\.1/s);
  assert.equal(await page.locator('#session-count').textContent(), '1');
  await page.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'alice' }).waitFor();
});

pageTest('B-2 a wrong password is said above the form, which keeps the name alone', {}, async ({ visitor, page }) => {
  await tryWrongPassword(visitor, page);

  assert.equal(await page.getByLabel('Username').inputValue(), ALICE.username);
  assert.equal(await passwordField(page).inputValue(), '');
  assert.equal(await focused(page), 'Password');

  await passwordField(page).fill(ALICE.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
});

pageTest('B-2 an empty field is said beside it, and has the focus', {}, async ({ visitor, page }) => {
  await page.goto('/');
  visitor.expectFailure(400);
  await signInButton(page).click();

  await page.locator('#username-error').filter({ hasText: 'Enter your username.' }).waitFor();
  assert.equal(await page.locator('#password-error').textContent(), 'Enter your password.');
  assert.equal(await page.getByRole('alert').isVisible(), false);
  assert.equal(await page.getByLabel('Username').getAttribute('aria-invalid'), 'true');
  assert.equal(await focused(page), 'Username');
});

pageTest('B-2 the password is shown on request, and hidden again before it is sent', {}, async ({ visitor, page }) => {
  await page.goto('/');
  await page.getByLabel('Username').fill(ALICE.username);
  await passwordField(page).fill('not this one');
  const reveal = page.getByRole('button', { name: 'Show the password' });
  await reveal.click();
  assert.equal(await passwordField(page).getAttribute('type'), 'text');

  visitor.expectFailure(400);
  await signInButton(page).click();
  await page.getByRole('alert').filter({ hasText: 'Wrong' }).waitFor();
  assert.equal(await passwordField(page).getAttribute('type'), 'password');
});

const ONE_ATTEMPT = { flags: ['--login-failures-by-user', '1'] };
const countdown = (page) => page.locator('#signin-alert [aria-hidden]');

/** Signs in with a wrong password until the page counts down. */
async function useUpAttempts(visitor, page) {
  await page.goto('/');
  await page.getByLabel('Username').fill(ALICE.username);
  for (const [status, sentence] of [[400, /^Wrong username/], [429, /^Too many attempts. Try again in /]]) {
    await passwordField(page).fill('not this one');
    visitor.expectFailure(status);
    await signInButton(page).click();
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
  }
}

pageTest('B-2 too many attempts are counted down to the next, and the form waits', ONE_ATTEMPT,
  async ({ visitor, page }) => {
    await page.clock.install();
    await useUpAttempts(visitor, page);
    assert.equal(await signInButton(page).isDisabled(), true);
    assert.equal(await focused(page), 'Password');
    assert.equal(await passwordField(page).inputValue(), 'not this one', 'it was not tried');

    const said = await countdown(page).textContent();
    assert.match(said, /^\d+ min \d+ s$|^\d+ seconds?$/);
    await page.clock.fastForward(2000);
    await page.waitForFunction((before) => document.querySelector('#signin-alert [aria-hidden]').textContent !== before,
      said);

    await page.clock.fastForward(600_000);
    await page.getByRole('status').filter({ hasText: 'You can try again now.' }).waitFor({ state: 'attached' });
    assert.equal(await signInButton(page).isDisabled(), false);
    assert.equal(await page.getByRole('alert').isVisible(), false);
  });

pageTest('B-2 another name does not wait for the one that was refused', ONE_ATTEMPT, async ({ visitor, page }) => {
  await useUpAttempts(visitor, page);
  await page.getByLabel('Username').fill('somebody else');
  assert.equal(await signInButton(page).isDisabled(), false);
  assert.equal(await countdown(page).count(), 0);
});

pageTest('B-2 the form says that it is at work, and is sent once', {}, async ({ page }) => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  let requests = 0;
  await page.route('**/auth/session/', async (route) => {
    requests += 1;
    await held;
    await route.continue();
  });
  await page.goto('/');
  await page.getByLabel('Username').fill(ALICE.username);
  await passwordField(page).fill(ALICE.password);
  await page.keyboard.press('Enter');

  const button = page.getByRole('button', { name: 'Signing in\u2026' });
  await button.waitFor();
  assert.equal(await button.isDisabled(), true);
  assert.equal(await page.locator('#signin-form').getAttribute('aria-busy'), 'true');
  assert.equal(await page.getByRole('status').textContent(), 'Signing in\u2026');
  await page.keyboard.press('Enter');

  release();
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
  assert.equal(requests, 1);
});

pageTest('B-2 after a refusal the form is as before', {}, async ({ visitor, page }) => {
  await tryWrongPassword(visitor, page);

  assert.equal(await signInButton(page).isDisabled(), false);
  assert.equal(await page.locator('#signin-form').getAttribute('aria-busy'), null);
  assert.equal(await page.getByRole('status').textContent(), '');
});

pageTest('B-2 only who is signed in is told the version', {}, async ({ visitor, page }) => {
  for (const target of ['/', '/auth/', '/auth/sign-out/', '/api/v2/ping/']) {
    await page.goto(target);
    assert.equal(await page.locator('.version').textContent(), '', target);
  }
  await visitor.signIn(ALICE);
  for (const target of ['/', '/auth/', '/auth/sign-out/', '/api/v2/ping/']) {
    await page.goto(target);
    assert.match(await page.locator('.version').textContent(), /^\d+\.\d+/, target);
  }
});

pageTest('B-2 a server that is gone is said, and the form stays', {}, async ({ server, visitor, page }) => {
  await page.goto('/');
  await page.getByLabel('Username').fill(ALICE.username);
  await passwordField(page).fill(ALICE.password);
  await server.halt();
  visitor.expectFailure('ERR_CONNECTION_REFUSED');
  await signInButton(page).click();

  await page.getByRole('alert').filter({ hasText: 'The server did not answer.' }).waitFor();
  assert.equal(await page.getByLabel('Username').inputValue(), ALICE.username);
});

pageTest('B-2 signing in takes no more than the keyboard', {}, async ({ page }) => {
  await page.goto('/');
  assert.equal(await focusedInSight(page), 'Username');
  await page.keyboard.type(ALICE.username);
  await tabTo(page, 'Password');
  await page.keyboard.type(ALICE.password);
  await tabTo(page, 'Sign in');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();

  await tabTo(page, 'Sign out');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

pageTest('B-2 signing out ends the token, and leads back to the form', {}, async ({ server, visitor, page }) => {
  await visitor.signIn(ALICE);
  const { value } = await visitor.cookie('latchkey');
  const agent = await visitor.userAgent();
  assert.equal(await server.statusOf(value, agent), 200);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await server.statusOf(value, agent), 401);
  assert.equal(await visitor.cookie('latchkey'), undefined);
});

pageTest('B-2 the session is a cookie that no script reads and no other site\'s page sends', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  const cookie = await visitor.cookie('latchkey');

  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Lax');
  assert.equal(cookie.secure, false);
  assert.equal(cookie.path, '/');
  assert.doesNotMatch(await page.evaluate(() => document.cookie), /latchkey/);
});

test('B-2 behind a trusted proxy that speaks TLS the session\'s cookie is Secure', async () => {
  const server = await Server.start({ flags: ['--trusted-proxy', '127.0.0.1'] });
  try {
    const signIn = (headers) => server.ask('POST', '/api/v2/session/', { json: ALICE, headers });
    const overTls = await signIn({ 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.7' });
    assert.equal(overTls.status, 200);
    assert.match(overTls.headers.get('Set-Cookie'), /^__Host-latchkey=.*; Secure/);

    const inTheOpen = await signIn({ 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '203.0.113.7' });
    assert.doesNotMatch(inTheOpen.headers.get('Set-Cookie'), /Secure/);
  } finally {
    await server.stop();
  }
});
