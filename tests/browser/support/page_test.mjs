// A test of pages: a server, a visitor, and checks of both at the end.

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
 * Runs a test with its own server and its own browser context. `options`: `flags` and `users` for the server,
 * `browser` for the context. `body` gets `{server, visitor, page}`.
 */
export function pageTest(name, options, body) {
  test(name, { timeout: TEST_LIMIT_MS }, async () => {
    const server = await Server.start(options);
    try {
      await visit(server, options.browser, body);
    } catch (error) {
      // Reports the first failure, with the server's view of it.
      await server.stop().catch(() => {});
      error.message += `\nlatchkeyd's last lines:\n${server.lastWords()}`;
      throw error;
    }
    await server.stop();
  });
}
