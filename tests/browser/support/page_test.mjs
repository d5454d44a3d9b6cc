// A test of pages: a server, a visitor, and what holds for both at the end.

import test from 'node:test';

import { Server } from './server.mjs';
import { Visitor } from './visitor.mjs';

const TEST_LIMIT_MS = 300_000;

async function visit(server, browserOptions, body) {
  const visitor = await Visitor.open(server.origin, browserOptions);
  let went = false;
  try {
    await body({ server, visitor, page: visitor.page });
    went = true;
  } finally {
    await visitor.leave({ check: went });
  }
}

/**
 * A test in a server of its own and a browser context of its own. `options`: `flags` and `users` for the
 * server, `browser` for the context. `body` gets `{server, visitor, page}`.
 */
export function pageTest(name, options, body) {
  test(name, { timeout: TEST_LIMIT_MS }, async () => {
    const server = await Server.start(options);
    try {
      await visit(server, options.browser, body);
    } catch (error) {
      // The first thing that went wrong is the one to tell, and what the server saw of it.
      await server.stop().catch(() => {});
      error.message += `\nlatchkeyd's last lines:\n${server.lastWords()}`;
      throw error;
    }
    await server.stop();
  });
}
