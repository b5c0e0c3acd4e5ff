// Videos and albums of the user's own, in a real browser against the program.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { checkAccess, empty, enrol, people, SHORT, shot, startBrowser, visit } from './browser.js';
import { PICTURES, startServer } from './server.js';

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
const at = () => server.address;
const picture = (/** @type {string} */ name) => join(PICTURES, name);
/** @typedef {import('playwright-core').Page} Page */

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** @param {Page} page @param {string} [file] */
async function lookThrough(page, file = picture('clip.mp4')) {
  await page.locator('.video-page input[type=file]').setInputFiles(file);
  await page.locator('.timeline').waitFor();
}

/** @param {Page} page @param {RegExp} [which] */
async function readAlbum(page, which = /^(ana|ben|chen|dora|emil)_[12]\.jpg$|^group\.jpg$/) {
  const names = readdirSync(PICTURES).filter((n) => which.test(n));
  await page.locator('.album-page input[type=file]').nth(1).setInputFiles(names.map(picture));
  await page.locator('.album-head').waitFor();
  return names;
}

/** @param {Page} page @param {string} where */
async function fits(page, where) {
  const [wide, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= shown, `${where}: ${wide} pixels wide`);
}

test('a video: progress, its people on a time line, a press jumps there', async () => {
  await empty(at());
  await visit(browser, at(), async (page) => {
    await page.getByRole('link', { name: 'Video', exact: true }).click();
    await checkAccess(page, 'video, before');
    await page.getByRole('button', { name: 'Try the example clip' }).click();
    await page.getByRole('progressbar', { name: 'Looking through clip.mp4' }).waitFor();
    await page.waitForFunction(() => /^\d+ % done$/.test(document.querySelector('.job .figure')?.textContent ?? ''));
    await checkAccess(page, 'video, in work');
    await page.getByRole('heading', { name: '3 people' }).waitFor();
    assert.equal(await page.locator('.tl-part').count(), 5, 'two come back');
    assert.equal(await page.locator('.timeline img.chip').count(), 3);
    await page.waitForFunction(() => [...document.querySelectorAll('.timeline img')].every((i) => /** @type {HTMLImageElement} */ (i).naturalWidth > 0));
    await checkAccess(page, 'video, time line');

    const back = page.getByRole('button', { name: /^Unknown 1, 0:0\d to 0:11$/ });
    await back.focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => Math.abs((document.querySelector('video')?.currentTime ?? 0) - 9.9) < 0.3);
    await page.waitForFunction(() => parseFloat(/** @type {HTMLElement} */ (document.querySelector('.tl-now')).style.left) > 75);
    await page.getByRole('button', { name: /^Unknown 3, 0:05 to/ }).click();
    await page.waitForFunction(() => Math.abs((document.querySelector('video')?.currentTime ?? 0) - 5.5) < 0.3);
    await page.waitForFunction(() => { // boxes of that moment
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.overlay'));
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return data.some((v, i) => i % 4 === 3 && v > 200);
    });
    await page.getByRole('button', { name: 'Show boxes' }).click();
    await page.waitForFunction(() => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.overlay'));
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return data.every((v) => v === 0);
    });
  });
});

test('a video: a stranger is named there, known from then on, and the work stays while one looks elsewhere', async () => {
  await empty(at());
  await visit(browser, at(), async (page) => {
    await page.goto(`${at()}/#video`);
    await lookThrough(page);
    await page.getByRole('button', { name: 'Name: Unknown 1' }).click();
    const dialog = page.getByRole('dialog', { name: 'Who is this?' });
    await checkAccess(page, 'naming');
    await dialog.getByRole('button', { name: 'Save the name' }).click();
    await dialog.getByText('Please type a name first.').waitFor();
    await dialog.getByLabel('Name').fill('Ana');
    await page.keyboard.press('Enter');
    await page.getByText('kao knows Ana now.').waitFor();
    await page.locator('.tl-name', { hasText: 'Ana' }).waitFor(); // the rows come after the word
    assert.equal(await page.locator('.tl-part.known').count(), 2);
    const [ana] = await people(at());
    assert.equal(ana.name, 'Ana');
    assert.ok(ana.n_samples >= 2);

    await page.getByRole('button', { name: 'Name: Unknown 1' }).click(); // the next one
    await dialog.getByLabel('Person').selectOption('Ana');
    await dialog.getByRole('button', { name: 'Save the name' }).click();
    await dialog.getByText('Does not look like this person').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();

    await page.getByRole('link', { name: 'Ana' }).click();
    await page.getByRole('heading', { name: 'Ana' }).waitFor();
    assert.match((await page.locator('.person-head img').getAttribute('src')) ?? '', /^data:image\/jpeg/);
    await page.getByText(/clip\.mp4 \d+\.\d s/).first().waitFor();
    await page.getByRole('link', { name: 'Video', exact: true }).click();
    await page.locator('.tl-name', { hasText: 'Ana' }).waitFor();
    await shot(page, 'video');
  }, { expected: /409/ });
});

