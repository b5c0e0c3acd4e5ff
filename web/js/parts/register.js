/* Registering the face in view: name and consent, then pictures over some seconds, each with what
 * was found of it. Out: done(person). */
import { button, make } from '../dom.js';
import { createChallenge } from '../challenge.js';
import { apart, centre, scaled } from '../layout.js';
import { cut, jpeg } from '../picture.js';
import { because } from '../rates.js';
import { called, count, explain, say } from '../words.js';
import { mountChallenge } from './challenge_view.js';
import { openDialog } from './dialog.js';

/** @typedef {import('../api.js').Track} Track */
/** @typedef {import('../frames.js').Looked} Looked */
/** A frame with where in it the face is. @typedef {{canvas: HTMLCanvasElement, box: import('../api.js').Box}} Shot */

const PICTURES = 5;
const LASTS_MS = 3200;
const APART_MS = 550;
const PATIENCE_MS = 7000;

/** @param {number} ms */
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** The track, or whoever took its place, in a frame. @param {Looked | null} looked @param {Track} track @returns {Shot | null} */
function shotOf(looked, track) {
  const found = looked?.answer.tracks.find((t) => t.seen && t.track === track.track);
  return looked && found ? { canvas: looked.canvas, box: scaled(found.box, looked.k) } : null;
}

/**
 * @param {import('../main.js').App} app @param {Track} track
 * @param {{latest: () => Looked | null, mirrored: () => boolean, done: (person: number) => void}} live
 */
