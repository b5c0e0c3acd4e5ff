// The app's logic without a browser: movement, layout, rates and words.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { createChallenge } from '../../web/js/challenge.js';
import { filesIn, folderOf, isPicture, pathOf } from '../../web/js/files.js';
import { between, createFollower, createMaskWatch } from '../../web/js/follow.js';
import { RecogniserError } from '../../web/js/api.js';
import { boxAt, clock, finished, span, ticks } from '../../web/js/jobs.js';
import { apart, centre, fit, initials, place, scaled, shrink, squareAround } from '../../web/js/layout.js';
import { curvePieces, likelihood, oneIn, plotOdds, plotX, plotY, round2, same, sameBelow, sameCurve, similarityAt, strangers, strangersShort } from '../../web/js/rates.js';
import { createPortraits } from '../../web/js/store.js';
import { called, catalogue, chooseLanguage, count, detail, explain, list, say, speak } from '../../web/js/words.js';

const track = (id, box, more = {}) => ({ track: id, box, seen: true, person: null, name: null, similarity: null,
  score: 1, landmarks: [], far: null, far_is: null, ...more });
const near = (a, b) => a.forEach((v, i) => assert.ok(Math.abs(v - b[i]) < 1e-9, `${a} is not ${b}`));

test('a box moves in a straight line and stops at its end', () => {
  near(between([0, 10, 20, 40], [10, 30, 20, 20], 0.5), [5, 20, 20, 30]);
  near(between([0, 0, 1, 1], [10, 0, 1, 1], 7), [10, 0, 1, 1]);
  near(between([0, 0, 1, 1], [10, 0, 1, 1], -1), [0, 0, 1, 1]);
});

test('tracks go from where they are shown to where the answer has them', () => {
  const f = createFollower();
  for (let t = 0; t <= 3000; t += 100) f.take([track(1, [0, 0, 10, 10])], t); // answers come each 100 ms
  f.take([track(1, [100, 0, 10, 10])], 3100);
  near(f.at(3100)[0].box, [0, 0, 10, 10]);
  const half = f.at(3150)[0].box[0];
  assert.ok(half > 40 && half < 60, `${half} halfway`);
  f.take([track(1, [100, 50, 10, 10])], 3150); // an early one: on from there, no jump
  near(f.at(3150)[0].box, [half, 0, 10, 10]);
  near(f.at(9999)[0].box, [100, 50, 10, 10]);
});

test('who is gone fades and is forgotten; who comes again begins anew', () => {
  const f = createFollower();
  f.take([track(1, [0, 0, 10, 10]), track(2, [50, 0, 10, 10])], 0);
  f.take([track(2, [50, 0, 10, 10])], 1000);
  const [one, two] = f.at(1080);
  assert.equal(one.track.track, 1);
  assert.ok(one.opacity > 0 && one.opacity < 1);
  assert.equal(two.opacity, 1);
  assert.deepEqual(f.at(1300).map((s) => s.track.track), [2]);
  f.take([track(1, [90, 0, 10, 10]), track(2, [50, 0, 10, 10])], 1400);
  near(f.at(1400)[0].box, [90, 0, 10, 10]);
  f.clear();
  assert.deepEqual(f.at(1400), []);
});

test('with reduced motion boxes jump', () => {
  const f = createFollower({ still: true });
  f.take([track(1, [0, 0, 10, 10])], 0);
  f.take([track(1, [100, 0, 10, 10])], 100);
  near(f.at(100)[0].box, [100, 0, 10, 10]);
});

test('a hidden face is shown fainter', () => {
  const f = createFollower();
  f.take([track(1, [0, 0, 10, 10], { seen: false })], 0);
  assert.ok(f.at(5000)[0].opacity < 0.5);
});

test('the model for covered faces: most of the last frames decide, frames without faces do not count', () => {
  const w = createMaskWatch(5);
  const frame = (masked) => [track(1, [0, 0, 1, 1], { masked })];
  for (let i = 0; i < 4; i++) assert.equal(w.take(frame(0.9)), false);
  assert.equal(w.take(frame(0.9)), true);
  assert.equal(w.take([]), true);
  assert.equal(w.take(frame(0.1)), true); // one odd frame
  assert.equal(w.take(frame(null)), true); // not told
  for (let i = 0; i < 3; i++) w.take(frame(0.1));
  assert.equal(w.take(frame(0.1)), false);
  assert.equal(w.take(frame(0.9)), false);
});