test('a video: strangers hidden, and the result fetched', async () => {
  await empty(at());
  await enrol(at(), 'Ana', 'ana_1.jpg');
  await visit(browser, at(), async (page) => {
    await page.goto(`${at()}/#video`);
    await lookThrough(page);
    await page.locator('.tl-name', { hasText: 'Ana' }).waitFor();
    const make = page.getByRole('button', { name: 'Make the video' });
    assert.equal(await make.isDisabled(), true);
    await page.getByRole('button', { name: 'Strangers' }).click();
    assert.equal(await page.getByRole('checkbox', { checked: true }).count(), 2);
    assert.equal(await page.getByRole('checkbox', { name: 'Hide Ana' }).isChecked(), false);
    await make.click();
    const link = page.getByRole('link', { name: 'Download' });
    await link.waitFor();
    await page.getByText('Done: 2 hidden.').waitFor();
    await checkAccess(page, 'exported');
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.equal(download.suggestedFilename(), 'clip-kao.mp4');
    const bytes = readFileSync(await download.path());
    assert.equal(bytes.subarray(4, 8).toString(), 'ftyp');
    assert.notDeepEqual(bytes, readFileSync(picture('clip.mp4')));
  }, { acceptDownloads: true });
});

test('a video: cancelled; one that is none; another one', async () => {
  await empty(at());
  await visit(browser, at(), async (page) => {
    await page.goto(`${at()}/#video`);
    const file = page.locator('.video-page input[type=file]');
    const asked = page.waitForRequest((r) => /\/v1\/jobs\/[0-9a-f]{32}\?/.test(r.url()));
    await file.setInputFiles(picture('clip.mp4'));
    const job = /[0-9a-f]{32}/.exec((await asked).url())?.[0];
    const ended = page.waitForResponse((r) => r.request().method() === 'DELETE' && r.url().endsWith(String(job)));
    await page.getByRole('button', { name: 'Cancel' }).click();
    await ended;
    await page.getByRole('button', { name: 'Choose a video' }).waitFor();
    assert.equal((await fetch(`${at()}/v1/jobs/${job}`)).status, 404);
    await file.setInputFiles({ name: 'x.mp4', mimeType: 'video/mp4', buffer: Buffer.from('no video') });
    await page.getByText('This is no video kao can read').waitFor();
    await checkAccess(page, 'no video');
    await lookThrough(page, SHORT);
    await page.getByRole('button', { name: 'Choose another one' }).click();
    await page.getByRole('button', { name: 'Choose a video' }).waitFor();
  }, { expected: /404/ });
});

