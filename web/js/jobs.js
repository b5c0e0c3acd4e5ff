/* Waiting for what takes longer, and times of a video in words. No DOM. */
import { RecogniserError } from './api.js';

const LOOK_MS = 300;
const PATIENCE = 10; // looks without an answer, one after the other
const PASSING = new Set(['unreachable', 'busy']); // the job is there all the same

/** @param {number} ms */
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

/**
 * Until a job is over; what it has found. Null: nobody waits for it any more.
 * @param {import('./api.js').Recogniser} recogniser @param {string} id
 * @param {(job: import('./api.js').Job<any>) => void} told each time that it was looked at
 * @param {() => boolean} wanted @param {{boxes?: boolean}} [options] @returns {Promise<any>}
 */
export async function finished(recogniser, id, told, wanted, options = {}) {
  let silent = 0;
  for (;;) {
    if (!wanted()) return null;
    try {
      const job = await recogniser.job(id, options);
      silent = 0;
      if (!wanted()) return null;
      told(job);
      if (job.state === 'done') return job.result ?? null;
      if (job.state === 'failed') throw new RecogniserError(job.error?.code ?? 'other', job.error?.message ?? '');
      if (job.state === 'cancelled') return null;
    } catch (error) {
      if (!(error instanceof RecogniserError) || !PASSING.has(error.code) || ++silent > PATIENCE) throw error;
    }
    await wait(LOOK_MS);
  }
}

/** "1:05", "1:01:05" @param {number} seconds */
export function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

/** Moments for a scale, most of them round. @param {number} seconds @param {number} [most] @returns {number[]} */
export function ticks(seconds, most = 7) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
  const step = steps.find((s) => seconds / s <= most) ?? 28800;
  const list = [];
  for (let t = 0; t <= seconds; t += step) list.push(t);
  return list;
}

/** Where a part of a video lies on its time line, in hundredths. @param {readonly [number, number]} interval @param {number} seconds */
export function span([from, to], seconds) {
  const all = Math.max(seconds, 0.001);
  const left = Math.min(100, Math.max(0, (from / all) * 100));
  return { left, width: Math.min(100 - left, Math.max(0, ((to - from) / all) * 100)) };
}

/** The box of a moment; null: none is near. @param {readonly (readonly number[])[]} boxes by time @param {number} time @param {number} [near] seconds */
export function boxAt(boxes, time, near = 0.2) {
  let low = 0;
  let high = boxes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (boxes[middle][0] > time) high = middle;
    else low = middle + 1;
  }
  const beside = [boxes[low - 1], boxes[low]].filter(Boolean);
  const best = beside.sort((a, b) => Math.abs(a[0] - time) - Math.abs(b[0] - time))[0];
  return best && Math.abs(best[0] - time) <= near ? /** @type {import('./api.js').Box} */ (best.slice(1)) : null;
}
