/* People of the gallery who may be one: the questions that the People page asks. */
import { RecogniserError } from '../api.js';
import { make } from '../dom.js';
import { called, count, say } from '../words.js';
import { portrait } from './portrait.js';
import { mountReview } from './review.js';

/** @param {HTMLElement} root @param {import('../main.js').App} app @param {() => Promise<void>} changed */
export function mountReviewPeople(root, app, changed) {
  const review = mountReview(root, app, { text: say('review_people_text'), answered: changed });

  /** @param {number} person @param {string | null} name @returns {import('./review.js').Side} */
  function side(person, name) {
    const p = app.people.get(person);
    const link = make('a', { href: `#people/${person}`, class: 'review-link', 'aria-label': called(name, person) });
    if (p) link.append(portrait(p, app.portraits));
    return { name: p ? `${called(name, person)} · ${count('samples', p.n_samples)}` : called(name, person), faces: [link] };
  }

  /** @param {import('../api.js').PeoplePair} p @returns {import('./review.js').Question} */
  const question = (p) => ({
    key: `${p.into} ${p.from}`,
    similarity: p.similarity,
    sides: () => [side(p.into, p.into_name), side(p.from, p.from_name)],
    merge: () => app.recogniser.mergePeople(p.into, p.from),
    apart: () => app.recogniser.keepApart(p.into, p.from),
  });
  return {
    async refresh() {
      /** @type {import('../api.js').PeoplePair[]} */
      let pairs = [];
      try {
        pairs = await app.recogniser.review();
      } catch (error) {
        if (!(error instanceof RecogniserError && error.code === 'too_large')) throw error; // not for so many people
      }
      review.show(pairs.map(question));
    },
  };
}
