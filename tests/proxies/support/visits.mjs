// What each recipe shows to a person at a real browser.

import assert from 'node:assert/strict';

import { openBrowser, signIn } from './browser.mjs';
import { ANN, BOB } from './latchkey.mjs';
import { APP, SIBLINGS, SIGN_IN_HOST, STAFF, WIKI } from './stand.mjs';

const userOn = (page) => page.locator('#user').textContent();

async function visit(stand, body) {
  const browser = await openBrowser(stand);
  try {
    await body(browser);
  } finally {
    await browser.close();
  }
}

/** Opens a guarded page, signs in on the page that comes, and waits to be back. */
async function enter(page, url, user) {
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await signIn(page, user);
  await page.getByRole('heading', { name: 'The application' }).waitFor();
  assert.equal(page.url(), url);
  assert.equal(await userOn(page), user.name);
}

/** A websocket of the page's own: the text that comes back. */
function echoIn(page, text) {
  return page.evaluate((said) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${location.host}/socket`);
    socket.onopen = () => socket.send(said);
    socket.onmessage = ({ data }) => { resolve(data); socket.close(); };
    socket.onerror = () => reject(new Error('no websocket'));
  }), text);
}

async function thereAndBack(stand) {
  await visit(stand, async ({ page }) => {
    await enter(page, `https://${APP}/deep/page?x=1&y=a%20b`, ANN);
    assert.equal(await page.locator('#target').textContent(), '/deep/page?x=1&y=a%20b');
    assert.equal(await echoIn(page, 'from a browser'), 'from a browser');
    // The other hosts of the domain are open at once.
    await page.goto(`https://${STAFF}/`);
    assert.equal(await userOn(page), 'ann');
  });
}

async function notAllowed(stand) {
  await visit(stand, async ({ page }) => {
    await enter(page, `https://${APP}/`, BOB);
    const answer = await page.goto(`https://${STAFF}/`);
    assert.equal(answer.status(), 403);
    assert.match(await page.locator('body').innerText(), /bob/);
  });
}

async function onOneHost(stand) {
  await visit(stand, async ({ page, context }) => {
    await enter(page, `https://${WIKI}/start`, ANN);
    // The cookie is this host's alone.
    for (const { domain } of await context.cookies()) assert.equal(domain, WIKI);
    await page.goto(`https://${APP}/`);
    assert.equal(new URL(page.url()).host, SIGN_IN_HOST);
  });
}

async function siblings(stand) {
  await visit(stand, async ({ page, context }) => {
    await enter(page, `https://${SIBLINGS[0]}/`, ANN);
    const pages = [];
    for (const host of SIBLINGS) {
      const sibling = await context.newPage();
      await sibling.goto(`https://${host}/`);
      assert.equal(await userOn(sibling), 'ann', host);
      pages.push(sibling);
    }
    await signOutEverywhere(page);
    for (const sibling of pages) {
      await sibling.reload();
      assert.equal(new URL(sibling.url()).host, SIGN_IN_HOST);
      await sibling.getByRole('button', { name: 'Sign in' }).waitFor();
    }
  });
}

async function signOutEverywhere(page) {
  await page.goto(`https://${SIGN_IN_HOST}/auth/sign-out/`);
  await page.getByRole('button', { name: /everywhere/i }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
}

export const VISITS = [
  { id: 'there and back', says: 'a browser is sent to sign in, comes back, and opens a websocket', run: thereAndBack },
  { id: '403 page', says: 'a person who may not enter reads why', run: notAllowed },
  { id: 'one host in a browser', says: 'signing in works on the host of the application', run: onOneHost },
  { id: 'siblings', says: 'one sign-in opens twelve hosts, and one sign-out closes all', run: siblings },
];
