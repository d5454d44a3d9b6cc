// For proxies that Debian does not have: Latchkey as their page sets it up, and the very requests that the proxy would
// send it, byte by byte. The answer is held against what the proxy makes of it.

import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { Connection, requestBytes } from './client.mjs';
import { ANN, BOB, Latchkey } from './latchkey.mjs';
import { filesOf, substitute } from './recipe.mjs';
import { AGENT, APP, SETTINGS, SIGN_IN_HOST, STAFF } from './stand.mjs';

const TEST_USER = 64_000;
const TIMEOUT_SECONDS = 30 * 60;
const TEST_LIMIT_MS = 120_000;

/** What is weaker than with the proxies that take the cookie out. */
const SEES_TOKEN = 'replayed: these cookies admit, but the application sees the token, since the proxy cannot take it out';

const NAVIGATION = [['Accept', 'text/html'], ['Sec-Fetch-Mode', 'navigate']];
const IDENTITY = {
  'x-auth-user': 'ann', 'remote-user': 'ann', 'remote-groups': 'staff,writers', 'remote-name': 'Ann%20O%E2%80%99Hara',
  'remote-email': 'ann@example.com',
};

/**
 * `proxy` has `name` (of its page), `substitutions(folder)`, `pages(folder)` and `questions(folder)`: addresses as node's
 * connect() takes them, and `question(request)`: the bytes that the proxy sends for a client's request.
 */
class Replay {
  #proxy;
  #latchkey;
  #tokens = new Map();

  static async start(proxy) {
    const replay = new Replay();
    replay.#proxy = proxy;
    replay.folder = await mkdtemp(path.join(tmpdir(), 'lkp-'));
    await chmod(replay.folder, 0o755);
    const run = path.join(replay.folder, 'run/latchkey');
    await mkdir(run, { recursive: true });
    if (process.getuid() === 0) await chown(run, TEST_USER, TEST_USER);
    const files = substitute(await filesOf(proxy.name), await proxy.substitutions(replay.folder));
    const addresses = [proxy.pages(replay.folder), proxy.questions(replay.folder)];
    replay.#latchkey = await Latchkey.start(replay.folder, files.get(SETTINGS), addresses);
    return replay;
  }

  get latchkey() {
    return this.#latchkey;
  }

