// The real latchkeyd, one per test, on a free loopback port. Its data directory is under the system's
// temporary one, and its hashes are cheap. It is stopped by its pid, and fails the test if it logged an
// error.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

const LISTENING = /^latchkeyd: listening on (http:\/\/\S+)$/;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;

/** The user that the server runs as when root runs the tests: it does not run as root. */
const TEST_USER = 64_000;

export const ALICE = { username: 'alice', password: 'down the rabbit hole' };

function program(variable) {
  const name = process.env[variable];
  assert.ok(name, `${variable} is not set: run the tests by tools/test --browser`);
  return name;
}

function addUser(data, { username, password }) {
  const words = ['--data', data, 'user', 'add', username, '--create', '--password-stdin'];
  return new Promise((resolve, reject) => {
    const child = execFile(program('LATCHKEY'), words, (error, _, errors) => {
      if (error) reject(new Error(`latchkey user add ${username} was refused: ${errors}`));
      else resolve();
    });
    child.stdin.end(`${password}\n`);
  });
}

function within(limit, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class Server {
  #child;
  #ended;
  #data;
  #log = [];

  /** `flags` go to latchkeyd, and `config` is its file of settings; `users` exist before it starts. */
  static async start({ flags = [], config = '', users = [ALICE] } = {}) {
    const server = new Server();
    server.#data = await mkdtemp(path.join(tmpdir(), 'latchkey-browser-'));
    if (process.getuid() === 0) await chown(server.#data, TEST_USER, TEST_USER);
    try {
      for (const user of users) await addUser(server.#data, user);
      if (config) {
        await writeFile(server.#settings, config);
        flags = ['--config', server.#settings, ...flags];
      }
      await within(START_LIMIT_MS, 'the start of latchkeyd', server.#listen(flags));
    } catch (error) {
      await server.stop().catch(() => {});
      throw error;
    }
    return server;
  }

  get #settings() {
    return `${this.#data}.toml`;
  }

  #listen(flags) {
    const child = spawn(program('LATCHKEYD'), [
      '--data', this.#data, '--create', '--listen', '127.0.0.1:0', '--cores', '1', '--hash-memory', '1MiB',
      '--hash-passes', '1', ...flags,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#ended = once(child, 'close');
    return new Promise((resolve, reject) => {
      const read = (line) => {
        this.#log.push(line);
        const listening = LISTENING.exec(line);
        if (!listening) return;
        this.origin = listening[1];
        resolve();
      };
      createInterface({ input: child.stdout }).on('line', read);
      createInterface({ input: child.stderr }).on('line', read);
      child.once('error', reject);
      child.once('close', () => reject(new Error(`latchkeyd ended at once:\n${this.#log.join('\n')}`)));
    });
  }

  /** Ends only the process, to test a page without its server. */
  async halt() {
    if (!this.#child?.pid) return;
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(this.#child.pid, 'SIGTERM');
    try {
      await within(STOP_LIMIT_MS, 'the stop of latchkeyd', this.#ended);
    } catch (error) {
      process.kill(this.#child.pid, 'SIGKILL');
      throw error;
    }
  }

  async stop() {
    try {
      await this.halt();
    } finally {
      await rm(this.#data, { recursive: true, force: true });
      await rm(this.#settings, { force: true });
    }
    const errors = this.#log.filter((line) => / level=error /.test(line));
    assert.deepEqual(errors, [], 'latchkeyd logged errors');
    assert.equal(this.#child?.exitCode, 0, `latchkeyd did not end well:\n${this.#log.join('\n')}`);
  }

  /** The last lines of its log, for a failed test. */
  lastWords() {
    return this.#log.slice(-20).join('\n');
  }

  /** A request from outside any browser. Returns `{status, headers, data}`: `data` is the JSON, else the text. */
  async ask(method, target, { headers = {}, json, body } = {}) {
    if (json !== undefined) headers = { 'Content-Type': 'application/json', ...headers };
    const response = await fetch(this.origin + target, {
      method,
      headers: { Accept: 'application/json', 'User-Agent': 'latchkey-test', ...headers },
      body: json === undefined ? body : JSON.stringify(json),
      redirect: 'manual',
    });
    const text = await response.text();
    const isJson = (response.headers.get('Content-Type') ?? '').startsWith('application/json');
    return { status: response.status, headers: response.headers, data: isJson ? JSON.parse(text) : text };
  }

  /** Logs in as a client with that user agent and returns the token. */
  async tokenOf(user, agent) {
    const answer = await this.ask('POST', '/api/v2/authtoken/', { json: user, headers: { 'User-Agent': agent } });
    assert.equal(answer.status, 200, `no token for ${user.username}`);
    return answer.data.token;
  }

  /** The status that /api/v2/me/ gives to a token sent by that user agent. */
  async statusOf(token, agent) {
    const headers = { Authorization: `Token ${token}`, 'User-Agent': agent };
    return (await this.ask('GET', '/api/v2/me/', { headers })).status;
  }
}
