/* Why did kao say so? The face of one frame, the nearest people, the score on the model's curve. */
import { make } from '../dom.js';
import { apart, scaled } from '../layout.js';
import { cut, cutWithPoints, jpeg } from '../picture.js';
import { likelihood, similarity, strangers } from '../rates.js';
import { called, explain, say } from '../words.js';
import { openDialog } from './dialog.js';
import { plot } from './plot.js';
import { portrait } from './portrait.js';

/** @param {import('../main.js').App} app @param {import('../api.js').Match} match @param {number} threshold */
function matchRow(app, match, threshold) {
  const person = app.people.get(match.person);
  const meter = make('span', { class: match.similarity >= threshold ? 'meter pass' : 'meter', 'aria-hidden': 'true' }, make('span', {}));
  /** @type {HTMLElement} */ (meter.firstElementChild).style.width = `${Math.max(0, Math.min(1, match.similarity)) * 100}%`;
  return make('li', { class: 'match' }, person ? portrait(person, app.portraits) : null,
    make('span', { class: 'match-name', text: called(match.name, match.person) }), meter,
    make('span', { class: 'figure', text: similarity(match.similarity) }));
}

/**
 * @param {import('../main.js').App} app @param {import('../api.js').Track} track
 * @param {import('../frames.js').Looked} looked @param {{model: string, fpir: number}} options
 */
export async function openWhy(app, track, looked, options) {
  const name = called(track.name, track.person);
  const d = openDialog(say('why_title', { name }), { wide: true });
  const box = scaled(track.box, looked.k);
  const chip = cut(looked.canvas, box, 224);
  const words = make('div', { class: 'why-words', 'aria-live': 'polite' }, make('p', { class: 'muted', text: say('starting') }));
  const dress = (/** @type {HTMLCanvasElement} */ c, /** @type {string} */ words) => {
    c.className = 'why-chip';
    c.setAttribute('role', 'img');
    c.setAttribute('aria-label', words);
  };
  dress(chip, say('why_face'));
  d.body.append(make('div', { class: 'why' }, chip, words));

  try {
    const answer = await app.recogniser.identify(await jpeg(looked.canvas, 0.92), { ...options, nearest: 3 });
    const face = answer.faces.reduce((/** @type {import('../api.js').Identified | null} */ best, f) =>
      (!best || apart(f.box, box) < apart(best.box, box) ? f : best), null);
    if (!face || apart(face.box, box) > Math.max(box[2], box[3])) {
      words.replaceChildren(make('p', { text: say('why_gone') }));
      return;
    }
    const pointed = cutWithPoints(looked.canvas, 1, face, 224);
    dress(pointed, say('why_points'));
    chip.replaceWith(pointed);
    if (face.reason) {
      words.replaceChildren(make('p', { text: explain(face.reason) }));
      return;
    }
    const nearest = face.nearest ?? [];
    if (nearest.length === 0) {
      words.replaceChildren(make('p', { text: say('why_empty') }));
      return;
    }
    const values = { name: called(nearest[0].name, nearest[0].person), similarity: similarity(face.similarity),
      threshold: similarity(answer.threshold) };
    d.retitle(say('why_title', { name: called(face.name, face.person) }));
    words.replaceChildren(
      make('p', { class: 'lead', text: say(face.person ? 'why_known' : 'why_unknown', values) }),
      make('p', { text: strangers(face.fpir ?? face.far, face.far_is) }),
      make('p', { class: 'muted', text: likelihood(face.likelihood_ratio) }),
      ...(face.quality?.outcomes ?? []).map((o) => make('p', { class: 'muted', text: say(o) })));
    d.body.append(make('h3', { text: say('why_nearest') }),
      make('ul', { class: 'matches' }, ...nearest.map((m) => matchRow(app, m, answer.threshold))));
    const model = app.models.models.find((m) => m.name === answer.model);
    if (model) d.body.append(plot(model, nearest[0].similarity, answer.threshold, face));
  } catch (error) {
    words.replaceChildren(make('p', { class: 'problem', text: explain(error) }));
  }
}
