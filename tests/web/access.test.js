// Browsers of other machines: the way from a scanned code to the app, over HTTPS. One browser has the CA imported, as a
// phone has after the steps of /trust; another has not. No flag that ignores certificates.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { camera, checkAccess, shot, startBrowser, visit } from './browser.js';
import { startServer } from './server.js';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let trusting;
/** @type {import('playwright-core').Browser} */
let doubting;
/** @type {string[]} */
const homes = [];
let key = '';
const at = () => server.address;

/** A browser of a user of its own. @param {string} [ca] whom it trusts */
function browserOf(ca) {
  const home = mkdtempSync(join(tmpdir(), 'kao home '));
  homes.push(home);
  if (ca) {
    const store = join(home, '.pki', 'nssdb');
    mkdirSync(store, { recursive: true });
    execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
    execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'kao', '-i', ca]);
  }
  return startBrowser({ ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, '.config'), XDG_DATA_HOME: join(home, '.local', 'share') });
}

/** A code that nobody has used. */
async function code() {
  const used = server.shown().match(/#code=/g)?.length ?? 0;
  server.another();
  while ((server.shown().match(/#code=[0-9a-f-]{36}\n/g)?.length ?? 0) <= used) await new Promise((later) => { setTimeout(later, 10); });
  return server.said(/#code=([0-9a-f-]{36})\n/);
}

before(async () => {
  server = await startServer((folder) => ['--address', '127.0.0.2', '--tls', join(folder, 'tls')]);
  key = await server.said(/The key "first": (\S+)\n/);
  trusting = await browserOf(join(server.folder, 'tls', 'ca.crt'));
  doubting = await browserOf();
});
after(async () => {
  await trusting?.close();
  await doubting?.close();
  await server?.stop();
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

const phone = { viewport: { width: 390, height: 844 }, serviceWorkers: /** @type {const} */ ('allow') };

test('a scanned code: the page about trust, then the app; no page sees the cookie, a service worker runs', async () => {
  const scanned = await code();
  await visit(trusting, at(), async (page) => {
    await page.getByRole('heading', { name: 'A key is needed' }).waitFor();
    await page.goto(`${at()}/trust#code=${scanned}`);
    await page.getByRole('heading', { name: 'Trust this kao' }).waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the code is taken out of the address');
    assert.equal(await page.getByRole('alert').count(), 0);
    await checkAccess(page, 'trust');
    await shot(page, 'trust');
    const ca = await page.evaluate(async () => {
      const answer = await fetch('/ca.crt');
      return [answer.headers.get('Content-Type'), (await answer.text()).slice(0, 27)];
    });
    assert.deepEqual(ca, ['application/x-x509-ca-cert', '-----BEGIN CERTIFICATE-----']);
    await page.getByRole('link', { name: 'Open kao' }).click();
    await page.locator('.face').first().waitFor();
    assert.equal(await page.evaluate(() => document.cookie), '');
    await page.evaluate(() => navigator.serviceWorker.ready);
    assert.equal(await page.getByText('does not trust').count(), 0);
    assert.ok(await page.evaluate(() => window.isSecureContext));
    await page.reload();
    await page.locator('.face').first().waitFor();
    await shot(page, 'trusted-app');
  }, { ...phone, expected: /401/ });
});

test('a code works once: the second browser is asked for a key', async () => {
  const scanned = await code();
  for (const first of [true, false])
    await visit(trusting, at(), async (page) => {
      await page.getByRole('heading', { name: 'A key is needed' }).waitFor();
      await page.goto(`${at()}/#code=${scanned}`);
      if (first) {
        await page.locator('.face').first().waitFor();
      } else {
        await page.getByText('A code works once').waitFor();
        await shot(page, 'code-used');
      }
    }, { expected: /401/ });
});

test('a typed key opens the app, a wrong one says so', async () => {
  await visit(trusting, at(), async (page) => {
    await page.getByLabel('Access key').fill('0f8a63c1-52d4-4b0e-9d3c-0c5f3a5b1c77');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('alert').getByText('not known here').waitFor();
    await page.getByRole('button', { name: '日本語' }).click();
    await page.getByRole('heading', { name: 'キーが必要です' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    assert.equal(await page.getByRole('navigation').count(), 0, 'no tabs');
    await checkAccess(page, 'key');
    await shot(page, 'key');
    await page.getByLabel('Access key').fill(key);
    await page.keyboard.press('Enter');
    await page.locator('.face').first().waitFor();
  }, { expected: /401/ });
  await visit(trusting, at(), async (page) => {
    await page.getByRole('heading', { name: 'キーが必要です' }).waitFor();
    await page.goto(`${at()}/trust`);
    await page.getByRole('heading', { name: 'この kao を信頼する' }).waitFor();
    await checkAccess(page, 'trust in Japanese');
    await shot(page, 'trust-ja');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Trust this kao' }).waitFor();
    assert.ok(await page.evaluate(() => document.activeElement?.classList.contains('language')), 'the button has the focus still');
    await page.reload();
    await page.getByRole('heading', { name: 'Trust this kao' }).waitFor();
    await page.getByRole('link', { name: 'Open kao' }).click();
    await page.getByRole('heading', { name: 'A key is needed' }).waitFor();
  }, { ...phone, locale: 'ja-JP', expected: /401/ });
});

test('a browser that does not trust the CA: it warns; past the warning the app runs and says so', async () => {
  const scanned = await code();
  const context = await doubting.newContext({ ...phone, locale: 'en-GB', permissions: ['camera'] });
  const page = await context.newPage();
  await assert.rejects(page.goto(`${at()}/#code=${scanned}`), /ERR_CERT_AUTHORITY_INVALID/);
  await page.locator('#details-button').click(); // what a person does who reads the warning and goes on
  await page.locator('#proceed-link').click();
  await page.locator('.face').first().waitFor();
  await page.getByText('does not trust kao’s certificate yet').waitFor();
  await shot(page, 'untrusted-app');
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  if (camera) {
    const size = await page.evaluate(async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true });
      const { width } = stream.getVideoTracks()[0].getSettings();
      for (const track of stream.getTracks()) track.stop();
      return width;
    });
    assert.ok(Number(size) > 0, 'the camera works');
  }
  await page.getByRole('link', { name: 'How to trust it' }).click();
  await page.getByRole('heading', { name: 'Trust this kao' }).waitFor();
  await context.close();
});
