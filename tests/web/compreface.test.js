// CompreFace's own client for JavaScript against kao: what its users write, unchanged.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { CompreFace } from '@exadel/compreface-js-sdk';

import { PICTURES, startServer } from './server.js';

const KEY = '00000000-0000-4000-8000-000000000001';
/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {CompreFace} */
let service;
const base64 = (name) => readFileSync(join(PICTURES, name)).toString('base64');

before(async () => {
  server = await startServer();
  const at = new URL(server.address);
  service = new CompreFace(`${at.protocol}//${at.hostname}`, Number(at.port));
  process.chdir(PICTURES); // it takes a path only where it begins with a dot
});
after(() => server.stop());

test('subjects are added, listed, renamed and removed', async () => {
  const subjects = () => service.initFaceRecognitionService(KEY).getSubjects(); // each call lengthens its address
  assert.deepEqual(await subjects().add('Eva'), { subject: 'Eva' });
  assert.deepEqual(await subjects().list(), { subjects: ['Eva'] });
  assert.deepEqual(await subjects().rename('Eva', 'Eva M'), { updated: true });
  await assert.rejects(subjects().add('Eva M'), (e) => e.response.status === 400 && e.response.data.code === 43);
  assert.deepEqual(await subjects().delete('Eva M'), { subject: 'Eva M' });
  assert.deepEqual(await subjects().deleteAll(), { deleted: 0 });
});

test('faces are collected and recognised', async () => {
  const recognition = service.initFaceRecognitionService(KEY);
  const faces = () => recognition.getFaceCollection();
  const ana = await faces().add('./ana_1.jpg', 'Ana', {});
  assert.equal(ana.subject, 'Ana');
  await faces().add(base64('ben_1.jpg'), 'Ben', {});
  const list = await faces().list();
  assert.deepEqual(list.faces.map((f) => f.subject), ['Ana', 'Ben']);
  assert.equal(list.total_elements, 2);

  const { result } = await recognition.recognize('./ana_3.jpg', { limit: 1, prediction_count: 2 });
  assert.equal(result.length, 1);
  assert.equal(result[0].subjects[0].subject, 'Ana');
  assert.ok(result[0].subjects[0].similarity > .5 && result[0].subjects[1].similarity < .5);

  const alike = await faces().verify('./ana_2.jpg', ana.image_id, {});
  assert.ok(alike.result[0].similarity > .5);
  await assert.rejects(faces().add('./group.jpg', 'X', {}), (e) => e.response.data.code === 31);

  assert.deepEqual(await faces().delete(ana.image_id), ana);
  assert.deepEqual(await faces().delete_all_subject('Ben'), { deleted: 1 });
  await faces().add('./ana_1.jpg', 'Ana', {});
  const { faces: [again] } = await faces().list();
  assert.deepEqual(await faces().delete_multiple_images([again.image_id]), [again]);
  assert.deepEqual(await faces().delete_all(), { deleted: 0 });
});

test('faces are detected', async () => {
  const { result } = await service.initFaceDetectionService(KEY)
    .detect('./group.jpg', { limit: 2, face_plugins: 'landmarks', det_prob_threshold: .5 });
  assert.ok(result.length >= 2);
  assert.deepEqual(Object.keys(result[0].box).sort(), ['probability', 'x_max', 'x_min', 'y_max', 'y_min']);
});

test('two pictures are verified', async () => {
  const verification = service.initFaceVerificationService(KEY);
  const same = await verification.verify('./ana_1.jpg', './ana_3.jpg', {});
  assert.ok(same.result[0].face_matches[0].similarity > .5);
  const other = await verification.verify(base64('ana_1.jpg'), base64('ben_1.jpg'), {});
  assert.ok(other.result[0].face_matches[0].similarity < .5);
});
