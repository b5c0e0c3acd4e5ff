/* A picture taken by the camera. */
import { button, make } from '../dom.js';
import { drawn, jpeg } from '../picture.js';
import { say } from '../words.js';
import { openDialog } from './dialog.js';

/** @param {import('../main.js').App} app @param {(blob: Blob) => void} take */
export async function openSnap(app, take) {
  /** @type {MediaStream} */
  let stream;
  if (!navigator.mediaDevices?.getUserMedia) {
    app.toast.show(say('camera_insecure'), { bad: true });
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'user', width: { ideal: 1280 } } });
  } catch (error) {
    const denied = /** @type {any} */ (error).name === 'NotAllowedError';
    app.toast.show(say(denied ? 'camera_denied' : 'camera_none'), { bad: true });
    return;
  }
  const video = make('video', { class: 'snap', playsInline: true, muted: true, autoplay: true, srcObject: stream, 'aria-label': say('take_title') });
  const d = openDialog(say('take_title'), { onclose: () => { for (const t of stream.getTracks()) t.stop(); } });
  d.body.append(video);
  d.foot.append(button(say('cancel'), 'plain', d.close), button(say('take'), 'primary', async () => {
    if (!video.videoWidth) return;
    const blob = await jpeg(drawn(video, video.videoWidth, video.videoHeight, 1280), 0.92);
    d.close();
    take(blob);
  }));
}
