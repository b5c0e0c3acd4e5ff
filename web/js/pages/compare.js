/* Two pictures: are they of the same person, and how sure is that? */
import { RecogniserError } from '../api.js';
import { button, make } from '../dom.js';
import { cutWithPoints, opened } from '../picture.js';
import { likelihood, similarity, strangers } from '../rates.js';
import { explain, say } from '../words.js';
import { isPicture } from '../files.js';
import { mountPictureInput } from '../parts/picture_input.js';
import { plot } from '../parts/plot.js';

/** @typedef {import('../api.js').Comparison} Comparison */

/** One face as it was compared. @param {string} which @param {Blob} blob @param {import('../api.js').Side} face */
async function faceFigure(which, blob, face) {
  const picture = await opened(blob);
  const outcomes = face.quality?.outcomes ?? [];
  const words = outcomes.length ? outcomes : ['good'];
  const figure = make('figure', { class: 'compared' });
  if (picture) {
    const chip = cutWithPoints(picture.canvas, picture.canvas.width / face.width, face, 320);
    chip.setAttribute('role', 'img');
    chip.setAttribute('aria-label', which);
    figure.append(chip);
  }
  figure.append(make('figcaption', {}, ...words.map((o) => make('p', { class: 'small', text: say(o) })),
    make('p', { class: 'small muted', text: say('quality_n', { n: Math.round(100 * (face.quality?.score ?? 0)) }) })));
  return figure;
}

/** @param {string} term @param {...string} texts */
function fact(term, ...texts) {
  return make('div', { class: 'fact' }, make('dt', { text: term }), ...texts.map((text, i) => make('dd', { class: i ? 'muted small' : 'figure', text })));
}

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountComparePage(root, app) {
  /** @type {(Blob | null)[]} */
  const pictures = [null, null];
  const names = [say('picture_first'), say('picture_second')];
  const slots = [make('div', {}), make('div', {})];
  const result = make('section', { class: 'result', 'aria-live': 'polite' });
  const example = button(say('compare_example'), 'quiet', useExample);
  let number = 0; // an answer to an older pair is dropped

  root.append(make('div', { class: 'compare' },
    make('div', { class: 'intro' }, make('h1', { text: say('compare_title') }), make('p', { class: 'muted', text: say('compare_text') }), example),
    make('div', { class: 'pair' }, ...slots), result));
  const inputs = slots.map((slot, i) => {
    slot.addEventListener('picture', (event) => {
      pictures[i] = /** @type {CustomEvent<Blob | null>} */ (event).detail;
      compare();
    });
    return mountPictureInput(slot, names[i], app);
  });

  async function compare() {
    const [a, b] = pictures;
    const mine = ++number;
    result.replaceChildren();
    if (!a || !b) return;
    const waiting = setTimeout(() => result.replaceChildren(make('p', { class: 'muted waiting', text: say('comparing') })), 300);
    try {
      const answer = await app.recogniser.verify(a, b, app.models.models[0].name);
      const figures = await Promise.all([faceFigure(names[0], a, answer.source), faceFigure(names[1], b, answer.target)]);
      if (mine === number) show(answer, figures);
    } catch (error) {
      if (mine !== number) return;
      const side = error instanceof RecogniserError && error.side;
      const which = side ? `${names[side === 'source' ? 0 : 1]}: ` : '';
      result.replaceChildren(make('p', { class: 'card problem', text: which + explain(error) }));
    } finally {
      clearTimeout(waiting);
    }
  }

  /** @param {Comparison} answer @param {HTMLElement[]} figures */
  function show(answer, figures) {
    const values = { similarity: similarity(answer.similarity), threshold: similarity(answer.threshold) };
    const model = app.models.models.find((m) => m.name === answer.model);
    const rates = strangers(answer.far, answer.far_is);
    result.replaceChildren(make('div', { class: answer.same ? 'card verdict same' : 'card verdict' },
      make('div', { class: 'verdict-head' },
        make('h2', { class: 'verdict-words', text: say(answer.same ? 'same' : 'different') }),
        make('p', { text: say(answer.same ? 'verdict_same' : 'verdict_different', values) })),
      make('div', { class: 'faces-pair' }, ...figures),
      make('dl', { class: 'facts' }, fact(say('fact_similarity'), values.similarity), fact(say('fact_threshold'), values.threshold),
        fact(say('fact_far'), rates), fact(say('fact_ratio'), likelihood(answer.likelihood_ratio))),
      model ? plot(model, answer.similarity, answer.threshold, answer) : null,
      make('p', { class: 'small muted', text: say('not_alive') })));
  }

  async function useExample() {
    try {
      const [a, b] = await Promise.all(['ana.jpg', 'emil.jpg'].map((n) => app.recogniser.example(n)));
      await inputs[0].set(a, 'ana.jpg');
      await inputs[1].set(b, 'emil.jpg');
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  const paste = (/** @type {ClipboardEvent} */ event) => {
    const [first, second] = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    if (!first) return;
    event.preventDefault();
    const at = pictures[0] && !pictures[1] ? 1 : 0;
    inputs[at].set(first);
    if (second) inputs[1 - at].set(second);
  };
  document.addEventListener('paste', paste);
  return () => {
    document.removeEventListener('paste', paste);
    for (const input of inputs) input.destroy();
  };
}
