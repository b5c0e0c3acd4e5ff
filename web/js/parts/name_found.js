/* A name for somebody whom a job has found. Out: the person's number, or null. */
import { button, make } from '../dom.js';
import { context2d } from '../picture.js';
import { because } from '../rates.js';
import { called, explain, say } from '../words.js';
import { openDialog } from './dialog.js';

/** The chip becomes the person's portrait, where there is none. @param {import('../main.js').App} app @param {number} person @param {HTMLImageElement} image */
async function keepPortrait(app, person, image) {
  await app.people.refresh();
  const made = app.people.get(person);
  if (!made || app.portraits.of(made) || !image.naturalWidth) return;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 128;
  context2d(canvas).drawImage(image, 0, 0, 128, 128);
  app.portraits.keep(made, canvas);
}

/**
 * @param {import('../main.js').App} app @param {string} job @param {number} number of the track or group
 * @param {number} chip @returns {Promise<number | null>}
 */
export function nameFound(app, job, number, chip) {
  return new Promise((answer) => {
    /** @type {number | null} */
    let named = null;
    const d = openDialog(say('name_title'), { onclose: () => answer(named) });
    const image = make('img', { class: 'reg-chip', src: app.recogniser.chipAddress(job, chip), alt: '' });
    const input = make('input', { type: 'text', class: 'input', autocomplete: 'off', maxLength: 100 });
    const select = make('select', { class: 'input' }, make('option', { value: '', text: say('name_new') }),
      ...app.people.list.map((p) => make('option', { value: String(p.person), text: called(p.name, p.person) })));
    const naming = make('label', { class: 'field' }, make('span', { text: say('name') }), input);
    const choosing = app.people.list.length
      ? make('label', { class: 'field' }, make('span', { text: say('choose_person') }), select) : null;
    const problem = make('p', { class: 'problem', 'aria-live': 'polite' });
    const form = make('form', { class: 'reg-form', id: 'name-form', on: { submit } }, choosing, naming,
      make('p', { class: 'small muted', text: say('name_hint') }), problem);
    const save = make('button', { type: 'submit', class: 'button primary', text: say('name_do') });
    save.setAttribute('form', 'name-form');
    d.body.append(make('div', { class: 'reg' }, image, form));
    d.foot.append(button(say('cancel'), 'plain', d.close), save);
    select.addEventListener('change', () => { naming.hidden = select.value !== ''; });
    input.focus();

    /** @param {Event} event */
    function submit(event) {
      event.preventDefault();
      const person = Number(select.value);
      const name = input.value.trim();
      if (!person && !name) {
        problem.textContent = say('name_needed');
        input.focus();
        return;
      }
      send(person ? { person } : { name });
    }

    /** @param {{name?: string, person?: number, force?: boolean}} whose */
    async function send(whose) {
      save.disabled = true;
      try {
        const n = await app.recogniser.nameFound(job, number, whose);
        if (n.enrolled) {
          named = Number(n.person);
          await keepPortrait(app, named, image);
          d.close();
          app.toast.show(say('name_done', { name: called(app.people.get(named)?.name, named) }));
        } else {
          refused(n, whose);
        }
      } catch (error) {
        problem.textContent = explain(error);
      }
      save.disabled = false;
    }

    /** @param {import('../api.js').Naming} n @param {{name?: string, person?: number}} whose */
    function refused(n, whose) {
      const other = n.looksLike;
      problem.textContent = because(n.reasons, n.looksLike);
      d.foot.replaceChildren(button(say('cancel'), 'plain', d.close),
        n.reasons.includes('duplicate') ? '' : button(say('reg_anyway'), 'plain', () => send({ ...whose, force: true })),
        other && other.person !== whose.person
          ? button(say('reg_to', { name: called(other.name, other.person) }), 'primary', () => send({ person: other.person })) : '');
      /** @type {HTMLElement} */ (d.foot.lastElementChild ?? d.foot).focus();
    }
  });
}
