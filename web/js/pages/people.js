/* Everybody in the gallery: search, add, history. One of them: person.js. */
import { make } from '../dom.js';
import { called, count, explain, say } from '../words.js';
import { mountEnrolFiles } from '../parts/enrol_files.js';
import { mountHistory } from '../parts/history.js';
import { mountImport } from '../parts/import_people.js';
import { portrait } from '../parts/portrait.js';
import { mountReviewPeople } from '../parts/review_people.js';
import { mountPerson } from './person.js';

const SHOWN = 200; // more are found by the search

/** @param {HTMLElement} root @param {import('../main.js').App} app @param {string} rest a person's number, or nothing */
export function mountPeople(root, app, rest) {
  if (/^[1-9]\d*$/.test(rest)) return mountPerson(root, app, Number(rest));

  const search = make('input', { type: 'search', class: 'input search', placeholder: say('people_search'), 'aria-label': say('people_search'), on: { input: () => show() } });
  const total = make('p', { class: 'muted' });
  const list = make('ul', { class: 'people-list' });
  const none = make('p', { class: 'muted', 'aria-live': 'polite' });
  const more = make('p', { class: 'muted' });
  const name = make('input', { type: 'text', class: 'input', maxLength: 100, autocomplete: 'off' });
  const add = make('section', { class: 'card add' }, make('h2', { text: say('new_person') }),
    make('label', { class: 'field' }, make('span', { text: say('reg_name') }), name, make('span', { class: 'small muted', text: say('reg_name_hint') })));
  const right = make('div', { class: 'column' }, add);
  const asked = make('div', { class: 'people-review' });

  root.append(make('div', { class: 'people' },
    make('div', { class: 'people-head' }, make('div', {}, make('h1', { text: say('tab_people') }), total), search),
    make('div', { class: 'person-columns' }, make('div', { class: 'column' }, asked, none, list, more), right)));
  const files = make('div', { class: 'files' });
  add.append(files);
  mountEnrolFiles(files, app, { person: null, name: () => name.value.trim(), done: () => history.refresh() });
  const stopImport = mountImport(right, app, () => history.refresh());
  const history = mountHistory(right, app, refresh);
  const review = mountReviewPeople(asked, app, refresh);

  function show() {
    const wanted = search.value.trim().toLowerCase();
    const people = app.people.list;
    const found = people.filter((p) => `${called(p.name, p.person)} ${p.note ?? ''} ${p.groups.join(' ')} ${p.person}`.toLowerCase().includes(wanted));
    total.textContent = people.length ? count('people_count', people.length) : '';
    search.hidden = people.length === 0;
    none.textContent = found.length ? '' : say(people.length ? 'people_no_match' : 'people_none');
    more.textContent = found.length > SHOWN ? count('people_more', found.length - SHOWN) : '';
    list.replaceChildren(...found.slice(0, SHOWN).map((p) => make('li', {}, make('a', { class: 'person-row', href: `#people/${p.person}` },
      portrait(p, app.portraits),
      make('span', { class: 'person-text' }, make('span', { class: 'person-name', text: called(p.name, p.person) }),
        make('span', { class: 'small muted', text: [count('samples', p.n_samples), p.ignored && say('ignored'), ...p.groups, p.note].filter(Boolean).join(' · ') }))))));
  }

  async function refresh() {
    try {
      await app.people.refresh();
      await history.refresh();
      await review.refresh();
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  const stop = app.people.watch(show);
  show();
  refresh();
  return () => {
    stopImport();
    stop();
  };
}
