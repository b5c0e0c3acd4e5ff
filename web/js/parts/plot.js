/* The model's curve (how often strangers reach a similarity), that of one person's pairs where it was
 * measured (how often they do not), a threshold and a score on them. Both are shares of pairs, counted
 * from their own side: what a card keeps are points of such curves, which would make no histogram. */
import { make, svg } from '../dom.js';
import { curvePieces, plotOdds, plotX, plotY, same, sameBelow, sameCurve, similarity, strangers } from '../rates.js';
import { number, say } from '../words.js';

const W = 440;
const HEIGHT = 190;
const HEIGHT_BOTH = 220;
const LEFT = 62;
const RIGHT = 14;
const TOP = 26;
const BOTTOM = 40;

/** @param {number} x 0..1 */
const px = (x) => LEFT + x * (W - LEFT - RIGHT);
/** Shares that have a line. */
const TICKS = /** @type {[string, number][]} */ ([['1 : 1', 1], ['1 : 100', 1e-2], ['1 : 10⁴', 1e-4], ['1 : 10⁶', 1e-6], ['1 : 10⁸', 1e-8]]);
const TICKS_BOTH = /** @type {[string, number][]} */ ([['99 %', 0.99], ['50 %', 0.5], ['1 %', 1e-2], ...TICKS.slice(2)]);

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
  const quantiles = model.same?.quantiles ?? [];
  const at = sameBelow(quantiles, score);
  const H = at ? HEIGHT_BOTH : HEIGHT;
  const scale = at ? plotOdds : plotY;
  const py = (/** @type {number} */ y) => TOP + y * (H - TOP - BOTTOM);
  const path = (/** @type {[number, number][]} */ points) => points.map(([x, y], i) => `${i ? 'L' : 'M'}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join('');
  const { counted, extended } = curvePieces(model.curve, scale);
  const words = [strangers(rates.far, rates.far_is), same(at)].filter(Boolean).join(' ');
  const root = svg('svg', { viewBox: `0 0 ${W} ${H}`, class: 'plot', role: 'img',
    'aria-label': say('plot_label', { similarity: similarity(score), threshold: similarity(threshold), words }) });

  for (const [text, share] of at ? TICKS_BOTH : TICKS) {
    const y = py(scale(share));
    root.append(svg('line', { x1: LEFT, x2: W - RIGHT, y1: y, y2: y, class: 'plot-grid' }));
    root.append(label(LEFT - 8, y + 4, text, 'plot-tick', 'end'));
  }
  for (const s of [0, 0.25, 0.5, 0.75, 1]) root.append(label(px(plotX(s)), H - BOTTOM + 18, String(s)));
  root.append(label((LEFT + W - RIGHT) / 2, H - 4, say('plot_x'), 'plot-axis'));
  root.append(label(LEFT, 12, say(at ? 'plot_y_both' : 'plot_y'), 'plot-axis', 'start'));
  root.append(svg('path', { d: path(counted), class: 'plot-curve' }));
  if (extended.length) root.append(svg('path', { d: path(extended), class: 'plot-curve extended' }));
  if (at) {
    root.append(svg('path', { d: path(sameCurve(quantiles)), class: 'plot-same' }));
    for (const q of quantiles) root.append(svg('circle', { cx: px(plotX(q.similarity)), cy: py(scale(q.below)), r: 2.2, class: 'plot-quantile' }));
  }

  const sx = px(plotX(score));
  const sy = py(scale(rates.far ?? 1));
  const tx = px(plotX(threshold));
  const limit = `${say('plot_threshold')} ${similarity(threshold)}`;
  root.append(svg('line', { x1: tx, x2: tx, y1: TOP, y2: H - BOTTOM, class: 'plot-threshold' }));
  if (!at) root.append(label(tx + 6, TOP + 12, limit, 'plot-tick', 'start'));
  else { // at the foot, where no curve is, and not across the score's line
    const left = (sx >= tx && tx > LEFT + 130) || tx > W - RIGHT - 130;
    root.append(label(left ? tx - 6 : tx + 6, H - BOTTOM - 8, limit, 'plot-tick', left ? 'end' : 'start'));
  }

  root.append(svg('line', { x1: sx, x2: sx, y1: at ? TOP : sy, y2: H - BOTTOM, class: 'plot-drop' }));
  root.append(svg('circle', { cx: sx, cy: sy, r: 6, class: 'plot-score' }));
  if (at) {
    root.append(svg('circle', { cx: sx, cy: py(scale(at.share)), r: 6, class: 'plot-score' }));
    root.append(label(Math.min(sx, W - RIGHT - 20), TOP - 9, similarity(score), 'plot-value'));
  } else
    root.append(sx < W - 70 ? label(sx + 11, sy - 7, similarity(score), 'plot-value', 'start')
      : label(Math.min(sx, W - RIGHT - 20), sy - 13, similarity(score), 'plot-value'));

  return make('figure', { class: 'plot-figure' },
    make('figcaption', { text: say(at ? 'plot_title_both' : 'plot_title') }), root, legend(Boolean(at)),
    at ? make('p', { class: 'small', text: same(at) }) : null,
    make('p', { class: 'small muted', text: at ? say('plot_measured_both', { model: model.name, n: number(Number(model.same?.pairs)) })
      : say('plot_measured', { model: model.name }) }));
}
