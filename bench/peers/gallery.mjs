// Exact searches of usearch for gallery.py: node gallery.mjs usearch-f32|usearch-i8 FOLDER THREADS
// A line of the input is 1 or 64, queries a call: milliseconds a query of half a second; or best: the ten best of each.
import { openSync, readSync, fstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.env.USEARCH_HOME + '/');
const { exactSearch } = require('usearch');
const [engine, folder, threadsText] = process.argv.slice(2);
const threads = Number(threadsText);
const dim = 512, k = 10, all = 64;

function floats(path) {
  const fd = openSync(path), bytes = new Uint8Array(fstatSync(fd).size);
  for (let at = 0; at < bytes.length;) at += readSync(fd, bytes, at, Math.min(1 << 28, bytes.length - at), at);
  return new Float32Array(bytes.buffer);
}

function shrunk(x, scale) {
  const out = new Int8Array(x.length);
  for (let i = 0; i < x.length; i++) out[i] = Math.max(-127, Math.min(127, Math.round(x[i] * scale)));
  return out;
}

let data = floats(`${folder}/vectors.f32`), queries = floats(`${folder}/queries.f32`);
const begin = performance.now();
if (engine === 'usearch-i8') {
  let most = 0;
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i]));
  data = shrunk(data, 127 / most);
  queries = shrunk(queries, 127 / most);
}
console.log(((performance.now() - begin) / 1000).toFixed(2));
// (a copy: a part of an array would be taken for its beginning)
const search = (from, n) => exactSearch(data, queries.slice(from * dim, (from + n) * dim), dim, k, 'ip', threads);
let at = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'best') {
    for (let q = 0; q < all; q++) console.log(Array.from(search(q, 1).keys).join(' '));
    continue;
  }
  const batch = Number(line);
  search(0, batch); // not timed: what ran before has taken the caches
  const start = performance.now();
  let n = 0;
  while (n === 0 || performance.now() - start < 500) {
    if (at + batch > all) at = 0;
    search(at, batch);
    at += batch;
    n += batch;
  }
  console.log(((performance.now() - start) / n).toFixed(4));
}
