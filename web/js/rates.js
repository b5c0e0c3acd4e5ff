/* Rates in words, and on scales. No DOM. */
import { called, catalogue, number, say } from './words.js';

/** Two significant digits are all that such a figure bears. @param {number} n */
export function round2(n) {
  if (!(n > 0) || !Number.isFinite(n)) return 0;
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return Math.round(n / unit) * unit;
}

/** "1 in 43,000" @param {number} rate */
export function oneIn(rate) {
  return say('one_in', { n: number(Math.max(1, round2(1 / rate))) });
}

/**
 * What a similarity means: how many strangers look this alike. is: how the rate is known
 * ("counted", "extrapolated", "at_most", "at_least").
 * @param {number | null | undefined} rate @param {string | null | undefined} is
 */
export function strangers(rate, is) {
  if (rate === null || rate === undefined || !is) return say('rate_unknown');
  if (rate <= 0) return say('rate_none');
  if (rate > 0.4) return say('rate_most');
  const n = number(Math.max(2, round2(1 / rate)));
  if (is === 'at_most') return say('rate_at_most', { n });
  if (is === 'at_least') return say('rate_at_least', { n });
  return say(is === 'extrapolated' ? 'rate_extrapolated' : 'rate', { n });
}

/** The same, short enough for a label. @param {number | null | undefined} rate @param {string | null | undefined} is */
export function strangersShort(rate, is) {
  if (rate === null || rate === undefined || rate <= 0 || !is) return '';
  if (rate > 0.4) return say('rate_most_short');
  const sign = { at_most: '<\u2009', at_least: '>\u2009', extrapolated: '≈\u2009' }[is] ?? '';
  return say('rate_short', { sign, n: number(Math.max(2, round2(1 / rate))) });
}

/** @param {number | null | undefined} ratio */
export function likelihood(ratio) {
  if (ratio === null || ratio === undefined || !(ratio > 0)) return say('ratio_unknown');
  if (ratio >= 1) return say('ratio_for', { n: number(round2(ratio) || 1) });
  return say('ratio_against', { n: number(round2(1 / ratio) || 1) });
}

/** With three places. @param {number | null | undefined} s */
export function similarity(s) {
  return s === null || s === undefined ? '–' : s.toFixed(3);
}

/**
 * Why a picture was not taken. @param {readonly string[]} reasons words of the API, or its own sentences
 * @param {{person: number | null, name: string | null, similarity: number} | null} [looksLike]
 */
export function because(reasons, looksLike) {
  const values = { name: called(looksLike?.name, looksLike?.person), similarity: similarity(looksLike?.similarity) };
  return reasons.map((r) => (catalogue[r] ? say(r, values) : say(catalogue[`error_${r}`] ? `error_${r}` : 'error_other', { message: r }))).join(' ');
}

/** Where a similarity lies on a plot, 0 to 1. @param {number} s */
export function plotX(s) {
  return Math.min(1, Math.max(0, (s + 0.2) / 1.2));
}

/** Where a rate lies on a plot from 1 (top, 0) down to 1e-8 (1). @param {number} rate */
export function plotY(rate) {
  return Math.min(1, Math.max(0, -Math.log10(Math.max(rate, 1e-12)) / 8));
}

/**
 * Where a share lies on a plot that shows rare and common ones alike, 0 (all but one in 1,000) to 1
 * (one in 1e8): by the powers of ten of its odds, so half lies in between.
 * @param {number} share
 */
export function plotOdds(share) {
  const p = Math.min(1 - 1e-9, Math.max(1e-12, share));
  return Math.min(1, Math.max(0, (3 - Math.log10(p / (1 - p))) / 11));
}

/**
 * The curve in pieces: those counted, and those only extended from them. Points that are mere
 * bounds are left out.
 * @param {readonly import('./api.js').CurvePoint[]} curve @param {(rate: number) => number} [scale]
 * @returns {{counted: [number, number][], extended: [number, number][]}}
 */
export function curvePieces(curve, scale = plotY) {
  /** @type {[number, number][]} */
  const counted = [];
  /** @type {[number, number][]} */
  const extended = [];
  for (const p of curve) {
    if (p.far === null || p.far <= 0) continue;
    /** @type {[number, number]} */
    const at = [plotX(p.similarity), scale(p.far)];
    if (p.far_is === 'counted') counted.push(at);
    else if (p.far_is === 'extrapolated') extended.push(at);
  }
  if (counted.length && extended.length) extended.unshift(counted[counted.length - 1]);
  return { counted, extended };
}

/**
 * The share of one person's pairs that are less alike than a similarity, and how that is known, as
 * of rates: beyond the quantiles there are bounds alone.
 * @param {readonly import('./api.js').Quantile[]} quantiles @param {number} s
 * @returns {{share: number, is: 'counted' | 'at_most' | 'at_least'} | null}
 */
export function sameBelow(quantiles, s) {
  if (quantiles.length < 2) return null;
  const first = quantiles[0];
  const last = quantiles[quantiles.length - 1];
  if (s < first.similarity) return { share: first.below, is: 'at_most' };
  if (s > last.similarity) return { share: last.below, is: 'at_least' };
  const i = Math.max(1, quantiles.findIndex((q) => s <= q.similarity));
  const [a, b] = [quantiles[i - 1], quantiles[i]];
  return { share: a.below + (b.below - a.below) * (s - a.similarity) / (b.similarity - a.similarity), is: 'counted' };
}

/** In words. @param {ReturnType<typeof sameBelow>} at */
export function same(at) {
  if (!at) return '';
  if (at.is === 'at_most') return say('same_at_most', { n: number(Math.max(2, round2(1 / at.share))) });
  if (at.is === 'at_least' || at.share > 0.99) return say('same_most');
  if (at.share < 0.02) return say('same_rare', { n: number(round2(1 / at.share)) });
  return say('same_below', { n: number(Math.round(100 * at.share)) });
}

/**
 * Their curve on a plot by odds, bent between the quantiles, where shares rise evenly.
 * @param {readonly import('./api.js').Quantile[]} quantiles @returns {[number, number][]}
 */
export function sameCurve(quantiles) {
  const STEPS = 8;
  /** @type {[number, number][]} */
  const points = [];
  quantiles.forEach((b, i) => {
    const a = i ? quantiles[i - 1] : b;
    for (let k = i ? 1 : STEPS; k <= STEPS; k++) {
      const part = k / STEPS;
      points.push([plotX(a.similarity + part * (b.similarity - a.similarity)), plotOdds(a.below + part * (b.below - a.below))]);
    }
  });
  return points;
}

/** The similarity with this rate, between the curve's points. @param {readonly import('./api.js').CurvePoint[]} curve @param {number} rate */
export function similarityAt(curve, rate) {
  const known = curve.filter((p) => p.far !== null && p.far > 0);
  for (let i = 1; i < known.length; i++) {
    const a = known[i - 1];
    const b = known[i];
    const [la, lb, l] = [Number(a.far), Number(b.far), rate].map(Math.log10);
    if (la >= l && l >= lb) return a.similarity + (b.similarity - a.similarity) * (la === lb ? 0 : (la - l) / (la - lb));
  }
  return null;
}
