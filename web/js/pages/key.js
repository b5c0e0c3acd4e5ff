/* Where a key is needed: what it is, and a field to type it into. */
import { make } from '../dom.js';
import { explain, say } from '../words.js';

/**
 * @param {HTMLElement} root @param {import('../api.js').Recogniser} recogniser
 * @param {{trouble?: any, done: () => void}} options trouble: why a code was not taken; done: there is a session
 */
export function mountKeyPage(root, recogniser, { trouble, done }) {
  const input = make('input', { type: 'password', class: 'input', id: 'key', autocomplete: 'current-password', spellcheck: false, required: true });
  const problem = make('p', { class: 'problem', role: 'alert', text: trouble ? explain(trouble) : '' });
  const go = make('button', { type: 'submit', class: 'button primary', text: say('key_go') });
  const form = make('form', { class: 'key-form' }, make('label', { class: 'field', htmlFor: 'key' }, make('span', { text: say('key_label') }), input), problem, go);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await recogniser.beginSession({ key: input.value.trim() });
      done();
    } catch (error) {
      problem.textContent = explain(error);
      go.disabled = false;
      input.focus();
      input.select();
    }
  });
  root.replaceChildren(make('section', { class: 'card key-page' }, make('h1', { text: say('key_title') }), make('p', { text: say('key_text') }), form));
  input.focus();
}
