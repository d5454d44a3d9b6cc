// The real latchkeyd, with the settings that a page gives, and its users. Its clocks can be moved.

import assert from 'node:assert/strict';
import { chown, mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Program, run } from './processes.mjs';

/** The user that the server runs as when root runs the tests: it does not run as root. */
const TEST_USER = 64_000;
const CONTROL_BYTES = 16;

export const ANN = { name: 'ann', password: 'a word of the pass', groups: ['staff', 'writers'] };
export const BOB = { name: 'bob', password: 'another word', groups: [] };

function program(variable) {
  const name = process.env[variable];
  assert.ok(name, `${variable} is not set: run the tests by tools/test --proxies`);
  return name;
}

const isRoot = process.getuid() === 0;

export class Latchkey {
  #folder;
  #data;
  #addresses;
  #program;
  #clocks;
  #seconds = 0n;

  /** `settings` is the text of latchkeyd.toml; `addresses` are where it listens, as node's connect() takes them. */
  static async start(folder, settings, addresses) {
    const server = new Latchkey();
    server.#folder = folder;
    server.#data = path.join(folder, 'data');
    server.#addresses = addresses;
    await mkdir(server.#data, { mode: 0o700 });
    if (isRoot) await chown(server.#data, TEST_USER, TEST_USER);
    for (const { name, password, groups } of [ANN, BOB]) {
      await server.command(['user', 'add', name, '--create', '--password-stdin'], `${password}\n`);
      for (const group of groups) await server.command(['user', 'group', 'add', name, group]);
    }
    await server.command(['user', 'set', ANN.name, '--first-name', 'Ann', '--last-name', 'O’Hara', '--email',
      'ann@example.com']);
    await writeFile(path.join(folder, 'latchkeyd.toml'), settings);
    server.#clocks = await open(path.join(folder, 'clocks'), 'w+', 0o600);
    await server.#clocks.write(Buffer.alloc(CONTROL_BYTES), 0, CONTROL_BYTES, 0);
    await server.go();
    return server;
  }

  command(words, input = '') {
    return run(program('LATCHKEY'), ['--data', this.#data, ...words], { input });
  }

  /** Starts it, the first time or again. */
  async go() {
    this.#program = new Program('latchkeyd', program('LATCHKEYD'), [
      '--config', path.join(this.#folder, 'latchkeyd.toml'), '--data', this.#data, '--create', '--cores', '1',
      '--hash-memory', '1MiB', '--hash-passes', '1',
    ], { LD_PRELOAD: program('CLOCK_SHIFT_LIBRARY'), CLOCK_SHIFT_CONTROL: path.join(this.#folder, 'clocks') });
    await this.#program.listens(...this.#addresses);
  }

  /** Moves every clock of the server on, as if so much time had passed. */
  async letPass(seconds) {
    this.#seconds += BigInt(seconds);
    const bytes = Buffer.alloc(CONTROL_BYTES);
    bytes.writeBigInt64LE(this.#seconds);
    await this.#clocks.write(bytes, 0, CONTROL_BYTES, 0);
  }

  /** Ends the process. Its data stay. */
  async halt() {
    await this.#program.stop();
    const errors = this.#program.lines.filter((line) => / level=error /.test(line));
    assert.deepEqual(errors, [], 'latchkeyd logged errors');
    assert.equal(this.#program.exitCode, 0, `latchkeyd did not end well:\n${this.#program.lastWords()}`);
  }

  async stop() {
    try {
      if (this.#program?.isRunning) await this.halt();
    } finally {
      await this.#clocks?.close();
    }
  }

  lastWords() {
    return this.#program?.lastWords() ?? '';
  }
}
