/* The frame: tabs, language, the page that the address names. */
import { createServerRecogniser, takeCode } from './api.js';
import { icon, make } from './dom.js';
import { mountAlbum } from './pages/album.js';
import { mountCameras } from './pages/cameras.js';
import { mountComparePage } from './pages/compare.js';
import { mountDoor } from './pages/door.js';
import { mountKeyPage } from './pages/key.js';
import { mountLive } from './pages/live.js';
import { mountPeople } from './pages/people.js';
import { mountVideo } from './pages/video.js';
import { languageButton } from './parts/language.js';
import { mountToast } from './parts/toast.js';
import { createPeople, createPortraits, openStorage, wantedLanguage } from './store.js';
import { count, explain, language, say, speak } from './words.js';

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
  ['cameras', 'tab_cameras', 'camera', mountCameras],
  ['people', 'tab_people', 'people', mountPeople],
  ['door', 'door', null, mountDoor],
];

async function start() {
  const kept = openStorage();
  const recogniser = createServerRecogniser();
  const host = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname) ? '' : location.hostname;
  const root = document.body;
  /** @type {() => void} */
  let leave = () => {};
  let untrusted = false;
  let watches = false; // the server has cameras of its own
  let webhooks = 0;
  let render = () => show(); // what stands below the head

  speak(wantedLanguage(kept));
  const main = make('main', { id: 'main', tabIndex: -1 });
  const header = make('header', { class: 'top' });
  root.replaceChildren(header, main, make('footer', { class: 'bottom' }));
  const toast = mountToast(root);
  frame();

  const trouble = await takeCode(recogniser);
  /** @type {import('./api.js').Models} */
  let models;
  try {
    models = await recogniser.models();
  } catch (/** @type {any} */ error) {
    if (error.code === 'key_needed') {
      render = () => {
        header.querySelector('.tabs')?.remove(); // they lead to nothing yet
        mountKeyPage(main, recogniser, { trouble, done: () => location.reload() });
      };
      render();
      window.addEventListener('hashchange', () => location.reload()); // a code may have come
      return;
    }
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
    const own = await recogniser.cameras();
    watches = own.cameras.length > 0;
    webhooks = own.webhooks;
    if (watches || webhooks) frame();
    app.portraits.prune(await app.people.refresh());
  } catch (error) {
    toast.show(explain(error), { bad: true });
  }

  function frame() {
    document.documentElement.lang = language();
    document.title = say('title');
    const tabs = pages.map(([id, words, drawing]) => drawing && (watches || id !== 'cameras') && make('a', { class: 'tab', href: `#${id}` }, icon(drawing), make('span', { text: say(words) })));
    const turn = languageButton(kept, () => {
      frame();
      render();
    });
    header.replaceChildren(
      make('a', { class: 'brand', href: '#live', 'aria-label': 'kao' },
        make('img', { class: 'brand-mark', src: '/icons/kao.svg', alt: '', width: 28, height: 28 }), make('span', { text: 'kao' })),
      make('nav', { class: 'tabs', 'aria-label': say('views') }, ...tabs), turn);
    root.querySelector('footer')?.replaceChildren(make('span', { text: webhooks ? count('privacy_webhooks', webhooks) : host ? say('privacy_host', { host }) : say('privacy') }),
      ...(untrusted ? [make('p', {}, make('span', { text: `${say('untrusted')} ` }), make('a', { href: '/trust', text: say('untrusted_how') }))] : []));
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
    const { video, album } = app.work;
    for (const job of [video?.blur, video?.job, album?.job]) if (job) recogniser.endJob(job).catch(() => {});
    app.work = { video: null, album: null };
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) show(); });
  show();
  // without it the app only needs the server to start; over https the certificate is why there is none
  navigator.serviceWorker?.register('/sw.js').catch(() => {
    untrusted = location.protocol === 'https:';
    frame();
  });
}

start();