test('a picture is fitted whole into its frame, boxes with it, mirrored too', () => {
  const f = fit(640, 360, 320, 320);
  assert.deepEqual(f, { scale: 0.5, x: 0, y: 70 });
  near(place([100, 40, 60, 80], f, 640), [50, 90, 30, 40]);
  near(place([100, 40, 60, 80], f, 640, true), [240, 90, 30, 40]);
  assert.equal(fit(0, 0, 320, 320).scale, 0);
});

test('sizes, squares, distances', () => {
  assert.deepEqual(shrink(1920, 1080, 640), { width: 640, height: 360 });
  assert.deepEqual(shrink(320, 200, 640), { width: 320, height: 200 });
  assert.deepEqual(shrink(10000, 1, 640), { width: 640, height: 1 });
  assert.deepEqual(squareAround([100, 100, 50, 100], 640, 480), { x: 50, y: 75, side: 150 });
  assert.deepEqual(squareAround([0, 0, 40, 40], 640, 480), { x: 0, y: 0, side: 60 });
  assert.deepEqual(squareAround([600, 440, 40, 40], 640, 480), { x: 580, y: 420, side: 60 });
  assert.deepEqual(squareAround([0, 0, 100, 100], 100, 50), { x: 0, y: -25, side: 100 });
  assert.deepEqual(scaled([1, 2, 3, 4], 2), [2, 4, 6, 8]);
  assert.deepEqual(centre([10, 20, 30, 40]), [25, 40]);
  assert.equal(apart([0, 0, 2, 2], [3, 4, 2, 2]), 5);
});

test('initials', () => {
  assert.equal(initials('ana', 1), 'A');
  assert.equal(initials('Ana Maria Silva', 1), 'AS');
  assert.equal(initials('山田 太郎', 1), '山太');
  assert.equal(initials('𠮷野', 1), '𠮷');
  assert.equal(initials(null, 12), '12');
  assert.equal(initials('  ', 3), '3');
});

test('rates in words say how they are known, with two digits', () => {
  speak('en');
  assert.equal(round2(43217), 43000);
  assert.equal(round2(7.4), 7);
  assert.equal(round2(0), 0);
  assert.equal(oneIn(1e-4), '1 in 10,000');
  assert.equal(oneIn(10 ** -1.5), '1 in 32');
  assert.equal(strangers(1 / 43217, 'counted'), '1 in 43,000 strangers looks this alike.');
  assert.equal(strangers(1e-8, 'at_most'), 'Fewer than 1 in 100,000,000 strangers looks this alike.');
  assert.match(strangers(1e-7, 'extrapolated'), /^About 1 in 10,000,000 .*extrapolated/);
  assert.match(strangers(0.31, 'at_least'), /^More than 1 in 3 /);
  assert.match(strangers(0.9, 'counted'), /^Many/);
  assert.match(strangers(null, null), /not measured/);
  assert.equal(strangersShort(1e-8, 'at_most'), '<\u20091 in 100,000,000 strangers');
  assert.equal(strangersShort(null, null), '');
  assert.match(likelihood(105533), /^110,000 times .* one person than for two/);
  assert.match(likelihood(0.0816), /^12 times .* two people than for one/);
  assert.match(likelihood(null), /Not measured/);
  speak('ja');
  assert.match(strangers(1 / 43217, 'counted'), /43,000 人に 1 人/);
  speak('en');
});

test('a plot of a curve: bounds are left out, the extended piece joins on', () => {
  const curve = [
    { similarity: 0, far: 0.3, far_is: 'at_least' }, { similarity: 0.2, far: 1e-2, far_is: 'counted' },
    { similarity: 0.4, far: 1e-4, far_is: 'counted' }, { similarity: 0.6, far: 1e-6, far_is: 'extrapolated' },
    { similarity: 0.8, far: 1e-8, far_is: 'at_most' }, { similarity: 1, far: null, far_is: null },
  ];
  const { counted, extended } = curvePieces(curve);
  assert.equal(counted.length, 2);
  assert.deepEqual(extended[0], counted[1]);
  assert.equal(extended.length, 2);
  near([plotX(-0.2), plotX(1), plotX(2), plotY(1), plotY(1e-8), plotY(1e-4)], [0, 1, 1, 0, 1, 0.5]);
  assert.ok(Math.abs(Number(similarityAt(curve, 1e-3)) - 0.3) < 1e-9);
  assert.equal(similarityAt(curve, 1e-12), null);
});

