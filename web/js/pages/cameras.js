/* The server's own cameras: what each sees now, and what they have seen, newest first. */
import { make } from '../dom.js';
import { called, count, explain, moment, say } from '../words.js';

const LOOK_MS = 2000; // between looks at what cameras are doing
const PICTURE_MS = 1000;
const SHOWN = 50;
const MOVING_MOST = 3; // browsers give one page six connections

/** @param {HTMLElement} root @param {import('../main.js').App} app */
export function mountCameras(root, app) {
  const grid = make('ul', { class: 'cameras-list' });
  const list = make('ul', { class: 'event-list', tabIndex: 0, 'aria-label': say('events') });
  const none = make('p', { class: 'muted', text: say('events_none') });
  /** @type {Map<number, ReturnType<typeof card>>} */
  const cards = new Map();
  let over = false, moving = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  root.append(make('div', { class: 'cameras' }, make('h1', { text: say('tab_cameras') }),
    make('div', { class: 'person-columns' }, grid,
      make('section', { class: 'card' }, make('h2', { text: say('events') }), none, list))));

  /** @param {import('../api.js').Camera} camera */
  function card(camera) {
    const picture = make('img', { class: 'camera-picture', alt: say('camera_picture', { name: camera.name }), width: 640, height: 360, hidden: true });
    const state = make('p', { class: 'small muted' });
    const element = make('li', { class: 'card camera-card' }, make('div', { class: 'camera-frame' }, picture), make('h2', { text: camera.name }), state);
    let shown = ''; // which kind of picture

    /** @param {import('../api.js').Camera} now */
    function show(now) {
      const kind = now.frames === 0 ? '' : moving && now.state === 'running' ? 'moving' : 'still';
      const again = kind === 'still' && now.state !== 'ended' && now.state !== 'failed';

      element.dataset.state = now.state;
      state.textContent = [say(`camera_${now.state}`), now.state === 'running' && count('people_count', now.people), now.error].filter(Boolean).join(' · ');
      if (kind && (kind !== shown || again)) picture.src = app.recogniser.cameraAddress(now.camera, kind === 'moving');
      picture.hidden = !kind;
      shown = kind;
      picture.dataset.shown = kind;
    }
    grid.append(element);
    return { show, end: () => picture.removeAttribute('src') };
  }

  async function look() {
    try {
      const { cameras } = await app.recogniser.cameras();
      if (over) return;
      moving = cameras.length <= MOVING_MOST;
      for (const camera of cameras) {
        if (!cards.has(camera.camera)) cards.set(camera.camera, card(camera));
        cards.get(camera.camera)?.show(camera);
      }
    } catch (error) {
      if (!over) app.toast.show(explain(error), { bad: true });
    }
    if (!over) timer = setTimeout(look, moving ? LOOK_MS : PICTURE_MS);
  }

  /** @param {import('../api.js').CameraEvent} e */
  function happened(e) {
    const who = e.person === null ? say('somebody') : called(e.name, e.person);
    none.hidden = true;
    list.prepend(make('li', { class: 'change' }, make('div', {}, make('p', { text: say(`event_${e.event}`, { who }) }),
      make('p', { class: 'small muted', text: `${moment(e.wall)} · ${e.camera}` }))));
    if (list.children.length > SHOWN) list.lastElementChild?.remove();
  }

  const stop = app.recogniser.watchEvents(happened, SHOWN);
  look();
  return () => {
    over = true;
    clearTimeout(timer);
    stop();
    for (const c of cards.values()) c.end(); // else a browser goes on with the pictures
  };
}
