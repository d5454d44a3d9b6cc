// One proxy by its recipe, with all around it: Latchkey behind it as the page sets it up, an application, and clients in
// front. Each recipe is a description: see the tests beside this folder.

import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Application } from './application.mjs';
import { makeCertificate } from './certificate.mjs';
import { Connection, requestBytes } from './client.mjs';
import { ANN, Latchkey } from './latchkey.mjs';
import { freePort } from './processes.mjs';
import { filesOf, substitute, writeFiles } from './recipe.mjs';

export const SIGN_IN_HOST = 'auth.example.com';
export const APP = 'app.example.com';
export const STAFF = 'staff.example.com';
export const WIKI = 'wiki.example.org';
export const SIBLINGS = Array.from({ length: 12 }, (_, i) => `team${i + 1}.apps.example.com`);

export const AGENT = 'latchkey-recipe-test';
export const SETTINGS = '/etc/latchkey/latchkeyd.toml';

const TEST_USER = 64_000;

export class Stand {
  #recipe;
  #latchkey;
  #proxy;
  #tokens = new Map();

  /**
   * `recipe` has `name` (of its page), `substitutions(stand)`: pairs of texts besides those that all pages share, and
   * `start(stand)`: gives the running proxy as a Program. `change(files)` makes another recipe of it, for a test of
   * what a mistake does.
   */
  static async start(recipe, { change = (files) => files } = {}) {
    const stand = new Stand();
    stand.#recipe = recipe;
    // Short: the path of a Unix socket has 107 bytes at most.
    stand.folder = await mkdtemp(path.join(tmpdir(), 'lkp-'));
    await chmod(stand.folder, 0o755);
    try {
      await stand.#prepare(change);
      await stand.#go();
    } catch (error) {
      error.message += `\n${stand.lastWords()}`;
      await stand.stop().catch(() => {});
      throw error;
    }
    return stand;
  }

  async #prepare(change) {
    const run = this.in('run/latchkey');
    await mkdir(run, { recursive: true });
    if (process.getuid() === 0) await chown(run, TEST_USER, TEST_USER);
    this.port = await freePort();
    this.plainPort = await freePort();
    this.application = await Application.start();
    this.tls = await makeCertificate(this.folder, ['*.example.com', '*.apps.example.com', '*.example.org']);
    const shared = [
      ['/run/latchkey/', `${run}/`],
      ['127.0.0.1:3000', `127.0.0.1:${this.application.port}`],
    ];
    const files = await filesOf(this.#recipe.name);
    this.files = change(substitute(files, [...shared, ...await this.#recipe.substitutions(this)]));
    await writeFiles(this.folder, this.files);
  }

  async #go() {
    const addresses = this.#recipe.addresses?.(this) ??
      ['pages.sock', 'verify.sock'].map((name) => ({ path: this.in(`run/latchkey/${name}`) }));
    this.#latchkey = await Latchkey.start(this.folder, this.files.get(SETTINGS), addresses);
    this.#proxy = await this.#recipe.start(this);
    await this.#proxy.listens({ port: this.port, host: '127.0.0.1' });
  }

  /** A path below the folder that stands for the machine's root. */
  in(name) {
    return path.join(this.folder, name);
  }

  get latchkey() {
    return this.#latchkey;
  }

  connect(host, from) {
    const { port } = this;
    return Connection.open({ port, from, name: host, authority: this.tls.authority });
  }

  /** One request on a connection of its own. `token` goes as the cookie of a browser does. */
  async ask({ host = APP, method = 'GET', target = '/', headers = [], body = '', from, token, agent = AGENT, name = host }) {
    const all = [['User-Agent', agent], ...headers];
    if (!headers.some(([name]) => name === 'Accept')) all.push(['Accept', '*/*']);
    if (token) all.push(['Cookie', `latchkey=${token}`]);
    if (body.length > 0) all.push(['Content-Length', String(body.length)]);
    const connection = await this.connect(name, from);
    try {
      return await connection.exchange(requestBytes({ method, target, host, headers: all, body }), method);
    } finally {
      connection.close();
    }
  }

  /** A token for a client at that address, made once through the sign-in host. */
  async tokenOf(user = ANN, from = '127.0.0.1') {
    const key = `${user.name} ${from}`;
    if (!this.#tokens.has(key)) {
      const body = JSON.stringify({ username: user.name, password: user.password });
      const headers = [['Content-Type', 'application/json']];
      const answer = await this.ask({ host: SIGN_IN_HOST, method: 'POST', target: '/api/v2/authtoken/', headers, body, from });
      assert.equal(answer.status, 200, `no token for ${user.name}: ${answer.body}`);
      this.#tokens.set(key, answer.told.token);
    }
    return this.#tokens.get(key);
  }

  forgetTokens() {
    this.#tokens.clear();
  }

  lastWords() {
    return `latchkeyd's last lines:\n${this.#latchkey?.lastWords()}\nthe proxy's last lines:\n${this.#proxy?.lastWords()}`;
  }

  async stop() {
    try {
      await this.#proxy?.stop();
      await this.#latchkey?.stop();
      await this.application?.stop();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
