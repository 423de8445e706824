/** One entry of an archive. */
export type Entry =
  | { readonly path: string; readonly mode: number; readonly data: Buffer }
  | { readonly path: string; readonly link: string };

/** An archive as tar reads it (POSIX ustar; GNU's entries for names of more than 100 bytes). All belongs to root. */
export function archive(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)]);
}

function blocksOf(entry: Entry): Buffer[] {
  const { path } = entry;
  if ("link" in entry)
    return [
      ...long("K", entry.link),
      ...long("L", path),
      header(path, { type: "2", mode: 0o777, size: 0, link: entry.link }),
    ];
  const { mode, data } = entry;
  return [
    ...long("L", path),
    header(path, { type: "0", mode, size: data.length, link: "" }),
    ...padded(data),
  ];
}

/** A name that does not fit into its field goes before the entry, as an entry of its own. */
function long(type: "K" | "L", name: string): Buffer[] {
  const data = Buffer.from(`${name}\0`);
  if (data.length <= 100) return [];
  const size = data.length;
  return [
    header("././@LongLink", { type, mode: 0, size, link: "" }),
    ...padded(data),
  ];
}

const padded = (data: Buffer): Buffer[] => [
  data,
  Buffer.alloc((512 - (data.length % 512)) % 512),
];

interface Fields {
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly link: string;
}

function header(path: string, { type, mode, size, link }: Fields): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  Buffer.from(path).copy(block, 0, 0, 100);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write(" ".repeat(8), 148, "latin1");
  block.write(type, 156, "latin1");
  Buffer.from(link).copy(block, 157, 0, 100);
  block.write("ustar\0" + "00", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  octal(sum, 148, 6);
  block[154] = 0;
  return block;
}
