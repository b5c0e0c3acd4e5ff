// The server's own cameras in the app: what they see, what they have seen.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { checkAccess, enrol, shot, startBrowser, visit } from './browser.js';
import { PICTURES, startServer } from './server.js';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  server = await startServer((folder) => ['--source', `玄関=${join(PICTURES, 'clip.mp4')}`, '--source', `garden=${join(folder, 'none.mp4')}`, ...(process.env.CURL === 'yes' ? ['--webhook', 'http://127.0.0.1:9/'] : [])]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('cameras, their pictures, and what they have seen', async () => {
  await visit(browser, server.address, async (page) => {
    await page.getByRole('link', { name: 'Cameras' }).click();
    await page.getByRole('heading', { name: '玄関' }).waitFor();
    await page.waitForFunction(() => /** @type {HTMLImageElement | null} */ (document.querySelector('.camera-picture[data-shown]:not([data-shown=""])'))?.naturalWidth === 640);
    await page.locator('.event-list li', { hasText: 'Somebody has come' }).first().waitFor();
    await page.locator('.camera-card[data-state="ended"]').waitFor();
    await page.locator('.event-list li', { hasText: 'has left' }).first().waitFor();
    assert.match(await page.locator('.camera-card', { hasText: 'garden' }).innerText(), /failed/);
    if (process.env.CURL === 'yes') await page.getByText('is told to an address of its owner').waitFor();
    await checkAccess(page, 'cameras');
    await shot(page, 'cameras');
    // somebody who is enrolled later was not known then
    await enrol(server.address, 'Ana', 'ana_1.jpg');
    await page.getByRole('button', { name: '日本語' }).click();
    await page.getByRole('heading', { name: 'カメラ' }).waitFor();
    await page.locator('.event-list li', { hasText: '誰かが現れました' }).first().waitFor();
    await shot(page, 'cameras-ja');
    await page.setViewportSize({ width: 390, height: 844 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits a phone');
    await shot(page, 'cameras-phone');
    await checkAccess(page, 'cameras in Japanese, on a phone');
  });
});
