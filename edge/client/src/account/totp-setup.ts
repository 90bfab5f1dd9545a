/** The dialog that sets an authenticator up: its secret as a picture and in letters, and a code that proves it. */
import { h } from '../dom.ts';
import type { RecoveryCodes, TotpSetup } from '../wire.ts';
import { ask } from './ask.ts';
import { codeField } from './fields.ts';
import { copyField } from './parts.ts';
import { grouped } from './words.ts';

/** Null if the person closed the dialog: nothing has changed then. */
export function setUp(
  setup: TotpSetup,
  confirm: (code: string) => Promise<RecoveryCodes>,
): Promise<RecoveryCodes | null> {
  const code = codeField('code', 'Its code');
  return ask({
    title: 'Set up two-step login',
    about: [
      h('p', {}, 'Scan this with an authenticator app on your phone. Then type the code that it shows.'),
      // As a picture it can run nothing, whatever is in it.
      h('img', {
        class: 'qr',
        src: `data:image/svg+xml,${encodeURIComponent(setup.qrSvg)}`,
        alt: 'QR code with the secret that stands below',
        width: 200,
        height: 200,
        'data-testid': 'totp-qr',
      }),
      h(
        'details',
        { class: 'by-hand' },
        h('summary', { 'data-testid': 'totp-by-hand' }, 'No camera? Type the secret in'),
        copyField('Secret', setup.secret, 'totp-secret', grouped(setup.secret)),
        h('p', { class: 'hint' }, h('a', { href: setup.otpauthUrl }, 'Open an authenticator on this device')),
      ),
    ],
    fields: [code],
    action: 'Turn on',
    testId: 'confirm-totp',
    submit: () => confirm(code.value),
  });
}
