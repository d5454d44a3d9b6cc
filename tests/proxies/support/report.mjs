// Runs every case on a recipe and keeps what came of it for the table (table.mjs).

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { assertAdmitted, assertRefused, CASES, NAVIGATION } from './cases.mjs';
import { ROOT } from './recipe.mjs';
import { Stand, WIKI } from './stand.mjs';
import { VISITS } from './visits.mjs';

export const RESULTS = path.join(ROOT, 'build/proxies');
const TEST_LIMIT_MS = 300_000;

/** Whether the program is there. Where it must be (CI), its absence fails; elsewhere the proxy's tests are skipped. */
export function isThere(proxy, program) {
  const found = existsSync(program);
  if (!found) {
    test(`${proxy}: its recipe`, { skip: process.env.CI ? false : `no ${program}: tools/setup --proxies installs it` }, () => {
      throw new Error(`no ${program}`);
    });
  }
  return found;
}

/** The results of one proxy, written when its last test has ended. */
export class Report {
  #proxy;
  #version;
  #cells = {};

  constructor(proxy, version) {
    this.#proxy = proxy;
    this.#version = version;
    process.on('exit', () => this.#write());
  }

  /** A test that is a cell of the table, which says `word` if it passes. */
  test(id, says, body, word = 'yes') {
    test(`${this.#proxy}: ${id}: ${says}`, { timeout: TEST_LIMIT_MS }, async () => {
      this.#cells[id] = 'failed';
      await body();
      this.#cells[id] = word;
    });
  }

  /** A cell that no test can fill. */
  leaveOut(id, why) {
    this.#cells[id] = why;
  }

  #write() {
    mkdirSync(RESULTS, { recursive: true });
    const text = JSON.stringify({ proxy: this.#proxy, version: this.#version, cells: this.#cells }, null, 2);
    writeFileSync(path.join(RESULTS, `${this.#proxy}.json`), `${text}\n`);
  }
}

/**
 * Every case and visit for a proxy that runs. `recipe` is as for Stand.start(), and may have `leftOut`: why a case is not
 * run, by its id.
 */
export function tryRecipe(recipe, report) {
  let stand;
  test(`${recipe.name}: the page's configuration starts`, { timeout: TEST_LIMIT_MS }, async () => {
    stand = await Stand.start(recipe);
  });
  for (const { id, says, run } of [...VISITS, ...CASES]) {
    if (recipe.leftOut?.[id]) {
      report.leaveOut(id, recipe.leftOut[id]);
      continue;
    }
    report.test(id, says, async () => {
      if (!stand) throw new Error('the proxy did not start');
      try {
        await run(stand);
      } catch (error) {
        error.message += `\n${stand.lastWords()}`;
        throw error;
      }
    });
  }
  test(`${recipe.name}: Latchkey ends well, and logged no error`, { timeout: TEST_LIMIT_MS }, async () => {
    await stand?.stop();
  });
}

/**
 * The recipe with the question's path left out, in each of these ways: `changes` maps a name to what it makes of the
 * files. Nobody enters who would not enter by the recipe, and where Latchkey is asked at a listener for pages, nobody
 * at all.
 */
export function tryWithoutPath(recipe, report, changes) {
  report.test('path left out', "the recipe without the question's path lets no stranger in", async () => {
    for (const [name, { change, admits }] of Object.entries(changes)) {
      const stand = await Stand.start(recipe, { change });
      try {
        const token = await stand.tokenOf();
        for (const request of [{}, { token: '0'.repeat(40) }, { headers: NAVIGATION }, { host: WIKI, target: '/' }]) {
          await assertRefused(stand, request, [302, 303, 401, 403, 500, 502, 503]);
        }
        if (admits) await assertAdmitted(stand, { token });
        else await assertRefused(stand, { token }, [401, 403, 500, 502, 503]);
      } catch (error) {
        error.message = `${name}: ${error.message}\n${stand.lastWords()}`;
        throw error;
      } finally {
        await stand.stop();
      }
    }
  });
}
