// Programs that a test starts and ends: by their own id, never by their name.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { createInterface } from 'node:readline';

const LIMIT_MS = 60_000;
const LOOK_MS = 20;

export function within(what, promise, limit = LIMIT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Runs a program to its end, and gives what it wrote. */
export function run(program, words, { input = '', environment = {} } = {}) {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...environment } };
    const child = execFile(program, words, options, (error, output, errors) => {
      if (error) reject(new Error(`${program} ${words.join(' ')}: ${error.message}\n${output}${errors}`));
      else resolve(output);
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

const LEAST_PORT = 20_000;
const PORTS = 12_000;

/** A port of loopback that nobody has at this moment: below those that the kernel gives to outgoing connections. */
export async function freePort() {
  for (;;) {
    const port = LEAST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

function answers(address) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}

/** A program that runs until stop(). Its output is kept for a failed test. */
export class Program {
  #child;
  #ended;
  #name;
  lines = [];

  constructor(name, program, words, environment = {}) {
    this.#name = name;
    this.#child = spawn(program, words, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'close').catch(() => {});
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.#child.on('error', (error) => this.lines.push(String(error)));
  }

  get isRunning() {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get exitCode() {
    return this.#child.exitCode;
  }

  /** Waits until it accepts connections at each address: `{port, host}` or `{path}`. */
  async listens(...addresses) {
    const look = async () => {
      for (const address of addresses) {
        while (!await answers(address)) {
          assert.ok(this.isRunning, `${this.#name} ended:\n${this.lastWords()}`);
          await new Promise((done) => { setTimeout(done, LOOK_MS); });
        }
      }
    };
    try {
      await within(`the start of ${this.#name}`, look());
    } catch (error) {
      error.message += `\n${this.lastWords()}`;
      throw error;
    }
  }

  async stop(signal = 'SIGTERM') {
    if (!this.isRunning) return;
    process.kill(this.#child.pid, signal);
    try {
      await within(`the stop of ${this.#name}`, this.#ended);
    } catch (error) {
      process.kill(this.#child.pid, 'SIGKILL');
      throw error;
    }
  }

  lastWords() {
    return this.lines.slice(-25).join('\n');
  }
}