export function openRegister(app, track, live) {
  let open = true;
  const d = openDialog(say('reg_title'), { onclose: () => { open = false; } });
  const first = shotOf(live.latest(), track);
  const chip = first ? cut(first.canvas, first.box, 224) : document.createElement('canvas');
  chip.className = 'reg-chip';
  const status = make('div', { class: 'reg-status', 'aria-live': 'polite' });
  let name = '';

  function form() {
    const input = make('input', { type: 'text', class: 'input', autocomplete: 'off', maxLength: 100, value: name });
    const consent = make('input', { type: 'checkbox' });
    const turning = make('input', { type: 'checkbox' });
    const problem = make('p', { class: 'problem', id: 'consent-problem', 'aria-live': 'polite' });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      name = input.value.trim();
      if (!consent.checked) {
        problem.textContent = say('reg_consent_needed');
        consent.focus();
        return;
      }
      if (turning.checked) turnFirst();
      else take(null);
    };
    const it = make('form', { class: 'reg-form', id: 'reg-form', on: { submit } },
      make('label', { class: 'field' }, make('span', { text: say('reg_name') }), input,
        make('span', { class: 'small muted', text: say('reg_name_hint') })),
      make('label', { class: 'check' }, turning, make('span', { text: say('reg_turn') })),
      make('label', { class: 'check' }, consent, make('span', { text: say('reg_consent', { where: app.host || say('this_machine') }) })), problem);
    d.body.replaceChildren(make('div', { class: 'reg' }, chip, it));
    d.foot.replaceChildren(button(say('cancel'), 'plain', d.close),
      make('button', { type: 'submit', class: 'button primary', text: say('reg_start') }));
    d.foot.lastElementChild?.setAttribute('form', 'reg-form');
    input.focus();
  }

  /** The head is turned before anything is kept. */
  async function turnFirst() {
    d.foot.replaceChildren(button(say('cancel'), 'plain', d.close));
    const side = make('div', {});
    d.body.replaceChildren(make('div', { class: 'reg' }, chip, side));
    const view = mountChallenge(side);
    const challenge = createChallenge(track.track, performance.now());
    /** @type {Looked | null} */
    let before = null;
    while (open && challenge.state === 'going') {
      const looked = live.latest();
      challenge.take(looked && looked !== before ? looked.answer.tracks : null, performance.now());
      before = looked;
      view.show(challenge, live.mirrored());
      await wait(60);
    }
    if (!open) return;
    if (challenge.state === 'passed') {
      take(null);
      return;
    }
    d.foot.append(button(say('reg_again'), 'primary', turnFirst));
  }

  /** @param {import('../api.js').Enrolment} e */
  function wordsOf(e) {
    return e.reasons.length ? because(e.reasons, e.looksLike) : say('good');
  }

  /** @param {Shot} shot @param {import('../api.js').EnrolOptions} options */
  async function enrol(shot, options) {
    return app.recogniser.enrol(await jpeg(shot.canvas, 0.92), { at: centre(shot.box), source: 'live', ...options });
  }

  /** Shows the progress. @param {number} n taken @param {string} words @param {number | null} quality */
  function progress(n, words, quality) {
    const dots = make('div', { class: 'dots', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': String(PICTURES),
      'aria-valuenow': String(n), 'aria-label': say('reg_taken', { n, all: PICTURES }) });
    for (let i = 0; i < PICTURES; i++) dots.append(make('span', { class: i < n ? 'dot full' : 'dot' }));
    status.replaceChildren(dots, make('p', { text: words }),
      quality === null ? '' : make('p', { class: 'small muted', text: say('quality_n', { n: Math.round(quality * 100) }) }));
  }

  /** Up to five pictures. to: somebody who is there already, or a new person. @param {number | null} to */
  async function take(to) {
    d.foot.replaceChildren(button(say('cancel'), 'plain', d.close));
    d.body.replaceChildren(make('div', { class: 'reg' }, chip, status));
    progress(0, say('reg_taking'), null);
    let person = to;
    let taken = 0;
    /** @type {string[]} */
    const samples = [];
    /** @type {{shot: Shot, e: import('../api.js').Enrolment} | null} */
    let best = null;
    /** @type {any} */
    let trouble = null;
    /** @type {Looked | null} */
    let before = null;
    const begun = performance.now();
    const over = () => performance.now() - begun > (taken ? LASTS_MS : PATIENCE_MS) || (best && !taken && performance.now() - begun > LASTS_MS);
    while (open && taken < PICTURES && !over()) {
      const looked = live.latest();
      const seen = looked === before ? null : shotOf(looked, track);
      if (!seen) {
        await wait(60);
        continue;
      }
      before = looked;
      // the live view draws into that canvas again
      const shot = { canvas: copy(seen.canvas), box: seen.box };
      try {
        const e = await enrol(shot, { person, name: person ? undefined : name });
        if (e.enrolled) {
          person = e.person;
          taken++;
          if (e.sample) samples.push(e.sample);
          if (taken === 1 && to === null) await keepPortrait(e, shot);
        } else if (!best || (e.quality ?? 0) > (best.e.quality ?? 0)) {
          best = { shot, e };
        }
        const same = taken > 0 && e.reasons.length === 1 && e.reasons[0] === 'duplicate';
        progress(taken, same ? say('reg_same') : `${say('reg_taking')} ${wordsOf(e)}`, e.quality);
      } catch (error) {
        trouble = error;
        progress(taken, explain(error), null);
      }
      await wait(APART_MS);
    }
    if (!open) await takeBack(person, to, samples);
    else if (person !== null && (taken > 0 || to !== null)) finished(person, to !== null);
    else refused(best, trouble);
  }

  /** Cancelled: nothing of it is kept. @param {number | null} person @param {number | null} to @param {string[]} samples */
  async function takeBack(person, to, samples) {
    if (samples.length === 0) return;
    try {
      if (to === null && person !== null) {
        await app.recogniser.forgetPerson(person);
        app.portraits.drop(person);
      } else {
        for (const sample of samples) await app.recogniser.removeSample(sample);
      }
      app.toast.show(say('reg_cancelled'));
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
    await app.people.refresh();
  }

  /** @param {HTMLCanvasElement} canvas */
  function copy(canvas) {
    const c = document.createElement('canvas');
    c.width = canvas.width;
    c.height = canvas.height;
    c.getContext('2d')?.drawImage(canvas, 0, 0);
    return c;
  }

  /** @param {import('../api.js').Enrolment} e @param {Shot} shot */
  async function keepPortrait(e, shot) {
    await app.people.refresh();
    const made = app.people.get(Number(e.person));
    const box = e.face && apart(e.face.box, shot.box) < Math.max(shot.box[2], shot.box[3]) ? e.face.box : shot.box;
    if (made) app.portraits.keep(made, cut(shot.canvas, box, 128));
  }

  /** @param {number} person @param {boolean} added */
  async function finished(person, added) {
    await app.people.refresh();
    const p = app.people.get(person);
    d.close();
    const words = { name: called(p?.name, person), samples: count('samples', p?.n_samples ?? 0) };
    app.toast.show(say(added ? 'reg_added' : 'reg_done', words));
    live.done(person);
  }

  /** @param {{shot: Shot, e: import('../api.js').Enrolment} | null} best @param {any} trouble */
  function refused(best, trouble) {
    d.retitle(say('reg_refused'));
    const words = best ? wordsOf(best.e) : trouble ? explain(trouble) : say('reg_gone');
    d.body.replaceChildren(make('div', { class: 'reg' }, chip, make('div', { class: 'reg-status', 'aria-live': 'polite' },
      make('p', { text: words }))));
    d.foot.replaceChildren(button(say('reg_again'), 'plain', () => {
      d.retitle(say('reg_title'));
      take(null);
    }));
    const like = best?.e.looksLike;
    if (like) d.foot.append(button(say('reg_to', { name: called(like.name, like.person) }), 'plain', () => take(like.person)));
    if (best)
      d.foot.append(button(say('reg_anyway'), like ? 'plain' : 'primary', async () => {
        try {
          const e = await enrol(best.shot, { name, force: true });
          if (!e.enrolled) {
            best.e = e;
            refused(best, null);
            return;
          }
          await keepPortrait(e, best.shot);
          finished(Number(e.person), false);
        } catch (error) {
          refused(null, error);
        }
      }));
    /** @type {HTMLElement | null} */ (d.foot.lastElementChild)?.focus();
  }

  form();
}
