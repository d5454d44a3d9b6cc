// A certificate authority of the test's own, and a certificate for the names of the recipes.

import { createHash, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { run } from './processes.mjs';

/** Makes `ca.pem`, `site.pem` and `site.key` in the folder, and `both.pem` with the last two for proxies that want one file. */
export async function makeCertificate(folder, names) {
  const of = (name) => path.join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', ['req', '-x509', ...key, '-keyout', of('ca.key'), '-out', of('ca.pem'), '-days', '2',
    '-subj', '/CN=Test authority']);
  await run('openssl', ['req', ...key, '-keyout', of('site.key'), '-out', of('site.csr'), '-subj', `/CN=${names[0]}`]);
  await writeFile(of('names'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`);
  await run('openssl', ['x509', '-req', '-in', of('site.csr'), '-CA', of('ca.pem'), '-CAkey', of('ca.key'),
    '-CAcreateserial', '-days', '2', '-extfile', of('names'), '-out', of('site.pem')]);
  const [certificate, secret] = await Promise.all([readFile(of('site.pem')), readFile(of('site.key'))]);
  await writeFile(of('both.pem'), Buffer.concat([certificate, secret]));
  const publicKey = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return {
    certificate: of('site.pem'), key: of('site.key'), both: of('both.pem'), authority: await readFile(of('ca.pem')),
    fingerprint: createHash('sha256').update(publicKey).digest('base64'),
  };
}
