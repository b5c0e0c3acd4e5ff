/* Two who may be one person, asked one pair after the other. */
import { button, make } from '../dom.js';
import { similarity } from '../rates.js';
import { count, explain, say } from '../words.js';

/** @typedef {{name: string, faces: readonly HTMLElement[]}} Side */
/** @typedef {{key: string, similarity: number, sides: () => [Side, Side], merge: () => Promise<void>,
 *   apart: () => Promise<void>}} Question */

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app
 * @param {{text: string, answered: () => Promise<void>}} how answered: shows what is left
 */
export function mountReview(root, app, { text, answered }) {
  /** Asked for later. @type {Set<string>} */
  const skipped = new Set();
  const left = make('p', { class: 'small muted', role: 'status' });
  const pair = make('div', { class: 'review-pair', role: 'group' });
  const yes = button(say('review_yes'), 'primary', () => answer((q) => q.merge()));
  const no = button(say('review_no'), 'plain', () => answer((q) => q.apart()));
  const skip = button(say('review_skip'), 'quiet', () => {
    if (now) skipped.add(now.key);
    show(last);
  });
  const card = make('section', { class: 'card review', hidden: true }, make('div', {}, make('h2', { text: say('review_title') }),
    make('p', { class: 'muted', text })), pair, make('div', { class: 'row-buttons' }, yes, no, skip), left);
  /** @type {Question | null} */
  let now = null;
  /** @type {readonly Question[]} */
  let last = [];
  root.append(card);

  /** @param {(q: Question) => Promise<void>} tell */
  async function answer(tell) {
    const asked = now;
    if (!asked) return;
    const pressed = document.activeElement;
    for (const b of [yes, no, skip]) b.disabled = true;
    try {
      await tell(asked);
      await answered();
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
    for (const b of [yes, no, skip]) b.disabled = false;
    if (card.hidden) return;
    (pressed instanceof HTMLElement && card.contains(pressed) ? pressed : yes).focus();
  }

  /** @param {Side} s */
  const side = (s) => make('div', { class: 'review-side' },
    make('div', { class: 'chips' }, ...s.faces), make('p', { class: 'small', text: s.name }));

  /** @param {readonly Question[]} questions */
  function show(questions) {
    last = questions;
    const open = questions.filter((q) => !skipped.has(q.key));
    now = open[0] ?? null;
    card.hidden = now === null;
    if (!now) return;
    const [a, b] = now.sides();
    pair.setAttribute('aria-label', say('review_of', { a: a.name, b: b.name }));
    pair.replaceChildren(side(a), make('p', { class: 'review-value figure muted', text: similarity(now.similarity) }), side(b));
    left.textContent = count('review_left', open.length);
  }
  return { show };
}
