/* The model's curve (how often strangers reach a similarity), a threshold and a score on it. */
import { make, svg } from '../dom.js';
import { curvePieces, plotX, plotY, similarity, strangers } from '../rates.js';
import { say } from '../words.js';

const W = 440;
const H = 190;
const LEFT = 62;
const RIGHT = 14;
const TOP = 26;
const BOTTOM = 40;

/** @param {number} x 0..1 */
const px = (x) => LEFT + x * (W - LEFT - RIGHT);
/** @param {number} y 0..1 */
const py = (y) => TOP + y * (H - TOP - BOTTOM);
/** @param {[number, number][]} points */
const path = (points) => points.map(([x, y], i) => `${i ? 'L' : 'M'}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join('');

/** @param {number} x @param {number} y @param {string} text @param {string} [cls] @param {string} [anchor] */
function label(x, y, text, cls = 'plot-tick', anchor = 'middle') {
  const t = svg('text', { x, y, class: cls, 'text-anchor': anchor });
  t.textContent = text;
  return t;
}

/**
 * @param {import('../api.js').Model} model @param {number} score @param {number} threshold
 * @param {import('../api.js').Rates} rates of the score, for one pair
 */
export function plot(model, score, threshold, rates) {
  const { counted, extended } = curvePieces(model.curve);
  const words = strangers(rates.far, rates.far_is);
  const root = svg('svg', { viewBox: `0 0 ${W} ${H}`, class: 'plot', role: 'img',
    'aria-label': say('plot_label', { similarity: similarity(score), threshold: similarity(threshold), words }) });

  for (const e of [0, 2, 4, 6, 8]) {
    const y = py(e / 8);
    root.append(svg('line', { x1: LEFT, x2: W - RIGHT, y1: y, y2: y, class: 'plot-grid' }));
    root.append(label(LEFT - 8, y + 4, e ? `1 : ${['', '', '100', '', '10⁴', '', '10⁶', '', '10⁸'][e]}` : '1 : 1', 'plot-tick', 'end'));
  }
  for (const s of [0, 0.25, 0.5, 0.75, 1]) root.append(label(px(plotX(s)), H - BOTTOM + 18, String(s)));
  root.append(label((LEFT + W - RIGHT) / 2, H - 4, say('plot_x'), 'plot-axis'));
  root.append(label(LEFT, 12, say('plot_y'), 'plot-axis', 'start'));
  root.append(svg('path', { d: path(counted), class: 'plot-curve' }));
  if (extended.length) root.append(svg('path', { d: path(extended), class: 'plot-curve extended' }));

  const tx = px(plotX(threshold));
  root.append(svg('line', { x1: tx, x2: tx, y1: TOP, y2: H - BOTTOM, class: 'plot-threshold' }));
  root.append(label(tx + 6, TOP + 12, `${say('plot_threshold')} ${similarity(threshold)}`, 'plot-tick', 'start'));

  const sx = px(plotX(score));
  const sy = py(plotY(rates.far ?? 1));
  root.append(svg('line', { x1: sx, x2: sx, y1: sy, y2: H - BOTTOM, class: 'plot-drop' }));
  root.append(svg('circle', { cx: sx, cy: sy, r: 6, class: 'plot-score' }));
  root.append(sx < W - 70 ? label(sx + 11, sy - 7, similarity(score), 'plot-value', 'start')
    : label(Math.min(sx, W - RIGHT - 20), sy - 13, similarity(score), 'plot-value'));

  return make('figure', { class: 'plot-figure' },
    make('figcaption', { text: say('plot_title') }), root,
    make('p', { class: 'small muted', text: say('plot_measured', { model: model.name }) }));
}
