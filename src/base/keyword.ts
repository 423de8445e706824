/** The keyword that a text is, in capitals or not; undefined for any other text. */
export const keyword = <Word extends string>(
  text: string,
  ...words: readonly Word[]
): Word | undefined => words.find((word) => word === text.toLowerCase());
