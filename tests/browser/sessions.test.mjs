// Your own sessions: seeing them, ending one or all, and changing the password.

import assert from 'node:assert/strict';

import { pageTest } from './support/page_test.mjs';
import { ALICE } from './support/server.mjs';
import { focused } from './support/sight.mjs';

const OTHER_AGENT = 'other-device/1.0';
const NEW_PASSWORD = 'through the looking-glass';

const row = (page, text) => page.getByRole('listitem').filter({ hasText: text });
const count = (page) => page.locator('#session-count').textContent();

async function changePassword(page, current, wanted, again = wanted) {
  await page.getByLabel('Password now', { exact: true }).fill(current);
  await page.getByLabel('New password', { exact: true }).fill(wanted);
  await page.getByLabel('New password again', { exact: true }).fill(again);
  await page.getByRole('button', { name: 'Change password' }).click();
}

pageTest('B-2 a session made elsewhere is listed, and ended by its button', {}, async ({ server, visitor, page }) => {
  const token = await server.tokenOf(ALICE, OTHER_AGENT);
  await visitor.signIn(ALICE);
  await row(page, OTHER_AGENT).waitFor();
  assert.equal(await count(page), '2');

  await row(page, OTHER_AGENT).getByRole('button', { name: 'End the session of other-device' }).click();
  await page.getByRole('status').filter({ hasText: 'Ended: other-device.' }).waitFor();
  assert.equal(await row(page, OTHER_AGENT).count(), 0);
  assert.equal(await count(page), '1');
  assert.equal(await focused(page), 'End this session');
  assert.equal(await server.statusOf(token, OTHER_AGENT), 401);
});

pageTest('B-2 a session that is gone already leaves the list when it is ended', {}, async ({ server, visitor, page }) => {
  const token = await server.tokenOf(ALICE, OTHER_AGENT);
  await visitor.signIn(ALICE);
  await row(page, OTHER_AGENT).waitFor();
  const headers = { Authorization: `Token ${token}`, 'User-Agent': OTHER_AGENT };
  assert.equal((await server.ask('DELETE', '/api/v2/authtoken/', { headers })).status, 204);

  visitor.expectFailure(404);
  await row(page, OTHER_AGENT).getByRole('button').click();
  await row(page, OTHER_AGENT).waitFor({ state: 'detached' });
});

pageTest('B-2 ending one\'s own session leads back to the sign-in', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await page.getByRole('button', { name: 'End this session' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

pageTest('B-2 all sessions end at once, once that is confirmed', {}, async ({ server, visitor, page }) => {
  const token = await server.tokenOf(ALICE, OTHER_AGENT);
  await visitor.signIn(ALICE);

  await page.getByRole('button', { name: 'End all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await server.statusOf(token, OTHER_AGENT), 200);

  await page.getByRole('button', { name: 'End all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End all' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await server.statusOf(token, OTHER_AGENT), 401);
});

pageTest('B-2 sessions beyond a page come by the button, each of them once', {}, async ({ server, visitor, page }) => {
  const listed = 130;
  for (let i = 1; i < listed; i += 1) await server.tokenOf(ALICE, `device-${i}/1.0`);
  await visitor.signIn(ALICE);
  await page.locator('.session').first().waitFor();
  assert.equal(await count(page), String(listed));

  const more = page.getByRole('button', { name: 'Show more' });
  let shown = await page.locator('.session').count();
  assert.ok(shown < listed, `all ${listed} sessions came in one page`);
  while (await more.isVisible()) {
    await more.click();
    await page.locator('.session').nth(shown).waitFor();
    shown = await page.locator('.session').count();
  }
  const agents = await page.locator('.agent').allTextContents();
  assert.equal(new Set(agents).size, listed);
});

pageTest('B-2 a changed password ends the other sessions, not this one', {}, async ({ server, visitor, page }) => {
  const token = await server.tokenOf(ALICE, OTHER_AGENT);
  await visitor.signIn(ALICE);
  await row(page, OTHER_AGENT).waitFor();

  await changePassword(page, ALICE.password, NEW_PASSWORD);
  await page.getByRole('status').filter({ hasText: 'one other session ended' }).waitFor();
  assert.equal(await row(page, OTHER_AGENT).count(), 0);
  assert.equal(await page.getByLabel('New password', { exact: true }).inputValue(), '');
  assert.equal(await server.statusOf(token, OTHER_AGENT), 401);

  const logIn = (password) =>
    server.ask('POST', '/api/v2/authtoken/', { json: { username: ALICE.username, password } });
  assert.equal((await logIn(ALICE.password)).status, 400);
  assert.equal((await logIn(NEW_PASSWORD)).status, 200);
  await page.reload();
  await row(page, 'this one').waitFor();
});

pageTest('B-2 a password that cannot be changed says why by its field', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await row(page, 'this one').waitFor();

  await changePassword(page, ALICE.password, NEW_PASSWORD, `${NEW_PASSWORD}!`);
  await page.locator('#again-error').filter({ hasText: 'not the same' }).waitFor();
  assert.equal(await focused(page), 'New password again');

  visitor.expectFailure(400);
  await changePassword(page, 'not this one', NEW_PASSWORD);
  await page.locator('#current_password-error:not(:empty)').waitFor();
  assert.equal(await focused(page), 'Password now');
  assert.equal(await page.locator('#again-error').isVisible(), false);

  visitor.expectFailure(400);
  await changePassword(page, ALICE.password, 'short');
  await page.locator('#new_password-error:not(:empty)').waitFor();
  assert.equal(await focused(page), 'New password');
});

pageTest('B-2 a session that expired while its page was open is said, and leads to the sign-in',
  { flags: ['--token-timeout', '1s'] }, async ({ visitor, page }) => {
    await visitor.signIn(ALICE);
    await row(page, 'this one').waitFor();
    // A token lives for its timeout after its last use, and at most a second more. Only time ends it.
    await new Promise((resolve) => { setTimeout(resolve, 2500); });

    visitor.expectFailure(401);
    await changePassword(page, ALICE.password, NEW_PASSWORD);
    await page.getByRole('alert').filter({ hasText: 'Your session has expired.' }).waitFor();
    assert.equal(await focused(page), 'Sign in again');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

pageTest('B-2 the times are the reader\'s own, with the instant for machines', {
  browser: { locale: 'de-DE', timezoneId: 'Asia/Tokyo' },
}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  const created = row(page, 'this one').locator('time').first();
  await created.waitFor();
  assert.equal(await created.textContent(), 'just now');
  const instant = new Date(await created.getAttribute('datetime'));
  const inTokyo = instant.toLocaleString('de-DE', {
    dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Tokyo',
  });
  assert.equal(await created.getAttribute('title'), inTokyo);
});
