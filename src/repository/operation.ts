/** One file to write, or to take away. */
export interface Operation {
  readonly path: string;
  /** null takes the file away. */
  readonly content: Uint8Array | null;
  /** Permission bits. */
  readonly mode: number;
  /** sha256 of what was there when this was decided; null for nothing. Else the write is refused. */
  readonly expected: string | null;
}
