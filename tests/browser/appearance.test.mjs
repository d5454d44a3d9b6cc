// How the pages look: contrast in light and dark, no sideways scrolling at 360 px, and pictures of each page
// for a person to look at, under build/browser/.

import { pageTest } from './support/page_test.mjs';
import { ALICE } from './support/server.mjs';
import { assertContrast, assertNoSidewaysScroll, takePicture } from './support/sight.mjs';

const WIDE = { width: 1280, height: 860 };
const NARROW = { width: 360, height: 760 };

const LOOKS = {
  light: { colorScheme: 'light', viewport: WIDE },
  dark: { colorScheme: 'dark', viewport: WIDE },
  360: { colorScheme: 'light', viewport: NARROW },
  '360-dark': { colorScheme: 'dark', viewport: NARROW },
};

async function lookAt(page, name, { colorScheme, viewport }) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize(viewport);
  await takePicture(page, name);
  await assertContrast(page, name);
  await assertNoSidewaysScroll(page, name);
}

async function openDelete(page) {
  await page.getByRole('button', { name: 'DELETE', exact: true }).click();
  await page.getByRole('dialog').waitFor();
}

/** The views to look at: a name, and how a visitor gets there. */
const VIEWS = {
  signin: ({ page }) => page.goto('/'),

  'signin-refused': async ({ visitor, page }) => {
    await page.goto('/');
    visitor.expectFailure(400);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('#password-error:not(:empty)').waitFor();
  },

  'signin-busy': async ({ page }) => {
    await page.route('**/auth/session/', () => {});
    await page.goto('/auth/');
    await page.getByLabel('Username').fill(ALICE.username);
    await page.getByLabel('Password', { exact: true }).fill(ALICE.password);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Signing in\u2026' }).waitFor();
  },

  signout: async ({ visitor, page }) => {
    await visitor.signIn(ALICE);
    await page.goto('/auth/sign-out/');
  },

  'signed-out': ({ page }) => page.goto('/auth/sign-out/'),

  forbidden: async ({ visitor, page }) => {
    await visitor.signIn(ALICE);
    visitor.expectFailure(403);
    await page.goto('/auth/forbidden/');
  },

  sessions: async ({ server, visitor, page }) => {
    await server.tokenOf(ALICE, 'curl/7.88.1');
    await server.tokenOf(ALICE, `an-agent-without-a-space/${'x'.repeat(200)}`);
    await visitor.signIn(ALICE);
    await page.locator('.session').nth(2).waitFor();
  },

  'sessions-told': async ({ server, visitor, page }) => {
    await server.tokenOf(ALICE, 'curl/7.88.1');
    await visitor.signIn(ALICE);
    await page.getByRole('button', { name: 'End the session of curl' }).click();
    await page.getByRole('status').filter({ hasText: 'Ended' }).waitFor();
    visitor.expectFailure(400);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.locator('#current_password-error:not(:empty)').waitFor();
    await page.getByRole('button', { name: 'End all' }).click();
    await page.getByRole('dialog').waitFor();
  },

  authtoken: ({ page }) => page.goto('/api/v2/authtoken/'),

  'authtoken-in-hand': async ({ page }) => {
    await page.goto('/api/v2/authtoken/');
    await page.getByLabel('Content').fill(JSON.stringify(ALICE));
    await page.getByRole('button', { name: 'POST', exact: true }).click();
    await page.getByText('Token in hand', { exact: true }).waitFor();
    await openDelete(page);
  },

  'authtoken-refused': async ({ visitor, page }) => {
    await page.goto('/api/v2/authtoken/');
    visitor.expectFailure(400);
    await page.getByRole('button', { name: 'POST', exact: true }).click();
    await page.locator('#status-line').filter({ hasText: 'HTTP 400' }).waitFor();
    await page.getByLabel('GET in another format').click();
  },

  tree: ({ page }) => page.goto('/api/v2/'),
};

for (const [view, come] of Object.entries(VIEWS)) {
  pageTest(`B-2 ${view} is readable in light and dark, wide and at 360 px`, {}, async (rig) => {
    await come(rig);
    for (const [look, how] of Object.entries(LOOKS)) await lookAt(rig.page, `${view}-${look}`, how);
  });
}
