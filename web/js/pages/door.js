/* The door: one person before the camera is recognised and turns their head; then it says who is there. Nothing is
 * opened by it: what a program does with that is its own. */
import { createChallenge } from '../challenge.js';
import { make } from '../dom.js';
import { createFrames } from '../frames.js';
import { similarity, strangers } from '../rates.js';
import { called, explain, say } from '../words.js';
import { mountChallenge } from '../parts/challenge_view.js';
import { mountSource } from '../parts/source.js';

const SHOWN_MS = 5000; // how it ended

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountDoor(root, app) {
  const video = make('video', { class: 'video', playsInline: true, muted: true, 'aria-label': say('video') });
  const title = make('h2', { class: 'door-title', 'aria-live': 'polite', text: say('starting') });
  const detail = make('p', { class: 'muted' });
  const asked = make('div', { hidden: true });
  const card = make('section', { class: 'card door-card' }, title, detail, asked);
  const tools = make('div', { class: 'stage-tools' });
  root.append(make('div', { class: 'door' }, make('h1', { text: say('door') }), make('p', { class: 'muted', text: say('door_text') }),
    make('div', { class: 'door-columns' }, make('div', {}, make('div', { class: 'stage' }, video), tools), card)));

  const source = mountSource(tools, video, app);
  const view = mountChallenge(asked);
  const model = app.choice.model === 'auto' ? app.models.models[0].name : app.choice.model;
  const frames = createFrames(video, app.recogniser, { answered, failed, options: () => ({ model, fpir: app.choice.fpir }) });
  /** @type {ReturnType<typeof createChallenge> | null} */
  let challenge = null;
  let until = 0; // until when the last end is shown

  /** @param {string} state @param {string} words @param {string} more */
  function tell(state, words, more = '') {
    card.dataset.state = state;
    if (title.textContent !== words) title.textContent = words;
    if (detail.textContent !== more) detail.textContent = more;
  }

  /** @param {import('../frames.js').Looked} looked */
  function answered({ answer }) {
    const now = performance.now();
    const seen = answer.tracks.filter((t) => t.seen);
    if (now < until) return;
    asked.hidden = !challenge;
    if (challenge) {
      challenge.take(answer.tracks, now);
      view.show(challenge, source.isMirrored());
      if (challenge.state !== 'going') end(challenge, seen, now);
      return;
    }
    if (seen.length === 0) tell('empty', say('door_empty'));
    else if (seen.length > 1) tell('empty', say('door_several'));
    else if (!seen[0].person) tell('unknown', say('unknown'), seen[0].similarity === null ? say('nearest_none') : strangers(seen[0].fpir ?? seen[0].far, seen[0].far_is));
    else {
      challenge = createChallenge(seen[0].track, now);
      asked.hidden = false;
      view.show(challenge, source.isMirrored());
      tell('asking', called(seen[0].name, seen[0].person), say('door_asking'));
    }
  }

  /** @param {ReturnType<typeof createChallenge>} c @param {import('../api.js').Track[]} seen @param {number} now */
  function end(c, seen, now) {
    const who = seen.find((t) => t.person === c.person);
    const passed = c.state === 'passed' && who && seen.length === 1;
    if (passed) tell('passed', say('door_passed', { name: called(who.name, who.person) }), `${similarity(who.similarity)} · ${strangers(who.fpir ?? who.far, who.far_is)}`);
    else tell('refused', say('door_refused'));
    challenge = null;
    until = now + SHOWN_MS;
  }

  /** @param {any} error */
  function failed(error) {
    tell('empty', error.code === 'unreachable' ? say('waiting_server') : explain(error));
  }

  video.addEventListener('sourcechange', () => {
    challenge = null;
    until = 0;
    frames.restart();
    video.classList.toggle('mirrored', source.isMirrored());
  });
  source.useClip();
  return () => {
    frames.destroy();
    source.destroy();
  };
}
