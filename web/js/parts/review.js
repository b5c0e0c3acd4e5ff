/* Groups of an album that may be one person, asked one pair after the other. */
import { button, make } from '../dom.js';
import { similarity } from '../rates.js';
import { count, explain, say } from '../words.js';

/** @typedef {import('../api.js').AlbumPair} AlbumPair */
/** @typedef {import('../api.js').AlbumGroup} AlbumGroup */

const SHOWN = 4;

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app @param {string} job
 * @param {{nameOf: (g: AlbumGroup) => string, answered: () => Promise<void>}} how
 */
export function mountReview(root, app, job, { nameOf, answered }) {
  /** Asked for later. @type {Set<string>} */
  const skipped = new Set();
  const left = make('p', { class: 'small muted', role: 'status' });
  const question = make('div', { class: 'review-pair', role: 'group' });
  const yes = button(say('review_yes'), 'primary', () => answer((p) => app.recogniser.mergeGroups(job, p.group, p.other)));
  const no = button(say('review_no'), 'plain', () => answer((p) => app.recogniser.keepGroupsApart(job, p.group, p.other)));
  const skip = button(say('review_skip'), 'quiet', () => {
    if (now) skipped.add(key(now));
    show(last);
  });
  const card = make('section', { class: 'card review', hidden: true }, make('div', {}, make('h2', { text: say('review_title') }),
    make('p', { class: 'muted', text: say('review_text') })), question, make('div', { class: 'row-buttons' }, yes, no, skip), left);
  /** @type {AlbumPair | null} */
  let now = null;
  /** @type {import('../api.js').AlbumResult} */
  let last = { pictures: 0, unreadable: 0, faces: 0, groups: [], pairs: [] };
  root.append(card);

  /** @param {AlbumPair} p */
  const key = (p) => `${p.group} ${p.other}`;

  /** @param {(p: AlbumPair) => Promise<void>} tell */
  async function answer(tell) {
    const pair = now;
    if (!pair) return;
    const pressed = document.activeElement;
    for (const b of [yes, no, skip]) b.disabled = true;
    try {
      await tell(pair);
      await answered();
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
    for (const b of [yes, no, skip]) b.disabled = false;
    if (card.hidden) return;
    (pressed instanceof HTMLElement && card.contains(pressed) ? pressed : yes).focus();
  }

  /** @param {AlbumGroup} g */
  function side(g) {
    return make('div', { class: 'review-side' },
      make('div', { class: 'chips' }, ...g.faces.slice(0, SHOWN).map((f) =>
        make('img', { class: 'chip large', src: app.recogniser.chipAddress(job, f.face), alt: '', title: f.file }))),
      make('p', { class: 'small', text: nameOf(g) }));
  }

  /** @param {import('../api.js').AlbumResult} result */
  function show(result) {
    last = result;
    const of = (/** @type {number} */ n) => result.groups.find((g) => g.group === n);
    const pairs = result.pairs.filter((p) => !skipped.has(key(p)) && of(p.group) && of(p.other));
    now = pairs[0] ?? null;
    card.hidden = now === null;
    if (!now) return;
    const [a, b] = /** @type {[AlbumGroup, AlbumGroup]} */ ([of(now.group), of(now.other)]);
    question.setAttribute('aria-label', say('review_of', { a: nameOf(a), b: nameOf(b) }));
    question.replaceChildren(side(a), make('p', { class: 'review-value figure muted', text: similarity(now.similarity) }), side(b));
    left.textContent = count('review_left', pairs.length);
  }
  return { show };
}
