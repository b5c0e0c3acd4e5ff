/* A line at the bottom that goes away by itself, with a button where something can be done. */
import { button, make } from '../dom.js';

const SHOWN_MS = 8000;

/** @param {HTMLElement} root */
export function mountToast(root) {
  const region = make('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
  root.append(region);

  /**
   * @param {string} text @param {{action?: string, run?: () => void, bad?: boolean, gone?: () => void}} [more]
   * gone: it went away and nobody pressed the button
   */
  function show(text, { action, run, bad = false, gone } = {}) {
    region.replaceChildren();
    const toast = make('div', { class: bad ? 'toast bad' : 'toast' }, make('span', { text }));
    let timer = 0;
    const leave = () => {
      toast.remove();
      if (!used) gone?.();
    };
    let used = false;
    if (action && run)
      toast.append(button(action, 'toast-action', () => {
        used = true;
        toast.remove();
        run();
      }));
    const wait = () => { timer = window.setTimeout(leave, SHOWN_MS); };
    const hold = () => clearTimeout(timer);
    toast.addEventListener('pointerenter', hold);
    toast.addEventListener('pointerleave', wait);
    toast.addEventListener('focusin', hold);
    toast.addEventListener('focusout', wait);
    region.append(toast);
    wait();
  }
  return {
    show,
    /** Another page: what only told something is gone; what can be undone stays. */
    tidy() {
      for (const toast of region.children) if (!toast.querySelector('button')) toast.remove();
    },
  };
}
