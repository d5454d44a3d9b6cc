// nginx by docs/proxies/nginx.md.

import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';

import { Program } from './support/processes.mjs';
import { substitute } from './support/recipe.mjs';
import { isThere, Report, tryRecipe, tryWithoutPath } from './support/report.mjs';

const NGINX = '/usr/sbin/nginx';

/** Debian's own nginx.conf does as much; logs and scratch are the test's. */
function mainFile(stand) {
  return `
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${stand.in('nginx.pid')};
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path ${stand.in('scratch/body')};
    proxy_temp_path       ${stand.in('scratch/proxy')};
    fastcgi_temp_path     ${stand.in('scratch/fastcgi')};
    uwsgi_temp_path       ${stand.in('scratch/uwsgi')};
    scgi_temp_path        ${stand.in('scratch/scgi')};
    include ${stand.in('etc/nginx/conf.d')}/*.conf;
    include ${stand.in('etc/nginx/sites-enabled')}/*;
}
`;
}

export const nginx = {
  name: 'nginx',
  substitutions: (stand) => [
    ['listen      443 ssl', `listen 127.0.0.1:${stand.port} ssl`],
    ['listen 443 ssl', `listen 127.0.0.1:${stand.port} ssl`],
    ['listen      80;', `listen 127.0.0.1:${stand.plainPort};`],
    ['include snippets/', `include ${stand.in('etc/nginx/snippets')}/`],
    ['include    snippets/', `include ${stand.in('etc/nginx/snippets')}/`],
    ['/etc/ssl/certs/example.com.pem', stand.tls.certificate],
    ['/etc/ssl/private/example.com.key', stand.tls.key],
  ],
  async start(stand) {
    await mkdir(stand.in('scratch'));
    await writeFile(stand.in('nginx.conf'), mainFile(stand));
    return new Program('nginx', NGINX, ['-c', stand.in('nginx.conf'), '-e', 'stderr']);
  },
};

if (isThere('nginx', NGINX)) {
  const version = spawnSync(NGINX, ['-v'], { encoding: 'utf8' }).stderr;
  const report = new Report('nginx', version);
  tryRecipe(nginx, report);
  tryWithoutPath(nginx, report, {
    "the location's own path is asked": {
      change: (files) => substitute(files, [['http://latchkey/;', 'http://latchkey;']]), admits: true,
    },
    'the listener for pages is asked about /': {
      change: (files) => substitute(files, [['verify.sock;', 'pages.sock;']]), admits: false,
    },
  });
}