test('an album: groups, a name, not this one', async () => {
  await empty(at());
  await enrol(at(), 'Chen', 'chen_3.jpg');
  await visit(browser, at(), async (page) => {
    await page.getByRole('link', { name: 'Album', exact: true }).click();
    await checkAccess(page, 'album, before');
    const names = await readAlbum(page);
    await page.getByRole('heading', { name: `5 people on ${names.length} pictures` }).waitFor();
    const group = page.locator('.group');
    assert.equal(await group.count(), 5);
    assert.deepEqual(await page.locator('.group a.group-name').allInnerTexts(), ['Chen']);
    await page.waitForFunction(() => [...document.querySelectorAll('.group img')].every((i) => /** @type {HTMLImageElement} */ (i).naturalWidth > 0));
    await checkAccess(page, 'album, groups');

    const ben = group.filter({ has: page.getByRole('img', { name: 'ben_1.jpg' }) });
    await ben.getByRole('button', { name: /^Name: / }).click();
    const dialog = page.getByRole('dialog', { name: 'Who is this?' });
    await dialog.getByLabel('Name').fill('Ben');
    await dialog.getByRole('button', { name: 'Save the name' }).click();
    await page.getByText('kao knows Ben now.').waitFor();
    await ben.locator('a.group-name', { hasText: 'Ben' }).waitFor();
    assert.deepEqual((await people(at())).map((p) => p.name), ['Chen', 'Ben']);
    await shot(page, 'album');

    await ben.getByRole('button', { name: 'Not this one: ben_2.jpg' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('It stands alone now.').waitFor();
    assert.equal(await page.locator('.single').count(), 2, 'of two faces each is alone');
    assert.equal(await page.locator('.single a.group-name', { hasText: 'Ben' }).count(), 1);
    assert.deepEqual((await people(at())).map((p) => [p.name, p.n_samples]), [['Chen', 1], ['Ben', 1], [null, 1]], 'its sample, too');
    await checkAccess(page, 'album, one alone');
    await page.reload();
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor(); // it went with the page
  });
});

test('an album: the review asks about the most alike; yes and no', async () => {
  await empty(at());
  await visit(browser, at(), async (page) => {
    // stricter than usual, so that there is something to ask
    await page.route('**/v1/jobs/*/start*', (route) => route.continue({ url: `${route.request().url()}?threshold=0.9` }));
    await page.goto(`${at()}/#album`);
    await readAlbum(page, /^(ana|dora)_[123]\.jpg$/);
    const card = page.locator('.review');
    await card.getByRole('heading', { name: 'The same person?' }).waitFor();
    await checkAccess(page, 'review');
    await shot(page, 'review');
    const groups = () => page.locator('.group, .single').count();
    const before = await groups();
    const asked = await card.getByRole('group').getAttribute('aria-label');
    await card.getByRole('button', { name: 'Skip' }).click();
    assert.notEqual(await card.getByRole('group').getAttribute('aria-label'), asked);
    await card.getByRole('button', { name: 'Yes, the same' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction((n) => document.querySelectorAll('.group, .single').length === n - 1, before);
    const left = async () => Number(/\d+/.exec(await card.getByRole('status').innerText())?.[0]);
    const n = await left();
    await card.getByRole('button', { name: 'No', exact: true }).click();
    await page.waitForFunction((was) => {
      const card = /** @type {HTMLElement | null} */ (document.querySelector('.review'));
      return !card || card.hidden || Number(/\d+/.exec(card.querySelector('[role=status]')?.textContent ?? '')?.[0]) < was;
    }, n);
    assert.equal(await groups(), before - 1);
    await page.unrouteAll({ behavior: 'wait' });
  });
});

test('an album: what is no picture; nothing found; cancelled', async () => {
  await empty(at());
  await visit(browser, at(), async (page) => {
    await page.goto(`${at()}/#album`);
    const files = page.locator('.album-page input[type=file]').nth(1);
    await files.setInputFiles({ name: 'x.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
    await page.getByText('There is no picture among these files.').waitFor();
    await files.setInputFiles({ name: 'x.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('x') });
    await page.getByText('No face was found on these pictures.').waitFor();
    await page.getByText('1 file could not be read.').waitFor();
    await page.getByRole('button', { name: 'Choose another one' }).click();
    const went = new Promise((done, failed) => {
      page.route('**/pictures?**', async (route) => {
        await page.getByRole('button', { name: 'Cancel' }).click();
        await route.continue();
      }, { times: 1 }).catch(failed);
      page.on('requestfinished', (r) => r.url().includes('/pictures?') && done(r));
    });
    await page.locator('.album-page input[type=file]').nth(1).setInputFiles(['ana_1.jpg', 'ana_2.jpg', 'ana_3.jpg', 'ana_4.jpg'].map(picture));
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    assert.equal(await page.locator('.problem').count(), 0);
    await went;
    await page.unrouteAll({ behavior: 'wait' });
  }, { expected: /404|409/ });
});

for (const [name, options] of /** @type {[string, object][]} */ ([
  ['a phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
  ['a dark scheme', { colorScheme: 'dark' }],
  ['Japanese', { locale: 'ja-JP' }],
  ['reduced motion', { reducedMotion: 'reduce' }],
]))
  test(`${name}: video and album fit and are accessible`, async () => {
    await empty(at());
    await enrol(at(), 'Ana Maria da Silva e Sousa', 'ana_1.jpg');
    await visit(browser, at(), async (page) => {
      await page.goto(`${at()}/#video`);
      await page.locator('h1').waitFor();
      await fits(page, `${name}: video, before`);
      await lookThrough(page, SHORT);
      await fits(page, `${name}: video`);
      await checkAccess(page, `${name}: video`);
      await shot(page, `video-${name}`);
      await page.goto(`${at()}/#album`);
      await page.locator('h1').waitFor();
      await fits(page, `${name}: album, before`);
      await readAlbum(page, /^(ana_[12]|ben_1|group)\.jpg$/);
      await page.locator('.group').first().waitFor();
      await fits(page, `${name}: album`);
      await checkAccess(page, `${name}: album`);
      await shot(page, `album-${name}`);
    }, options);
  });

/** A folder a person, and a zip of it. @param {(folder: string, zip: string) => Promise<void>} run */
async function family(run) {
  const folder = mkdtempSync(join(tmpdir(), 'kao web 顔 '));
  const zip = join(folder, 'zipped.zip');
  const all = join(folder, 'family');
  try {
    for (const [name, ...files] of [['Ana', 'ana_1.jpg', 'ana_2.jpg'], ['Ben', 'ben_1.jpg', 'group.jpg'], ['陳', 'chen_1.jpg']]) {
      mkdirSync(join(all, name), { recursive: true });
      for (const f of files) cpSync(picture(f), join(all, name, f));
    }
    cpSync(picture('dora_1.jpg'), join(all, 'Ana', 'notana.jpg'));
    writeFileSync(join(all, 'Ben', 'broken.jpg'), 'no picture');
    writeFileSync(join(all, 'Ben', 'notes.txt'), 'no picture either');
    execFileSync('python3', ['-c', 'import shutil,sys; shutil.make_archive(sys.argv[1][:-4], "zip", sys.argv[2])', zip, all]);
    await run(all, zip);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const told = async () => (await people(at())).map((p) => [p.name, p.n_samples]).sort();
const whole = [['Ana', 2], ['Ben', 1], ['陳', 1]];

const withZip = { skip: process.env.ZIP !== 'yes' && 'this build has no libzip' };

test('many people at once: a folder, a zip, an export; out and in again', withZip, async () => {
  await empty(at());
  await family((folder, zip) => visit(browser, at(), async (page) => {
    await page.goto(`${at()}/#people`);
    const card = page.locator('.import');
    await card.waitFor();
    await checkAccess(page, 'people, import');
    await card.locator('input').first().setInputFiles(folder);
    await card.getByText('New: 3 people, 4 pictures.').waitFor();
    assert.deepEqual(await told(), whole);
    await card.getByText('3 pictures were left out').click();
    await card.getByText('This is no picture kao can read').waitFor();
    await card.getByText('More than one face.').waitFor();
    await card.getByText('Does not look like this person').waitFor();
    await page.locator('.people-list .person-row img.portrait').nth(2).waitFor();
    await checkAccess(page, 'people, imported');
    await shot(page, 'import');

    await card.locator('input').nth(1).setInputFiles(zip);
    await card.getByText('New: 0 people, 0 pictures.').waitFor();
    await card.getByText('4 pictures were registered already.').waitFor();
    assert.deepEqual(await told(), whole);

    const link = card.getByRole('link', { name: 'Export everybody' });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.equal(download.suggestedFilename(), 'kao-people.jsonl');
    const lines = readFileSync(await download.path());
    await empty(at());
    await page.evaluate(() => localStorage.clear());
    await card.locator('input').nth(1).setInputFiles({ name: 'kao-people.jsonl', mimeType: 'application/x-ndjson', buffer: lines });
    await card.getByText('New: 3 people, 4 pictures.').waitFor();
    assert.deepEqual(await told(), whole);

    await empty(at());
    await card.locator('input').nth(1).setInputFiles(zip);
    await card.getByText('3 pictures were left out').waitFor();
    await page.locator('.people-list .person-row img.portrait').nth(2).waitFor(); // cut by the server
    assert.deepEqual(await told(), whole);
    await card.locator('input').nth(1).setInputFiles({ name: 'x.zip', mimeType: 'application/zip', buffer: Buffer.from('no zip') });
    await card.getByText('This is neither a zip of pictures nor an export').waitFor();
  }, { acceptDownloads: true, expected: /409|400|422/ }));
});

test('an album from a zip', withZip, async () => {
  await empty(at());
  await family((_, zip) => visit(browser, at(), async (page) => {
    await page.goto(`${at()}/#album`);
    await page.locator('.album-page input[type=file]').nth(1).setInputFiles(zip);
    await page.locator('.album-head').waitFor();
    await page.getByText('1 file could not be read.').waitFor();
    await page.getByRole('heading', { name: /on 6 pictures$/ }).waitFor();
    assert.ok(await page.locator('.group').count() > 0);
  }));
});
