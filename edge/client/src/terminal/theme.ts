/** The colours of a terminal, from those of the page, which follow its theme. */
import type { ITheme } from '@xterm/xterm';

/** Bright and plain differ little: what a program sets off has to be readable on both grounds. */
export function themeOf(element: Element): ITheme {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const [red, green, yellow] = [color('danger'), color('good'), color('warn')];
  const [blue, magenta, cyan] = [color('syntax-function'), color('syntax-keyword'), color('syntax-type')];
  const [text, muted, faint] = [color('text'), color('text-muted'), color('text-faint')];
  const isDark = style.colorScheme === 'dark';
  return {
    background: color('surface'),
    foreground: text,
    cursor: color('accent'),
    cursorAccent: color('surface'),
    selectionBackground: color('selection'),
    scrollbarSliderBackground: color('border'),
    scrollbarSliderHoverBackground: color('border-strong'),
    scrollbarSliderActiveBackground: color('border-strong'),
    black: isDark ? faint : text,
    ...{ red, green, yellow, blue, magenta, cyan },
    white: isDark ? text : muted,
    brightBlack: muted,
    ...{ brightRed: red, brightGreen: green, brightYellow: yellow },
    ...{ brightBlue: blue, brightMagenta: magenta, brightCyan: cyan },
    brightWhite: text,
  };
}
