// A resource's page: the exchange that it shows, its form and its buttons.

import assert from 'node:assert/strict';

import { pageTest } from './support/page_test.mjs';
import { ALICE } from './support/server.mjs';
import { focusedInSight, nextFrame, tabTo } from './support/sight.mjs';

const AUTHTOKEN = '/api/v2/authtoken/';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const inHand = (page) => page.getByText('Token in hand', { exact: true });
const shownStatus = (page) => page.locator('#status-line').textContent();
const shownBody = async (page) => JSON.parse(await page.locator('#body').textContent());

async function waitForStatus(page, line) {
  await page.locator('#status-line').filter({ hasText: line }).waitFor();
}

async function waitForRequest(page, line) {
  await page.locator('#request-line').filter({ hasText: line }).waitFor();
}

async function obtainToken(page) {
  await page.getByLabel('Content').fill(JSON.stringify(ALICE));
  await button(page, 'POST').click();
  await waitForStatus(page, 'HTTP 200 OK');
  await inHand(page).waitFor();
  return (await shownBody(page)).token;
}

async function confirmDelete(page) {
  await button(page, 'DELETE').click();
  await page.getByRole('dialog').getByRole('button', { name: 'DELETE' }).click();
}

pageTest('B-1 the token resource shows the exchange as published', {}, async ({ page }) => {
  await page.goto(AUTHTOKEN);

  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Auth Token');
  assert.equal(await page.locator('#request-line').textContent(), `GET ${AUTHTOKEN}`);
  assert.equal(await shownStatus(page), 'HTTP 200 OK');
  assert.deepEqual(await shownBody(page), { detail: "Method 'GET' not allowed." });
  assert.match(await page.locator('#headers').textContent(), /Allow\s*POST, DELETE, OPTIONS/);
  assert.equal(await page.getByLabel('Content').inputValue(), '{"username": "", "password": ""}');
  assert.equal(await page.getByLabel('Media type').inputValue(), 'application/json');
  await button(page, 'OPTIONS').waitFor();
  await page.getByRole('link', { name: 'GET', exact: true }).waitFor();
  await button(page, 'DELETE').waitFor();
});

pageTest('B-1 the breadcrumbs lead up, and the list of resources down', {}, async ({ page }) => {
  await page.goto(AUTHTOKEN);
  const crumbs = page.getByRole('navigation', { name: 'Breadcrumbs' }).getByRole('link');
  assert.ok(await crumbs.count() >= 3);
  await crumbs.nth(1).click();
  await waitForRequest(page, /^GET \/api\/v2\/$/);
  await page.locator('#body').getByRole('link', { name: AUTHTOKEN }).click();
  await waitForRequest(page, `GET ${AUTHTOKEN}`);
});

pageTest('B-2 the form posts JSON, and the page holds the token', {}, async ({ server, visitor, page }) => {
  await page.goto(AUTHTOKEN);
  const token = await obtainToken(page);

  assert.equal(await page.locator('#request-line').textContent(), `POST ${AUTHTOKEN}`);
  assert.match(await page.locator('#headers').textContent(), /Auth-Token-Timeout\s*1800/);
  assert.equal(await server.statusOf(token, await visitor.userAgent()), 200);
  const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  assert.deepEqual(kept, [0, 0, '']);
});

for (const [type, pattern, replacement] of [
  ['application/x-www-form-urlencoded', /^.*$/s, new URLSearchParams(ALICE).toString()],
  ['multipart/form-data', /(name="username"\r?\n\r?\n)(.*name="password"\r?\n\r?\n)/s,
    `$1${ALICE.username}$2${ALICE.password}`],
]) {
  pageTest(`B-2 the form posts ${type} from that type's sample`, {}, async ({ page }) => {
    await page.goto(AUTHTOKEN);
    const option = page.locator(`#media-type option[value^="${type}"]`);
    await page.getByLabel('Media type').selectOption(await option.getAttribute('value'));
    const content = page.getByLabel('Content');
    const sample = await content.inputValue();
    assert.match(sample, pattern);
    assert.match(sample, /username/);

    await content.fill(sample.replace(pattern, replacement));
    await button(page, 'POST').click();
    await waitForStatus(page, 'HTTP 200 OK');
    await inHand(page).waitFor();
  });
}

pageTest('B-2 another media type leaves what a person wrote', {}, async ({ page }) => {
  await page.goto(AUTHTOKEN);
  await page.getByLabel('Content').fill('mine');
  await page.getByLabel('Media type').selectOption('application/x-www-form-urlencoded');
  assert.equal(await page.getByLabel('Content').inputValue(), 'mine');
});

pageTest('B-2 a refused login is shown as it was answered', {}, async ({ visitor, page }) => {
  await page.goto(AUTHTOKEN);
  await page.getByLabel('Content').fill('{"username": "alice", "password": "wrong"}');
  visitor.expectFailure(400);
  await button(page, 'POST').click();

  await waitForStatus(page, 'HTTP 400 Bad Request');
  assert.deepEqual(await shownBody(page), { __all__: ['Unable to login with provided credentials.'] });
  assert.equal(await inHand(page).isVisible(), false);
  await page.getByRole('status').filter({ hasText: 'HTTP 400 Bad Request' }).waitFor({ state: 'attached' });
});

