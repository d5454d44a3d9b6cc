// Caddy by docs/proxies/caddy.md. The certificates are those of Caddy's own authority.

import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';

import { Program } from './support/processes.mjs';
import { substitute } from './support/recipe.mjs';
import { isThere, Report, tryRecipe, tryWithoutPath } from './support/report.mjs';
import { APP, SIBLINGS, SIGN_IN_HOST, STAFF, WIKI } from './support/stand.mjs';

const CADDY = '/usr/bin/caddy';

const LIMIT_MS = 30_000;

async function certificateOf(stand, host) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      (await stand.connect(host)).close();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

export const caddy = {
  name: 'caddy',
  substitutions: (stand) => [
    ['(latchkey_page) {', `{
	admin off
	local_certs
	skip_install_trust
	https_port ${stand.port}
	http_port ${stand.plainPort}
}

(latchkey_page) {`],
  ],
  async start(stand) {
    const scratch = stand.in('scratch');
    const program = new Program('caddy', CADDY, ['run', '--adapter', 'caddyfile', '--config', stand.in('etc/caddy/Caddyfile')], {
      HOME: scratch, XDG_DATA_HOME: scratch, XDG_CONFIG_HOME: scratch,
    });
    await program.listens({ port: stand.port, host: '127.0.0.1' });
    stand.tls.authority = await readFile(`${scratch}/caddy/pki/authorities/local/root.crt`);
    // It listens before it has the certificates.
    for (const host of [SIGN_IN_HOST, APP, STAFF, WIKI, SIBLINGS[0]]) await certificateOf(stand, host);
    return program;
  },
};

if (isThere('caddy', CADDY)) {
  const report = new Report('caddy', execFileSync(CADDY, ['version'], { encoding: 'utf8' }));
  tryRecipe(caddy, report);
  tryWithoutPath(caddy, report, {
    '/ is asked': { change: (files) => substitute(files, [['uri /auth/forward', 'uri /']]), admits: true },
    'the listener for pages is asked about /': {
      change: (files) => substitute(files, [['uri /auth/forward', 'uri /'],
        ['verify.sock {', 'pages.sock {']]),
      admits: false,
    },
  });
}
