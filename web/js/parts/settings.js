/* Which model, and how strict. Out: 'settings', bubbling; read model() and fpir(). */
import { make } from '../dom.js';
import { createMaskWatch } from '../follow.js';
import { oneIn } from '../rates.js';
import { say } from '../words.js';

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountSettings(root, app) {
  const names = app.models.models.map((m) => m.name);
  const states = names.length > 1 ? [names[0], names[1], 'auto'] : names;
  const watch = createMaskWatch();
  let covered = false;

  const label = make('span', { class: 'model-label' });
  const sub = make('span', { class: 'model-name' });
  const hint = make('span', { class: 'small muted', id: 'model-hint' });
  const change = make('button', { type: 'button', class: 'model-button', 'aria-describedby': 'model-title model-hint', on: { click: next } }, label, ' ', sub);
  const range = make('input', { type: 'range', min: '1', max: '5', step: '0.5', id: 'strictness', class: 'range',
    value: String(-Math.log10(app.choice.fpir)) });
  const words = make('p', { class: 'small muted', id: 'strictness-words' });

  root.append(make('section', { class: 'settings card' },
    make('div', { class: 'setting' }, make('h2', { class: 'small-title', id: 'model-title', text: say('model') }), change, hint),
    make('div', { class: 'setting' }, make('label', { class: 'small-title', for: 'strictness', text: say('strictness') }), range,
      make('div', { class: 'ends small muted', 'aria-hidden': 'true' }, make('span', { text: say('looser') }), make('span', { text: say('stricter') })),
      words)));
  range.setAttribute('aria-describedby', 'strictness-words');

  function model() {
    return app.choice.model === 'auto' ? names[covered ? 1 : 0] : app.choice.model;
  }

  function update() {
    const i = names.indexOf(model());
    const plain = i === 1 ? 'ArcFaceM' : 'ArcFace';
    label.textContent = app.choice.model === 'auto' ? `${say('model_auto_name')} · ${plain}` : plain;
    sub.textContent = model();
    hint.textContent = say(app.choice.model === 'auto' ? 'model_auto' : i === 1 ? 'model_mask' : 'model_plain');
    words.textContent = say('strict_words', { rate: oneIn(app.choice.fpir) });
    range.setAttribute('aria-valuetext', oneIn(app.choice.fpir));
  }

  function changed() {
    update();
    root.dispatchEvent(new CustomEvent('settings', { bubbles: true }));
  }

  function next() {
    app.choice.model = states[(states.indexOf(app.choice.model) + 1) % states.length];
    changed();
  }

  range.addEventListener('input', () => {
    app.choice.fpir = 10 ** -Number(range.value);
    update();
  });
  range.addEventListener('change', changed);
  update();
  return {
    model,
    /** Looks whether faces are covered. @param {readonly import('../api.js').Track[]} tracks */
    see(tracks) {
      const now = watch.take(tracks);
      if (now === covered) return;
      covered = now;
      if (app.choice.model === 'auto') changed();
    },
  };
}
