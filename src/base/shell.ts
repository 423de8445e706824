/** A text in single quotes, for any POSIX shell (XCU 2.2.2). */
export const singleQuoted = (text: string): string =>
  `'${text.replaceAll("'", "'\\''")}'`;

/** A text as one shell word: in single quotes only if it needs them. */
export const shellWord = (text: string): string =>
  /^[\w.:/@%+=,-]+$/.test(text) ? text : singleQuoted(text);
