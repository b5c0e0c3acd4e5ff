// What the browser tests share: the browser, pages that are checked as they close.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { PICTURES } from './server.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** A few seconds of the clip, where the machine could cut it. */
export const SHORT = process.env.SHORT && existsSync(process.env.SHORT) ? process.env.SHORT : join(PICTURES, 'clip.mp4');
export const camera = process.env.CAMERA && existsSync(process.env.CAMERA) ? process.env.CAMERA : '';
const PATIENCE = 600_000; // nothing here depends on speed

/** env: of its process, as HOME. @param {NodeJS.ProcessEnv} [env] */
export function startBrowser(env = process.env) {
  return chromium.launch({
    env: /** @type {any} */ (env),
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
      ...(camera ? [`--use-file-for-fake-video-capture=${camera}`] : [])],
  });
}

/**
 * A page of a fresh browser user. When `run` is done, what the console said is looked at.
 * expected: errors that belong to the test.
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @param {(page: import('playwright-core').Page) => Promise<void>} run
 * @param {import('playwright-core').BrowserContextOptions & {expected?: RegExp}} [options]
 */
export async function visit(browser, address, run, { expected, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', serviceWorkers: 'block', ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const troubles = [];
  /** @type {string[]} */
  const refusals = [];
  context.setDefaultTimeout(PATIENCE);
  page.on('console', (m) => {
    if (m.type() === 'error' && !expected?.test(m.text())) troubles.push(m.text());
  });
  page.on('response', (r) => { // told beside the console's line, which has the status alone
    if (r.status() >= 400) refusals.push(`${r.status()}: ${r.request().method()} ${r.url()}`);
  });
  page.on('pageerror', (e) => troubles.push(String(e.stack)));
  page.on('request', (r) => {
    if (!r.url().startsWith(address) && !/^(blob|data):/.test(r.url())) troubles.push(`asked ${r.url()}`);
  });
  try {
    await page.goto(`${address}/`);
    await page.locator('main > *').first().waitFor({ state: 'attached' }); // the server has been asked for what a page needs
    await run(page);
    assert.deepEqual(troubles, []);
  } catch (error) {
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `failed-${Date.now()}.png`) });
    if (troubles.length) console.log([...troubles, ...refusals].join('\n'));
    throw error;
  } finally {
    await context.close();
  }
}

/** No violation of axe's rules. @param {import('playwright-core').Page} page @param {string} where */
export async function checkAccess(page, where) {
  await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {}))));
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const result = await /** @type {any} */ (window).axe.run(document);
    return result.violations.map((/** @type {any} */ v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => `${n.target} ${n.any.map((/** @type {any} */ a) => a.message).join(' ')}`).join(' | ')}`);
  });
  assert.deepEqual(found, [], where);
}

/** An empty gallery. @param {string} address */
export async function empty(address) {
  assert.equal((await fetch(`${address}/v1/people`, { method: 'DELETE' })).status, 200);
}

/** @param {string} address @param {string} name @param {...string} pictures @returns {Promise<number>} */
export async function enrol(address, name, ...pictures) {
  let person = 'new';
  for (const picture of pictures) {
    const response = await fetch(`${address}/v1/people/${person}/samples?force=true&source=${picture}&name=${encodeURIComponent(name)}`,
      { method: 'POST', body: readFileSync(join(PICTURES, picture)), headers: { 'Content-Type': 'image/jpeg' } });
    const answer = await response.json();
    assert.equal(response.status, 201, JSON.stringify(answer));
    person = String(answer.person);
  }
  return Number(person);
}

/** A picture of the page, where somebody wants to look at it (SHOTS: a folder).
 * @param {import('playwright-core').Page} page @param {string} name @param {boolean} [whole] */
export async function shot(page, name, whole = true) {
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: whole });
}

/** @param {string} address @returns {Promise<any[]>} */
export async function people(address) {
  return (await (await fetch(`${address}/v1/people`)).json()).people;
}

/** The app's clock all but stands: what it does for some seconds goes on, however slow the machine is.
 * @param {import('playwright-core').Page} page */
export async function slowClock(page) {
  await page.evaluate(() => {
    const now = performance.now.bind(performance);
    const begun = now();
    performance.now = () => begun + (now() - begun) / 1000;
  });
}

/** What is shown for some seconds stays until it is used. @param {import('playwright-core').Page} page */
export async function stayToasts(page) {
  await page.evaluate(() => {
    const later = window.setTimeout.bind(window);
    const much = 2 ** 31 - 1;
    window.setTimeout = /** @type {any} */ ((/** @type {() => void} */ run, /** @type {number} */ ms) => later(run, ms >= 8000 ? much : ms));
  });
}

/** The clip stands still at a moment with Ana (left) and Ben. @param {import('playwright-core').Page} page */
export async function holdClip(page) {
  await page.locator('.stage[data-ready]').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.evaluate(() => new Promise((done) => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('.video'));
    video.addEventListener('seeked', done, { once: true });
    video.currentTime = 3;
  }));
  await page.waitForFunction(() => document.querySelectorAll('.here').length === 2);
}
