/* The model's curve (how often strangers reach a similarity), that of one person's pairs where it was
 * measured (how often they do not), a threshold and a score on them. Both are shares of pairs, counted
 * from their own side: what a card keeps are points of such curves, which would make no histogram. */
import { make, svg } from '../dom.js';
import { curvePieces, plotX, plotY, same, sameBelow, sameCurve, similarity, strangers } from '../rates.js';
import { number, say } from '../words.js';

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

/** What the lines are, in words. @param {boolean} both */
function legend(both) {
  const entry = (/** @type {string} */ cls, /** @type {string} */ key) => make('li', {},
    svg('svg', { viewBox: '0 0 28 10', class: 'plot plot-key', 'aria-hidden': 'true', focusable: 'false' },
      svg('path', { d: 'M1 5H27', class: cls }),
      ...(cls === 'plot-same' ? [svg('circle', { cx: 14, cy: 5, r: 2.6, class: 'plot-quantile' })] : [])),
    say(key));
  return both ? make('ul', { class: 'plot-legend small' }, entry('plot-curve', 'plot_strangers'), entry('plot-same', 'plot_same')) : null;
}

/**
 * @param {import('../api.js').Model} model @param {number} score @param {number} threshold
 * @param {import('../api.js').Rates} rates of the score, for one pair
 */
export function plot(model, score, threshold, rates) {
  const { counted, extended } = curvePieces(model.curve);
  const quantiles = model.same?.quantiles ?? [];
  const at = sameBelow(quantiles, score);
  const words = [strangers(rates.far, rates.far_is), same(at)].filter(Boolean).join(' ');
  const root = svg('svg', { viewBox: `0 0 ${W} ${H}`, class: 'plot', role: 'img',
    'aria-label': say('plot_label', { similarity: similarity(score), threshold: similarity(threshold), words }) });

  for (const e of [0, 2, 4, 6, 8]) {
    const y = py(e / 8);
    root.append(svg('line', { x1: LEFT, x2: W - RIGHT, y1: y, y2: y, class: 'plot-grid' }));
    root.append(label(LEFT - 8, y + 4, e ? `1 : ${['', '', '100', '', '10⁴', '', '10⁶', '', '10⁸'][e]}` : '1 : 1', 'plot-tick', 'end'));
  }
  for (const s of [0, 0.25, 0.5, 0.75, 1]) root.append(label(px(plotX(s)), H - BOTTOM + 18, String(s)));
  root.append(label((LEFT + W - RIGHT) / 2, H - 4, say('plot_x'), 'plot-axis'));
  root.append(label(LEFT, 12, say(at ? 'plot_y_both' : 'plot_y'), 'plot-axis', 'start'));
  root.append(svg('path', { d: path(counted), class: 'plot-curve' }));
  if (extended.length) root.append(svg('path', { d: path(extended), class: 'plot-curve extended' }));
  if (at) {
    root.append(svg('path', { d: path(sameCurve(quantiles)), class: 'plot-same' }));
    for (const q of quantiles) root.append(svg('circle', { cx: px(plotX(q.similarity)), cy: py(plotY(q.below)), r: 2.2, class: 'plot-quantile' }));
  }

  const tx = px(plotX(threshold));
  root.append(svg('line', { x1: tx, x2: tx, y1: TOP, y2: H - BOTTOM, class: 'plot-threshold' }));
  const low = at ? H - BOTTOM - 8 : TOP + 12; // above, the other curve would cross it
  root.append(tx < W - 130 ? label(tx + 6, low, `${say('plot_threshold')} ${similarity(threshold)}`, 'plot-tick', 'start')
    : label(tx - 6, low, `${say('plot_threshold')} ${similarity(threshold)}`, 'plot-tick', 'end'));

  const sx = px(plotX(score));
  const sy = py(plotY(rates.far ?? 1));
  root.append(svg('line', { x1: sx, x2: sx, y1: at ? TOP : sy, y2: H - BOTTOM, class: 'plot-drop' }));
  root.append(svg('circle', { cx: sx, cy: sy, r: 6, class: 'plot-score' }));
  if (at) root.append(svg('circle', { cx: sx, cy: py(plotY(at.share)), r: 6, class: 'plot-score' }));
  if (at) root.append(label(Math.min(sx, W - RIGHT - 20), TOP - 9, similarity(score), 'plot-value'));
  else root.append(sx < W - 70 ? label(sx + 11, sy - 7, similarity(score), 'plot-value', 'start')
    : label(Math.min(sx, W - RIGHT - 20), sy - 13, similarity(score), 'plot-value'));

  return make('figure', { class: 'plot-figure' },
    make('figcaption', { text: say(at ? 'plot_title_both' : 'plot_title') }), root, legend(Boolean(at)),
    at ? make('p', { class: 'small', text: same(at) }) : null,
    make('p', { class: 'small muted', text: at ? say('plot_measured_both', { model: model.name, n: number(Number(model.same?.pairs)) })
      : say('plot_measured', { model: model.name }) }));
}
