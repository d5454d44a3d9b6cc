// A person at a browser: its own context in Debian's Chromium, and the rules for every page of every test. No
// error on the console, none in the script, no request to another host. A violation of the
// Content-Security-Policy is an error on the console.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP *.test 127.0.0.1',
];
const PAGE_LIMIT_MS = 60_000;
const CONSOLE_LIMIT_MS = 20_000;

/** Chromium's own line about an answer of 4xx or 5xx, or about a missing answer. */
const FAILED_TO_LOAD = /^Failed to load resource: (?:the server responded with a status of (\d+)|net::(\w+))/;

/** Chromium's line about a host by name without TLS. */
const IN_THE_OPEN = /^The Cross-Origin-Opener-Policy header has been ignored, because .* untrustworthy/;

let launched;

function browser() {
  launched ??= chromium.launch({ executablePath: EXECUTABLE, headless: true, args: ARGUMENTS });
  return launched;
}

after(async () => { if (launched) await (await launched).close(); });

export class Visitor {
  #context;
  #origin;
  #problems = [];
  #failures = [];
  #expected = [];
  #elsewhere = [];

  /**
   * `elsewhere`: other origins that the visitor goes to. The rest are options of a browser context: viewport,
   * colorScheme, javaScriptEnabled, extraHTTPHeaders.
   */
  static async open(origin, { elsewhere = [], ...options } = {}) {
    const visitor = new Visitor();
    visitor.#origin = origin;
    visitor.#elsewhere = [...elsewhere];
    visitor.#context = await (await browser()).newContext({ baseURL: origin, ...options });
    visitor.#context.setDefaultTimeout(PAGE_LIMIT_MS);
    visitor.#context.on('request', (request) => visitor.#checkRequest(request));
    visitor.#context.on('page', (page) => visitor.#watch(page));
    visitor.page = await visitor.#context.newPage();
    return visitor;
  }

  #checkRequest(request) {
    const { origin } = new URL(request.url());
    if (origin === this.#origin || this.#elsewhere.includes(origin)) return;
    this.#problems.push(`a request to ${request.url()}`);
  }

  #watch(page) {
    page.on('pageerror', (error) => this.#problems.push(`an error in the page: ${error}`));
    page.on('dialog', (dialog) => {
      this.#problems.push(`a dialog of the browser: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      // For a document without an icon, such as plain JSON, the browser asks for one on its own, sooner or
      // later.
      if (message.location().url.endsWith('/favicon.ico')) return;
      if (IN_THE_OPEN.test(message.text())) return;
      const failure = FAILED_TO_LOAD.exec(message.text());
      if (failure) this.#failures.push(failure[1] ?? failure[2]);
      else this.#problems.push(`on the console: ${message.text()}`);
    });
  }

  /** Says that the test's next step gets an answer with that status, or that error of the network. */
  expectFailure(status) {
    this.#expected.push(String(status));
  }

  /** Says that the visitor goes to this host of the server too. */
  visits(origin) {
    this.#elsewhere.push(origin);
  }

  /** Comes from a page of another site, by a link that leads to `target` here. */
  async followLinkFrom(origin, target) {
    this.visits(origin);
    await this.page.route(`${origin}/**`, (route) => route.fulfill({
      contentType: 'text/html', body: `<link rel="icon" href="data:,"><a href="${this.#origin}${target}">There</a>`,
    }));
    await this.page.goto(`${origin}/`);
    await this.page.getByRole('link', { name: 'There' }).click();
  }

  async cookie(name) {
    return (await this.#context.cookies()).find((cookie) => cookie.name === name);
  }

  userAgent() {
    return this.page.evaluate(() => navigator.userAgent);
  }

  async signIn({ username, password }) {
    await this.page.goto('/');
    await this.page.getByLabel('Username').fill(username);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('heading', { name: 'Your sessions' }).waitFor();
  }

  /** Waits for Chromium to write its lines, which must then be the expected ones. */
  async #consoleSettled() {
    const limit = Date.now() + CONSOLE_LIMIT_MS;
    while (this.#failures.length < this.#expected.length && Date.now() < limit) {
      await this.page.evaluate(() => new Promise((done) => { setTimeout(done, 10); }));
    }
  }

  async leave({ check }) {
    try {
      if (!check) return;
      await this.#consoleSettled();
      assert.deepEqual(this.#problems, [], 'the page broke a rule that holds everywhere');
      assert.deepEqual(this.#failures.sort(), this.#expected.sort(), 'answers of failure, and those expected');
    } finally {
      await this.#context.close();
    }
  }
}
