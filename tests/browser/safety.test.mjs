// What the pages do with hostile text, what a cookie may do by itself, and the policy behind both.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import test from 'node:test';

import { pageTest } from './support/page_test.mjs';
import { ALICE, Server } from './support/server.mjs';

const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
  + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HOSTILE = '<script>document.title="taken"</script><b>"\'&amp;';
const MALLORY = { username: '<script>alert(1)</script>"\'&amp;', password: ALICE.password };

const scriptsOf = (page) => page.locator('script').count();

async function inServer(options, body) {
  const server = await Server.start(options);
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

/** Sends a GET of exactly these bytes, which no browser would send. Returns its body as text. */
async function rawPage(server, target) {
  const sent = request(server.origin, { path: target, headers: { Accept: 'text/html' } }).end();
  const [answer] = await once(sent, 'response');
  answer.setEncoding('utf8');
  let text = '';
  for await (const part of answer) text += part;
  return { status: answer.statusCode, text };
}

for (const target of [
  `/api/v2/${encodeURIComponent(HOSTILE)}/`,
  `/api/v2/ping/?x=${HOSTILE}`,
  '/api/v2/ping/?a=1&lt;b&amp;c',
]) {
  pageTest(`B-2 a page of ${target} shows it as text`, {}, async ({ visitor, page }) => {
    const isThere = target.includes('/ping/');
    if (!isThere) visitor.expectFailure(404);
    await page.goto(target);
    const sent = await page.evaluate(() => location.pathname + location.search);
    assert.equal(await page.locator('#request-line').textContent(), `GET ${sent}`);
    assert.equal(await scriptsOf(page), 1);
    assert.equal(await page.locator('main b').count(), 0);
    assert.notEqual(await page.title(), 'taken');
  });
}

test('B-2 a target that no browser sends is refused or escaped', () => inServer({}, async (server) => {
  for (const target of ['/api/v2/ping/?x=<b>"\'', '/api/v2/<b>"\'/']) {
    const { status, text } = await rawPage(server, target);
    assert.ok([200, 400, 404].includes(status), `status ${status}`);
    assert.doesNotMatch(text, /<b>/);
  }
}));

pageTest('B-2 an agent made of markup is text among the sessions', {}, async ({ server, visitor, page }) => {
  await server.tokenOf(ALICE, HOSTILE);
  await visitor.signIn(ALICE);
  await page.locator('.session').nth(1).waitFor();

  assert.ok((await page.locator('.session').allTextContents()).some((text) => text.includes(HOSTILE)));
  assert.equal(await scriptsOf(page), 1);
  assert.equal(await page.locator('main b').count(), 0);
});

pageTest('B-2 what is not seen in an agent is shown among the sessions', {}, async ({ server, visitor, page }) => {
  // A header takes bytes: here those of UTF-8.
  await server.tokenOf(ALICE, Buffer.from('tool\\1 \u202Egnp\u200B', 'utf8').toString('latin1'));
  await visitor.signIn(ALICE);
  await page.locator('.session').nth(1).waitFor();
  const texts = await page.locator('.session').allTextContents();
  assert.ok(texts.some((text) => text.includes('tool\\\\1 \\u202egnp\\u200b')), JSON.stringify(texts));
});

pageTest('B-2 a name made of markup is text on every page', { users: [MALLORY] }, async ({ visitor, page }) => {
  await visitor.signIn(MALLORY);
  await page.locator('.lead strong').filter({ hasText: MALLORY.username }).waitFor();
  assert.equal(await page.locator('input[name="username"]').inputValue(), MALLORY.username);

  await page.goto('/api/v2/me/');
  assert.equal(await page.locator('.account').textContent(), MALLORY.username);
  const { results } = JSON.parse(await page.locator('#body').textContent());
  assert.equal(results[0].username, MALLORY.username);
  assert.equal(await scriptsOf(page), 1);
});

pageTest('B-2 every page and file comes under the strict policy', {}, async ({ visitor, page }) => {
  const answers = [];
  page.on('response', (response) => answers.push([response.url(), response.headers()]));
  await page.goto('/');
  await visitor.signIn(ALICE);
  await page.goto('/api/v2/authtoken/');

  const ofType = (pattern) => answers.filter(([, headers]) => pattern.test(headers['content-type']));
  const pages = ofType(/^text\/html/);
  assert.ok(pages.length >= 3);
  for (const [url, headers] of pages) assert.equal(headers['content-security-policy'], POLICY, url);
  const files = ofType(/^(text\/(css|javascript)|image\/svg)/);
  assert.ok(files.length >= 2);
  for (const [url, headers] of files) assert.equal(headers['x-content-type-options'], 'nosniff', url);
});

test('B-2 a cookie alone changes nothing: an unsafe method needs the CSRF header too', () =>
  inServer({}, async (server) => {
    const signedIn = await server.ask('POST', '/api/v2/session/', { json: ALICE });
    const cookies = signedIn.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
    const asSession = (method, target, headers = {}) =>
      server.ask(method, target, { headers: { Cookie: cookies, ...headers } });
    const isLive = async () => (await asSession('GET', '/api/v2/me/')).status === 200;
    assert.ok(await isLive());

    // As a browser sends it, saying whose page it comes from.
    const fromHere = { Origin: server.origin, 'Sec-Fetch-Site': 'same-origin' };
    for (const target of ['/api/v2/session/', '/api/v2/me/tokens/', '/api/v2/authtoken/']) {
      assert.equal((await asSession('DELETE', target, fromHere)).status, 403, target);
      const forged = { ...fromHere, 'X-CSRF-Token': 'forged' };
      assert.equal((await asSession('DELETE', target, forged)).status, 403, target);
    }
    assert.equal((await asSession('DELETE', '/api/v2/me/tokens/')).status, 403);
    assert.ok(await isLive());

    const home = await asSession('GET', '/', { Accept: 'text/html' });
    const [, csrf] = /<meta name="csrf-token" content="([^"]+)">/.exec(home.data);
    const signOut = (headers) => asSession('DELETE', '/api/v2/session/', { 'X-CSRF-Token': csrf, ...headers });
    assert.equal((await signOut({ 'Sec-Fetch-Site': 'cross-site' })).status, 403);
    assert.equal((await signOut(fromHere)).status, 204);
    assert.equal(await isLive(), false);
  }));
