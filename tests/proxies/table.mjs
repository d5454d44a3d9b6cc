// The table of proxies by cases, of the last run: `node table.mjs` prints it, `--check` compares it with what
// docs/proxies/README.md has, `--write` writes it there. A proxy that did not run here is left as it stands.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { CASES } from './support/cases.mjs';
import { RESULTS } from './support/report.mjs';
import { ROOT } from './support/recipe.mjs';
import { VISITS } from './support/visits.mjs';

const PAGE = path.join(ROOT, 'docs/proxies/README.md');
const PROXIES = ['nginx', 'caddy', 'haproxy', 'apache', 'traefik', 'envoy'];
const TITLES = { nginx: 'nginx', caddy: 'Caddy', haproxy: 'HAProxy', apache: 'Apache', traefik: 'Traefik', envoy: 'Envoy' };
const ROWS = [...VISITS, ...CASES,
  { id: 'path left out', says: "the recipe without the question's path lets no stranger in" }];
const BLOCK = /(<!-- table -->\n).*?(<!-- end of table -->)/s;

const results = new Map(readdirSync(RESULTS).filter((name) => name.endsWith('.json')).map((name) => {
  const result = JSON.parse(readFileSync(path.join(RESULTS, name), 'utf8'));
  return [result.proxy, result.cells];
}));
const page = readFileSync(PAGE, 'utf8');

/** What the page has for a proxy that did not run here. */
function oldCell(proxy, id) {
  const row = BLOCK.exec(page)[0].split('\n').find((line) => line.startsWith(`| ${id}: `));
  return row?.split('|')[2 + PROXIES.indexOf(proxy)]?.trim() ?? '';
}

const APACHE = 'Apache asks nobody: it stands behind one of the other proxies';

const notes = [];
function note(text) {
  if (!notes.includes(text)) notes.push(text);
  return `(${notes.indexOf(text) + 1})`;
}

function cell(proxy, id) {
  if (proxy === 'apache') return note(APACHE);
  const cells = results.get(proxy);
  if (!cells) return oldCell(proxy, id);
  const found = cells[id] ?? 'not run';
  if (['yes', 'replayed', 'failed', 'not run'].includes(found)) return found;
  return note(found);
}

const lines = [
  `| | ${PROXIES.map((proxy) => TITLES[proxy]).join(' | ')} |`,
  `| --- |${' --- |'.repeat(PROXIES.length)}`,
  ...ROWS.map(({ id, says }) => `| ${id}: ${says} | ${PROXIES.map((proxy) => cell(proxy, id)).join(' | ')} |`),
  '',
  ...notes.map((note, i) => `(${i + 1}) ${note}  `),
];
const text = `${lines.join('\n')}\n`;
const now = page.replace(BLOCK, (_, begin, end) => begin + text + end);
switch (process.argv[2]) {
  case '--check':
    if (now === page) break;
    console.error('docs/proxies/README.md has another table: tests/proxies/table.mjs --write\n');
    console.error(text);
    process.exit(1);
    break;
  case '--write':
    writeFileSync(PAGE, now);
    break;
  default:
    console.log(text);
}
process.exit(0);
