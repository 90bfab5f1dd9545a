/**
 * The browser's own notifications, for when the page is not seen. They come only if the person has allowed them in
 * the settings; nobody is asked unasked.
 */
import { fill, h } from './dom.ts';

type Standing = NotificationPermission | 'missing';

const WORDS: Readonly<Record<Standing, string>> = {
  default: 'Tell me outside of this page when I am mentioned',
  granted: 'You are told outside of this page when you are mentioned.',
  denied: 'Your browser’s settings forbid this page to tell you that you are mentioned.',
  missing: 'This browser cannot tell you outside of this page that you are mentioned.',
};

function standing(): Standing {
  return 'Notification' in window ? Notification.permission : 'missing';
}

/** Shows a notification if that is allowed and the page is not seen. */
export function notifyOutside(title: string, body: string, onClick: () => void): void {
  if (!document.hidden || standing() !== 'granted') return;
  try {
    const shown = new Notification(title, { body, icon: '/favicon.svg', tag: 'tutti-mention' });
    shown.onclick = () => {
      window.focus();
      shown.close();
      onClick();
    };
  } catch {
    // Phones show them only through a service worker; the page's title and badge have to do there.
  }
}

/** The settings' row: what holds, and a button where the person can allow it. */
export function notificationsRow(): HTMLElement {
  const row = h('div', { class: 'setting' });
  const render = (): void => {
    const now = standing();
    const ask = (): void => void Notification.requestPermission().then(render);
    const attributes = {
      type: 'button',
      class: 'button',
      'data-testid': 'allow-notifications',
      onclick: ask,
    };
    fill(
      row,
      h('span', { class: 'setting-label' }, WORDS[now]),
      now === 'default' && h('button', attributes, 'Allow'),
    );
  };
  render();
  return row;
}
