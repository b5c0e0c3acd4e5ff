/* Where the video comes from: the example clip, a file of the user's, the camera. */
import { button, icon, make } from '../dom.js';
import { explain, say } from '../words.js';

/** @param {any} error */
function cameraWords(error) {
  if (error?.name === 'NotAllowedError') return say('camera_denied');
  if (error?.name === 'NotFoundError' || error?.name === 'OverconstrainedError') return say('camera_none');
  return say('error_other', { message: error?.message ?? String(error) });
}

/**
 * Buttons for a video element. Out: 'sourcechange' on the video, detail: 'clip' | 'file' | 'camera'.
 * @param {HTMLElement} root @param {HTMLVideoElement} video @param {import('../main.js').App} app
 */
export function mountSource(root, video, app) {
  /** @type {MediaStream | null} */
  let stream = null;
  let address = '';
  let facing = 'user';
  let still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  let turn = 0; // counts requests: an answer to an older one is dropped
  let kind = 'clip';

  const input = make('input', { type: 'file', accept: 'video/*', class: 'visually-hidden', tabIndex: -1, 'aria-hidden': 'true' });
  const clip = button(say('source_clip'), 'tool', () => useClip());
  const file = button(say('source_file'), 'tool', () => input.click());
  const camera = button(say('source_camera'), 'tool', () => useCamera());
  const pause = button(say('pause'), 'tool', () => (video.paused ? play() : video.pause()));
  const group = make('div', { class: 'tools', role: 'group' }, clip, file, input, camera, pause);
  const cameraText = make('span', { text: say('source_camera') });
  const pauseText = make('span', { text: say('pause') });
  const dress = (/** @type {HTMLElement} */ b, /** @type {string} */ drawing, /** @type {Node} */ text) => b.replaceChildren(icon(drawing), text);

  dress(clip, 'film', make('span', { text: say('source_clip') }));
  dress(file, 'file', make('span', { text: say('source_file') }));
  dress(camera, 'camera', cameraText);
  root.append(group);

  function release() {
    turn++;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    video.removeAttribute('src');
    if (address) URL.revokeObjectURL(address);
    address = '';
  }

  function play() {
    video.play().catch(() => {}); // replaced meanwhile
  }

  function update() {
    dress(pause, video.paused ? 'play' : 'pause', pauseText);
    pauseText.textContent = say(video.paused ? 'play' : 'pause');
    cameraText.textContent = say(kind === 'camera' ? 'source_turn' : 'source_camera');
    clip.setAttribute('aria-pressed', String(kind === 'clip'));
    file.setAttribute('aria-pressed', String(kind === 'file'));
    camera.setAttribute('aria-pressed', String(kind === 'camera'));
    pause.hidden = kind === 'camera';
  }

  /** @param {string} next */
  function changed(next) {
    kind = next;
    update();
    video.dispatchEvent(new CustomEvent('sourcechange', { detail: kind }));
  }

  /** @param {Blob} blob @param {string} next */
  function show(blob, next) {
    release();
    address = URL.createObjectURL(blob);
    video.loop = true;
    video.muted = true;
    video.src = address;
    changed(next);
    if (still) video.currentTime = 2; // reduced motion: a moment of it, until play is pressed
    else play();
    still = false;
  }

  async function useClip() {
    const mine = ++turn;
    try {
      const blob = await app.recogniser.example('clip.mp4');
      if (mine === turn) show(blob, 'clip');
    } catch (error) {
      app.toast.show(explain(error), { bad: true });
    }
  }

  async function useCamera() {
    if (kind === 'camera') facing = facing === 'user' ? 'environment' : 'user';
    if (!navigator.mediaDevices?.getUserMedia) {
      app.toast.show(say('camera_insecure'), { bad: true });
      return;
    }
    const mine = ++turn;
    try {
      if (kind === 'camera') for (const track of stream?.getTracks() ?? []) track.stop(); // one at a time
      const got = await navigator.mediaDevices.getUserMedia({
        audio: false, video: { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 720 } },
      });
      if (mine !== turn) {
        for (const track of got.getTracks()) track.stop();
        return;
      }
      release();
      stream = got;
      video.srcObject = stream;
      for (const track of stream.getTracks())
        track.addEventListener('ended', () => app.toast.show(say('camera_lost'), { bad: true }));
      changed('camera');
      play();
    } catch (error) {
      app.toast.show(cameraWords(error), { bad: true });
    }
  }

  input.addEventListener('change', () => {
    if (input.files?.[0]) show(input.files[0], 'file');
    input.value = '';
  });
  video.addEventListener('play', update);
  video.addEventListener('pause', update);
  video.addEventListener('error', () => {
    if (kind === 'file') app.toast.show(say('video_bad'), { bad: true });
  });
  update();
  return {
    useClip,
    /** Shown as in a mirror, as people know themselves. */
    isMirrored: () => kind === 'camera' && facing === 'user',
    destroy: release,
  };
}
