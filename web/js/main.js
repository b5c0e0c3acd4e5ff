/* The frame: tabs, language, the page that the address names. */
import { createServerRecogniser } from './api.js';
import { button, icon, make } from './dom.js';
import { mountAlbum } from './pages/album.js';
import { mountComparePage } from './pages/compare.js';
import { mountDoor } from './pages/door.js';
import { mountLive } from './pages/live.js';
import { mountPeople } from './pages/people.js';
import { mountVideo } from './pages/video.js';
import { mountToast } from './parts/toast.js';
import { createPeople, createPortraits } from './store.js';
import { chooseLanguage, explain, language, languages, say, speak } from './words.js';

/**
 * What each page gets.
 * @typedef {object} App
 * @property {import('./api.js').Recogniser} recogniser
 * @property {import('./api.js').Models} models
 * @property {ReturnType<typeof createPeople>} people
 * @property {ReturnType<typeof createPortraits>} portraits
 * @property {ReturnType<typeof mountToast>} toast
 * @property {string} host the machine that recognises; "": this one
 * @property {{model: string, fpir: number}} choice model: a name, or "auto"
 * @property {Work} work
 */
/**
 * What was begun and is looked at in several visits of a page.
 * @typedef {{video: import('./pages/video.js').VideoWork | null, album: import('./pages/album.js').AlbumWork | null}} Work
 */
/** @typedef {(root: HTMLElement, app: App, rest: string) => () => void} Mount */

/** Without a drawing: no tab, there is a link to it. @type {[string, string, string | null, Mount][]} */
const pages = [
  ['live', 'tab_live', 'live', mountLive],
  ['compare', 'tab_compare', 'compare', mountComparePage],
  ['video', 'tab_video', 'film', mountVideo],
  ['album', 'tab_album', 'album', mountAlbum],
  ['people', 'tab_people', 'people', mountPeople],
  ['door', 'door', null, mountDoor],
];

/** A browser may refuse to keep anything. @returns {Storage | null} */
function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** @param {Storage | null} kept */
function wantedLanguage(kept) {
  const has = kept?.getItem('kao.language');
  return languages.find((l) => l === has) ?? chooseLanguage(navigator.languages);
}

async function start() {
  const kept = storage();
  const recogniser = createServerRecogniser();
  const host = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname) ? '' : location.hostname;
  const root = document.body;
  /** @type {() => void} */
  let leave = () => {};

  speak(wantedLanguage(kept));
  const main = make('main', { id: 'main', tabIndex: -1 });
  const header = make('header', { class: 'top' });
  root.replaceChildren(header, main, make('footer', { class: 'bottom' }));
  const toast = mountToast(root);
  frame();

  /** @type {import('./api.js').Models} */
  let models;
  try {
    models = await recogniser.models();
  } catch (error) {
    main.replaceChildren(make('p', { class: 'card fault', role: 'alert', text: explain(error) }));
    return;
  }
  /** @type {App} */
  const app = {
    recogniser, models, toast, host, people: createPeople(recogniser), portraits: createPortraits(kept),
    choice: { model: models.models[0].name, fpir: models.fpir },
    work: { video: null, album: null },
  };
  try {
    app.portraits.prune(await app.people.refresh());
  } catch (error) {
    toast.show(explain(error), { bad: true });
  }

  function frame() {
    document.documentElement.lang = language();
    document.title = say('title');
    const tabs = pages.map(([id, words, drawing]) => drawing && make('a', { class: 'tab', href: `#${id}` }, icon(drawing), make('span', { text: say(words) })));
    const turn = button(say('other_language'), 'quiet language', () => {
      speak(language() === 'en' ? 'ja' : 'en');
      try {
        kept?.setItem('kao.language', language());
      } catch {
        // chosen anew the next time
      }
      frame();
      show();
      /** @type {HTMLElement | null} */ (header.querySelector('.language'))?.focus();
    }, { lang: language() === 'en' ? 'ja' : 'en' });
    header.replaceChildren(
      make('a', { class: 'brand', href: '#live', 'aria-label': 'kao' },
        make('img', { class: 'brand-mark', src: '/icons/kao.svg', alt: '', width: 28, height: 28 }), make('span', { text: 'kao' })),
      make('nav', { class: 'tabs', 'aria-label': say('views') }, ...tabs), turn);
    root.querySelector('footer')?.replaceChildren(make('span', { text: host ? say('privacy_host', { host }) : say('privacy') }));
    mark();
  }

  function mark() {
    const now = location.hash.slice(1).split('/')[0] || 'live';
    for (const tab of header.querySelectorAll('.tab')) {
      if (tab.getAttribute('href') === `#${now}`) tab.setAttribute('aria-current', 'page');
      else tab.removeAttribute('aria-current');
    }
  }

  function show() {
    const [id, rest = ''] = location.hash.slice(1).split('/');
    const page = pages.find((p) => p[0] === id) ?? pages[0];
    for (const dialog of document.querySelectorAll('dialog')) dialog.close();
    leave();
    toast.tidy();
    main.replaceChildren();
    leave = page[3](main, app, rest);
    mark();
  }

  window.addEventListener('hashchange', () => {
    show();
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  });
  window.addEventListener('pagehide', () => {
    leave();
    leave = () => {};
    for (const work of [app.work.video, app.work.album]) if (work) recogniser.endJob(work.job).catch(() => {});
    app.work.video = app.work.album = null;
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) show(); });
  show();
  navigator.serviceWorker?.register('/sw.js').catch(() => {}); // without it the app only needs the server to start
}

start();
