/* Boxes between two answers: each moves from where it is shown to where the newest answer has it,
 * in the time that answers take to come. No DOM. */

/** @typedef {import('./api.js').Box} Box */
/** @typedef {import('./api.js').Track} Track */
/** @typedef {{track: Track, box: Box, opacity: number}} Shown */
/** @typedef {{track: Track, from: Box, begun: number, takes: number, gone: number | null,
 *   born: number}} Moving */

const FADE_MS = 160;
const SLOWEST_MS = 400;

/** @param {Box} a @param {Box} b @param {number} t 0: a, 1: b @returns {Box} */
export function between(a, b, t) {
  const k = Math.min(1, Math.max(0, t));
  return /** @type {Box} */ (a.map((v, i) => v + (b[i] - v) * k));
}

/** @param {{still?: boolean}} [options] still: boxes jump (reduced motion) */
export function createFollower({ still = false } = {}) {
  /** @type {Map<number, Moving>} */
  const tracks = new Map();
  let last = -Infinity;
  let interval = 120;

  /** @param {Moving} m @param {number} now */
  const boxAt = (m, now) => (still ? m.track.box : between(m.from, m.track.box, (now - m.begun) / m.takes));

  return {
    /** The newest answer's tracks. @param {readonly Track[]} list @param {number} now milliseconds */
    take(list, now) {
      if (now - last < 2000) interval += (Math.min(SLOWEST_MS, now - last) - interval) * 0.3;
      last = now;
      const there = new Set(list.map((t) => t.track));
      for (const [id, m] of tracks) if (!there.has(id) && m.gone === null) m.gone = now;
      for (const track of list) {
        const m = tracks.get(track.track);
        const known = m && m.gone === null ? m : null;
        tracks.set(track.track, {
          track,
          from: known ? boxAt(known, now) : track.box,
          begun: now,
          takes: Math.max(16, interval),
          gone: null,
          born: known ? known.born : now,
        });
      }
    },
    /** @param {number} now @returns {Shown[]} by track number */
    at(now) {
      /** @type {Shown[]} */
      const shown = [];
      for (const [id, m] of tracks) {
        const out = m.gone === null ? 1 : 1 - (now - m.gone) / FADE_MS;
        if (out <= 0) {
          tracks.delete(id);
          continue;
        }
        const seen = m.track.seen ? 1 : 0.45;
        const opacity = still ? seen : Math.min(out, 0.2 + (now - m.born) / FADE_MS, 1) * seen;
        shown.push({ track: m.track, box: boxAt(m, now), opacity });
      }
      return shown.sort((a, b) => a.track.track - b.track.track);
    },
    clear() {
      tracks.clear();
    },
  };
}

/**
 * Whether the model for covered faces is the better one, from what recent frames said. It changes
 * its mind only when most of the last frames with faces agree, so one odd frame changes nothing.
 * @param {number} [frames] how many are looked back on
 */
export function createMaskWatch(frames = 9) {
  /** @type {boolean[]} */
  const recent = [];
  let covered = false;

  return {
    /** @param {readonly Track[]} tracks @returns {boolean} */
    take(tracks) {
      const seen = tracks.filter((t) => t.seen && typeof t.masked === 'number');
      if (seen.length > 0) {
        recent.push(seen.some((t) => Number(t.masked) > 0.5));
        if (recent.length > frames) recent.shift();
      }
      const n = recent.filter(Boolean).length;
      if (recent.length === frames && n > frames * 0.6) covered = true;
      if (recent.length === frames && n < frames * 0.3) covered = false;
      return covered;
    },
  };
}