  /** What the proxy gets for its question about that request. */
  async ask({ host = APP, method = 'GET', target = '/page', headers = [], from = '127.0.0.2', token, agent = AGENT, connection }) {
    const all = [['User-Agent', agent], ...headers];
    if (token) all.push(['Cookie', `latchkey=${token}`]);
    const bytes = this.#proxy.question({ host, method, target, headers: all, from });
    const own = connection ?? await Connection.open(this.#proxy.questions(this.folder));
    try {
      return await own.exchange(bytes, this.#proxy.asksByHead?.(method) ? 'HEAD' : 'GET');
    } finally {
      if (!connection) own.close();
    }
  }

  open() {
    return Connection.open(this.#proxy.questions(this.folder));
  }

  async tokenOf(user = ANN, from = '127.0.0.2') {
    const key = `${user.name} ${from}`;
    if (!this.#tokens.has(key)) {
      const body = JSON.stringify({ username: user.name, password: user.password });
      const headers = [['User-Agent', AGENT], ['Content-Type', 'application/json'], ['Content-Length', body.length],
        ['X-Forwarded-For', from], ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Host', SIGN_IN_HOST]];
      const connection = await Connection.open(this.#proxy.pages(this.folder));
      const bytes = requestBytes({ method: 'POST', target: '/api/v2/authtoken/', host: SIGN_IN_HOST, headers, body });
      const answer = await connection.exchange(bytes, 'POST');
      connection.close();
      assert.equal(answer.status, 200, `${answer.body}`);
      this.#tokens.set(key, answer.told.token);
    }
    return this.#tokens.get(key);
  }

  async stop() {
    await this.#latchkey?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function expectAll(replay, requests, status) {
  for (const request of requests) {
    const answer = await replay.ask(request);
    assert.equal(answer.status, status, `${JSON.stringify(request)}: ${answer.body}`);
  }
}

const CASES = {
  async admitted(replay) {
    const answer = await replay.ask({ token: await replay.tokenOf() });
    assert.equal(answer.status, 200);
    for (const [name, value] of Object.entries(IDENTITY)) assert.deepEqual(answer.all(name), [value]);
    const bob = await replay.ask({ token: await replay.tokenOf(BOB) });
    // Always the full set: what is left out, a client could send itself.
    for (const name of ['remote-groups', 'remote-name', 'remote-email']) assert.deepEqual(bob.all(name), ['']);
  },
  async header(replay) {
    const token = await replay.tokenOf();
    await expectAll(replay, [{ headers: [['Authorization', `Bearer ${token}`]] }, { headers: [['X-Auth-Token', `Token ${token}`]] }], 200);
  },
  async refused(replay) {
    await expectAll(replay, [{}, { token: 'f'.repeat(40) }, { host: STAFF }], 401);
    assert.ok((await replay.ask({})).header('www-authenticate'));
  },
  async redirected(replay) {
    const answer = await replay.ask({ headers: NAVIGATION, target: '/page?a=1&b=%2F' });
    assert.equal(answer.status, 302);
    const to = new URL(answer.header('location'));
    assert.equal(to.origin + to.pathname, `https://${SIGN_IN_HOST}/auth/`);
    assert.equal(to.searchParams.get('rd'), `https://${APP}/page?a=1&b=%2F`);
  },
  async 'wrong group'(replay) {
    await expectAll(replay, [{ host: STAFF, token: await replay.tokenOf(BOB) }], 403);
    await expectAll(replay, [{ host: STAFF, token: await replay.tokenOf(ANN) }], 200);
  },
  async 'other address'(replay) {
    const token = await replay.tokenOf();
    await expectAll(replay, [{ token, from: '127.0.0.3' }], 401);
    await expectAll(replay, [{ token }], 200);
  },
  async 'forged X-Forwarded'(replay) {
    const token = await replay.tokenOf();
    const claims = [['X-Forwarded-For', '127.0.0.2'], ['Forwarded', 'for=127.0.0.2'], ['X-Real-IP', '127.0.0.2'], ['X_Forwarded_For', '127.0.0.2']];
    await expectAll(replay, claims.map((claim) => ({ token, from: '127.0.0.3', headers: [claim] })), 401);
    const open = [['X-Original-URL', `https://${APP}/healthz`], ['X-Forwarded-Uri', '/healthz'], ['X_Forwarded_Uri', '/healthz'],
      ['X-Envoy-Original-Path', '/healthz'], ['X-Forwarded-Prefix', '/healthz']];
    await expectAll(replay, open.map((claim) => ({ headers: [claim] })), 401);
  },
  async 'large body'(replay) {
    const headers = [['Content-Length', '3145728']];
    await expectAll(replay, [{ method: 'POST', headers, token: await replay.tokenOf() }], 200);
    await expectAll(replay, [{ method: 'POST', headers }], 401);
  },
  async websocket(replay) {
    const headers = [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-WebSocket-Version', '13'], ['Sec-Fetch-Mode', 'websocket']];
    await expectAll(replay, [{ headers, token: await replay.tokenOf() }], 200);
    await expectAll(replay, [{ headers }], 401);
  },
  async preflight(replay) {
    const headers = [['Origin', 'https://other.example.com'], ['Access-Control-Request-Method', 'PUT']];
    await expectAll(replay, [{ method: 'OPTIONS', headers }], 200);
    await expectAll(replay, [{ method: 'OPTIONS', headers, host: STAFF }, { method: 'OPTIONS' }], 401);
  },
  async cookies(replay) {
    const token = await replay.tokenOf();
    const stale = 'f'.repeat(40);
    await expectAll(replay, [
      { headers: [['Cookie', `a=1; latchkey=${stale}; latchkey=${token}; b=2`]] },
      { headers: [['Cookie', 'a=1'], ['Cookie', `latchkey=${token}`]] },
      { headers: [['Cookie', `__Host-latchkey=${token}`]] }, { headers: [['Cookie', `token=${token}`]] },
    ], 200);
  },
  async 'foreign credentials'(replay) {
    const headers = [['Authorization', 'Basic YXBwOnNlY3JldA==']];
    await expectAll(replay, [{ headers, token: await replay.tokenOf() }], 200);
    await expectAll(replay, [{ headers }], 401);
  },
  async '20 KB of headers'(replay) {
    const headers = ['One', 'Two', 'Three'].map((name) => [`X-Long-${name}`, 'x'.repeat(6_800)]);
    await expectAll(replay, [{ headers, token: await replay.tokenOf() }], 200);
    await expectAll(replay, [{ headers }], 401);
  },
  async HEAD(replay) {
    await expectAll(replay, [{ method: 'HEAD', token: await replay.tokenOf() }], 200);
    await expectAll(replay, [{ method: 'HEAD' }], 401);
    await expectAll(replay, [{ method: 'HEAD', headers: NAVIGATION }], 302);
  },
  async methods(replay) {
    const token = await replay.tokenOf();
    for (const method of ['POST', 'PUT', 'DELETE', 'PROPFIND', 'BREW', 'TRACE']) {
      await expectAll(replay, [{ method, token }], 200);
      await expectAll(replay, [{ method }, { method, headers: NAVIGATION }], 401);
    }
    for (const request of [{ method: 'OPTIONS', target: '*' }, { method: 'CONNECT', target: `${APP}:443` }]) {
      const answer = await replay.ask(request);
      assert.ok([400, 401, 403].includes(answer.status), `${request.method}: ${answer.status}`);
    }
  },
  async conditions(replay) {
    for (const header of [['If-None-Match', '*'], ['Range', 'bytes=0-1'], ['If-Match', '"x"'], ['Expect', '100-continue']]) {
      await expectAll(replay, [{ headers: [header], token: await replay.tokenOf() }], 200);
      await expectAll(replay, [{ headers: [header] }], 401);
    }
  },
  async public(replay) {
    const answer = await replay.ask({ target: '/healthz' });
    assert.equal(answer.status, 200);
    for (const name of Object.keys(IDENTITY)) assert.deepEqual(answer.all(name), ['']);
    const unclear = ['/healthz/../secret', '//healthz', '/%68ealthz', '/healthz/', '/healthz;x', '/secret?/healthz', '/HEALTHZ', '/./healthz',
      '/../api/v2/ping/', '/auth/envoy/healthz', '/auth/forward/healthz'];
    await expectAll(replay, unclear.map((target) => ({ target })), 401);
  },
  async hosts(replay) {
    const token = await replay.tokenOf();
    await expectAll(replay, [{ host: 'team1.apps.example.com', token }, { host: 'APP.example.com', token }], 200);
    await expectAll(replay, [{ host: 'nobody.example.com', token }, { host: 'apps.example.com', token }, { host: 'evil-example.com', token },
      { host: `${STAFF};x.apps.example.com`, token }], 403);
  },
  async 'kept connection'(replay) {
    const connection = await replay.open();
    const token = await replay.tokenOf();
    for (let i = 0; i < 3; i += 1) {
      await expectAll(replay, [{ connection, token }], 200);
      await expectAll(replay, [{ connection }], 401);
    }
    connection.close();
  },
  async 'server down'(replay) {
    const token = await replay.tokenOf();
    await replay.latchkey.halt();
    // The proxy gets no answer at all, and refuses.
    await assert.rejects(replay.ask({ token }));
    await replay.latchkey.go();
    await expectAll(replay, [{ token }], 200);
  },
  async expired(replay) {
    const token = await replay.tokenOf();
    await expectAll(replay, [{ token }], 200);
    await replay.latchkey.letPass(TIMEOUT_SECONDS + 60);
    await expectAll(replay, [{ token }], 401);
  },
};

/** Every case for a proxy whose requests are replayed. */
export function tryReplay(proxy, report) {
  let replay;
  test(`${proxy.name}: the page's settings start`, { timeout: TEST_LIMIT_MS }, async () => { replay = await Replay.start(proxy); });
  for (const [id, run] of Object.entries(CASES)) {
    report.test(id, 'replayed', async () => {
      assert.ok(replay, 'Latchkey did not start');
      await run(replay);
    }, id === 'cookies' ? SEES_TOKEN : 'replayed');
  }
  report.test('path left out', 'asked where the pages are, Latchkey refuses everybody', async () => {
    const token = await replay.tokenOf(ANN, '127.0.0.4');
    for (const question of [{}, { headers: NAVIGATION }, { headers: [['Cookie', `latchkey=${token}`]], from: '127.0.0.4' }]) {
      const connection = await Connection.open(proxy.pages(replay.folder));
      const { host = APP, headers = [], from = '127.0.0.2' } = question;
      const bytes = proxy.question({ host, method: 'GET', target: '/', headers: [['User-Agent', AGENT], ...headers], from, path: '/' });
      const answer = await connection.exchange(bytes, 'GET');
      connection.close();
      assert.equal(answer.status, 403, `${answer.body}`);
    }
  }, 'replayed');
  for (const [id, why] of Object.entries(proxy.leftOut)) report.leaveOut(id, why);
  test(`${proxy.name}: Latchkey ends well`, { timeout: TEST_LIMIT_MS }, async () => { await replay?.stop(); });
}
