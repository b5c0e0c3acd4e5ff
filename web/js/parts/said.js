/* What somebody has said of a person: who it is not, and which pictures are not theirs. Nothing that kao finds
 * out contradicts it. */
import { button, make } from '../dom.js';
import { called, date, say } from '../words.js';
import { choosePerson } from './choose_person.js';

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app @param {number} person
 * @param {(run: () => Promise<unknown>, words: string) => Promise<boolean>} change
 */
export function mountSaid(root, app, person, change) {
  const list = make('ul', { class: 'samples' });
  const nameOf = (/** @type {number | null} */ p) => called(p === null ? null : app.people.get(p)?.name, p);
  root.append(make('section', { class: 'card said' }, make('h2', { text: say('said_title') }),
    make('p', { class: 'small muted', text: say('said_text') }), list,
    make('div', { class: 'row-buttons' }, button(say('apart'), 'plain', async () => {
      const other = await choosePerson(say('apart_title', { name: nameOf(person) }), say('apart_text'), say('apart_do'),
        app.people.list.filter((p) => p.person !== person));
      if (other !== null) await change(() => app.recogniser.keepApart(person, other), say('saved'));
    }))));

  /** @param {import('../api.js').Fact} f */
  function row(f) {
    const other = f.kind === 'apart' ? (f.person === person ? f.other : f.person) : null;
    const words = f.kind === 'apart' ? say('said_apart', { name: nameOf(other) }) : say('said_not', { name: nameOf(person) });
    return make('li', { class: 'sample' },
      make('div', {}, make('p', { text: words }), make('p', { class: 'small muted', text: date(f.time) })),
      button(say('take_back'), 'quiet', () => change(() => app.recogniser.dropFact(f.fact), say('saved')), { 'aria-label': `${say('take_back')}: ${words}` }));
  }

  return {
    async refresh() {
      const facts = await app.recogniser.facts();
      list.replaceChildren(...facts.filter((f) => f.person === person || f.other === person).map(row));
    },
  };
}
