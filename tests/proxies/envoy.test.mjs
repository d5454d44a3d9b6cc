// Envoy by docs/proxies/envoy.md: its requests, replayed.

import path from 'node:path';

import { tryReplay } from './support/replay.mjs';
import { Report } from './support/report.mjs';

const ENVOY = '192.0.2.10';
const ALLOWED = /^(?:authorization|cookie|user-agent|accept|origin|access-control-request-method|x-auth-token|x-forwarded-for|sec-fetch-.*)$/;

/** As ext_authz and Envoy's own HTTP client write it: the client's method and path, names in lower case. */
function question({ host, method, target, headers, from }) {
  const lower = headers.map(([name, value]) => [name.toLowerCase(), value]);
  const passed = lower.filter(([name]) => ALLOWED.test(name) && name !== 'x-forwarded-for');
  // use_remote_address appends the client's address, and the filter's client Envoy's own.
  const claimed = lower.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value);
  const source = [...claimed, from, ENVOY].join(',');
  const lines = [`${method} ${target} HTTP/1.1`, `host: ${host}`, 'content-length: 0',
    ...passed.map(([name, value]) => `${name}: ${value}`), 'x-forwarded-proto: https', `x-forwarded-method: ${method}`, 'x-envoy-internal: true',
    `x-forwarded-for: ${source}`, 'x-envoy-expected-rq-timeout-ms: 2000'];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

const at = (name) => (folder) => ({ path: path.join(folder, 'run/latchkey', name) });
const notHere = 'Debian has no Envoy: of the rows that are "replayed", the question and its answer were tried';
tryReplay({
  name: 'envoy',
  substitutions: (folder) => [['/run/latchkey/', `${path.join(folder, 'run/latchkey')}/`]],
  pages: at('pages.sock'),
  questions: at('verify.sock'),
  question,
  asksByHead: (method) => method === 'HEAD',
  leftOut: {
    ...Object.fromEntries(['there and back', '403 page', 'one host in a browser', 'siblings', 'forged identity', 'other protocol', 'stream',
      'one host'].map((id) => [id, notHere])),
  },
}, new Report('envoy', 'replayed'));
