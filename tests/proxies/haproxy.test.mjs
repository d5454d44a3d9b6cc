// HAProxy by docs/proxies/haproxy.md, with tools/proxies/haproxy.lua.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { Program } from './support/processes.mjs';
import { ROOT, substitute } from './support/recipe.mjs';
import { isThere, Report, tryRecipe, tryWithoutPath } from './support/report.mjs';

const HAPROXY = '/usr/sbin/haproxy';

export const haproxy = {
  name: 'haproxy',
  substitutions: (stand) => [
    ['    user  haproxy\n    group haproxy\n', ''],
    ['bind :443', `bind 127.0.0.1:${stand.port}`],
    ['/etc/haproxy/example.com.pem', stand.tls.both],
    ['/usr/share/latchkey/haproxy.lua', path.join(ROOT, 'tools/proxies/haproxy.lua')],
  ],
  async start(stand) {
    return new Program('haproxy', HAPROXY, ['-db', '-f', stand.in('etc/haproxy/haproxy.cfg')]);
  },
};

if (isThere('haproxy', HAPROXY)) {
  const report = new Report('haproxy', execFileSync(HAPROXY, ['-v'], { encoding: 'utf8' }).split('\n')[0]);
  tryRecipe(haproxy, report);
  tryWithoutPath(haproxy, report, {
    'the listener for pages is asked about /': {
      change: (files) => substitute(files, [['verify.sock\n', 'pages.sock\n']]), admits: false,
    },
  });
}
