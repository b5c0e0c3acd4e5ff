/* The row of registered people. Out: 'stripregister', 'stripclear', bubbling. */
import { button, icon, make } from '../dom.js';
import { called, count, say } from '../words.js';
import { portrait } from './portrait.js';

const SHOWN = 60; // the rest: in People

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountStrip(root, app) {
  const tell = (/** @type {string} */ name) => root.dispatchEvent(new CustomEvent(name, { bubbles: true }));
  const add = make('button', { type: 'button', class: 'strip-add', on: { click: () => tell('stripregister') } },
    make('span', { class: 'portrait add' }, icon('plus')), make('span', { class: 'strip-name', text: say('register') }));
  const list = make('ul', { class: 'strip-list', 'aria-label': say('strip') });
  const none = make('p', { class: 'strip-none muted', text: say('nobody') });
  const clear = button(say('clear'), 'quiet strip-clear', () => tell('stripclear'));
  root.append(make('div', { class: 'strip' }, add, list, none, clear));

  /** @param {readonly import('../api.js').Person[]} people */
  function show(people) {
    list.replaceChildren(...people.slice(0, SHOWN).map((p) => {
      const name = called(p.name, p.person);
      return make('li', { 'data-person': String(p.person) }, make('a', { class: 'strip-person', href: `#people/${p.person}` },
        portrait(p, app.portraits),
        make('span', { class: 'strip-name', text: name }),
        make('span', { class: 'strip-count', text: String(p.n_samples), 'aria-hidden': 'true' }),
        make('span', { class: 'visually-hidden', text: count('samples', p.n_samples) })));
    }));
    if (people.length > SHOWN)
      list.append(make('li', {}, make('a', { class: 'strip-person', href: '#people' },
        make('span', { class: 'portrait initials', text: `+${people.length - SHOWN}` }), make('span', { class: 'strip-name', text: say('strip_more') }))));
    list.hidden = people.length === 0;
    none.hidden = people.length > 0;
    clear.hidden = people.length === 0;
  }
  show(app.people.list);
  const stop = app.people.watch(show);

  return {
    /** Those in view are marked. @param {ReadonlySet<number>} people */
    mark(people) {
      for (const item of list.children)
        item.classList.toggle('present', people.has(Number(/** @type {HTMLElement} */ (item).dataset.person)));
    },
    destroy: stop,
  };
}
