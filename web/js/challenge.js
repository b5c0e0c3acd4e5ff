/* Is somebody there who can turn their head? Front, one side, front, the other side, in an order that is drawn
 * anew each time, all by the face that is followed. A photograph that is turned keeps its nose in the
 * middle of its eyes, so it does not pass; a video of somebody, or a mask, may. No DOM. */

/** @typedef {import('./api.js').Track} Track */
/** @typedef {'front' | 'left' | 'right'} Turn by the person's own left and right */
/** @typedef {'going' | 'passed' | 'lost' | 'changed' | 'wrong' | 'slow'} State */

const FRONT_DEG = 12;
const TURNED_DEG = 22;
const FRAMES = 2; // in a row
const LOST_MS = 800;
const STEP_MS = 8000;

/** @param {number} yaw degrees, above 0: towards the picture's right edge, the person's left @returns {Turn | null} */
export function turnOf(yaw) {
  if (Math.abs(yaw) <= FRONT_DEG) return 'front';
  if (Math.abs(yaw) < TURNED_DEG) return null;
  return yaw > 0 ? 'left' : 'right';
}

/**
 * @param {number} track whose face @param {number} now milliseconds
 * @param {boolean} [leftFirst] drawn where it is not given
 */
export function createChallenge(track, now, leftFirst = Math.random() < 0.5) {
  /** @type {Turn[]} */
  const steps = leftFirst ? ['front', 'left', 'front', 'right'] : ['front', 'right', 'front', 'left'];
  let step = 0;
  let held = 0;
  let seen = now;
  let begun = now;
  /** @type {number | null} */
  let person = null;
  /** @type {State} */
  let state = 'going';

  return {
    steps,
    /** What is wanted now, and how it stands. */
    get wanted() { return steps[Math.min(step, steps.length - 1)]; },
    get step() { return step; },
    get state() { return state; },
    /** Who it is, where it has become known. */
    get person() { return person; },
    /**
     * @param {readonly Track[] | null} tracks of the newest answer; null: none came, only time has gone on
     * @param {number} time milliseconds
     * @returns {State}
     */
    take(tracks, time) {
      if (state !== 'going') return state;
      if (time - begun > STEP_MS) state = 'slow';
      if (!tracks) return state;
      const mine = tracks.find((t) => t.track === track && t.seen);
      if (!mine) {
        if (time - seen > LOST_MS) state = 'lost';
        return state;
      }
      seen = time;
      if (mine.person !== null && person !== null && mine.person !== person) state = 'changed';
      person ??= mine.person;
      if (state !== 'going' || typeof mine.yaw !== 'number') return state;
      const turn = turnOf(mine.yaw);
      const wanted = steps[step];
      if (wanted !== 'front' && turn !== null && turn !== 'front' && turn !== wanted) state = 'wrong';
      held = turn === wanted ? held + 1 : 0;
      if (state === 'going' && held >= FRAMES) {
        step++;
        held = 0;
        begun = time;
        if (step === steps.length) state = 'passed';
      }
      return state;
    },
  };
}
