// The cookie of a session as a real browser keeps and sends it.

import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pageTest } from './support/page_test.mjs';
import { ALICE, Server } from './support/server.mjs';
import { Visitor } from './support/visitor.mjs';

const ELSEWHERE = 'http://elsewhere.example';

pageTest('S-2 a link on another site finds a person signed in', {}, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  await visitor.followLinkFrom(ELSEWHERE, '/');
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
});

const STRICT = { flags: ['--cookie-same-site', 'strict'] };

pageTest('S-2 where the cookie is strict, such a link finds the person signed out', STRICT, async ({ visitor, page }) => {
  await visitor.signIn(ALICE);
  assert.equal((await visitor.cookie('latchkey')).sameSite, 'Strict');
  await visitor.followLinkFrom(ELSEWHERE, '/');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto('/');
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
});

pageTest('S-2 a session of the cookie `token` goes on, and its end clears it', {}, async ({ server, visitor, page }) => {
  const agent = await visitor.userAgent();
  const value = await server.tokenOf(ALICE, agent);
  const original = { name: 'token', value, url: server.origin, httpOnly: true, sameSite: 'Strict' };
  await page.context().addCookies([original]);
  await page.goto('/');
  await page.getByRole('heading', { name: 'Your sessions' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await server.statusOf(value, agent), 401);
  assert.equal(await visitor.cookie('token'), undefined);
});

pageTest('S-2 a dead cookie before the live one keeps nobody out', {}, async ({ server, visitor, page }) => {
  await visitor.signIn(ALICE);
  const dead = { value: '0'.repeat(40), domain: new URL(server.origin).hostname, httpOnly: true };
  // A browser sends the one with the longer path first.
  await page.context().addCookies([
    { ...dead, name: 'latchkey', path: '/api/' },
    { ...dead, name: 'token', path: '/' },
  ]);
  await page.goto('/api/v2/me/');
  await page.getByText('"username": "alice"').waitFor();
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

const SITES = `
[[site]]
hosts = ["*.example.test"]
cookie_domain = "example.test"
sign_in = "http://auth.example.test/"
`;

const LIMIT = { timeout: 300_000 };

test('S-2 one sign-in serves a dozen hosts of a domain, and so does one sign-out', LIMIT, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'latchkey-sites-'));
  const file = path.join(directory, 'latchkeyd.toml');
  await writeFile(file, SITES);
  await chmod(directory, 0o755);
  const server = await Server.start({ flags: ['--config', file] });
  try {
    const { port } = new URL(server.origin);
    const names = ['auth', ...Array.from({ length: 12 }, (_, i) => `app${i + 1}`)];
    const hosts = names.map((name) => `http://${name}.example.test:${port}`);
    const visitor = await Visitor.open(hosts[0]);
    hosts.forEach((host) => visitor.visits(host));
    const seen = async (heading) => {
      for (const host of hosts) {
        await visitor.page.goto(`${host}/`);
        await visitor.page.getByRole('heading', { name: heading }).waitFor();
      }
    };
    await visitor.signIn(ALICE);
    assert.equal((await visitor.cookie('latchkey')).domain, '.example.test');
    await seen('Your sessions');
    await visitor.page.getByRole('button', { name: 'Sign out' }).click();
    await visitor.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await visitor.cookie('latchkey'), undefined);
    await seen('Sign in');
    await visitor.leave({ check: true });
  } finally {
    await server.stop();
    await rm(directory, { recursive: true });
  }
});
