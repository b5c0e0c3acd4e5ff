/* One person: name, note, pictures, and what can be done with all of it. */
import { button, make } from '../dom.js';
import { called, count, date, explain, number, say } from '../words.js';
import { choosePerson } from '../parts/choose_person.js';
import { ask, openDialog } from '../parts/dialog.js';
import { mountEnrolFiles } from '../parts/enrol_files.js';
import { mountHistory } from '../parts/history.js';
import { portrait } from '../parts/portrait.js';
import { mountSaid } from '../parts/said.js';
import { mountSamples } from '../parts/samples.js';

/** @param {HTMLElement} root @param {import('../main.js').App} app @param {number} person */
export function mountPerson(root, app, person) {
  const head = make('div', { class: 'person-head' });
  const name = make('input', { class: 'input', type: 'text', maxLength: 100, autocomplete: 'off' });
  const note = make('textarea', { class: 'input', rows: 2, maxLength: 1000 });
  const groups = make('input', { class: 'input', type: 'text', maxLength: 1000, autocomplete: 'off' });
  const ignored = make('input', { type: 'checkbox' });
  const form = make('form', { class: 'card person-form', on: { submit: save } },
    make('label', { class: 'field' }, make('span', { text: say('name') }), name),
    make('label', { class: 'field' }, make('span', { text: say('note') }), note),
    make('label', { class: 'field' }, make('span', { text: say('groups') }), groups, make('span', { class: 'small muted', text: say('groups_hint') })),
    make('label', { class: 'check' }, ignored, make('span', { text: say('ignore') })),
    make('div', { class: 'row-buttons' }, make('button', { type: 'submit', class: 'button primary', text: say('save') })));
  const left = make('div', { class: 'column' }, form);
  const right = make('div', { class: 'column' });
  root.append(make('div', { class: 'person' }, make('a', { class: 'back', href: '#people', text: `‹ ${say('back')}` }), head,
    make('div', { class: 'person-columns' }, left, right)));

  const samples = mountSamples(left, app, person, change);
  const files = make('div', { class: 'files' });
  const add = make('section', { class: 'card add' }, make('h2', { text: say('add_pictures') }), files);
  mountEnrolFiles(files, app, { person, name: () => '', done: () => refresh() });
  left.append(add);
  const said = mountSaid(left, app, person, change);
  right.append(make('section', { class: 'card deeds' },
    button(say('merge'), 'plain', merge), button(say('remove_person'), 'plain', remove), button(say('forget'), 'plain forget', forget)));
  const history = mountHistory(right, app, () => refresh());

  const it = () => app.people.get(person);
  const nameOf = () => called(it()?.name, person);

  async function refresh() {
    try {
      await app.people.refresh();
      const p = it();
      if (!p) {
        location.hash = '#people';
        return;
      }
      head.replaceChildren(portrait(p, app.portraits), make('div', {}, make('h1', { text: nameOf() }),
        make('p', { class: 'muted', text: `${count('samples', p.n_samples)} · ${say('since', { date: date(p.created) })}` })));
      if (document.activeElement !== name) name.value = p.name ?? '';
      if (document.activeElement !== note) note.value = p.note ?? '';
      if (document.activeElement !== groups) groups.value = p.groups.join(say('comma'));
      ignored.checked = p.ignored;
      await Promise.all([samples.refresh(), said.refresh(), history.refresh()]);
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  /** Whether it was done. @param {() => Promise<unknown>} run @param {string} words */
  async function change(run, words) {
    let done = false;
    try {
      await run();
      done = true;
      const [last] = await app.recogniser.history();
      app.toast.show(words, {
        action: say('undo'),
        run: async () => {
          try {
            await app.recogniser.undo(last.change);
            await app.people.refresh();
          } catch (error) {
            app.toast.show(explain(error), { bad: true });
          }
          if (root.isConnected) refresh();
        },
      });
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
    await refresh();
    return done;
  }

  /** @param {Event} event */
  async function save(event) {
    event.preventDefault();
    /** @type {{name?: string, note?: string, groups?: string[], ignored?: boolean}} */
    const fields = {};
    const wanted = groups.value.split(/[,、，]/).map((g) => g.trim()).filter(Boolean);
    if (name.value.trim() !== (it()?.name ?? '')) fields.name = name.value.trim();
    if (note.value.trim() !== (it()?.note ?? '')) fields.note = note.value.trim();
    if (wanted.join('\n') !== it()?.groups.join('\n')) fields.groups = wanted;
    if (ignored.checked !== it()?.ignored) fields.ignored = ignored.checked;
    if (Object.keys(fields).length) await change(() => app.recogniser.changePerson(person, fields), say('saved'));
  }

  async function merge() {
    const into = await choosePerson(say('merge_title', { name: nameOf() }), say('merge_text', { name: nameOf() }), say('do_merge'),
      app.people.list.filter((p) => p.person !== person));
    if (into === null) return;
    if (await change(() => app.recogniser.mergePeople(into, person), say('merge_done'))) location.hash = `#people/${into}`;
  }

  function remove() {
    change(() => app.recogniser.removePerson(person), say('removed'));
  }

  async function forget() {
    const word = nameOf();
    if (!(await ask(say('forget_title', { name: word }), say('forget_text', { word }), say('forget_do'),
      { danger: true, typed: { word, label: say('forget_confirm') } }))) return;
    try {
      const r = await app.recogniser.forgetPerson(person);
      app.portraits.drop(person);
      const d = openDialog(say('receipt_title'), { onclose: refresh });
      d.body.append(make('p', { text: say('receipt_text', { samples: count('samples', r.samples), bytes: number(r.bytes_searched),
        pieces: number(r.pieces), traces: number(r.traces) }) }), make('p', { class: 'small muted', text: date(r.time) }));
      d.foot.append(button(say('close'), 'primary', d.close));
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  refresh();
  return () => {};
}
