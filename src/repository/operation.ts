/** One file to write or delete. */
export interface Operation {
  readonly path: string;
  /** null deletes the file. */
  readonly content: Uint8Array | null;
  /** Permission bits. */
  readonly mode: number;
  /** sha256 of the file when this was decided; null for no file. If it is another now, the write is refused. */
  readonly expected: string | null;
}
