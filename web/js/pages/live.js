/* The live view: a video, who is in it, and registering them. */
import { button, make } from '../dom.js';
import { createFrames } from '../frames.js';
import { cut, opened } from '../picture.js';
import { similarity, strangers } from '../rates.js';
import { called, count, explain, list, say } from '../words.js';
import { ask } from '../parts/dialog.js';
import { mountOverlay } from '../parts/overlay.js';
import { openRegister } from '../parts/register.js';
import { mountSettings } from '../parts/settings.js';
import { mountSource } from '../parts/source.js';
import { mountStrip } from '../parts/strip.js';
import { openWhy } from '../parts/why.js';

/** @typedef {import('../frames.js').Looked} Looked */
/** @typedef {import('../api.js').Track} Track */

const CLIP_PEOPLE = [['ana.jpg', 'Ana'], ['ben.jpg', 'Ben'], ['emil.jpg', 'Emil']];

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountLive(root, app) {
  const video = make('video', { class: 'video', playsInline: true, muted: true, 'aria-label': say('video') });
  const figures = make('span', { class: 'pill figures', text: say('starting') });
  const banner = make('div', { class: 'banner', role: 'status', hidden: true });
  const stage = make('div', { class: 'stage' }, video, figures, banner);
  const tools = make('div', { class: 'stage-tools' });
  const here = make('ul', { class: 'here-list' });
  const spoken = make('p', { class: 'visually-hidden', 'aria-live': 'polite' });
  const welcome = make('section', { class: 'card welcome', hidden: true });
  const side = make('div', { class: 'side' }, welcome,
    make('section', { class: 'card here-card' }, make('h2', { class: 'small-title', text: say('in_view') }), here, spoken));
  const page = make('div', { class: 'live' }, make('div', { class: 'live-main' }, stage, tools), side);
  const top = make('div', {});
  root.append(make('h1', { class: 'visually-hidden', text: say('tab_live') }), top, page);

  /** @type {Looked | null} */
  let looked = null;
  let picking = false;
  let said = '';
  /** @type {Map<number, HTMLElement>} */
  const rows = new Map();

  const strip = mountStrip(top, app);
  const source = mountSource(tools, video, app);
  const overlay = mountOverlay(stage, video, { mirrored: source.isMirrored });
  const settings = mountSettings(side, app);
  const options = () => ({ model: settings.model(), fpir: app.choice.fpir });
  const frames = createFrames(video, app.recogniser, { answered, failed, options });
  const primary = button(say('register'), 'primary big', () => register());
  tools.append(primary, make('a', { class: 'button quiet', href: '#door', text: say('door') }));

  /** @param {Looked} now @param {{fps: number, ms: number}} speed */
  function answered(now, speed) {
    looked = now;
    stage.dataset.ready = 'yes';
    if (!picking) showBanner('');
    const { tracks } = now.answer;
    overlay.show(now.answer);
    settings.see(tracks);
    strip.mark(new Set(tracks.flatMap((t) => (t.person ? [t.person] : []))));
    const rounded = { fps: speed.fps.toFixed(0), ms: speed.ms.toFixed(0) };
    figures.textContent = `${say('fps', { n: rounded.fps })} · ${say('latency', { n: rounded.ms })}`;
    figures.title = say('speed', rounded);
    tell(tracks.filter((t) => t.seen));
  }

  /** @param {any} error */
  function failed(error) {
    showBanner(error.code === 'unreachable' ? say('waiting_server') : explain(error));
  }

  /** @param {string} text */
  function showBanner(text) {
    banner.hidden = !text;
    if (banner.textContent !== text) banner.textContent = text;
  }

  /** Who is there, as a list, and in words when that has changed. @param {Track[]} tracks */
  function tell(tracks) {
    const there = new Set(tracks.map((t) => t.track));
    for (const [id, row] of rows) if (!there.has(id)) { row.parentElement?.remove(); rows.delete(id); }
    for (const t of tracks) {
      let row = rows.get(t.track);
      if (!row) {
        row = make('button', { type: 'button', class: 'here', 'data-track': String(t.track), on: { click: () => pick(t.track) } },
          make('span', { class: 'here-name' }), make('span', { class: 'figure' }), make('span', { class: 'here-words small muted' }));
        rows.set(t.track, row);
        here.append(make('li', {}, row));
      }
      const words = t.similarity === null ? say('nearest_none') : strangers(t.fpir ?? t.far, t.far_is);
      const texts = [called(t.name, t.person), t.similarity === null ? '' : similarity(t.similarity), words];
      row.classList.toggle('known', Boolean(t.person));
      texts.forEach((text, i) => { if (row && row.children[i].textContent !== text) row.children[i].textContent = text; });
    }
    here.dataset.empty = say('nobody_in_view');
    const names = tracks.map((t) => called(t.name, t.person)).sort();
    const now = names.length ? say('in_view_list', { names: list(names) }) : say('nobody_in_view');
    if (now !== said) spoken.textContent = said = now;
  }

  /** @param {Track} track */
  const openFor = (track) => openRegister(app, track, { latest: () => looked, mirrored: source.isMirrored, done: () => {} });

  function register() {
    const seen = looked?.answer.tracks.filter((t) => t.seen) ?? [];
    if (picking) endPick();
    else if (seen.length === 0) app.toast.show(say('no_face_now'));
    else if (seen.length === 1) openFor(seen[0]);
    else {
      picking = true;
      overlay.pick(true);
      primary.textContent = say('cancel');
      showBanner(say('pick_hint'));
    }
  }

  function endPick() {
    picking = false;
    overlay.pick(false);
    primary.textContent = say('register');
    showBanner('');
  }

  /** A face, over the video or in the list. @param {number} id of its track */
  function pick(id) {
    const track = looked?.answer.tracks.find((t) => t.track === id);
    if (!looked || !track) return;
    if (!picking) {
      openWhy(app, track, looked, options());
      return;
    }
    endPick();
    openFor(track);
  }

  async function clear() {
    const n = app.people.list.length;
    if (!(await ask(say('clear_ask'), count('clear_text', n), say('clear'), { danger: true }))) return;
    try {
      await app.recogniser.clear();
      const change = (await app.recogniser.history()).find((c) => c.action === 'clear' && !c.undone);
      await app.people.refresh();
      app.toast.show(say('clear_done'), {
        action: say('undo'),
        run: async () => {
          try {
            if (change) await app.recogniser.undo(change.change);
            await app.people.refresh();
          } catch (error) {
            app.toast.show(explain(error), { bad: true });
          }
        },
        gone: () => app.portraits.prune(app.people.list),
      });
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  async function registerClip() {
    welcome.classList.add('busy');
    try {
      for (const [file, name] of CLIP_PEOPLE) {
        const blob = await app.recogniser.example(file);
        const e = await app.recogniser.enrol(blob, { name, source: file });
        await app.people.refresh();
        const [person, picture] = [app.people.get(Number(e.person)), await opened(blob)];
        if (person && picture && e.face) app.portraits.keep(person, cut(picture.canvas, e.face.box, 128, 1.35));
      }
      await app.people.refresh();
      app.toast.show(say('welcome_done'));
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
    welcome.classList.remove('busy');
  }

  welcome.append(make('h2', { text: say('welcome_title') }), make('p', { class: 'muted', text: say('welcome_text') }),
    button(say('welcome_button'), 'plain', registerClip));
  const showWelcome = () => { welcome.hidden = app.people.list.length > 0; };
  const stopWelcome = app.people.watch(showWelcome);
  showWelcome();

  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape' && picking) {
      endPick();
      primary.focus();
    }
  };
  root.addEventListener('keydown', escape);
  root.addEventListener('stripregister', register);
  root.addEventListener('stripclear', clear);
  root.addEventListener('settings', () => { frames.restart(); overlay.clear(); });
  video.addEventListener('sourcechange', () => {
    frames.restart();
    overlay.clear();
    video.classList.toggle('mirrored', source.isMirrored());
  });
  stage.addEventListener('facepick', (event) => pick(/** @type {CustomEvent<Track>} */ (event).detail.track));
  source.useClip();
  app.people.refresh().catch((error) => app.toast.show(explain(error), { bad: true }));

  return () => {
    frames.destroy();
    overlay.destroy();
    source.destroy();
    strip.destroy();
    stopWelcome();
  };
}
