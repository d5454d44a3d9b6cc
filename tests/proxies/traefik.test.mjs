// Traefik 3 by docs/proxies/traefik.md: its requests, replayed.

import { freePort } from './support/processes.mjs';
import { tryReplay } from './support/replay.mjs';
import { Report } from './support/report.mjs';

const [pagesPort, questionsPort] = [await freePort(), await freePort()];
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'te', 'trailers', 'transfer-encoding', 'upgrade', 'content-length']);
const REBUILT = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-method', 'x-forwarded-port', 'x-forwarded-proto',
  'x-forwarded-uri', 'x-forwarded-prefix', 'x-forwarded-server', 'x-real-ip']);

/** As Go's client writes what Traefik's ForwardAuth made: Host, User-Agent, then the rest sorted by name. */
function question({ host, method, target, headers, from, path = '/auth/forward' }) {
  const passed = headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return lower !== 'user-agent' && !HOP_BY_HOP.has(lower) && !REBUILT.has(lower);
  });
  const agent = headers.find(([name]) => name === 'User-Agent')?.[1] ?? 'Go-http-client/1.1';
  const own = [
    ['X-Forwarded-For', from], ['X-Forwarded-Host', host], ['X-Forwarded-Method', method], ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'], ['X-Forwarded-Uri', target], ['Accept-Encoding', 'gzip'],
  ];
  const sorted = [...passed, ...own].sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  const lines = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${questionsPort}`, `User-Agent: ${agent}`,
    ...sorted.map(([name, value]) => `${name}: ${value}`)];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const notHere = 'Debian has no Traefik: of the rows that are "replayed", the question and its answer were tried';
tryReplay({
  name: 'traefik',
  substitutions: () => [['127.0.0.1:9000', `127.0.0.1:${pagesPort}`], ['127.0.0.1:9001', `127.0.0.1:${questionsPort}`]],
  pages: () => ({ port: pagesPort }),
  questions: () => ({ port: questionsPort }),
  question,
  leftOut: Object.fromEntries(['there and back', '403 page', 'one host in a browser', 'siblings', 'forged identity', 'other protocol', 'stream',
    'one host'].map((id) => [id, notHere])),
}, new Report('traefik', 'replayed'));