pageTest('B-2 DELETE ends the token in hand, once that is confirmed', {}, async ({ server, visitor, page }) => {
  await page.goto(AUTHTOKEN);
  const token = await obtainToken(page);
  const agent = await visitor.userAgent();

  await button(page, 'DELETE').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await server.statusOf(token, agent), 200);

  await confirmDelete(page);
  await waitForStatus(page, 'HTTP 204 No Content');
  assert.equal(await page.locator('#body').isVisible(), false);
  assert.equal(await inHand(page).isVisible(), false);
  assert.equal(await server.statusOf(token, agent), 401);
});

pageTest('B-2 DELETE without a token in hand ends the session of the cookie', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await page.goto(AUTHTOKEN);
  await confirmDelete(page);
  await waitForStatus(page, 'HTTP 204 No Content');

  await page.goto('/');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

pageTest('B-2 OPTIONS shows the description in its JSON', {}, async ({ page }) => {
  await page.goto(AUTHTOKEN);
  await button(page, 'OPTIONS').click();
  await waitForRequest(page, `OPTIONS ${AUTHTOKEN}`);

  const description = await shownBody(page);
  assert.equal(description.name, 'Auth Token');
  assert.deepEqual(description.renders, ['application/json', 'text/html']);
  assert.equal(description.actions.POST.password.max_length, 4096);
});

pageTest('B-2 GET sends the token in hand, and is a link without one', {}, async ({ visitor, page }) => {
  await page.goto(AUTHTOKEN);
  const get = page.getByRole('link', { name: 'GET', exact: true });
  await obtainToken(page);

  visitor.expectFailure(405);
  const [sent] = await Promise.all([page.waitForRequest((request) => request.method() === 'GET'), get.click()]);
  assert.match(await sent.headerValue('Authorization'), /^Token [0-9a-f]{40}$/);
  await waitForStatus(page, 'HTTP 405 Method Not Allowed');

  await button(page, 'Forget it').click();
  await get.click();
  await waitForStatus(page, 'HTTP 200 OK');
  assert.equal(await inHand(page).isVisible(), false);
});

pageTest('B-2 the menu beside GET gives the page in another format', {}, async ({ page }) => {
  await page.goto('/api/v2/ping/');
  const menu = page.getByLabel('GET in another format');

  await menu.click();
  await page.getByRole('link', { name: 'api', exact: true }).click();
  await page.waitForURL(/format=api/);
  await page.getByRole('heading', { name: 'Ping', exact: true }).waitFor();

  await menu.click();
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().includes('format=json')),
    page.getByRole('link', { name: 'json', exact: true }).click(),
  ]);
  assert.match(await answer.headerValue('Content-Type'), /^application\/json/);
});

pageTest('B-2 the buttons, the menu and the dialog take no more than the keyboard', {}, async ({ visitor, page }) => {
  await page.goto(AUTHTOKEN);
  await page.keyboard.press('Tab');
  assert.equal(await focusedInSight(page), 'Skip to the content');
  await page.keyboard.press('Enter');

  await tabTo(page, 'GET in another format');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'json', exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'json', exact: true }).waitFor({ state: 'hidden' });
  assert.equal(await focusedInSight(page), 'GET in another format');

  await tabTo(page, 'Content');
  await page.keyboard.press('Control+a');
  await page.keyboard.type(JSON.stringify(ALICE));
  await tabTo(page, 'POST');
  await page.keyboard.press('Enter');
  await inHand(page).waitFor();

  await page.locator('[data-send="OPTIONS"]').focus();
  await tabTo(page, 'DELETE');
  await page.keyboard.press('Enter');
  assert.equal(await focusedInSight(page), 'Cancel');
  await page.keyboard.press('Escape');
  assert.equal(await focusedInSight(page), 'DELETE');
  assert.equal(await inHand(page).isVisible(), true);
  // The page learns of the dialog's end in the next frame. A press before that is a second one:
  // it does nothing.
  await nextFrame(page);

  await page.keyboard.press('Enter');
  assert.equal(await focusedInSight(page), 'Cancel');
  await tabTo(page, 'DELETE');
  await page.keyboard.press('Enter');
  await waitForStatus(page, 'HTTP 204 No Content');
  assert.equal(await focusedInSight(page), 'DELETE');
});

pageTest('B-2 without script the page is read, and its links are followed', {
  browser: { javaScriptEnabled: false },
}, async ({ page }) => {
  await page.goto(AUTHTOKEN);
  await page.locator('noscript p').filter({ hasText: 'can be read' }).waitFor();
  assert.equal(await shownStatus(page), 'HTTP 200 OK');
  assert.equal(await button(page, 'DELETE').isVisible(), false);
  assert.equal(await button(page, 'POST').isVisible(), false);
  await page.getByLabel('GET in another format').click();
  await page.getByRole('link', { name: 'api', exact: true }).click();
  await page.waitForURL(/format=api/);
});
