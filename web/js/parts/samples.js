/* A person's pictures (their numbers: the pictures themselves are not kept), to move, to tell apart, to remove. */
import { button, make } from '../dom.js';
import { date, say } from '../words.js';
import { choosePerson } from './choose_person.js';

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app @param {number} person
 * @param {(run: () => Promise<unknown>, words: string) => Promise<boolean>} change does it, says so, shows what is there then
 */
export function mountSamples(root, app, person, change) {
  const list = make('ul', { class: 'samples' });
  root.append(make('section', { class: 'card' }, make('h2', { text: say('pictures') }), list));

  /** @param {import('../api.js').Sample} s @param {number} i */
  function row(s, i) {
    const name = say('sample_n', { n: i + 1 });
    const named = (/** @type {string} */ key) => ({ 'aria-label': `${name}: ${say(key)}` });
    const details = [s.source, s.quality === null ? null : say('quality_short', { n: Math.round(s.quality * 100) }), date(s.time)];
    return make('li', { class: 'sample' },
      make('div', {}, make('p', { class: 'sample-name', text: name }), make('p', { class: 'small muted', text: details.filter(Boolean).join(' · ') })),
      make('div', { class: 'row-buttons' },
        button(say('move'), 'quiet', async () => {
          const to = await choosePerson(say('move_title'), '', say('do_move'), app.people.list.filter((p) => p.person !== person), true);
          if (to !== null) await change(() => app.recogniser.moveSample(s.sample, to || null), say('move_done'));
        }, named('move')),
        button(say('not_this'), 'quiet', () => change(() => app.recogniser.sayNot(s.sample, person), say('not_this_done')), named('not_this')),
        button(say('remove'), 'quiet', () => change(() => app.recogniser.removeSample(s.sample), say('removed')), named('remove'))));
  }

  return {
    async refresh() {
      const samples = await app.recogniser.samples(person);
      list.replaceChildren(...samples.map(row));
    },
  };
}
