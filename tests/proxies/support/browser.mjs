// A person at Debian's Chromium, whose names all lead to one proxy of a test.

import { after } from 'node:test';

import { chromium } from '../../browser/node_modules/playwright-core/index.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const PAGE_LIMIT_MS = 30_000;

const running = new Set();
after(async () => { for (const browser of running) await browser.close(); });

/** Opens a browser for which every host of example.com and example.org is the stand's proxy, with the ports that a reader would see. */
export async function openBrowser(stand) {
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      ...ARGUMENTS, `--host-resolver-rules=MAP *.example.com 127.0.0.1:${stand.port},MAP *.example.org 127.0.0.1:${stand.port}`,
      `--ignore-certificate-errors-spki-list=${stand.tls.fingerprint}`,
    ],
  });
  running.add(browser);
  // A proxy with an authority of its own makes its own certificates.
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(PAGE_LIMIT_MS);
  const page = await context.newPage();
  return {
    context,
    page,
    async close() {
      running.delete(browser);
      await browser.close();
    },
  };
}

/** Fills the form of the sign-in page that is open. */
export async function signIn(page, { name, password }) {
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
