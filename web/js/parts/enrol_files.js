/* Pictures of one person from files, each with what became of it. Out: done(person). */
import { button, make } from '../dom.js';
import { takeDrops } from '../files.js';
import { cut, opened } from '../picture.js';
import { because } from '../rates.js';
import { explain, say } from '../words.js';

/**
 * @param {HTMLElement} root @param {import('../main.js').App} app
 * @param {{person: number | null, name: () => string, done: (person: number) => void}} of null: a new person
 */
export function mountEnrolFiles(root, app, of) {
  const input = make('input', { type: 'file', accept: 'image/*', multiple: true, class: 'visually-hidden', tabIndex: -1, 'aria-hidden': 'true' });
  const outcomes = make('ul', { class: 'outcomes', 'aria-label': say('add_outcomes'), 'aria-live': 'polite' });
  const zone = make('div', { class: 'drop small-drop' }, make('div', { class: 'drop-empty' },
    make('p', { class: 'muted', text: say('add_drop') }), button(say('add_choose'), 'plain', () => input.click())), input);
  let person = of.person;
  let named = '';

  root.append(zone, outcomes);

  /** @param {File} file @param {HTMLElement} words @param {HTMLElement} row @param {boolean} force */
  async function one(file, words, row, force) {
    words.textContent = say('comparing');
    try {
      const e = await app.recogniser.enrol(file, { person, name: person ? undefined : named, source: file.name, force });
      row.querySelector('button')?.remove();
      row.classList.toggle('bad', !e.enrolled);
      if (!e.enrolled) {
        words.textContent = because(e.reasons, e.looksLike);
        if (!force && !e.reasons.includes('duplicate')) row.append(button(say('reg_anyway'), 'plain', () => one(file, words, row, true)));
        return;
      }
      words.textContent = say('added', { n: Math.round(100 * (e.quality ?? 0)) });
      person = e.person;
      await app.people.refresh();
      const made = app.people.get(Number(person));
      const picture = made && !app.portraits.of(made) ? await opened(file) : null;
      if (made && picture && e.face) {
        const k = picture.canvas.width / picture.width;
        app.portraits.keep(made, cut(picture.canvas, /** @type {any} */ (e.face.box.map((v) => v * k)), 128, 1.35));
      }
      of.done(Number(person));
    } catch (error) {
      row.classList.add('bad');
      words.textContent = explain(error);
    }
  }

  /** @param {readonly File[]} files */
  async function take(files) {
    if (of.person === null && named !== of.name()) person = null; // another name: another person
    named = of.name();
    const rows = files.map((file) => {
      const words = make('span', { class: 'small muted', text: '…' });
      const row = make('li', { class: 'outcome' }, make('span', { class: 'outcome-text' }, make('span', { class: 'outcome-name', text: file.name }), words));
      outcomes.append(row);
      return { file, words, row };
    });
    for (const { file, words, row } of rows) await one(file, words, row, false);
  }

  input.addEventListener('change', async () => {
    const files = [...(input.files ?? [])];
    input.value = '';
    await take(files);
  });
  takeDrops(zone, take);
}