test('the same person’s pairs: shares between the quantiles, bounds beyond them, in words', () => {
  const quantiles = [{ similarity: 0.2, below: 0.002 }, { similarity: 0.4, below: 0.1 }, { similarity: 0.8, below: 0.9 }];
  const at = (/** @type {number} */ s) => sameBelow(quantiles, s);
  assert.deepEqual([at(0.1), at(0.9)], [{ share: 0.002, is: 'at_most' }, { share: 0.9, is: 'at_least' }]);
  near([0.2, 0.3, 0.4, 0.6, 0.8].map((s) => Number(at(s)?.share)), [0.002, 0.051, 0.1, 0.5, 0.9]);
  assert.equal(at(0.2)?.is, 'counted');
  assert.equal(sameBelow([], 0.5), null);
  assert.equal(sameBelow(quantiles.slice(0, 1), 0.5), null);
  assert.equal(same(null), '');
  assert.equal(same(at(0.1)), 'Fewer than 1 in 500 pairs of one person is less alike.');
  assert.equal(same(at(0.21)), '1 in 140 pairs of one person is less alike.');
  assert.equal(same(at(0.6)), '50 of 100 pairs of one person are less alike.');
  assert.match(same(at(0.9)), /^Nearly all/);
  speak('ja');
  assert.match(same(at(0.6)), /100 組のうち 50 組/);
  speak('en');
  const curve = sameCurve(quantiles);
  assert.equal(curve.length, 17);
  near([...curve[0], ...curve[8], ...curve[16]],
    [plotX(0.2), plotOdds(0.002), plotX(0.4), plotOdds(0.1), plotX(0.8), plotOdds(0.9)]);
  near(curve[12], [plotX(0.6), 3 / 11]);
  near([0, 1, 1000 / 1001, 0.5, 1 / 101].map(plotOdds), [1, 0, 0, 3 / 11, 5 / 11]);
  assert.ok(Math.abs(plotOdds(1e-8) - 1) < 1e-6);
});

test('languages: the browser’s first that is known', () => {
  assert.equal(chooseLanguage(['fr-FR', 'ja-JP', 'en']), 'ja');
  assert.equal(chooseLanguage(['en-GB', 'ja']), 'en');
  assert.equal(chooseLanguage(['fr']), 'en');
  assert.equal(chooseLanguage([]), 'en');
});

test('words: counted, listed, named, explained', () => {
  speak('en');
  assert.equal(count('samples', 1), '1 picture');
  assert.equal(count('samples', 1200), '1,200 pictures');
  assert.equal(list(['Ana', 'Ben', 'Emil']), 'Ana, Ben, and Emil');
  assert.equal(called(null, 7), 'person 7');
  assert.equal(called('Ana', 7), 'Ana');
  assert.equal(called(null, null), 'Unknown');
  assert.match(explain({ code: 'no_face', message: 'x' }), /No face/);
  assert.match(explain({ code: 'weird', message: 'disk full' }), /disk full/);
  assert.match(explain(new Error('odd')), /odd/);
  assert.equal(say('no such key'), 'no such key');
  assert.equal(say('why_title', { name: '{name} <b>' }), 'Why {name} <b>?');
  speak('ja');
  assert.equal(count('samples', 1), '写真 1 枚');
  assert.equal(detail('person 4, 2 samples'), '人物 4, 写真 2 枚');
  speak('en');
});

const web = new URL('../../web/js/', import.meta.url);
const sources = ['', 'pages/', 'parts/'].flatMap((folder) =>
  readdirSync(new URL(folder || './', web)).filter((n) => n.endsWith('.js')).map((n) => [folder + n, readFileSync(new URL(folder + n, web), 'utf8')]));

