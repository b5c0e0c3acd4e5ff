/* Boxes over a video that was looked through: by the times of its frames. */
import { make } from '../dom.js';
import { boxAt } from '../jobs.js';
import { fit, place } from '../layout.js';
import { cleared } from '../picture.js';
import { called } from '../words.js';

/**
 * @param {HTMLElement} root the video's frame @param {HTMLVideoElement} video
 * @param {import('../api.js').VideoResult} result
 */
export function mountVideoBoxes(root, video, result) {
  const canvas = make('canvas', { class: 'overlay', 'aria-hidden': 'true' });
  const style = getComputedStyle(root);
  let handle = 0;
  let on = true;
  root.append(canvas);

  /** @param {CanvasRenderingContext2D} g @param {import('../api.js').Box} at @param {import('../api.js').VideoTrack} track */
  function box(g, at, track) {
    const [x, y, w, h] = at;
    g.lineWidth = 2.5;
    g.strokeStyle = style.getPropertyValue(track.person ? '--box-known' : '--box-unknown');
    g.beginPath();
    g.roundRect(x, y, w, h, Math.min(12, w / 4));
    g.stroke();
    if (!track.person) return;
    const name = called(track.name, track.person);
    g.font = '600 14px system-ui, sans-serif';
    const wide = g.measureText(name).width + 16;
    const top = y > 30 ? y - 28 : y + h + 4;
    g.fillStyle = 'rgb(0 0 0 / 65%)';
    g.beginPath();
    g.roundRect(x + w / 2 - wide / 2, top, wide, 24, 12);
    g.fill();
    g.fillStyle = '#fff';
    g.fillText(name, x + w / 2 - wide / 2 + 8, top + 17);
  }

  function draw() {
    handle = requestAnimationFrame(draw);
    const { g, width: w, height: h } = cleared(canvas, root);
    if (!on) return;
    const f = fit(result.width, result.height, w, h);
    for (const track of result.tracks) {
      const at = boxAt(track.boxes ?? [], video.currentTime);
      if (at) box(g, place(at, f, result.width), track);
    }
  }
  draw();

  return {
    /** @param {boolean} yes */
    show(yes) {
      on = yes;
    },
    destroy() {
      cancelAnimationFrame(handle);
    },
  };
}
