/** The icons, drawn on a 16 × 16 grid, and the logo: three cursors of three voices. */

export const PLAY =
  '<path d="M5 3.2v9.6a.5.5 0 0 0 .77.42l7.3-4.8a.5.5 0 0 0 0-.84l-7.3-4.8A.5.5 0 0 0 5 3.2z" fill="currentColor" stroke="none"/>';
export const STOP = '<rect x="4" y="4" width="8" height="8" rx="1.5" fill="currentColor" stroke="none"/>';
export const PLUS = '<path d="M8 3.5v9M3.5 8h9"/>';
export const CLOSE = '<path d="m4.5 4.5 7 7m0-7-7 7"/>';
export const MORE = '<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2"/>';
export const SHARE =
  '<circle cx="11.75" cy="3.75" r="1.9"/><circle cx="4.25" cy="8" r="1.9"/><circle cx="11.75" cy="12.25" r="1.9"/><path d="m5.95 7.05 4.1-2.35m-4.1 4.25 4.1 2.35"/>';
export const SETTINGS =
  '<path d="M2.5 5h6m4 0h1M2.5 11h1m4 0h6"/><circle cx="10.5" cy="5" r="1.75"/><circle cx="5.5" cy="11" r="1.75"/>';
export const CODE = '<path d="m5.5 4.5-3.5 3.5 3.5 3.5m5-7 3.5 3.5-3.5 3.5"/>';
export const OUTPUT =
  '<rect x="2" y="3" width="12" height="10" rx="1.5"/><path d="m4.75 6.25 1.75 1.75-1.75 1.75M8.5 10h2.5"/>';
export const CHAT =
  '<path d="M13.5 9.5a1.5 1.5 0 0 1-1.5 1.5H6l-3 2.5V4.5A1.5 1.5 0 0 1 4.5 3H12a1.5 1.5 0 0 1 1.5 1.5z"/>';
export const PEOPLE =
  '<circle cx="6" cy="5.5" r="2.25"/><path d="M1.75 13c.3-2.4 2-3.75 4.25-3.75S9.95 10.6 10.25 13M10.5 3.4a2.25 2.25 0 0 1 0 4.2m1.2 1.9c1.4.5 2.3 1.7 2.55 3.5"/>';
export const SEND = '<path d="M13.5 2.5 2.5 6.8l4.6 2.1 2.1 4.6zM13.5 2.5 7.1 8.9"/>';
export const COPY =
  '<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5v-1A1.5 1.5 0 0 0 9 3H4a1.5 1.5 0 0 0-1.5 1.5v5A1.5 1.5 0 0 0 4 11h1.5"/>';
export const CHECK = '<path d="m3.5 8.5 3 3 6-7"/>';
export const CLOUD =
  '<path d="M4.75 12.5a2.75 2.75 0 0 1-.3-5.48 3.75 3.75 0 0 1 7.2 1.02A2.26 2.26 0 0 1 11.5 12.5z"/>';
export const EYE =
  '<path d="M1.75 8S4 3.75 8 3.75 14.25 8 14.25 8 12 12.25 8 12.25 1.75 8 1.75 8z"/><circle cx="8" cy="8" r="1.75"/>';
export const DOWN = '<path d="M8 3.5v9m-3.5-3.5L8 12.5 11.5 9"/>';
export const PENCIL = '<path d="m10.5 3 2.5 2.5L6 12.5l-3 .5.5-3z"/>';
export const TRASH = '<path d="M3 4.5h10M6.5 4.5V3h3v1.5m-5 0 .5 8a1 1 0 0 0 1 .95h4a1 1 0 0 0 1-.95l.5-8"/>';
export const HOME = '<path d="m2.5 7.5 5.5-5 5.5 5M4 6.5v7h8v-7"/>';
export const LINK =
  '<path d="M7 9a2.5 2.5 0 0 0 3.6.1l2-2a2.5 2.5 0 0 0-3.6-3.5l-.9.9M9 7a2.5 2.5 0 0 0-3.6-.1l-2 2A2.5 2.5 0 0 0 7 12.4l.9-.9"/>';
export const HISTORY =
  '<path d="M2.75 8a5.25 5.25 0 1 0 1.6-3.75L2.75 5.75m0-3v3h3"/><path d="M8 5v3.25l2.25 1.5"/>';
export const PAUSE =
  '<rect x="4" y="3.5" width="3" height="9" rx="1" fill="currentColor" stroke="none"/><rect x="9" y="3.5" width="3" height="9" rx="1" fill="currentColor" stroke="none"/>';
export const STEP_BACK = '<path d="m9.75 4.5-3.5 3.5 3.5 3.5"/>';
export const STEP_ON = '<path d="m6.25 4.5 3.5 3.5-3.5 3.5"/>';
export const MARK_BACK = '<path d="m11.5 4.5-3.5 3.5 3.5 3.5M4.75 4.5v7"/>';
export const MARK_ON = '<path d="m4.5 4.5 3.5 3.5-3.5 3.5m6.75-7v7"/>';
export const FLAG = '<path d="M4 13.5v-11h7.5l-2 3 2 3H4"/>';
export const RESTORE = '<path d="M3 6.5h6.25a3.5 3.5 0 0 1 0 7H6M3 6.5l3-3m-3 3 3 3"/>';
export const FORK =
  '<circle cx="4.5" cy="3.5" r="1.6"/><circle cx="11.5" cy="3.5" r="1.6"/><circle cx="8" cy="12.5" r="1.6"/><path d="M4.5 5.1v.9A2 2 0 0 0 6.5 8h3a2 2 0 0 0 2-2v-.9M8 8v2.9"/>';
export const COMPARE = '<path d="M8 2.5v11M2.75 5.5h3m-1.5-1.5v3M10.25 5.5h3M2.75 11h3m4.5 0h3"/>';

/** The mark alone. Its colours are the first three of the people's colours. */
export const LOGO_MARK =
  '<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke-linecap="round" stroke-width="3.4" aria-hidden="true" focusable="false"><path d="M5 9v10" stroke="var(--voice-1)"/><path d="M12 4v10" stroke="var(--voice-2)"/><path d="M19 10.5v8.5" stroke="var(--voice-3)"/></svg>';