test('every word that is used is there, in both languages with the same places', () => {
  const used = new Set();
  for (const [, text] of sources) {
    for (const m of text.matchAll(/\b(?:say|count)\('([^']+)'/g)) used.add(m[1]);
    for (const m of text.matchAll(/\bsay\([^()']*\? '([^']+)' : '([^']+)'/g)) used.add(m[1]).add(m[2]);
  }
  assert.ok(used.size > 80, `${used.size} words found`);
  for (const key of used) assert.ok(catalogue[key], `no words for ${key}`);
  for (const [key, [en, ja]] of Object.entries(catalogue)) {
    assert.ok(en && ja, key);
    const places = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    if (!key.endsWith('_one')) assert.deepEqual(places(ja), places(en), key);
  }
});

test('one module fetches, none writes markup or inline styles', () => {
  for (const [name, text] of sources) {
    if (name !== 'api.js') assert.ok(!/\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource/.test(text), `${name} fetches`);
    assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|setAttribute\('style'/.test(text), `${name} writes markup`);
  }
});

test('portraits are bound to the person’s making, and pruned', () => {
  const items = new Map();
  const storage = new Proxy({
    getItem: (k) => items.get(k) ?? null,
    setItem: (k, v) => items.set(k, v),
    removeItem: (k) => items.delete(k),
  }, { ownKeys: () => [...items.keys()], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) });
  const portraits = createPortraits(storage);
  const ana = { person: 1, created: '2026-01-01T00:00:00Z' };
  portraits.keep(ana, { toDataURL: () => 'data:image/jpeg;base64,AA' });
  assert.equal(portraits.of(ana), 'data:image/jpeg;base64,AA');
  assert.equal(portraits.of({ ...ana, created: '2026-02-02T00:00:00Z' }), null); // number 1 of another gallery
  items.set('kao.language', 'ja');
  portraits.prune([ana]);
  assert.equal(items.size, 2);
  portraits.prune([]);
  assert.deepEqual([...items.keys()], ['kao.language']);
  portraits.drop(1);
  assert.equal(createPortraits(null).of(ana), null);
});

test('a challenge: front, one side, front, the other, by one face', () => {
  const face = (yaw, more = {}) => [track(7, [0, 0, 10, 10], { yaw, person: 3, ...more })];
  const run = (leftFirst, yaws, each = 200) => {
    const c = createChallenge(7, 0, leftFirst);
    yaws.forEach((yaw, i) => c.take(typeof yaw === 'number' ? face(yaw) : yaw, (i + 1) * each));
    return c;
  };
  const twice = (...yaws) => yaws.flatMap((y) => [y, y]);
  assert.equal(run(true, twice(0, 30, 0, -30)).state, 'passed');
  assert.equal(run(false, twice(0, -30, 0, 30)).state, 'passed');
  assert.equal(run(true, twice(0, 30, 0, -30)).person, 3);
  assert.equal(run(true, twice(0, 15, 30, 15, 0, -15, -30)).state, 'passed'); // on the way is fine
  assert.equal(run(true, [...twice(0, 30, 0), -30]).state, 'going'); // one frame is not enough
  assert.equal(run(true, twice(0, -30)).state, 'wrong');
  assert.equal(run(true, twice(30, -30)).state, 'going'); // front first
  assert.equal(run(true, Array(20).fill(0)).state, 'going');
  assert.equal(run(true, Array(50).fill(0)).state, 'slow'); // a photograph stays where it is
  assert.equal(run(true, [...twice(0), [], [], [], [], [], []]).state, 'lost');
  assert.equal(run(true, [...twice(0), [], [], ...twice(30)]).state, 'going'); // a blink of the detector
  assert.equal(run(true, [...twice(0), face(30, { person: 4 })]).state, 'changed');
  assert.equal(run(true, [0, 0, [track(8, [0, 0, 9, 9], { yaw: 30 })], ...Array(6).fill([track(8, [0, 0, 9, 9], { yaw: 30 })])]).state, 'lost');
  assert.equal(run(true, [...twice(0), face(null), face(null), ...twice(30)]).step, 2); // no points for a moment
  const slow = createChallenge(7, 0, true); // answers that come seldom are no lost face; none at all take too long
  for (let t = 0; t < 4000; t += 100) slow.take(t % 1500 === 0 ? face(0) : null, t);
  assert.equal(slow.state, 'going');
  for (let t = 4000; t < 20000; t += 100) slow.take(null, t);
  assert.equal(slow.state, 'slow');
  assert.ok(new Set(Array.from({ length: 60 }, () => createChallenge(1, 0).steps[1])).size === 2, 'the order is drawn');
});

test('times of a video: in words, on a scale, as parts of a line', () => {
  assert.deepEqual([0, 5.9, 65, 3600, 3725.4, -1].map(clock), ['0:00', '0:05', '1:05', '1:00:00', '1:02:05', '0:00']);
  assert.deepEqual(ticks(12), [0, 2, 4, 6, 8, 10, 12]);
  assert.deepEqual(ticks(0.5), [0]);
  for (const s of [1, 7, 61, 599, 5000, 86400]) assert.ok(ticks(s).length >= 2 && ticks(s).length <= 9, `${s}: ${ticks(s)}`);
  assert.deepEqual(span([3, 6], 12), { left: 25, width: 25 });
  assert.deepEqual(span([11, 13], 12), { left: (11 / 12) * 100, width: 100 - (11 / 12) * 100 });
  assert.deepEqual(span([0, 0], 0), { left: 0, width: 0 });
});

test('the box of a moment is the nearest one, where one is near', () => {
  const boxes = [[1, 10, 0, 5, 5], [1.04, 20, 0, 5, 5], [3, 30, 0, 5, 5]];
  assert.deepEqual(boxAt(boxes, 1.01), [10, 0, 5, 5]);
  assert.deepEqual(boxAt(boxes, 1.03), [20, 0, 5, 5]);
  assert.deepEqual(boxAt(boxes, 0.9), [10, 0, 5, 5]);
  assert.deepEqual(boxAt(boxes, 3.1), [30, 0, 5, 5]);
  assert.equal(boxAt(boxes, 2), null);
  assert.equal(boxAt([], 2), null);
});

test('waiting for a job: what it found, why it failed, nobody waits any more, a moment without an answer', async () => {
  const engine = (...answers) => ({ job: async () => {
    const a = answers.shift();
    if (a instanceof Error) throw a;
    return a;
  } });
  const told = [];
  const tell = (job) => told.push(job.state);
  const gone = new RecogniserError('unreachable', 'no answer');
  assert.deepEqual(await finished(engine({ state: 'waiting' }, gone, { state: 'done', result: { n: 1 } }), 'x', tell, () => true), { n: 1 });
  assert.deepEqual(told, ['waiting', 'done']);
  await assert.rejects(finished(engine({ state: 'failed', error: { code: 'invalid_video', message: 'm' } }), 'x', tell, () => true), { code: 'invalid_video' });
  await assert.rejects(finished(engine(new RecogniserError('not_found', 'm')), 'x', tell, () => true), { code: 'not_found' });
  assert.equal(await finished(engine({ state: 'cancelled' }), 'x', tell, () => true), null);
  assert.equal(await finished(engine(), 'x', tell, () => false), null);
});

test('a dropped folder is walked, with the paths in it; what file managers add is left out', async () => {
  const file = (name) => ({ name, type: name.endsWith('.jpg') ? 'image/jpeg' : '', webkitRelativePath: '' });
  const leaf = (fullPath) => ({ isFile: true, fullPath, file: (done) => done(file(fullPath.split('/').at(-1))) });
  const folder = (list) => ({ isFile: false, isDirectory: true, createReader: () => ({ readEntries: (done) => done(list.splice(0, 2)) }) });
  const item = (entry) => ({ kind: 'file', webkitGetAsEntry: () => entry });
  const ana = folder([leaf('/all/Ana/1.jpg'), leaf('/all/Ana/2.jpg'), leaf('/all/Ana/.3.jpg'), leaf('/all/Ana/n.txt')]);
  const data = { items: [item(folder([ana, leaf('/all/4.jpg')])), { kind: 'string' }], files: [file('all')] };
  const files = await filesIn(data, isPicture);
  assert.deepEqual(files.map(pathOf), ['all/Ana/1.jpg', 'all/Ana/2.jpg', 'all/4.jpg']);
  assert.deepEqual(files.map(folderOf), ['Ana', 'Ana', 'all']);
  assert.equal(folderOf(/** @type {any} */ ({ name: '1.jpg', webkitRelativePath: 'all/Zoe\u0308 \u30cf\u309a/1.jpg' })), 'Zo\u00eb \u30d1');
  const plain = { items: [item(leaf('/5.jpg'))], files: [file('5.jpg'), file('6.txt')] };
  assert.deepEqual((await filesIn(plain, isPicture)).map(pathOf), ['5.jpg']);
});
