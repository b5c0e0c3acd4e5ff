/* From a video to answers: the newest frame goes to the recogniser, and never a second one before
 * the first is answered. */
import { drawn, jpeg } from './picture.js';

/** @typedef {import('./api.js').LiveAnswer} LiveAnswer */
/** A frame that was answered. canvas: the frame as large as it came (up to 1280); k: its pixels per
 * pixel of the answer. @typedef {{canvas: HTMLCanvasElement, k: number, answer: LiveAnswer}} Looked */

const SENT_SIDE = 640;
const KEPT_SIDE = 1280;
const PAUSED_MS = 400;
const RETRY_MS = 1500;

/** @param {number} ms */
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

/**
 * @param {HTMLVideoElement} video @param {import('./api.js').Recogniser} recogniser
 * @param {{answered: (looked: Looked, figures: {fps: number, ms: number}) => void, failed: (error: any) => void,
 *   options: () => {model: string, fpir: number}}} to
 */
export function createFrames(video, recogniser, to) {
  let live = '';
  let running = true;
  let restart = true;
  let fps = 0;
  let ms = 0;
  let before = 0;
  const sent = document.createElement('canvas');
  // one is shown and may be asked about while the next is on its way
  let pair = [document.createElement('canvas'), document.createElement('canvas')];

  function end() {
    if (live) recogniser.endLive(live).catch(() => {}); // it ends by itself, too
    live = '';
  }

  /** @param {number} begun */
  function measure(begun) {
    const now = performance.now();
    const k = before && now - before < 2000 ? 0.15 : 1;
    ms += (now - begun - ms) * k;
    if (before) fps += (1000 / Math.max(1, now - before) - fps) * k;
    before = now;
  }

  async function one() {
    if (restart) {
      restart = false;
      end();
      live = await recogniser.beginLive(to.options());
    }
    const begun = performance.now();
    const mine = live;
    const kept = drawn(video, video.videoWidth, video.videoHeight, KEPT_SIDE, pair[0]);
    drawn(kept, kept.width, kept.height, SENT_SIDE, sent);
    const picture = await jpeg(sent);
    const answer = await recogniser.liveFrame(live, picture, begun / 1000);
    if (!running || mine !== live || restart) return;
    measure(begun);
    pair = [pair[1], pair[0]];
    to.answered({ canvas: kept, k: kept.width / answer.width, answer }, { fps, ms });
  }

  async function run() {
    while (running) {
      if (document.hidden || video.readyState < 2 || !video.videoWidth) {
        await wait(60);
        continue;
      }
      try {
        await one();
        await (video.paused ? wait(PAUSED_MS) : new Promise(requestAnimationFrame));
      } catch (error) {
        if (!running) break;
        if (/** @type {any} */ (error).code === 'not_found') restart = true; // it was idle for too long
        else if (/** @type {any} */ (error).code !== 'conflict') {
          restart ||= !live;
          to.failed(error);
          await wait(RETRY_MS);
        }
      }
    }
    end();
  }
  window.addEventListener('pagehide', end);
  run();

  return {
    /** Other options, or another video: people are followed anew. */
    restart() {
      restart = true;
    },
    /** It ends when the frame on its way is answered, or with the page. */
    destroy() {
      running = false;
      window.removeEventListener('pagehide', end);
    },
  };
}
