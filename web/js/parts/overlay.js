/* Boxes drawn over the video, and a button on each face with its name. Out: 'facepick', detail = Track. */
import { make } from '../dom.js';
import { createFollower } from '../follow.js';
import { fit, place } from '../layout.js';
import { cleared } from '../picture.js';
import { similarity, strangersShort } from '../rates.js';
import { called, say } from '../words.js';

/** @typedef {import('../api.js').Track} Track */

/** A box by its corners: the face stays free. @param {CanvasRenderingContext2D} g @param {import('../api.js').Box} box */
function corners(g, [x, y, w, h]) {
  const r = Math.min(14, w / 4, h / 4);
  const arm = Math.max(r + 2, Math.min(w, h) * 0.24);
  for (const [cx, cy, dx, dy] of [[x, y, 1, 1], [x + w, y, -1, 1], [x + w, y + h, -1, -1], [x, y + h, 1, -1]]) {
    g.moveTo(cx + dx * arm, cy);
    g.lineTo(cx + dx * r, cy);
    g.quadraticCurveTo(cx, cy, cx, cy + dy * r);
    g.lineTo(cx, cy + dy * arm);
  }
}

/**
 * @param {HTMLElement} root the video's frame @param {HTMLVideoElement} video
 * @param {{mirrored: () => boolean}} how
 */
export function mountOverlay(root, video, how) {
  const canvas = make('canvas', { class: 'overlay', 'aria-hidden': 'true' });
  const layer = make('div', { class: 'faces', role: 'group', 'aria-label': say('video') });
  const follower = createFollower({ still: matchMedia('(prefers-reduced-motion: reduce)').matches });
  /** @type {Map<number, {button: HTMLButtonElement, deed: HTMLElement, label: HTMLElement, name: HTMLElement, score: HTMLElement, means: HTMLElement, track: Track}>} */
  const buttons = new Map();
  const style = getComputedStyle(root);
  let size = { width: 1, height: 1 };
  let picking = false;
  let handle = 0;

  root.append(canvas, layer);

  /** @param {Track} track */
  function buttonOf(track) {
    const has = buttons.get(track.track);
    if (has) return has;
    const name = make('span', { class: 'face-name' });
    const score = make('span', { class: 'face-score' });
    const means = make('span', { class: 'face-means' });
    const deed = make('span', { class: 'visually-hidden' });
    const label = make('span', { class: 'face-label' }, name, ' ', score, ' ', means);
    const it = make('button', { type: 'button', class: 'face' }, deed, ' ', label);
    const made = { button: it, deed, label, name, score, means, track };
    it.addEventListener('click', () => root.dispatchEvent(new CustomEvent('facepick', { detail: made.track, bubbles: true })));
    buttons.set(track.track, made);
    layer.append(it);
    return made;
  }

  /** @param {HTMLElement} e @param {string} text */
  function setText(e, text) {
    if (e.textContent !== text) e.textContent = text;
  }

  function draw() {
    handle = requestAnimationFrame(draw);
    const { g, width: w, height: h } = cleared(canvas, root);
    const f = fit(size.width, size.height, w, h);
    const shown = follower.at(performance.now());
    for (const { track, box, opacity } of shown) {
      const at = place(box, f, size.width, how.mirrored());
      g.globalAlpha = opacity;
      for (const [width, colour] of /** @type {[number, string][]} */ ([[5, 'rgba(0,0,0,.35)'],
        [2.5, track.person ? style.getPropertyValue('--box-known') : style.getPropertyValue('--box-unknown')]])) {
        g.beginPath();
        corners(g, at);
        g.lineWidth = width;
        g.lineCap = 'round';
        g.strokeStyle = colour;
        g.stroke();
      }
      const b = buttonOf(track);
      b.button.style.transform = `translate(${at[0].toFixed(1)}px, ${at[1].toFixed(1)}px)`;
      b.button.style.width = `${at[2].toFixed(1)}px`;
      b.button.style.height = `${at[3].toFixed(1)}px`;
      b.button.style.opacity = opacity.toFixed(2);
      b.button.hidden = !track.seen; // its box fades where it should be
      b.button.classList.toggle('low', at[1] < b.label.offsetHeight + 12); // no room above: below
      const half = b.label.offsetWidth / 2 + 6; // kept inside the frame
      const middle = at[0] + at[2] / 2;
      const shift = Math.max(half - middle, Math.min(0, w - half - middle));
      b.label.style.transform = `translateX(calc(-50% + ${shift.toFixed(1)}px))`;
    }
    const there = new Set(shown.map((s) => s.track.track));
    for (const [id, b] of buttons)
      if (!there.has(id)) {
        b.button.remove();
        buttons.delete(id);
      }
  }
  draw();

  return {
    /** @param {import('../api.js').LiveAnswer} answer */
    show(answer) {
      size = answer;
      follower.take(answer.tracks, performance.now());
      for (const track of answer.tracks) {
        const b = buttonOf(track);
        const name = called(track.name, track.person);
        b.track = track;
        setText(b.name, name);
        setText(b.score, track.similarity === null ? '' : similarity(track.similarity));
        setText(b.means, track.person ? strangersShort(track.fpir ?? track.far, track.far_is) : '');
        b.button.classList.toggle('known', Boolean(track.person));
        setText(b.deed, say(picking ? 'pick_button' : 'why_button'));
      }
    },
    clear() {
      follower.clear();
    },
    /** Faces are to be chosen, not asked about. @param {boolean} on */
    pick(on) {
      picking = on;
      root.classList.toggle('picking', on);
      if (on) [...buttons.values()][0]?.button.focus();
    },
    destroy() {
      cancelAnimationFrame(handle);
    },
  };
}
